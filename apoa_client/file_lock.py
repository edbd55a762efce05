"""A lock between processes that change the same file. The system releases it if a process dies."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from apoa_client.files import LOCK_ENDING, create_private, draft_inside

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PAUSE_S = 0.01


@contextmanager
def exclusive(path: Path, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold the lock on the file at `path`, which is made if there is none, and yield whether it is held.

    Waits at most `wait_s` seconds while another process holds it. Raises `OSError`.
    """
    descriptor = _open(path)
    try:
        last = time.monotonic() + wait_s
        while not (is_held := _try_lock(descriptor)) and time.monotonic() < last:
            time.sleep(_PAUSE_S)
        yield is_held
    finally:
        os.close(descriptor)


@contextmanager
def running(draft_folder: Path) -> Iterator[None]:
    """Let `is_running` return True for a temporary folder, where the file system has locks."""
    path = _lock_of(draft_folder)
    with ExitStack() as lock:
        with suppress(OSError):
            lock.enter_context(exclusive(path))
            path.write_text(_computer(), encoding="utf-8")  # Windows lets no program write to it now
        yield


def is_running(draft_folder: Path) -> bool | None:
    """Return whether the process that fills a temporary folder still runs; None is not known.

    It is known of a process of this computer, whose name is in the file of the lock since that is held: not each file
    system shows the locks of another computer.
    """
    path = _lock_of(draft_folder)
    try:
        if path.read_text(encoding="utf-8") != _computer():
            return None
        with exclusive(path) as is_free:
            return not is_free
    except (OSError, ValueError):
        return None


def _computer() -> str:
    import platform  # 13 ms, and only a backup needs it

    return platform.node()


def _lock_of(draft_folder: Path) -> Path:
    inside = draft_inside(draft_folder)
    return inside.with_name(inside.name + LOCK_ENDING)


def _open(path: Path) -> int:
    with suppress(FileExistsError):
        return create_private(path)
    return os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))


def _try_lock(descriptor: int) -> bool:
    if sys.platform == "win32":
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:  # Windows says that the lock is held, Wine gives no reason
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
