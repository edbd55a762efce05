"""The share of guests who are saved right from guest books, unattended and without a mapping.

Usage: python tests/benchmarks/book_shares.py [FOLDER]

FOLDER has books as `tests/support/guest_books.py` describes them; without it, they are those of the tests. An export
without the data of a passport does not count in the share of exports, because no guest of it can be reported.
"""

import contextlib
import io
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from basics import FixedClock
from guest_books import Book, Outcome, import_book, read_books, row_of

from apoa_client.cli import main

_BOOKS = Path(__file__).parents[1] / "cli" / "books"
_SET_UP = "setup --non-interactive --property melati --vault file --training"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


class Program:
    """Runs commands of the program in this process, in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *words: str) -> SimpleNamespace:
        """Run a command without a terminal; the result has the JSON document."""
        environ = {"APOA_HOME": str(self.home), "APOA_LANG": "en", "SSH_CONNECTION": "a benchmark"}
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            main.run(words, environ, FixedClock())
        text = out.getvalue()
        return SimpleNamespace(json=json.loads(text) if text.startswith("{") else {})


def outcome_of(book: Book, base: Path, folder: Path) -> Outcome:
    """Return what importing a book into a new home gives."""
    home = folder / book.name
    shutil.copytree(base, home)
    return import_book(Program(home), book, folder)


def say_book(book: Book, outcome: Outcome) -> None:
    """Print what is not as the book says."""
    wrong = outcome.wrong(book)
    for guest in wrong:
        _say(f"  WRONG{' (with a warning)' if outcome.warned else ''} {book.name}: {'; '.join(guest)}")
    for guest in book.saved:
        if guest not in outcome.saved:
            _say(f"  not saved {book.name}: {'; '.join(guest)}")
    for problem in outcome.refused:
        if row_of(problem) not in map(row_of, book.refused):
            _say(f"  refused {book.name}: {problem}")
    if outcome.error and not book.error:
        _say(f"  refused {book.name}: {outcome.error}")


def main_(folder: Path) -> None:
    """Import each book, and print the shares by kind."""
    sys.stdin = io.StringIO()
    expected, right, wrong = Counter[str](), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as place:
        base = Path(place) / "base"
        Program(base)(*_SET_UP.split())
        for book in read_books(folder):
            outcome = outcome_of(book, base, Path(place))
            kind = book.facts["kind"]
            expected[kind] += len(book.saved)
            right[kind] += sum(guest in outcome.saved for guest in book.saved)
            wrong[kind] += len(outcome.wrong(book))
            say_book(book, outcome)
    for kind, count in expected.items():
        _say(f"{kind}: {right[kind]} of {count} guests saved right ({right[kind] / count:.0%}), {wrong[kind]} wrong")


if __name__ == "__main__":
    main_(Path(sys.argv[1]) if len(sys.argv) > 1 else _BOOKS)
