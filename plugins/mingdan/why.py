"""One subject's way through a day's waterfall, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb

from mingdan import catalog
from mingdan.settings import Home

STATES = {
    "listed": "listed at branch {branch_id}, place {branch_rank} ({reason})",
    "held_out": "held out: in the control group of this list for {cycle}",
    "central_channel": "with the central channel {central_channel}: branch {branch_id} has no room for it",
    "waiting": "waiting at branch {branch_id}, place {waiting_rank} ({reason})",
    "withheld": "withheld: the list failed the check {reason}",
    "listed_elsewhere": "not this list: {reason} came first for this customer",
    "dropped": "dropped: {reason}",
    "not_a_candidate": "no candidate any more: the lead closed as {reason}",
}


def tell(home: Home, subject: str, as_of: date, list_code: str | None = None) -> Iterator[str]:
    """Lines of plain words. Raises LookupError when the day was not built or the subject is not in it."""
    decisions = home.history / "decisions" / f"as_of={as_of}" / "part-0.parquet"
    labels = home.history / "customer_labels" / f"as_of={as_of}" / "part-0.parquet"
    if not decisions.exists():
        raise LookupError(
            f"business date {as_of} was not built (no {decisions}); run `mingdan run --as-of {as_of}` first."
        )
    if list_code and list_code not in catalog.entries():
        raise LookupError(f"no list {list_code!r}; known lists are {', '.join(catalog.list_names())}.")
    rows = rows_of(decisions, "subject_id", subject)
    known = rows_of(labels, "customer_id", subject)
    if not rows and not known:
        raise LookupError(f"no customer {subject!r} on business date {as_of}.")
    own = known[0] if known else {}
    found = {row["list"]: row for row in rows}
    yield f"{subject} on business date {as_of}:"
    for code in [list_code] if list_code else sorted(catalog.entries()):
        entry = catalog.entries()[code]
        name = f"{entry.title('zh')} {entry.title('en')} ({code})"
        if code not in found:
            if list_code:
                yield f"- {name}: not a candidate. Who: {entry.description}"
                yield from own_values(entry, own)
            continue
        row = found[code]
        yield f"- {name}: {STATES[row['state']].format(**row)}"
        if row["score"] is not None:
            yield (
                f"    score {row['score']}, p {row['p']}, value {row['value_amount']}, weight {row['weight']}: "
                f"priority {row['priority']}"
            )
            for rule in [each for each in row["rule_ids"].split(",") if each][:3]:
                yield f"    {rule}: {entry.meta['score'][int(rule[1:]) - 1]['when']}"
        if row["lead_id"]:
            yield f"    lead {row['lead_id']}, first listed {row['first_listed_on']}, {row['lead_state']}"
    if not found and not list_code:
        yield "- a candidate of no list. `--list CODE` shows a list's Who beside this customer's values."


def own_values(entry: catalog.Entry, own: dict[str, Any]) -> Iterator[str]:
    """The subject's values of the labels that the list's SQL names; of bureau detail only that it is asked for."""
    for name in sorted(own.keys() | catalog.bureau_detail()):
        if catalog.named_in(name, entry.sql):
            yield f"    {name} = {own[name]}" if name in own else f"    {name}: bureau detail, not kept in history"


def rows_of(path: Any, key: str, subject: str) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        found = connection.sql(f"select * from read_parquet(?) where {key} = ?", params=[str(path), subject])
        return found.to_arrow_table().to_pylist()
