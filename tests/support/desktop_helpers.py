"""A double of a desktop's notice tool: a script of the same name that records its calls."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="the tools' doubles are shell scripts")

BUS = "unix:path=/nowhere/bus"
_RECORD = r"""#!/bin/sh
{ printf '%s\0' "$@"; printf '\1'; export -p; printf '\2'; } >> "LOG"
"""


class Shown(NamedTuple):
    """One call of the tool."""

    arguments: list[str]
    environ: str


@dataclass
class FakeDesktop:
    """A folder for PATH, and the notices that the tool in it was asked to show."""

    folder: Path
    tool: str = "notify-send"

    def __post_init__(self) -> None:
        self.folder.mkdir()

    @property
    def _log(self) -> Path:
        return self.folder / "calls"

    @property
    def environ(self) -> dict[str, str]:
        """Returns the environment in which a program finds the tool and a session."""
        return {"PATH": str(self.folder), "DBUS_SESSION_BUS_ADDRESS": BUS}

    def install(self, then: str = "exit 0") -> None:
        """Installs the tool. After recording its call it runs `then`."""
        script = self.folder / self.tool
        script.write_text(_RECORD.replace("LOG", str(self._log)) + then + "\n", encoding="utf-8")
        os.chmod(script, 0o700)  # noqa: PTH101  as a package would

    def shown(self) -> list[Shown]:
        """Returns every call so far."""
        text = self._log.read_text(encoding="utf-8") if self._log.exists() else ""
        calls = [call.split("\1") for call in text.split("\2")[:-1]]
        return [Shown(arguments.split("\0")[:-1], environ) for arguments, environ in calls]

    def texts(self) -> list[tuple[str, str]]:
        """Returns the title and body of every call."""
        return [(call.arguments[-2], call.arguments[-1]) for call in self.shown()]
