"""The installed command with a real keyring: gnome-keyring on a session bus of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Installed, spoken
from journeys_helpers import in_each_language
from key_helpers import needs_keyring, run_in_session

from apoa_client.sandbox.server import SandboxServer

pytestmark = needs_keyring

PREAMBLE = """
import subprocess

def apoa(*arguments, stdin=""):
    done = subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, encoding="utf-8")
    return [done.returncode, done.stdout, done.stderr]
"""


def in_a_session(apoa: Installed, folder: Path, script: str) -> list[Any]:
    """Runs a script that calls the installed command in a desktop session. Returns what the script tells."""
    command = f"COMMAND = {list(apoa.command)!r}\n"
    return run_in_session(folder, command + PREAMBLE + script, environ=apoa.environ)


def test_main_job_with_the_keyring(apoa: Installed, authority: SandboxServer, tmp_path: Path) -> None:
    """Set-up, report and sync work.

    With the keyring locked a report is saved with exit code 0 and sync exits with 77.
    """
    account = ["--api-url", authority.base_url, "--username", "latihan", "--password-stdin"]
    script = f"""
calls = [apoa("setup", "--non-interactive", "--property", "melati", *{account!r}, stdin="latihan\\n")]
calls.append(apoa(*{QUENTIN.mrz("--no-send")!r}))
calls.append(apoa("sync", "--json"))
lock()
calls.append(apoa(*{XIMENA.mrz()!r}))
calls.append(apoa("sync"))
calls.append(apoa("list", "--json"))
calls.append(apoa("status", "--json"))
output(*calls)
"""
    (tmp_path / "user").mkdir(exist_ok=True)
    setup, report, sync, locked_report, locked_sync, listed, status = in_a_session(apoa, tmp_path / "user", script)
    assert setup[0] == 0, setup
    assert sorted(path.name for path in apoa.home.rglob("*") if path.is_file() and "outbox" not in path.name) == [
        *("codes.json", "config.lock", "config.toml")
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


OWN_RUN = ["unshare", "--user", "--map-root-user", "--mount", "--"]
"""Runs a command with a /run of its own, which the test fills as systemd does."""


def can_mount_run() -> bool:
    """Returns whether this machine lets the test mount its own /run: Linux, root and user namespaces."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    try:
        return subprocess.run([*OWN_RUN, "true"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not can_mount_run(), reason="needs root on Linux, and user namespaces")
def test_cron_finds_the_keyring(apoa: Installed, authority: SandboxServer, tmp_path: Path) -> None:
    """With `env -i` the keyring is found as long as the user's session runs."""
    account = ["--api-url", authority.base_url, "--username", "latihan", "--password-stdin"]
    script = f"""
import os
apoa("setup", "--non-interactive", "--property", "melati", *{account!r}, stdin="latihan\\n")
apoa(*{QUENTIN.mrz("--no-send")!r})
socket = os.environ["DBUS_SESSION_BUS_ADDRESS"].split("path=")[1].split(",")[0]
run = f"mount -t tmpfs none /run && mkdir -p /run/user/0 && ln -s {{socket}} /run/user/0/bus"
cron = f"exec env -i APOA_HOME={{os.environ['APOA_HOME']}} {{' '.join(COMMAND)}} sync --json"
def as_cron(prepare):
    done = subprocess.run([*{OWN_RUN!r}, "sh", "-c", prepare + "; " + cron], capture_output=True, encoding="utf-8")
    return [done.returncode, done.stdout, done.stderr]
output(as_cron("mount -t tmpfs none /run"), as_cron(run))
"""
    (tmp_path / "user").mkdir(exist_ok=True)
    logged_out, logged_in = in_a_session(apoa, tmp_path / "user", script)
    assert logged_out[0] == 77, logged_out
    assert json.loads(logged_out[1])["error"]["class"] == "keyring_no_bus"
    assert logged_in[0] == 0, logged_in
    assert json.loads(logged_in[1])["accepted"] == 1


@pytest.mark.slow
@in_each_language
def test_frozen_keyring(apoa: Installed, authority: SandboxServer, tmp_path: Path, lang: str) -> None:
    """A guest is saved although the keyring does not answer, and other commands show the error within seconds."""
    account = ["--api-url", authority.base_url, "--username", "latihan", "--password-stdin"]
    script = f"""
import os, signal, time
calls = [apoa("setup", "--non-interactive", "--property", "melati", *{account!r}, stdin="latihan\\n")]
calls.append(apoa(*{QUENTIN.mrz()!r}))
with closing(secretstorage.dbus_init()) as bus:
    from jeepney import DBusAddress, new_method_call
    address = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    ask = new_method_call(address, "GetConnectionUnixProcessID", "s", ("org.freedesktop.secrets",))
    [daemon] = bus.send_and_get_reply(ask).body
os.kill(daemon, signal.SIGSTOP)
begun = time.monotonic()
calls += [apoa(*{XIMENA.mrz("--no-send")!r}), apoa(*{OBADIAH.mrz()!r}), apoa("sync"), apoa("list")]
took = time.monotonic() - begun
os.kill(daemon, signal.SIGCONT)
with closing(secretstorage.dbus_init()) as bus:  # it answers when it has worked off what waited for it
    peer = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", "org.freedesktop.DBus.Peer")
    bus.send_and_get_reply(new_method_call(peer, "Ping"))
output(took, *calls, apoa("sync", "--json"))
"""
    (tmp_path / "user").mkdir(exist_ok=True)
    apoa.environ["APOA_LANG"] = lang
    took, setup, first, saved, tried, sync, listed, thawed = in_a_session(apoa, tmp_path / "user", script)
    assert [call[0] for call in (setup, first, saved, tried, sync, listed)] == [0, 0, 0, 0, 77, 0]
    assert took < 60  # three commands wait five seconds for the key each; without the limit they would not end
    for call in (tried, sync, listed):
        assert spoken(lang, "The keyring did not answer.") in call[2]
    assert QUENTIN.surname not in listed[1]
    assert json.loads(thawed[1])["accepted"] == 2
