"""Reasons read as a banker writes them, and say nothing where nothing is known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from mingdan import catalog, reasons

ENTRY = {
    "score": [
        {"when": "a", "points": 30, "reason": {"zh": "到期{amount:money}", "en": "{amount:money} matures"}},
        {"when": "b", "points": 20, "reason": {"zh": "续存率{rate:percent}", "en": "renews {rate:percent}"}},
        {"when": "c", "points": 10, "reason": {"zh": "{due_on:date}到期", "en": "due {due_on:date}"}},
        {"when": "d", "points": 5, "reason": {"zh": "老客户", "en": "an old customer"}},
    ]
}
FACTS = {"amount": "123000.00", "rate": "0.4500", "due_on": "2026-07-03"}


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        ("0.40", "0.4元", "CNY 0.4"),
        ("5200.00", "5,200元", "CNY 5,200"),
        ("9999.49", "9,999元", "CNY 9,999"),
        ("9999.50", "1万元", "CNY 10,000"),  # rounding must not give 10,000元
        ("12345", "1.23万元", "CNY 12,345"),
        ("123000.00", "12.3万元", "CNY 123,000"),
        ("12345678", "1,234.6万元", "CNY 12,345,678"),
        ("99999999", "1亿元", "CNY 99,999,999"),
        ("123456789", "1.23亿元", "CNY 123,456,789"),
        (Decimal("-61000.00"), "-6.1万元", "CNY -61,000"),
        (Decimal("0"), "0元", "CNY 0"),
    ],
)
def test_money_is_written_in_ten_thousands_in_chinese_and_in_full_in_english(value: object, zh: str, en: str) -> None:
    assert reasons.render("{x:money}", {"x": value}, "zh") == zh
    assert reasons.render("{x:money}", {"x": value}, "en") == en


def test_another_currency_has_its_own_name() -> None:
    assert reasons.render("{x:money}", {"x": "123000"}, "zh", currency="CZK") == "12.3万克朗"
    assert reasons.render("{x:money}", {"x": "123000"}, "en", currency="CZK") == "CZK 123,000"


@pytest.mark.parametrize(
    ("template", "value", "zh", "en"),
    [
        ("{x:percent}", "0.350000", "35%", "35%"),
        ("{x:percent}", "0.002500", "0.25%", "0.25%"),
        ("{x:percent}", "0.4128", "41.3%", "41.3%"),
        ("{x:date}", "2026-07-03", "7月3日", "3 Jul"),
        ("{x:date}", date(2024, 12, 31), "2024年12月31日", "31 Dec 2024"),  # another year than the list's says so
        ("{x:count}", "1234", "1,234", "1,234"),
        ("{x:days}", "1", "1天", "1 day"),
        ("{x:days}", 15, "15天", "15 days"),
        ("{x}", "wealth", "财富", "Wealth"),
        ("{x:text}", "wealth,card", "财富、信用卡", "Wealth, Credit card"),
        ("{x:text}", "wealth,other", "财富、other", "Wealth, other"),
        ("{x:text}", "招商银行", "招商银行", "招商银行"),
    ],
)
def test_each_format_reads_well_in_both_languages(template: str, value: object, zh: str, en: str) -> None:
    names = {"x": {"wealth": {"zh": "财富", "en": "Wealth"}, "card": {"zh": "信用卡", "en": "Credit card"}}}
    assert reasons.render(template, {"x": value}, "zh", year=2026, names=names) == zh
    assert reasons.render(template, {"x": value}, "en", year=2026, names=names) == en


@pytest.mark.parametrize("unknown", [None, "", "NaN", float("nan"), "None"])
def test_a_reason_whose_value_is_unknown_is_left_out(unknown: object) -> None:
    assert reasons.render("到期{amount:money}", {"amount": unknown}, "zh") is None
    assert reasons.render("到期{amount:money}", {}, "zh") is None
    assert reasons.strongest(ENTRY, "r1,r2,r4,", {**FACTS, "amount": unknown}, "zh") == "续存率45%；老客户"


def test_the_three_strongest_reasons_are_joined_in_their_order() -> None:
    assert reasons.strongest(ENTRY, "r1,r2,r3,r4,", FACTS, "zh") == "到期12.3万元；续存率45%；7月3日到期"
    assert reasons.strongest(ENTRY, "r3,r1", FACTS, "en") == "due 3 Jul; CNY 123,000 matures"
    assert reasons.strongest(ENTRY, "", FACTS, "zh") == ""
    assert reasons.strongest(ENTRY, None, FACTS, "zh") == ""


def test_a_value_of_the_wrong_kind_stops_without_showing_it() -> None:
    with pytest.raises(reasons.ReasonError, match="amount: expected a value that reads as money") as stopped:
        reasons.render("{amount:money}", {"amount": "6222020200112233445x"}, "zh")
    assert "6222" not in str(stopped.value)


def test_a_rule_that_the_entry_does_not_have_stops() -> None:
    with pytest.raises(reasons.ReasonError, match="rule r9: expected one of the entry's rules r1, r2, r3, r4"):
        reasons.strongest(ENTRY, "r9", FACTS, "zh")


@pytest.mark.parametrize(
    ("zh", "en", "said"),
    [
        ("{amount:cash}", "{amount:money}", "expected a format among money, .* found 'cash'"),
        ("{amount:money", "{amount:money}", "a loose one"),
        ("{a b}", "{amount:money}", "expected a placeholder"),
        ("{balance:money}", "{balance:money}", "names balance, which is no column"),
        ("{amount:money}", "matures", "only one of them shows amount"),
        ("", "matures", "expected a reason in zh; found none"),
    ],
)
def test_an_entry_with_a_bad_reason_is_refused_before_anything_runs(zh: str, en: str, said: str) -> None:
    entry = {"score": [{"when": "a", "points": 1, "reason": {"zh": zh, "en": en}}]}
    with pytest.raises(reasons.ReasonError, match=f"list_x: r1: .*{said}"):
        reasons.validate(entry, ["amount"], "list_x")


def test_every_shipped_list_has_reasons_that_render() -> None:
    entries = catalog.entries()
    assert len(entries) >= 10
    for code, entry in entries.items():
        named = catalog.reason_facts(entry.meta)
        reasons.validate(entry.meta, named, f"list_{code}")
