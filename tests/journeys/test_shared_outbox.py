"""Two desks of one property with a shared outbox, whose server is killed: every guest is reported once."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from basics import LONG
from cli_helpers import Installed
from journeys_helpers import Follower, guest, in_new_processes
from postgres_helpers import PROPERTY, SharedOutbox
from shared_desks import Desks, save, two_desks

_KILLED_AT = """
import os, signal, sys
from apoa_client.cli.main import run
from apoa_client.outbox.sql.hand_over import HandOver
setattr(HandOver, os.environ["KILLED_AT"], lambda *_arguments, **_named: os.kill(os.getpid(), signal.SIGKILL))
sys.exit(run(sys.argv[1:], dict(os.environ), None))
"""
"""The program, whose process is killed where it would call one method."""


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


@pytest.mark.slow
def test_a_sender_that_follows(desks: Desks, postgres_outbox: SharedOutbox, following: Callable[..., Follower]) -> None:
    """What another desk saves is sent within some seconds, also after the server was away."""
    follower, promised, times = following(desks.first), list[str](), list[float]()
    for number in range(1, 5):
        if number == 4:
            postgres_outbox.cluster.kill()
            postgres_outbox.cluster.start()
        promised.append(save(desks.second, number))
        saved = time.monotonic()
        desks.second("list")  # moves it, should the server have been slow
        assert follower.line().endswith("Sent: 1.")
        times.append(time.monotonic() - saved)
    assert min(times) < 8  # a look every five seconds; the others may have met a busy machine
    if sys.platform != "win32":
        assert follower.end() == (0, "")
    desks.assert_all_sent_once(promised)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
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
    environ = {**os.environ, **desks.first.environ, "KILLED_AT": method}
    command = [sys.executable, "-c", _KILLED_AT, "list"]
    killed = subprocess.run(command, env=environ, capture_output=True, timeout=60, check=False)
    assert killed.returncode < 0
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
