"""The audit finds nothing on the sample bank's two days, and each of its rules fires when a day is made to break it.

A day is broken in one place at a time, in a copy of what the audit looks at; then exactly the rule of that place fires,
with those that cannot but see it too (`also`)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mingdan import audit, settings
from mingdan.audit.evidence import Evidence, days
from mingdan.contract import load_contract
from mingdan.settings import Home
from mingdan.stores import Store
from typer.testing import CliRunner

from tests.bank import Bank

FIRST_LIST, SECOND_LIST = date(2026, 7, 1), date(2026, 7, 2)


def home_of(bank: Bank) -> Home:
    return Home(bank.home, str(bank.landing), str(bank.home / "published"))


@pytest.fixture(scope="module")
def second(bank: Bank) -> Evidence:
    """What the audit sees of the second list date. Read only: break a copy."""
    day = [*days(home_of(bank), settings.load_shipped(), load_contract(), FIRST_LIST, SECOND_LIST)][-1]
    return replace(day, told={name: day.told[name] for name in ("lists", "offers", "language", "mask")})


def test_two_days_of_the_sample_bank_keep_every_rule(bank: Bank) -> None:
    seen, results = audit.audit(home_of(bank), settings.load_shipped(), FIRST_LIST, SECOND_LIST)
    assert seen == [FIRST_LIST, SECOND_LIST]
    assert {each.rule.name: each.wrong for each in results if each.count} == {}
    idle = {each.rule.name for each in results if not each.judged}
    assert idle <= {"withheld"}
    assert sum(each.judged for each in results) > 100_000


def test_the_command_exits_1_where_a_rule_is_broken_and_names_no_person(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mingdan.cli import app

    shutil.copytree(bank.home / "published", tmp_path / "published")
    monkeypatch.setenv("MINGDAN_HOME", str(bank.home))
    monkeypatch.setenv("MINGDAN_LANDING", str(bank.landing))
    monkeypatch.setenv("MINGDAN_PUBLISHED", str(tmp_path / "published"))
    with (tmp_path / "published/2026-07-02/r001/branches/B0001.csv").open("a", encoding="utf-8") as out:
        out.write("1,L0\r\n")
    said = CliRunner().invoke(app, ["audit", "2026-07-02", "2026-07-02"])
    assert said.exit_code == 1
    assert "manifest               BROKEN 1" in said.output and "csv_equals_leads       BROKEN 1" in said.output
    assert "2 of" in said.output and "staff                  kept" in said.output
    people = pd.read_parquet(bank.home / "published/2026-07-02/r001/leads.parquet")
    for column in ("name", "mobile"):
        assert not [each for each in people[column].dropna() if each in said.output]
    nothing = CliRunner().invoke(app, ["audit", "2025-07-02", "2025-07-03"])
    assert nothing.exit_code == 1 and "found none" in nothing.output


# --- one way to break each rule ----------------------------------------------------------------------------------

Break = Callable[[Evidence], Evidence | None]
BREAKS: list[tuple[str, frozenset[str], Break]] = []


def breaks(rule: str, *also: str) -> Callable[[Break], Break]:
    """The function changes the copy it is given (or returns another) so that `rule` is broken, and with it `also`."""

    def enter(how: Break) -> Break:
        BREAKS.append((rule, frozenset({rule, *also}), how))
        return how

    return enter


def copy_of(day: Evidence) -> Evidence:
    frames = ("decisions", "leads", "waterfall", "memory", "held", "changes")
    return replace(
        day, manifest=deepcopy(day.manifest), told=deepcopy(day.told), policy=deepcopy(day.policy),
        tables={name: rows.copy() for name, rows in day.tables.items()},
        **{name: getattr(day, name).copy() for name in frames},
    )  # fmt: skip


def first_of(rows: pd.DataFrame | pd.Series) -> Any:
    """The first row of what must not be empty."""
    assert len(rows), "nobody to break the rule with"
    return rows.iloc[0]


def listed(day: Evidence, purpose: str | None = "marketing", **is_: Any) -> pd.DataFrame:
    """Customers who are listed and new today, of a purpose, nobody of whom was contacted of late."""
    rows = day.decided[(day.decided["state"] == "listed") & ~day.decided["was_open"]]
    rows = rows[(rows["subject_type"] == "customer") & ~rows["subject_id"].isin(day.contacts["subject_id"])]
    if purpose:
        rows = rows[rows["purpose"] == purpose]
    for column, value in is_.items():
        rows = rows[rows[column] == value]
    return rows


def set_where(day: Evidence, frame: str, at: Any, **values: Any) -> None:
    for column, value in values.items():
        getattr(day, frame).loc[at, column] = value


def customer(day: Evidence, subject: str, **values: Any) -> None:
    rows = day.tables["core.customers"]
    for column, value in values.items():
        rows.loc[rows["customer_id"] == subject, column] = value


def more(day: Evidence, table: str, *rows: dict[str, Any]) -> None:
    """Further rows of a source table, as delivered on the business date."""
    old = day.tables[table]
    new = pd.DataFrame([{"recorded_on": day.business_date, **row} for row in rows])
    day.tables[table] = pd.concat([old, new], ignore_index=True)


def reported(day: Evidence, row: Any, lead: str, outcome: str, days_ago: int, recorded: int | None = None) -> None:
    """An outcome of a lead, so many days before the list date; recorded then, or later."""
    contacted_at, recorded_on = (day.today - pd.Timedelta(days=each) for each in (days_ago, recorded or days_ago))
    more(day, "crm.contacts", {
        "contact_id": f"x{days_ago}", "lead_id": lead, "customer_id": row.subject_id, "outcome": outcome,
        "contacted_at": contacted_at, "recorded_on": recorded_on,
    })  # fmt: skip


def outside(day: Evidence, subject: str, outcome: str, *days_before: int) -> None:
    """Contacts by another system, so many days before the list date."""
    at = [day.today - pd.Timedelta(days=each) for each in days_before]
    more(day, "crm.outside_contacts", *({"customer_id": subject, "contacted_at": each, "channel": "sms",
         "system": "push", "outcome": outcome} for each in at))  # fmt: skip


def remember(day: Evidence, row: Any, state: str, first_days_ago: int, closed_days_ago: int | None) -> str:
    """A lead of the row's list and subject that an earlier day left in this state; its id."""
    was = {
        **{name: row[name] for name in ("list", "subject_type", "subject_id", "branch_id", "cycle")},
        "lead_id": f"Lremembered{first_days_ago}", "state": "listed", "is_ghost": False, "is_explore": False,
        "lead_state": state, "first_listed_on": day.today - pd.Timedelta(days=first_days_ago),
        "list_date": day.today - pd.Timedelta(days=closed_days_ago or 1), "priority": 1.0,
        "closed_on": pd.NaT if closed_days_ago is None else day.today - pd.Timedelta(days=closed_days_ago),
    }  # fmt: skip
    day.memory = pd.concat([day.memory, pd.DataFrame([was])], ignore_index=True)
    return was["lead_id"]


# may we


@breaks("deceased")
def has_died(day: Evidence) -> None:
    customer(day, first_of(listed(day)).subject_id, is_deceased=True)


@breaks("staff")
def is_of_staff(day: Evidence) -> None:
    customer(day, first_of(listed(day)).subject_id, is_staff=True)


@breaks("minor")
def is_a_child(day: Evidence) -> None:
    customer(day, first_of(listed(day)).subject_id, birth_date=pd.Timestamp(2008, 7, 2))  # 18 tomorrow


@breaks("minor")
def has_no_birth_date(day: Evidence) -> None:
    risky = {each["offer"] for each in day.told["offers"] if int(each["product_risk"] or 1) > 1}
    rows = listed(day)
    rows = rows[~rows["list"].map({code: entry["offer"] in risky for code, entry in day.lists.items()}).astype(bool)]
    customer(day, first_of(rows).subject_id, birth_date=pd.NaT)


@breaks("do_not_contact")
def wants_no_contact(day: Evidence) -> None:
    customer(day, first_of(listed(day, "service")).subject_id, do_not_contact=True)


@breaks("do_not_contact")
def told_a_branch_so(day: Evidence) -> None:
    more(day, "portal.contacts", {
        "contact_id": "x", "customer_id": first_of(listed(day)).subject_id, "outcome": "do_not_contact",
        "contacted_at": day.today - pd.Timedelta(days=100),
    })  # fmt: skip


@breaks("do_not_contact")
def told_a_branch_so_since_consenting(day: Evidence) -> None:
    subject, ago = first_of(listed(day)).subject_id, day.business_date - pd.Timedelta(days=100)
    customer(day, subject, marketing_consent=True, do_not_contact=False, consent_updated_on=ago)
    more(day, "portal.contacts", {"contact_id": "x", "customer_id": subject, "outcome": "do_not_contact",
                                  "contacted_at": ago})  # fmt: skip


@breaks("consent")
def never_consented(day: Evidence) -> None:
    customer(day, first_of(listed(day)).subject_id, marketing_consent=None)


@breaks("consent")
def consented_long_ago(day: Evidence) -> None:
    ago = day.business_date - pd.DateOffset(months=36, days=1)
    customer(day, first_of(listed(day)).subject_id, consent_updated_on=ago)


@breaks("profiling_refused")
def refused_profiling(day: Evidence) -> None:
    customer(day, first_of(listed(day)).subject_id, profiling_refused=True)


@breaks("channel_of_list")
def is_to_be_written_to(day: Evidence) -> None:
    set_where(day, "decisions", first_of(listed(day)).name, channel="email")


@breaks("channel_refused")
def refused_the_channel(day: Evidence) -> None:
    row = first_of(listed(day))
    more(day, "crm.channel_preferences", {"customer_id": row.subject_id, "channel": row.channel, "is_refused": True})


@breaks("channel_refused")
def refused_it_to_a_branch(day: Evidence) -> None:
    row = first_of(listed(day))
    more(day, "crm.contacts", {
        "contact_id": "x", "customer_id": row.subject_id, "outcome": "do_not_contact", "refused_channel": row.channel,
        "contacted_at": day.today - pd.Timedelta(days=100),
    })  # fmt: skip


@breaks("channel_known")
def has_no_mobile(day: Evidence) -> None:
    customer(day, first_of(listed(day, channel="call")).subject_id, mobile=None)


@breaks("channel_known")
def unfriended(day: Evidence) -> None:
    friends = day.tables["channels.wecom"]
    subject = first_of(day.allowed[day.allowed["channel"] == "wecom"]).subject_id
    friends.loc[friends["customer_id"] == subject, "deleted_on"] = day.business_date


@breaks("overdue")
def is_a_day_late(day: Evidence) -> None:
    subject = first_of(listed(day)).subject_id
    more(day, "cards.credit_cards", {"customer_id": subject, "overdue_days": 1})


@breaks("overdue")
def has_a_bad_loan(day: Evidence) -> None:
    subject = first_of(listed(day)).subject_id
    more(day, "lending.loans", {"customer_id": subject, "branch_id": "B0001", "status": "npl", "overdue_days": 0})


def risky(day: Evidence) -> pd.DataFrame:
    risk = {each["offer"]: int(each["product_risk"] or 1) for each in day.told["offers"]}
    asked = {code: risk[entry["offer"]] for code, entry in day.lists.items()}
    rows = day.allowed[day.allowed["subject_type"] == "customer"]
    return rows[rows["list"].map(asked) > 1]


@breaks("product_risk")
def dares_little(day: Evidence) -> None:
    customer(day, first_of(risky(day)).subject_id, risk_level="C1")


@breaks("product_risk")
def was_assessed_long_ago(day: Evidence) -> None:
    ago = day.business_date - pd.DateOffset(months=12, days=1)
    customer(day, first_of(risky(day)).subject_id, risk_assessed_on=ago)


@breaks("product_risk")
def is_too_old(day: Evidence) -> None:
    row = first_of(risky(day))
    customer(day, row.subject_id, birth_date=day.business_date - pd.DateOffset(years=65), risk_level="C5")
    for each in day.told["offers"]:
        if each["offer"] == day.lists[row.list]["offer"]:
            each["product_risk"] = "4"


@breaks("complaint")
def has_complained(day: Evidence) -> None:
    row = {"customer_id": first_of(listed(day)).subject_id, "opened_on": day.business_date, "topic": "x"}
    more(day, "crm.complaints", row)


@breaks("universal_control")
def everybody_is_in_the_universal_control(day: Evidence) -> None:
    day.policy["control"]["universal_share"] = 1.0


# contact policy


@breaks("contact_caps")
def was_reached_twice_this_week(day: Evidence) -> None:
    outside(day, first_of(listed(day)).subject_id, "reached", 6, 1)


@breaks("contact_caps")
def was_reached_four_times_this_month(day: Evidence) -> None:
    outside(day, first_of(listed(day)).subject_id, "reached", 29, 20, 15, 8)


@breaks("contact_caps")
def has_had_an_attempt_by_call(day: Evidence) -> None:
    row = first_of(listed(day, channel="call"))
    day.policy["contact"]["caps"].append({"days": 3, "most": 1, "what": "attempts", "channel": "call"})
    attempt = {"customer_id": row.subject_id, "channel": "call", "system": "dialler", "outcome": "not_reached"}
    more(day, "crm.outside_contacts", attempt | {"contacted_at": day.today - pd.Timedelta(days=2)})


@breaks("contact_caps")
def the_list_has_had_its_turn(day: Evidence) -> None:
    row = first_of(listed(day, "service"))
    day.policy["contact"]["caps"].append({"days": 400, "most": 1, "what": "reached", "list": row.list})
    more(day, "crm.contacts", {
        "contact_id": "x", "lead_id": remember(day, row, "won", 300, 299), "customer_id": row.subject_id,
        "outcome": "done", "contacted_at": day.today - pd.Timedelta(days=299),
        "recorded_on": day.today - pd.Timedelta(days=299),
    })  # fmt: skip


@breaks("refusals_30d")
def refused_three_times(day: Evidence) -> None:
    outside(day, first_of(listed(day)).subject_id, "refused", 29, 20, 10)


@breaks("cool_down")
def had_the_list_last_week(day: Evidence) -> None:
    row = first_of(listed(day))
    remember(day, row, "expired", day.lists[row.list]["valid_days"] + 7, 5)


def short_lists(day: Evidence) -> pd.DataFrame:
    short = [code for code, each in day.lists.items() if each["cool_down_days"] <= 60 and each["valid_days"] <= 60]
    rows = listed(day)
    return rows[rows["list"].isin(short)]


@breaks("cool_down_refused")
def refused_two_months_ago(day: Evidence) -> None:
    row = first_of(short_lists(day))
    lead = remember(day, row, "lost", 70, 62)
    reported(day, row, lead, "not_interested", 62)


@breaks("cool_down_refused")
def refused_after_the_lead_had_expired(day: Evidence) -> None:
    row = first_of(short_lists(day))
    lead = remember(day, row, "expired", 150, 120)
    reported(day, row, lead, "not_interested", 130, recorded=62)


@breaks("already_worked")
def was_won_this_week(day: Evidence) -> None:
    remember(day, first_of(listed(day, "service")), "won", 3, 2)


@breaks("unreachable_pause")
def could_not_be_reached(day: Evidence) -> None:
    remember(day, first_of(listed(day, "service")), "unreachable", 20, 13)


# arms


@breaks("control_group")
def ghosts_were_not_drawn(day: Evidence) -> None:
    day.policy["control"]["holdout_share"] = 0


@breaks("control_group")
def a_ghost_became_none(day: Evidence) -> None:
    rows = day.decided[
        (day.decided["state"] == "listed_elsewhere") & day.decided["is_ghost"] & ~day.decided["was_open"]
    ]
    shown = set(day.decided.loc[day.decided["state"] == "listed", "subject_id"])
    set_where(day, "decisions", first_of(rows[rows["subject_id"].isin(shown)]).name, is_ghost=False)


@breaks("central_control_group")
def a_channel_held_nobody_out(day: Evidence) -> None:
    for each in day.policy["central"].values():
        each["holdout_share"] = 0


@breaks("ghosts_not_shown")
def is_held_out_of_a_channel_and_no_ghost(day: Evidence) -> None:
    rows = day.decided[(day.decided["state"] == "held_out") & day.decided["central_channel"].notna()]
    set_where(day, "decisions", first_of(rows).name, is_ghost=False)


@breaks("family_held_out")
def was_held_out_of_the_family(day: Evidence) -> None:
    row = first_of(listed(day))
    held = {"subject_id": row.subject_id, "family": row.family, "cycle": "2026Q3"}
    day.held = pd.concat([day.held, pd.DataFrame([held])], ignore_index=True)


@breaks("explore_slice")
def explores_without_a_draw(day: Evidence) -> None:
    rows = day.decided[(day.decided["state"] == "dropped") & ~day.decided["is_explore"]]
    set_where(day, "decisions", first_of(rows).name, is_explore=True)


# factors


@breaks("score")
def a_rule_gives_more_points(day: Evidence) -> None:
    row = first_of(listed(day))
    number = int(row.rule_ids.split(",")[0].removeprefix("r"))
    day.told["lists"][row.list]["score"][number - 1]["points"] += 1


@breaks("chance")
def a_list_succeeds_more_often(day: Evidence) -> None:
    day.told["lists"]["deposit_maturity"]["base_rate"] *= 1.1


@breaks("chance")
def a_list_weighs_more(day: Evidence) -> None:
    day.told["lists"]["deposit_maturity"]["weight"] *= 1.1


@breaks("value")
def an_offer_is_worth_less(day: Evidence) -> None:
    for each in day.told["offers"]:
        each["annual_margin"] = each["annual_margin"] and str(float(each["annual_margin"]) / 2)


@breaks("value")
def too_many_values_are_capped(day: Evidence) -> None:
    for each in day.told["offers"]:
        each["annual_margin"] = each["annual_margin"] and str(float(each["annual_margin"]) * 2)


@breaks("priority")
def is_ahead_for_no_reason(day: Evidence) -> None:
    row = first_of(day.decided[day.decided["state"] == "dropped"])
    set_where(day, "decisions", row.name, priority=row.priority + 1)


# one lead


@breaks("one_row", "waterfall_counts")
def is_decided_twice(day: Evidence) -> None:
    row = day.decisions[day.decisions["state"] == "dropped"].iloc[:1]
    day.decisions = pd.concat([day.decisions, row], ignore_index=True)


@breaks("one_lead", "arbitration", "lost_to", "lead_kept", "waterfall_counts")
def is_shown_twice(day: Evidence) -> None:
    rows = day.decided[day.decided["state"] == "listed_elsewhere"]
    rows = rows[~rows["subject_id"].duplicated(keep=False) & ~rows["is_ghost"] & ~rows["was_open"]]
    named = listed(day)[listed(day)["also_relevant"].notna()]
    row = first_of(rows[rows["subject_id"].isin(named["subject_id"])].sort_values("priority"))
    set_where(day, "decisions", row.name, state="central_channel", reason="remote")


@breaks("arbitration", "priority")
def was_passed_over(day: Evidence) -> None:
    shown = set(listed(day)["subject_id"])
    rows = day.decided[(day.decided["state"] == "listed_elsewhere") & ~day.decided["is_ghost"]]
    set_where(day, "decisions", first_of(rows[rows["subject_id"].isin(shown)]).name, priority=1e6)


@breaks("lost_to")
def does_not_say_what_else_fits(day: Evidence) -> None:
    rows = listed(day)
    set_where(day, "decisions", first_of(rows[rows["also_relevant"].notna()]).name, also_relevant=None)


@breaks("lost_to")
def names_what_never_came(day: Evidence) -> None:
    set_where(day, "decisions", first_of(listed(day)).name, also_relevant="npl_recovery")


@breaks("withheld")
def failed_a_check_and_went_out(day: Evidence) -> None:
    code = first_of(listed(day)).list
    for each in day.manifest["lists"]:
        if each["list"] == code:
            each |= {"state": "withheld", "why": "stake_amount_not_negative"}


# where


@breaks("wanted_branch")
def is_sent_where_no_loan_is(day: Evidence) -> None:
    by_loan = [code for code, entry in day.lists.items() if entry["branch_rule"] == "loan"]
    row = first_of(day.decided[day.decided["state"].isin(("listed", "waiting")) & day.decided["list"].isin(by_loan)])
    loans = day.tables["lending.loans"]
    loans.loc[loans["customer_id"] == row.subject_id, "branch_id"] = "B9999"


@breaks("open_branch")
def is_worked_elsewhere(day: Evidence) -> None:
    near = [code for code, entry in day.lists.items() if entry["branch_rule"] == "nearest"]
    row = first_of(day.decided[day.decided["state"].isin(("listed", "waiting")) & day.decided["list"].isin(near)])
    other = "B0002" if row.branch_id == "B0001" else "B0001"
    set_where(day, "decisions", row.name, wanted_branch_id=other)


@breaks("branch_at_work")
def the_branch_rests_on_thursdays(day: Evidence) -> None:
    rows = day.tables["core.branches"]
    rows.loc[rows["branch_id"] == first_of(listed(day)).branch_id, "open_weekdays"] = "12367"


@breaks("branch_capacity", "places")
def the_branch_can_make_one_contact(day: Evidence) -> None:
    rows = day.tables["core.branches"]
    rows.loc[rows["branch_id"] == first_of(listed(day)).branch_id, "daily_capacity"] = 1


@breaks("places")
def a_list_was_promised_more_places(day: Evidence) -> None:
    waiting = day.decided[(day.decided["state"] == "waiting") & ~day.decided["is_ghost"]]
    day.told["lists"][first_of(waiting).list]["min_per_branch"] = 100


@breaks("places")
def does_not_explore_and_keeps_the_seat(day: Evidence) -> None:
    rows = day.decided[
        (day.decided["state"] == "listed") & (day.decided["reason"] == "explore") & day.decided["was_open"]
    ]
    rows = rows[~rows["list"].isin([code for code, entry in day.lists.items() if entry.get("min_per_branch")])]
    waiting = day.decided[(day.decided["state"] == "waiting") & ~day.decided["is_ghost"]]
    better = rows["branch_id"].map(waiting.groupby("branch_id")["priority"].max()) > rows["priority"]
    set_where(day, "decisions", first_of(rows[better]).name, is_explore=False)


@breaks("waiting_in_order")
def two_wait_in_one_place(day: Evidence) -> None:
    row = first_of(day.decided[day.decided["waiting_rank"] == 2])
    set_where(day, "decisions", row.name, waiting_rank=1)


@breaks("central_channel")
def went_to_another_channel(day: Evidence) -> None:
    code = first_of(day.decided[day.decided["state"] == "central_channel"]).list
    day.told["lists"][code]["central_channel"] = "post"


@breaks("central_capacity")
def a_channel_is_too_full(day: Evidence) -> None:
    for each in day.policy["central"].values():
        each["capacity"] = 1


# owner


def owned(day: Evidence) -> pd.DataFrame:
    """The last lead of each owner who has the role of its list."""
    role = day.tables["core.managers"].set_index("manager_id")["role"]
    rows = day.leads[day.leads["owner_id"].notna()].sort_values("owner_rank").drop_duplicates("owner_id", keep="last")
    return rows[
        rows["owner_id"].map(role) == rows["list"].map({code: each["owner"] for code, each in day.lists.items()})
    ]


@breaks("owner_present", "owner_capacity", "owner_role")
def a_stranger_owns_it(day: Evidence) -> None:
    row = first_of(owned(day))
    set_where(day, "leads", row.name, owner_id="M99999", owner_rank=1)
    managers = day.tables["core.managers"]
    managers.loc[managers["manager_id"] == row.owner_id, "daily_capacity"] -= 1  # so that nobody has room for it


@breaks("owner_role")
def a_list_is_for_tellers(day: Evidence) -> None:
    queue = set(day.leads.loc[day.leads["owner_id"].isna(), "list"])
    rows = owned(day)
    own = rows["customer_id"].map(day.customers["manager_id"])
    row = first_of(rows[~rows["list"].isin(queue) & (rows["owner_id"] != own)])
    day.told["lists"][row.list]["owner"] = "teller"


@breaks("owner_capacity")
def an_owner_skips_a_number(day: Evidence) -> None:
    row = first_of(owned(day))
    set_where(day, "leads", row.name, owner_rank=row.owner_rank + 1)


@breaks("owner_found")
def is_left_to_the_queue(day: Evidence) -> None:
    set_where(day, "leads", first_of(owned(day)).name, owner_id=None, owner_rank=None)


# a lead's life


def held_out(day: Evidence) -> pd.DataFrame:
    """Open leads that a list's control group holds out."""
    rows = day.decided[(day.decided["state"] == "held_out") & day.decided["was_open"]]
    return rows[rows["central_channel"].isna()]


@breaks("lead_id", "lead_kept", "nothing_lost")
def has_an_id_of_its_own(day: Evidence) -> None:
    set_where(day, "decisions", first_of(held_out(day)).name, lead_id="Lffffffffffffffffffff")


@breaks("lead_kept", "nothing_lost")
def began_a_day_earlier(day: Evidence) -> None:
    row = first_of(held_out(day))
    since = row.first_listed_on - pd.Timedelta(days=1)
    digest = hashlib.md5(f"{row.list}|{row.subject_id}|{since:%Y-%m-%d}".encode()).hexdigest()
    set_where(day, "decisions", row.name, lead_id=f"L{digest[:20]}", first_listed_on=since)


@breaks("nothing_lost")
def was_forgotten(day: Evidence) -> None:
    row = first_of(day.decisions).copy()
    row["subject_id"] = "C999999999"
    remember(day, row, "open", 1, None)


@breaks("closed_stays_closed")
def closed_twice(day: Evidence) -> None:
    lead = first_of(day.decided[day.decided["state"] == "not_a_candidate"]).lead_id
    day.memory.loc[day.memory["lead_id"] == lead, "lead_state"] = "no_longer_true"


@breaks("only_open_leads_shown")
def is_over_and_held_out(day: Evidence) -> None:
    set_where(day, "decisions", first_of(held_out(day)).name, lead_state="superseded")


@breaks("state_told")
def was_attempted_by_nobody(day: Evidence) -> None:
    set_where(day, "decisions", first_of(held_out(day)).name, lead_state="attempted")


@breaks("state_told")
def was_won_and_goes_on(day: Evidence) -> None:
    row = first_of(held_out(day))
    more(day, "crm.contacts", {
        "contact_id": "x", "lead_id": row.lead_id, "customer_id": row.subject_id, "outcome": "done",
        "contacted_at": day.today - pd.Timedelta(days=100),
    })  # fmt: skip


@breaks("validity")
def has_outlived_its_list(day: Evidence) -> None:
    row = first_of(day.decided[(day.decided["state"] == "listed") & day.decided["was_open"]])
    day.told["lists"][row.list]["valid_days"] = 0


@breaks("keep_rule")
def came_by_the_keep_rule(day: Evidence) -> None:
    set_where(day, "decisions", first_of(listed(day)).name, is_entry=False)


@breaks("cycle")
def is_of_another_quarter(day: Evidence) -> None:
    set_where(day, "decisions", first_of(day.decided[day.decided["state"] == "dropped"]).name, cycle="2026Q2")


# files


@breaks("working_day")
def it_was_a_holiday(day: Evidence) -> None:
    rows = day.tables["core.calendar"]
    rows.loc[rows["cal_date"] == day.today, "is_business_day"] = False


@breaks("consent_assumed")
def consent_was_assumed_in_production(day: Evidence) -> None:
    day.manifest["consent"] = day.policy["consent"] = "assumed (test data)"
    day.policy["environment"] = "production"


@breaks("consent_assumed")
def nobody_says_that_consent_was_assumed(day: Evidence) -> None:
    day.policy["consent"] = "assumed (test data)"


@breaks("sources_kept")
def a_source_is_gone(day: Evidence) -> Evidence:
    return replace(day, unreadable=["core.managers 2026-07-01"])


@breaks("leads_are_decided", "states", "what_changed", "csv_equals_leads")
def was_left_out(day: Evidence) -> None:
    last = day.leads[day.leads["central_channel"].isna()].sort_values("rank").drop_duplicates("branch_id", keep="last")
    day.leads = day.leads.drop(index=first_of(last[last["owner_id"].isna()]).name)


@breaks("leads_as_decided")
def shows_another_score(day: Evidence) -> None:
    row = first_of(day.leads)
    set_where(day, "leads", row.name, score=row.score + 1)


@breaks("ranks", "csv_equals_leads")
def a_rank_is_missing(day: Evidence) -> None:
    row = first_of(day.leads[day.leads["central_channel"].notna()].sort_values("rank", ascending=False))
    set_where(day, "leads", row.name, rank=row["rank"] + 1000)


@breaks("what_changed")
def is_called_new_and_is_not(day: Evidence) -> None:
    set_where(day, "changes", first_of(day.changes[day.changes["change"] == "kept"]).name, change="new")


@breaks("states")
def tells_a_lead_too_many(day: Evidence) -> None:
    next(each for each in day.manifest["lists"] if each["state"] == "published")["rows"] += 1


@breaks("states")
def says_nothing_of_a_branch(day: Evidence) -> None:
    day.manifest["lists"].remove(next(each for each in day.manifest["lists"] if each["state"] == "empty"))


@breaks("waterfall_balances")
def counts_one_too_many(day: Evidence) -> None:
    row = first_of(day.waterfall[day.waterfall["state"] == "not_a_candidate"])
    set_where(day, "waterfall", row.name, customer_count=row.customer_count + 1)


@breaks("waterfall_counts")
def counts_one_elsewhere(day: Evidence) -> None:
    rows = day.waterfall[(day.waterfall["list"] != "*") & (day.waterfall["state"] == "dropped")]
    row = first_of(rows)
    same = day.waterfall[["list", "subject_type", "home_branch_id"]] == row[["list", "subject_type", "home_branch_id"]]
    nobody = first_of(day.waterfall[same.all(axis=1) & (day.waterfall["state"] == "not_a_candidate")])
    set_where(day, "waterfall", row.name, customer_count=row.customer_count - 1)
    set_where(day, "waterfall", nobody.name, customer_count=nobody.customer_count + 1)


@pytest.mark.parametrize(("rule", "fires", "how"), [pytest.param(*each, id=each[2].__name__) for each in BREAKS])
def test_a_broken_day_is_found_by_exactly_the_rule_it_breaks(
    second: Evidence, rule: str, fires: frozenset[str], how: Break
) -> None:
    broken = copy_of(second)
    broken = how(broken) or replace(broken)  # afresh: what it worked out before the change is forgotten
    found = {name for name, each in audit.RULES.items() if name not in ON_DISK and each.look(broken)[1]}
    assert rule in found and found == fires


# --- files on disk -----------------------------------------------------------------------------------------------

ON_DISK = ("manifest", "masked", "harmless")  # these look at files alone
Cells = list[list[str]]


def test_consent_given_anew_and_a_channel_opened_again_end_what_a_branch_was_told(second: Evidence) -> None:
    ago = second.business_date - pd.Timedelta(days=100)
    row, both = first_of(listed(second)), {"do_not_contact", "channel_refused"}
    asked = {"customer_id": row.subject_id, "outcome": "do_not_contact", "contacted_at": ago}
    for later, broken in ((0, both), (1, set())):
        day, on = copy_of(second), ago + pd.Timedelta(days=later)
        more(day, "crm.contacts", {**asked, "contact_id": "x"})
        more(day, "crm.contacts", {**asked, "contact_id": "y", "refused_channel": row.channel})
        customer(day, row.subject_id, marketing_consent=True, do_not_contact=False, consent_updated_on=on)
        opened = {"customer_id": row.subject_id, "channel": row.channel, "is_refused": False, "updated_on": on}
        more(day, "crm.channel_preferences", opened)
        assert found_in(day) & both == broken


def test_neither_a_late_word_of_its_end_nor_a_later_attempt_makes_a_cool_down_longer(second: Evidence) -> None:
    day = copy_of(second)
    row = first_of(short_lists(day))
    remember(day, row, "expired", 200, 7)  # its validity ended long before a list date said so
    lead = remember(day, row, "won", 190, 188)
    reported(day, row, lead, "done", 188)
    reported(day, row, lead, "not_reached", 7)
    assert "cool_down" not in found_in(replace(day))


def test_a_channels_lead_that_came_back_takes_a_place_at_its_branch(second: Evidence) -> None:
    day = copy_of(second)
    here = day.decided[day.decided["state"] == "listed"]
    row = here.loc[here.groupby("branch_id")["branch_rank"].idxmin().iloc[0]]
    open_before = row["first_listed_on"] if row["was_open"] else day.today - pd.Timedelta(days=1)
    day.memory = day.memory[day.memory["lead_id"] != row["lead_id"]]
    was = {**{name: row[name] for name in ("list", "subject_type", "subject_id", "branch_id", "cycle", "lead_id")},
           "state": "central_channel", "central_channel": "remote", "is_ghost": False, "is_explore": False,
           "lead_state": "open", "first_listed_on": open_before, "list_date": day.today,
           "closed_on": pd.NaT}  # fmt: skip
    day.memory = pd.concat([day.memory, pd.DataFrame([was])], ignore_index=True)
    assert "places" not in found_in(replace(day))


def altered(day: Evidence, folder: Path, path: str, change: Callable[[Cells], None]) -> Evidence:
    """The day over a copy of its published files, one csv of which is changed and owned to by the manifest."""
    shutil.copytree(Path(str(day.store.local("."))), folder / "published")
    root = folder / "published" / day.folder
    cells = [*csv.reader(io.StringIO((root / path).read_bytes().decode("utf-8-sig"), newline=""))]
    change(cells)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(cells)
    (root / path).write_bytes(text.getvalue().encode("utf-8-sig"))
    manifest = json.loads((root / "manifest.json").read_bytes())
    for each in manifest["files"]:
        if each["path"] == path:
            each["sha256"] = hashlib.sha256((root / path).read_bytes()).hexdigest()
    (root / "manifest.json").write_text(json.dumps(manifest))
    return replace(day, store=Store(folder / "published"))


def cell(line: int, column: str, text: str) -> Callable[[Cells], None]:
    from mingdan.branch_rows import COLUMNS

    at = [each.name for each in COLUMNS].index(column)

    def change(cells: Cells) -> None:
        cells[line][at] = text

    return change


def test_a_line_missing_from_a_csv_is_found(second: Evidence, tmp_path: Path) -> None:
    assert found_in(altered(second, tmp_path, "branches/B0001.csv", lambda cells: cells.__delitem__(1))) == {
        "csv_equals_leads"
    }


def test_a_full_name_or_mobile_in_a_csv_is_found(second: Evidence, tmp_path: Path) -> None:
    people = second.leads[(second.leads["branch_id"] == "B0001") & second.leads["central_channel"].isna()]
    lead = first_of(people.sort_values("rank"))
    for number_, change in enumerate((cell(1, "name", lead["name"]), cell(1, "mobile", "13800138000"))):
        assert found_in(altered(second, tmp_path / str(number_), "branches/B0001.csv", change)) == {"masked"}


def test_a_formula_in_a_csv_is_found(second: Evidence, tmp_path: Path) -> None:
    change = cell(1, "reasons", "=1+1")
    assert found_in(altered(second, tmp_path, "branches/B0001.csv", change)) == {"harmless"}


def test_a_mobile_or_formula_in_a_workbook_is_found(second: Evidence, tmp_path: Path) -> None:
    mobile = first_of(second.leads["mobile"].dropna())
    for sheet, rule in ((f"<t>{mobile}</t>", "masked"), ("<c><f>1+1</f></c>", "harmless")):
        day = altered(second, tmp_path / rule, "branches/B0001.csv", lambda cells: None)
        with zipfile.ZipFile(tmp_path / rule / "published" / day.folder / "branches/B0001.xlsx", "a") as book:
            book.writestr("xl/worksheets/sheet99.xml", sheet)
        assert found_in(day) == {rule, "manifest"}


def test_a_file_that_is_not_the_manifests_is_found(second: Evidence, tmp_path: Path) -> None:
    day = altered(second, tmp_path, "branches/B0001.csv", lambda cells: None)
    with (tmp_path / "published" / day.folder / "portal/dictionary.parquet").open("ab") as out:
        out.write(b"x")
    assert found_in(day) == {"manifest"}


def test_a_source_that_was_overwritten_is_told_as_gone(bank: Bank, tmp_path: Path) -> None:
    shutil.copytree(bank.home / "published", tmp_path / "published")
    shutil.copytree(bank.home / "accepted", tmp_path / "accepted")
    path = tmp_path / "accepted/ledger/core__managers.json"
    ledger = json.loads(path.read_bytes())
    for each in ledger["versions"]:
        each["gone"] = True
    path.write_text(json.dumps(ledger))
    home = Home(tmp_path, str(bank.landing), str(tmp_path / "published"))
    (day,) = days(home, settings.load_shipped(), load_contract(), SECOND_LIST, SECOND_LIST)
    assert audit.RULES["sources_kept"].look(day)[1] == [f"core.managers {SECOND_LIST - timedelta(days=1)}"]


def found_in(day: Evidence) -> set[str]:
    return {name for name, each in audit.RULES.items() if each.look(day)[1]}


def test_every_rule_has_been_broken() -> None:
    on_disk = {"manifest", "masked", "harmless", "csv_equals_leads"}
    assert {rule for rule, _, _ in BREAKS} | on_disk == set(audit.RULES)
