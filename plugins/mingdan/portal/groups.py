"""Counts by group as an analyst or a region may read them: nothing about a group of fewer people than the threshold.

Of fewer, who knows the place can tell who is meant; and a single group left out can be told by subtraction. Within one
answer small groups stand together. Between answers, of questions that differ by one person, counts are rounded to
multiples of the threshold, up or down by a chance that hangs on exactly who is in the group and on the portal's secret:
the same group always has the same figure, so asking again tells nothing; a figure that moves does not tell by whom, and
who knows everybody in the group but one cannot work out which of the two figures it would have."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Rounding:
    """How groups are shown: none of fewer people than `fewest`, rounded by a chance that only the secret's owner can
    work out."""

    fewest: int
    secret: bytes = field(repr=False)

    def shown(self, group: Group) -> int:
        """The group's size as it is shown: a multiple of `fewest`, on average the true one; exact where that is 1."""
        times, rest = divmod(group.count, self.fewest)
        chance = hmac.digest(self.secret, group.key.to_bytes(8, "little"), "sha256")
        return self.fewest * (times + (int.from_bytes(chance, "little") % self.fewest < rest))

    def without_small(self, groups: Mapping[Name, Group]) -> tuple[list[tuple[Name, int]], int]:
        """Disjoint groups, largest first, and how many people are in the others together, as they are shown.

        The others are the groups of fewer than `fewest`, and where these are fewer than `fewest` together, the next
        larger group too."""
        kept, others = [], NOBODY
        for name, group in sorted(groups.items(), key=lambda each: (-each[1].count, str(each[0]))):
            if group.count >= self.fewest:
                kept.append((name, group))
            else:
                others = others.with_(group)
        while 0 < others.count < self.fewest and kept:
            others = others.with_(kept.pop()[1])
        shown = [(name, self.shown(group)) for name, group in kept]
        shown.sort(key=lambda each: (-each[1], str(each[0])))
        return shown, self.shown(others) if others.count >= self.fewest else 0

    def share_of(self, part: Group, whole: Group) -> int | None:
        """The size of a group that others may overlap, as it is shown; None where it is too small, or those outside
        it."""
        is_told = part.count >= self.fewest and (part.count == whole.count or whole.count - part.count >= self.fewest)
        return self.shown(part) if is_told else None
