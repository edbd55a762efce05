"""Guest books as houses keep them, and as booking systems and authorities of other countries have them.

Each is imported unattended, without a mapping. `tests/benchmarks/book_shares.py` counts the rows that are saved right.
"""

from pathlib import Path

import pytest
from cli_helpers import Apoa
from guest_books import Book, import_book, read_books, row_of

BOOKS = [
    pytest.param(
        book,
        id=book.name,
        marks=[pytest.mark.xfail(strict=True, reason=f"needs {book.facts['needs']}")] if "needs" in book.facts else [],
    )
    for book in read_books(Path(__file__).parents[1] / "books")
]


@pytest.mark.parametrize("book", BOOKS)
def test_a_book_gives_what_it_says(away: Apoa, tmp_path: Path, book: Book) -> None:
    """Each guest is saved as in the book, each doubtful row or file is refused, and nothing is saved otherwise."""
    outcome = import_book(away, book, tmp_path)
    assert outcome.saved == tuple(sorted(book.saved))
    assert sorted({row_of(each) for each in outcome.refused}) == sorted({row_of(each) for each in book.refused})
    if not book.error:
        assert outcome.error == ""
    for word in book.error.split():
        assert word in outcome.error
