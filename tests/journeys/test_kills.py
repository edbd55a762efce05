"""Commands killed by SIGKILL: every report shown as saved is kept, and is delivered once.

The commands are the installed ones, and the authority is `apoa sandbox` with a database on the disk. With `disk.c` the
kills come before the changes of the disk; `test_storm` has those at random times, of many processes.
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import fast_command
import pytest
from basics import LONG
from cli_helpers import NOWHERE, PASSWORD, QUENTIN, Installed
from fast_command import START, FastClock
from journeys_helpers import (
    Disk,
    assert_delivered_once,
    call,
    files_below,
    guest,
    in_new_processes,
    photos_of_authority,
    saved_id,
    sweep_drafts,
    sync_later,
)
from passport_helpers import print_page
from unruly_authority import POISONS, UnrulyAuthority

pytestmark = [
    pytest.mark.slow,
    pytest.mark.durable,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's"),
]

STRIDE = 1 if LONG else 17
"""A kill comes before every n-th change that a command makes on the disk."""

Start = Callable[..., Any]
"""Starts a `Sandbox`."""


class Installation:
    """A property whose processes may be killed, and the reports that were shown as saved."""

    def __init__(self, apoa: Installed, start: Start, memory: Path) -> None:
        self.apoa = in_new_processes(apoa)
        self.memory = memory
        self.promised: set[str] = set()
        self.guests = 0
        assert self.apoa.set_up(start("", "--memory", str(memory)).url, "latihan").code == 0
        assert self.apoa("sync").code == 0
        self.files = files_below(self.apoa.home)

    def report(self, *more: str) -> list[str]:
        """Returns the arguments that report the next guest."""
        self.guests += 1
        return guest(self.guests).mrz(*more)

    def save(self, reports: int) -> None:
        """Reports this many guests without sending, undisturbed."""
        for _report in range(reports):
            self.remember(self.apoa(*self.report("--no-send", "--json")).out)

    def remember(self, out: str) -> None:
        """Adds the report that this output shows as saved."""
        short_id = saved_id(out)
        self.promised |= {short_id} if short_id is not None else set()

    def settle(self) -> None:
        """Checks that everything is delivered once and that no file of a killed process stays longer than a minute."""
        sync_later(self.apoa.environ)
        sweep_drafts(self.apoa)
        assert self.apoa("sync").code == 0
        assert_delivered_once(self.apoa.reports(), self.memory, self.promised)
        assert files_below(self.apoa.home) == self.files


@pytest.fixture
def installation(apoa: Installed, sandbox: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A property whose temporary files go to the test's folder."""
    (tmp_path / "tmp").mkdir()
    apoa.environ["TMPDIR"] = str(tmp_path / "tmp")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return Installation(apoa, sandbox, tmp_path / "authority.db")


@pytest.mark.parametrize("what", ["report", "sync"])
def test_kills_before_each_disk_change(installation: Installation, disk: Disk, what: str) -> None:
    """A kill before a change of the disk loses and duplicates no report."""
    disk.root = installation.apoa.home
    dead, step = True, 1
    while dead:
        installation.save(1 if what == "sync" else 0)
        arguments = ["sync"] if what == "sync" else installation.report("--json")
        said = call(installation.apoa, arguments, "en", more=disk.environ(DISK_STEP=str(step)))
        dead = said.code == -9
        assert dead or said.code in {0, 75}
        installation.remember(said.out)
        step += STRIDE
    assert step > 30  # so many changes a command makes at least
    installation.settle()


DESKS = 20
GUESTS = 50 if LONG else 6
"""Guests that each desk reports; every third of them leaves again."""
SENDERS = 3
SEED = random.SystemRandom().randrange(1 << 32) if LONG else 6
SYNC = ("sync", "--json", "--wait", "20")


class Storm:
    """The home, the authority, and what happened. Its methods may be called from several threads."""

    def __init__(self, apoa: Installed, disk: Disk, seed: int, photos: Path) -> None:
        plain = in_new_processes(apoa)
        self.apoa = replace(plain, command=[sys.executable, fast_command.__file__])
        self.promised: set[str] = set()
        self.figures: Counter[str] = Counter()
        self.usual = 1.0
        """Seconds that a call takes here, for the time of a kill."""
        self._disk = disk
        self._photos = photos
        self._chance = random.Random(seed)  # noqa: S311  a test's
        self._numbers = count(1)
        self._lock = threading.Lock()

    def desk(self) -> None:
        """Report guests one after the other; some of them leave again."""
        for turn in range(GUESTS):
            with self._lock:
                number = next(self._numbers)
            more = self.pick((), ("--no-send",), ("--no-send",))
            report_id = self.save(*self.arrival(number, with_photo=number % 4 == 0), "--json", *more)
            if report_id is not None and turn % 3 == 2:
                self.save("checkout", report_id, "--yes", "--json", *more)

    def arrival(self, number: int, *, with_photo: bool) -> list[str]:
        """The arguments of a guest's report. Nearly all photos are read surely: passport numbers are not all zeros."""
        if not with_photo:
            return guest(number).mrz()
        photographed = replace(guest(number), number=f"QY{number * 7919 + 1234567:07}")
        return photographed.photographed(print_page(self._photos / f"{number}.png", photographed.lines))

    def save(self, *arguments: str) -> str | None:
        """Run a command that saves a report. Returns the short id if it was shown as saved."""
        code, out = self.disturbed(arguments)
        assert code in {0, 75, 78, -9} or (code == 65 and "--photo" in arguments), (code, out)
        short_id = saved_id(out)
        with self._lock:
            self.figures["reports shown as saved" if short_id is not None else "reports not saved"] += 1
            self.promised |= {short_id} if short_id is not None else set()
        return short_id

    def send(self, until: threading.Event) -> None:
        """Send again and again."""
        while not until.is_set():
            code, out = self.disturbed(SYNC)
            assert code in {0, 69, 75, 78, -9}, (code, out)
            error = {"class": "killed"} if code == -9 else json.loads(out)["error"]
            with self._lock:
                self.figures["syncs"] += 1
                self.figures[f"sync: {error['class'] if error is not None else 'no error'}"] += 1

    def disturbed(self, arguments: Sequence[str]) -> tuple[int, str]:
        """Run a command, which may be killed or meet a full disk. Returns its exit code and output."""
        environ, delay = {}, None
        fate = self.pick("calm", "calm", "calm", "killed", "killed at a disk change", "full disk")
        with self._lock:
            if fate == "killed":
                delay = self._chance.uniform(0, self.usual)
            elif fate == "killed at a disk change":
                environ = self._disk.environ(DISK_STEP=str(self._chance.randrange(1, 60)))
            elif fate == "full disk":
                environ = self._disk.environ(DISK_ROOM=str(self._chance.randrange(100_000)))
        begun = time.monotonic()
        process = self.apoa.start(*arguments, **environ)
        try:
            out, err = process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        assert "Traceback" not in err, err
        assert "apoa-client itself" not in err, err
        with self._lock:
            self.figures["calls"] += 1
            self.figures["kills"] += process.returncode == -9
            self.figures["disk errors"] += fate == "full disk" and process.returncode == 78
            if fate == "calm":
                self.usual = (self.usual + time.monotonic() - begun) / 2
        return process.returncode, out

    def pick(self, *things: Any) -> Any:
        with self._lock:
            return self._chance.choice(things)


@pytest.fixture
def clock() -> FastClock:
    """The clock of the desks, the senders and the authority."""
    return FastClock(time.time())


@pytest.fixture
def authority(tmp_path: Path, clock: FastClock) -> Iterator[UnrulyAuthority]:
    """An authority that does not misbehave yet."""
    memory = tmp_path / "authority.db"
    with UnrulyAuthority(memory, username="latihan", password="latihan", now=clock.now) as running:
        yield running


@pytest.fixture
def storm(apoa: Installed, authority: UnrulyAuthority, disk: Disk, clock: FastClock, tmp_path: Path) -> Storm:
    """A property that was set up in calm."""
    apoa.environ[START] = str(clock.start)
    assert apoa.set_up(authority.base_url, "latihan").code == 0
    assert apoa("sync").code == 0
    assert apoa("config", "set", "keep_photos", "on").code == 0
    disk.root = apoa.home
    photos = tmp_path / "photos"
    photos.mkdir()
    return Storm(apoa, disk, SEED, photos)


def test_storm(storm: Storm, authority: UnrulyAuthority, clock: FastClock) -> None:
    """No report that was shown as saved is lost, none is acquired twice, and all are accepted once the faults end."""
    files = files_below(storm.apoa.home)
    authority.misbehave(random.Random(SEED))  # noqa: S311  a test's
    over = threading.Event()
    with ThreadPoolExecutor(DESKS + SENDERS) as pool:
        senders = [pool.submit(storm.send, over) for _sender in range(SENDERS)]
        desks = [pool.submit(storm.desk) for _desk in range(DESKS)]
        try:
            for desk in desks:
                desk.result()
        finally:
            over.set()
        for sender in senders:
            sender.result()
    accepted = storm.apoa("status", "--json").json["counts"]["accepted"]
    authority.calm_down()
    sync_later(storm.apoa.environ, now=clock.now())
    sweep_drafts(storm.apoa)
    reports = storm.apoa.reports()
    assert authority.storage is not None
    assert_delivered_once(reports, authority.storage, storm.promised)
    assert {report["photo"] for report in reports} == {None, "sent"}
    assert photos_of_authority(authority.storage).keys() == {each["id"] for each in reports if each["photo"]}
    assert files_below(storm.apoa.home) == files
    storm.figures["photos"] = sum(report["photo"] is not None for report in reports)
    figures = {**storm.figures, "accepted during the storm": accepted, "accepted": len(reports)}
    print(json.dumps({"seed": SEED, **figures, "faults": dict(authority.faults_done.most_common())}, indent=1))  # noqa: T201
    assert len(storm.promised) > DESKS * GUESTS / 2
    assert accepted > len(reports) / 2
    assert storm.figures["kills"] > DESKS
    assert storm.figures["disk errors"] > 0
    assert authority.faults_done.keys() >= {*POISONS, "reports: shuffled-list"}


HEADINGS = (
    *("Surname", "Given names", "Sex", "Date of birth", "Place of birth", "Nationality", "Passport number"),
    *("Passport expiry", "Check-in", "Planned check-out"),
)
ROWS = 60
PARTS = 24 if LONG else 6
"""At so many moments of an import its process is killed."""


def table(turn: int) -> str:
    """Returns a table with guests of their own passport numbers, and one whose number is refused."""
    numbers = [f"T{turn}X{row}" for row in range(ROWS)]
    names = [number.translate(str.maketrans("0123456789", "ABCDEFGHIJ")) for number in numbers]
    rows = [
        f"{QUENTIN.surname},{name},M,1985-09-12,GDANSK,POL,{number},2032-03-28,2026-11-23,2026-11-26"
        for name, number in zip([*names, "NAMELESS"], [*numbers, "no-number!"], strict=True)
    ]
    return "\n".join([",".join(HEADINGS), *rows, ""])


def test_imports_killed_at_any_moment(apoa: Installed, tmp_path: Path) -> None:
    """Whenever the process dies, the next one finishes its work: no row is lost, and none is reported twice."""
    assert apoa.set_up(NOWHERE, PASSWORD).code == 75
    folder = tmp_path / "drop"
    folder.mkdir()
    command = ("import", "--from", str(folder), "--no-send")
    moments = [None, *(part / PARTS for part in range(1, PARTS + 1))]
    whole_s = 0.0
    for turn, moment in enumerate(moments):
        file = folder / "a.csv"
        file.write_text(table(turn))
        os.utime(file, (0, 0))  # it is not being written any more
        begun = time.monotonic()
        if moment is not None:
            with in_new_processes(apoa).start(*command) as killed, suppress(subprocess.TimeoutExpired):
                try:
                    killed.wait(moment * whole_s)
                finally:
                    killed.kill()
        assert apoa(*command).code in ({65} if moment is None else {0, 65})
        whole_s = whole_s or time.monotonic() - begun
        assert not file.exists()
        saved = [report["guest"]["document"]["number"] for report in apoa.reports()]
        assert sorted(saved) == sorted(f"T{each}X{row}" for each in range(turn + 1) for row in range(ROWS)), moment
    names = sorted(path.name for path in (folder / "refused").iterdir() if not path.name.startswith("."))
    assert len([name for name in names if name.endswith(".reason.txt")]) == len(moments)
    assert len(names) == 3 * len(moments)
    assert list((folder / "done").iterdir()) == []
    assert apoa("log", "--verify").code == 0
