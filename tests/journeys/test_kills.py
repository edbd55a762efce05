"""Commands killed by SIGKILL at any time: every report shown as saved is kept, and is delivered once.

The commands are the installed ones. The authority is `apoa sandbox` with a database on the disk; it is killed too.
Kills come at random times and, with `disk.c`, before the changes of the disk.
"""

import os
import random
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from basics import LONG
from cli_helpers import Installed
from journeys_helpers import (
    Disk,
    assert_delivered_once,
    call,
    files_below,
    guest,
    in_new_processes,
    saved_id,
    sweep_drafts,
    sync_later,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.durable,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's"),
]

ROUNDS = 100 if LONG else 3
"""Each kills a report that is sent, one that is only saved, a sync, and the authority during a sync."""
SEED = random.SystemRandom().randrange(1 << 32) if LONG else 4
STRIDE = 1 if LONG else 17
"""A kill comes before every n-th change that a command makes on the disk."""

Start = Callable[..., Any]
"""Starts a `Sandbox`."""


class Installation:
    """A property and its authority, whose processes may be killed, and the reports that were shown as saved."""

    def __init__(self, apoa: Installed, start: Start, memory: Path) -> None:
        self.apoa = in_new_processes(apoa)
        self.memory = memory
        self.promised: set[str] = set()
        self.guests = 0
        self.kills = 0
        self._start = start
        self._authority = start("", "--memory", str(memory))
        assert self.apoa.set_up(self._authority.url, "latihan").code == 0
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

    def usual_time(self, arguments: Sequence[str]) -> float:
        """Returns the seconds that an undisturbed command takes."""
        begun = time.monotonic()
        self.remember(self.apoa(*arguments).out)
        return time.monotonic() - begun

    def kill(self, arguments: Sequence[str], delay: float) -> None:
        """Starts a command and kills it after this many seconds."""
        process = self.apoa.start(*arguments)
        self._kill(process, process, delay)

    def kill_the_authority(self, delay: float) -> None:
        """Starts a sync, kills the authority after this many seconds, and restarts it at the same address."""
        syncing = self.apoa.start("sync", "--json")
        self._kill(syncing, self._authority.process, delay)
        self._authority.kill()
        self._authority = self._start("", "--memory", str(self.memory), port=self._authority.port)

    def _kill(self, process: "subprocess.Popen[str]", victim: "subprocess.Popen[str]", delay: float) -> None:
        try:
            out, err = process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            victim.kill()
            self.kills += 1
            out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        self.remember(out)

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


@pytest.mark.parametrize("seed", [SEED])
def test_kills_at_random_times(installation: Installation, tmp_path: Path, seed: int) -> None:
    """Reports, syncs and the authority are killed at random times."""
    chance = random.Random(seed)  # noqa: S311  a test's
    sent = installation.usual_time(installation.report("--json"))
    saved = installation.usual_time(installation.report("--no-send"))
    synced = installation.usual_time(["sync"])
    for _round in range(ROUNDS):
        installation.kill(installation.report("--json"), chance.uniform(0, sent))
        installation.kill(installation.report("--no-send"), chance.uniform(0, saved))
        installation.save(1)
        installation.kill(["sync"], chance.uniform(0, synced))
        installation.save(1)
        installation.kill_the_authority(chance.uniform(0, synced))
    installation.settle()
    assert files_below(tmp_path / "tmp") == set()
    assert installation.kills > 2 * ROUNDS  # the rest ended before


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
