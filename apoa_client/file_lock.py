"""A lock between processes that change the same file. The system releases it if a process dies."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from apoa_client.files import create_private

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PAUSE_S = 0.01


@contextmanager
def exclusive(path: Path, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold the lock on the file at `path`, which is made for it and stays empty, and yield whether it is held.

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
