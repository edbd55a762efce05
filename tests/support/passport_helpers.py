"""Passports: MRZ lines of every format, documents of all kinds for Hypothesis, and readings of photos.

A stand-in for the reader of photos gives the answers that a test chooses; a printed page is for the real one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from basics import needs_tool
from hypothesis import strategies as st

from apoa_client.messages import Message, msg
from apoa_client.passport.check_digits import ALPHABET, DIGITS, character_values, checks_of, weighted_sum
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.layouts import LAYOUTS, Layout
from apoa_client.passport.mrz import Correction, Mrz, MrzUnreadable, Problem, read_mrz
from apoa_client.passport.states import all_states
from apoa_client.scan.photo_process import PhotoProcess
from apoa_client.scan.photo_reading import PhotoReading

TODAY = date(2026, 11, 24)

Lines = tuple[str, ...]

SPECIMENS: dict[str, Lines] = {
    "TD1": ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"),
    "TD2": ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"),
    "TD3": ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
    "MRV-A": ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<"),
    "MRV-B": ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<"),
    "FRA-ID": ("IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<", "8806923102858CORINNE<<<<<<<6512068F6"),
}
"""ICAO's specimens (Doc 9303-4 to -7, appendices), and the French card's."""

FORMATS = tuple(SPECIMENS)

LAYOUT: dict[str, Layout] = {layout.name: layout for layout in LAYOUTS}


def read(text: str | Sequence[str]) -> Mrz:
    return read_mrz(text, today=TODAY)


def refused(text: str | Sequence[str]) -> Problem:
    """Return the problem because of which `text` is no MRZ."""
    with pytest.raises(MrzUnreadable) as caught:
        read(text)
    assert caught.value.advice is not None
    assert str(caught.value) == caught.value.problem.message.template
    return caught.value.problem


def read_or_refuse(text: str | Sequence[str]) -> Mrz | Problem:
    try:
        return read(text)
    except MrzUnreadable as error:
        return error.problem


def put(lines: Lines, line: int, position: int, new: str) -> Lines:
    """Return lines with other characters from a position on."""
    old = lines[line]
    return (*lines[:line], old[:position] + new + old[position + len(new) :], *lines[line + 1 :])


def write(form: str, field: str, text: str, *, lines: Lines | None = None, fit: bool = True) -> Lines:
    """Return the format's specimen with another text in a field, with correct check digits if `fit`."""
    span = LAYOUT[form].by_name[field].span
    changed = put(lines or SPECIMENS[form], span.line, span.start, text.ljust(span.end - span.start, "<"))
    return fitted(form, changed) if fit else changed


def fitted(form: str, lines: Lines) -> Lines:
    """Return lines with correct check digits; that of a long number covers the number alone."""
    layout, text = LAYOUT[form], "".join(lines)
    for check in checks_of(layout, text):
        text = text[: check.digit] + DIGITS[weighted_sum(check.take(character_values(text)))] + text[check.digit + 1 :]
    return layout.lines(text)


def corrected(mrz: Mrz, correction: Correction) -> str:
    """Return the joined lines after a correction."""
    line = mrz.lines[correction.line]
    assert line[correction.position : correction.position + len(correction.old)] == correction.old
    return "".join(mrz.corrected(correction))


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALL_BUT_FILLER = ALPHABET[:-1]

_CODES = {
    "TD1": ["I", "ID", "AC", "CR", "IP"],
    "TD2": ["I", "IP", "A", "CR"],
    "TD3": ["P", "PD", "PS", "I"],
    "MRV-A": ["V", "VI"],
    "MRV-B": ["V", "VC"],
    "FRA-ID": ["ID"],
}
_NUMBER = {"TD1": 23, "TD2": 15, "FRA-ID": 12}
_OPTIONAL = {"TD1": 15, "TD2": 7, "TD3": 14, "MRV-A": 16, "MRV-B": 8, "FRA-ID": 6}
_OPTIONAL_2 = {"TD1": 11}

_words = st.text(LETTERS, min_size=1, max_size=6).filter(lambda word: "KKK" not in word)
_names = st.lists(_words, max_size=2).map(" ".join)
_days = st.dates(date(1927, 1, 1), TODAY)
births = st.none() | st.one_of(
    _days.map(PartialDate.of),
    _days.map(lambda day: PartialDate(day.year, day.month)),
    _days.map(lambda day: PartialDate(day.year)),
)
_expiries = st.none() | st.dates(date(1977, 1, 1), date(2076, 12, 31))


def _texts(longest: int) -> st.SearchStrategy[str]:
    return st.text(ALL_BUT_FILLER, max_size=longest)


@st.composite
def documents(draw: st.DrawFn, form: str) -> Details:
    """Draw details that a format has room for: no name is truncated, and long numbers fit."""
    french = form == "FRA-ID"
    states = st.just("FRA") if french else st.sampled_from([state.code for state in all_states()])
    number = draw(_texts(_NUMBER.get(form, 9)))
    taken = len(number) - 9 + 2 if len(number) > 9 and not french else 0
    return Details(
        issuing_state=draw(states),
        surname=draw(_names),
        given_names=draw(_names),
        document_number=number,
        nationality=draw(states),
        birth_date=draw(births),
        sex=draw(st.sampled_from("MFX")),
        expiry_date=None if french else draw(_expiries),
        document_type=draw(st.sampled_from(_CODES[form])),
        optional_data=draw(_texts(max(_OPTIONAL[form] - taken, 0))),
        optional_data_2=draw(_texts(_OPTIONAL_2.get(form, 0))),
    )


@st.composite
def composed(draw: st.DrawFn, form: str | None = None) -> tuple[str, Lines]:
    """Draw a format, and the lines of a document."""
    chosen = form or draw(st.sampled_from(FORMATS))
    return chosen, compose(chosen, draw(documents(chosen)))


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, Lines]:
    """Draw a document with a few other characters, and perhaps with correct check digits again."""
    form, lines = draw(composed())
    length = LAYOUT[form].length
    for _ in range(draw(st.integers(1, 3))):
        line, position = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, length - 1))
        lines = put(lines, line, position, draw(st.sampled_from(ALPHABET + "<<<0KKK")))
    return form, fitted(form, lines) if draw(st.booleans()) else lines


def sketch(value: Any) -> str:
    """Return everything that a log or a traceback might show of a value."""
    return f"{value!r}{value}"


_FONT = Path("/usr/share/fonts/opentype/ocr-b/OCRB.otf")
PAGE_PITCH, PAGE_MARGIN, PAGE_SECOND_LINE = 20, 60, 550
"""Where the characters of a printed page are, in pixels."""
PAGE_GREY = 225
_LINE_HEIGHT = 50
EVIDENCE = b"\xff\xd8\xff\xe0 the photo of a page \xff\xd9"
"""What the stand-in returns for a photo that is kept."""
TOO_DARK = msg("The picture is too dark. Photograph the page in more light.")


def reading(
    lines: Sequence[str],
    doubtful: Sequence[tuple[int, int]] = (),
    *,
    sure: bool | None = None,
    hint: Message | None = None,
) -> PhotoReading:
    """Return a reading with these doubtful places, from 0; it is sure if there are none and `sure` does not say."""
    is_sure = (bool(lines) and not doubtful) if sure is None else sure
    return PhotoReading(tuple(lines), tuple(doubtful), is_sure, 120, hint or (None if is_sure else TOO_DARK))


def answer_with(monkeypatch: pytest.MonkeyPatch, readings: Mapping[str, PhotoReading | Exception]) -> None:
    """Let the reader answer with these readings, or raise these errors, by the names of the files."""

    def read(_process: PhotoProcess, path: Path, today: date, *, with_evidence: bool = False) -> PhotoReading:
        assert today.year == 2026
        answer = readings[path.name]
        if isinstance(answer, Exception):
            raise answer
        return replace(answer, evidence=EVIDENCE) if with_evidence else answer

    monkeypatch.setattr(PhotoProcess, "read", read)


def print_page(path: Path, lines: Sequence[str]) -> Path:
    """Write a picture of a page with these lines at its foot. Skips the test without Debian's fonts-ocr-b."""
    from PIL import Image, ImageDraw, ImageFont  # few tests need it

    needs_tool("fonts-ocr-b", found=_FONT.is_file())
    font = ImageFont.truetype(str(_FONT), 28)
    page = Image.new("L", (len(lines[0]) * PAGE_PITCH + 2 * PAGE_MARGIN, 640), PAGE_GREY)
    draw = ImageDraw.Draw(page)
    for row, line in enumerate(lines):
        top = PAGE_SECOND_LINE + _LINE_HEIGHT * (row - 1)
        for position, character in enumerate(line):
            draw.text((PAGE_MARGIN + position * PAGE_PITCH, top), character, fill=30, font=font)
    page.save(path, quality=92)
    return path
