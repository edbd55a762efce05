"""A report that staff type into APOA by hand: its fields in columns, and the number that was recorded."""

from collections.abc import Sequence

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import plain, sanitize, style_bold, style_success
from apoa_client.cli.terminal.wrapping import width
from apoa_client.cli.views.apoa_form import FormLine, value_note
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import short_id

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
    line = _("Recorded: report {id}, receipt number {number}, typed in by staff.")
    return style_success(line.format(id=short_id(entry.id), number=style_bold(sanitize(number))))


def same_number_line(other: Entry) -> str:
    """Return the line that says that the report of another stay has the same receipt number."""
    return _("Report {id} of another stay has this number already.").format(id=short_id(other.id))
