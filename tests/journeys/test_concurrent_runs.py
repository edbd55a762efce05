"""Several processes at once, and processes that get a signal during a delivery."""

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from cli_helpers import QUENTIN, XIMENA, Installed


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
def test_report_during_a_sync(slow: Installed) -> None:
    """The new report is sent at once, by its own sender, and both are delivered once."""
    syncing = slow.start("sync", "--json")
    wait_for_call(slow, syncing)
    said = slow(*XIMENA.mrz("--json"))
    assert (said.code, said.json["state"]) == (0, "accepted")
    syncing.communicate(timeout=60)
    assert syncing.returncode == 0
    assert [(report["state"], report["attempts"]) for report in slow.reports()] == [("accepted", 1)] * 2


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
