"""Commands killed by SIGKILL: every report shown as saved is kept, and is delivered once.

The commands are the installed ones, and the authority is `apoa sandbox` with a database on the disk. With `disk.c` the
kills come before the changes of the disk; `test_storm` has those at random times, of many processes.
"""

import os
from collections.abc import Callable
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
