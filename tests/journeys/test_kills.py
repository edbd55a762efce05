"""Killed without warning (SIGKILL) at any moment: what was said to be saved is there, and is delivered once.

The commands are the installed ones, the authority is `apoa sandbox` over HTTP with a memory on disk, and it is killed,
too. Where the kill falls is left to chance; then, with `disk.c`, it falls before every single change of the disk.
"""

import os
import random
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import Installed
from conftest import LONG
from journeys_helpers import (
    Disk,
    assert_delivered_once,
    call,
    files_below,
    guest,
    said_to_be_saved,
    sync_later,
    unmeasured,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.durable,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's"),
]

ROUNDS = 100 if LONG else 5
"""Each kills a report that is sent, one that is only saved, a sync, and the authority in a sync."""
SEED = random.SystemRandom().randrange(1 << 32) if LONG else 4
STRIDE = 1 if LONG else 9
"""Of the changes that a command makes on the disk, the kill falls before each of these many."""

Start = Callable[..., Any]
"""Starts a `Sandbox`."""


class Installation:
    """A property and its authority, of which any process may be killed; and what was promised to somebody."""

    def __init__(self, apoa: Installed, start: Start, memory: Path) -> None:
        self.apoa = unmeasured(apoa)
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
        """The arguments that report the next guest."""
        self.guests += 1
        return guest(self.guests).mrz(*more)

    def save(self, reports: int) -> None:
        """So many more reports wait, and nobody is killed."""
        for _report in range(reports):
            self.hear(self.apoa(*self.report("--no-send", "--json")).out)

    def hear(self, out: str) -> None:
        """Remember what this output promised."""
        short_id = said_to_be_saved(out)
        self.promised |= {short_id} if short_id is not None else set()

    def usual_time(self, arguments: Sequence[str]) -> float:
        """Seconds that a command takes which nobody kills."""
        begun = time.monotonic()
        self.hear(self.apoa(*arguments).out)
        return time.monotonic() - begun

    def kill(self, arguments: Sequence[str], delay: float) -> None:
        """Run a command, and kill it after so many seconds."""
        process = self.apoa.start(*arguments)
        self._kill(process, process, delay)

    def kill_the_authority(self, delay: float) -> None:
        """Run a sync, kill the authority after so many seconds, and have it come back at the same address."""
        syncing = self.apoa.start("sync", "--json")
        self._kill(syncing, self._authority.process, delay)
        self._authority.process.kill()
        self._authority.process.communicate()
        self._authority = self._start("", "--memory", str(self.memory), "--port", self._authority.port)

    def _kill(self, process: "subprocess.Popen[str]", victim: "subprocess.Popen[str]", delay: float) -> None:
        try:
            out, err = process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            victim.kill()
            self.kills += 1
            out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        self.hear(out)

    def settle(self) -> None:
        """When all is quiet: everything is delivered, once, and no trace of a kill is left."""
        sync_later(self.apoa.environ)
        assert self.apoa("sync").code == 0
        assert_delivered_once(self.apoa.reports(), self.memory, self.promised)
        assert files_below(self.apoa.home) == self.files


@pytest.fixture
def kept(apoa: Installed, sandbox: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A house, all of whose temporary files go where the test can look."""
    (tmp_path / "tmp").mkdir()
    apoa.environ["TMPDIR"] = str(tmp_path / "tmp")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return Installation(apoa, sandbox, tmp_path / "authority.db")


@pytest.mark.parametrize("seed", [SEED])
def test_killed_by_chance(kept: Installation, tmp_path: Path, seed: int) -> None:
    """Reports and syncs are killed anywhere between their start and their usual end, and so is the authority."""
    chance = random.Random(seed)  # noqa: S311  a test's
    sent = kept.usual_time(kept.report("--json"))
    saved = kept.usual_time(kept.report("--no-send"))
    synced = kept.usual_time(["sync"])
    for _round in range(ROUNDS):
        kept.kill(kept.report("--json"), chance.uniform(0, sent))
        kept.kill(kept.report("--no-send"), chance.uniform(0, saved))
        kept.save(1)
        kept.kill(["sync"], chance.uniform(0, synced))
        kept.save(1)
        kept.kill_the_authority(chance.uniform(0, synced))
    kept.settle()
    assert files_below(tmp_path / "tmp") == set()
    assert kept.kills > 2 * ROUNDS  # the rest ended before


@pytest.mark.parametrize("what", ["report", "sync"])
def test_killed_before_each_change_of_the_disk(kept: Installation, disk: Disk, what: str) -> None:
    """No step of saving, claiming or writing down an answer is one at which a kill loses or doubles anything."""
    disk.root = kept.apoa.home
    dead, step = True, 1
    while dead:
        kept.save(1 if what == "sync" else 0)
        arguments = ["sync"] if what == "sync" else kept.report("--json")
        said = call(kept.apoa, arguments, "en", more=disk.environ(DISK_STEP=str(step)))
        dead = said.code == -9
        assert dead or said.code in {0, 75}
        kept.hear(said.out)
        step += STRIDE
    assert step > 30  # so many changes a command makes at least
    kept.settle()
