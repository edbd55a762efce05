"""A lock between processes that change the same file. The system releases it if a process dies."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from apoa_client.errors import NotNow
from apoa_client.files import create_private
from apoa_client.messages import msg

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_WAIT_S = 10.0
_PAUSE_S = 0.01


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock on the file at `path`, which is made for it and stays empty.

    Raises `NotNow` if another process holds it for ten seconds, and `OSError`.
    """
    descriptor = _open(path)
    try:
        last = time.monotonic() + _WAIT_S
        while not _try_lock(descriptor):
            if time.monotonic() > last:
                raise NotNow(
                    msg("Another program is changing the settings."),
                    msg("Nothing was changed. Wait a minute, then run the command again."),
                    name="settings_locked",
                )
            time.sleep(_PAUSE_S)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def exclusive_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock on the file at `path` if no other process does, and yield whether it is held. Raises `OSError`."""
    descriptor = _open(path)
    try:
        yield _try_lock(descriptor)
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
