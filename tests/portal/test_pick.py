"""Picking customers: checked conditions, counts of five and more, drafts that another person reviews, no customer."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import duckdb
import jinja2
import pytest
from mingdan.portal import groups, picking

from tests.portal.conftest import BRANCH, OTHER, Desk

HOSTILE = ("x'; drop table customers; --", "{{ 7 * 7 }}", "{% raw %}", "a\\' or 1=1", "1)) or (1=1", "５０")
BRANCHES = 3  # of the invented day, with 8 living customers each


def asked(*conditions: tuple[str, str, str | list[str]], match: str = "all") -> dict[str, Any]:
    found: dict[str, Any] = {"match": match}
    for number, (label, op, values) in enumerate(conditions, start=1):
        found |= {f"label{number}": label, f"op{number}": op, f"value{number}": values}
    return found


def near(count: int | None, people: int | None) -> bool:
    """A figure as it is shown of so many people: one of the two multiples of five around."""
    return (count is None and people is None) or (
        None not in (count, people) and count % 5 == 0 and abs(count - people) < 5
    )


def counted(page: str) -> int | None:
    found = re.search(r'role="status">\S+ <b>(\d+)</b>', page)
    return int(found[1]) if found else None


PAYROLL = ("is_payroll", "yes", "")


def test_conditions_count_who_meets_them(desk: Desk) -> None:
    for conditions, match, people in (
        ([PAYROLL], "all", 8 * BRANCHES),
        ([("管理资产", "at_least", "50万")], "all", 3 * BRANCHES),  # by name; exactly 500 000 counts
        ([("aum", "at_least", "500,000.01")], "all", None),
        ([("aum", "at_most", "32100")], "all", 5 * BRANCHES),
        ([("value_tier", "is", ["growth", "wealth"])], "all", 8 * BRANCHES),
        ([("value_tier", "is_not", ["growth"])], "all", 3 * BRANCHES),
        ([("app_penetration", "at_least", "25%"), PAYROLL], "all", 8 * BRANCHES),
        ([("app_penetration", "at_least", "0.2501"), ("gender", "is", "M")], "any", 3 * BRANCHES),
        ([("last_visit_on", "from", "2026-06-30")], "all", 8 * BRANCHES),
        ([("last_visit_on", "until", "2026-06-29")], "all", None),
        ([("rfm_recency", "is", "5"), ("gender", "known", "")], "all", 8 * BRANCHES),
        ([("is_payroll", "no", ""), ("aum", "unknown", "")], "any", None),
    ):
        page = desk.of("analyst").get("/pick", params=asked(*conditions, match=match))
        assert page.status_code == 200 and near(counted(page.text), people), conditions
        assert people is not None or "少于5人" in page.text


def test_a_branch_manager_counts_their_own_branch_and_an_analyst_sees_the_spread(desk: Desk) -> None:
    own = desk.of("branch_manager").get("/pick", params=asked(PAYROLL)).text
    assert near(counted(own), 8) and "网点分布" not in own
    page = desk.of("analyst").get("/pick", params=asked(PAYROLL)).text
    assert "网点分布" in page and "第1支行" in page
    # asking for another branch by its label finds nobody there
    elsewhere = asked(("is_payroll", "yes", ""), match="all") | {"branch": OTHER, "branches": OTHER}
    assert counted(desk.of("branch_manager").get("/pick", params=elsewhere).text) == counted(own)


def test_nothing_is_said_of_fewer_than_five_not_even_by_subtraction(desk: Desk) -> None:
    client = desk.of("branch_manager")
    few = client.get("/pick", params=asked(("gender", "is", "M"))).text  # three
    assert counted(few) is None and "少于5人" in few and "存为草稿" in few
    page = client.get("/pick", params=asked(PAYROLL)).text
    told = page[page.index('role="status"') : page.index("存为草稿")]
    assert "各组人数少，不分列" in told and not re.search("潜力|财富|男|女", told)  # 5 and 3 of 8 by tier and gender
    held = page[page.index("持有产品") :]
    assert "持有定期" in held and "持有基金" not in held  # all 8; 5 of 8, so 3 do not
    assert json.loads(desk.trail("picked")[0].detail)["people"] == counted(page), "no more than what was shown"


def test_questions_that_differ_by_one_person_do_not_tell_of_that_person() -> None:
    """Every group with and without one person: the difference is mostly none, else five either way.

    Asked again, in whatever words, a group has the same figure; over many groups figures are right on average."""
    ids, fives = [f"{number:012d}" for number in range(4000)], groups.Rounding(5, b"secret")
    moved: Counter[int] = Counter()
    for size in range(5, 2000):
        whole, less = groups.of(ids[:size]), groups.of(ids[: size - 1])
        assert fives.shown(whole) == fives.shown(groups.of(reversed(ids[:size])))
        moved[fives.shown(whole) - fives.shown(less)] += 1
    assert set(moved) == {-5, 0, 5} and moved[-5] > 100  # one more person, and the figure may fall
    drawn = [groups.of(ids[at : at + 7]) for at in range(0, 3990, 7)]
    assert abs(sum(map(fives.shown, drawn)) / len(drawn) - 7) < 0.4
    assert groups.Rounding(1, b"secret").shown(groups.of(ids[:7])) == 7


def test_what_a_group_is_rounded_to_cannot_be_worked_out_without_the_portals_secret() -> None:
    """Who knows everybody in a group knows its digest, but not which way another portal's secret rounds it: of two
    secrets, figures differ about as often as two draws do."""
    ids = [f"{number:012d}" for number in range(4000)]
    drawn = [groups.of(ids[at : at + 7]) for at in range(0, 3990, 7)]
    by = [[groups.Rounding(5, secret).shown(each) for each in drawn] for secret in (b"one", b"another")]
    differing = sum(one != other for one, other in zip(*by, strict=True)) / len(drawn)
    assert abs(differing - 2 * 0.4 * 0.6) < 0.1
    assert by[0] == [groups.Rounding(5, b"one").shown(each) for each in drawn], "asked again, the same"
    assert "one" not in repr(groups.Rounding(5, b"one"))


def test_sql_and_python_round_a_group_alike() -> None:
    ids = [f"{number:012d}" for number in range(50)]
    (row,) = duckdb.execute(f"select count(*), {groups.KEY} from (select unnest(?) as customer_id)", [ids]).fetchall()
    assert groups.Group(*row).count == 50 and groups.Group(*row) == groups.of(ids)


def test_no_customer_shows_whatever_is_asked(desk: Desk) -> None:
    for user in ("analyst", "branch_manager"):
        page = desk.of(user).get("/pick", params=asked(PAYROLL)).text
        for row in desk.leads[BRANCH]:
            assert row["customer_id"] not in page and row["name"] not in page and row["mobile"] not in page


def test_a_label_that_may_not_be_asked_is_named(desk: Desk) -> None:
    for label in ("bureau_loans", "not_built", "large_inflow", "customer_id", "home_branch_id", *HOSTILE):
        answer = desk.of("analyst").get("/pick", params=asked((label, "at_least", "1")))
        assert answer.status_code == 422 and "字典中没有可用的标签" in answer.text, label
    assert not desk.trail("picked")


def test_a_value_that_does_not_fit_is_told_and_asks_nothing(desk: Desk) -> None:
    for label, op, value in (
        *(("aum", "at_least", text) for text in (*HOSTILE, "1e3", "inf", "9" * 16)),
        *(("value_tier", "is", text) for text in (*HOSTILE, "diamond")),
        ("last_visit_on", "from", "2026-02-30"), ("rfm_recency", "is", "five"), ("app_penetration", "at_most", "％"),
        ("aum", "at_least", ["1", "2"]),
    ):  # fmt: skip
        answer = desk.of("analyst").get("/pick", params=asked((label, op, value)))
        assert answer.status_code == 422 and 'role="alert"' in answer.text, (label, value)
    assert not desk.trail("picked")


def test_lines_that_are_not_complete_ask_nothing_and_seven_are_too_many(desk: Desk) -> None:
    client = desk.of("analyst")
    for condition in (("aum", "", ""), ("aum", "at_least", ""), ("aum", "yes", ""), ("aum", "no such", "1")):
        page = client.get("/pick", params=asked(PAYROLL, condition))
        assert page.status_code == 200 and counted(page.text) is None and "请补全条件" in page.text
    seven = client.get("/pick", params=asked(*[PAYROLL] * 7))
    assert seven.status_code == 422 and "最多6个条件" in seven.text
    assert not desk.trail("picked")


def kept(desk: Desk, user: str, *conditions: tuple, **more: str) -> str:
    said = {"kind": "list", "name": "payroll_saver", "note": "代发客户存款"} | more
    answer = desk.of(user).post("/pick/drafts", data=asked(*conditions) | said)
    assert answer.status_code == 303, answer.text[:2000]
    return answer.headers["location"]


def test_a_draft_is_reviewed_by_another_analyst_once(desk: Desk) -> None:
    place = kept(desk, "branch_manager", PAYROLL)
    author, analyst = desk.of("branch_manager"), desk.of("analyst")
    assert "待另一位分析人员复核" in author.get(place).text
    assert author.post(f"{place}/review", data={"verdict": "agreed"}).status_code == 403
    assert analyst.post(f"{place}/review", data={"verdict": "splendid"}).status_code == 422
    assert analyst.post(f"{place}/review", data={"verdict": "declined", "note": "过宽"}).status_code == 303
    assert analyst.post(f"{place}/review", data={"verdict": "agreed"}).status_code == 303
    page = author.get(place).text
    assert "不同意" in page and "过宽" in page and "示例数据分析" in page
    assert [json.loads(row.detail)["verdict"] for row in desk.trail("draft_reviewed")] == ["declined"]
    assert [json.loads(row.detail)["name"] for row in desk.trail("draft_made")] == ["payroll_saver"]


def test_nobody_reviews_their_own_draft(desk: Desk) -> None:
    place = kept(desk, "analyst", PAYROLL)
    assert desk.of("analyst").post(f"{place}/review", data={"verdict": "agreed"}).status_code == 403
    assert not desk.trail("draft_reviewed")


def test_another_branchs_draft_does_not_exist(desk: Desk) -> None:
    place = kept(desk, "branch_manager", PAYROLL)
    assert desk.of("other").get(place).status_code == 404
    assert desk.of("other").post(f"{place}/review", data={"verdict": "agreed"}).status_code == 404
    assert "payroll_saver" not in desk.of("other").get("/pick").text
    assert "payroll_saver" in desk.of("analyst").get("/pick").text
    assert len(desk.trail("refused")) == 2


def test_a_draft_that_cannot_be_kept_is_told(desk: Desk) -> None:
    for wrong in (
        {"name": "deposit_maturity"}, {"name": "senior", "kind": "segment"}, {"name": "Bad Name"}, {"name": "a" * 41},
        {"kind": "table"}, {"note": ""}, {"note": "长" * 501}, {"label1": "no_such"}, {"label1": ""},
    ):  # fmt: skip
        said = asked(PAYROLL) | {"kind": "list", "name": "payroll_saver", "note": "存款"} | wrong
        answer = desk.of("analyst").post("/pick/drafts", data=said)
        assert answer.status_code == 422 and 'role="alert"' in answer.text, wrong
        assert "还没有草稿" in answer.text
    assert not desk.trail("draft_made")


def test_the_drafts_sql_finds_the_same_people(desk: Desk) -> None:
    conditions = (("aum", "at_least", "3万"), ("value_tier", "is", ["growth"]), ("last_visit_on", "from", "2026-01-01"))
    page = desk.of("analyst").get(kept(desk, "analyst", *conditions)).text
    assert "aum &gt;= 30000" in page and "value_tier in (&#39;growth&#39;)" in page
    with desk.app.state.engine.connect() as connection:
        (sql,) = connection.exec_driver_sql("select sql from drafts").first()
    edition = desk.app.state.editions.on()
    model = rendered(sql)
    found = duckdb.sql(model.replace("customer_labels", f"'{edition.local(picking.LABELS)}'")).fetchall()
    assert len(found) == 5 * BRANCHES


def rendered(sql: str) -> str:
    """A model's SQL as dbt would hand it over, with the list's macro as it is for a reader: its query."""
    words = {"ref": lambda name: name, "marketing_list": lambda caller: caller(None), "as_of_column": lambda: "1"}
    return jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(sql).render(words)


@pytest.mark.parametrize("text", ["o'clock", "''", "a--b", "/*", "; drop table x", '"', "$$"])
def test_what_stands_in_a_drafts_sql_is_one_literal(text: str) -> None:
    label = picking.Label("kind", "code", "profile", ("类", "kind"), None, False)
    condition = picking.Condition(label, "is", (picking.value(label, text),))
    for kind in ("list", "segment"):
        model = rendered(picking.draft_sql(kind, "some_name", "any", [condition]))
        source = "(select 'C1' as customer_id, false as is_deceased, ? as kind)"
        with duckdb.connect() as connection:
            query = model.replace("customer_labels", source)
            assert len(connection.execute(query, [text]).fetchall()) == 1
            assert len(connection.execute(query, [f"{text} "]).fetchall()) == 0


@pytest.mark.parametrize("text", ["{{ x }}", "{%", "}", "\\", "a\nb", "\u2028"])
def test_what_could_be_more_than_a_literal_is_refused(text: str) -> None:
    label = picking.Label("kind", "code", "profile", ("类", "kind"), None, False)
    with pytest.raises(picking.PickError):
        picking.value(label, text)
