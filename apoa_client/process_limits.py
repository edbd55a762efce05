"""Limits of this process: its memory stays out of files and of other programs, and a hostile file takes not all of it.

The memory may hold a password, a key and guests. A process of the program's own reads files that may be made to take
all of a computer.
"""

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


def limit_process(memory: int, cpu_s: int) -> None:
    """Let the system end this process if it takes more bytes of memory, or more time of the processor from now on.

    Windows has no such limits.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource
        from time import process_time

        most = {resource.RLIMIT_DATA: memory, resource.RLIMIT_CPU: int(process_time()) + cpu_s}
        for kind, value in most.items():
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
