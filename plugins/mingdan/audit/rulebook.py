"""How a rule is written: a function of a day's evidence that says how much it looked at and what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from mingdan.audit.evidence import Evidence

Looked = tuple[int, list[str]]  # how many it judged; those that break it: lead ids, else lists, branches, files


@dataclass(frozen=True)
class Rule:
    name: str
    says: str
    look: Callable[[Evidence], Looked]


RULES: dict[str, Rule] = {}


def rule(look: Callable[[Evidence], Looked]) -> Callable[[Evidence], Looked]:
    """Enter a function as a rule: its name is the rule's, its docstring what must hold."""
    RULES[look.__name__] = Rule(look.__name__, " ".join((look.__doc__ or "").split()), look)
    return look


def judged(rows: pd.DataFrame, bad: pd.Series) -> Looked:
    """Rows of decisions or leads that were judged, and the bad ones by a name that tells nobody who it is."""
    found = rows[bad.fillna(True).astype(bool).reindex(rows.index, fill_value=False)]
    return len(rows), called(found)


def called(rows: pd.DataFrame) -> list[str]:
    if rows.empty:
        return []
    names = (rows["list"].astype(str) + "@" + rows["branch_id"].astype(str)).astype(object)
    return rows["lead_id"].astype(object).where(rows["lead_id"].notna(), names).tolist()


def number(text: str) -> int:
    """The first eight hexadecimal digits of a draw's digest."""
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16)


def drawn(texts: pd.Series, share: float) -> pd.Series:
    """Whether each text's draw falls into the share."""
    return texts.map(lambda text: number(text) < share * 2**32).astype(bool)
