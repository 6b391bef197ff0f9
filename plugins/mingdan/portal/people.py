"""Who may work here: people with roles and a unit, from the bank's people.csv. Whoever is not named may see nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROLES = {
    "branch_staff": ("网点员工", "Branch staff"),
    "lobby": ("大堂经理", "Lobby"),
    "rm": ("客户经理", "Relationship manager"),
    "branch_manager": ("网点负责人", "Branch manager"),
    "region": ("区域管理", "Region"),
    "head_office": ("总行", "Head office"),
    "collection": ("清收人员", "Collection"),
    "analyst": ("数据分析", "Analyst"),
    "data_engineer": ("数据工程", "Data engineer"),
    "auditor": ("审计", "Auditor"),
}
AT_A_BRANCH = frozenset({"branch_staff", "lobby", "rm", "branch_manager", "collection"})
COLUMNS = ("user_id", "name", "role", "branch_id", "employee_id")


class PeopleError(ValueError):
    """people.csv is not as expected; names the line, the column, what was expected and found."""


@dataclass(frozen=True)
class Person:
    """One person: the sign-on's user id, the roles, and the unit (of the branch tree) they belong to, if any.

    employee_id: the number that leads' owners carry (core.managers.manager_id); None for those who own none."""

    user_id: str
    name: str
    roles: frozenset[str]
    branch_id: str | None = None
    employee_id: str | None = None

    def branches(self, parents: Mapping[str, str | None]) -> frozenset[str]:
        """The branches whose leads this person may see: one's own; a region all below it; head office all; others none.

        parents: branch → the unit above it, of every open branch and of the units above them."""
        if "head_office" in self.roles:
            return frozenset(parents)
        if self.branch_id is None:
            return frozenset()
        if "region" in self.roles:
            return frozenset(branch for branch in parents if self.branch_id in above(branch, parents))
        return frozenset({self.branch_id} & set(parents)) if self.roles & AT_A_BRANCH else frozenset()


def above(branch: str, parents: Mapping[str, str | None]) -> list[str]:
    """The branch and the units above it; a loop in the tree ends after its four levels."""
    found: list[str] = []
    unit: str | None = branch
    while unit is not None and len(found) < 4:
        found.append(unit)
        unit = parents.get(unit)
    return found


def read_people(path: Path) -> dict[str, Person]:
    """people.csv by user id: one line per person and role. Raises PeopleError naming line and column."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise PeopleError(f"{path.name}: expected columns {', '.join(COLUMNS)}; found none named {missing[0]}.")
        return gathered(path.name, reader)


def gathered(where: str, rows: Iterable[Mapping[str, str]]) -> dict[str, Person]:
    found: dict[str, Person] = {}
    for number, row in enumerate(rows, start=2):
        user, role, branch = ((row[name] or "").strip() for name in ("user_id", "role", "branch_id"))
        if not user:
            raise PeopleError(f"{where}, line {number}: expected a user_id; found none.")
        if role not in ROLES:
            raise PeopleError(f"{where}, line {number}: expected a role among {', '.join(ROLES)}; found {role!r}.")
        if role in AT_A_BRANCH | {"region"} and not branch:
            raise PeopleError(f"{where}, line {number}: expected a branch_id for role {role}; found none.")
        former = found.get(user)
        if former and former.branch_id != (branch or None):
            raise PeopleError(f"{where}, line {number}: expected one branch per person; found a second one.")
        found[user] = Person(
            user,
            (row["name"] or "").strip() or user,
            (former.roles if former else frozenset()) | {role},
            branch or None,
            (row["employee_id"] or "").strip() or (former.employee_id if former else None),
        )
    return found
