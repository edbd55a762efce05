"""The data that staff gave for one guest, and the reader that checks them field by field.

The reader takes the typed value of a field, or else the value in the MRZ. It collects all findings, so that staff
correct a report at once, and not one error after the other.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple

from apoa_client.matching import fold
from apoa_client.messages import Message, msg
from apoa_client.passport.compose import transliterate
from apoa_client.passport.mrz import Mrz, Problem, plain_document_number
from apoa_client.passport.problems import CannotCompose
from apoa_client.passport.states import canonical_code
from apoa_client.privacy import repr_with
from apoa_client.report.fields import BY_NAME, NAMES, FieldValue, as_typed, with_label
from apoa_client.report.findings import Finding, Unreadable
from apoa_client.report.parse_fields import Given, parse, without_not_stated

_NOT_A_FIELD = frozenset({"document_type", "optional_data", "optional_data_2", "composite"})
"""Fields of an MRZ that are no field of a report: their problems are about the lines."""


@repr_with()
class Draft(NamedTuple):
    """The data of one guest: typed texts by the names of `apoa_client.report.fields`, and an MRZ.

    `accept_check_digit` says that a user compared the data with the passport's page and accepts a wrong check digit.
    `values` are fields that need no parser: those of the report that is corrected, or of a table's cells. A typed text
    replaces one, also an empty text. `document_type` is that of the report that is corrected.
    """

    typed: Mapping[str, str] = MappingProxyType({})
    mrz: Mrz | None = None
    accept_check_digit: bool = False
    values: Mapping[str, FieldValue] = MappingProxyType({})
    document_type: str = ""


class Reader:
    """Reads the fields of a draft and collects the findings about them."""

    def __init__(self, draft: Draft, given: Given) -> None:
        self.draft = draft
        self.given = given
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        self._typed = {name: without_not_stated(name, text) for name, text in draft.typed.items()}

    def add_error(self, name: str, code: str, message: Message, suggestion: str | None = None) -> None:
        """Add an error on a field."""
        self.errors.append(Finding(BY_NAME[name].path, code, message, suggestion))

    def add_warning(self, name: str, code: str, message: Message, suggestion: str | None = None) -> None:
        """Add a warning on a field."""
        self.warnings.append(Finding(BY_NAME[name].path, code, message, suggestion))

    def typed(self, name: str) -> str:
        """Return a field as a user typed it, or would type it; empty where it has no value, or says "not stated"."""
        if name in self._typed or name not in self.draft.values:
            return self._typed.get(name, "")
        return as_typed(self.draft.values[name])

    def value(self, name: str) -> Any:  # noqa: ANN401  a `FieldValue`, of the field's type
        """Return the typed or known value of a field, or else the value in the MRZ. Warns where the two differ.

        None stands for a field without a value, or with a wrong one.
        """
        in_mrz: Any = (getattr(self.draft.mrz, name) or None) if self.draft.mrz and BY_NAME[name].in_mrz else None
        if in_mrz is not None and name == "document_number":
            in_mrz = plain_document_number(in_mrz)
        if not self.typed(name):
            return in_mrz
        value = self._given_value(name)
        if value is not None and in_mrz is not None and not self._agrees(name, value, in_mrz):
            self.add_warning(
                name,
                "conflict",
                msg(
                    "{field}: you typed {typed}, the MRZ says {read}. What you typed is reported.",
                    field=BY_NAME[name].label,
                    typed=str(value),
                    read=str(in_mrz),
                ),
            )
        return value

    def _given_value(self, name: str) -> "FieldValue | None":
        if name not in self._typed:
            return self.draft.values[name]
        try:
            return parse(name, self._typed[name], self.given)
        except Unreadable as exc:
            self.add_error(name, exc.code, with_label(BY_NAME[name].label, exc.message), exc.suggestion)
            return None

    def require(self, name: str, value: object) -> None:
        """Add an error where a required field is None, unless the field has another error."""
        field = BY_NAME[name]
        if value is None and not any(finding.field == field.path for finding in self.errors):
            self.add_error(name, "missing", with_label(field.label, field.missing))

    @property
    def has_accepted_check_digit(self) -> bool:
        """Whether a wrong check digit was accepted by a user."""
        return any(self._is_accepted(problem) for _name, problem in self._standing_problems())

    def add_mrz_problems(self) -> None:
        """Add the problems of the MRZ, except those of fields that were typed."""
        for name, problem in self._standing_problems():
            in_mrz = str(getattr(self.draft.mrz, problem.field, ""))
            best = next((correction.value for correction in problem.corrections), None)
            suggestion = best if problem.field != "composite" and best != in_mrz else None
            finding = Finding(BY_NAME[name].path, problem.code, problem.message, suggestion)
            (self.warnings if self._is_accepted(problem) else self.errors).append(finding)
        # A field that is wrong in the MRZ is not also missing.
        wrong = {finding.field for finding in self.errors if finding.code != "missing"}
        self.errors = [finding for finding in self.errors if finding.code != "missing" or finding.field not in wrong]

    def _agrees(self, name: str, typed: object, in_mrz: object) -> bool:
        if name not in NAMES:
            return same_value(typed, in_mrz)
        spellings = [str(typed)]
        with suppress(CannotCompose):  # the MRZ may write Ü as UE (Doc 9303-3 §6)
            spellings.append(transliterate(str(typed)))
        is_cut = self.draft.mrz is not None and self.draft.mrz.names_truncated
        short = str(in_mrz)
        return any(fold(full) == fold(short) or (is_cut and _is_cut_from(full, short)) for full in spellings)

    def _is_accepted(self, problem: Problem) -> bool:
        return problem.code == "check_digit" and self.draft.accept_check_digit

    def _standing_problems(self) -> Iterator[tuple[str, Problem]]:
        """Yield the problems of the MRZ with the name of our field, except where a typed value replaces the field."""
        mrz = self.draft.mrz
        if mrz is None:
            return
        for problem in mrz.problems:
            names = ["mrz" if problem.field in _NOT_A_FIELD else problem.field]
            if problem.field == "names":
                # The name with a digit, which no name has; without any, the last name, which ends in a row of K.
                names = [name for name in NAMES if any(c.isdigit() for c in getattr(mrz, name))]
                names = names or ["given_names" if mrz.given_names else "surname"]
            yield from ((name, problem) for name in names if not self.typed(name))


def _is_cut_from(full: str, short: str) -> bool:
    """Return whether a name is another one cut off: the beginnings of its words, in order (Doc 9303-4 §4.2.3)."""
    words = iter([fold(word) for word in full.replace("-", " ").split()])
    return fold(full).startswith(fold(short)) or all(
        any(word.startswith(fold(beginning)) for word in words) for beginning in short.split()
    )


def same_value(typed: object, in_mrz: object) -> bool:
    """Return whether two values are equal without accents, apostrophes and hyphens, and with one code for Germany."""
    return typed == in_mrz or fold(canonical_code(str(typed))) == fold(canonical_code(str(in_mrz)))
