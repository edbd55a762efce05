"""The main job through the installed command: set-up, report, queue, sync and receipt, and their interruptions."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from basics import FixedClock
from cli_helpers import (
    GUESTS,
    QUENTIN,
    XIMENA,
    Installed,
    spoken,
)
from journeys_helpers import in_each_language
from terminal_helpers import at_a_terminal

from apoa_client.cli import main

Start = Callable[..., Any]
"""Starts a `Sandbox`."""


def receipts(apoa: Installed) -> list[str]:
    return [report["receipt"]["number"] for report in apoa.reports() if report["receipt"] is not None]


@pytest.mark.slow
@in_each_language
def test_demo(apoa: Installed, lang: str) -> None:
    """The demo passes every step and leaves no files."""
    said = apoa("demo", lang=lang).ok()
    assert said.out.count("[ok]") == 4
    assert "[!!]" not in said.out
    assert spoken(lang, "Everything went as promised. Start with your own property: apoa setup") in said.out
    assert not apoa.home.exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_the_demo_pauses_between_its_parts(apoa: Installed) -> None:
    """At a terminal each part waits for Enter, and shows what is typed, no JSON."""
    code, shown = at_a_terminal(apoa, ["demo"], [("Enter = next part, Ctrl-C = stop", "")] * 5, "en")
    assert code == 0, shown
    assert '{"' not in shown


@in_each_language
def test_set_up_report_and_receipt(configured: Installed, lang: str) -> None:
    """One guest from MRZ lines and one typed: status, list, show and receipt show both."""
    assert configured(*QUENTIN.mrz(), lang=lang).code == 0
    assert configured(*XIMENA.typed("--no-send"), lang=lang).code == 0
    assert configured("kirim", lang=lang).code == 0
    status = configured("status", "--json", lang=lang).json
    assert status["counts"]["accepted"] == 2
    reports = configured.reports()
    assert len(set(receipts(configured))) == 2
    for report in reports:
        assert report["receipt"]["number"] in configured("bukti", report["short_id"], lang=lang).out
        assert report["guest"]["surname"] in configured("show", report["short_id"], lang=lang).out
    table = configured("daftar", lang=lang).out
    assert all(number in table for number in receipts(configured))


def test_report_while_the_authority_is_away(apoa: Installed, sandbox: Start, tmp_path: Path) -> None:
    """The report is saved, delivered by the next sync, and gets one receipt however often sync runs."""
    memory = ["--memory", str(tmp_path / "authority.db")]
    first = sandbox("", *memory)
    assert apoa.set_up(first.url, "latihan").code == 0
    code, err = first.interrupt()
    assert sys.platform == "win32" or code == 130
    assert "Traceback" not in err
    assert apoa(*QUENTIN.mrz()).code == 0
    assert apoa("sync", "--quiet") == (75, "", "")
    sandbox("", *memory, port=first.port)
    assert [apoa("sync", "--json").json["accepted"] for _run in range(3)] == [1, 0, 0]
    assert len(receipts(apoa)) == 1
    assert apoa("status", "--json").json["counts"]["accepted"] == 1


def test_killed_sync(apoa: Installed, sandbox: Start, clock: FixedClock) -> None:
    """A report whose sync was killed stays in state sending, and is sent again under its id after the lease."""
    assert apoa.set_up(sandbox("slow=30").url, "latihan").code == 0
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    running = apoa.start("sync")
    wait_until(lambda: apoa("status", "--json").json["counts"]["sending"] == 1)
    running.kill()
    running.communicate(timeout=20)
    assert apoa("sync", "--json").json["left"] == 1
    assert apoa.reports()[0]["state"] == "sending"
    clock.time = datetime.now(UTC) + timedelta(minutes=6)
    assert main.run(["sync"], apoa.environ, clock) == 0
    assert len(receipts(apoa)) == 1
    assert apoa.reports()[0]["attempts"] == 2


def wait_until(true: Callable[[], bool]) -> None:
    """Waits at most a minute for another process."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end


def test_two_syncs_at_once(configured: Installed) -> None:
    """Each report is delivered once."""
    for guest in GUESTS * 2:
        assert configured(*guest.mrz("--no-send", "--room", "1", "--again")).code == 0
    both = [configured.start("sync", "--json") for _run in range(2)]
    for running in both:
        _out, err = running.communicate(timeout=30)
        assert running.returncode in {0, 75}
        assert err == "" or running.returncode == 75
    assert configured("sync").code == 0
    assert [report["attempts"] for report in configured.reports()] == [1] * 6
    assert configured("status", "--json").json["counts"]["accepted"] == 6


@pytest.mark.skipif(os.name == "nt", reason="cron")
def test_like_cron(configured: Installed, tmp_path: Path) -> None:
    """With only HOME and APOA_HOME set, a successful sync prints nothing."""
    assert configured(*QUENTIN.typed("--given-names", "ŁUKASZ", "--no-send")).code == 0
    environ = ["env", "-i", f"HOME={tmp_path}", f"APOA_HOME={configured.home}", "SHELL=/bin/sh"]
    command = shlex.join([*environ, *configured.command, "sync", "--quiet"])
    done = subprocess.run(["/bin/sh", "-c", command], cwd="/", capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    listed = subprocess.run([*environ, *configured.command, "list"], capture_output=True, check=False, timeout=60)
    assert listed.returncode == 0
    assert "ŁUKASZ".encode() in listed.stdout or b"?UKASZ" in listed.stdout
    assert len(receipts(configured)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no variable moves Windows' folders away from the user's own")
def test_without_apoa_home(apoa: Installed, tmp_path: Path) -> None:
    """Without APOA_HOME the files are in the platform's folders."""
    del apoa.environ["APOA_HOME"]
    apoa.environ |= {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "c"),
        "XDG_DATA_HOME": str(tmp_path / "d"),
    }
    assert apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").code == 0
    assert apoa(*QUENTIN.mrz()).code == 0
    assert len(list(tmp_path.rglob("config.toml"))) == len(list(tmp_path.rglob("outbox.db"))) == 1


def test_a_reader_that_leaves(configured: Installed) -> None:
    """No error is printed, as for `apoa list | head -1`, or `more` that is left."""
    for guest in GUESTS:
        assert configured(*guest.mrz("--no-send")).code == 0
    with configured.start("list", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
