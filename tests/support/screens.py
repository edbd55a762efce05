"""Screens as recorded text: a test names what it calls, and what the user sees is compared with a file.

Of each call, stdout stands first and then stderr, each of its lines behind ``!``; the answers that were typed stand
above both, behind ``>``.

``APOA_RENEW_SCREENS=1 pytest tests/cli`` writes the files below ``tests/cli/screens`` again; a person reads the diff.
"""

import os
import re
import shlex
from pathlib import Path

from cli_helpers import Apoa, CallResult

FOLDER = Path(__file__).parents[1] / "cli" / "screens"
RENEW = "APOA_RENEW_SCREENS" in os.environ
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_SHORT = re.compile(r"\b[0-9a-f]{8}\b")


class Screens:
    """What one test's calls showed, in order. Ids, folders and ports differ in each run, and stand as names."""

    def __init__(self, name: str, folder: Path) -> None:
        self._file = FOLDER / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name).strip('-')}.txt"
        self._folder = folder
        self._parts: list[str] = []

    def __call__(
        self, apoa: Apoa, *arguments: str, stdin: str = "", keys: list[str] | None = None, **environ: str
    ) -> CallResult:
        """Run one call as `Apoa` does, and record the command, what was typed, the output and the exit code."""
        said = apoa(*arguments, stdin=stdin, keys=keys, **environ)
        typed = "".join(f"> {line}\n" for line in (keys if keys is not None else stdin.splitlines()))
        language = f"APOA_LANG={environ['lang']} " if "lang" in environ else ""
        end = f"[exit code {said.code}]\n" if said.code else ""
        command = f"$ {language}apoa {shlex.join(arguments)}\n"
        errors = "".join(f"! {line}\n" for line in said.err.splitlines())
        self._parts.append(f"{command}{typed}{said.out}{errors}{end}")
        return said

    def add(self, text: str) -> None:
        """Record a text below the last call, such as what it saved."""
        self._parts.append(f"{text}\n")

    def check(self) -> None:
        """Compare with the file; `APOA_RENEW_SCREENS` writes it instead."""
        shown = self._named("\n".join(self._parts))
        if RENEW:
            self._file.parent.mkdir(exist_ok=True)
            self._file.write_text(shown, encoding="utf-8")
        assert shown == self._file.read_text(encoding="utf-8")

    def _named(self, text: str) -> str:
        """Return the text with names for what differs in each run."""
        text = text.replace(str(self._folder), "FOLDER").replace(os.sep, "/")
        whole = dict.fromkeys(_UUID.findall(text))
        for number, found in enumerate(whole, 1):
            text = text.replace(found, f"ID-{number}").replace(found[-8:], f"SHORT-{number:02}")
        for number, found in enumerate(dict.fromkeys(_SHORT.findall(text)), len(whole) + 1):
            text = text.replace(found, f"SHORT-{number:02}")
        text = re.sub(r"127\.0\.0\.1:\d{2,5}", "127.0.0.1:PORT", text)
        return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
