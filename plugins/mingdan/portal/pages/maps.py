"""两张图 Two maps: what is around the branch 外拓生态图, where its customers live 存量图, and a circle 圈选 over both.

Kilometres east and north of the branch are plotted: no tiles, no network. A region sees counts only."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import cos, isfinite, radians, sqrt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from mingdan.branch_rows import mask_mobile, mask_name, word
from mingdan.portal import branch_leads, groups, outcomes
from mingdan.portal.access import BRANCH, room
from mingdan.portal.app import language_of, render
from mingdan.portal.editions import Edition
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
A_PAGE = 50
MOST_THINGS = 100
RINGS = (1, 3, 5, 10, 20)  # km; the bands of distance that reports count by
WIDEST = RINGS[-1]
KM_A_DEGREE = 111.195
KINDS = {
    "village": ("村", "village"), "community": ("社区", "community"), "market": ("市场", "market"),
    "school": ("学校", "school"), "hospital": ("医院", "hospital"), "company": ("企业", "company"),
    "office": ("机关单位", "office"), "business": ("商户", "business"),
}  # fmt: skip
PARTNERS = {
    "none": ("未接触", "not contacted"), "contacted": ("已接触", "contacted"), "partner": ("已合作", "partner"),
    "census_done": ("已普查", "census done"),
}  # fmt: skip
BANDS = ("0-1", "1-3", "3-5", "5-10", "10+", "unknown")
DISTANCE = (
    "2 * 6371.0088 * asin(least(1.0, sqrt(power(sin(radians(latitude - $1) / 2), 2) "
    "+ cos(radians($1)) * cos(radians(latitude)) * power(sin(radians(longitude - $2) / 2), 2))))"
)


@dataclass(frozen=True)
class Point:
    latitude: float
    longitude: float

    def seen_from(self, centre: Point) -> tuple[float, float]:
        """Kilometres east and north of the centre."""
        east = (self.longitude - centre.longitude) * cos(radians(centre.latitude)) * KM_A_DEGREE
        return round(east, 2), round((self.latitude - centre.latitude) * KM_A_DEGREE, 2)


@dataclass(frozen=True)
class Circle:
    centre: Point
    km: float


@router.get("/maps")
def maps(
    request: Request,
    visit: Annotated[Visit, Depends(room("maps"))],
    branch: Annotated[str | None, Query(max_length=40)] = None,
    tier: Annotated[str, Query(max_length=40)] = "",
    lat: Annotated[str, Query(max_length=20)] = "",
    lon: Annotated[str, Query(max_length=20)] = "",
    km: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    edition = branch_leads.chosen_edition(request, None)
    chosen = branch_leads.chosen_branch(request, visit, branch)
    centre = centre_of(edition, chosen)
    circle, fault = asked_circle(lat, lon, km, centre)
    by_name = is_own(visit, chosen)
    rounding = request.app.state.rounding
    rounding = replace(rounding, fewest=1) if by_name else rounding
    fewest = rounding.fewest
    language = language_of(request)
    inside = encircled(request, edition, chosen, circle, by_name, rounding, page) if circle else None
    request.app.state.audit.write(visit, "maps", branch=chosen, list_date=edition.list_date)
    if circle and inside:
        request.app.state.audit.write(
            visit, "circle", branch=chosen, latitude=circle.centre.latitude, longitude=circle.centre.longitude,
            km=circle.km, customers=[row["customer_id"] for row in inside["customers"]],
        )  # fmt: skip
    cells, cells_left_out = customer_cells(edition, chosen, tier, fewest)
    places, businesses = surroundings(edition, chosen)
    tiers = {row["value_tier"] for row in rows_of(edition, "branch_map", chosen)}
    order = {row["tier"]: at for at, row in enumerate(request.app.state.settings.rows("tiers"))}
    day = edition.in_language(language)
    words = {name: word("value_tier", name, day) for name in tiers | {"unknown"}} | {
        "unknown": "未知" if language == "zh" else "unknown"
    }
    return render(
        request, "maps.html", edition=edition, branch=chosen, centre=centre, circle=circle, fault=fault,
        branches=sorted((each, edition.branches.get(each, {}).get("branch_name", each)) for each in visit.branches),
        around=drawn(place_series(places, centre, language), centre, circle, language) if centre else None,
        living=drawn(cell_series(cells, centre, words, language), centre, circle, language) if centre else None,
        places=places, businesses=businesses, bands=BANDS, kinds=KINDS, partners=PARTNERS, by_name=by_name,
        fewest=fewest, segments=segments_by_band(edition, chosen, tier, fewest), segment_names=segment_names(edition),
        tiers=sorted(tiers, key=lambda name: (order.get(name, len(order)), name)), words=words, inside=inside,
        cells_left_out=cells_left_out, most_things=MOST_THINGS, page=page, a_page=A_PAGE,
        asked={"branch": branch, "tier": tier, "lat": lat, "lon": lon, "km": km},
    )  # fmt: skip


def is_own(visit: Visit, branch: str) -> bool:
    """Whether the person may see customers of the branch one by one: they work there."""
    return branch == visit.person.branch_id and bool(visit.person.roles & BRANCH)


def centre_of(edition: Edition, branch: str) -> Point | None:
    units = edition.table("portal/units.parquet").to_pylist()
    found: dict[str, Any] = next((row for row in units if row["branch_id"] == branch), {})
    latitude, longitude = found.get("latitude"), found.get("longitude")
    return None if latitude is None or longitude is None else Point(latitude, longitude)


def asked_circle(lat: str, lon: str, km: str, centre: Point | None) -> tuple[Circle | None, tuple[str, str] | None]:
    """The circle asked for, or what is wrong with it in (zh, en). Without a centre it is the branch's."""
    if not km.strip():
        return None, None
    if not (lat.strip() or lon.strip()) and centre is not None:
        lat, lon = str(centre.latitude), str(centre.longitude)
    try:
        y, x, radius = float(lat), float(lon), float(km)
    except ValueError:
        return None, ("请输入数字：纬度、经度和半径。", "Please enter latitude, longitude and radius as numbers.")
    if not (all(map(isfinite, (y, x, radius))) and -90 <= y <= 90 and -180 <= x <= 180 and 0 < radius <= WIDEST):
        return None, (
            f"纬度应在±90内、经度在±180内、半径大于0且不超过{WIDEST}公里。",
            f"Expected a latitude within ±90, a longitude within ±180 and a radius above 0 and up to {WIDEST} km.",
        )
    return Circle(Point(y, x), radius), None


# --- what is drawn ------------------------------------------------------------------------------------------------


def rows_of(edition: Edition, report: str, branch: str) -> list[dict[str, Any]]:
    return edition.query(f"portal/reports/{report}.parquet", "from file where branch_id = ? order by all", branch)


def surroundings(edition: Edition, branch: str) -> tuple[list[dict[str, Any]], list[tuple[str, Counter[str]]]]:
    """Places and villages, nearest first; businesses by industry and distance band, most first."""
    rows = rows_of(edition, "branch_surroundings", branch)
    businesses: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["kind"] == "business":
            businesses[row["category"] or ""][row["distance_band"]] += row["thing_count"]
    places = sorted(
        (row for row in rows if row["kind"] != "business"),
        key=lambda row: (row["distance_km"] is None, row["distance_km"], row["surrounding_id"]),
    )
    return places, sorted(businesses.items(), key=lambda each: (-each[1].total(), each[0]))


def place_series(
    places: Iterable[Mapping[str, Any]], centre: Point, language: str
) -> dict[str, list[tuple[Point, float, str]]]:
    """Kind → (where, size, words) of each place."""
    at = 0 if language == "zh" else 1
    series: dict[str, list[tuple[Point, float, str]]] = defaultdict(list)
    for row in places:
        if row["latitude"] is None or row["longitude"] is None:
            continue
        size = row["size_count"] or 0
        ours = (
            ""
            if row["customer_count"] is None
            else (f"，客户{row['customer_count']}", f", {row['customer_count']} customers")[at]
        )
        said = f"{row['surrounding_name']} · {size}{('户', ' households or stalls')[at]}{ours}"
        kind = KINDS.get(row["category"], (row["category"],) * 2)[at]
        series[kind].append((Point(row["latitude"], row["longitude"]), size, said))
    return dict(sorted(series.items()))


def customer_cells(
    edition: Edition, branch: str, tier: str, fewest: int
) -> tuple[dict[tuple[float, float], Counter[str]], int]:
    """Cell → customers by tier, and how many customers live in cells that are too small to show."""
    cells: dict[tuple[float, float], Counter[str]] = defaultdict(Counter)
    for row in rows_of(edition, "branch_map", branch):
        if row["view"] == "grid" and row["latitude"] is not None and tier in ("", row["value_tier"]):
            cells[row["latitude"], row["longitude"]][row["value_tier"]] += row["customer_count"]
    shown = {where: counts for where, counts in cells.items() if counts.total() >= fewest}
    return shown, sum(counts.total() for where, counts in cells.items() if where not in shown)


def cell_series(
    cells: Mapping[tuple[float, float], Counter[str]], centre: Point, words: Mapping[str, str], language: str
) -> dict[str, list[tuple[Point, float, str]]]:
    """The tier that most customers of a cell are in → (the cell's centre, customers, words)."""
    series: dict[str, list[tuple[Point, float, str]]] = defaultdict(list)
    comma = "，" if language == "zh" else ", "
    for (latitude, longitude), counts in sorted(cells.items()):
        tiers = counts.most_common()
        said = comma.join(f"{words.get(name, name)} {count}" for name, count in tiers)
        series[words.get(tiers[0][0], tiers[0][0])].append((Point(latitude, longitude), counts.total(), said))
    return dict(sorted(series.items()))


def drawn(
    series: Mapping[str, list[tuple[Point, float, str]]], centre: Point, circle: Circle | None, language: str
) -> str:
    """What portal.js draws, as JSON: points [east, north, diameter, words], rings, the circle, where the centre is."""
    placed = {
        name: [(*where.seen_from(centre), size, said) for where, size, said in points]
        for name, points in series.items()
    }
    largest = max((size for points in placed.values() for _, _, size, _ in points), default=1) or 1
    far = max((sqrt(x * x + y * y) for points in placed.values() for x, y, _, _ in points), default=0)
    reach = next((ring for ring in RINGS[1:] if far <= ring), WIDEST)
    return json.dumps(
        {
            "language": language, "centre": [centre.latitude, centre.longitude], "reach": reach,
            "a_degree": [KM_A_DEGREE * cos(radians(centre.latitude)), KM_A_DEGREE],
            "rings": [ring for ring in RINGS if ring <= reach],
            "circle": [*circle.centre.seen_from(centre), circle.km] if circle else None,
            "series": [
                {
                    "name": name,
                    "points": [
                        [x, y, round(6 + 22 * sqrt(size / largest)), said] for x, y, size, said in points
                        if sqrt(x * x + y * y) <= reach * 1.1
                    ],
                }
                for name, points in placed.items()
            ],
        },
        ensure_ascii=False,
    )  # fmt: skip


def segments_by_band(edition: Edition, branch: str, tier: str, fewest: int) -> list[tuple[str, Counter[str]]]:
    """Segment → customers by distance band, largest first, without what is too small."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows_of(edition, "branch_map", branch):
        if row["view"] == "segment" and tier in ("", row["value_tier"]):
            found[row["segment"]][row["distance_band"]] += row["customer_count"]
    large = [(segment, counts) for segment, counts in found.items() if counts.total() >= fewest]
    return sorted(large, key=lambda each: (-each[1].total(), each[0]))


def segment_names(edition: Edition) -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["title_zh"], row["title_en"]) for row in edition.dictionary if row["kind"] == "segment"}


# --- what is inside the circle ------------------------------------------------------------------------------------


def encircled(
    request: Request, edition: Edition, branch: str, circle: Circle, by_name: bool, rounding: groups.Rounding, page: int
) -> dict[str, Any]:
    """Customers and things of the branch inside the circle: counts, and for who works there the customers by page."""
    found = customers_inside(edition, branch, circle)
    with request.app.state.engine.connect() as connection:
        refused = outcomes.refused(connection, edition, [row["customer_id"] for row in found])
    found = [row for row in found if row["customer_id"] not in refused]
    ids = [row["customer_id"] for row in found]
    segments = edition.query(
        "portal/customer_segments.parquet",
        f"select segment, count(*) as people, {groups.KEY} as key from file where customer_id in (select unnest($1)) "
        "and not contains(segment, ':') group by segment order by people desc, segment", ids,
    ) if ids else []  # fmt: skip
    by_tier: dict[str, list[str]] = defaultdict(list)
    for row in found:
        by_tier[row["value_tier"] or "unknown"].append(row["customer_id"])
    tiers, others = rounding.without_small({tier: groups.of(people) for tier, people in by_tier.items()})
    everybody = groups.of(ids)
    shares = [
        (row["segment"], rounding.share_of(groups.Group(row["people"], row["key"]), everybody))
        for row in segments
    ]  # fmt: skip
    things = things_inside(edition, branch, circle)
    start = (page - 1) * A_PAGE
    return {
        "count": rounding.shown(everybody) if by_name or len(found) >= rounding.fewest else None,
        "tiers": tiers,
        "others": others,
        "segments": [(segment, share) for segment, share in shares if share is not None],
        "customers": [
            {**row, "full_name": mask_name(row["full_name"]), "mobile": mask_mobile(row["mobile"])}
            for row in found[start : start + A_PAGE]
        ] if by_name else [],
        "pages": max(1, -(-len(found) // A_PAGE)),
        "things": things[:MOST_THINGS] if by_name else [],
        "kinds": Counter(KINDS.get(row["category"], KINDS["business"]) for row in things),
    }  # fmt: skip


def customers_inside(edition: Edition, branch: str, circle: Circle) -> list[dict[str, Any]]:
    """The branch's living customers inside the circle, nearest to its centre first."""
    if "latitude" not in edition.schema("portal/customers.parquet").names:
        return []
    return edition.joined(
        {"people": "portal/customers.parquet", "labels": "portal/customer_labels.parquet"},
        f"select people.customer_id, full_name, mobile, value_tier, {DISTANCE} as distance_km "
        "from people inner join labels on people.customer_id = labels.customer_id "
        "where people.home_branch_id = $4 and latitude is not null and longitude is not null "
        f"and not coalesce(is_deceased, false) and {DISTANCE} <= $3 order by distance_km, people.customer_id",
        circle.centre.latitude, circle.centre.longitude, circle.km, branch,
    )  # fmt: skip


def things_inside(edition: Edition, branch: str, circle: Circle) -> list[dict[str, Any]]:
    """Villages, places and businesses of the branch inside the circle, nearest first."""
    return edition.query(
        "portal/surroundings.parquet",
        f"select *, {DISTANCE} as distance_km from file where branch_id = $4 and latitude is not null "
        f"and longitude is not null and {DISTANCE} <= $3 order by distance_km, kind, surrounding_id",
        circle.centre.latitude, circle.centre.longitude, circle.km, branch,
    )  # fmt: skip
