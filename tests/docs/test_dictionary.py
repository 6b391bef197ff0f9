"""The dictionary: nothing without an entry, a Chinese name, a definition and an owner; no figure about a few people."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from mingdan import catalog, dictionary
from mingdan.contract import load_contract
from mingdan.settings import Home

DAY = date(2026, 6, 30)
# 20 customers: the flag is true for 3, one band has 3 people, the amounts run from 100 to 2 000, dates over 20 days
ROWS = """
select 'C' || i as customer_id, i <= 3 as is_odd,
       case when i <= 3 then 'rare' when i <= 10 then 'low' when i <= 18 then 'high' end as tier,
       cast(i * 100 as decimal(18, 2)) as amount, case when i <= 4 then i end as few,
       date '2026-06-10' + cast(i as integer) as seen_on, 'employer ' || i as employer, 'B' || i as branch_id,
       date '2026-06-30' as as_of
from range(1, 21) as numbers (i)
"""


def item(code: str, kind: str, of: str = "label", privacy: str = "C2") -> dictionary.Item:
    return dictionary.Item(
        of, code, "small", "类", "Family", "名", "Name", "What.", "", kind, "retail", privacy, ("core.customers",), ()
    )


ITEMS = [
    item("is_odd", "flag"), item("tier", "band"), item("amount", "amount"), item("few", "count"),
    item("seen_on", "date"), item("employer", "text"), item("branch_id", "code"), item("not_built", "flag"),
    item("bureau_loans", "count", privacy="C3"),
    item("birthday", "event", "event"), item("tax_refund", "event", "event"), item("senior", "segment", "segment"),
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Home:
    tables = {
        "customer_labels": ROWS,
        "customer_events": "select 'C' || i % 6 as customer_id, 'birthday' as event_code from range(8) as numbers (i)",
        "customer_segments": "select 'C' || i as customer_id, 'senior' as segment from range(7) as numbers (i)",
    }
    for table, sql in tables.items():
        path = tmp_path / "history" / table / f"as_of={DAY}" / "part-0.parquet"
        path.parent.mkdir(parents=True)
        duckdb.sql(f"copy ({sql}) to '{path}' (format parquet)")
    monkeypatch.setattr(dictionary, "items", lambda: ITEMS)
    return Home(tmp_path, tmp_path / "landing", str(tmp_path / "published"))


def test_every_label_event_and_segment_has_an_entry_both_names_a_definition_and_an_owner() -> None:
    found = dictionary.items()
    assert {kind for kind in ("label", "segment") if any(each.kind == kind for each in found)} == {"label", "segment"}
    assert len(found) > 100 and len(dictionary.codes_in_sql()) > 5
    assert dictionary.gaps() == []


def test_every_source_that_the_dictionary_names_is_a_table_of_the_contract() -> None:
    tables = set(load_contract().tables)
    named = {source for each in dictionary.items() for source in each.sources}
    assert {"core.customers", "core.transactions"} <= named <= tables


def test_what_a_label_rests_on_is_read_through_facts_macros_and_staging() -> None:
    by_code = {each.code: each for each in dictionary.labels()}
    assert "lending.loans" in by_code["has_loan"].sources and "core.transactions" not in by_code["has_loan"].sources
    assert "churn_critical_fast" in by_code["churn_stage"].thresholds, "a name that a macro puts together"
    senior = next(each for each in dictionary.segments() if each.code == "senior")
    assert senior.thresholds == ("senior_age_from",)
    assert "acquiring.merchants" not in senior.sources, "a segment rests on the labels that it reads, not on all"


@pytest.mark.parametrize(
    "field", ["title_zh", "title_en", "family_zh", "family_en", "definition", "owner", "privacy", "type", "sources"]
)
def test_an_item_that_lacks_something_is_named_with_it(field: str) -> None:
    whole = item("amount", "amount")
    assert list(dictionary.problems(whole)) == []
    lacking = dictionary.Item(**{**whole.__dict__, field: () if field == "sources" else ""})
    (said,) = dictionary.problems(lacking)
    assert "small.amount" in said and ("source" if field == "sources" else field) in said


def test_a_chinese_name_is_chinese() -> None:
    (said,) = dictionary.problems(dictionary.Item(**{**item("amount", "amount").__dict__, "title_zh": "Amount"}))
    assert "is not Chinese" in said


def test_the_days_dictionary_says_how_many_are_known_and_how_values_are_spread(home: Home) -> None:
    rows = {row["code"]: row for row in pq.read_table(dictionary.write_dictionary(home, DAY)).to_pylist()}
    assert list(rows) == [each.code for each in ITEMS]
    assert {code: rows[code]["known_count"] for code in rows} == {
        "is_odd": 20, "tier": 18, "amount": 20, "few": 4, "seen_on": 20, "employer": 20, "branch_id": 20,
        "not_built": 0, "bureau_loans": None, "birthday": 6, "tax_refund": 0, "senior": 7,
    }  # fmt: skip
    assert {row["customer_count"] for row in rows.values()} == {20}
    assert rows["tier"]["coverage_rate"] == 0.9
    spread = {code: json.loads(row["distribution"]) for code, row in rows.items()}
    assert spread["tier"] == {"high": 8, "low": 7, "<5": None}
    assert spread["is_odd"] == {"false": 17, "<5": None}
    assert spread["amount"] == {"low": 500, "quarter": 500, "median": 1000, "three_quarters": 1500, "high": 1600}
    assert spread["few"] == {}, "known for four people: nothing is told"
    assert spread["seen_on"] == {"from": "2026-06", "to": "2026-06"}
    assert spread["employer"] == {"values": 20}, "free text is counted, never told"
    assert spread["branch_id"] == {"<5": 20}
    assert spread["birthday"] == {"events": 8}


def test_the_same_day_gives_the_same_bytes(home: Home) -> None:
    first = dictionary.write_dictionary(home, DAY).read_bytes()
    assert dictionary.write_dictionary(home, DAY).read_bytes() == first


def test_a_day_that_was_not_built_is_refused(home: Home) -> None:
    with pytest.raises(FileNotFoundError, match="2026-06-29 was not built"):
        dictionary.write_dictionary(home, date(2026, 6, 29))


def test_a_code_is_told_whole_and_an_unknown_one_refused(home: Home) -> None:
    dictionary.write_dictionary(home, DAY)
    said = "\n".join(dictionary.tell(home, "tier"))
    assert "名 · Name" in said and "core.customers" in said and "18 of 20 customers" in said
    assert len(list(dictionary.tell(home))) == len(ITEMS)
    assert list(dictionary.tell(home, "bureau_loans"))[-1].startswith("its spread is not told")
    with pytest.raises(LookupError, match="no label, event or segment 'none'"):
        list(dictionary.tell(home, "none"))


def test_the_walk_over_models_finds_every_family() -> None:
    assert {each.family for each in dictionary.labels()} == set(catalog.label_families())
