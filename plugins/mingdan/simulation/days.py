"""Day after day: deliver, run, judge, work."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from mingdan import day as steps
from mingdan import publishing
from mingdan import settings as settings_module
from mingdan.landing import SourcesError
from mingdan.portal.handover import hand_over, store_url
from mingdan.portal.store import open_store
from mingdan.sample_bank.holidays import is_working_day
from mingdan.simulation import branches
from mingdan.simulation.bank import Bank, in_cents_without_payroll, leaves, twice, withdraws_consent
from mingdan.simulation.promises import Promises
from mingdan.stores import Store

FIRST = date(2026, 6, 15)  # its eighth day is past a holiday and a weekend, its sixteenth past the end of a quarter
LEAVES_EVERY = 10  # published days; the first leaver goes on the second
WITHHELD = "payroll_employer"
NAMES = [step.__name__ for step in steps.STEPS]


class SimulationError(RuntimeError):
    """The simulation cannot go on: a fault did not end as it must; names the day, what was expected and found."""


@dataclass
class Lived:
    """One day as it was."""

    as_of: date
    is_list_day: bool
    events: list[str] = field(default_factory=list)  # what went wrong, or happened, and how it ended
    broken: list[str] = field(default_factory=list)  # promises
    revision: int | None = None
    why: str = ""
    states: Counter[str] = field(default_factory=Counter)  # of lists and branches
    leads: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)  # outcomes

    @property
    def list_date(self) -> date:
        return self.as_of + timedelta(days=1)


def simulate(
    root: Path,
    days: int,
    first: date = FIRST,
    customers: int = 2000,
    branches: int = 20,
    seed: int = 7,
    lists: Sequence[str] | None = None,
) -> Iterator[Lived]:
    """Live `days` business dates in an own home at `root`, which must not be there yet; one `Lived` a day.

    Points this process at that home. Raises SimulationError when a fault does not end as it must; promises that are
    broken are told in the days."""
    if days < 1:
        raise ValueError(f"simulate: expected at least one day; found {days}.")
    if root.exists() and any(root.iterdir()):
        raise ValueError(f"{root}: expected no folder, or an empty one, to simulate in; found files. Remove it first.")
    if settings_module.load()["portal"]["store"]:
        raise ValueError("settings.yml, portal.store: a simulation keeps outcomes of its own; expected null.")
    settings_module.set_environment({
        "MINGDAN_HOME": str(root), "MINGDAN_LANDING": str(root / "landing"),
        "MINGDAN_PUBLISHED": str(root / "published"),
    })  # fmt: skip
    bank = Bank(root, first, first + timedelta(days=days - 1), customers, branches, seed)
    yield from Simulation(root, bank, seed, list(lists) if lists else None).live(first, days)


class Simulation:
    """The days of one bank, each with its fault."""

    def __init__(self, root: Path, bank: Bank, seed: int, lists: list[str] | None) -> None:
        settings = settings_module.load()
        home = settings_module.home(settings)
        self.root, self.bank, self.seed, self.lists = root, bank, seed, lists
        self.store = Store(home.published)
        self.outcomes = open_store(store_url(home, settings["portal"]))
        self.promises = Promises(root, self.store)
        self.untold: list[dict[str, Any]] = []  # outcomes that no built day could know yet
        self.worked: set[str] = set()  # leads of the newest list date that have an outcome
        self.left: list[str] = []  # managers
        self.runs = 0

    def live(self, first: date, days: int) -> Iterator[Lived]:
        on_list_days = (
            self.whole, self.late, self.broken_file, self.killed_at_the_end, self.withheld, self.run_twice,
            self.corrected, self.doubled, self.stale,
        )  # fmt: skip
        on_others = (self.killed_in_preparation, self.stale, self.whole)
        number = Counter[bool]()
        for as_of in (first + timedelta(days=each) for each in range(days)):
            lived = Lived(as_of, is_working_day(as_of + timedelta(days=1)))
            faults = on_list_days if lived.is_list_day else on_others
            fault = faults[number[lived.is_list_day] % len(faults)]
            if lived.is_list_day and number[True] % LEAVES_EVERY == 1:
                self.somebody_leaves(lived)
            number[lived.is_list_day] += 1
            self.hear(as_of)
            fault(lived)
            steps.build_ahead(steps.last_run(settings_module.home()))
            yield lived

    # --- a day's course

    def run(self, lived: Lived) -> dict[str, Any]:
        """The whole day, then what came of it."""
        return self.judged(lived, list(steps.run_day(self.asked(lived)))[-1])

    def asked(self, lived: Lived, run_id: str = "") -> steps.Run:
        self.runs += not run_id
        return steps.Run(lived.as_of, run_id or f"simulated-{self.runs}", lists=self.lists)

    def judged(self, lived: Lived, summary: dict[str, Any]) -> dict[str, Any]:
        """Hold the promises of a day whose last step is done."""
        lived.why = summary["why"]
        lived.broken += self.promises.after_a_day(lived.as_of)
        if summary["published"] != lived.is_list_day:
            lived.broken.append(f"published: {summary['published']} ({lived.why})")
        newest = publishing.current_list_date(self.store)
        if (newest == lived.list_date) != lived.is_list_day:
            lived.broken.append(f"the newest list date is {newest}")
        if summary["published"]:
            lived.revision = summary["revision"]
            managers = self.bank.rows("core.managers", lived.as_of)
            lived.broken += self.promises.after_a_publication(lived.as_of, lived.list_date, managers)
            self.look(lived)
        return summary

    def look(self, lived: Lived) -> None:
        """Count what a publication holds."""
        manifest = publishing.read_manifest(self.store, lived.list_date, lived.revision or 0)
        lived.states = Counter(row["state"] for row in manifest["lists"])
        leads = self.promises.published("leads", lived.list_date)
        decisions = self.promises.published("decisions", lived.list_date)
        lived.leads = Counter(
            listed=sum(not row["central_channel"] for row in leads),
            central=sum(bool(row["central_channel"]) for row in leads),
            new=sum(row["first_listed_on"] == lived.list_date for row in leads),
            held_out=sum(row["state"] == "held_out" for row in decisions),
        )

    def work(self, lived: Lived) -> None:
        """Branches and channels take up a published day."""
        leads = self.promises.published("leads", lived.list_date)
        told = branches.work(self.outcomes, leads, lived.list_date, self.seed)
        self.untold += told
        self.worked = {each["lead_id"] for each in told}
        lived.told = branches.counted(told)

    def hear(self, as_of: date) -> None:
        """Hand over what was recorded on the business date: the build may know it, and must heed it."""
        hand_over(self.outcomes, Store(self.bank.landing), as_of, datetime.combine(as_of + timedelta(days=1), time(4)))
        self.promises.told([each for each in self.untold if each["recorded_on"] <= as_of])
        self.untold = [each for each in self.untold if each["recorded_on"] > as_of]

    def somebody_leaves(self, lived: Lived) -> None:
        """The manager with the most leads of the newest list date has left by this business date."""
        newest = publishing.current_list_date(self.store)
        assert newest is not None  # the first list day has no leaver
        owned = Counter(row["owner_id"] for row in self.promises.published("leads", newest) if row["owner_id"])
        (manager_id, count), *_ = sorted(owned.items(), key=lambda each: (-each[1], each[0]))
        self.bank.change("core.managers", lived.as_of, leaves(manager_id))
        self.left.append(manager_id)
        lived.events.append(f"manager {manager_id} has left, with {count} leads: re-homed")

    # --- what may befall a day

    def whole(self, lived: Lived) -> None:
        self.bank.land(lived.as_of)
        self.run(lived)
        if lived.is_list_day:
            self.work(lived)

    def late(self, lived: Lived) -> None:
        """A source that stops the day comes after the first run."""
        self.bank.land(lived.as_of, without="core.transactions")
        self.stops(lived, "core.transactions", "late")
        self.whole(lived)

    def broken_file(self, lived: Lived) -> None:
        self.bank.land(lived.as_of)
        mend = self.bank.truncate("core.accounts", lived.as_of)
        self.stops(lived, "core.accounts", "broken off")
        mend()
        self.whole(lived)

    def doubled(self, lived: Lived) -> None:
        self.bank.land(lived.as_of)
        mend = self.bank.correct("core.customers", lived.as_of, twice)
        self.stops(lived, "core.customers", "delivered with every row twice")
        mend()
        self.whole(lived)

    def stale(self, lived: Lived) -> None:
        """A source that may be late is: its newest rows are used, and marked."""
        self.bank.land(lived.as_of, without="channels.wecom")
        self.run(lived)
        stale = steps.state_of(settings_module.home())["stale"]
        if stale != ["channels.wecom"]:
            lived.broken.append(f"stale sources: expected channels.wecom; found {', '.join(stale) or 'none'}")
        lived.events.append("channels.wecom late: the day before is used, marked stale")
        if lived.is_list_day:
            self.work(lived)

    def withheld(self, lived: Lived) -> None:
        """A list fails a critical check on its candidates; the others go out."""
        self.bank.land(lived.as_of)
        self.bank.correct("crm.corporates", lived.as_of, in_cents_without_payroll)
        self.run(lived)
        manifest = publishing.read_manifest(self.store, lived.list_date, lived.revision or 0)
        states = {state: {row["list"] for row in manifest["lists"] if row["state"] == state} for state in lived.states}
        if states.get("withheld") != {WITHHELD} or WITHHELD in states["published"] or not states["published"]:
            lived.broken.append(f"withheld: expected {WITHHELD} alone; found {sorted(states.get('withheld', ()))}")
        why = next((row["why"] for row in manifest["lists"] if row["state"] == "withheld"), "no check")
        lived.events.append(f"{WITHHELD} withheld ({why}), {len(states['published'])} lists published")
        self.work(lived)

    def killed_in_preparation(self, lived: Lived) -> None:
        self.bank.land(lived.as_of)
        self.killed(lived, self.asked(lived), "accept", "prepare")
        self.whole(lived)

    def killed_at_the_end(self, lived: Lived) -> None:
        """Killed in delivery, and again in publication when the same run goes on."""
        self.bank.land(lived.as_of)
        run = self.asked(lived)
        for step in steps.STEPS[: NAMES.index("deliver")]:
            step(run)
        self.killed(lived, run, "deliver", "deliver")
        self.killed(lived, run, "deliver", "publish")
        self.judged(lived, steps.publish(run))
        self.work(lived)

    def run_twice(self, lived: Lived) -> None:
        """Once more while branches work: nothing new."""
        self.whole(lived)
        summary = list(steps.run_day(self.asked(lived)))[-1]
        lived.events.append(f"run a second time: {summary['why']}")
        if summary["published"]:
            lived.broken.append("the same day run twice was published twice")

    def corrected(self, lived: Lived) -> None:
        """Customers delivered anew while branches work: a second revision, which keeps what was worked."""
        self.whole(lived)
        former = lived.revision or 0
        idle = [
            row["customer_id"]
            for row in self.promises.published("leads", lived.list_date)
            if row["purpose"] == "marketing" and row["subject_type"] == "customer" and row["lead_id"] not in self.worked
        ][::3]
        self.bank.correct("core.customers", lived.as_of, withdraws_consent(idle))
        self.promises.unpublish()
        summary = self.run(lived)
        leads = self.promises.published("leads", lived.list_date)
        lost = self.worked - {row["lead_id"] for row in leads}
        against = [row for row in leads if row["customer_id"] in idle and row["purpose"] == "marketing"]
        if summary.get("revision") == former or lost or against:
            lived.broken.append(f"correction: {len(lost)} worked leads lost, {len(against)} shown without consent")
        lived.events.append(
            f"corrected after branches began ({len(idle)} consents withdrawn): revision {lived.revision}, "
            f"all {len(self.worked)} worked leads kept"
        )

    def stops(self, lived: Lived, table: str, what: str) -> None:
        """The day must stop at its sources, name the table, and publish nothing."""
        try:
            list(steps.run_day(self.asked(lived)))
        except (SourcesError, steps.ChecksFailed) as error:
            if table not in str(error):
                raise SimulationError(f"{lived.as_of}: expected a stop that names {table}; found: {error}") from error
        else:
            raise SimulationError(f"{lived.as_of}: expected the day to stop, as {table} is {what}; it was built.")
        self.untouched(lived, f"{table} {what}")
        lived.events.append(f"{table} {what}: the day stopped and named it; mended, run again")

    def killed(self, lived: Lived, run: steps.Run, first: str, last: str) -> None:
        """Go on with a run in a process that is killed in the middle of a step."""
        command = [sys.executable, "-m", "mingdan.simulation.killed", str(run.as_of), run.run_id, first, last]
        with (self.root / "killed.log").open("ab") as out:
            ended = subprocess.run([*command, ",".join(self.lists or ())], stdout=out, stderr=out, check=False)
        if ended.returncode >= 0:
            raise SimulationError(f"{lived.as_of}: expected to be killed in {last}; found exit {ended.returncode}.")
        self.untouched(lived, f"killed in {last}")
        lived.events.append(f"killed in {last}: nothing published, run again")

    def untouched(self, lived: Lived, what: str) -> None:
        if publishing.current_revision(self.store, lived.list_date) is not None:
            lived.broken.append(f"{what}, and yet the list date is published")
