"""What a list would do, before any branch sees it: its candidates on a built day, why they are there, whom it takes.

Read from history/decisions, so nothing is built or changed here; `mingdan run --no-publish` makes the day."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb

from mingdan import catalog, reasons
from mingdan.settings import Home, Settings

BAND = 20  # points of score
SAMPLE = 8


def tell(home: Home, settings: Settings, code: str, as_of: date) -> Iterator[str]:
    """Lines of plain words about a list on a built business date.

    Raises LookupError for a list that is not there or a day that was not built."""
    path = home.history / "decisions" / f"as_of={as_of}" / "part-0.parquet"
    if code not in catalog.entries():
        raise LookupError(f"no list {code!r}; known lists are {', '.join(catalog.list_names())}.")
    if not path.exists():
        raise LookupError(
            f"business date {as_of} was not built (no {path}); run `mingdan run --as-of {as_of} --no-publish` first."
        )
    with duckdb.connect() as connection:
        connection.execute(f"create view decisions as select * from read_parquet('{path}')")

        def rows(sql: str) -> list[dict[str, Any]]:
            return connection.sql(sql, params=[code] * sql.count("?")).to_arrow_table().to_pylist()

        entry = catalog.entries()[code]
        candidates = rows("select * from decisions where list = ? and state <> 'not_a_candidate' order by subject_id")
        yield f"{entry.title('zh')} {entry.title('en')} ({code}) on business date {as_of}: {len(candidates)} candidates"
        if not candidates:
            yield "- nobody meets its Who, or the list was off or not asked for on that day."
            return
        yield from counted("what becomes of them", Counter(f"{row['state']} ({row['reason']})" for row in candidates))
        yield from counted("by score", Counter(band(row["score"]) for row in candidates), by_name=True)
        yield from counted("by branch", Counter(row["branch_id"] or "no branch" for row in candidates))
        taken = rows(
            "select list, count(*) as customers from decisions where state = 'listed_elsewhere' and reason = ? "
            "group by list order by customers desc, list"
        )
        yield from counted("customers it takes from other lists", {row["list"]: row["customers"] for row in taken})
        yield "a sample, best first; customers by number only:"
        best = sorted(candidates, key=lambda row: (-(row["priority"] or 0), row["subject_id"]))
        for row in best[:: max(1, len(best) // SAMPLE)][:SAMPLE]:
            yield f"- {row['subject_id']}, score {row['score']}: {why(entry, row, settings)}"


def counted(what: str, counts: Counter[str] | dict[str, int], by_name: bool = False) -> Iterator[str]:
    yield f"{what}:" if counts else f"{what}: none"
    order = (lambda pair: pair[0]) if by_name else (lambda pair: (-pair[1], pair[0]))
    for name, count in sorted(counts.items(), key=order):
        yield f"- {name}: {count}"


def band(score: int) -> str:
    floor = min(score // BAND * BAND, 100 - BAND)
    return f"{floor:>3} to {floor + BAND if floor + BAND == 100 else floor + BAND - 1}"


def why(entry: catalog.Entry, row: dict[str, Any], settings: Settings) -> str:
    """The strongest reasons of a candidate, as a branch would read them, in the bank's language."""
    return reasons.strongest(
        entry.meta, row["rule_ids"] or "", json.loads(row["facts"] or "{}"), settings.language,
        currency=settings.currency, year=row["list_date"].year,
    )  # fmt: skip
