"""Words of guest books and booking systems by what they mean, from `words.tsv`.

A row of the file has the kind of text (a ``heading``, a ``status``, the ``sex``, a ``document``, a ``name``, a ``row``
and its sheet, a ``group`` of columns), a meaning, and words or codes of both languages.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def words_of(kind: str) -> Mapping[str, frozenset[str]]:
    """Return the words of a kind of text by their meaning."""
    _titles, *lines = Path(__file__).with_name("words.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {meaning: frozenset(words.split(", ")) for of_kind, meaning, words in rows if of_kind == kind}


def meanings_of(kind: str) -> Mapping[str, str]:
    """Return the meaning of each word of a kind of text."""
    return {word: meaning for meaning, words in words_of(kind).items() for word in words}
