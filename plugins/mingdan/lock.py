"""One run at a time: the lock file of MINGDAN_HOME, and who holds it.

`run.lock` is created exclusively and names the run, its host, process and last heartbeat. Tasks of the same run
re-enter. It lapses when its process is gone on this host, or 15 minutes after the last heartbeat. Every look-and-change
stands under the kernel's own lock on `run.lock.guard`, so that of two runs that find a lapsed lock only one takes it.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from mingdan.settings import Home

LAPSES_AFTER = timedelta(minutes=15)
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Holder:
    """Who holds the lock. `pid` is None between two tasks of one run; `since` and `heartbeat` are UTC moments."""

    run_id: str
    host: str
    pid: int | None
    since: datetime
    heartbeat: datetime
    entry: str  # one entering of the lock; what tells an owner that the file is still his

    @property
    def lapsed(self) -> bool:
        if self.pid and self.host == socket.gethostname() and not is_alive(self.pid):
            return True
        return datetime.now(UTC) - self.heartbeat > LAPSES_AFTER


class RunLocked(RuntimeError):
    """Another run holds the lock; `run_id`, `host`, `pid` and `since` say which."""

    def __init__(self, path: Path, holder: Holder, found: str = "expected no other run under way"):
        self.run_id, self.host, self.pid, self.since = holder.run_id, holder.host, holder.pid, holder.since
        process = f"pid {holder.pid}" if holder.pid else "between two of its tasks"
        super().__init__(
            f"{path}: {found}; run {holder.run_id} holds the lock (host {holder.host}, {process}, "
            f"since {holder.since:%Y-%m-%d %H:%M:%S} UTC). Wait for it to end: a lock whose process is gone, or that "
            f"has not been refreshed for {LAPSES_AFTER.seconds // 60} minutes, lapses by itself."
        )


class RunLock:
    """`with RunLock(home, run_id):` holds MINGDAN_HOME for one run; raises RunLocked if another run has it.

    A heartbeat thread refreshes the file every `heartbeat` seconds. Leaving removes the file, unless `keep` is set and
    nothing was raised: then it stays with no process, for the run's next task to re-enter within 15 minutes.
    Entering again inside the same process and run changes nothing: the outermost block owns the file."""

    held: dict[Path, RunLock] = {}  # what this process holds

    def __init__(self, home: Home, run_id: str, keep: bool = False, heartbeat: float = 60.0):
        self.path = home.root / "run.lock"
        self.run_id, self.keep, self.heartbeat = run_id, keep, heartbeat
        self.mine: Holder | None = None
        self.left = threading.Event()

    def __enter__(self) -> RunLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        with self.guard():
            found = self.read()
            if found and found.run_id != self.run_id and not found.lapsed:
                raise RunLocked(self.path, found)
            outer = self.held.get(self.path)
            if found and outer and outer.mine and found.entry == outer.mine.entry and outer.mine.pid == os.getpid():
                return self  # the same run, further out in this process
            since = found.since if found and found.run_id == self.run_id else now
            self.mine = Holder(self.run_id, socket.gethostname(), os.getpid(), since, now, secrets.token_hex(8))
            if found:
                self.path.unlink()
            self.write(self.mine, new=True)
        self.held[self.path] = self
        self.left.clear()
        threading.Thread(target=self.keep_alive, name="run-lock", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        lost_to = self.release(keep=self.keep and kind is None)
        if lost_to and kind is None:
            raise RunLocked(self.path, lost_to, f"expected to hold it still as run {self.run_id}")

    def release(self, keep: bool = False) -> Holder | None:
        """Let go: remove the file, or with `keep` leave it for the run's next task. Says who took it meanwhile."""
        if self.mine is None:
            return None
        mine, self.mine = self.mine, None
        self.left.set()
        self.held.pop(self.path, None)
        with self.guard():
            found = self.read()
            if found is None or found.entry != mine.entry:
                return found if found and found.run_id != self.run_id else None
            if keep:
                self.write(replace(mine, pid=None, heartbeat=datetime.now(UTC)))
            else:
                self.path.unlink()
        return None

    def refresh(self) -> bool:
        """One heartbeat; False once the file is no longer ours."""
        with self.guard():
            found = self.read()
            if self.mine is None or found is None or found.entry != self.mine.entry:
                return False
            self.write(replace(self.mine, heartbeat=datetime.now(UTC)))
            return True

    def keep_alive(self) -> None:
        while not self.left.wait(self.heartbeat):
            try:
                if not self.refresh():
                    return
            except OSError:
                continue  # a full or slow disk now is no reason to give up: 15 minutes are 15 tries

    @contextmanager
    def guard(self) -> Iterator[None]:
        """The kernel lets go of it with the process, however that ends; the file itself is never removed."""
        with open(f"{self.path}.guard", "w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def read(self) -> Holder | None:
        """The holder in the file; a file that is no lock counts as an unknown run's, as old as the file."""
        try:
            text, changed = self.path.read_text(encoding="utf-8"), self.path.stat().st_mtime
        except FileNotFoundError:
            return None
        try:
            found = json.loads(text)
            moments = {name: datetime.fromisoformat(found[name]) for name in ("since", "heartbeat")}
            return Holder(**{**found, **moments})
        except (ValueError, TypeError, KeyError):
            touched = datetime.fromtimestamp(changed, UTC)
            return Holder(UNKNOWN, UNKNOWN, None, touched, touched, UNKNOWN)

    def write(self, holder: Holder, new: bool = False) -> None:
        """Whole or not at all: written aside, then linked (fails if the file exists) or put in the file's place."""
        aside = self.path.with_name(f"{self.path.name}.{holder.entry}")
        aside.write_text(json.dumps(asdict(holder), default=datetime.isoformat), encoding="utf-8")
        try:
            if new:
                os.link(aside, self.path)
            else:
                os.replace(aside, self.path)
        finally:
            aside.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
