"""The check of one document by itself, without a stay: what `apoa check` prints.

A report needs all that the authority asks for. Here only the given data are checked, because a camera that reads MRZ
lines, or a person who compares them with the page, gives no nights and no room.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from apoa_client.messages import msg
from apoa_client.passport.mrz import Mrz, MrzUnreadable, Problem, read_mrz
from apoa_client.passport.names import printed_spellings
from apoa_client.passport.normalise import likely_sizes, normalise
from apoa_client.report import rules
from apoa_client.report.codes import NO_TABLES, CodeTables
from apoa_client.report.fields import NAMES, UNREADABLE, as_typed
from apoa_client.report.findings import Finding
from apoa_client.report.model import Document, Guest, StayPermit, part_value
from apoa_client.report.parse_fields import Draft, Given, Reader
from apoa_client.report.rules import check_permit_code, members_at

_MAX_LINES = 3


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """The result of checking one document.

    `guest` has the form of the contract's guest, with None for each unknown value. Where the lines could not be read,
    `mrz` is None and `lines` are the given lines. `problems` are the MRZ's problems that are among the `errors`, with
    their spans and corrections. `printed` has the spellings that the page may print of each name.
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
        """Whether there are no errors."""
        return not self.errors


def documents(text: str) -> list[tuple[str, ...]]:
    """Return the lines of each document in a text, where blank lines separate the documents.

    A scanner that ends each line twice also separates the lines of one document. So single lines that are no MRZ each,
    and together have the shape of an MRZ, are one document.
    """
    lines = groupby(text.splitlines(), key=lambda line: not line.strip())
    blocks = [tuple(block) for blank, block in lines if not blank]
    found, start = [], 0
    while start < len(blocks):
        end = start + _blocks_of_one_document(blocks[start : start + _MAX_LINES])
        found.append(tuple(line for block in blocks[start:end] for line in block))
        start = end
    return found


def check(
    typed: Mapping[str, str], lines: Sequence[str], *, today: date, tables: CodeTables = NO_TABLES
) -> CheckedDocument:
    """Check one document: the lines of its MRZ, if there are any, and typed texts by the names of `report.fields`.

    `tables` are the code tables of the authority, as far as they are known.
    """
    typed = {name: text for name, text in typed.items() if text.strip()}
    if typed and not lines:
        return _check(Reader(Draft(typed), Given(today)), today, tables)
    try:
        mrz = read_mrz(lines, today=today)
    except MrzUnreadable as exc:
        reader, problem = Reader(Draft(typed), Given(today)), exc.problem
        best = next((correction.value for correction in problem.corrections), None)
        reader.add_error("mrz", problem.code, problem.message, best)
        return _check(reader, today, tables, normalise(lines).lines, (problem,))
    return _check(Reader(Draft(typed, mrz), Given(today)), today, tables, mrz.lines, mrz.problems)


def _check(
    reader: Reader,
    today: date,
    tables: CodeTables,
    lines: tuple[str, ...] = (),
    problems: tuple[Problem, ...] = (),
) -> CheckedDocument:
    mrz = reader.draft.mrz
    rules.check_document_kind(reader, reader.add_warning)
    values = rules.read_guest_fields(reader)
    permit = rules.stay_permit(values)
    guest = _guest_json(reader, values, permit)
    reader.add_mrz_problems()
    _check_values(reader, values, permit, today)
    check_permit_code(reader, permit.code if permit is not None else None, tables, today)
    printed = {}
    if mrz is not None:
        names = {"surname": mrz.surname, "given_names": mrz.given_names}
        printed = {field: printed_spellings(name, mrz.issuing_state) for field, name in names.items()}
    return CheckedDocument(
        guest=guest,
        errors=rules.in_form_order(reader.errors),
        warnings=rules.in_form_order(reader.warnings),
        typed=frozenset(reader.draft.typed),
        mrz=mrz,
        lines=lines,
        problems=tuple(p for p in problems if any(p.message == error.message for error in reader.errors)),
        printed=printed,
    )


def _blocks_of_one_document(blocks: Sequence[tuple[str, ...]]) -> int:
    """Return how many blocks, from the first on, are one document."""
    for count in range(2, len(blocks) + 1):
        parts = blocks[:count]
        if any(len(part) > 1 or _has_shape_of_mrz(part) for part in parts):
            return 1
        if _has_shape_of_mrz([line for (line,) in parts]):
            return count
    return 1


def _has_shape_of_mrz(lines: Sequence[str]) -> bool:
    return bool(likely_sizes(normalise(lines).lines))


def _guest_json(reader: Reader, values: Mapping[str, Any], permit: StayPermit | None) -> dict[str, Any]:
    """Return the guest in the contract's form, with None for each unknown value."""
    mrz = reader.draft.mrz
    known = {name: as_typed(value) if value not in {None, UNREADABLE} else None for name, value in values.items()}
    names = {name: known[name] for name in NAMES}
    if mrz is not None and any(names.values()):  # then a name that the MRZ leaves empty is known to be empty
        names = {name: value if reader.typed(name) else value or "" for name, value in names.items()}
    members = {
        **members_at("guest", {**known, **names}),
        "document": {
            **dict.fromkeys(Document._fields),
            **members_at("guest.document", known),
            "type": mrz.document_type or None if mrz is not None else None,
            "mrz": list(mrz.lines) if mrz is not None else None,
        },
        "stay_permit": part_value(permit) if permit is not None else None,
    }
    return {name: members[name] for name in Guest._fields}


def _check_values(reader: Reader, values: Mapping[str, Any], permit: StayPermit | None, today: date) -> None:
    nationality, issuing, born = values["nationality"], values["issuing_state"], values["birth_date"]
    rules.check_nationality(nationality, reader.add_warning)
    rules.check_truncated_name(reader)
    if nationality is not None and issuing is not None:
        rules.check_issuing_state(reader, issuing, nationality)
    if values["document_number"] is not None:
        rules.check_document_number(reader, values["document_number"])
    if born is not None:
        if born.earliest > today:
            message = msg("The date of birth is in the future. Compare it with the passport.")
            reader.add_error("birth_date", "order", message)
        rules.check_age(reader, born, today)
    expiry, mrz = values["expiry_date"], reader.draft.mrz
    if expiry == UNREADABLE:
        rules.check_validity(reader, None, None, today)
    elif expiry is not None and (expiry < today or mrz is None or mrz.is_passport):
        rules.check_validity(reader, expiry, permit.entry_date if permit is not None else None, today)
