"""From a built day to what a revision is made of."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from mingdan import __version__, catalog, landing, publishing, reports
from mingdan.contract import load_contract
from mingdan.stores import Store

if TYPE_CHECKING:
    import pandas as pd

    from mingdan.day import Day
    from mingdan.settings import Home, Settings

NOBODY = "nobody meets the list's Who"


def edition(day: Day) -> publishing.Day:
    """Read the built tables of the run's business date and put them into publication's form."""
    run, settings = day.run, day.settings
    branches = frame(day, "branch_capacity", "branch_id")
    history = day.home.history
    entries = {code: entry.meta for code, entry in catalog.entries().items()}
    leads = frame(day, "leads", "branch_id, rank, lead_id")
    leads["data_stale"] = leads["list"].map({code: is_stale(day, code) for code in entries}).astype(object)
    return publishing.Day(
        business_date=run.as_of,
        list_date=run.list_date,
        leads=leads,
        decisions=history / "decisions" / f"as_of={run.as_of}" / "part-0.parquet",
        waterfall=history / "waterfall" / f"as_of={run.as_of}" / "part-0.parquet",
        lists=states(day, branches["branch_id"].tolist()),
        entries=entries | reports.entries(),
        branches=branches[["branch_id", "branch_name"]],
        changes=frame(day, "lead_changes", "branch_id, lead_id"),
        checks=[
            *day.state["source_checks"],
            *day.state["candidate_checks"],
            *day.state["lead_checks"],
            *unchecked(day),
        ],
        sources=[row for row in day.state["sources"] if row["biz_date"]],
        code_version=__version__,
        settings_version=settings.version,
        environment=settings.environment,
        consent_stamp=settings.consent if settings.consent_assumed else None,
        language=settings.language,
        currency=settings.currency,
        mask=settings.mask,
        reports={
            name.removeprefix("report_"): frame(day, name, ", ".join(key)) for name, key in reports.keys().items()
        },
        portal=portal_files(day),
        next_list_date=date.fromisoformat(day.state["next_list_date"]),
        policy=settings.policy,
        homes=pairs(day, "select unit_id, branch_id from branch_homes"),
        present=pairs(day, "select manager_id, branch_id from managers_present where is_present"),
        names=catalog.code_names(settings),
        **{name: settings.rows(name) for name in ("talk_tracks", "offers", "benefits")},
    )


# What pages need beside the leads: table → query, each in the order of a full key.
PAGES = {
    "units": (
        "select branch_id, branch_name, parent_branch_id, level, latitude, longitude from stg_core__branches "
        "order by branch_id"
    ),
    "managers": (
        "select manager_id, managers.manager_name, managers.role, managers.branch_id, managers.daily_capacity, "
        "present.is_present, managers.absent_from, managers.absent_until, managers.substitute_id "
        "from stg_core__managers as managers inner join managers_present as present using (manager_id) "
        "order by managers.branch_id, manager_id"
    ),
    "customers": (
        "select home_branch_id, customer_id, full_name, mobile, "
        # to a thousandth of a degree, about 100 m: enough for a circle on the map, and no house
        "round(latitude, 3) as latitude, round(longitude, 3) as longitude from stg_core__customers "
        "order by home_branch_id, customer_id"
    ),
    # who may not be spoken to, and when consent given anew took back what a branch was told
    "refusals": (
        "select subject_id as customer_id, withdrawn_on, coalesce(labels.is_do_not_contact or labels.is_deceased "
        "or pressure.asked_not_to_be_contacted or pressure.is_reported_deceased, false) as is_refusing "
        "from subjects as labels left join contact_pressure as pressure using (subject_id) "
        "where labels.is_do_not_contact or labels.is_deceased or pressure.asked_not_to_be_contacted "
        "or pressure.is_reported_deceased or pressure.withdrawn_on is not null order by subject_id"
    ),
    "surroundings": (
        "select branch_id, kind, category, surrounding_id, surrounding_name, latitude, longitude, size_count, "
        "partner_status from surroundings where branch_id is not null order by branch_id, kind, surrounding_id"
    ),
    "relations": (
        "select customer_id, related_customer_id, relation_type, cast(null as integer) as transfer_count "
        "from stg_crm__relations union all "
        "select customer_id, related_customer_id, 'transfer', transfer_count from transfer_ties "
        "order by customer_id, related_customer_id, relation_type"
    ),
}


def portal_files(day: Day) -> dict[str, Path]:
    """Everything of the day that only pages read: customers, what is known of them, ties, units, managers, places."""
    folder = day.home.warehouse / "portal"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, query in PAGES.items():
        pq.write_table(day.warehouse.query(query), folder / f"{name}.parquet", compression="zstd")
    kept = {
        name: day.home.history / name / f"as_of={day.run.as_of}" / "part-0.parquet"
        for name in ("customer_labels", "customer_segments", "customer_events", "dictionary")
    }
    return {name: folder / f"{name}.parquet" for name in PAGES} | kept


def unchecked(day: Day) -> list[dict[str, Any]]:
    """A rule of delivery that the settings leave out, as a warning in the manifest (see screened.sql)."""
    off = set(day.settings.sources_off)
    if not (off & {"lending", "lending.loans"} and off & {"cards", "cards.credit_cards"}):
        return []
    failed = {
        "rule": "overdue_not_checked",
        "severity": "warning",
        "count": 0,
        "of": 0,
        "who_fixes": "settings (sources_off)",
    }
    return [{"suite": "delivery", "verdict": "warned", "failed": [failed]}]


def pairs(day: Day, query: str) -> dict[str, Any]:
    """What a query of two columns gives, the first as the key of the second."""
    return dict(row.values() for row in day.warehouse.query(query).to_pylist())


def frame(day: Day, table: str, order_by: str) -> pd.DataFrame:
    import pandas as pd

    return day.warehouse.read(table, day.run.as_of, order_by).to_pandas(types_mapper=pd.ArrowDtype)


def is_stale(day: Day, code: str) -> bool:
    """Whether a list stands on a source that is shown in an older state than the business date's."""
    needed = {
        *catalog.entries()[code].meta["needs"],
        *(each.id for each in day.contract.tables.values() if each.required),
    }
    return bool(needed & set(day.state["stale"]))


def states(day: Day, branches: list[str]) -> list[dict[str, Any]]:
    """One state per open branch and list that is on, with the reason where nothing is shown; one per list off."""
    rows = day.warehouse.query(
        "select list, branch_id, state, reason, count(*) as n from decisions group by all"
    ).to_pylist()
    listed = {(row["list"], row["branch_id"]) for row in rows if row["state"] == "listed"}
    instead: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        instead.setdefault((row["list"], row["branch_id"]), Counter())[f"{row['state']}: {row['reason']}"] += row["n"]
    withheld = day.state["withheld"] | dict.fromkeys(day.state["broken"], "its SQL failed")
    found = []
    for code in catalog.entries():
        if code in day.off:
            found.append({"list": code, "branch_id": None, "state": "off", "rows": 0, "why": day.off[code]})
            continue
        for branch in branches:
            state, why = "published", None
            if code in withheld:
                state, why = "withheld", withheld[code]
            elif (code, branch) not in listed:
                reasons = sorted(instead.get((code, branch), Counter()).items(), key=lambda each: (-each[1], each[0]))
                state, why = "empty", "; ".join(f"{reason} ({n})" for reason, n in reasons[:3]) or NOBODY
            found.append({"list": code, "branch_id": branch, "state": state, "why": why})
    return found


def worked_leads(settings: Settings, home: Home, since: date) -> set[str]:
    """Ids of leads with an outcome for `since` or later, landed or still in the portal: a correction of that list date
    keeps them."""
    from mingdan.portal import handover

    store, found = Store(home.landing), handover.worked_leads(settings, home, since)
    contract = load_contract()
    for name in ("crm.contacts", "portal.contacts"):
        found |= landing.values_landed(store, contract.tables[name], "lead_id", since)
    return {each for each in found if each}
