"""`apoa sync --follow` as a process of its own, with a real authority: what other processes save is sent."""

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import GUESTS, Installed
from journeys_helpers import LONGEST_S, Follower

pytestmark = pytest.mark.slow

unix = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets")
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals; see tests/journeys/windows")


@contextmanager
def manager(folder: Path) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(folder / "notify"))
        listening.settimeout(LONGEST_S)
        yield listening


def save(apoa: Installed, *guests: Any) -> None:
    for guest in guests:
        said = apoa(*guest.mrz("--no-send"))
        assert said.code == 0, said.err


def states(apoa: Installed) -> list[str]:
    return sorted(report["state"] for report in apoa.reports())


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


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)])
def test_each_signal_ends_it(apoa: Installed, following: Callable[..., Follower], number: int) -> None:
    """Ctrl-C, a service manager and a closed window end it cleanly: 0."""
    assert apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").code == 0
    assert following(apoa).end(number) == (0, "")


@unix
def test_what_a_service_manager_hears(
    configured: Installed, following: Callable[..., Follower], tmp_path: Path
) -> None:
    """Ready after the start, how a run ended, and the end."""
    with manager(tmp_path) as listening:
        follower = following(configured, NOTIFY_SOCKET=listening.getsockname())
        assert listening.recv(4096) == b"READY=1"
        assert listening.recv(4096).startswith(b"STATUS=")
        assert follower.end() == (0, "")
        while (last := listening.recv(4096)) != b"STOPPING=1":
            assert last.startswith(b"STATUS=")
