"""Preference clusters: fitted once a month, named for ever, and the same for a day whenever it is built."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from mingdan import clusters
from mingdan.settings import Home

SHIPPED = json.loads(clusters.SHIPPED.read_text(encoding="utf-8"))["clusters"]
FEATURES = sorted(next(iter(SHIPPED.values())))


class Built:
    """A warehouse with preference_features alone: customers near given centroids, and some who do nothing."""

    def __init__(self, around: clusters.Centroids, per_cluster: int = 60, seed: int = 1) -> None:
        draw = random.Random(seed)
        rows = [
            {name: round(min(1, max(0, centre[name] + draw.uniform(-0.1, 0.1))) * 10_000) for name in FEATURES}
            | {"has_behaviour": True}
            for centre in around.values()
            for _ in range(per_cluster)
        ]
        rows += [dict.fromkeys(FEATURES, 10_000) | {"has_behaviour": False} for _ in range(per_cluster)]
        self.rows = pa.Table.from_pylist([row | {"customer_id": f"C{i:04}"} for i, row in enumerate(rows)])

    def query(self, sql: str) -> pa.Table:
        with duckdb.connect() as connection:
            connection.register("preference_features", self.rows)
            return connection.sql(sql).to_arrow_table()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, str(tmp_path / "landing"), str(tmp_path / "published"))


def test_a_fit_holds_from_the_day_after_it_and_never_changes_what_a_day_was_built_with(home: Home) -> None:
    assert clusters.centroids(home, date(2026, 7, 1)) == SHIPPED
    path = clusters.refit(Built(SHIPPED), home, date(2026, 7, 1))
    assert path is not None and path.parent.name == "as_of=2026-06-30"
    fitted = json.loads(path.read_text(encoding="utf-8"))
    assert fitted["fitted_on"] == "2026-07-01" and fitted["sample"] == 60 * len(SHIPPED)
    assert clusters.centroids(home, date(2026, 7, 1)) == SHIPPED
    assert clusters.centroids(home, date(2026, 7, 2)) == fitted["clusters"] != SHIPPED


def test_a_month_is_fitted_once_and_its_own_day_again_gives_the_same_bytes(home: Home) -> None:
    built = Built(SHIPPED)
    path = clusters.refit(built, home, date(2026, 6, 30))
    assert path is not None and path.parent.name == "as_of=2026-06-30"
    first = path.read_bytes()
    assert clusters.refit(built, home, date(2026, 7, 1)) is None
    assert clusters.refit(built, home, date(2026, 6, 30)) == path
    assert path.read_bytes() == first
    assert clusters.refit(built, home, date(2026, 7, 31)) != path


def test_names_stay_with_the_habits_that_they_named(home: Home) -> None:
    drifted = {name: {key: min(1.0, value + 0.08) for key, value in centre.items()} for name, centre in SHIPPED.items()}
    found = clusters.fit(
        [[row[name] / 10_000 for name in FEATURES] for row in Built(drifted).rows.to_pylist() if row["has_behaviour"]],
        FEATURES, SHIPPED,
    )  # fmt: skip
    for name, centre in found["clusters"].items():
        assert all(abs(centre[key] - drifted[name][key]) < 0.06 for key in FEATURES), name
    assert all(size == 60 for size in found["sizes"].values())
    assert all(
        round(value, clusters.PLACES) == value for centre in found["clusters"].values() for value in centre.values()
    )


def test_names_follow_centroids_that_have_changed_places() -> None:
    """Whatever order k-means gives, each name goes to the centroid nearest to its last one, each once."""
    ends = {"left": {"x": 0.0, "y": 0.0}, "right": {"x": 1.0, "y": 0.0}}
    points = [[0.45, 0.1], [0.5, 0.1], [0.95, 0.1], [1.0, 0.1]]
    found = clusters.fit(points, ["x", "y"], ends)
    assert found["clusters"] == {"left": {"x": 0.475, "y": 0.1}, "right": {"x": 0.975, "y": 0.1}}
    assert found["sizes"] == {"left": 2, "right": 2}


def test_too_few_customers_fit_nothing(home: Home) -> None:
    assert clusters.refit(Built(SHIPPED, per_cluster=clusters.LEAST - 1), home, date(2026, 7, 1)) is None
    assert clusters.refit(Built(SHIPPED, per_cluster=clusters.LEAST), home, date(2026, 7, 1)) is not None


def test_the_order_of_rows_does_not_matter(home: Home) -> None:
    built = Built(SHIPPED)
    path = clusters.refit(built, home, date(2026, 7, 1))
    assert path is not None
    first = path.read_bytes()
    built.rows = built.rows.take(list(reversed(range(built.rows.num_rows))))
    clusters.refit(built, home, date(2026, 7, 1))
    assert path.read_bytes() == first


def test_the_shipped_centroids_are_whole() -> None:
    assert len(SHIPPED) == 8
    assert all(sorted(centre) == FEATURES for centre in SHIPPED.values())
    assert all(0 <= value <= 1 for centre in SHIPPED.values() for value in centre.values())


def test_the_last_month_end_of_a_month_end_is_itself() -> None:
    assert clusters.last_month_end(date(2026, 6, 30)) == date(2026, 6, 30)
    assert clusters.last_month_end(date(2026, 6, 29)) == date(2026, 5, 31)
    assert clusters.last_month_end(date(2026, 1, 1)) == date(2025, 12, 31)
