"""A report in the two forms that every command shows it in: JSON, and words."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from apoa_client.cli.terminal.language import _, current_language, text
from apoa_client.cli.terminal.output import plain, print_line, sanitize, style_bold, style_warning
from apoa_client.cli.terminal.tables import label_lines
from apoa_client.cli.views.findings import EMPTY_REPORT, findings_value
from apoa_client.cli.views.labels import PURPOSES, RECEIPT_SOURCES, SEXES, day_text, moment_text
from apoa_client.ports import Content, Entry
from apoa_client.report.deadline import instant
from apoa_client.report.fields import FIELDS
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Receipt, short_id
from apoa_client.report.model import Guest, Report, Stay
from apoa_client.report.wire import guest_value, report_value, stay_value


def report_json(entry: Entry, content: Content | None, *, zone: tzinfo) -> dict[str, Any]:
    """A report as `report`, `list` and `show` print it with ``--json``. Without `content` it is sealed, or erased."""
    report = content.report if content is not None else None
    value: dict[str, Any] = {
        "id": entry.id,
        "short_id": short_id(entry.id),
        "stay_id": entry.stay_id,
        "kind": entry.kind.value,
        "state": entry.state.value,
        "created_at": instant(entry.created_at.astimezone(zone)),
        "due_at": instant(entry.due_at.astimezone(zone)) if entry.due_at is not None else None,
        "attempts": entry.attempts,
        "last_error": entry.last_error,
        "receipt": receipt_value(entry.receipt, zone),
        "guest": guest_value(report.guest) if report is not None and report.guest is not None else None,
        "stay": stay_value(report.stay) if report is not None and report.stay is not None else None,
        **(findings_value(content.errors, content.warnings) if content is not None else findings_value((), ())),
    }
    if entry.erased_at is not None:
        value["erased"] = True
    elif content is None:
        value["sealed"] = True
    return value


def dry_run_value(report: Report, warnings: Sequence[Finding]) -> dict[str, Any]:
    """A report that was only checked (``--dry-run``): what would be saved, and no id, because nothing was."""
    value = report_value(report)
    shown = {key: value.get(key) for key in ("kind", "guest", "stay")}
    return {**EMPTY_REPORT, **shown, **findings_value((), warnings)}


def receipt_value(receipt: Receipt | None, zone: tzinfo) -> dict[str, Any] | None:
    """A receipt as JSON values, its time in the property's zone like every other; `source` says whose the number is."""
    if receipt is None:
        return None
    issued_at = instant(receipt.issued_at.astimezone(zone))
    return {"number": receipt.number, "issued_at": issued_at, "source": "typed" if receipt.typed else "authority"}


def receipt_text(receipt: Receipt | None) -> str:
    """A receipt's number, safe for a screen; one that staff typed in says so. Empty where there is none."""
    if receipt is None:
        return ""
    number = sanitize(receipt.number)
    return f"{number} ({_(RECEIPT_SOURCES[True])})" if receipt.typed else number


def show_erased(entry: Entry, zone: tzinfo) -> None:
    """Say so where nothing of the guest is left."""
    if entry.erased_at is not None:
        print_line(style_warning(erased_line(entry.erased_at, zone)))


def erased_line(erased_at: datetime, zone: tzinfo) -> str:
    """That nothing of the guest is left, and when it went."""
    moment = moment_text(erased_at, zone)
    return _("The guest's data were erased on {moment}. This proof is kept.").format(moment=moment)


def guest_name(guest: Guest) -> str:
    """A guest's whole name, safe for a screen."""
    return sanitize(" ".join(part for part in (guest.given_names, guest.surname) if part))


def report_lines(report: Report, zone: tzinfo) -> list[str]:
    """A line for every field that has a value, in the order of APOA's form, safe for a screen."""
    value = field_texts(report, zone)
    return label_lines([(text(item.label), sanitize(value[item.name])) for item in FIELDS if value.get(item.name)])


def changed_field_lines(before: Report, after: Report, zone: tzinfo) -> list[str]:
    """A line for every field that the second report says otherwise than the first, safe for a screen."""
    old, new = field_texts(before, zone), field_texts(after, zone)
    pairs = [(text(item.label), old.get(item.name, ""), new.get(item.name, "")) for item in FIELDS]
    return [_changed(label, sanitize(was) or "-", sanitize(now) or "-") for label, was, now in pairs if was != now]


def _changed(label: str, was: str, now: str) -> str:
    if plain():
        return _("{field}: {before}, now {after}").format(field=label, before=was, after=now)
    return f"{label}: {was} → {style_bold(now)}"


def field_texts(report: Report, zone: tzinfo) -> dict[str, str]:
    """What each field of a report says, in words; empty where it says nothing. Not safe for a screen yet."""
    value = _guest_texts(report.guest) if report.guest is not None else {}
    return value | (_stay_texts(report.stay, zone) if report.stay is not None else {})


def _guest_texts(guest: Guest) -> dict[str, str]:
    permit = guest.stay_permit
    texts = {
        "surname": guest.surname,
        "given_names": guest.given_names,
        "sex": _(SEXES[guest.sex]),
        "birth_place": guest.birth_place,
        "birth_date": day_text(guest.birth_date.earliest) if guest.birth_date.day else str(guest.birth_date),
        "nationality": state_text(guest.nationality),
        "document_number": guest.document.number,
        "issuing_state": state_text(guest.document.issuing_state),
        "expiry_date": day_text(guest.document.expiry_date),
        "phone": guest.phone or "",
        "email": guest.email or "",
    }
    if permit is not None:
        texts["stay_permit"] = permit.code or ""
        texts["stay_permit_number"] = permit.number or ""
        texts["stay_until"] = day_text(permit.valid_until) if permit.valid_until else ""
        texts["entry_date"] = day_text(permit.entry_date) if permit.entry_date else ""
    return texts


def _stay_texts(stay: Stay, zone: tzinfo) -> dict[str, str]:
    return {
        "check_in": moment_text(stay.check_in, zone),
        "planned_check_out": day_text(stay.planned_check_out),
        "room": stay.room or "",
        "purpose": _(PURPOSES[stay.purpose.value]),
        "note": stay.note or "",
    }


def state_text(code: str) -> str:
    """A state's name in the reader's language, with its code."""
    from apoa_client.passport.states import by_code  # reads a table

    state = by_code(code)
    if state is None:
        return code
    return f"{state.indonesian if current_language() == 'id' else state.english} ({code})"
