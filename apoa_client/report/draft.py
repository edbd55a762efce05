"""The data that staff gave for one guest, and the reader that checks them field by field.

The reader takes the typed value of a field, or else the value in the MRZ. It collects all findings, so that staff
correct a report at once, and not one error after the other.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from apoa_client.matching import fold
from apoa_client.messages import Message, msg
from apoa_client.passport.compose import transliterate
from apoa_client.passport.mrz import Mrz, Problem, plain_document_number
from apoa_client.passport.problems import CannotCompose
from apoa_client.passport.states import canonical_code
from apoa_client.report.fields import BY_NAME
from apoa_client.report.filler_words import without_not_stated
from apoa_client.report.findings import Finding, Unreadable
from apoa_client.report.parse_fields import bounded

T = TypeVar("T")

_NOT_A_FIELD = frozenset({"document_type", "optional_data", "optional_data_2", "composite"})
"""Fields of an MRZ that are no field of a report: their problems are about the lines."""


class Draft(NamedTuple):
    """The data of one guest: typed texts by the names of `apoa_client.report.fields`, and an MRZ.

    `accept_check_digit` says that a user compared the data with the passport's page and accepts a wrong check digit.
    """

    typed: Mapping[str, str] = MappingProxyType({})
    mrz: Mrz | None = None
    accept_check_digit: bool = False

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return "Draft(…)"


class Reader:
    """Reads the fields of a draft and collects the findings about them."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
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
        """Return the typed text of a field; empty where nothing was typed, or where it says "not stated"."""
        return self._typed.get(name, "")

    def typed_value(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return the typed value of a field; None where nothing was typed, or where it is wrong."""
        text = self.typed(name)
        if not text:
            return None
        try:
            return parse(bounded(text))
        except Unreadable as exc:
            self.add_error(name, exc.code, _with_label(name, exc.message), exc.suggestion)
            return None

    def value(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return the typed value of a field, or else the value in the MRZ. Warns where the two differ."""
        found: Any = getattr(self.draft.mrz, name, None) or None
        if found is not None and name == "document_number":
            found = plain_document_number(found)
        in_mrz: T | None = found
        if not self.typed(name):
            return in_mrz
        value = self.typed_value(name, parse)
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

    def require(self, name: str, value: object, how: Message) -> None:
        """Add an error where a required field is None, unless the field has another error."""
        path = BY_NAME[name].path
        if value is None and not any(finding.field == path for finding in self.errors):
            self.add_error(name, "missing", _with_label(name, how))

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
        if name not in {"surname", "given_names"}:
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
                both = {"surname": mrz.surname, "given_names": mrz.given_names}
                names = [name for name, text in both.items() if any(c.isdigit() for c in text)]
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


def _with_label(name: str, message: Message) -> Message:
    return msg("{field}: {remark}", field=BY_NAME[name].label, remark=message)
