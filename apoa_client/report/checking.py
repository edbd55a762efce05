"""One document by itself, before there is a stay: what `apoa check` says of it.

A report asks for all that the authority wants, and is refused without it. Here only what was given is judged: a camera
that reads machine readable lines, or a person who compares them with the page, has no nights and no room to tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from apoa_client.messages import msg
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import Mrz, MrzUnreadable, Problem, read_mrz
from apoa_client.passport.names import printed_spellings
from apoa_client.passport.normalise import nearest_size, normalise
from apoa_client.report import parse_dates, parse_fields, rules
from apoa_client.report.draft import Draft, Reader
from apoa_client.report.findings import Finding
from apoa_client.report.wire import permit_value

_NAMES = ("surname", "given_names")

_MOST_LINES = 3


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """What one document amounts to.

    `guest` has the form of the contract's guest, with None for whatever is not known. `mrz` is None, and `lines` are
    those that were given, where nothing was read. `problems` are those of the `errors` that the passport room found,
    with their spans and corrections. `printed` are the forms that the page may print of each name read.
    """

    guest: Mapping[str, Any] = field(repr=False)
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    typed: frozenset[str]
    mrz: Mrz | None = None
    lines: tuple[str, ...] = field(default=(), repr=False)
    problems: tuple[Problem, ...] = ()
    printed: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong with what was given."""
        return not self.errors


class _Said(NamedTuple):
    """What the rules look at."""

    birth_date: PartialDate | None
    nationality: str | None
    issuing_state: str | None
    expiry_date: date | None


def documents(text: str) -> list[tuple[str, ...]]:
    """The lines of each document in a text, where blank lines part the documents.

    A reader that ends its lines twice parts a document's own lines, too. So single lines that are nothing by
    themselves, and together have the shape of an MRZ, are one document.
    """
    blocks = _blocks(text)
    found, start = [], 0
    while start < len(blocks):
        end = start + _belonging_together(blocks[start : start + _MOST_LINES])
        found.append(tuple(line for block in blocks[start:end] for line in block))
        start = end
    return found


def check(typed: Mapping[str, str], lines: Sequence[str], *, today: date) -> CheckedDocument:
    """Judge one document: the lines of its MRZ, if there are any, and typed texts by the names of `report.fields`."""
    typed = {name: text for name, text in typed.items() if text.strip()}
    if typed and not lines:
        return _checked(Reader(Draft(typed)), today)
    try:
        mrz = read_mrz(lines, today=today)
    except MrzUnreadable as exc:
        reader = Reader(Draft(typed))
        reader.add_error("mrz", exc.problem.code, exc.problem.message, _best(exc.problem))
        return _checked(reader, today, normalise(lines).lines, (exc.problem,))
    return _checked(Reader(Draft(typed, mrz)), today, mrz.lines, mrz.problems)


def _checked(
    reader: Reader, today: date, lines: tuple[str, ...] = (), problems: tuple[Problem, ...] = ()
) -> CheckedDocument:
    rules.check_document_kind(reader, reader.add_warning)
    guest, said = _guest(reader, today)
    reader.add_mrz_problems()
    _about(reader, said, today)
    mrz = reader.draft.mrz
    return CheckedDocument(
        guest=guest,
        errors=rules.in_form_order(reader.errors),
        warnings=rules.in_form_order(reader.warnings),
        typed=frozenset(reader.draft.typed),
        mrz=mrz,
        lines=lines,
        problems=tuple(p for p in problems if any(p.message == error.message for error in reader.errors)),
        printed=_printed(mrz) if mrz is not None else {},
    )


def _blocks(text: str) -> list[tuple[str, ...]]:
    lines = groupby(text.splitlines(), key=lambda line: not line.strip())
    return [tuple(block) for blank, block in lines if not blank]


def _belonging_together(blocks: Sequence[tuple[str, ...]]) -> int:
    """How many blocks, from the first on, are one document."""
    for count in range(2, len(blocks) + 1):
        parts = blocks[:count]
        if any(len(part) > 1 or _has_shape(part) for part in parts):
            return 1
        if _has_shape([line for (line,) in parts]):
            return count
    return 1


def _has_shape(lines: Sequence[str]) -> bool:
    return nearest_size(normalise(lines).lines) is not None


def _best(problem: Problem) -> str | None:
    return next((correction.value for correction in problem.corrections), None)


def _guest(reader: Reader, today: date) -> tuple[dict[str, Any], _Said]:
    """The guest as the contract writes one, and what the rules look at, each field taken once."""
    said = _Said(
        birth_date=reader.choose(
            "birth_date", partial(parse_dates.partial_date, today=today), lambda mrz: mrz.birth_date
        ),
        nationality=reader.choose("nationality", parse_fields.state, lambda mrz: mrz.nationality),
        issuing_state=reader.choose("issuing_state", parse_fields.state, lambda mrz: mrz.issuing_state),
        expiry_date=reader.choose(
            "expiry_date", partial(parse_dates.full_date, today=today), lambda mrz: mrz.expiry_date
        ),
    )
    guest = {
        **_names(reader),
        "sex": reader.choose("sex", parse_fields.sex, lambda mrz: mrz.sex),
        "birth_date": _iso(said.birth_date),
        "birth_place": reader.take("birth_place", lambda text: parse_fields.one_line(text).upper()),
        "nationality": said.nationality,
        "document": _document(reader, said),
        "stay_permit": permit_value(rules.read_stay_permit(reader, today)),
        "phone": reader.take("phone", parse_fields.phone),
        "email": reader.take("email", parse_fields.email),
    }
    return guest, said


def _names(reader: Reader) -> dict[str, str | None]:
    """Both names. One that a readable MRZ leaves empty beside the other is known to be empty."""
    names = {
        "surname": reader.choose("surname", parse_fields.person_name, lambda mrz: mrz.surname, reader.is_same_name),
        "given_names": reader.choose(
            "given_names", parse_fields.person_name, lambda mrz: mrz.given_names, reader.is_same_name
        ),
    }
    if reader.draft.mrz is not None and any(names.values()):
        return {name: value if reader.typed(name) else value or "" for name, value in names.items()}
    return names


def _document(reader: Reader, said: _Said) -> dict[str, Any]:
    mrz = reader.draft.mrz
    return {
        "type": mrz.document_type or None if mrz is not None else None,
        "number": reader.choose("document_number", parse_fields.document_number, rules.mrz_document_number),
        "issuing_state": said.issuing_state,
        "expiry_date": _iso(said.expiry_date),
        "mrz": list(mrz.lines) if mrz is not None else None,
    }


def _iso(value: PartialDate | date | None) -> str | None:
    return None if value is None else str(value)


def _about(reader: Reader, said: _Said, today: date) -> None:
    rules.check_nationality(said.nationality, reader.add_warning)
    rules.check_truncated_name(reader)
    if said.nationality is not None and said.issuing_state is not None:
        rules.check_issuing_state(reader, said.issuing_state, said.nationality)
    if said.birth_date is not None:
        _about_birth(reader, said.birth_date, today)
    if said.expiry_date is not None and said.expiry_date < today:
        reader.add_warning("expiry_date", "expired", msg("The document has expired. Ask the guest for a valid one."))


def _about_birth(reader: Reader, born: PartialDate, today: date) -> None:
    if born.earliest > today:
        reader.add_error(
            "birth_date", "order", msg("The date of birth is in the future. Compare it with the passport.")
        )
    rules.check_age(reader, born, today)


def _printed(mrz: Mrz) -> dict[str, tuple[str, ...]]:
    return {name: printed_spellings(getattr(mrz, name), mrz.issuing_state) for name in _NAMES}
