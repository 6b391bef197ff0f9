"""圈客 Conditions over the dictionary's labels: read and checked, asked of the day's labels, written as a list's SQL.

What people type never becomes part of a query: labels are names that the dictionary and the file know, values are
bound. Only the SQL that is shown for a draft has them written out, quoted, and only such as can be quoted safely."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

import pyarrow as pa

from mingdan.portal import groups
from mingdan.portal.editions import LABELS, Edition

MOST = 6
OPS = {
    "yes": ("是", "is true"), "no": ("否", "is false"), "is": ("是其中之一", "is one of"),
    "is_not": ("不是其中任何", "is none of"), "at_least": ("不小于", "at least"), "at_most": ("不大于", "at most"),
    "from": ("不早于", "on or after"), "until": ("不晚于", "on or before"), "known": ("已知", "is known"),
    "unknown": ("未知", "is unknown"),
}  # fmt: skip
BY_TYPE = {
    "flag": ("yes", "no", "unknown"),
    "band": ("is", "is_not", "known", "unknown"),
    "code": ("is", "is_not", "known", "unknown"),
    "amount": ("at_least", "at_most", "known", "unknown"),
    "count": ("at_least", "at_most", "known", "unknown"),
    "rate": ("at_least", "at_most", "known", "unknown"),
    "date": ("from", "until", "known", "unknown"),
}
SQL = {
    "yes": "{label}", "no": "not {label}", "is": "{label} in ({values})", "is_not": "{label} not in ({values})",
    "at_least": "{label} >= {values}", "at_most": "{label} <= {values}", "from": "{label} >= {values}",
    "until": "{label} <= {values}", "known": "{label} is not null", "unknown": "{label} is null",
}  # fmt: skip
WITHOUT_VALUE = ("yes", "no", "known", "unknown")
MATCHES = {"all": " and ", "any": " or "}
LARGEST = Decimal(10) ** 15
SAFE = re.compile(r"[^\\{}\x00-\x1f\x7f\u2028\u2029]{1,60}")  # neither Jinja nor an escape of either engine
NAME = re.compile(r"[a-z][a-z0-9_]{2,39}")


class PickError(ValueError):
    """A condition that cannot be asked; `both` is (zh, en)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.both = (zh, en)


@dataclass(frozen=True)
class Label:
    """A label that may be asked about. is_number: of a code or band, whether it is kept as a whole number."""

    code: str
    type: str
    family: str
    titles: tuple[str, str]
    values: tuple[str, ...] | None  # those that five people or more have; None where there are too many to list
    is_number: bool

    @property
    def ops(self) -> tuple[str, ...]:
        return BY_TYPE[self.type]


@dataclass(frozen=True)
class Condition:
    label: Label
    op: str
    values: tuple[Any, ...] = ()

    def sql(self, written: Callable[[Any], str]) -> str:
        return SQL[self.op].format(label=self.label.code, values=", ".join(map(written, self.values)))

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label.code, "op": self.op, "values": [str(value) for value in self.values]}


@dataclass(frozen=True)
class Row:
    """One line of the form: what was typed, and what it is or what is wrong with it; unfinished has neither."""

    text: str
    op: str
    given: tuple[str, ...]
    label: Label | None = None
    condition: Condition | None = None
    fault: tuple[str, str] | None = None


def labels(edition: Edition) -> dict[str, Label]:
    """Labels that may be asked about, by code: in the dictionary and the file, no bureau detail (C3), no free text."""
    there = edition.schema(LABELS)
    found = {}
    for item in edition.dictionary:
        code = item["code"]
        if item["kind"] != "label" or item["privacy"] == "C3" or item["type"] not in BY_TYPE:
            continue
        if code not in there.names or not re.fullmatch(r"[a-z]\w*", code):
            continue
        spread = json.loads(item["distribution"] or "null") or {}
        listed = None if "values" in spread else tuple(name for name in spread if name != "true" and name[:1] != "<")
        found[code] = Label(
            code, item["type"], item["family"], (item["title_zh"], item["title_en"]), listed,
            pa.types.is_integer(there.field(code).type),
        )  # fmt: skip
    return found


def rows(given: Mapping[str, Sequence[str]], known: Mapping[str, Label]) -> list[Row]:
    """The form's lines label1, op1, value1, … as rows, without empty ones. Raises PickError for more than MOST."""
    found = []
    lines = {name: re.fullmatch(r"label([0-9]{1,3})", name) for name in given}
    beyond = [name for name, line in lines.items() if line and not 1 <= int(line[1]) <= MOST]
    if any(text.strip() for name in beyond for text in given[name]):
        raise PickError(f"最多{MOST}个条件。", f"Expected at most {MOST} conditions.")
    for number in range(1, MOST + 1):
        text = next(iter(given.get(f"label{number}", ())), "").strip()[:100]
        op = next(iter(given.get(f"op{number}", ())), "")[:20]
        values = tuple(value.strip()[:80] for value in given.get(f"value{number}", ()) if value.strip())[:60]
        if text:
            found.append(read(text, op, values, known))
    return found


def read(text: str, op: str, given: tuple[str, ...], known: Mapping[str, Label]) -> Row:
    label = known.get(text) or next((each for each in known.values() if text in each.titles), None)
    if label is None:
        return Row(
            text,
            op,
            given,
            fault=(f"字典中没有可用的标签“{text}”。", f"The dictionary has no label {text!r} to pick by."),
        )
    if op not in label.ops:
        return Row(label.code, "", (), label)
    if op in WITHOUT_VALUE:
        return Row(label.code, op, (), label, Condition(label, op))
    if not given:
        return Row(label.code, op, (), label)
    try:
        if label.type not in ("band", "code") and len(given) != 1:
            raise PickError(f"“{label.titles[0]}”只能填一个值。", f"Expected one value for {label.titles[1]}.")
        return Row(label.code, op, given, label, Condition(label, op, tuple(value(label, text) for text in given)))
    except PickError as fault:
        return Row(label.code, op, given, label, fault=fault.both)


def value(label: Label, text: str) -> Any:
    zh, en = label.titles
    if label.type == "date":
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise PickError(
                f"“{zh}”应为日期，如2026-06-30。", f"Expected a date such as 2026-06-30 for {en}."
            ) from None
    if label.type in ("amount", "count", "rate"):
        return number(label, text)
    if label.values is not None and text not in label.values:
        raise PickError(f"“{zh}”没有取值“{text}”。", f"{en} has no value {text!r}.")
    if not SAFE.fullmatch(text) or (label.is_number and not re.fullmatch(r"-?[0-9]{1,9}", text)):
        raise PickError(f"“{zh}”不能用此取值。", f"This value cannot be used for {en}.")
    return int(text) if label.is_number else text


def number(label: Label, text: str) -> Decimal:
    """A figure as people write it: 50000, 50,000, 5万, and of a rate 20% as well as 0.2."""
    zh, en = label.titles
    plain, times = re.sub(r"[,，\s]", "", text), Decimal(1)
    if label.type == "rate" and plain[-1:] in ("%", "％"):
        plain, times = plain[:-1], Decimal("0.01")
    elif label.type == "amount" and plain[-1:] in ("万", "亿"):
        plain, times = plain[:-1], Decimal(10_000 if plain[-1] == "万" else 100_000_000)
    try:
        found = Decimal(plain) * times if re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", plain) else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > LARGEST:
        raise PickError(f"“{zh}”应为数字。", f"Expected a number for {en}.")
    return found


def literal(value: Any) -> str:
    """A checked value as a literal that DuckDB and Spark read alike."""
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def draft_sql(kind: str, name: str, match: str, conditions: Sequence[Condition]) -> str:
    """What a list's or segment's model would hold, for an analyst to take into the project."""
    parts = [each.sql(literal) for each in conditions]
    where = f"\n    {MATCHES[match].strip()} ".join(parts)
    who = f"not is_deceased\n    and {where}" if match == "all" else f"not is_deceased\n    and ({' or '.join(parts)})"
    words = MATCHES[match].join(said(each, 1) for each in conditions)
    if kind == "segment":
        return (
            f"-- segment_{name}: (the question it answers)\n--\n-- One row per customer who meets: {words}.\n"
            "select customer_id, {{ as_of_column() }}\nfrom {{ ref('customer_labels') }}\n"
            f"where {who}\n"
        )
    return (
        f"-- list_{name}: (the question it answers)\n--\n-- Who: {words}.\n-- Order: (what comes first, and why)\n"
        "{% call(rule) marketing_list() %}\nselect\n    customer_id as subject_id,\n"
        "    cast(null as decimal(18, 2)) as stake_amount,\n    cast(null as date) as due_on\n"
        "from {{ ref('customer_labels') }}\n"
        f"where {who}\n{{% endcall %}}\n"
    )


def said(condition: Condition, at: int) -> str:
    """The condition in words, in Chinese (0) or English (1)."""
    values = ("、", ", ")[at].join(
        f"{value.normalize():f}" if isinstance(value, Decimal) else str(value) for value in condition.values
    )
    return " ".join(filter(None, (condition.label.titles[at], OPS[condition.op][at], values)))


@dataclass(frozen=True)
class Answer:
    """What may be said of those who meet the conditions, in rounded figures (groups). count: None where they are too
    few to say anything."""

    count: int | None
    profile: Sequence[tuple[str, list[tuple[Any, int]], int]] = ()  # label, its groups, all others together
    products: Sequence[tuple[Label, int | None]] = ()
    branches: tuple[list[tuple[Any, int]], int] | None = None


@dataclass(frozen=True)
class Question:
    """Conditions asked of a day's labels. branches: whose customers are counted; None for the whole bank.
    rounding: how the counts are shown."""

    edition: Edition
    conditions: Sequence[Condition]
    match: str
    branches: frozenset[str] | None
    rounding: groups.Rounding

    @cached_property
    def where(self) -> tuple[str, list[Any]]:
        """The conditions with a place for each value, and the values in order."""
        bound: list[Any] = []

        def place(value: Any) -> str:
            bound.append(value)
            return "?"

        sql = MATCHES[self.match].join(f"({each.sql(place)})" for each in self.conditions)
        sql = f"not coalesce(is_deceased, false) and ({sql})"
        if self.branches is not None:
            sql += " and home_branch_id in (select unnest(?))"
            bound.append(sorted(self.branches))
        return sql, bound

    def asked(self, select: str, rest: str = "") -> list[dict[str, Any]]:
        sql, bound = self.where
        return self.edition.query(LABELS, f"select {select} from file where {sql} {rest}", *bound)

    def grouped(self, column: str) -> tuple[list[tuple[Any, int]], int]:
        found = self.asked(f"{column} as name, count(*) as people, {groups.KEY} as key", "group by all")
        return self.rounding.without_small(
            {row["name"]: groups.Group(row["people"], row["key"]) for row in found}
        )  # fmt: skip

    def answer(self, known: Mapping[str, Label]) -> Answer:
        held = [each for each in known.values() if each.family == "holding" and re.match("has_", each.code)
                and each.type == "flag"]  # fmt: skip
        counts = [
            f"count_if({each.code}) as {each.code}, {groups.KEY} filter (where {each.code}) as of_{each.code}"
            for each in held
        ]
        (row,) = self.asked(", ".join(["count(*) as people", f"{groups.KEY} as key", *counts])) or [{"people": 0}]
        if row["people"] < self.rounding.fewest:
            return Answer(None)
        everybody = groups.Group(row["people"], row["key"])
        shown = [
            (each, self.rounding.share_of(groups.Group(row[each.code], row[f"of_{each.code}"] or 0), everybody))
            for each in held
        ]
        return Answer(
            self.rounding.shown(everybody),
            [(name, *self.grouped(name)) for name in ("value_tier", "age_band", "gender") if name in known],
            sorted(shown, key=lambda each: (-(each[1] or 0), each[0].code)),
            self.grouped("home_branch_id") if self.branches is None else None,
        )
