"""Valid drafts, which tests change in one place, reports of every kind for Hypothesis, and code tables as invented."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import yaml
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from apoa_client.authority.contract import contract_text
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.report.codes import Code, CodeTables
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind, Purpose
from apoa_client.report.model import Document, Guest, Report, Stay, StayPermit, to_json
from apoa_client.report.parse_fields import Draft
from apoa_client.report.rules import Examination, examine

WIB = timezone(timedelta(hours=7), "WIB")
NOW = datetime(2026, 11, 24, 13, 30, 45, tzinfo=UTC)
"""20:30:45 WIB."""

TYPED = {
    "surname": "Smith",
    "given_names": "Jane Ann",
    "sex": "P",
    "birth_place": "London",
    "birth_date": "1985-09-12",
    "nationality": "GBR",
    "document_number": "925076473",
    "expiry_date": "2032-03-30",
    "nights": "3",
    "stay_permit": "B1",
}
"""A guest without errors and warnings."""

PRINTED: dict[str, Any] = {
    "issuing_state": "GBR",
    "surname": "SMITH",
    "given_names": "JANE ANN",
    "document_number": "925076473",
    "nationality": "GBR",
    "birth_date": PartialDate(1985, 9, 12),
    "sex": "F",
    "expiry_date": date(2032, 3, 30),
}
"""The same guest's passport."""

BESIDE_MRZ = {"birth_place": "London", "nights": "3", "stay_permit": "B1"}
"""The fields that an MRZ does not have."""


def draft(changes: Mapping[str, str | None] | None = None, *, without: str = "") -> Draft:
    """Return the typed guest, with other texts in some fields."""
    typed = TYPED | {name: text or "" for name, text in (changes or {}).items()}
    return Draft({name: text for name, text in typed.items() if name not in without.split()})


def mrz(**changes: Any) -> Mrz:
    """Return the guest's passport, with other values in some fields."""
    return read_mrz(compose("TD3", Details(**PRINTED | changes)), today=NOW.date())


def spoilt(line: int, position: int, character: str, **changes: Any) -> Mrz:
    """Return the passport with one wrong character."""
    lines = list(compose("TD3", Details(**PRINTED | changes)))
    lines[line] = lines[line][:position] + character + lines[line][position + 1 :]
    return read_mrz(lines, today=NOW.date())


def scanned(passport: Mrz, typed: Mapping[str, str] | None = None) -> Draft:
    """Return a draft of the passport and typed texts."""
    return Draft(BESIDE_MRZ | dict(typed or {}), passport)


def look(given: Draft, *, now: datetime = NOW) -> Examination:
    return examine(given, now=now, zone=WIB)


def examined(given: Draft) -> tuple[Guest, Stay]:
    """Return the guest and the stay of a draft without errors."""
    examination = look(given)
    assert examination.guest is not None
    assert examination.stay is not None
    return examination.guest, examination.stay


def codes_of(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    """Return each finding's field, in short, and its code."""
    return {(finding.field.rpartition(".")[2], finding.code) for finding in findings}


OPENAPI: dict[str, Any] = yaml.safe_load(contract_text())
_REPORT = Draft202012Validator(
    {"$ref": "#/components/schemas/Report", "components": OPENAPI["components"]},
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)


def contract_errors(report: Report) -> list[str]:
    """Return where a report, as it is sent, breaks the contract."""
    return [error.message for error in _REPORT.iter_errors(json.loads(to_json(report)))]


# Reports of every kind.

LATIN = st.text("ABCÇÉÑØŻ '-", min_size=1, max_size=30)
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"]), min_size=1, max_size=40)
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
STATES = st.sampled_from(["GBR", "D", "UNO", "XXA", "RKS", "POL"])
ZONES = st.sampled_from([timezone(timedelta(hours=hours)) for hours in (7, 8, 9)])
INSTANTS = st.builds(
    lambda moment, zone: moment.replace(microsecond=0, tzinfo=zone),
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001  the zone follows
    ZONES,
)
PARTIAL_DATES = st.builds(
    lambda day, parts: PartialDate(*(day.year, day.month, day.day)[:parts]), DAYS, st.integers(1, 3)
)
DOCUMENTS = st.builds(
    Document,
    type=st.sampled_from(["P", "PP", "PD", "P2"]),
    number=st.text("ABCXYZ0123456789", min_size=1, max_size=20),
    issuing_state=STATES,
    expiry_date=st.none() | DAYS,
    mrz=st.none() | st.just(compose("TD3", Details(**PRINTED))),
)
STAY_PERMITS = st.builds(
    StayPermit,
    code=st.none() | TEXT,
    number=st.none() | TEXT,
    valid_until=st.none() | DAYS,
    entry_date=st.none() | DAYS,
)
GUESTS = st.builds(
    Guest,
    surname=LATIN,
    given_names=LATIN | st.just(""),
    sex=st.sampled_from("MFX"),
    birth_date=PARTIAL_DATES,
    birth_place=TEXT,
    nationality=STATES,
    document=DOCUMENTS,
    stay_permit=st.none() | STAY_PERMITS,
    phone=st.none() | st.text("+0123456789 ", min_size=4, max_size=31),
    email=st.none() | TEXT,
)
STAYS = st.builds(
    Stay,
    check_in=INSTANTS,
    planned_check_out=DAYS,
    room=st.none() | TEXT,
    purpose=st.sampled_from(Purpose),
    note=st.none() | TEXT,
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Draw a report of any kind, with the members that its kind has."""
    kind = draw(st.sampled_from(Kind))
    whole = kind in {Kind.CHECK_IN, Kind.AMEND}
    return Report(
        id=str(draw(st.uuids())),
        stay_id=str(draw(st.uuids())),
        kind=kind,
        created_at=draw(INSTANTS),
        guest=draw(GUESTS) if whole else None,
        stay=draw(STAYS) if whole else None,
        check_out=draw(INSTANTS) if kind is Kind.CHECK_OUT else None,
        reason=draw(TEXT) if kind in {Kind.AMEND, Kind.CANCEL} else None,
    )


NOMAD = {
    "code": "N7",
    "id": "Visa pekerja jarak jauh",
    "en": "Remote worker visa",
    "valid_from": None,
    "valid_to": None,
}
ON_ARRIVAL = {"code": "B-1", "id": "Visa saat kedatangan", "en": "On arrival", "valid_from": None, "valid_to": None}


def table(name: str, *rows: dict[str, Any], version: str = "1") -> dict[str, Any]:
    """Return a table in the contract's form."""
    return {"table": name, "version": version, "codes": list(rows)}


def code(name: str, valid_from: date | None = None, valid_to: date | None = None, **names: str) -> Code:
    """Return a code that is valid on these days; without names it is its own."""
    return Code(name, names.get("id", name), names.get("en", name), valid_from, valid_to)


PERMITS = CodeTables(
    stay_permits=(
        code("B-1", en="On arrival", id="Saat kedatangan"),
        code("N7", en="Remote worker visa", id="Visa pekerja jarak jauh"),
        code("C1", valid_to=date(2026, 6, 30)),
        code("C9", valid_from=date(2027, 1, 1)),
    )
)
"""Of an authority that takes two permits today, one no more, and one not yet."""
