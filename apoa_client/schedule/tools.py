"""Calls of the system's own tools, with a time limit and without this program's secrets; and a schedule's files."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from apoa_client.errors import SettingsProblem
from apoa_client.files import write_private
from apoa_client.messages import msg

_TIMEOUT_S = 30.0
_PRIVATE = ("APOA_", "CREDENTIALS_DIRECTORY")
"""Beginnings of variables that may hold secrets or their places. A tool does not get them."""


class ToolResult(NamedTuple):
    """The exit code and the two outputs. Bytes that are not UTF-8 are kept as surrogates."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The first line that the tool printed about its failure."""
        return next(iter((self.err.strip() or self.out.strip()).splitlines()), f"exit code {self.code}")


def run_tool(words: Sequence[str], environ: Mapping[str, str], text: str = "", folder: str | None = None) -> ToolResult:
    """Run a tool in `folder` with `text` as its standard input.

    Raises `SettingsProblem` if it cannot run, or does not end.
    """
    kept = {name: value for name, value in environ.items() if not name.upper().startswith(_PRIVATE)}
    try:
        done = subprocess.run(  # noqa: S603  the caller's fixed words; nothing passes through a shell
            words,
            cwd=folder,
            env={**kept, "LC_ALL": "C"},
            input=text.encode(errors="surrogateescape"),
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows: no black window for a moment
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
        raise SettingsProblem(
            msg("{tool} cannot be run: {reason}.", tool=words[0], reason=reason),
            msg("Try again in a minute. If it stays so, ask your IT admin."),
            name="schedule_refused",
        ) from None
    out, err = (each.decode(errors="surrogateescape") for each in (done.stdout, done.stderr))
    return ToolResult(done.returncode, out, err)


def read_file(path: Path) -> str | None:
    """Return the text of a schedule's file, or None if there is none. Raises `SettingsProblem`."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):  # the latter where HOME is a file
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise _unusable(path, exc) from None


def write_file(path: Path, text: str) -> bool:
    """Write a schedule's file as one step and return whether it changed. Raises `SettingsProblem`."""
    if read_file(path) == text:
        return False
    try:
        write_private(path, text.encode())
    except OSError as exc:
        raise _unusable(path, exc) from None
    return True


def remove_file(path: Path) -> bool:
    """Remove a schedule's file and return whether there was one. Raises `SettingsProblem`."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):  # the latter where HOME is a file
        return False
    except OSError as exc:
        raise _unusable(path, exc) from None
    return True


def _unusable(path: Path, exc: OSError | UnicodeDecodeError) -> SettingsProblem:
    reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
    return SettingsProblem(
        msg("The file {path} cannot be read or written: {reason}.", path=str(path), reason=reason),
        msg("Ask your IT admin to make the file and its folder writable for this user."),
        name="schedule_refused",
    )
