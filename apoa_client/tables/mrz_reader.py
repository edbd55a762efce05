"""MRZ text: the log of a passport reader, or lines that were copied from one.

The lines of a document follow each other. Blank lines, times and other texts may stand between and before them. A line
without its partner is a row, too: the check of the report says what is wrong with it, and no guest is lost silently.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from apoa_client.messages import msg
from apoa_client.passport.layouts import SIZES
from apoa_client.passport.normalise import normalise
from apoa_client.report.fields import FIELDS
from apoa_client.report.findings import Finding
from apoa_client.tables.content import Content
from apoa_client.tables.errors import TableRefused
from apoa_client.tables.log_times import Stamp, date_orders, find_stamp
from apoa_client.tables.rows import GuestRow, Records, SourceFacts
from apoa_client.tables.text_files import TextFile

_LENGTHS = {layout.length for layout in SIZES.values()} | set(SIZES)
"""Of one line, or of all lines of a document in one."""

_NEAR = range(26, 49)
"""Of a line that lost or doubled characters; it is one only with a filler in it."""

_TD1_LONGEST = 33
_SEPARATORS = re.compile(r"[\s,;|\"'>\]=:]+")
_CHARACTERS = re.compile(r"[A-Z0-9<]+")
_DATES_OF_CARD = re.compile(r"[0-9<]{6}[0-9<][MFX<][0-9<]{6}")
_DIGITS_OF_DATA = 8
"""A line with dates has at least so many digits; a line with names hardly any."""

_CHECK_IN = "stay.check_in"
_CELLS = [field.path for field in FIELDS if field.path.startswith("guest.")]
_FIRST_LINES = 50


class _Line(NamedTuple):
    """One line of the file: the MRZ lines in it, and its other text."""

    number: int
    mrz: tuple[str, ...]
    other: str


class _Document(NamedTuple):
    lines: tuple[str, ...]
    first: int
    last: int
    stamp: Stamp = Stamp()


class _Survey(NamedTuple):
    """What the whole log shows: the order of its dates, and whether a time stands behind its document."""

    month_first: bool | None
    stamp_follows: bool


def open_mrz(content: Content) -> Records:
    """Return the documents in a text. A document that was read several times on one day is one row, the first.

    `stay.check_in` is the last time that stands before a document in the log, or the next one behind it if the log
    begins with a document and ends with a time. Raises `TableRefused` if there is no MRZ in the text.
    """
    file = TextFile(content)
    survey = _survey(file)

    def read_rows() -> Iterator[GuestRow]:
        seen: set[int] = set()
        for document in _Grouping(survey).documents(_lines(file.lines())):
            key = hash((document.lines, document.stamp.day))
            if key not in seen:
                seen.add(key)
                yield _guest_row(document)

    return Records(SourceFacts("mrz", file.encoding), read_rows)


def looks_like_mrz(lines: Iterable[str]) -> bool:
    """Return whether a text begins as a log of MRZ lines does, and not as a table with a column of them."""
    for line in _lines(islice(lines, _FIRST_LINES)):
        if line.mrz:
            return '"' not in line.other
        if any(line.other.count(delimiter) > 1 for delimiter in ",;\t|"):
            return False
    return False


def _survey(file: TextFile) -> _Survey:
    """Read the log once. Raises `TableRefused` if it has no MRZ."""
    events, orders = list[bool](), set[bool]()  # of the events, the first and the last: whether it is an MRZ or a time
    found = False
    for line in _lines(file.lines()):
        orders |= date_orders(line.other)
        if find_stamp(line.other, month_first=None).clock:
            events[1:] = [False]
        if line.mrz:
            events[1:] = [found := True]
    if not found:
        raise TableRefused(
            msg("There are no MRZ lines in the file."), msg("Choose another file, or another --format."), name="no_mrz"
        )
    return _Survey(orders.pop() if len(orders) == 1 else None, events[0] and not events[-1])


def _lines(lines: Iterable[str]) -> Iterator[_Line]:
    for number, text in enumerate(lines, 1):
        mrz, other = _split(text)
        yield _Line(number, mrz, other)


def _split(text: str) -> tuple[tuple[str, ...], str]:
    """Return the MRZ lines in one line of the file, and the rest of it. Blanks may stand in an MRZ that is alone."""
    tokens, whole = _SEPARATORS.split(text.strip()), "".join(text.split())
    for lengths in (_LENGTHS, _NEAR):
        if mrz := [token for token in tokens if _is_mrz(token, lengths)]:
            rest = text
            for token in mrz:
                rest = rest.replace(token, " ", 1)
            return tuple(map(_plain, mrz)), rest.strip()
        if _is_mrz(whole, lengths):
            return (_plain(whole),), ""
    return (), text.strip()


def _plain(token: str) -> str:
    return "".join(normalise(token).lines)


def _is_mrz(token: str, lengths: Iterable[int]) -> bool:
    if len(token) < _NEAR.start // 2:  # a guillemet may stand for two fillers
        return False
    text = _plain(token)
    exact = len(text) in _LENGTHS
    return len(text) in lengths and _CHARACTERS.fullmatch(text) is not None and ("<" in text or exact)


class _Grouping:
    """Groups the MRZ lines of a log into documents, and finds the time of each."""

    def __init__(self, survey: _Survey) -> None:
        self._survey = survey
        self._stamp = Stamp()
        self._lines: list[str] = []
        self._first = 0
        self._stamp_before = Stamp()
        self._last = 0
        self._waiting: list[_Document] = []

    def documents(self, lines: Iterable[_Line]) -> Iterator[_Document]:
        """Yield the documents in these lines of the file."""
        for line in lines:
            found = find_stamp(line.other, month_first=self._survey.month_first)
            if found != Stamp():
                self._stamp = found if found.day or found.ambiguous else self._stamp._replace(clock=found.clock)
                if self._survey.stamp_follows:
                    yield from self._taken(self._stamp)
            for text in line.mrz:
                self._add(line.number, text)
            if not self._survey.stamp_follows:
                yield from self._taken()
        self._finish()
        yield from self._taken()

    def _add(self, number: int, text: str) -> None:
        if self._lines and not _continues(self._lines, text):
            self._finish()
        if not self._lines:
            self._first, self._stamp_before = number, self._stamp
        self._lines.append(text)
        self._last = number
        if len(self._lines) == _count(self._lines[0]):
            self._finish()

    def _finish(self) -> None:
        """End the document that has begun, whether it is whole or not."""
        if self._lines:
            stamp = Stamp() if self._survey.stamp_follows else self._stamp_before
            self._waiting.append(_Document(tuple(self._lines), self._first, self._last, stamp))
            self._lines = []

    def _taken(self, stamp: Stamp | None = None) -> Iterator[_Document]:
        """Yield the documents that have ended, with another stamp if it is given, and forget them."""
        documents, self._waiting = self._waiting, []
        return (each if stamp is None else each._replace(stamp=stamp) for each in documents)


def _count(first: str) -> int:
    """Return how many lines a document has that begins with this one."""
    if len(first) in SIZES:
        return 1
    return 3 if len(first) <= _TD1_LONGEST else 2


def _continues(lines: list[str], text: str) -> bool:
    """Return whether a line is the next one of a document, and not the first one of another document."""
    if len(text) in SIZES:
        return False
    digits = sum(character.isdigit() for character in text)
    if _count(lines[0]) == 2:  # noqa: PLR2004  the data follow the names
        return digits >= _DIGITS_OF_DATA
    return _DATES_OF_CARD.match(text) is not None if len(lines) == 1 else digits == 0


def _guest_row(document: _Document) -> GuestRow:
    place = str(document.first) if document.first == document.last else f"{document.first}-{document.last}"
    cells = dict.fromkeys((*_CELLS, _CHECK_IN), place)
    stamp = document.stamp
    if stamp.ambiguous:
        problem = Finding(
            _CHECK_IN, "bad_date", msg("The date in the log can be read in two ways: is the month first?")
        )
        return GuestRow(document.first, {}, document.lines, cells, (problem,))
    typed = {"check_in": stamp.typed} if stamp.typed else {}
    return GuestRow(document.first, typed, document.lines, cells)
