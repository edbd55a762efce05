"""What a check-in must be like before it is saved, and what is worth a warning.

What is refused can only be wrong (a date that no calendar has, a check digit that does not fit); what is warned of may
be true all the same, and is sent. Only foreigners are reported: UU 6/2011 art. 72.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import partial

from apoa_client.messages import Message, msg
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import Mrz, plain_document_number
from apoa_client.report import parse_dates, parse_fields
from apoa_client.report.draft import Draft, Reader, alike
from apoa_client.report.fields import FIELDS
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Purpose
from apoa_client.report.model import Document, Guest, Stay, StayPermit
from apoa_client.report.parse_times import date_and_time

Note = Callable[[str, str, Message], None]
"""Puts down a remark on a field: `Reader.add_error`, or `Reader.add_warning` where nothing is to be filed."""

INDONESIA = "IDN"
"""Whose citizens are not reported."""
EARLIEST_AHEAD = timedelta(days=1)
LATE_AFTER = timedelta(hours=24)
OLDEST_AGE = 110
PASSPORT_MONTHS = 6
CHECK_DIGIT_NOTE = "Angka periksa MRZ tidak cocok; data sudah dibandingkan dengan paspor."


@dataclass(frozen=True, slots=True)
class Examination:
    """What a draft amounts to. `guest` and `stay` are None where an error stands in their way."""

    guest: Guest | None
    stay: Stay | None
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def examine(draft: Draft, *, now: datetime, zone: tzinfo) -> Examination:
    """Read a draft and apply every rule that needs no history. `now` is aware; `zone` is the property's."""
    reader = Reader(draft)
    check_document_kind(reader, reader.add_error)
    stay = _stay(reader, now.astimezone(zone).replace(second=0, microsecond=0), zone)
    guest = _guest(reader, now.astimezone(zone).date())
    reader.add_mrz_problems()
    if stay is not None:
        _about_stay(reader, stay, now)
    if guest is not None and stay is not None:
        _about_guest(reader, guest, stay)
        _about_permit(reader, guest, stay)
    errors = _without_idle_questions(reader.errors)
    return Examination(
        guest=None if errors else guest,
        stay=None if errors else stay,
        errors=in_form_order(errors),
        warnings=in_form_order(reader.warnings),
    )


def in_form_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of the form's fields, as a person goes through them."""
    order = {item.path: position for position, item in enumerate(FIELDS)}
    return tuple(sorted(findings, key=lambda finding: order[finding.field]))


def _without_idle_questions(errors: list[Finding]) -> list[Finding]:
    """Nobody is asked for the rest of an Indonesian's details: there is no report to be made."""
    if any(finding.code == "not_foreign" for finding in errors):
        return [finding for finding in errors if finding.code != "missing"]
    return errors


def check_document_kind(reader: Reader, visa: Note) -> None:
    """Which document the machine readable lines are of: a visa is no identity, and a card is no passport."""
    mrz = reader.draft.mrz
    if mrz is None:
        return
    if mrz.format.startswith("MRV"):
        visa("mrz", "unknown_format", msg("These are the lines of a visa. The passport's own lines begin with P."))
    elif not mrz.document_type.startswith("P"):
        reader.add_warning(
            "mrz",
            "implausible",
            msg(
                "These are the lines of an identity card or another document, not of a passport. Report the passport "
                "if the guest has one."
            ),
        )


def _guest(reader: Reader, today: date) -> Guest | None:
    surname = reader.choose("surname", parse_fields.person_name, lambda mrz: mrz.surname, reader.is_same_name)
    given_names = reader.choose(
        "given_names", parse_fields.person_name, lambda mrz: mrz.given_names, reader.is_same_name
    )
    if not surname and not given_names:
        reader.require("surname", None, msg("give the name as in the passport; one of the two names may be empty."))
    sex = reader.require(
        "sex", reader.choose("sex", parse_fields.sex, lambda mrz: mrz.sex), msg("give L (male), P (female) or X.")
    )
    birth_place = reader.require(
        "birth_place",
        reader.take("birth_place", lambda text: parse_fields.one_line(text).upper()),
        msg("it is printed in the passport but not in its MRZ. Give - if it is not stated."),
    )
    birth_date = reader.require(
        "birth_date",
        reader.choose("birth_date", partial(parse_dates.partial_date, today=today), lambda mrz: mrz.birth_date),
        msg("give it as 1985-09-12 or 12/09/1985; the year alone if the passport says no more."),
    )
    nationality = _nationality(reader)
    document = _document(reader, nationality, today)
    permit = read_stay_permit(reader, today)
    phone = reader.take("phone", parse_fields.phone)
    email = reader.take("email", parse_fields.email)
    if sex is None or birth_place is None or birth_date is None or nationality is None or document is None:
        return None
    return Guest(
        surname=surname or "",
        given_names=given_names or "",
        sex=sex,
        birth_date=birth_date,
        birth_place=birth_place,
        nationality=nationality,
        document=document,
        stay_permit=permit,
        phone=phone,
        email=email,
    )


def _nationality(reader: Reader) -> str | None:
    nationality = reader.require(
        "nationality",
        reader.choose("nationality", parse_fields.state, lambda mrz: mrz.nationality),
        msg("give the country's name or its three letters."),
    )
    check_nationality(nationality, reader.add_error)
    return nationality


def check_nationality(nationality: str | None, note: Note) -> None:
    """Indonesians are not reported."""
    if nationality == INDONESIA:
        note(
            "nationality",
            "not_foreign",
            msg("The guest is Indonesian: only foreigners are reported. Nothing needs to be done."),
        )


def _document(reader: Reader, nationality: str | None, today: date) -> Document | None:
    mrz = reader.draft.mrz
    number = reader.require(
        "document_number",
        reader.choose("document_number", parse_fields.document_number, mrz_document_number),
        msg("give it as printed in the passport."),
    )
    issuing = reader.choose("issuing_state", parse_fields.state, lambda mrz: mrz.issuing_state) or nationality
    expiry = reader.require(
        "expiry_date",
        reader.choose("expiry_date", partial(parse_dates.full_date, today=today), lambda mrz: mrz.expiry_date),
        msg("give it as 2030-03-30 or 30/03/2030."),
    )
    if number is None or issuing is None or expiry is None:
        return None
    clean = mrz is not None and not mrz.problems
    return Document(
        type=mrz.document_type if mrz is not None else "P",
        number=number,
        issuing_state=issuing,
        expiry_date=expiry,
        # Lines that do not check out are no evidence: the fields, compared with the page, are reported alone.
        mrz=mrz.lines if mrz is not None and clean else None,
    )


def mrz_document_number(mrz: Mrz) -> str:
    """The number of a document, as it is compared with a typed one."""
    return plain_document_number(mrz.document_number)


def read_stay_permit(reader: Reader, today: date) -> StayPermit | None:
    """The visa or stay permit, as far as it was typed. Its end has a year: a wrong guess would warn of an overstay."""
    permit = StayPermit(
        code=reader.take("stay_permit", parse_fields.stay_permit),
        number=reader.take("stay_permit_number", parse_fields.one_line),
        valid_until=reader.take("stay_until", partial(parse_dates.full_date, today=today)),
        entry_date=reader.take("entry_date", partial(parse_dates.past_date, today=today)),
    )
    return None if permit == StayPermit() else permit


def _stay(reader: Reader, now: datetime, zone: tzinfo) -> Stay | None:
    arrived = reader.take("check_in", partial(date_and_time, zone=zone, now=now))
    check_in = arrived if reader.typed("check_in") else now
    leaves = _check_out(reader, check_in or now, now.date())
    purpose = reader.take("purpose", parse_fields.purpose)
    room = reader.take("room", parse_fields.one_line)
    note = reader.take("note", lambda text: parse_fields.one_line(text, parse_fields.MAX_NOTE_LENGTH))
    if check_in is None or leaves is None:
        return None
    if reader.has_accepted_check_digit:
        note = f"{note} {CHECK_DIGIT_NOTE}" if note else CHECK_DIGIT_NOTE
    return Stay(check_in, leaves, room, purpose or Purpose.TOURISM, note)


def _check_out(reader: Reader, check_in: datetime, today: date) -> date | None:
    if reader.typed("nights") and not reader.typed("planned_check_out"):
        return reader.take("nights", lambda text: parse_fields.nights(text, check_in))
    leaves = reader.take("planned_check_out", partial(parse_dates.stay_date, today=today, near=check_in.date()))
    return reader.require("planned_check_out", leaves, msg("give the number of nights, or the date."))


def _about_stay(reader: Reader, stay: Stay, now: datetime) -> None:
    if stay.planned_check_out <= stay.check_in.date():
        reader.add_error(
            "planned_check_out",
            "order",
            msg("The planned check-out must be after the check-in. Give at least one night."),
        )
    if stay.check_in > now + EARLIEST_AHEAD:
        reader.add_error(
            "check_in",
            "implausible",
            msg("The check-in is more than a day ahead. Report guests when they arrive, or correct the date."),
        )
    if stay.check_in < now - LATE_AFTER:
        reader.add_warning(
            "check_in",
            "late",
            msg("The check-in is more than 24 hours ago: the report is late. It is sent all the same."),
        )


def _about_guest(reader: Reader, guest: Guest, stay: Stay) -> None:
    arrived = stay.check_in.date()
    if guest.birth_date.earliest > arrived:
        reader.add_error(
            "birth_date", "order", msg("The date of birth is after the check-in. Compare it with the passport.")
        )
    check_age(reader, guest.birth_date, arrived)
    check_issuing_state(reader, guest.document.issuing_state, guest.nationality)
    check_truncated_name(reader)
    _about_passport(reader, guest.document.expiry_date, guest, stay)


def check_age(reader: Reader, born: PartialDate, day: date) -> None:
    """Older on that day than people get."""
    if years_between(born.earliest, day) > OLDEST_AGE:
        reader.add_warning(
            "birth_date",
            "implausible",
            msg("The guest would be older than {age}. Compare it with the passport.", age=OLDEST_AGE),
        )


def check_issuing_state(reader: Reader, issuing: str, nationality: str) -> None:
    """A passport of another state than the guest's."""
    if not alike(issuing, nationality):
        reader.add_warning(
            "issuing_state",
            "implausible",
            msg(
                "The passport's issuing state is not the nationality. That happens (refugees, for one); please compare."
            ),
        )


def check_truncated_name(reader: Reader) -> None:
    """The MRZ cuts off the given names, or the surname where it has no others."""
    mrz = reader.draft.mrz
    if mrz is None or not mrz.names_truncated:
        return
    name = "given_names" if mrz.given_names else "surname"
    if not reader.typed(name):
        reader.add_warning(
            name,
            "name_truncated",
            msg("The name is too long for the MRZ and is cut off there. Type it in full from the passport's page."),
        )


def _about_passport(reader: Reader, expiry: date, guest: Guest, stay: Stay) -> None:
    if expiry < stay.check_in.date():
        reader.add_warning(
            "expiry_date", "expired", msg("The passport has expired. It is reported all the same; tell the guest.")
        )
        return
    if expiry < stay.planned_check_out:
        reader.add_warning(
            "expiry_date", "expires_during_stay", msg("The passport expires during the stay. Tell the guest.")
        )
    entered = guest.stay_permit.entry_date if guest.stay_permit is not None else None
    if entered is not None and expiry < _months_after(entered, PASSPORT_MONTHS):
        reader.add_warning(
            "expiry_date",
            "implausible",
            msg("The passport was valid for less than six months on the date of entry. Compare both dates."),
        )


def years_between(born: date, day: date) -> int:
    """How old somebody is on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    last = (date(day.year + years + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(day.year + years, month + 1, min(day.day, last))


def _about_permit(reader: Reader, guest: Guest, stay: Stay) -> None:
    permit = guest.stay_permit
    if permit is None or permit.code is None:
        reader.add_warning(
            "stay_permit",
            "missing",
            msg("No visa or stay permit was given. It is optional; immigration officers ask for it."),
        )
    if permit is not None and permit.valid_until is not None and permit.valid_until < stay.planned_check_out:
        reader.add_warning(
            "stay_until",
            "permit_ends_during_stay",
            msg(
                "The stay permit ends before the planned check-out. An overstay costs the guest Rp1,000,000 a day, and "
                "after 60 days deportation (PP 28/2019, UU 6/2011 art. 78). Tell the guest."
            ),
        )
