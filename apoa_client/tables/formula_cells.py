"""Texts that a spreadsheet program would take for a formula when it opens a CSV file.

A guest, a booking system or an authority chooses such a text, and a formula can send the other cells to a stranger or
start a program. So an apostrophe is written before the character that begins a formula: ``=``, ``+``, ``-``, ``@``, a
tab, a line break, and the full-width forms that programs for Japanese and Chinese read as the same characters (OWASP,
"CSV Injection"). It is also written inside a text, behind a character that separates cells: a program that expects a
semicolon splits a file with commas there, whatever the quotes say.

What was written is read again without loss: a text that had apostrophes there already gets one more. A workbook needs
no apostrophes, because its cells say that they are texts. But a CSV file that was opened and saved as a workbook has
them, so they are removed from the cells of workbooks, too, and a text that has its own is stored with one more.
"""

import re

_BEGINS_FORMULA = "[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_CELL_BEGINS = "^|(?<=[,;|\t\r\n])"
_TO_NEUTRALISE = re.compile(f"(?:{_CELL_BEGINS})(?='*{_BEGINS_FORMULA})")
_NEUTRALISED = re.compile(f"(?:{_CELL_BEGINS})'(?='*{_BEGINS_FORMULA})")


def neutralise(text: str) -> str:
    """Return a text for a cell of a CSV file, in which no spreadsheet program finds a formula."""
    return _TO_NEUTRALISE.sub("'", text)


def original(text: str) -> str:
    """Return the text for which `neutralise` returned this one; any other text unchanged."""
    return _NEUTRALISED.sub("", text) if "'" in text else text


def for_workbook(text: str) -> str:
    """Return a text for a cell of a workbook, for which `original` returns this one."""
    return text if original(text) == text else neutralise(text)
