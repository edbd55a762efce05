"""Two desks of one property with a shared outbox, whose server is killed: every guest is reported once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cli_helpers import Installed
from journeys_helpers import assert_delivered_once, guest, in_new_processes
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox

_KILLED_AT = """
import os, signal, sys
from apoa_client.cli.main import run
from apoa_client.outbox.sql.moving import Moving
setattr(Moving, os.environ["KILLED_AT"], lambda *_arguments: os.kill(os.getpid(), signal.SIGKILL))
sys.exit(run(sys.argv[1:], dict(os.environ), None))
"""
"""The program, whose process is killed where it would call one method."""


class Desks(NamedTuple):
    """Two computers with the same settings and keys, and what they share."""

    first: Installed
    second: Installed
    outbox: SharedOutbox
    memory: Path

    def assert_all_sent_once(self, promised: list[str]) -> None:
        """Both desks see every report, and the authority has each once."""
        assert self.first("sync", "--quiet").code == 0
        reports = self.first.reports()
        assert [report["id"] for report in self.second.reports()] == [report["id"] for report in reports]
        assert_delivered_once(reports, self.memory, promised)
        for desk in (self.first, self.second):
            assert desk("log", "--verify").code == 0


@pytest.fixture
def desks(apoa: Installed, sandbox: Callable[..., Any], postgres_outbox: SharedOutbox, tmp_path: Path) -> Desks:
    """Two desks whose authority can be reached."""
    memory = tmp_path / "authority.db"
    assert apoa.set_up(sandbox("", "--memory", str(memory)).url, "latihan").code == 0
    address = f"postgresql://{PROPERTY}@127.0.0.1:{postgres_outbox.cluster.port}/{postgres_outbox.database}"
    apoa.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    assert apoa("config", "set", "outbox", address).code == 0
    other = tmp_path / "other"
    shutil.copytree(apoa.home, other)
    (other / "melati" / "outbox.db").unlink()
    second = Installed(apoa.command, {**apoa.environ, "APOA_HOME": str(other)})
    return Desks(apoa, second, postgres_outbox, memory)


def save(desk: Installed, number: int) -> str:
    """Report a guest without sending. Returns the short id."""
    said = desk(*guest(number).mrz("--json", "--no-send"))
    assert said.code == 0, said.err
    short_id: str = said.json["short_id"]
    return short_id


def test_two_desks_and_a_server_that_is_killed(desks: Desks) -> None:
    """Each saves a guest meanwhile; both see all of them afterwards."""
    promised = [save(desks.first, 1)]
    desks.outbox.cluster.kill()
    try:
        promised += [save(desks.first, 2), save(desks.second, 3)]
        assert desks.second("sync").code == 75
    finally:
        desks.outbox.cluster.start()
    promised.append(save(desks.second, 4))
    desks.assert_all_sent_once(promised)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("method", ["_move", "_record", "_remove"])
def test_a_process_that_is_killed_while_it_moves_reports(desks: Desks, method: str) -> None:
    """Before it, with an open transaction, and between the commits of both sides: the next command goes on."""
    desks.outbox.cluster.kill()
    try:
        promised = [save(desks.first, number) for number in (1, 2)]
    finally:
        desks.outbox.cluster.start()
    environ = {**os.environ, **desks.first.environ, "KILLED_AT": method}
    command = [sys.executable, "-c", _KILLED_AT, "list"]
    killed = subprocess.run(command, env=environ, capture_output=True, timeout=60, check=False)
    assert killed.returncode < 0
    desks.assert_all_sent_once(promised)


@pytest.mark.slow
@pytest.mark.durable
def test_a_server_that_is_killed_during_reports(desks: Desks) -> None:
    """Again and again, at any moment of saving: each report is in one of both outboxes, and is sent once."""
    promised: list[str] = []
    started = [in_new_processes(desk) for desk in (desks.first, desks.second)]
    for number in range(10):
        running = [
            desk.start(*guest(2 * number + index).mrz("--json", "--no-send")) for index, desk in enumerate(started)
        ]
        if number % 2:
            running[0].wait(timeout=60)
        desks.outbox.cluster.kill()
        for process in running:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            promised.append(out.partition('"short_id": "')[2][:8])
        desks.outbox.cluster.start()
    for desk in (desks.first, desks.second):
        assert desk("status").code == 0
    desks.assert_all_sent_once(promised)
