"""Preference clusters: k-means over behaviour, fitted once a month beside the warehouse.

A fit is a small dated file, history/preference_clusters/as_of=<month-end>/clusters.json: the centroids by name, what
they were fitted on and how far each moved. Models only look up the nearest centroid, in SQL. A fit holds from the
business date after its own (`fitted_on`), so that any day, built again, finds the centroids that it was built with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mingdan.settings import Home

if TYPE_CHECKING:
    from mingdan.warehouse import Warehouse

SHIPPED = Path(__file__).with_name("preference_clusters.json")
SAMPLE = 200_000  # more customers do not move a centroid in the fourth place
LEAST = 50  # customers per cluster: with fewer, chance alone moves the centroids
PLACES = 4

Centroids = dict[str, dict[str, float]]


def centroids(home: Home, as_of: date) -> Centroids:
    """The centroids that hold on a business date: of the newest fit made before it, else the shipped ones."""
    fits = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder(home).glob("as_of=*/clusters.json"))]
    held = [fit for fit in fits if date.fromisoformat(fit["fitted_on"]) < as_of]
    newest = max(held, key=lambda fit: (fit["as_of"], fit["fitted_on"]), default=None)
    return (newest or json.loads(SHIPPED.read_text(encoding="utf-8")))["clusters"]


def refit(warehouse: Warehouse, home: Home, as_of: date) -> Path | None:
    """Fit anew on the built business date, once for each month-end: on the first date built on or after it.

    Building that date again fits it again. Returns the file, or None when the month has its fit or too few customers
    show any behaviour."""
    path = folder(home) / f"as_of={last_month_end(as_of)}" / "clusters.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8"))["fitted_on"] != str(as_of):
        return None
    before = centroids(home, as_of)
    features = sorted(next(iter(before.values())))
    rows = warehouse.query(
        f"select {', '.join(features)} from preference_features where has_behaviour "
        f"order by md5(concat('preference|', customer_id)), customer_id limit {SAMPLE}"
    )
    points = [[value / 10_000 for value in row.values()] for row in rows.to_pylist()]
    if len(points) < LEAST * len(before):
        return None
    fitted = {"as_of": str(last_month_end(as_of)), "fitted_on": str(as_of), **fit(points, features, before)}
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(fitted, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(path)
    return path


def fit(points: Sequence[Sequence[float]], features: Sequence[str], before: Centroids) -> dict[str, Any]:
    """k-means that starts from last month's centroids; each new one takes the name of the one it is matched to, so that
    the total distance is least. One thread, one start: the same points give the same file."""
    import numpy
    from scipy.optimize import linear_sum_assignment
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    names = sorted(before)
    start = numpy.array([[before[name][feature] for feature in features] for name in names])
    with threadpool_limits(limits=1):
        model = KMeans(n_clusters=len(names), init=start, n_init=1, random_state=0, algorithm="lloyd").fit(
            numpy.array(points)
        )
    found = model.cluster_centers_
    distances = numpy.linalg.norm(start[:, None, :] - found[None, :, :], axis=2)
    matched = dict(zip(*linear_sum_assignment(distances), strict=True))
    sizes = numpy.bincount(model.labels_, minlength=len(names))
    return {
        "sample": len(points),
        "sizes": {name: int(sizes[matched[place]]) for place, name in enumerate(names)},
        "moved": {name: round(float(distances[place, matched[place]]), PLACES) for place, name in enumerate(names)},
        "clusters": {
            name: {
                feature: round(float(value), PLACES) + 0.0  # no negative zero
                for feature, value in zip(features, found[matched[place]], strict=True)
            }
            for place, name in enumerate(names)
        },
    }


def folder(home: Home) -> Path:
    return home.history / "preference_clusters"


def last_month_end(day: date) -> date:
    """The last day of a month on or before the day."""
    tomorrow = day + timedelta(days=1)
    return tomorrow.replace(day=1) - timedelta(days=1)
