"""Helpers of the journeys through kills, power cuts and disk errors."""

import ctypes
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from basics import FixedClock
from cli_helpers import QUENTIN, CallResult, Guest, Installed

from apoa_client.cli import main
from apoa_client.errors import ApoaError

in_each_language = pytest.mark.parametrize("lang", ["id", pytest.param("en", marks=pytest.mark.long)])
"""Runs a journey in Indonesian, and in a long run in English too."""

in_each_width = pytest.mark.parametrize("columns", [60, pytest.param(80, marks=pytest.mark.long)])
"""Runs a journey on a narrow terminal, and in a long run on one of the usual width too."""

LEASE_OVER = timedelta(minutes=6)
"""Longer than any lease that a killed process left."""

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_SAVED = re.compile(r"^Saved: .*, report ([0-9a-f]{8})\.$", re.MULTILINE)


LONGEST_S = 60.0
"""How long a test waits for a line before it fails."""


def guest(number: int) -> Guest:
    """Returns one of many guests.

    Each has a document number, else the authority would refuse the second as duplicate.
    """
    return Guest(QUENTIN.surname, QUENTIN.given_names, f"ZX{number:07}", QUENTIN.birth_place)


def in_new_processes(apoa: Installed) -> Installed:
    """Returns the same command, never forked: for processes that are killed."""
    return Installed(apoa.command, apoa.environ, forked=False)


class Follower:
    """A running `apoa sync --follow`, which writes lines. It ends at the latest after `LONGEST_S`."""

    def __init__(self, apoa: Installed, *options: str, **environ: str) -> None:
        self.process = in_new_processes(apoa).start("sync", "--follow", *options, **environ)
        self._guard = threading.Timer(LONGEST_S, self.process.kill)
        self._guard.start()
        self.line()  # it has started

    def line(self) -> str:
        """Wait for a line on stdout."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().rstrip("\n")
        assert line, self.process.communicate()
        return line

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal, and return the exit code and stderr."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        _out, err = self.process.communicate(timeout=20)
        return self.process.returncode, err

    def close(self) -> None:
        """End it without a word."""
        self._guard.cancel()
        if self.process.poll() is None:
            self.process.kill()
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.process.communicate()


def call(
    apoa: Installed, arguments: Sequence[str], lang: str, more: Mapping[str, str] = {}, **options: Any
) -> CallResult:
    """Runs one call with additions to its environment, and with options of `subprocess.run`."""
    done = subprocess.run(
        [*apoa.command, *arguments],
        env={**apoa.environ, "APOA_LANG": lang, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        **options,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return CallResult(done.returncode, done.stdout, done.stderr)


def drop_root_permissions() -> None:
    """Makes file modes apply to root too, on Linux. For `preexec_fn`."""
    libc = ctypes.CDLL(None)
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def advice_of(error: ApoaError | type[ApoaError]) -> str:
    """Returns the advice of an error in English."""
    assert error.advice is not None
    return error.advice.template


def saved_id(out: str) -> str | None:
    """Returns the short id of the report that this output shows as saved, or None.

    The output may be cut off by a kill.
    """
    found = _SAVED.search(out)
    if found is not None:
        return found[1]
    try:
        short_id: str | None = json.loads(out).get("short_id")
    except ValueError:
        return None
    return short_id


def sync_later(environ: Mapping[str, str], *, runs: int = 5, now: datetime | None = None) -> None:
    """Runs `apoa sync` after the end of every lease, until nothing is left to do. `now` is None for the real time.

    Another run follows the first one that sends everything: it asks about what the authority has not decided yet.
    """
    clock = FixedClock((now or datetime.now(UTC)) + LEASE_OVER)
    codes: list[int] = []
    while codes[-2:] != [0, 0]:
        assert len(codes) <= runs, codes
        codes.append(int(main.run(["sync", "--quiet"], environ, clock)))


def end_maintenance(home: Path) -> None:
    """Removes from the outbox what a killed rotation or restore recorded there, as its end in five minutes does."""
    path = home / "melati" / "outbox.db"
    if path.exists():
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'memo'").fetchone():
                db.execute("DELETE FROM memo WHERE key = 'maintenance'")


def sweep_drafts(apoa: Installed) -> None:
    """Lets the key file's next write remove what killed ones left: it removes temporary files over a minute old."""
    for draft in apoa.home.rglob(".*.new"):
        os.utime(draft, (0, 0))
    assert apoa("login", "--password-stdin", stdin="latihan\n").code == 0


def receipts_of_authority(memory: Path) -> dict[str, str]:
    """Returns the receipts in the training authority's database by report id.

    Receipt numbers are consecutive, so a report that was stored twice would leave a gap or an extra number.
    """
    with closing(sqlite3.connect(memory)) as db:
        rows = db.execute("SELECT id, status, number, issued_at FROM reports ORDER BY number").fetchall()
    assert [number for _id, _status, number, _at in rows] == list(range(1, len(rows) + 1))
    assert {status for _id, status, _number, _at in rows} <= {"accepted"}
    return {report_id: f"LATIHAN-{issued_at[:4]}-{number:06}" for report_id, _status, number, issued_at in rows}


def assert_delivered_once(reports: Sequence[Mapping[str, Any]], memory: Path, promised: Iterable[str]) -> None:
    """Checks that every saved report is listed and accepted, and that both sides have the same receipts."""
    assert set(promised) <= {report["short_id"] for report in reports}, "not listed"
    left = [report for report in reports if report["state"] != "accepted"]
    assert left == [], left
    ours, theirs = {report["id"]: report["receipt"]["number"] for report in reports}, receipts_of_authority(memory)
    assert ours == theirs, set(ours.items()) ^ set(theirs.items())


def photos_of_authority(memory: Path) -> dict[str, str]:
    """Returns the SHA-256 of each photo in the training authority's database, by report id."""
    with closing(sqlite3.connect(memory)) as db:
        return dict(db.execute("SELECT id, sha256 FROM photos"))


def link_to_folder(link: Path, folder: Path) -> None:
    """Make a link to a folder; on Windows a junction, for which a user needs no right."""
    if sys.platform == "win32":
        import _winapi

        try:
            _winapi.CreateJunction(str(folder), str(link))
        except OSError:
            pytest.skip("Wine makes no junctions")
    else:
        link.symlink_to(folder, target_is_directory=True)


def files_below(folder: Path) -> set[str]:
    """Returns the path of every file and folder below this one."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


class Event(NamedTuple):
    """One record of `disk.c`."""

    kind: str
    key: int
    content: bytes


@dataclass
class Disk:
    """A folder that stands for a disk, and the library that watches it (`disk.c`)."""

    library: Path
    root: Path
    log: Path

    def environ(self, **more: str) -> dict[str, str]:
        """Returns the environment of a program that has its files on this disk."""
        return {"LD_PRELOAD": str(self.library), "DISK_ROOT": str(self.root), **more}

    @property
    def logged(self) -> dict[str, str]:
        """Returns the same with logging of everything that becomes durable."""
        return self.environ(DISK_LOG=str(self.log))

    def events(self) -> list[Event]:
        """Returns the events so far."""
        events, rest = [], self.log.read_bytes()
        while rest:
            head, _, rest = rest.partition(b"\n")
            kind, key, size = head.split()
            events.append(Event(kind.decode(), int(key), rest[: int(size)]))
            rest = rest[int(size) :]
        return events

    def after_a_cut(self, events: Iterable[Event], folder: Path) -> Path:
        """Writes to `folder` the files that are left after a power cut that follows these events."""
        durable = _DurableFiles()
        for event in events:
            durable.take(event)
        durable.lay_out((self.root.stat().st_ino, 0), folder)
        return folder


_Node = tuple[int, int]
"""An inode's number, and how many earlier files had it."""


@dataclass
class _DurableFiles:
    """The files that survive a power cut, with their content and names when they were last synced."""

    contents: dict[_Node, bytes] = field(default_factory=dict)
    names: dict[_Node, list[tuple[_Node, bool, str]]] = field(default_factory=dict)
    lives: Counter[int] = field(default_factory=Counter)

    def take(self, event: Event) -> None:
        node = self._node(event.key)
        if event.kind == "F":
            self.contents[node] = event.content
        elif event.kind == "D":
            self.names[node] = [self._name(part.decode()) for part in event.content.split(b"\0")[:-1]]
        elif event.kind == "U":
            self.lives[event.key] += 1

    def lay_out(self, node: _Node, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        for child, is_folder, name in self.names.get(node, []):
            if is_folder:
                self.lay_out(child, folder / name)
            else:
                (folder / name).write_bytes(self.contents.get(child, b""))
                (folder / name).chmod(0o600)

    def _node(self, key: int) -> _Node:
        return key, self.lives[key]

    def _name(self, text: str) -> tuple[_Node, bool, str]:
        key, kind, name = text.split(" ", 2)
        return self._node(int(key)), kind == "d", name
