"""Comparing text as people type it: without case, accents, spaces and punctuation, and with typing mistakes.

`difflib` is imported only when a mistyped word is looked for, because no command should wait for it.
"""

import unicodedata
from collections.abc import Iterable, Sequence


def without_accents(text: str) -> str:
    """Return the text in lower case, each letter without its accents (Unicode 3.13, definition D146)."""
    for _step in range(2):  # a compatibility character may stand for a capital letter
        text = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in text if not unicodedata.combining(character))


def fold(text: str) -> str:
    """Return only the letters and digits of a text, without case and accents: equal for texts that mean the same."""
    plain = text.casefold() if text.isascii() else without_accents(text)
    return plain if plain.isalnum() else "".join(filter(str.isalnum, plain))


def similarity(text: str, words: Iterable[str]) -> float:
    """Return how similar a text is to the most similar of some words, from 0 to 1 (equal)."""
    import difflib

    return max(difflib.SequenceMatcher(None, word, text).ratio() for word in words)


def close_matches(text: str, words: Sequence[str], *, limit: int = 3, least: float = 0.6) -> list[str]:
    """Return the words that are most similar to a text, best first, each with at least this similarity."""
    import difflib

    return difflib.get_close_matches(text, words, n=limit, cutoff=least)
