"""`apoa outbox move` through the installed command, killed at each of its steps, in both directions."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import Installed
from journeys_helpers import assert_delivered_once, guest
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox

_KILLED_AT = """
import os, signal, sys
from apoa_client.cli.main import run
from apoa_client.app.outbox_move import OutboxMove
from apoa_client.outbox.sql.relocation import Relocation
from apoa_client.outbox.sql.whole_copy import WholeCopy
from apoa_client.outbox.sql import whole_copy
name, _dot, number = os.environ["KILLED_AT"].partition(" ")
owner = next(each for each in (OutboxMove, Relocation, WholeCopy) if name in vars(each))
usual, calls = getattr(owner, name), []
def killed(*arguments, **options):
    calls.append(name)
    if len(calls) == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return usual(*arguments, **options)
setattr(owner, name, killed)
whole_copy._PIECE = 2
sys.exit(run(sys.argv[1:], dict(os.environ), None))
"""
"""The program, whose process is killed where it would call one method for the n-th time."""

# After `_finish` was called, the old place is left, and only the rest is done again.
STEPS = (
    *("begin 1", "_put 1", "_put 2", "_leave 1", "rest 1", "check_reports 1", "check_rest 1", "_finish 1"),
    *("rest 1", "check_rest 1", "_use_filled 1", "_save 1", "_keep 1"),
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
    """The same command goes on where it was; every guest is shown, and reported once."""
    address = f"postgresql://{PROPERTY}@127.0.0.1:{postgres_outbox.cluster.port}/{postgres_outbox.database}"
    promised = [save(desk, number) for number in range(1, 4)]
    assert desk("sync").code == 0
    promised += [save(desk, number) for number in range(4, 6)]
    reports = desk.reports()
    for to in (address, "sqlite"):
        for step in STEPS:
            if to == "sqlite" or step != "_use_filled 1":
                assert _move_killed_at(desk, to, step) == -9, step
        assert desk.reports() == reports
        assert desk("log", "--verify").code == 0
        assert desk("config", "get", "outbox").out == f"{to}\n"
    promised.append(save(desk, 6))
    assert desk("sync").code == 0
    assert_delivered_once(desk.reports(), tmp_path / "authority.db", promised)


def _move_killed_at(desk: Installed, to: str, step: str) -> int:
    environ = {**os.environ, **desk.environ, "KILLED_AT": step}
    command = [sys.executable, "-c", _KILLED_AT, "outbox", "move", "--to", to, "--yes"]
    return subprocess.run(command, env=environ, check=False, capture_output=True, timeout=60).returncode
