"""Keeping this process's memory out of files and of other programs: it may hold a password, a key and guests."""

import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def forbid_core_files() -> None:
    """Let the system write no core file of this process or its children. Windows has no such limit."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_access() -> None:
    """On Linux, let no collector of core dumps and no other process of this user read this process's memory.

    It takes 2 ms, so it is called before a secret or a guest is read, and not at every start. See prctl(2).
    """
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
