"""The rules of a check-in: which errors prevent saving, and which findings are warnings.

An error can only be wrong (a date that does not exist, a check digit that does not fit). A warning may be right all the
same, and the report is sent. Only foreigners are reported: UU 6/2011 art. 72.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from apoa_client.messages import Message, day_message, msg
from apoa_client.passport.dates import PartialDate
from apoa_client.report import permits
from apoa_client.report.codes import NO_TABLES, Code, CodeTables, rows_of, suggest, valid_codes
from apoa_client.report.fields import FIELDS, NAMES, ON_THE_FORM, UNREADABLE
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Purpose
from apoa_client.report.model import Document, Guest, Stay, StayPermit
from apoa_client.report.parse_fields import BIRTH_PLACE_NOT_STATED, Draft, Given, Reader, same_value

AddFinding = Callable[[str, str, Message], None]
"""Adds a finding to a field: `Reader.add_error`, or `Reader.add_warning` where nothing will be saved."""

INDONESIA = "IDN"
"""The nationality that is not reported."""
EARLIEST_AHEAD = timedelta(days=1)
EARLIEST_BOOKING = timedelta(days=730)
"""How far ahead guests book at most: a later arrival has a wrong year."""
LATE_AFTER = timedelta(hours=24)
OLDEST_CHECK_IN = timedelta(days=60)
LONGEST_STAY = timedelta(days=60)
LONGEST_PASSPORT = 10
"""Years for which a passport is issued at most."""
OLDEST_AGE = 110
PASSPORT_MONTHS = 6
_NO_BIRTH_PLACE = msg("The place of birth is reported as - (not stated). If the passport has it, write it.")

_GUEST_FIELDS = tuple(item.name for item in ON_THE_FORM if item.of_guest)
_REQUIRED = tuple(item.name for item in ON_THE_FORM if item.of_guest and item.missing and item.name not in NAMES)
"""The guest's required fields, of which none may be empty."""
_DATES_OF_STAY = ("check_in", "planned_check_out")
_OTHER_STAY_FIELDS = tuple(item.name for item in ON_THE_FORM if not item.of_guest and item.name not in _DATES_OF_STAY)

_MEMBERS: dict[str, dict[str, str]] = {}
"""The names of fields by their last name in the contract, by the path before it."""
for _item in ON_THE_FORM:
    _parent, _dot, _member = _item.path.rpartition(".")
    _MEMBERS.setdefault(_parent, {})[_member] = _item.name

_POSITIONS = {item.path: position for position, item in enumerate(FIELDS)}
"""The position of each field in the form, by its path."""


class Examination(NamedTuple):
    """The result of checking a draft. `guest` and `stay` are None where there are errors."""

    guest: Guest | None
    stay: Stay | None
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def examine(draft: Draft, *, now: datetime, zone: tzinfo, tables: CodeTables = NO_TABLES) -> Examination:
    """Read a draft and apply every rule that needs no history.

    `now` is aware; `zone` is the property's; `tables` are the code tables of its authority, as far as they are known.
    """
    local = now.astimezone(zone).replace(second=0, microsecond=0)
    reader = Reader(draft, Given(local.date(), zone, local))
    check_document_kind(reader, reader.add_error)
    stay = _stay(reader, local)
    guest = _guest(reader)
    reader.add_mrz_problems()
    if stay is not None:
        _check_stay(reader, stay, now)
    if guest is not None and stay is not None:
        if guest.birth_date.earliest > stay.check_in.date():
            message = msg("The date of birth is after the check-in. Compare it with the passport.")
            reader.add_error("birth_date", "order", message)
        check_age(reader, guest.birth_date, stay.check_in.date())
        check_issuing_state(reader, guest.document.issuing_state, guest.nationality)
        check_truncated_name(reader)
        check_document_number(reader, guest.document.number)
        _check_passport(reader, guest, stay)
        _check_permit(reader, guest.stay_permit, stay)
        _check_permit_word(reader, guest)
        arrival = stay.check_in.date()
        check_permit_code(reader, guest.stay_permit.code if guest.stay_permit is not None else None, tables, arrival)
        check_purpose_code(reader, stay.purpose, tables, arrival)
    errors = reader.errors
    if any(finding.code == "not_foreign" for finding in errors):  # nothing is reported, so nothing is missing
        errors = [finding for finding in errors if finding.code != "missing"]
    return Examination(
        guest=None if errors else guest,
        stay=None if errors else stay,
        errors=in_form_order(errors),
        warnings=in_form_order(reader.warnings),
    )


def in_form_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings in the order of the form's fields."""
    return tuple(sorted(findings, key=lambda finding: _POSITIONS[finding.field]))


def read_guest_fields(reader: Reader) -> dict[str, Any]:
    """Return the value of each of the guest's fields by name; None where it is missing or wrong."""
    return {name: reader.value(name) for name in _GUEST_FIELDS}


def members_at(path: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the fields directly at a path such as ``guest.document``, by the names of the contract."""
    return {member: values[name] for member, name in _MEMBERS[path].items() if name in values}


def stay_permit(values: Mapping[str, Any]) -> StayPermit | None:
    """Return the visa or stay permit in the values of a guest's fields; None where it has no value."""
    permit = StayPermit(**members_at("guest.stay_permit", values))
    return None if permit == StayPermit() else permit


def check_document_kind(reader: Reader, add_visa_finding: AddFinding) -> None:
    """Check which document the MRZ is of: a visa is no proof of identity, and a card is no passport."""
    mrz = reader.draft.mrz
    if mrz is None:
        return
    if mrz.format.startswith("MRV"):
        message = msg("These are the lines of a visa. The passport's own lines begin with P.")
        add_visa_finding("mrz", "unknown_format", message)
    elif not mrz.is_passport:
        reader.add_warning(
            "mrz",
            "implausible",
            msg(
                "These are the lines of an identity card or another document, not of a passport. Report the passport "
                "if the guest has one."
            ),
        )


def check_nationality(nationality: str | None, add_finding: AddFinding) -> None:
    """Check that the guest is a foreigner."""
    if nationality == INDONESIA:
        add_finding(
            "nationality",
            "not_foreign",
            msg("The guest is Indonesian: only foreigners are reported. Nothing needs to be done."),
        )


def check_age(reader: Reader, born: PartialDate, day: date) -> None:
    """Warn of an age that no person reaches."""
    if years_between(born.earliest, day) > OLDEST_AGE:
        reader.add_warning(
            "birth_date",
            "implausible",
            msg("The guest would be older than {age}. Compare it with the passport.", age=OLDEST_AGE),
        )


def check_issuing_state(reader: Reader, issuing: str, nationality: str) -> None:
    """Warn of a passport that the state of the guest's nationality did not issue."""
    if not same_value(issuing, nationality):
        reader.add_warning(
            "issuing_state",
            "implausible",
            msg(
                "The passport's issuing state is not the nationality. That is possible, for example for refugees; "
                "please compare."
            ),
        )


def check_truncated_name(reader: Reader) -> None:
    """Warn of a name that the MRZ cuts off, unless another one was typed."""
    mrz = reader.draft.mrz
    name = mrz.truncated_field if mrz is not None else ""
    if name and (not reader.typed(name) or same_value(reader.typed(name), getattr(mrz, name))):
        reader.add_warning(
            name,
            "name_truncated",
            msg("The name is too long for the MRZ and is cut off there. Type it in full from the passport's page."),
        )


def check_document_number(reader: Reader, number: str) -> None:
    """Warn of a number without a digit: it is a word that was typed at the wrong question."""
    if not any(map(str.isdigit, number)):
        reader.add_warning(
            "document_number",
            "implausible",
            msg("The passport number has no digit. Compare it with the passport; the report is saved anyway."),
        )


def years_between(born: date, day: date) -> int:
    """Return the age on a day of a person who was born on another."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _guest(reader: Reader) -> Guest | None:
    values = read_guest_fields(reader)
    if not any(values[name] for name in NAMES):
        reader.require("surname", None)
    for name in _REQUIRED:
        reader.require(name, values[name])
    check_nationality(values["nationality"], reader.add_error)
    written = reader.draft.typed.get("birth_place", "").strip()
    if values["birth_place"] == BIRTH_PLACE_NOT_STATED and written not in {"", BIRTH_PLACE_NOT_STATED}:
        reader.add_warning("birth_place", "missing", _NO_BIRTH_PLACE)
    if any(values[name] is None for name in _REQUIRED):
        return None
    mrz = reader.draft.mrz
    values |= {name: values[name] or "" for name in NAMES}
    values["issuing_state"] = values["issuing_state"] or values["nationality"]
    if values["expiry_date"] == UNREADABLE:
        values["expiry_date"] = None
    document = Document(
        type=reader.draft.document_type or (mrz.document_type if mrz is not None else "P"),
        # Lines with a problem prove nothing: then only the fields, compared with the page, are reported.
        mrz=mrz.lines if mrz is not None and not mrz.problems else None,
        **members_at("guest.document", values),
    )
    return Guest(document=document, stay_permit=stay_permit(values), **members_at("guest", values))


def _stay(reader: Reader, now: datetime) -> Stay | None:
    check_in = reader.value("check_in") if reader.typed("check_in") else now
    arrival = (check_in or now).date()
    reader.given = reader.given._replace(arrival=arrival)
    if reader.typed("nights") and not reader.typed("planned_check_out"):
        check_out = reader.value("nights")
    else:
        check_out = reader.value("planned_check_out")
        reader.require("planned_check_out", check_out)
    values = {name: reader.value(name) for name in _OTHER_STAY_FIELDS}
    if check_in is None or check_out is None:
        return None
    values["purpose"] = values["purpose"] or Purpose.TOURISM
    return Stay(check_in, check_out, **members_at("stay", values))


def _check_stay(reader: Reader, stay: Stay, now: datetime) -> None:
    if stay.planned_check_out <= stay.check_in.date():
        reader.add_error(
            "planned_check_out",
            "order",
            msg("The planned check-out must be after the check-in. Give at least one night."),
        )
    if stay.check_in > now + EARLIEST_BOOKING:
        reader.add_error("check_in", "bad_date", msg("The check-in is years ahead. Correct the year."))
    elif stay.check_in > now + EARLIEST_AHEAD:
        reader.add_error(
            "check_in",
            "implausible",
            msg("The check-in is more than a day ahead. Report guests when they arrive, or correct the date."),
        )
    if stay.check_in < now - LATE_AFTER:
        reader.add_warning(
            "check_in",
            "late",
            msg("The check-in is more than 24 hours ago: the report is late. It is saved anyway."),
        )
    if stay.check_in < now - OLDEST_CHECK_IN:
        reader.add_warning(
            "check_in",
            "implausible",
            msg("The check-in is more than {days} days ago. Compare its date and year.", days=OLDEST_CHECK_IN.days),
        )
    if stay.planned_check_out - stay.check_in.date() > LONGEST_STAY:
        reader.add_warning(
            "planned_check_out",
            "implausible",
            msg("The stay is longer than {nights} nights. Compare both dates.", nights=LONGEST_STAY.days),
        )


def _check_passport(reader: Reader, guest: Guest, stay: Stay) -> None:
    expiry = guest.document.expiry_date
    entered = guest.stay_permit.entry_date if guest.stay_permit is not None else None
    expires_during_stay = expiry is not None and stay.check_in.date() <= expiry < stay.planned_check_out
    if expires_during_stay:
        reader.add_warning(
            "expiry_date", "expires_during_stay", msg("The passport expires during the stay. Tell the guest.")
        )
    if entered is not None or not expires_during_stay:  # which says the same, and more
        check_validity(reader, expiry, entered, stay.check_in.date())


def check_validity(reader: Reader, expiry: date | None, entered: date | None, day: date) -> None:
    """Warn of a document that expired before a day, years ago too, or was valid for less than six months at entry.

    If the date of entry is not known, the months are counted from the day. Without a date, nothing can be checked.
    """
    if expiry is None:
        reader.add_warning(
            "expiry_date",
            "missing",
            msg("The passport's expiry cannot be read, so its validity was not checked. Tell the guest."),
        )
        return
    start = entered or day
    if day <= expiry >= _months_after(start, PASSPORT_MONTHS):
        return
    until = day_message(expiry)
    if expiry < day:
        reader.add_warning(
            "expiry_date",
            "expired",
            msg("The document has expired. Ask the guest for a valid one; without one, it is reported anyway."),
        )
        if years_between(expiry, day) >= LONGEST_PASSPORT:
            reader.add_warning(
                "expiry_date",
                "implausible",
                msg(
                    "The passport expired {years} years ago or more. Compare the year of expiry.",
                    years=LONGEST_PASSPORT,
                ),
            )
    else:
        short = msg("The passport is valid until {day} only. At entry it must be for six months.", day=until)
        if entered is not None:
            short = msg("At entry the passport was valid until {day} only, not for six months.", day=until)
        reader.add_warning("expiry_date", "implausible", short)


def _months_after(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + years, month + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)  # `calendar` takes 1.5 ms to load
    return min(first + timedelta(days=day.day - 1), last)


def _check_permit(reader: Reader, permit: StayPermit | None, stay: Stay) -> None:
    if permit is None or permit.code is None:
        reader.add_warning(
            "stay_permit",
            "missing",
            msg("No visa or stay permit was given. It is optional; an officer may ask for it."),
        )
    if permit is not None and permit.valid_until is not None and permit.valid_until < stay.planned_check_out:
        reader.add_warning(
            "stay_until",
            "permit_ends_during_stay",
            msg(
                "The stay permit ends before the planned check-out. An overstay costs Rp1,000,000 a day up to 60 days, "
                "then deportation, and earlier if it is not paid (UU 6/2011 art. 78, PP 45/2024). Tell the guest "
                "politely, and ask your immigration office."
            ),
        )


def _check_permit_word(reader: Reader, guest: Guest) -> None:
    """Warn of a word that several permits have, such as "wisata": it says the purpose and not the permit."""
    code = guest.stay_permit.code if guest.stay_permit is not None else None
    if code is not None and permits.is_ambiguous(code):
        likely = permits.suggest(code)
        reader.add_warning(
            "stay_permit",
            "implausible",
            msg(
                "Several permits fit this word: {codes}. Give the one on the visa or stamp in the passport.",
                codes=", ".join(permit.code for permit in likely),
            ),
        )


_UNKNOWN = {
    "stay_permit": msg("Compare it with the visa or stamp in the passport; the report is saved anyway."),
    "purpose": msg("The report is saved anyway."),
}


def check_permit_code(reader: Reader, code: str | None, tables: CodeTables, day: date) -> None:
    """Warn of a stay permit that the authority does not list for a day, or that is none if its list is not known.

    A word of several permits has another rule.
    """
    if code is None or permits.is_ambiguous(code):
        return
    if not tables.stay_permits and not permits.may_be_code(code):
        no_permit = msg(
            "{code} is no code of a visa or stay permit. {compare}", code=code, compare=_UNKNOWN["stay_permit"]
        )
        reader.add_warning("stay_permit", "implausible", no_permit)
    _check_code(reader, "stay_permit", code, tables.stay_permits, day)


def check_purpose_code(reader: Reader, purpose: Purpose, tables: CodeTables, day: date) -> None:
    """Warn of a purpose that the authority does not list for a day."""
    _check_code(reader, "purpose", purpose.value, tables.purposes, day)


def _check_code(reader: Reader, name: str, value: str, table: Sequence[Code], day: date) -> None:
    if not table:
        return
    if not any(row.valid_on(day) for row in rows_of(table, value)):
        unknown = msg(
            "The authority's list does not have {code} for {day}. {compare}",
            code=value,
            day=day_message(day),
            compare=_UNKNOWN[name],
        )
        likely = suggest(value, valid_codes(table, day), limit=1) if name == "stay_permit" else []
        reader.add_warning(name, "unknown_code", unknown, likely[0].code if likely else None)
