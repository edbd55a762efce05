"""The reader of machine readable zones: fields, verdict, and suggestions where something is wrong.

An MRZ with wrong check digits is returned with its problems, because its correct fields are still useful. Only text
that is no MRZ is an error. The formats are data in `layouts`: TD1, TD2, TD3, both visas, and the old French identity
card. Source: ICAO Doc 9303-3 §4, and 9303-4 to -7 for each format.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from apoa_client.messages import msg
from apoa_client.passport.check_digits import (
    ILLEGAL,
    Convention,
    character_values,
    confirm_failing,
    failing_digits,
    long_number,
)
from apoa_client.passport.dates import PartialDate, read_birth_date, read_expiry_date
from apoa_client.passport.field_problems import NAME_CHARACTERS, SEXES, field_states, find_problems, state_codes
from apoa_client.passport.layouts import Layout, Span, format_of, layout_of
from apoa_client.passport.names import FILLER, split_names, without_fillers
from apoa_client.passport.normalise import (
    Change,
    has_mrz_characters_only,
    in_order,
    likely_sizes,
    normalise,
    replace_k_runs,
)
from apoa_client.passport.problems import (
    ILLEGAL_CHARACTERS,
    Correction,
    FieldState,
    MrzUnreadable,
    Problem,
    wrong_length,
    wrong_line_count,
)

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

_DOCUMENT_NUMBER = r"[A-Z0-9]{1,20}"

_PRINTED_BETWEEN = r"[\s-]"


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
    length_problems: tuple[Problem, ...]
    layout: Layout
    today: date


class Mrz(_Fields):
    """The fields of an MRZ, and its problems.

    `format` is "TD1", "TD2", "TD3", "MRV-A", "MRV-B" or "FRA-ID". Texts have no fillers. `birth_date` and `expiry_date`
    are None where they are unknown, empty or not readable; `sex` is "M", "F" or "X" ("" where the field has another
    character). Only TD1 has `optional_data_2`. `long_number` says how the check digit of a number that continues in the
    optional data was computed. `changes` are the changes that made `lines` of the input. `failing` names the fields
    whose check digit is wrong, with "composite" for the one over several of them. `valid` says whether there are no
    `problems`; the problems and their suggestions are computed when they are first read.
    """

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in the order of the fields."""
        if self.valid:
            return ()
        return (*self.length_problems, *find_problems(self.layout, "".join(self.lines), self.today, self.failing))

    @property
    def states(self) -> Mapping[str, FieldState]:
        """How reliable each field is, by the names of `Problem.field`."""
        return field_states(self.layout, self.failing, self.problems)

    @property
    def is_passport(self) -> bool:
        """Whether the document is a passport or another document that begins with P, such as a laissez-passer."""
        return self.document_type.startswith("P")

    @property
    def names_truncated(self) -> bool:
        """Whether names may have been cut: the field's last position has a letter (Doc 9303-4 §4.2.3)."""
        names = self.layout.cut("".join(self.lines))[2]
        return not names.endswith(FILLER)

    @property
    def truncated_field(self) -> str:
        """The name of the field that may have been cut: given names, or the surname without any; empty if neither."""
        if not self.names_truncated:
            return ""
        return "given_names" if self.given_names else "surname"

    def corrected(self, correction: Correction) -> tuple[str, ...]:
        """Return the lines with one correction applied, which a user must have accepted.

        A correction of a line's length is applied already.
        """
        if correction.field == "mrz":
            return self.lines
        line, start = self.lines[correction.line], correction.position
        new_line = line[:start] + correction.new + line[start + len(correction.old) :]
        return (*self.lines[: correction.line], new_line, *self.lines[correction.line + 1 :])

    def __repr__(self) -> str:
        """Return the format and the verdict only, because the fields are personal data."""
        return f"Mrz({self.format}, {'valid' if self.valid else 'not valid'})"


def read_mrz(text: str | Sequence[str], *, today: date) -> Mrz:
    """Read an MRZ that was typed, pasted or scanned: two lines of 44 or 36 characters, or three of 30.

    The input is one string or several, in any case, with blanks and line ends anywhere; `today` decides the centuries.
    Where lines lost or gained characters and only one correction of each is likely, the corrected lines are read, and
    those problems come first. Raises `MrzUnreadable` for text that is no MRZ, and no other error.
    """
    lines = tuple(text.splitlines() if isinstance(text, str) else text)
    joined = "".join(lines)
    layout, numbers = layout_of(lines, joined), character_values(joined)
    if layout is not None and ILLEGAL not in numbers and "KKK" not in joined:
        mrz = _read_fields(layout, lines, joined, numbers, today)
        if mrz.valid or in_order(lines) == lines:
            return mrz

    lines, changes = normalise(text)
    joined = "".join(lines)
    layout = layout_of(lines, joined)
    if layout is None:
        return _read_wrong_length(lines, changes, today)
    if not has_mrz_characters_only(joined):
        raise MrzUnreadable(_illegal_characters(lines))
    without_k_runs = replace_k_runs(layout, joined)
    if without_k_runs != joined:
        joined, changes = without_k_runs, (*changes, Change.K_RUNS)
    return _read_fields(layout, layout.lines(joined), joined, character_values(joined), today, changes)


def plain_document_number(text: str) -> str:
    """Return a document number in capitals, without blanks and hyphens."""
    return re.sub(_PRINTED_BETWEEN, "", text).upper()


def valid_document_number(text: str) -> bool:
    """Return whether a typed document number has only characters that ICAO allows: A to Z and 0 to 9, 1 to 20 of them.

    Blanks and hyphens, which some passports print and an MRZ replaces by fillers, do not count; small letters count as
    capitals. A TD3 has room for 9 characters; other documents have longer numbers. Source: Doc 9303-3 §4.2, 9303-4
    §4.2.2.
    """
    return text.isascii() and re.fullmatch(_DOCUMENT_NUMBER, plain_document_number(text)) is not None


def _read_fields(
    layout: Layout,
    lines: tuple[str, ...],
    text: str,
    numbers: bytes,
    today: date,
    changes: tuple[Change, ...] = (),
) -> Mrz:
    """Read all fields. This is one long function because it runs for each MRZ, and calls cost most of the time."""
    code, issuing, names, given, number, nationality, birth, sex, expiry, optional, optional_2 = layout.cut(text)
    surname, given_names = (without_fillers(names), without_fillers(given)) if given else split_names(names)
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
    # Nearly every valid MRZ passes the quick checks; `find_problems` decides about the others.
    valid = not failing and (
        (
            code in layout.document_codes
            and issuing in states
            and nationality in states
            and sex in SEXES
            and birth_date is not None
            and expiry_date is not None
            and "KKK" not in text
            and re.fullmatch(NAME_CHARACTERS, names + given) is not None
        )
        or not find_problems(layout, text, today, ())
    )
    return Mrz(
        format=layout.name,
        lines=lines,
        document_type=code.rstrip(FILLER),
        issuing_state=issuing.rstrip(FILLER),
        surname=surname,
        given_names=given_names,
        document_number=without_fillers(number),
        nationality=nationality.rstrip(FILLER),
        birth_date=birth_date,
        sex=SEXES.get(sex, ""),
        expiry_date=expiry_date,
        optional_data=without_fillers(optional),
        optional_data_2=without_fillers(optional_2),
        long_number=convention,
        changes=changes,
        failing=tuple(failing),
        valid=valid,
        length_problems=(),
        layout=layout,
        today=today,
    )


def _read_wrong_length(lines: tuple[str, ...], changes: tuple[Change, ...], today: date) -> Mrz:
    """Read lines of which some are too short or too long, where only one correction of each is likely."""
    if not lines:
        raise MrzUnreadable(Problem("mrz", "missing", msg("No machine readable lines were given.")))
    layouts = [format_of(size, lines[0]) for size in likely_sizes(lines)]
    if not layouts:
        raise MrzUnreadable(wrong_line_count(len(lines), sum(map(len, lines))))
    found = [(layout, _length_problems(layout, lines, today)) for layout in layouts]
    for layout, problems in found:
        if all(len(problem.corrections) == 1 for problem in problems):
            corrected = {each.line: each.value for problem in problems for each in problem.corrections}
            whole = tuple(corrected.get(index, line) for index, line in enumerate(lines))
            text = "".join(whole)
            mrz = _read_fields(layout, whole, text, character_values(text), today, changes)
            return mrz._replace(valid=False, length_problems=problems)
    _layout, problems = found[0]
    raise MrzUnreadable(next(problem for problem in problems if len(problem.corrections) != 1))


def _length_problems(layout: Layout, lines: tuple[str, ...], today: date) -> tuple[Problem, ...]:
    """Return the problem of each line that is too short or too long for the format."""
    legal = has_mrz_characters_only("".join(lines))
    problems = []
    for index, length in enumerate(map(len, lines)):
        if length != layout.length:
            from apoa_client.passport.repair import repaired_line  # start-up: rarely needed

            found = repaired_line(layout, lines, index, today) if legal else ()
            problems.append(wrong_length(Span(index, 0, length), layout.length, found))
    return tuple(problems)


def _illegal_characters(lines: tuple[str, ...]) -> Problem:
    wrong = tuple(
        Span(index, position, position + 1)
        for index, line in enumerate(lines)
        for position, character in enumerate(line)
        if not has_mrz_characters_only(character)
    )
    return ILLEGAL_CHARACTERS.problem(
        "mrz", wrong, characters=" ".join(dict.fromkeys(span.of(lines) for span in wrong))
    )
