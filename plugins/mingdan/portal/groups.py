"""Counts by group as an analyst or a region may read them: nothing about a group of fewer people than the threshold.

Of fewer, who knows the place can tell who is meant; and a single group left out can be told by subtraction. Within one
answer small groups stand together. Between answers, of questions that differ by one person, counts are rounded to
multiples of the threshold, up or down by a chance that hangs on exactly who is in the group: the same group always has
the same figure, so asking again tells nothing, and a figure that moves does not tell by whom."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Name = TypeVar("Name")
# The same of a group in SQL, where its people are too many to fetch.
KEY = "bit_xor(md5_number_lower(customer_id))"


@dataclass(frozen=True)
class Group:
    """How many people, and a number that hangs on who they are."""

    count: int
    key: int

    def with_(self, other: Group) -> Group:
        """Of two groups that share nobody."""
        return Group(self.count + other.count, self.key ^ other.key)


NOBODY = Group(0, 0)


def of(customer_ids: Iterable[str]) -> Group:
    found = NOBODY
    for each in customer_ids:
        key = int.from_bytes(hashlib.md5(each.encode()).digest()[8:], "little")
        found = found.with_(Group(1, key))
    return found


def rounded(group: Group, fewest: int) -> int:
    """The group's size as it is shown: a multiple of `fewest`, on average the true one; exact where fewest is 1."""
    times, rest = divmod(group.count, fewest)
    return fewest * (times + (group.key % fewest < rest))


def without_small(groups: Mapping[Name, Group], fewest: int) -> tuple[list[tuple[Name, int]], int]:
    """Disjoint groups, largest first, and how many people are in the others together, as they are shown.

    The others are the groups of fewer than `fewest`, and where these are fewer than `fewest` together, the next larger
    group too."""
    kept, others = [], NOBODY
    for name, group in sorted(groups.items(), key=lambda each: (-each[1].count, str(each[0]))):
        if group.count >= fewest:
            kept.append((name, group))
        else:
            others = others.with_(group)
    while 0 < others.count < fewest and kept:
        others = others.with_(kept.pop()[1])
    shown = [(name, rounded(group, fewest)) for name, group in kept]
    shown.sort(key=lambda each: (-each[1], str(each[0])))
    return shown, rounded(others, fewest) if others.count >= fewest else 0


def share_of(part: Group, whole: Group, fewest: int) -> int | None:
    """The size of a group that others may overlap, as it is shown; None where it is too small, or those outside it."""
    is_told = part.count >= fewest and (part.count == whole.count or whole.count - part.count >= fewest)
    return rounded(part, fewest) if is_told else None
