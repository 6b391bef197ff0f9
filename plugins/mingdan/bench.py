"""`make bench`: what a day costs, stage by stage, beside the floor of one scan of the same files.

    python -m mingdan.bench --customers 100000 [--branches N] [--home F] [--day-before] [--lists A,B] [--solver]

Every figure is of one process, a new one for each day: wall and cpu seconds, peak memory in MiB (reset before each
stage; Linux). The bank is made once per size and kept; the first day is run on an empty home each time, so that
acceptance of all history is in it. With --day-before that is the day before, which then builds ahead for the later."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

UNTIL = date(2026, 6, 29)
DAY_BEFORE = UNTIL - timedelta(days=1)
COSTLIEST = 12  # models named at the end


def measured(name: str, work: Callable[[], Any]) -> dict[str, float]:
    """Run `work`, print and return its wall and cpu seconds and peak memory in MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    wall, cpu = time.monotonic(), cpu_seconds()
    work()
    found = {"wall": time.monotonic() - wall, "cpu": cpu_seconds() - cpu, "peak": peak_mib()}
    sys.stdout.write(f"{name:<18}{found['wall']:9.1f}{found['cpu']:9.1f}{found['peak']:9.0f}\n")
    sys.stdout.flush()
    return found


def cpu_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def floor(landing: Path) -> None:
    """One scan-and-group of all transactions: nothing that reads them once can be cheaper."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(
            "select account_id, direction, count(*), sum(amount) "
            f"from read_parquet('{landing}/core/transactions/*/*.parquet') group by all"
        ).fetchall()[:0]


def node_seconds(log: Path) -> dict[str, float]:
    """Wall seconds by model or test of the day, as the warehouse wrote them down (`12.34 s  name  …`)."""
    lines = (line.split() for line in log.read_text(encoding="utf-8").splitlines())
    return {words[2]: float(words[0]) for words in lines}


def whole_day(as_of: date, title: str, is_ahead: bool) -> None:
    """Run a day's steps, print each and their total, and with `is_ahead` what it takes to build ahead for the next."""
    from mingdan import day

    sys.stdout.write(f"business date {as_of}\n")
    run = day.Run(as_of=as_of, run_id=f"bench-{as_of}")
    stages = [measured(step.__name__, partial(step, run)) for step in day.STEPS]
    wall, cpu = (sum(stage[key] for stage in stages) for key in ("wall", "cpu"))
    sys.stdout.write(f"{title:<18}{wall:9.1f}{cpu:9.1f}{max(stage['peak'] for stage in stages):9.0f}\n")
    if is_ahead:
        measured("build_ahead", partial(day.build_ahead, run))
    sys.stdout.flush()


def in_a_process_of_its_own(work: Callable[..., None], *given: Any) -> None:
    """As each day of a bank is: nothing is imported, parsed or in memory yet."""
    process = get_context("spawn").Process(target=work, args=given)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(1)  # it has said why


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mingdan.bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--branches", type=int, default=0, help="default: one for 2 000 customers")
    parser.add_argument("--home", type=Path, default=Path("var/bench"))
    parser.add_argument("--day-before", action="store_true", help="the day before first, then a later day")
    parser.add_argument("--lists", default="", help="only these lists, comma-joined; the shipped settings otherwise")
    parser.add_argument("--solver", action="store_true", help="hold the day against an exact solver at the end")
    given = parser.parse_args()
    branches = given.branches or max(2, given.customers // 2000)
    bank = given.home.resolve() / f"bank-{given.customers}-{branches}"
    home = given.home.resolve() / "home"
    shutil.rmtree(home, ignore_errors=True)
    os.environ |= {"MINGDAN_HOME": str(home), "MINGDAN_LANDING": str(bank)}  # before anything reads them

    from mingdan import optimum, settings
    from mingdan.sample_bank import write_sample_bank
    from mingdan.settings import DBT_PROJECT
    from mingdan.warehouse import Warehouse

    if wanted := {each.strip() for each in given.lists.split(",") if each.strip()}:
        if unknown := sorted(wanted - settings.list_codes()):
            parser.error(f"no list {unknown[0]!r}")
        (home / "settings").mkdir(parents=True)
        off = ", ".join(sorted(settings.list_codes() - wanted))
        (home / "settings" / "settings.yml").write_text(f"lists_off: [{off}]\n")
        os.environ["MINGDAN_SETTINGS"] = str(home / "settings")
    sys.stdout.write(f"{given.customers} customers, {branches} branches, 15 months\n")
    sys.stdout.write(f"{'stage':<18}{'wall s':>9}{'cpu s':>9}{'peak MiB':>9}\n")
    if not (bank / "core" / "customers" / f"biz_date={DAY_BEFORE}").exists():
        shutil.rmtree(bank, ignore_errors=True)  # made by a bench that knew one day only
        measured("sample bank", lambda: write_sample_bank(
            bank, bank.with_suffix(".truth.parquet"), customers=given.customers, branches=branches, months=15,
            until=UNTIL, seed=7, snapshots="daily", daily_from=DAY_BEFORE,
        ))  # fmt: skip
    measured("floor", lambda: floor(bank))
    log = home / "logs" / "dbt.log"
    if given.day_before:
        in_a_process_of_its_own(whole_day, DAY_BEFORE, "first day", True)
        log.unlink()  # the costliest models named below are the later day's
    in_a_process_of_its_own(whole_day, UNTIL, "a later day" if given.day_before else "landing to files", False)
    seconds = node_seconds(log)
    own = [path.stem for path in (DBT_PROJECT / "models" / "delivery").glob("*.sql")]
    sys.stdout.write(
        f"{'delivery alone':<18}{sum(seconds[name] for name in own):9.1f}   its models, from candidates to leads\n"
    )
    for name in sorted(seconds, key=seconds.__getitem__, reverse=True)[:COSTLIEST]:
        sys.stdout.write(f"  {name:<36}{seconds[name]:9.1f}\n")
    if given.solver:
        warehouse = Warehouse(settings.home(), settings.load())
        measured("exact solver", lambda: optimum.tell(warehouse.path, warehouse.compiled))
    return 0


if __name__ == "__main__":
    sys.exit(main())
