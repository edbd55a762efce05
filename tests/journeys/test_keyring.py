"""With a real keyring: a gnome-keyring on a session bus of the test's own, as on a receptionist's desktop."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli_helpers import QUENTIN, XIMENA, Installed
from keyring_helpers import needs_keyring, run_in_session

pytestmark = needs_keyring

PREAMBLE = """
import subprocess

def apoa(*arguments, stdin=""):
    done = subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, encoding="utf-8")
    return [done.returncode, done.stdout, done.stderr]
"""


def in_a_session(apoa: Installed, folder: Path, script: str) -> list[Any]:
    """Run a script that calls the installed command, in a desktop session with an open keyring; what it tells."""
    command = f"COMMAND = {list(apoa.command)!r}\n"
    return run_in_session(folder, command + PREAMBLE + script, environ=apoa.environ)


def test_the_whole_job_with_the_default_vault(apoa: Installed, sandbox: Callable[..., Any], tmp_path: Path) -> None:
    """Set up, report, sync, and with the keyring locked: saved with exit 0, not sent with exit 77 and advice."""
    account = ["--api-url", sandbox().url, "--username", "latihan", "--password-stdin"]
    script = f"""
calls = [apoa("setup", "--non-interactive", "--property", "melati", *{account!r}, stdin="latihan\\n")]
calls.append(apoa(*{QUENTIN.mrz("--no-send")!r}))
calls.append(apoa("sync", "--json"))
lock()
calls.append(apoa(*{XIMENA.mrz()!r}))
calls.append(apoa("sync"))
calls.append(apoa("list", "--json"))
calls.append(apoa("status", "--json"))
tell(*calls)
"""
    (tmp_path / "user").mkdir(exist_ok=True)
    setup, report, sync, locked_report, locked_sync, listed, status = in_a_session(apoa, tmp_path / "user", script)
    assert setup[0] == 0, setup
    assert sorted(path.name for path in apoa.home.rglob("*") if path.is_file() and "outbox" not in path.name) == [
        "config.toml"
    ]
    assert report[0] == 0, report
    assert (sync[0], json.loads(sync[1])["accepted"]) == (0, 1)
    assert locked_report[0] == 0, locked_report
    assert "Saved: XIMENA QUIJANO" in locked_report[1]
    assert (locked_sync[0], locked_sync[2] != "") == (77, True)
    assert "nlock" in locked_sync[2]
    assert listed[0] == 0
    assert [value["sealed"] for value in json.loads(listed[1])["reports"]] == [True, True]
    assert json.loads(status[1])["counts"] | {"queued": 1, "accepted": 1} == json.loads(status[1])["counts"]
    assert json.loads(status[1])["sending_stopped"] is None
