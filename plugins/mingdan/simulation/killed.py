"""`python -m mingdan.simulation.killed`: go on with a day in this process, which dies in the middle of a step.

It kills itself, without a word to anything, when the step has begun to write its n-th file: a moment that does not hang
on how fast the machine is."""

from __future__ import annotations

import os
import signal
import sys
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from mingdan import day
from mingdan import settings as settings_module

# step → where it writes, and in the course of which file it is killed
MIDDLE = {"prepare": ("dbt", 60), "deliver": ("dbt", 16), "publish": ("published", 9)}


def die_in(step: str, folder: Path) -> None:
    """From now on, die at that file of the step."""
    counter, fatal = count(1), MIDDLE[step][1]

    def watch(event: str, given: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(given[0], str) or not given[0].startswith(str(folder)):
            return
        if (given[2] or 0) & (os.O_WRONLY | os.O_RDWR) and next(counter) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def main(as_of: str, run_id: str, first: str, last: str, lists: str = "") -> None:
    """Take the steps from `first` on, and die in `last`; lists: only these, comma-joined."""
    names = [step.__name__ for step in day.STEPS]
    home = settings_module.home()
    folder = Path(home.published) if MIDDLE[last][0] == "published" else home.warehouse / "dbt"
    for step in day.STEPS[names.index(first) : names.index(last) + 1]:
        if step.__name__ == last:
            die_in(last, folder)
        step(day.Run(date.fromisoformat(as_of), run_id, lists=lists.split(",") if lists else None))


if __name__ == "__main__":
    main(*sys.argv[1:])
