"""The machine readable zone of a travel document: read, checked, and with advice where something does not fit.

A readable MRZ with failing checks is returned with its problems, because what is right in it is still worth having.
Only what is no MRZ at all is an error. Formats are data, in `layouts`: TD1, TD2, TD3, both visas, and the old French
identity card. Source: ICAO Doc 9303-3 §4, and 9303-4 to -7 for each format.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from apoa_client.passport import wording
from apoa_client.passport.check_digits import ILLEGAL, failing_digits, values
from apoa_client.passport.dates import PartialDate, read_birth_date, read_expiry_date
from apoa_client.passport.field_problems import LETTERS, SEXES, field_states, find_problems, state_codes
from apoa_client.passport.layouts import Layout, Span, format_of, layout_of
from apoa_client.passport.line_length_repair import repaired_line
from apoa_client.passport.long_numbers import Convention, long_number
from apoa_client.passport.names import may_be_truncated, plain, split_names
from apoa_client.passport.normalise import Change, has_mrz_characters_only, nearest_size, normalise, replace_k_runs
from apoa_client.passport.problems import Correction, FieldState, MrzUnreadable, Problem
from apoa_client.passport.verify import confirm_failing

__all__ = [
    "Change",
    "Convention",
    "Correction",
    "FieldState",
    "Mrz",
    "MrzUnreadable",
    "Problem",
    "plain_document_number",
    "read_mrz",
    "valid_document_number",
]

_DOCUMENT_NUMBER = re.compile(r"[A-Z0-9]{1,20}")

_as_it_is = tuple.__new__

_PRINTED_BETWEEN = re.compile(r"[\s-]")


class _Fields(NamedTuple):
    format: str
    lines: tuple[str, ...]
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
    optional_data_2: str
    long_number: Convention | None
    changes: tuple[Change, ...]
    failing: tuple[str, ...]
    valid: bool
    length_problem: Problem | None
    layout: Layout
    today: date


class Mrz(_Fields):
    """What an MRZ says, field by field, and what is wrong with it.

    `format` is "TD1", "TD2", "TD3", "MRV-A", "MRV-B" or "FRA-ID". Texts are without fillers. `birth_date` and
    `expiry_date` are None where they are unknown, empty or not readable; `sex` is "M", "F" or "X" ("" where the field
    holds something else). `optional_data_2` is TD1's alone. `long_number` tells how the check digit of a number that
    goes on in the optional data was computed. `changes` are what was changed to make `lines` of what was given,
    `failing` the fields whose check digit does not fit, with "composite" for the one over several of them.
    `valid` is whether there are no `problems`; these, with their advice, are worked out when somebody asks for them.
    """

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong, in the order in which the fields stand."""
        if self.valid:
            return ()
        found = find_problems(self.layout, "".join(self.lines), self.today, self.failing)
        return found if self.length_problem is None else (self.length_problem, *found)

    @property
    def states(self) -> Mapping[str, FieldState]:
        """How far each field can be believed, by the names of `Problem.field`."""
        return field_states(self.layout, self.failing, self.problems)

    @property
    def names_truncated(self) -> bool:
        """Whether the names may have been cut."""
        return may_be_truncated(self.layout.cut("".join(self.lines))[2])

    def corrected(self, correction: Correction) -> tuple[str, ...]:
        """The lines with one correction applied, to which a person must have agreed.

        A line's length is mended already.
        """
        if correction.field == "mrz":
            return self.lines
        line = self.lines[correction.line]
        mended = line[: correction.position] + correction.new + line[correction.position + len(correction.old) :]
        return (*self.lines[: correction.line], mended, *self.lines[correction.line + 1 :])

    def __repr__(self) -> str:
        """Its format alone: all else is personal data."""
        return f"Mrz({self.format}, {'valid' if self.valid else 'not valid'})"


def read_mrz(text: str | Sequence[str], *, today: date) -> Mrz:
    """Read an MRZ as it was typed, pasted or scanned: two lines of 44 or 36 characters, or three of 30.

    One string or several, in any case, with blanks and line ends anywhere; `today` decides the centuries. Where one
    line lost or won characters and only one way to mend it is likely, the mended lines are read, with that problem
    first. Raises `MrzUnreadable` for whatever is no MRZ, and nothing else.
    """
    lines = tuple(text.splitlines() if isinstance(text, str) else text)
    joined = "".join(lines)
    layout, numbers = layout_of(lines, joined), values(joined)
    if layout is None or ILLEGAL in numbers or "KKK" in joined:
        return _read_as_it_comes(text, today)
    return _read(layout, lines, joined, numbers, today)


def plain_document_number(text: str) -> str:
    """A document number as two people would write it alike: capitals, without the blanks and hyphens between."""
    return _PRINTED_BETWEEN.sub("", text).upper()


def valid_document_number(text: str) -> bool:
    """Whether a document number, as typed, has nothing but what ICAO allows: A to Z and 0 to 9, 1 to 20 of them.

    Blanks and hyphens, which some passports print and an MRZ replaces by fillers, do not count; small letters are taken
    for capitals. A TD3 holds 9 characters; other documents hold longer numbers. Source: Doc 9303-3 §4.2, 9303-4 §4.2.2.
    """
    return text.isascii() and _DOCUMENT_NUMBER.fullmatch(plain_document_number(text)) is not None


def _read(
    layout: Layout,
    lines: tuple[str, ...],
    text: str,
    numbers: bytes,
    today: date,
    changes: tuple[Change, ...] = (),
) -> Mrz:
    """Verdict and fields. In one piece, since every MRZ passes here, and calls are what costs."""
    code, issuing, names, given, number, nationality, birth, sex, expiry, optional, optional_2 = layout.cut(text)
    surname, given_names = split_names(names) if not given else (plain(names), plain(given))
    try:
        birth_date = read_birth_date(birth, today)
    except ValueError:
        birth_date = None
    try:
        expiry_date = read_expiry_date(expiry, today)
    except ValueError:
        expiry_date = None
    failing = failing_digits(layout.digit_checks, text, numbers)
    if failing:
        failing = confirm_failing(layout, text, numbers, failing)
    convention = None
    if layout.overflows and (long := long_number(layout, text)) is not None:
        number, optional, convention = long.number, long.optional_data, long.convention
    states = state_codes()
    known = True
    try:
        code, issuing, nationality, sex = layout.document_codes[code], states[issuing], states[nationality], SEXES[sex]
    except KeyError:
        known = False
        code, issuing, nationality, sex = (
            code.rstrip("<"),
            issuing.rstrip("<"),
            nationality.rstrip("<"),
            SEXES.get(sex, ""),
        )
    valid = not failing and (
        (  # a glance settles nearly all of them; the inspectors have the last word
            known
            and birth_date is not None
            and expiry_date is not None
            and LETTERS.fullmatch(names + given) is not None
            and "KKK" not in text
        )
        or not find_problems(layout, text, today, ())
    )
    return _as_it_is(
        Mrz,
        (
            layout.name,
            lines,
            code,
            issuing,
            surname,
            given_names,
            plain(number),
            nationality,
            birth_date,
            sex,
            expiry_date,
            plain(optional),
            plain(optional_2),
            convention,
            changes,
            tuple(failing),
            valid,
            None,
            layout,
            today,
        ),
    )


def _read_as_it_comes(text: str | Sequence[str], today: date) -> Mrz:
    lines, changes = normalise(text)
    joined = "".join(lines)
    layout = layout_of(lines, joined)
    if layout is None:
        return _of_wrong_length(lines, changes, today)
    if not has_mrz_characters_only(joined):
        raise MrzUnreadable(_illegal(lines))
    unmasked = replace_k_runs(layout, joined)
    if unmasked != joined:
        changes += (Change.K_RUNS,)
    return _read(layout, layout.lines(unmasked), unmasked, values(unmasked), today, changes)


def _of_wrong_length(lines: tuple[str, ...], changes: tuple[Change, ...], today: date) -> Mrz:
    """One line or more is too short or too long: read it as it can only have been, or say what is wrong."""
    if not lines:
        raise MrzUnreadable(Problem("mrz", "missing", wording.nothing_given()))
    size = nearest_size(lines)
    if size is None:
        message = wording.wrong_line_count(len(lines), sum(map(len, lines)))
        raise MrzUnreadable(Problem("mrz", "bad_length", message))
    layout = format_of(size, lines[0])
    wrong = [index for index, line in enumerate(lines) if len(line) != layout.length]
    mended = (
        repaired_line(layout, lines, wrong[0], today)
        if len(wrong) == 1 and has_mrz_characters_only("".join(lines))
        else ()
    )
    problem = _length_problem(lines, wrong[0], layout.length, mended)
    if len(mended) != 1:
        raise MrzUnreadable(problem)
    whole = (*lines[: wrong[0]], mended[0].value, *lines[wrong[0] + 1 :])
    text = "".join(whole)
    mrz = _read(layout, whole, text, values(text), today, changes)
    return mrz._replace(valid=False, length_problem=problem)


def _length_problem(lines: tuple[str, ...], index: int, length: int, mended: tuple[Correction, ...]) -> Problem:
    message = wording.wrong_length(index, len(lines[index]), length, next(iter(mended), None))
    return Problem("mrz", "bad_length", message, (Span(index, 0, len(lines[index])),), mended)


def _illegal(lines: tuple[str, ...]) -> Problem:
    wrong = [
        Span(index, position, position + 1)
        for index, line in enumerate(lines)
        for position, character in enumerate(line)
        if not has_mrz_characters_only(character)
    ]
    characters = " ".join(dict.fromkeys(span.of(lines) for span in wrong))
    message = wording.illegal_characters(characters, wrong[0].line, wrong[0].start)
    return Problem("mrz", "bad_character", message, tuple(wrong))
