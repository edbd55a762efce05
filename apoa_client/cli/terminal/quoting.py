"""Command lines to copy, quoted for the reader's shell."""

import os
import re
import shlex
from collections.abc import Sequence

_PLAIN_ON_WINDOWS = re.compile(r"[\w./:\\+=~-]+")


def quote_words(words: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """Return the words as a line to copy into a POSIX shell, or on Windows into cmd and into PowerShell.

    Double quotes are the only ones that both shells of Windows know. For the few words that the two read in different
    ways whatever the quotes are, the line is cmd's.
    """
    return " ".join(map(_quote_for_windows, words)) if windows else shlex.join(words)


def _quote_for_windows(word: str) -> str:
    if _PLAIN_ON_WINDOWS.fullmatch(word):
        return word
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', word)  # as CommandLineToArgvW reads it
    return '"' + re.sub(r"(\\+)$", r"\1\1", escaped) + '"'
