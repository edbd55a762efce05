"""This process and what it calls: limits of its memory and time, calls that may hang, and the system's programs.

Its memory may hold a password, a key and guests, so it stays out of files and of other programs. A process of the
program's own reads files that may be made to take all of a computer.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Generic, TypeVar

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


T = TypeVar("T")

_SLICE_S = 0.25
"""On Windows, Ctrl-C does not interrupt a thread that waits, so the wait is split."""


class BackgroundCall(Generic[T]):
    """A call in a daemon thread, which begins at once.

    A name lookup, a frozen keyring daemon or a stalled proxy can hold a call for minutes. After a time limit the thread
    is abandoned, not stopped, so it must do no harm later: only reads, and requests that are safe to repeat, are called
    this way.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._done = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="apoa-timeout").start()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long, and return whether the call is over."""
        while seconds > 0 and not self._done.wait(min(seconds, _SLICE_S)):
            seconds -= _SLICE_S
        return self._done.is_set()

    def result(self) -> T:
        """Wait for the end of the call, and return what it returns, or raise what it raises."""
        while not self._done.wait(_SLICE_S):
            pass
        return self._result()

    def _run(self) -> None:
        try:
            value = self._call()
        except BaseException as exc:  # noqa: BLE001  every exception belongs to the caller
            failure = exc

            def fail() -> T:
                raise failure

            self._result = fail
        else:
            self._result = lambda: value
        self._done.set()


def call_with_timeout(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise what it raises. Raises `TimeoutError` after `seconds`."""
    running = BackgroundCall(call)
    if not running.wait(seconds):
        raise TimeoutError
    return running.result()


_ENDINGS = (".exe", ".com", ".cmd", ".bat") if os.name == "nt" else ("",)


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the full path of a program that is in one of the folders of the environment's `PATH`, or None.

    Folders that depend on the working directory are left out. Windows, and Python there, look into that directory
    first: in the folder of a stick or a share, any writer of which could leave a `powershell.exe` to be run.
    """
    from shutil import which  # not needed at a start

    folders = [folder.strip('"') for folder in environ.get("PATH", "").split(os.pathsep)]
    files = (os.path.join(folder, name + ending) for folder in filter(os.path.isabs, folders) for ending in _ENDINGS)  # noqa: PTH118  text
    return next((file for file in files if which(file) is not None), None)
