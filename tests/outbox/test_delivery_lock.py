"""The delivery lock: one process delivers at a time."""

import os
import signal
import stat
import subprocess
import sys
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from conftest import NOW

from apoa_client.errors import NotNow
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxUnreachable
from apoa_client.outbox.locking import exclusive
from apoa_client.outbox.sqlite.delivery_lock import delivery_lock, lock_holder
from apoa_client.ports.audit import Actor
from apoa_client.ports.state import LockHolder

HOLDER = """
import sys
from pathlib import Path
from apoa_client.outbox.sqlite.delivery_lock import delivery_lock
with delivery_lock(Path(sys.argv[1]), 0) as acquired:
    print(acquired, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """A path where an outbox could be; the lock does not need one."""
    return tmp_path / "outbox.db"


def test_one_at_a_time(outbox: Path) -> None:
    """The second process is refused at once, and gets the lock when the first is done."""
    with delivery_lock(outbox, 0) as first, delivery_lock(outbox, 0) as second:
        assert (first, second) == (True, False)
    with delivery_lock(outbox, 0) as third:
        assert third


def test_each_outbox_has_its_own(tmp_path: Path) -> None:
    """Properties do not wait for one another."""
    with delivery_lock(tmp_path / "a.db", 0) as first, delivery_lock(tmp_path / "b.db", 0) as second:
        assert first
        assert second


def test_who_holds_the_lock(outbox: Path) -> None:
    """Process, command and time are written beside the lock, privately, and removed when it is released."""
    actor = Actor(lambda: "wayan", lambda: NOW, "apoa sync")
    assert lock_holder(outbox) is None
    with delivery_lock(outbox, 0, actor):
        assert lock_holder(outbox) == LockHolder(os.getpid(), "apoa sync", NOW)
        with delivery_lock(outbox, 0, Actor(lambda: "kadek", lambda: NOW, "apoa purge")) as acquired:
            assert not acquired
        assert lock_holder(outbox) == LockHolder(os.getpid(), "apoa sync", NOW)
    assert lock_holder(outbox) is None
    assert [file.name for file in outbox.parent.iterdir()] == ["outbox.lock"]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"pid": "x", "command": "y", "since": 1}', '{"pid": 1, "since": {}}']
)
def test_an_unreadable_note_of_the_holder(outbox: Path, text: str) -> None:
    """The holder is not known, which is no error."""
    outbox.with_name("outbox.lock.json").write_text(text)
    assert lock_holder(outbox) is None


def test_the_lock_is_taken_although_no_note_can_be_written(outbox: Path) -> None:
    """The note is only for messages."""
    outbox.with_name("outbox.lock.json").mkdir()
    with delivery_lock(outbox, 0) as acquired:
        assert acquired


def test_an_exception_releases_the_lock(outbox: Path) -> None:
    """Whatever is raised inside."""
    with pytest.raises(KeyboardInterrupt), delivery_lock(outbox, 0):
        raise KeyboardInterrupt
    with delivery_lock(outbox, 0) as acquired:
        assert acquired


def test_waiting_for_a_short_delivery(outbox: Path) -> None:
    """A lock that is released within the waiting time is taken over."""
    taken, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with delivery_lock(outbox, 0):
            taken.set()
            let_go.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(20)
    threading.Timer(0.05, let_go.set).start()
    with delivery_lock(outbox, 20) as acquired:
        assert acquired
    holder.join(20)


def test_the_lock_as_a_precondition(outbox: Path) -> None:
    """The one error for every command that must not run during a delivery, with the command's advice."""
    advice = msg("Try again later.")
    actor = Actor(lambda: "wayan", lambda: NOW, "apoa sync")

    def locked(*, known: bool = True) -> AbstractContextManager[None]:
        return exclusive(delivery_lock(outbox, 0, actor), lambda: lock_holder(outbox) if known else None, advice)

    with locked():
        with pytest.raises(NotNow) as caught, locked():
            pytest.fail("the lock was taken")
        assert caught.value.advice == advice
        assert f"apoa sync (process {os.getpid()})" in caught.value.message.render()
        with pytest.raises(NotNow) as caught, locked(known=False):
            pytest.fail("the lock was taken")
        assert "Another apoa command" in caught.value.message.render()
    with locked():
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_kernel_releases_the_lock_of_a_dead_process(outbox: Path) -> None:
    """However the process died."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(outbox)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    with delivery_lock(outbox, 0) as acquired:
        assert not acquired
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    with delivery_lock(outbox, 0) as acquired:
        assert acquired


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_the_lock_is_private(outbox: Path) -> None:
    """Like every file beside it, and empty."""
    with delivery_lock(outbox, 0):
        lock = outbox.with_name("outbox.lock")
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        assert lock.stat().st_size == 0


def test_a_lock_that_cannot_be_made(outbox: Path, tmp_path: Path) -> None:
    """A folder in its place, or no folder around it: `OutboxUnreachable`, and no process proceeds without the lock."""
    outbox.with_name("outbox.lock").mkdir()
    with pytest.raises(OutboxUnreachable), delivery_lock(outbox, 0):
        pytest.fail("the lock was taken")
    with pytest.raises(OutboxUnreachable), delivery_lock(tmp_path / "nowhere" / "outbox.db", 0):
        pytest.fail("the lock was taken")
