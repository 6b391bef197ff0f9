"""`make bench-portal`: how fast pages are for a whole bank, and at which rate they stop being so.

    python -m mingdan.portal.load --day var/demo/published [--branches 500] [--leads 200] [--users 50] [--seconds 60]

A published day is copied once per branch, customers and all, so that words, facts and labels are real ones; a year of
outcomes stands in the portal's store. The portal runs as a process of its own; users are threads of this one, each at
another branch, with a pause between pages. Then as many pages as possible are asked for, without pauses."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb

from mingdan import publishing
from mingdan.portal import store
from mingdan.stores import Store

# Of a hundred pages, what a branch opens; a day's work is mostly its list and the leads on it.
MIX = {"today": 34, "next page": 10, "lead": 22, "customer card": 18, "search": 6, "outcome": 6, "csv": 2, "xlsx": 2}
AIMS = {"today": 150, "customer card": 200, "csv": 300, "xlsx": 300}  # p95 in ms, of the first byte of downloads
WORKING_DAYS, CONTACTS_A_DAY = 250, 30
SETTLING = 30  # seconds in which each process does what it does once for each revision, from its first card on


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# --- the day ------------------------------------------------------------------------------------------------------


def multiply(source: Path, target: Path, branches: int, leads: int) -> date:
    """Copy the newest published day so that each of so many branches has all its customers and so many of its leads."""
    read = Store(str(source))
    list_date = publishing.current_list_date(read)
    if list_date is None:
        raise SystemExit(f"{source}: expected a published day; found none.")
    revision = publishing.current_revision(read, list_date)
    assert revision is not None
    inside = f"{list_date}/{publishing.path_of(revision)}"
    here, there = source / inside, target / inside
    shutil.copytree(here, there, ignore=shutil.ignore_patterns("branches", "channels"))
    day = json.loads((here / "portal" / "day.json").read_text(encoding="utf-8"))
    database = duckdb.connect()
    database.execute(f"create table copies as select printf('%04d', range) as branch from range(1, {branches + 1})")
    database.execute(
        f"create view mine as select * from (select *, row_number() over (order by lead_id) as place, count(*) over () "
        f"as of_all from read_parquet('{here}/leads.parquet') where central_channel is null)"
    )
    times = "cross join copies"
    of_branch = "branch as branch_id, copies.branch || '支行' as branch_name"
    wanted = {
        "leads": f"select mine.* exclude (place, of_all) replace (branch as branch_id, "
        "branch || '支行' as branch_name, place + of_all * again as rank, "
        "'L' || left(md5(branch || lead_id || again), 20) as lead_id, "
        f"branch || customer_id as customer_id) from mine {times} "
        f"cross join (select range as again from range(0, {leads})) where place + of_all * again <= {leads}",
        "portal/customers": f"select file.* replace (branch as home_branch_id, branch || customer_id as customer_id) "
        f"from file {times} order by branch, customer_id",
        "portal/customer_labels": f"select file.* replace (branch || customer_id as customer_id) from file {times} "
        "order by branch, customer_id",
        "portal/customer_events": f"select file.* replace (branch || customer_id as customer_id) from file {times} "
        "order by branch, customer_id, event_on, event_code",
        "portal/relations": f"select file.* replace (branch || customer_id as customer_id, "
        f"branch || related_customer_id as related_customer_id) from file {times} order by branch, customer_id",
        "decisions": f"select file.* replace (branch || subject_id as subject_id) from file {times} "
        "order by branch, subject_id, list",
        "portal/changes": f"select file.* replace (branch as branch_id) from file {times} order by branch, lead_id",
        "portal/branches": f"select {of_branch} from copies order by branch",
        "portal/units": "select branch as branch_id, branch || '支行' as branch_name, 'R' as parent_branch_id, "
        "2 as level from copies union all select 'R', '区域', null, 1 order by 1",
    }
    for name, query in wanted.items():
        path = here / f"{name}.parquet"
        if not path.exists():
            continue
        order = " order by branch_id, rank" if name == "leads" else ""
        database.execute(
            f"copy ({query.replace('from file', f'from read_parquet({str(path)!r}) as file')}{order}) "
            f"to '{there}/{name}.parquet' (compression zstd)"
        )
    some = next(iter(row["branch_id"] for row in day["states"] if row["branch_id"]))
    states = [row for row in day["states"] if row["branch_id"] in (None, some)]
    named: list[str | None] = [f"{number:04d}" for number in range(1, branches + 1)]
    day["states"] = [
        {**row, "branch_id": branch} for row in states for branch in (named if row["branch_id"] else [None])
    ]
    (there / "portal" / "day.json").write_text(json.dumps(day, ensure_ascii=False), encoding="utf-8")
    publishing.point(Store(str(target)), list_date, revision)
    return list_date


def year_of_outcomes(url: str, target: Path, list_date: date, branches: int) -> int:
    """Outcomes of a year at every branch: old leads, and today's of the last days."""
    rng = random.Random(7)
    leads = defaultdict(list)
    path = next(target.glob("20*/r*/leads.parquet"))
    for branch, lead, customer, code in duckdb.execute(
        f"select branch_id, lead_id, customer_id, list from read_parquet('{path}') order by 1, rank"
    ).fetchall():
        leads[branch].append((lead, customer, code))
    answers = ("not_reached", "call_again", "interested", "not_interested", "done")

    def rows() -> Iterator[dict[str, Any]]:
        number = 0
        for back in range(WORKING_DAYS * 7 // 5, 0, -1):
            day = list_date - timedelta(days=back)
            if day.weekday() > 4:
                continue
            for branch, known in leads.items():
                for _ in range(CONTACTS_A_DAY):
                    number += 1
                    lead, customer, code = known[rng.randrange(len(known))]
                    when = datetime(day.year, day.month, day.day, 9 + number % 8, number % 60)
                    yield {
                        "contact_id": f"P{number:024x}", "lead_id": lead if back < 10 else f"L{number:020x}",
                        "list": code, "subject_type": "customer", "subject_id": customer, "branch_id": branch,
                        "list_date": day, "contacted_at": when, "recorded_at": when, "channel": "call",
                        "outcome": "do_not_contact" if number % 9973 == 0 else answers[number % 5],
                        "call_again_on": list_date if number % 5 == 1 else None, "actor": f"u{branch}",
                        "origin": "page", "same": f"{number:064x}", "handed_over_on": day,
                    }  # fmt: skip

    engine, count, part = store.open_store(url), 0, []
    for row in rows():
        part.append(row)
        if len(part) == 50_000:
            count += kept(engine, part)
            part = []
    count += kept(engine, part)
    with engine.begin() as connection:
        connection.exec_driver_sql("analyze")
    engine.dispose()
    return count


def kept(engine: Any, rows: list[dict[str, Any]]) -> int:
    if rows:
        with engine.begin() as connection:
            connection.execute(store.outcomes.insert(), rows)
    return len(rows)


# --- the portal ---------------------------------------------------------------------------------------------------


def prepare(args: argparse.Namespace) -> date:
    """The home of the load: published/, the store, people and settings. Made once per size, then kept."""
    home: Path = args.home
    done = home / f"ready-{args.branches}-{args.leads}"
    if not done.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        begun = time.monotonic()
        list_date = multiply(Path(args.day), home / "published", args.branches, args.leads)
        say(f"a day of {args.branches} branches with {args.leads} leads each: {time.monotonic() - begun:.0f} s")
        begun = time.monotonic()
        count = year_of_outcomes(f"sqlite:///{home}/portal/portal.db", home / "published", list_date, args.branches)
        say(f"{count} outcomes: {time.monotonic() - begun:.0f} s")
        settings = home / "settings"
        settings.mkdir()
        (settings / "settings.yml").write_text(
            f"environment: test\nportal:\n  identity: header\n  proxies: [127.0.0.0/8]\n  people: {home}/people.csv\n"
            "  secure_cookies: false\n  pinned_to_newest: true\n",
            encoding="utf-8",
        )
        lines = ["user_id,name,role,branch_id,employee_id"]
        lines += [f"u{number:04d},示例,branch_manager,{number:04d},E{number}" for number in range(1, args.branches + 1)]
        (home / "people.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        done.write_text(list_date.isoformat())
    return date.fromisoformat(done.read_text())


def served(args: argparse.Namespace) -> subprocess.Popen[bytes]:
    own = {"MINGDAN_HOME": str(args.home), "MINGDAN_SETTINGS": str(args.home / "settings")}
    command = [sys.executable, "-m", "mingdan.cli", "portal", "--port", str(args.port), "--workers", str(args.workers)]
    process = subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL)
    for _ in range(600):
        try:
            one = http.client.HTTPConnection("127.0.0.1", args.port, timeout=60)
            one.request("GET", "/health")
            if one.getresponse().status == 200:
                return process
        except OSError:
            time.sleep(0.2)
    process.kill()
    raise SystemExit("the portal did not start")


class User:
    """One person at one branch, who opens pages in the proportions of MIX."""

    def __init__(self, args: argparse.Namespace, number: int, known: list[tuple[str, str]]) -> None:
        self.rng, self.known = random.Random(number), known
        self.headers = {"X-Remote-User": f"u{number:04d}"}
        self.connection = http.client.HTTPConnection("127.0.0.1", args.port, timeout=60)
        self.csrf = ""
        self.open("GET", "/today")

    def open(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, float, int]:
        """(status, milliseconds to the first byte, bytes)."""
        headers = dict(self.headers)
        body = None
        if form is not None:
            body = urlencode({**form, "csrf": self.csrf})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begun = time.perf_counter()
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):  # idle for 5 s: as a browser does, connect anew
            self.connection.close()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        first = answer.read(1)
        took = (time.perf_counter() - begun) * 1000
        data = first + answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            self.headers["Cookie"] = cookie.split(";")[0]
        if not self.csrf and b'name="csrf" content="' in data:
            self.csrf = data.split(b'name="csrf" content="')[1].split(b'"')[0].decode()
        return answer.status, took, len(data)

    def page(self) -> tuple[str, int, float, int]:
        (what,) = self.rng.choices(list(MIX), list(MIX.values()))
        lead, customer = self.rng.choice(self.known)
        said = {"outcome": "not_reached", "channel_used": "call", "note": str(self.rng.random())}
        asked: dict[str, tuple[str, str, dict[str, str] | None]] = {
            "today": ("GET", "/today", None), "next page": ("GET", "/today?page=2", None),
            "lead": ("GET", f"/leads/{lead}", None), "customer card": ("GET", f"/customers/{customer}", None),
            "search": ("POST", "/who", {"q": customer[-6:]}), "outcome": ("POST", f"/leads/{lead}/outcome", said),
            "csv": ("GET", "/download/csv", None), "xlsx": ("GET", "/download/xlsx", None),
        }  # fmt: skip
        return what, *self.open(*asked[what])


Seen = list[tuple[str, int, float, int]]


def crowd(users: Iterable[User], seconds: float, pause: float) -> tuple[Seen, float]:
    """All users at once for so long; what they saw, and the pages a second."""
    seen: Seen = []
    begun = time.monotonic()

    def work(user: User) -> None:
        time.sleep(user.rng.random() * pause)
        while time.monotonic() - begun < seconds:
            seen.append(user.page())
            time.sleep(pause * (0.5 + user.rng.random()))

    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen, len(seen) / (time.monotonic() - begun)


def report(seen: Seen) -> bool:
    """Print what was seen by kind of page; whether every aim was met."""
    met = True
    say(f"{'page':<16}{'n':>6}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'KB':>7}   aim")
    for what in MIX:
        mine = [each for each in seen if each[0] == what and each[1] in (200, 303)]
        if len(mine) < 2:
            continue
        times = sorted(each[2] for each in mine)
        p95 = statistics.quantiles(times, n=20)[-1]
        is_met = p95 <= AIMS.get(what, 10**9)
        met = met and is_met
        aim = f"{'' if is_met else 'NOT '}within {AIMS[what]} ms" if what in AIMS else ""
        largest, half = max(each[3] for each in mine) / 1024, statistics.median(times)
        say(f"{what:<16}{len(mine):>6}{half:>9.0f}{p95:>9.0f}{times[-1]:>9.0f}{largest:>7.0f}   {aim}")
    wrong = [each[:2] for each in seen if each[1] not in (200, 303)]
    if wrong:
        say(f"other answers: {sorted(set(wrong))}, {len(wrong)} in all")
    return met and not [each for each in wrong if each[1] >= 500]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mingdan.portal.load", description=__doc__)
    parser.add_argument("--day", required=True, help="a folder published/ with a day")
    parser.add_argument("--home", type=lambda text: Path(text).resolve(), default=Path("var/load").resolve())
    parser.add_argument("--branches", type=int, default=500)
    parser.add_argument("--leads", type=int, default=200, help="per branch")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--port", type=int, default=8091)
    args = parser.parse_args()
    prepare(args)
    path = next((args.home / "published").glob("20*/r*/leads.parquet"))
    known = defaultdict(list)
    for branch, lead, customer in duckdb.execute(
        f"select branch_id, lead_id, customer_id from read_parquet('{path}') where subject_type = 'customer' "
        f"and rank <= 50 and branch_id <= '{args.users:04d}'"
    ).fetchall():
        known[int(branch)].append((lead, customer))
    begun = time.monotonic()
    process = served(args)
    try:
        say(f"the portal answers after {time.monotonic() - begun:.1f} s; load of the machine {os.getloadavg()[0]:.1f}")
        users = [User(args, number, known[number]) for number in sorted(known)]
        for user in users:
            user.open("GET", f"/customers/{user.known[0][1]}")
        time.sleep(SETTLING)
        seen, rate = crowd(users, args.seconds, 2.0)
        say(f"{len(users)} users, 2 s between pages: {rate:.1f} pages a second")
        met = report(seen)
        memory = next(
            int(line.split()[1]) / 1024
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("VmHWM")
        )  # fmt: skip
        say(f"memory of the portal: {memory:.0f} MiB; load of the machine {os.getloadavg()[0]:.1f}")
        _, most = crowd(users[:8], args.seconds / 3, 0.0)
        say(f"saturation, 8 users without a pause: {most:.1f} pages a second")
    finally:
        process.terminate()
        process.wait()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
