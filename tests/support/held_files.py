"""Another program that has a file open, as a virus scanner does on Windows."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apoa_client import files


class Holder:
    """Another program that has a file open, so that it can neither be read nor replaced, for a number of pauses.

    On Windows it really has; elsewhere the calls fail as they do there.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path, pauses: int) -> None:
        self.path = path
        self.left = pauses
        self._handle = 0
        monkeypatch.setattr(time, "sleep", self._pause)
        if sys.platform == "win32":
            import _winapi

            unshared = 0
            self._handle = _winapi.CreateFile(str(path), _winapi.GENERIC_READ, unshared, 0, _winapi.OPEN_EXISTING, 0, 0)
            return
        monkeypatch.setattr(files, "_ON_WINDOWS", True)
        for owner, name, position in ((Path, "replace", 1), (Path, "unlink", 0), (Path, "open", 0), (os, "open", 0)):
            monkeypatch.setattr(owner, name, self._refuse(getattr(owner, name), position))

    def _refuse(self, call: Callable[..., Any], position: int) -> Callable[..., Any]:
        def refused(*arguments: Any, **options: Any) -> Any:
            if self.left and arguments[position] == self.path:
                raise PermissionError(13, "Permission denied")
            return call(*arguments, **options)

        return refused

    def _pause(self, seconds: float) -> None:
        assert 0 < seconds < 1
        self.left -= 1
        if not self.left:
            self.close()

    def close(self) -> None:
        if sys.platform == "win32":
            import _winapi

            if self._handle:
                _winapi.CloseHandle(self._handle)
        self._handle = self.left = 0


Hold = Callable[[Path, int], Holder]
"""Starts another program that has a file open for a number of pauses."""
