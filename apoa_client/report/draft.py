"""What staff gave for one guest, read field by field.

The reader takes the typed value of a field or else the MRZ's, and notes every finding at once: staff mend a report in
one go, not one complaint at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from apoa_client.matching import fold
from apoa_client.messages import Message, msg
from apoa_client.passport.compose import transliterate
from apoa_client.passport.mrz import Mrz, Problem
from apoa_client.passport.problems import CannotCompose
from apoa_client.passport.states import canonical_code
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, Unreadable

T = TypeVar("T")

# Which field of a report each field of an MRZ fills.
_FROM_MRZ = {
    "document_type": "mrz",
    "optional_data": "mrz",
    "optional_data_2": "mrz",
    "composite": "mrz",
    "mrz": "mrz",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What staff gave: typed texts by the names of `apoa_client.report.fields`, and an MRZ.

    `accept_check_digit` says that a person compared the data with the page and takes them as they are.
    """

    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    mrz: Mrz | None = field(default=None, repr=False)
    accept_check_digit: bool = False


class Reader:
    """Takes fields one by one and collects what is wrong with them."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []

    def add_error(self, name: str, code: str, message: Message, suggestion: str | None = None) -> None:
        """Note an error on a field."""
        self.errors.append(Finding(BY_NAME[name].path, code, message, suggestion))

    def add_warning(self, name: str, code: str, message: Message) -> None:
        """Note a warning on a field."""
        self.warnings.append(Finding(BY_NAME[name].path, code, message))

    def typed(self, name: str) -> str:
        """What was typed for a field; empty where nothing was."""
        return self.draft.typed.get(name, "").strip()

    def take(self, name: str, read: Callable[[str], T]) -> T | None:
        """The typed value; None where nothing was typed, and where it was refused."""
        if not self.typed(name):
            return None
        try:
            return read(self.typed(name))
        except Unreadable as exc:
            self.add_error(name, exc.code, _named(name, exc.message), exc.suggestion)
            return None

    def choose(
        self,
        name: str,
        read: Callable[[str], T],
        printed: Callable[[Mrz], T | None],
        same: Callable[[T, T], bool] | None = None,
    ) -> T | None:
        """The typed value, which wins over the MRZ's and says so where they differ; else the MRZ's, if it has one."""
        from_mrz = printed(self.draft.mrz) or None if self.draft.mrz is not None else None
        if not self.typed(name):
            return from_mrz
        value = self.take(name, read)
        if value is not None and from_mrz is not None and not (same or alike)(value, from_mrz):
            self.add_warning(
                name,
                "conflict",
                msg(
                    "{field}: you typed {typed}, the MRZ says {read}. What you typed is reported.",
                    field=BY_NAME[name].label,
                    typed=str(value),
                    read=str(from_mrz),
                ),
            )
        return value

    def require(self, name: str, value: T | None, how: Message) -> T | None:
        """Note a required field as missing, unless something is already wrong with it."""
        path = BY_NAME[name].path
        if value is None and not any(finding.field == path for finding in self.errors):
            self.add_error(name, "missing", _named(name, how))
        return value

    def is_same_name(self, typed: str, printed: str) -> bool:
        """As `alike`; an Ü may be UE in the MRZ, and a name that is cut off there agrees as far as it goes."""
        cut = self.draft.mrz is not None and self.draft.mrz.names_truncated
        short = fold(printed)
        return any(full == short or (cut and full.startswith(short)) for full in _spellings(typed))

    @property
    def has_accepted_check_digit(self) -> bool:
        """Whether a check digit fails that a person has accepted."""
        return any(self._accepted(problem) for _name, problem in self._standing_problems())

    def add_mrz_problems(self) -> None:
        """Put down what the passport room found, unless a typed value took that field's place."""
        for name, problem in self._standing_problems():
            (self.warnings if self._accepted(problem) else self.errors).append(self._finding(name, problem))
        self.errors = _without_missing_twins(self.errors)

    def _finding(self, name: str, problem: Problem) -> Finding:
        """The problem as a finding; its best correction is a suggestion where it would change what the field says."""
        read = str(getattr(self.draft.mrz, problem.field, ""))
        better = next((correction.value for correction in problem.corrections[:1]), None)
        useful = problem.field != "composite" and better != read
        return Finding(BY_NAME[name].path, problem.code, problem.message, better if useful else None)

    def _accepted(self, problem: Problem) -> bool:
        return problem.code == "check_digit" and self.draft.accept_check_digit

    def _standing_problems(self) -> Iterator[tuple[str, Problem]]:
        """The MRZ's problems that no typed value has overruled, each with the name of our field."""
        mrz = self.draft.mrz
        if mrz is None:
            return
        for problem in mrz.problems:
            names = _names_at_fault(mrz) if problem.field == "names" else [_FROM_MRZ.get(problem.field, problem.field)]
            yield from ((name, problem) for name in names if not self.typed(name))


def _named(name: str, message: Message) -> Message:
    return msg("{field}: {remark}", field=BY_NAME[name].label, remark=message)


def alike(typed: object, printed: object) -> bool:
    """Whether two values mean the same: an MRZ has no accents, apostrophes or hyphens; Germany is D or DEU there."""
    return fold(canonical_code(str(typed))) == fold(canonical_code(str(printed)))


def _names_at_fault(mrz: Mrz) -> list[str]:
    """Which of the two names has what no name has, a digit; without any it is the last, which ends in a row of K.

    Typing the other one would mend nothing.
    """
    both = {"surname": mrz.surname, "given_names": mrz.given_names}
    with_digits = [name for name, text in both.items() if any(c.isdigit() for c in text)]
    return with_digits or ["given_names" if mrz.given_names else "surname"]


def _spellings(name: str) -> list[str]:
    """What may stand for a name in an MRZ: without its accents, or transliterated (Doc 9303-3 §6)."""
    try:
        return [fold(name), fold(transliterate(name))]
    except CannotCompose:
        return [fold(name)]


def _without_missing_twins(errors: list[Finding]) -> list[Finding]:
    """A field that the MRZ holds wrongly is not also missing."""
    wrong = {finding.field for finding in errors if finding.code != "missing"}
    return [finding for finding in errors if finding.code != "missing" or finding.field not in wrong]
