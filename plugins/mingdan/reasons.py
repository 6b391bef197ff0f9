"""Reason texts: what a branch reads beside each customer, rendered from the entry's words and the day's values.

A reason is a sentence with placeholders, `{name:format}` (or `{name}`, which is text):

| format  | zh               | en            |
|---------|------------------|---------------|
| money   | 12.3万元, 5,200元 | CNY 123,000   |
| percent | 45%, 2.35%       | 45%, 2.35%    |
| date    | 7月3日            | 3 Jul         |
| count   | 1,234            | 1,234         |
| days    | 15天             | 15 days       |
| text    | as it is, or the names of comma-joined codes that have them |

A value that is not known leaves the whole reason out: a branch never reads "None".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

LANGUAGES = ("zh", "en")
SEPARATOR = {"zh": "；", "en": "; "}
LIST_SEPARATOR = {"zh": "、", "en": ", "}
STRONGEST = 3
CURRENCY_ZH = {
    "CNY": "元",
    "CZK": "克朗",
    "HKD": "港元",
    "TWD": "新台币",
    "MOP": "澳门元",
    "USD": "美元",
    "EUR": "欧元",
}
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
NAME_AND_FORMAT = re.compile(r"(\w+)(?::(\w+))?")
UNKNOWN_TEXTS = ("", "none", "null", "nan", "nat", "<na>")

Names = Mapping[str, Mapping[str, Mapping[str, str]]]  # column → code → {zh, en}


class ReasonError(ValueError):
    """A reason that cannot be rendered: a malformed template, an unknown format, or a value of the wrong kind."""


@lru_cache(maxsize=4096)
def parse(template: str) -> tuple[tuple[str, str | None, str], ...]:
    """The template as (words before, column or None at the end, format). Raises ReasonError naming the fault."""
    parts: list[tuple[str, str | None, str]] = []
    position = 0
    for found in PLACEHOLDER.finditer(template):
        inside = NAME_AND_FORMAT.fullmatch(found[1])
        if not inside:
            raise ReasonError(f"reason {template!r}: expected a placeholder {{name:format}}; found {found[0]}.")
        kind = inside[2] or "text"
        if kind not in FORMATS:
            raise ReasonError(f"reason {template!r}: expected a format among {', '.join(FORMATS)}; found {kind!r}.")
        parts.append((template[position : found.start()], inside[1], kind))
        position = found.end()
    parts.append((template[position:], None, "text"))
    if any("{" in words or "}" in words for words, _, _ in parts):
        raise ReasonError(
            f"reason {template!r}: expected every brace to belong to a {{name:format}}; found a loose one."
        )
    return tuple(parts)


def render(
    template: str,
    facts: Mapping[str, Any],
    language: str,
    *,
    currency: str = "CNY",
    year: int | None = None,
    names: Names | None = None,
) -> str | None:
    """The template with the facts filled in, or None when one of them is unknown (null or not there).

    facts: column → value, typed or as text ("123000.00", "2026-07-03"). A date outside `year` shows its year.
    names: column → code → {zh, en}, for text values that are codes. Raises ReasonError when a value does not fit."""
    said = []
    for words, column, kind in parse(template):
        said.append(words)
        if column is None:
            continue
        value = facts.get(column)
        if value is None or (isinstance(value, (str, float)) and str(value).strip().lower() in UNKNOWN_TEXTS):
            return None
        try:
            said.append(FORMATS[kind](value, language, currency, year, (names or {}).get(column)))
        except (InvalidOperation, ValueError, TypeError) as fault:
            raise ReasonError(
                f"reason {template!r}: {column}: expected a value that reads as {kind}; "
                f"found one of type {type(value).__name__} that does not."
            ) from fault
    return "".join(said)


def strongest(
    entry: Mapping[str, Any],
    rule_ids: str | None,
    facts: Mapping[str, Any],
    language: str,
    *,
    currency: str = "CNY",
    year: int | None = None,
    names: Names | None = None,
) -> str:
    """The three strongest reasons whose values are known, joined; rule_ids is 'r3,r1', strongest first."""
    rules = rules_by_id(entry)
    said: list[str] = []
    for rule_id in (rule_ids or "").split(","):
        if not rule_id:
            continue
        if rule_id not in rules:
            raise ReasonError(f"rule {rule_id}: expected one of the entry's rules {', '.join(rules) or '(none)'}.")
        text = render(rules[rule_id]["reason"][language], facts, language, currency=currency, year=year, names=names)
        if text is not None and text not in said:
            said.append(text)
        if len(said) == STRONGEST:
            break
    return SEPARATOR[language].join(said)


def rules_by_id(entry: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The entry's score rules by id; a rule without one is named by its place: r1, r2, …"""
    return {rule.get("id", f"r{number}"): rule for number, rule in enumerate(entry.get("score") or [], start=1)}


def validate(entry: Mapping[str, Any], known_columns: Iterable[str], where: str = "the entry") -> None:
    """Every reason of the entry can be rendered, in both languages and with the same values.

    Raises ReasonError with all faults: unknown format, unknown column, malformed or missing text."""
    known = set(known_columns)
    faults: list[str] = []
    for rule_id, rule in rules_by_id(entry).items():
        shown: dict[str, set[str]] = {}
        for language in LANGUAGES:
            template = (rule.get("reason") or {}).get(language)
            if not template:
                faults.append(f"{rule_id}: expected a reason in {language}; found none")
                continue
            try:
                shown[language] = {column for _, column, _ in parse(template) if column}
            except ReasonError as fault:
                faults.append(f"{rule_id}: {fault}".removesuffix("."))
                continue
            for column in sorted(shown[language] - known):
                faults.append(
                    f"{rule_id}: reason {template!r} names {column}, which is no column of the list's subjects"
                )
        if len(shown) == 2 and shown["zh"] != shown["en"]:
            odd = ", ".join(sorted(shown["zh"] ^ shown["en"]))
            faults.append(f"{rule_id}: expected the same values in zh and en; only one of them shows {odd}")
    if faults:
        raise ReasonError(f"{where}: {'; '.join(faults)}.")


def number(value: Any) -> Decimal:
    found = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    if not found.is_finite():
        raise InvalidOperation
    return found


def rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def short(value: Decimal, places: int) -> str:
    """At most so many decimals, thousands separated, no zeros at the end, no negative nought."""
    text = f"{rounded(value, places) + 0:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: Any, language: str, currency: str = "CNY", *_: Any) -> str:
    """As a banker writes it: 5,200元, 1.23万元, 12.3万元, 1.2亿元; in English whole units, CNY 123,000."""
    amount = number(value)
    size = abs(amount)
    if language == "en":
        return f"{currency} {short(amount, 0 if size >= 1 else 2)}"
    unit = CURRENCY_ZH.get(currency, currency)
    if rounded(size, 0) < 10_000:
        return f"{short(amount, 0 if size >= 1 else 2)}{unit}"
    ten_thousands = amount / 10_000
    places = 2 if size < 100_000 else 1
    if rounded(abs(ten_thousands), 1) < 10_000:
        return f"{short(ten_thousands, places)}万{unit}"
    return f"{short(amount / 100_000_000, 2)}亿{unit}"


def percent(value: Any, *_: Any) -> str:
    share = number(value) * 100
    return f"{short(share, 2 if abs(share) < 10 else 1)}%"


def day(value: Any, language: str, _currency: str = "", year: int | None = None, *_: Any) -> str:
    if isinstance(value, datetime):
        value = value.date()
    on = value if isinstance(value, date) else date.fromisoformat(str(value).strip()[:10])
    away = year is not None and on.year != year
    if language == "en":
        return f"{on.day} {MONTHS_EN[on.month - 1]}{f' {on.year}' if away else ''}"
    return f"{f'{on.year}年' if away else ''}{on.month}月{on.day}日"


def count(value: Any, *_: Any) -> str:
    return short(number(value), 0)


def days(value: Any, language: str, *_: Any) -> str:
    text = count(value)
    if language == "en":
        return f"{text} day" if text == "1" else f"{text} days"
    return f"{text}天"


def text(
    value: Any, language: str, _currency: str, _year: int | None, codes: Mapping[str, Mapping[str, str]] | None
) -> str:
    said = str(value).strip()
    if not codes:
        return said
    return LIST_SEPARATOR[language].join(codes.get(code, {}).get(language) or code for code in said.split(","))


FORMATS: dict[str, Callable[..., str]] = {
    "money": money, "percent": percent, "date": day, "count": count, "days": days, "text": text,
}  # fmt: skip
