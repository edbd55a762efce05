"""A report as APOA's own form has it: Indonesian labels in its order, and each value as it is to be typed there.

For a screen and for a sheet alike. A date is given day first, as Indonesians write it, and in words beside it, so that
nobody takes a month for a day.
"""

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from apoa_client.cli.terminal.language import N_, _, current_language, in_language, text
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import SEXES, day_text
from apoa_client.desk.by_hand import FormField
from apoa_client.passport.dates import PartialDate
from apoa_client.report.fields import BY_NAME, FieldValue, label_of
from apoa_client.report.kinds import Kind, Purpose
from apoa_client.report.purposes import PURPOSES

APOA_LANGUAGE = "id"
_SEXES_OF_APOA = {"M": "L", "F": "P"}
_STATES = frozenset({"nationality", "issuing_state"})

TASKS = {
    Kind.CHECK_IN: N_('In APOA: open "check-in manual", type this, compare, and press "simpan".'),
    Kind.CHECK_OUT: N_('In APOA: choose this guest, compare, and press "check-out".'),
    Kind.AMEND: N_(
        "In APOA: choose this guest and change what is marked with *. "
        "If APOA does not let you, tell the immigration office."
    ),
    Kind.CANCEL: N_(
        "In APOA: choose this guest and cancel the report. If APOA does not let you, tell the immigration office."
    ),
}
"""What is to be done there for each kind of report, in the words that stand on APOA's buttons."""


class FormLine(NamedTuple):
    """A field, safe for a screen: its label in APOA and in the reader's language, what to type, and its meaning."""

    label: str
    translated_label: str
    """Empty where the reader's language is APOA's."""
    value: str
    meaning: str
    """The value in words, where it could be mistaken; not to be typed."""
    changed: bool
    before: str
    """What APOA has, where it is to be changed; may be empty all the same."""

    def __repr__(self) -> str:
        """Nothing of the guest."""
        return f"FormLine({self.label!r}, …)"


def form_line(line: FormField, zone: tzinfo) -> FormLine:
    """A line in APOA's words, and the reader's."""
    named = BY_NAME[line.name].label if line.name in BY_NAME else label_of(line.name)
    label, here = in_language(APOA_LANGUAGE, named.template), text(named)
    value, meaning = _words(line.name, line.value, zone)
    return FormLine(
        label=label,
        translated_label=here if here != label else "",
        value=value,
        meaning=meaning,
        changed=line.before is not None,
        before=_words(line.name, line.before, zone)[0] if line.before is not None else "",
    )


def value_remark(line: FormLine) -> str:
    """What stands in brackets behind a value: its meaning, and what APOA has so far."""
    parts = [line.meaning, "" if line.value else _("leave it empty")]
    if line.changed:
        parts.append(_("before: {value}").format(value=line.before or "-"))
    said = "; ".join(filter(None, parts))
    return f" ({said})" if said else ""


def _words(name: str, value: FieldValue, zone: tzinfo) -> tuple[str, str]:
    """What to type, and what it means."""
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        return f"{_digits(local)} {local:%H:%M}", day_text(local)
    if isinstance(value, date):
        return _digits(value), day_text(value)
    if isinstance(value, PartialDate):
        return _known_digits(value)
    if name in _STATES and value:
        return _state(value)
    special = _SPECIAL.get(name)
    return special(value) if special is not None and value else (sanitize(value), "")


def _digits(day: date) -> str:
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def _known_digits(value: PartialDate) -> tuple[str, str]:
    if value.day is not None:
        return _digits(value.earliest), day_text(value.earliest)
    if value.month is not None:
        return f"{value.month:02}/{value.year:04}", _("day not known")
    return f"{value.year:04}", _("day and month not known")


def _state(code: str) -> tuple[str, str]:
    from apoa_client.passport.states import by_code  # reads a table

    state = by_code(code)
    if state is None:
        return sanitize(code), ""
    known = code if current_language() == APOA_LANGUAGE else state.english
    return state.indonesian, known if known != state.indonesian else ""


def _sex(value: str) -> tuple[str, str]:
    return _SEXES_OF_APOA.get(value, value), _(SEXES[value])


def _purpose(value: str) -> tuple[str, str]:
    label = PURPOSES[Purpose(value)].label
    indonesian, here = in_language(APOA_LANGUAGE, label.template), text(label)
    return indonesian, here if here != indonesian else ""


def _birth_place(value: str) -> tuple[str, str]:
    return sanitize(value), _("not stated") if value == "-" else ""


_SPECIAL: dict[str, Callable[[str], tuple[str, str]]] = {
    "sex": _sex,
    "purpose": _purpose,
    "birth_place": _birth_place,
}
