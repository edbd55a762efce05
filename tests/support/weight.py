"""Prints how heavy the project is: lines, modules, the admin guide, and the files that a guest's data cross.

Run it as ``python tests/support/weight.py``. A file is crossed when one of its functions gets the guest's surname, on
its own or inside another value, between the command's start and the moment when the report is in the outbox.
"""

import io
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from statistics import median
from types import FrameType

from basics import FixedClock
from cli_helpers import NOWHERE, PASSWORD, QUENTIN

from apoa_client.cli import main

ROOT = Path(__file__).parents[2]
PRODUCT, TESTS = ROOT / "apoa_client", ROOT / "tests"
SMALL = 60
"""Lines below which a module is a fragment."""
DEPTH = 5
"""How many values inside each other are searched for the surname."""


def lengths(folder: Path) -> list[int]:
    """Return the number of lines of each Python file below a folder."""
    return [len(path.read_text(encoding="utf-8").splitlines()) for path in folder.rglob("*.py")]


def holds(value: object, depth: int = DEPTH) -> bool:
    """Return whether a value is or contains the surname."""
    if isinstance(value, str | bytes):
        surname = QUENTIN.surname
        return surname in value if isinstance(value, str) else surname.encode() in value
    return depth > 0 and any(holds(part, depth - 1) for part in _parts(value))


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple | set):
        yield from value
    elif type(value).__module__.startswith("apoa_client.") and hasattr(value, "__dict__"):
        yield from vars(value).values()


def crossed(*arguments: str) -> list[str]:
    """Return the files that the guest's data cross in a call that saves the guest."""
    found: set[str] = set()

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        path = frame.f_code.co_filename
        if event == "call" and path.startswith(str(PRODUCT)) and path not in found and holds(frame.f_locals):
            found.add(path)

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()) as out, redirect_stderr(out):
        environ = {"APOA_HOME": folder, "APOA_LANG": "en"}
        book = Path(folder, "guests.csv")
        _command, *words = QUENTIN.typed("--check-in", "2026-11-24")
        headings = (option.removeprefix("--").replace("-", "_") for option in words[::2])
        book.write_text(f"{','.join(headings)}\n{','.join(words[1::2])}\n", encoding="utf-8")
        account = ("--property", "melati", "--vault", "file", "--api-url", NOWHERE, "--username", "melati")
        with closing(io.StringIO(PASSWORD)) as sys.stdin:
            main.run(("setup", "--non-interactive", "--password-stdin", *account), environ, FixedClock())
        sys.setprofile(watch)
        try:
            code = main.run([word.replace("BOOK", str(book)) for word in arguments], environ, FixedClock())
        finally:
            sys.setprofile(None)
    assert code == 0, out.getvalue()
    return sorted(str(Path(path).relative_to(PRODUCT)) for path in found)


def print_table() -> None:
    """Print the table."""
    product, tests = lengths(PRODUCT), lengths(TESTS)
    guide = (PRODUCT / "cli" / "guide" / "guides" / "admin.en.md").read_text(encoding="utf-8")
    typed, row = crossed(*QUENTIN.typed("--no-send")), crossed("import", "BOOK", "--yes")
    for name, value in (
        ("product: lines", sum(product)),
        ("product: modules", len(product)),
        ("product: median of lines a module", median(length for length in product if length)),
        (f"product: modules below {SMALL} lines", sum(0 < length < SMALL for length in product)),
        ("tests: lines", sum(tests)),
        ("tests: modules", len(tests)),
        ("tests: files directly in tests/", len(list(TESTS.glob("*.py")))),
        ("admin guide: words", len(guide.split())),
        ("files that a typed guest crosses", len(typed)),
        ("files that a row of a table crosses", len(row)),
    ):
        print(f"{value:>8,}  {name}")  # noqa: T201  that is its job
    if "-v" in sys.argv[1:]:
        print("", "typed guest:", *typed, "", "row of a table:", *row, sep="\n")  # noqa: T201  that is its job


if __name__ == "__main__":
    os.environ.pop("APOA_HOME", None)
    print_table()
