"""Several processes at once, and processes that get a signal during a delivery."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import GUESTS, QUENTIN, XIMENA, Installed
from journeys_helpers import Follower


@pytest.fixture
def slow(apoa: Installed, sandbox: Callable[..., Any]) -> Installed:
    """A property whose authority delays its first answer, with one queued report."""
    assert apoa.set_up(sandbox("slow=4").url, "latihan").code == 0
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    return apoa


def wait_for_call(apoa: Installed, sync: "subprocess.Popen[str]") -> None:
    """Waits until a sync has called the authority."""
    while apoa("status", "--json").json["counts"]["sending"] == 0:
        assert sync.poll() is None


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGSTOP")
def test_a_stopped_sync_holds_up_only_what_it_sends(slow: Installed) -> None:
    """Ctrl-Z during a call: the next guest is sent at once; when the process goes on, nothing was sent twice."""
    stopped = slow.start("sync", "--json")
    wait_for_call(slow, stopped)
    stopped.send_signal(signal.SIGSTOP)
    try:
        said = slow(*XIMENA.mrz("--json"))
        assert (said.code, said.json["state"]) == (0, "accepted")
        waiting = slow("sync", "--json")
        assert (waiting.code, waiting.json["left"]) == (75, 1)
        assert waiting.json["leased_until"] is not None
    finally:
        stopped.send_signal(signal.SIGCONT)
    stopped.communicate(timeout=60)
    assert [(report["state"], report["attempts"]) for report in slow.reports()] == [("accepted", 1)] * 2


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_during_a_call(slow: Installed, number: signal.Signals, code: int) -> None:
    """It exits at once, and the report is queued again without a lease."""
    process = slow.start("sync")
    wait_for_call(slow, process)
    process.send_signal(number)
    _out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in err
    assert "What was saved is kept." in err
    [waiting] = slow.reports()
    assert (waiting["state"], waiting["last_error"]) == ("queued", "unknown_outcome")
    assert slow("sync", "--json").json["accepted"] == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has neither signal")
@pytest.mark.parametrize(("number", "start"), [("HUP", "exec nohup"), ("INT", "trap '' INT; exec")])
def test_signal_that_is_ignored(slow: Installed, number: str, start: str) -> None:
    """Under nohup, and as a background job of a shell script, sync goes on and delivers."""
    command = " ".join(map(shlex.quote, [*slow.command, "sync", "--json"]))
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"{start} {command}"],
        env=slow.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_call(slow, process)
    process.send_signal(signal.Signals[f"SIG{number}"])
    out, _err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["accepted"] == 1


posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals; see test_windows.py")


def save(apoa: Installed, *guests: Any) -> None:
    for guest in guests:
        apoa(*guest.mrz("--no-send")).ok()


def states(apoa: Installed) -> list[str]:
    return sorted(report["state"] for report in apoa.reports())


@pytest.mark.slow
def test_saved_in_another_process(configured: Installed, following: Callable[..., Follower]) -> None:
    """It is sent within three seconds, without personal data on the screen, and the end is quick."""
    follower = following(configured)
    times = []
    for guest in GUESTS:
        save(configured, guest)
        saved = time.monotonic()
        assert re.fullmatch(r"\d+ \w+ \d{4} \d\d:\d\d WIB: Sent: 1\.", follower.line())
        times.append(time.monotonic() - saved)
    assert min(times) < 3  # the others may have met a busy machine
    assert states(configured) == ["accepted"] * 3
    if os.name == "posix":
        assert follower.end() == (0, "")


@pytest.mark.slow
@posix_only
def test_output_without_a_reader(configured: Installed, following: Callable[..., Follower]) -> None:
    """It sends all the same: a service manager may close the pipe."""
    follower = following(configured)
    for stream in (follower.process.stdout, follower.process.stderr):
        assert stream is not None
        stream.close()
    for guest in GUESTS[:2]:
        save(configured, guest)
        while "queued" in states(configured):
            assert follower.process.poll() is None
    follower.process.terminate()
    assert follower.process.wait(20) == 0


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)])
def test_each_signal_ends_it(practising: Installed, following: Callable[..., Follower], number: int) -> None:
    """Ctrl-C, a service manager and a closed window end it cleanly: 0."""
    assert following(practising).end(number) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
@pytest.mark.parametrize("command", [["sandbox", "--port", "0"], ["demo"]], ids=["sandbox", "demo"])
def test_sigterm_leaves_no_file(apoa: Installed, tmp_path: Path, command: list[str]) -> None:
    """What was received, and the demo's home, are gone after SIGTERM."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = apoa.start(*command, TMPDIR=str(folder))
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 143
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
def test_a_killed_sandbox_leaves_no_file(sandbox: Callable[..., Any], apoa: Installed, tmp_path: Path) -> None:
    """Without `--memory` nothing is written at all."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    apoa.environ["TMPDIR"] = str(folder)
    running = sandbox()
    assert apoa.set_up(running.url, "latihan").code == 0
    running.process.kill()
    running.process.communicate(timeout=20)
    assert list(folder.iterdir()) == []
