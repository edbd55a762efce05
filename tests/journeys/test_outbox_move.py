"""`apoa outbox move` through the installed command, killed at each of its steps, in both directions."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from basics import LONG
from cli_helpers import Installed
from journeys_helpers import assert_delivered_once, guest
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox

_KILLED_AT = """
import os, signal, sys
from apoa_client.cli.main import run
from apoa_client.app.container import Container
from apoa_client.app.shared_outbox import OutboxSwitch
from apoa_client.outbox.sql import hand_over
name, _blank, number = os.environ["KILLED_AT"].partition(" ")
owner = next(each for each in (OutboxSwitch, Container, hand_over.HandOver) if hasattr(each, name))
usual, calls = getattr(owner, name), []
def killed(*arguments, **options):
    calls.append(name)
    if len(calls) == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return usual(*arguments, **options)
setattr(owner, name, killed)
hand_over._PIECE = 2
sys.exit(run(sys.argv[1:], dict(os.environ), None))
"""
"""The program, whose process is killed where it would call one method for the n-th time."""

# Before each of these, what the one before has done is durable.
STEPS = (
    *("run 1", "save_settings 1", "hand_over 1", "_hand_over_to 1"),
    *(f"{name} {number}" for number in (1, 2, 3) for name in ("_mark", "_store", "_release")),
    *(
        "_mark 4",
        "_store 4",
        "_store 5",
        "_stays 1",
        "_hand_over_together 1",
        "_hand_over_together 2",
        "_hand_over_together 3",
    ),
    "save_settings 2",
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@pytest.fixture
def desk(apoa: Installed, sandbox: Callable[..., Any], tmp_path: Path) -> Installed:
    """A desk whose authority can be reached."""
    assert apoa.set_up(sandbox("", "--memory", str(tmp_path / "authority.db")).url, "latihan").code == 0
    apoa.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    return apoa


def save(desk: Installed, number: int) -> str:
    """Report a guest without sending. Returns the short id."""
    said = desk(*guest(number).mrz("--json", "--no-send"))
    assert said.code == 0, said.err
    short_id: str = said.json["short_id"]
    return short_id


@pytest.mark.slow
def test_a_move_that_is_killed_at_each_step(desk: Installed, postgres_outbox: SharedOutbox, tmp_path: Path) -> None:
    """In both directions: the next guest is saved at once, and after a delivery every guest is reported once.

    One direction by turns; a long run kills both at each step.
    """
    address = f"postgresql://{PROPERTY}@127.0.0.1:{postgres_outbox.cluster.port}/{postgres_outbox.database}"
    promised = [save(desk, number) for number in range(1, 4)]
    assert desk("sync").code == 0
    promised += [save(desk, number) for number in range(4, 7)]
    moves = [(step, to) for step in STEPS for to in (address, "sqlite")]
    for number, (step, to) in enumerate(moves):
        if not LONG and number % 4 in {1, 2} and number < len(moves) - 1:
            continue
        if (step, to) != ("save_settings 2", address):  # only a server is given up by a second change
            assert _move_killed_at(desk, to, step) == -9, (step, to)
        promised.append(save(desk, len(promised) + 1))
        if desk("config", "get", "outbox").out != f"{to}\n":  # it was killed before the switch
            assert desk("outbox", "move", "--to", to, "--yes").code == 0
        assert desk("sync").code == 0
        assert {report["state"] for report in desk.reports()} == {"accepted"}
        promised += [save(desk, len(promised) + each) for each in (1, 2)]
    assert desk("sync").code == desk("log", "--verify").code == 0
    assert_delivered_once(desk.reports(), tmp_path / "authority.db", promised)


def _move_killed_at(desk: Installed, to: str, step: str) -> int:
    environ = {**os.environ, **desk.environ, "KILLED_AT": step}
    command = [sys.executable, "-c", _KILLED_AT, "outbox", "move", "--to", to, "--yes"]
    return subprocess.run(command, env=environ, check=False, capture_output=True, timeout=60).returncode
