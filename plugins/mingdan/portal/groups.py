"""Counts by group as an analyst or a region may read them: nothing about a group of fewer people than the threshold.

Of fewer, who knows the place can tell who is meant; and a single group left out can be told by subtraction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Name = TypeVar("Name")


def without_small(counts: Mapping[Name, int], fewest: int) -> tuple[list[tuple[Name, int]], int]:
    """Disjoint groups, largest first, and how many people are in the others together.

    The others are the groups of fewer than `fewest`, and where these are fewer than `fewest` together, the next larger
    group too."""
    kept = sorted(
        ((name, count) for name, count in counts.items() if count >= fewest), key=lambda each: (-each[1], str(each[0]))
    )
    others = sum(count for count in counts.values() if count < fewest)
    while 0 < others < fewest and kept:
        others += kept.pop()[1]
    return kept, others if others >= fewest else 0


def share_of(part: int, whole: int, fewest: int) -> int | None:
    """The size of a group that others may overlap; None where it is too small, or those outside it are too few."""
    return part if part >= fewest and (part == whole or whole - part >= fewest) else None
