"""The machine readable zone of a passport: read, checked, and with advice where something does not fit.

A readable MRZ with failing checks is returned with its problems, because what is right in it is still worth having.
Only what is no such MRZ at all is an error. Formats are data, in `layouts`. Source: ICAO Doc 9303-3 §4 and 9303-4 §4.2.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from apoa_client.passport import wording
from apoa_client.passport.dates import PartialDate, read_birth_date, read_expiry_date
from apoa_client.passport.inspection import SEXES, find_problems
from apoa_client.passport.layouts import TD3, Layout, Span
from apoa_client.passport.lengths import resized
from apoa_client.passport.names import maybe_truncated, plain, split_names
from apoa_client.passport.normalise import CARD, is_legal, normalise, resembles
from apoa_client.passport.problems import Correction, MrzUnreadable, Problem
from apoa_client.texts import Message

__all__ = [
    "Correction",
    "Mrz",
    "MrzUnreadable",
    "Problem",
    "plain_document_number",
    "read_mrz",
    "valid_document_number",
]

_SMALL_LENGTHS = [36] * 2

_DOCUMENT_NUMBER = re.compile(r"[A-Z0-9]{1,20}")

_PRINTED_BETWEEN = re.compile(r"[\s-]")


@dataclass(frozen=True, slots=True, repr=False)
class Mrz:
    """What an MRZ says, field by field, and what is wrong with it.

    Texts are without fillers. `birth_date` and `expiry_date` are None where they are unknown, empty or not readable;
    `sex` is "M", "F" or "X" ("" where the field holds something else).
    """

    format: str
    lines: tuple[str, str]
    document_type: str
    issuing_state: str
    surname: str
    given_names: str
    document_number: str
    nationality: str
    birth_date: PartialDate | None
    sex: str
    expiry_date: date | None
    optional_data: str
    names_truncated: bool
    problems: tuple[Problem, ...]

    def __repr__(self) -> str:
        """Its format alone: all else is personal data."""
        return f"Mrz({self.format}, {len(self.problems)} problems)"


def read_mrz(text: str | Sequence[str], *, today: date) -> Mrz:
    """Read the two lines of a passport (TD3), as they were typed, pasted or scanned.

    One string or several, in any case, with blanks and line ends anywhere; `today` decides the centuries. Raises
    `MrzUnreadable` for whatever is no passport's MRZ, and nothing else.
    """
    lines = normalise(text, TD3.line_count, TD3.length)
    problem = _shape_problem(lines, today) or _character_problem(lines)
    if problem is not None:
        raise MrzUnreadable(problem)
    return _read(TD3, (lines[0], lines[1]), today)


def plain_document_number(text: str) -> str:
    """A document number as two people would write it alike: capitals, without the blanks and hyphens between."""
    return _PRINTED_BETWEEN.sub("", text).upper()


def valid_document_number(text: str) -> bool:
    """Whether a document number, as typed, has nothing but what ICAO allows: A to Z and 0 to 9, 1 to 20 of them.

    Blanks and hyphens, which some passports print and an MRZ replaces by fillers, do not count; small letters are taken
    for capitals. A TD3 holds 9 characters; other documents hold longer numbers. Source: Doc 9303-3 §4.2, 9303-4 §4.2.2.
    """
    return text.isascii() and _DOCUMENT_NUMBER.fullmatch(plain_document_number(text)) is not None


def _read(layout: Layout, lines: tuple[str, str], today: date) -> Mrz:
    raw = {field.name: lines[field.span.line][field.span.start : field.span.end] for field in layout.fields}
    surname, given_names = split_names(raw["names"])
    birth_date, expiry_date = _birth_date(raw["birth_date"], today), _expiry_date(raw["expiry_date"], today)
    dates = {"birth_date": birth_date, "expiry_date": expiry_date}
    undated = tuple([name for name, value in dates.items() if value is None])
    return Mrz(
        format=layout.name,
        lines=lines,
        document_type=raw["document_type"].rstrip("<"),
        issuing_state=raw["issuing_state"].rstrip("<"),
        surname=surname,
        given_names=given_names,
        document_number=plain(raw["document_number"]),
        nationality=raw["nationality"].rstrip("<"),
        birth_date=birth_date,
        sex=SEXES.get(raw["sex"], ""),
        expiry_date=expiry_date,
        optional_data=plain(raw["optional_data"]),
        names_truncated=maybe_truncated(raw["names"]),
        problems=find_problems(layout, lines, today, undated),
    )


def _birth_date(text: str, today: date) -> PartialDate | None:
    try:
        return read_birth_date(text, today)
    except ValueError:
        return None


def _expiry_date(text: str, today: date) -> date | None:
    try:
        return read_expiry_date(text, today)
    except ValueError:
        return None


def _shape_problem(lines: tuple[str, ...], today: date) -> Problem | None:
    lengths = [len(line) for line in lines]
    if lengths == [TD3.length] * TD3.line_count:
        return _unreadable("unknown_format", wording.looks_like_a_visa()) if lines[0][0] == "V" else None
    if not lines:
        return _unreadable("missing", wording.nothing_given())
    if lengths == _SMALL_LENGTHS or resembles(lines, *CARD):
        return _unreadable("unknown_format", wording.looks_like_a_card())
    if len(lines) != TD3.line_count:
        return _unreadable("bad_length", wording.wrong_line_count(len(lines), sum(lengths)))
    return _length_problem(lines, lengths, today)


def _length_problem(lines: tuple[str, ...], lengths: list[int], today: date) -> Problem:
    """One of two lines, or both, is too short or too long: the first such, and its likeliest corrections."""
    wrong = [index for index, length in enumerate(lengths) if length != TD3.length]
    index = wrong[0]
    mended = resized(TD3, lines, index, today) if len(wrong) == 1 and is_legal(lines) else ()
    message = wording.wrong_length(index, lengths[index], TD3.length, next(iter(mended), None))
    return _unreadable("bad_length", message, (Span(index, 0, lengths[index]),), mended)


def _character_problem(lines: tuple[str, ...]) -> Problem | None:
    if is_legal(lines):
        return None
    wrong = [
        Span(index, position, position + 1)
        for index, line in enumerate(lines)
        for position, character in enumerate(line)
        if not is_legal(character)
    ]
    characters = " ".join(dict.fromkeys(span.of(lines) for span in wrong))
    message = wording.illegal_characters(characters, wrong[0].line, wrong[0].start)
    return _unreadable("bad_character", message, tuple(wrong))


def _unreadable(
    code: str, message: Message, spans: tuple[Span, ...] = (), mended: tuple[Correction, ...] = ()
) -> Problem:
    return Problem("mrz", code, message, spans, mended)
