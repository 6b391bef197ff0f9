"""What a simulation tells: a line a day while it goes on, and a page at its end. The same seed gives the same page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mingdan.simulation.days import Lived

REFUSALS = ("not_interested", "do_not_contact")
HEADS = (
    "business date", "list date", "published", "lists × branches: published / empty / withheld", "leads", "new",
    "to channels", "held out", "contacts", "done", "refused", "complaints", "promises broken",
)  # fmt: skip


def line(day: Lived) -> str:
    """One day on the screen."""
    told = (
        f"{day.leads['listed'] + day.leads['central']} leads, {sum(day.told.values())} contacts" if day.revision else ""
    )
    parts = [f"{day.as_of} {published(day)}", told, *day.events, *(f"BROKEN: {each}" for each in day.broken)]
    return "; ".join(part for part in parts if part)


def published(day: Lived) -> str:
    return f"r{day.revision:03d}" if day.revision else "built only"


def broken(days: Sequence[Lived]) -> int:
    return sum(len(day.broken) for day in days)


def report(days: Sequence[Lived], sizes: str, audit: Sequence[str]) -> str:
    """The page: day by day, what befell them, totals, and what the audit said."""
    lines = [
        f"# {len(days)} simulated days",
        "",
        f"Written by `mingdan simulate` ([command line](command-line.md#simulate)): {sizes}, business dates "
        f"{days[0].as_of} to {days[-1].as_of}. What must hold was looked at after each day: the waterfall balances, no "
        "open lead is lost or closed without a reason, ids and arms stay, nobody is shown twice or after a refusal, "
        "every owner is there, and every published file is what its manifest says.",
        "",
        row(HEADS),
        row(["---"] * len(HEADS)),
    ]
    for day in days:
        states = (
            " / ".join(str(day.states[each]) for each in ("published", "empty", "withheld")) if day.revision else ""
        )
        shown = [day.leads["listed"], day.leads["new"], day.leads["central"], day.leads["held_out"]]
        told = [
            sum(day.told.values()),
            day.told["done"],
            sum(day.told[each] for each in REFUSALS),
            day.told["complaint"],
        ]
        figures = [str(each) for each in (*shown, *told)] if day.revision else [""] * 8
        lines.append(row([f"{day.as_of:%Y-%m-%d %a}", str(day.list_date), published(day), states, *figures,
                          str(len(day.broken))]))  # fmt: skip
    lines += ["", "## What befell them", "", row(("business date", "what, and how it ended")), row(["---"] * 2)]
    lines += [row([str(day.as_of), each]) for day in days for each in day.events]
    lines += ["", "## In all", "", *totals(days)]
    for day in days:
        lines += [f"- **{day.as_of}, broken:** {each}" for each in day.broken]
    return "\n".join([*lines, "", "## Audit", "", *audit, ""])


def totals(days: Sequence[Lived]) -> list[str]:
    live = [day for day in days if day.revision]
    told: Counter[str] = sum((day.told for day in days), Counter())
    shown: Counter[str] = sum((day.leads for day in days), Counter())
    return [
        f"- {len(live)} list dates published, {len(days) - len(live)} days built only (no working day follows).",
        f"- {shown['new']} leads opened, shown {shown['listed']} times by branches and {shown['central']} times by "
        "central channels.",
        f"- {sum(told.values())} contacts: " + ", ".join(f"{count} {name}" for name, count in told.most_common()) + ".",
        f"- {sum(len(day.events) for day in days)} events, each ended as it must; {broken(days)} promises broken.",
    ]


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
