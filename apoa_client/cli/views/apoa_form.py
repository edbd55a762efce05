"""What staff type into APOA: Indonesian labels of our own, and each value as an Indonesian form takes it.

Dates have the day first, as in Indonesia, and the date in words beside them, so that the month is clear.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from apoa_client.cli.terminal.language import N_, _, current_language, in_language, text
from apoa_client.cli.terminal.output import plain, sanitize, style_bold, style_success
from apoa_client.cli.terminal.wrapping import width
from apoa_client.cli.views.labels import SEXES, day_text
from apoa_client.desk.by_hand import FormField, recorded_message
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.entries import Entry
from apoa_client.report.fields import BY_NAME, FieldValue, label_of
from apoa_client.report.kinds import Kind, Purpose
from apoa_client.report.purposes import PURPOSES

APOA_LANGUAGE = "id"
_APOA_SEXES = {"M": "L", "F": "P"}

TASKS = {
    Kind.CHECK_IN: N_(
        'In APOA: upload the passport\'s page or photograph it there, or open "check-in manual". '
        'Fill in what is missing, compare, and press "simpan".'
    ),
    Kind.CHECK_OUT: N_('In APOA: choose this guest, compare, and press "check-out".'),
    Kind.AMEND: N_(
        "In APOA: choose this guest and change what is marked with *. "
        "If APOA does not let you, tell the immigration office."
    ),
    Kind.CANCEL: N_(
        "In APOA: choose this guest and cancel the report. If APOA does not let you, tell the immigration office."
    ),
}
"""What to do in APOA for each kind of report, with the words on APOA's buttons."""

SENT_BEFORE = N_("It was sent before, but no answer came. Check in APOA first whether it is there.")

OUR_ORDER = N_("The fields are in our order, which may not be APOA's. The setting by_hand_order changes it.")
"""For a property without that setting."""


class FormLine(NamedTuple):
    """One field, sanitized: its Indonesian and the reader's label, what to type, and what that means."""

    label: str
    translated_label: str
    """Empty if it is the same as `label`."""
    value: str
    meaning: str
    """The value in words if it could be misread; not to be typed."""
    changed: bool
    before: str
    """The value that APOA has, if it must be changed; may be empty."""

    def __repr__(self) -> str:
        """Return the label only: the value is personal data."""
        return f"FormLine({self.label!r}, …)"


def form_line(field: FormField, zone: tzinfo) -> FormLine:
    """Return a field as a line to type into APOA."""
    message = BY_NAME[field.name].label if field.name in BY_NAME else label_of(field.name)
    label, translated = in_language(APOA_LANGUAGE, message.template), text(message)
    value, meaning = _apoa_value(field.name, field.value, zone)
    return FormLine(
        label=label,
        translated_label=translated if translated != label else "",
        value=value,
        meaning=meaning,
        changed=field.before is not None,
        before=_apoa_value(field.name, field.before, zone)[0] if field.before is not None else "",
    )


def lines_to_type(lines: Sequence[FormLine]) -> Sequence[FormLine]:
    """Return the lines that are typed: of a correction those that change something, as the rest finds the guest."""
    return [line for line in lines if line.changed] or lines


def value_note(line: FormLine) -> str:
    """Return the note in brackets after a value: its meaning, and the value that APOA has now."""
    notes = [line.meaning, "" if line.value else _("leave it empty")]
    if line.changed:
        notes.append(_("before: {value}").format(value=line.before or "-"))
    joined = "; ".join(filter(None, notes))
    return f" ({joined})" if joined else ""


def _apoa_value(name: str, value: FieldValue, zone: tzinfo) -> tuple[str, str]:
    """Return what to type into APOA, and its meaning."""
    if isinstance(value, str):
        return _coded_value(name, value)
    if isinstance(value, PartialDate):
        if value.month is None:
            return f"{value.year:04}", _("day and month not known")
        if value.day is None:
            return f"{value.month:02}/{value.year:04}", _("day not known")
        value = value.earliest
    time = ""
    if isinstance(value, datetime):
        value = value.astimezone(zone)
        time = f" {value:%H:%M}"
    return f"{value.day:02}/{value.month:02}/{value.year:04}{time}", day_text(value)


def _coded_value(name: str, value: str) -> tuple[str, str]:
    """Return a code in APOA's words, or a text as it is, and its meaning in the reader's language if it differs."""
    from apoa_client.passport.states import by_code  # reads a table

    kind = BY_NAME[name].type if name in BY_NAME else ""
    if kind == "sex" and value:
        return _APOA_SEXES.get(value, value), _(SEXES[value])
    if kind == "place" and value == "-":
        return value, _("not stated")
    if kind == "date" and value:  # no date: `UNREADABLE`
        return "", _("not readable")
    if kind == "purpose" and value:
        label = PURPOSES[Purpose(value)].label
        indonesian, meaning = in_language(APOA_LANGUAGE, label.template), text(label)
    elif kind == "state" and (state := by_code(value)) is not None:
        language = current_language()
        indonesian, meaning = state.name(APOA_LANGUAGE), value if language == APOA_LANGUAGE else state.name(language)
    else:
        return sanitize(value), ""
    return indonesian, meaning if meaning != indonesian else ""


_VALUE_WIDTH = 36
"""Columns of a date with its meaning and the gaps between the columns."""


def form_table(lines: Sequence[FormLine], columns: int) -> list[str]:
    """Return the fields as lines: labels in columns, then the value.

    A long value is on its own line. Labels in the reader's language are added if there is space for them.
    """
    if plain():
        return [f"{'* ' if line.changed else ''}{line.label}: {line.value}{value_note(line)}" for line in lines]
    label_width = max((len(line.label) for line in lines), default=0)
    own_width = max((len(line.translated_label) for line in lines), default=0)
    if label_width + own_width + _VALUE_WIDTH > columns:
        own_width = 0
    marked = any(line.changed for line in lines)
    rows: list[str] = []
    for line in lines:
        mark = ("* " if line.changed else "  ") if marked else ""
        label = f"{mark}{line.label:<{label_width}}  " + (
            f"{line.translated_label:<{own_width}}  " if own_width else ""
        )
        value = (style_bold(line.value) if line.value else "") + value_note(line)
        if width(label) + width(value) < columns:
            rows.append(label + value)
        else:
            rows += [label.rstrip(), f"    {value}"]
    return rows


def recorded_line(entry: Entry, number: str) -> str:
    """Return the line that says that a receipt number was filed."""
    return style_success(text(recorded_message(entry, number)))
