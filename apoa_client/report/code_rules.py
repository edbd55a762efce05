"""The warning about a code that the authority's tables do not have, or not on the day of arrival (``unknown_code``)."""

from collections.abc import Sequence
from datetime import date

from apoa_client.messages import Message, day_message, msg
from apoa_client.passport.states import canonical_code
from apoa_client.report import permits
from apoa_client.report.codes import Code, CodeTables, rows_of, suggest
from apoa_client.report.draft import Reader
from apoa_client.report.kinds import Purpose

_UNKNOWN = {
    "stay_permit": msg("Compare it with the visa or stamp in the passport; the report is sent anyway."),
    "purpose": msg("The report is sent anyway."),
    "nationality": msg("Compare it with the passport; the report is sent anyway."),
}


def check_permit_code(reader: Reader, code: str | None, tables: CodeTables, day: date) -> None:
    """Warn of a stay permit that the authority does not list for a day. A word of several permits has another rule."""
    if code is not None and not permits.is_ambiguous(code):
        _check(reader, "stay_permit", code, tables.stay_permits, day)


def check_nationality_code(reader: Reader, nationality: str, tables: CodeTables, day: date) -> None:
    """Warn of a nationality that the authority does not list for a day. It may have either code for Germany."""
    rows = [row for row in tables.nationalities if canonical_code(row.code) == canonical_code(nationality)]
    _check(reader, "nationality", nationality, rows or tables.nationalities, day, rows)


def check_purpose_code(reader: Reader, purpose: Purpose, tables: CodeTables, day: date) -> None:
    """Warn of a purpose that the authority does not list for a day."""
    _check(reader, "purpose", purpose.value, tables.purposes, day)


def _check(
    reader: Reader, name: str, value: str, table: Sequence[Code], day: date, rows: Sequence[Code] | None = None
) -> None:
    rows = rows_of(table, value) if rows is None else rows
    if not table or any(row.valid_on(day) for row in rows):
        return
    likely = suggest(value, table, day, limit=1) if name == "stay_permit" else []
    reader.add_warning(name, "unknown_code", _message(name, value, rows, day), likely[0].code if likely else None)


def _message(name: str, value: str, rows: Sequence[Code], day: date) -> Message:
    code, compare = value, _UNKNOWN[name]
    ended = [row.valid_to for row in rows if row.valid_to is not None and row.valid_to < day]
    if ended:
        until = day_message(max(ended))
        return msg("The authority's list has {code} only until {day}. {compare}", code=code, day=until, compare=compare)
    begins = [row.valid_from for row in rows if row.valid_from is not None]
    if begins:
        start = day_message(min(begins))
        return msg("The authority's list has {code} only from {day}. {compare}", code=code, day=start, compare=compare)
    return msg("The authority's list does not have {code}. {compare}", code=code, compare=compare)
