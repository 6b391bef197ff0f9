"""What the whole way through finds: planted customers, near misses, one lead each, a waterfall that adds up."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import duckdb
import pytest
from mingdan import catalog

from tests.bank import FIRST, SECOND, Bank


def members(bank: Bank) -> set[tuple[str, str]]:
    return {
        (code, subject) for code, subject in bank.warehouse("select list, subject_id from list_members where is_entry")
    }


OFF = {"bureau_winover"}  # as shipped, by lists_off
NO_CUSTOMERS = {code for code, entry in catalog.entries().items() if entry.meta["subject"] != "customer"}


def truth(bank: Bank) -> list[dict]:
    return duckdb.sql(f"select * from read_parquet('{bank.truth}')").to_arrow_table().to_pylist()


def test_every_planted_customer_is_found_and_no_near_miss_is(bank: Bank) -> None:
    found, cases = members(bank), truth(bank)
    assert {case["list"] for case in cases} == set(catalog.list_names()) - OFF
    kinds = {code: entry.meta["subject"] for code, entry in catalog.entries().items()}
    assert all(case["subject_type"] == kinds[case["list"]] for case in cases)
    missed = [case for case in cases if case["expected"] and (case["list"], case["subject_id"]) not in found]
    wrong = [case for case in cases if not case["expected"] and (case["list"], case["subject_id"]) in found]
    assert not missed, [(case["list"], case["case"], case["why"]) for case in missed]
    assert not wrong, [(case["list"], case["case"], case["why"]) for case in wrong]


def test_every_list_has_rows_and_none_has_everyone(bank: Bank) -> None:
    counts = Counter(code for code, _ in members(bank))
    customers = bank.warehouse("select count(*) from customer_labels")[0][0]
    assert set(counts) == set(catalog.entries()) - OFF
    assert all(0 < count < customers / 2 for count in counts.values()), counts


def test_lists_of_prospects_and_companies_hold_who_the_raw_files_say(bank: Bank) -> None:
    found = members(bank)
    census = bank.warehouse(
        "select distinct 'P' || md5('census|' || coalesce(id_hash, prospect_mobile, prospect_name)) "
        "from landing.lending__loan_whitelist "
        "where biz_date = (select max(biz_date) from landing.lending__loan_whitelist) and customer_id is null "
        "and origin = 'village_census' and approved_limit >= 5000 and village_code is not null "
        f"and valid_from <= '{SECOND}' and valid_to >= '{SECOND}' "
        "and not exists (from landing.core__customers c where c.id_hash = lending__loan_whitelist.id_hash) "
        "and not exists (from landing.core__customers c where c.mobile = lending__loan_whitelist.prospect_mobile)"
    )
    visits = {subject for code, subject in found if code == "village_visit"}
    assert census and {subject for (subject,) in census} <= visits
    customers = {row[0] for row in bank.warehouse("select customer_id from customer_labels")}
    for code in NO_CUSTOMERS:
        subjects = {subject for listed, subject in found if listed == code}
        assert subjects and not subjects & customers, code
    shown = {row["subject_type"] for row in bank.history("leads", SECOND).to_pylist() if row["list"] in NO_CUSTOMERS}
    assert shown <= {"prospect", "corporate"} and shown


# Rules that a customer can meet on the day of listing already, and why that day's answer says nothing of the later one.
MET_ALREADY = {
    "card_cooling": "purchases of the 90 days before: they have left the window when it is judged",
    "referral": "referrals of the 90 days before, likewise",
    "app_activation": "weeks with the app before its 30 silent days, likewise",
    "other_bank_loan": "a loan drawn in the 90 days before, likewise",
    "student_loan": "a loan drawn in the 90 days before, likewise: it is judged after 120",
    "deposit_maturity": "the deposit has not matured yet: standing still then is money on demand",
    "wealth_maturity": "as deposit_maturity",
    "walk_in_today": "as deposit_maturity",
    "deposit_outflow": "the money left within days: the average of a month falls by standing still",
}


def test_standing_still_wins_nothing(bank: Bank) -> None:
    kept = {}
    for code, rule in catalog.success_rules().items():
        if code in OFF or rule["subject"] == "prospect":
            continue  # a prospect is judged on the customer they become
        table, key = (
            ("corporates", "corporate_id") if rule["subject"] == "corporate" else ("customer_labels", "customer_id")
        )
        baseline = "".join(
            f", cast(json_extract_string(baseline, '$.{name}') as {kind}) as baseline_{name}"
            for name, kind in rule["baseline"].items()
        )
        listed = f"select subject_id as due{baseline} from list_members where list = '{code}' and is_entry"
        members, met = bank.warehouse(
            f"select count(*), count_if(is_success) from (select cast({rule['when']} as boolean) as is_success "
            f"from ({listed}) as due inner join {table} as subjects on due.due = subjects.{key})"
        )[0]
        assert members, code
        if rule["kind"] == "kept":
            kept[code] = met / members
        else:
            assert not met or code in MET_ALREADY, (code, met, members)
    assert kept and min(kept.values()) > 0.5  # else it would be no list of what stays


def test_the_waterfall_adds_up_to_all_customers_per_branch_and_list(bank: Bank) -> None:
    for as_of in (FIRST, SECOND):
        base = {
            "customer": Counter(bank.history("customer_labels", as_of, "home_branch_id")["home_branch_id"].to_pylist())
        }
        if as_of == SECOND:  # the warehouse is its
            for kind, rows in (("prospect", "prospects"), ("corporate", "stg_crm__corporates")):
                base[kind] = Counter(branch for (branch,) in bank.warehouse(f"select branch_id from {rows}"))
        rows = bank.history("waterfall", as_of).to_pylist()
        assert rows and min(row["customer_count"] for row in rows) >= 0
        sums: dict[tuple[str, str], Counter] = {}
        for row in rows:
            counted = sums.setdefault((row["list"], row["subject_type"]), Counter())
            counted[row["home_branch_id"]] += row["customer_count"]
        assert {kind for code, kind in sums if code == "*"} == {"customer", "prospect", "corporate"}
        for (code, kind), found in sums.items():
            assert code == "*" or kind == catalog.entries()[code].meta["subject"]
            assert kind not in base or found == base[kind], (code, kind)


def test_a_customer_gets_one_lead_a_day_and_every_lead_a_reason(bank: Bank) -> None:
    leads = bank.history("leads", SECOND).to_pylist()
    assert leads
    assert max(Counter(lead["subject_id"] for lead in leads).values()) == 1
    assert all(lead["rule_ids"] for lead in leads)
    for lead in leads:
        facts = json.loads(lead["facts"])
        assert set(facts) >= set(catalog.reason_facts(catalog.entries()[lead["list"]].meta))


def test_no_branch_gets_more_than_its_capacity_and_ranks_have_no_gap(bank: Bank) -> None:
    capacity = dict(bank.warehouse("select branch_id, capacity from branch_capacity"))
    ranks: dict[str, list[int]] = {}
    for lead in bank.history("leads", SECOND).to_pylist():
        if lead["central_channel"] is None:
            ranks.setdefault(lead["branch_id"], []).append(lead["rank"])
    assert ranks
    for branch, found in ranks.items():
        assert sorted(found) == list(range(1, len(found) + 1))
        assert len(found) <= capacity[branch]


def test_ghosts_are_candidates_held_out_and_never_shown(bank: Bank) -> None:
    rows = bank.history("decisions", SECOND).to_pylist()
    ghosts = [row for row in rows if row["is_ghost"]]
    assert any(row["state"] == "held_out" for row in ghosts)
    assert not any(row["state"] == "listed" for row in ghosts)
    assert {catalog.entries()[row["list"]].meta["purpose"] for row in ghosts} == {"marketing"}


def test_a_lead_keeps_its_id_and_first_day_while_it_stays_open(bank: Bank) -> None:
    first = {
        (row["list"], row["subject_id"]): row for row in bank.history("decisions", FIRST).to_pylist() if row["lead_id"]
    }
    kept = [
        (first[row["list"], row["subject_id"]], row)
        for row in bank.history("decisions", SECOND).to_pylist()
        if (row["list"], row["subject_id"]) in first
    ]
    assert len(kept) > 50
    for before, after in kept:
        assert (before["lead_id"], before["first_listed_on"], before["is_ghost"]) == (
            after["lead_id"], after["first_listed_on"], after["is_ghost"],
        )  # fmt: skip


def test_every_lead_shown_the_day_before_is_shown_again_or_said_to_be_gone(bank: Bank) -> None:
    def of_branches(as_of: date) -> set[str]:
        leads = bank.history("leads", as_of).to_pylist()
        return {lead["lead_id"] for lead in leads if lead["central_channel"] is None}

    before, now = of_branches(FIRST), of_branches(SECOND)
    changes = {row[0]: row[1:] for row in bank.warehouse("select lead_id, change, why from lead_changes")}
    assert set(changes) == before | now
    assert {lead for lead, (change, _) in changes.items() if change == "gone"} == before - now
    assert all(why for _, why in changes.values())


@pytest.mark.parametrize("code", sorted(set(catalog.list_names()) - OFF))
def test_scores_differ_and_stay_within_0_and_100(bank: Bank, code: str) -> None:
    scores = [row[0] for row in bank.warehouse(f"select score from list_members where list = '{code}'")]
    assert scores and all(0 <= score <= 100 for score in scores)
    assert len(set(scores)) > 1 or len(scores) < 5
