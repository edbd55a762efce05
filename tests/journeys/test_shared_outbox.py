"""Desks with a shared outbox; the server or a process is killed, also during a move: each report arrives once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from basics import LONG
from cli_helpers import Installed
from journeys_helpers import assert_delivered_once, guest, in_new_processes
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox
from shared_desks import Desks, save, two_desks

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


needs_kills = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def killed_at(desk: Installed, step: str, *arguments: str) -> int:
    """Run a command whose process is killed at a step. Returns its exit code."""
    environ = {**os.environ, **desk.environ, "KILLED_AT": step}
    command = [sys.executable, "-c", _KILLED_AT, *arguments]
    return subprocess.run(command, env=environ, check=False, capture_output=True, timeout=60).returncode


@pytest.fixture
def desks(apoa: Installed, sandbox: Callable[..., Any], postgres_outbox: SharedOutbox, tmp_path: Path) -> Desks:
    """Two desks whose authority can be reached."""
    address = postgres_outbox.cluster.address(postgres_outbox.database, PROPERTY)
    return two_desks(apoa, sandbox, address.place, tmp_path)


def test_two_desks_and_a_server_that_is_killed(desks: Desks, postgres_outbox: SharedOutbox) -> None:
    """Each saves a guest meanwhile; both see all of them afterwards."""
    promised = [save(desks.first, 1)]
    postgres_outbox.cluster.kill()
    try:
        promised += [save(desks.first, 2), save(desks.second, 3)]
        assert desks.second("sync").code == 75
    finally:
        postgres_outbox.cluster.start()
    promised.append(save(desks.second, 4))
    desks.assert_all_sent_once(promised)


@needs_kills
@pytest.mark.parametrize(
    "method", ["_release", *(pytest.param(each, marks=pytest.mark.slow) for each in ("_mark", "_store"))]
)
def test_a_process_that_is_killed_while_it_hands_reports_over(
    desks: Desks, postgres_outbox: SharedOutbox, method: str
) -> None:
    """Before it, with an open transaction, and between the commits of both sides: the next command goes on."""
    postgres_outbox.cluster.kill()
    try:
        promised = [save(desks.first, number) for number in (1, 2)]
    finally:
        postgres_outbox.cluster.start()
    assert killed_at(desks.first, f"{method} 1", "list") == -9
    desks.assert_all_sent_once(promised)


@pytest.mark.slow
@pytest.mark.durable
def test_a_server_that_is_killed_during_reports(desks: Desks, postgres_outbox: SharedOutbox) -> None:
    """Again and again, at any moment of saving: each report is in one of both outboxes, and is sent once."""
    promised: list[str] = []
    started = [in_new_processes(desk) for desk in (desks.first, desks.second)]
    for number in range(20 if LONG else 6):
        running = [
            desk.start(*guest(2 * number + index).mrz("--json", "--no-send")) for index, desk in enumerate(started)
        ]
        if number % 2:
            running[0].wait(timeout=60)
        postgres_outbox.cluster.kill()
        for process in running:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            promised.append(out.partition('"short_id": "')[2][:8])
        postgres_outbox.cluster.start()
    for desk in (desks.first, desks.second):
        assert desk("status").code == 0
    desks.assert_all_sent_once(promised)


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


@pytest.fixture
def desk(apoa: Installed, sandbox: Callable[..., Any], tmp_path: Path) -> Installed:
    """A desk whose authority can be reached."""
    assert apoa.set_up(sandbox("", "--memory", str(tmp_path / "authority.db")).url, "latihan").code == 0
    apoa.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    return apoa


@needs_kills
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
            assert killed_at(desk, step, "outbox", "move", "--to", to, "--yes") == -9, (step, to)
        promised.append(save(desk, len(promised) + 1))
        if desk("config", "get", "outbox").out != f"{to}\n":  # it was killed before the switch
            assert desk("outbox", "move", "--to", to, "--yes").code == 0
        assert desk("sync").code == 0
        assert {report["state"] for report in desk.reports()} == {"accepted"}
        promised += [save(desk, len(promised) + each) for each in (1, 2)]
    assert desk("sync").code == desk("log", "--verify").code == 0
    assert_delivered_once(desk.reports(), tmp_path / "authority.db", promised)
