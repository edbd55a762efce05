"""Limits for a process of the program's own that reads a file which may be made to take all of a computer."""

from contextlib import suppress
from time import process_time


def limit_process(memory: int, cpu_s: int) -> None:
    """Let the system end this process if it takes more bytes of memory, or more time of the processor from now on.

    Windows has no such limits.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = {resource.RLIMIT_DATA: memory, resource.RLIMIT_CPU: int(process_time()) + cpu_s}
        for kind, value in most.items():
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
