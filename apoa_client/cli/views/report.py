"""A report as JSON and as lines on the screen; a report or draft with what was opened of it."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.cli.terminal.language import _, current_language, text
from apoa_client.cli.terminal.output import label_lines, plain, print_line, sanitize, style_bold, style_warning
from apoa_client.cli.views.findings import EMPTY_REPORT, findings_value, report_columns
from apoa_client.cli.views.labels import SEXES, day_text, moment_text, receipt_source
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.entries import Content, Entry
from apoa_client.report.fields import BY_NAME, ON_THE_FORM, FieldValue, field_values
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Purpose, Receipt, short_id
from apoa_client.report.model import Guest, Report, Stay, part_value, report_value, room_name
from apoa_client.report.purposes import PURPOSES

if TYPE_CHECKING:
    from apoa_client.desk.guest_form import GuestForm
    from apoa_client.ports.state import StoredDraft


class OpenedReport(NamedTuple):
    """A report of the outbox with its content. Without the key, or once the data are erased, there is no content."""

    entry: Entry
    content: Content | None = None
    guest_report: Report | None = None
    """The report that holds guest and stay: this one; for a check-out or cancellation, the stay's current report."""
    stay_shown_id: str = ""
    """The short id of the stay, where the report stands for its stay."""

    def __repr__(self) -> str:
        """Return the id only: the content is personal data."""
        return f"OpenedReport({self.entry.id!r}, …)"

    @property
    def report(self) -> Report | None:
        """The report itself; None if it cannot be read now."""
        return self.content.report if self.content is not None else None

    @property
    def guest(self) -> Guest | None:
        """The guest; None if the data cannot be read now."""
        return self.guest_report.guest if self.guest_report is not None else None

    @property
    def stay(self) -> Stay | None:
        """The stay; None if the data cannot be read now."""
        return self.guest_report.stay if self.guest_report is not None else None

    @property
    def check_out(self) -> datetime | None:
        """The time of check-out that the report itself gives, if any."""
        return self.content.report.check_out if self.content is not None else None

    @property
    def short_id(self) -> str:
        """The short id of the report, or that of the stay for which it stands."""
        return self.stay_shown_id or short_id(self.entry.id)

    @property
    def name(self) -> str:
        """The guest's name, sanitized; empty if it cannot be read now."""
        return guest_name(self.guest) if self.guest is not None else ""

    @property
    def room(self) -> str:
        """The room, sanitized; empty if there is none or it cannot be read now."""
        return sanitize(room_name(self.stay.room or "")) if self.stay is not None else ""

    @property
    def nationality(self) -> str:
        """The nationality's ICAO code; empty if it cannot be read now."""
        return self.guest.nationality if self.guest is not None else ""


class OpenedDraft(NamedTuple):
    """A draft with its guests' forms; without forms if it cannot be opened.

    `is_readable` is False for a draft that no key opens any more; without the key it is not known.
    """

    draft: "StoredDraft"
    forms: Sequence["GuestForm"] = ()
    is_readable: bool = True

    @property
    def names(self) -> str:
        """The guests' names and document numbers, sanitized; empty if the draft cannot be opened."""
        return ", ".join(sanitize(form.name) for form in self.forms)

    def text(self, zone: tzinfo) -> str:
        """Return the draft on one line, with the time at which it was stored."""
        moment = moment_text(self.draft.saved_at, zone)
        names = self.names if self.is_readable else _("cannot be read any more")
        return f"{names}, {moment}" if names else moment


def report_json(entry: Entry, content: Content | None, *, zone: tzinfo, is_here: bool = False) -> dict[str, Any]:
    """Return a report as ``--json`` prints it. Without `content` it is sealed or erased.

    `is_here` says that it waits on this computer to be moved into the shared outbox.
    """
    report = content.report if content is not None else None
    errors, warnings = (content.errors, content.warnings) if content is not None else ((), ())
    value = {
        **report_columns(entry, zone),
        "guest": part_value(report.guest) if report is not None and report.guest is not None else None,
        "stay": part_value(report.stay) if report is not None and report.stay is not None else None,
        **findings_value(errors, warnings),
    }
    if entry.erased_at is not None:
        value["erased"] = True
    elif content is None:
        value["sealed"] = True
    if is_here:
        value["stored"] = "here"
    return value


def dry_run_value(report: Report, warnings: Sequence[Finding], online: dict[str, Any] | None) -> dict[str, Any]:
    """Return what ``--dry-run`` prints: the report that would be saved, without an id, and the authority's answer."""
    value = report_value(report)
    shown = {key: value.get(key) for key in ("kind", "guest", "stay")}
    return {**EMPTY_REPORT, **shown, **findings_value((), warnings), "online": online}


def receipt_text(receipt: Receipt | None) -> str:
    """Return a receipt's number, sanitized, and whether staff typed it in; empty without a receipt."""
    if receipt is None:
        return ""
    number = sanitize(receipt.number)
    return f"{number} ({_(receipt_source(receipt))})" if receipt.typed else number


def show_erased(entry: Entry, zone: tzinfo) -> None:
    """Show when the guest's data were erased, if they were."""
    if entry.erased_at is not None:
        erased = _("The guest's data were erased on {moment}. The receipt is kept.")
        print_line(style_warning(erased.format(moment=moment_text(entry.erased_at, zone))))


def property_line(label: str) -> list[str]:
    """Return the line that names the property; none without a label, where there is only one."""
    return [_("Property: {name}").format(name=sanitize(label))] if label else []


def guest_name(guest: Guest) -> str:
    """Return a guest's full name, sanitized."""
    return sanitize(" ".join(part for part in (guest.given_names, guest.surname) if part))


def report_lines(report: Report, zone: tzinfo) -> list[str]:
    """Return a line per field that has a value, in our order, sanitized."""
    texts = field_texts(report, zone)
    return label_lines([(text(BY_NAME[name].label), sanitize(shown)) for name, shown in texts.items()])


def changed_field_lines(before: Report, after: Report, zone: tzinfo) -> list[str]:
    """Return a line per field whose text differs between two reports, sanitized."""
    old, new = field_texts(before, zone), field_texts(after, zone)
    lines = []
    for field in ON_THE_FORM:
        if old.get(field.name) != new.get(field.name):
            label = text(field.label)
            was, now = (sanitize(texts.get(field.name, "")) or "-" for texts in (old, new))
            in_words = _("{field}: {before}, now {after}").format(field=label, before=was, after=now)
            lines.append(in_words if plain() else f"{label}: {was} → {style_bold(now)}")
    return lines


def field_texts(report: Report, zone: tzinfo) -> dict[str, str]:
    """Return the fields of a report that have a value, in words, by name. Not sanitized."""
    return {name: field_text(name, value, zone) for name, value in field_values(report).items()}


def field_text(name: str, value: FieldValue, zone: tzinfo) -> str:
    """Return the value of a field in words. Not sanitized."""
    if isinstance(value, datetime):
        return moment_text(value, zone)
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, PartialDate):
        return day_text(value.earliest) if value.day else str(value)
    if isinstance(value, Purpose):
        return purpose_text(value)
    words: dict[str, Callable[[str], str]] = {
        "sex": lambda sex: _(SEXES[sex]),
        "state": state_text,
        "room": room_name,
        "date": lambda _unreadable: _("not readable"),
    }
    return words.get(BY_NAME[name].type, str)(value)


def purpose_text(purpose: Purpose) -> str:
    """Return a purpose's name in the user's language."""
    return text(PURPOSES[purpose].label)


def state_text(code: str) -> str:
    """Return a state's name in the reader's language, with its code; an unknown code alone."""
    from apoa_client.passport.states import by_code  # reads a table

    state = by_code(code)
    return f"{state.name(current_language())} ({code})" if state is not None else code
