"""Findings, errors and the columns of a report, as JSON; findings and errors as lines on a screen."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import plain, print_error_line, sanitize, style_error, style_warning
from apoa_client.errors import ApoaError, Exit, NotAuthentic, StorageProblem, worst_exit
from apoa_client.ports.doubts import Doubt
from apoa_client.ports.entries import Entry
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind, PhotoState, Receipt, State, instant, short_id

if TYPE_CHECKING:
    from apoa_client.delivery.options import Outcome

_T = TypeVar("_T")

REPORT_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("id", "short_id", "stay_id"), str),
    "kind": Kind,
    "state": State,
    "created_at": datetime,
    "due_at": datetime | None,
    "attempts": int,
    "last_error": str | None,
    "authenticated": bool,
    "receipt": Receipt | None,
    "photo": PhotoState | None,
}
"""What JSON documents have of each report in the outbox: attributes of `Entry` and the short id, with their types."""

EMPTY_REPORT = {**dict.fromkeys([*REPORT_COLUMNS, "guest", "stay"]), "attempts": 0, "authenticated": False}
"""The JSON form of a report that was not saved."""


def report_columns(entry: Entry, zone: tzinfo, columns: Iterable[str] = REPORT_COLUMNS) -> dict[str, Any]:
    """Return columns of a report as JSON values, times in the property's zone."""
    found = {**entry._asdict(), "short_id": short_id(entry.id), "receipt": receipt_value(entry.receipt, zone)}
    return {
        name: moment_value(found[name], zone) if isinstance(found[name], datetime) else found[name] for name in columns
    }


def moment_value(moment: datetime | None, zone: tzinfo) -> str | None:
    """Return a time in the property's zone as JSON has it."""
    return None if moment is None else instant(moment.astimezone(zone))


def receipt_value(receipt: Receipt | None, zone: tzinfo) -> dict[str, Any] | None:
    """Return a receipt as JSON values, its time in the property's zone; `source` says who gave the number."""
    if receipt is None:
        return None
    number, source = receipt.number if receipt.has_number else None, "typed" if receipt.typed else "authority"
    return {"number": number, "issued_at": moment_value(receipt.issued_at, zone), "source": source}


def finding_value(finding: Finding) -> dict[str, str]:
    """Return a finding as JSON values."""
    return {"field": finding.field, "code": finding.code, "message": text(finding.message)}


def error_value(error: ApoaError) -> dict[str, Any]:
    """Return the JSON document for an error that ended a command. A refused report has the form of a report."""
    if not isinstance(error, ReportRefused):
        return {"error": error_fields(error)}
    return {**EMPTY_REPORT, **findings_value(error.errors, error.warnings)}


def findings_value(errors: Iterable[Finding], warnings: Iterable[Finding]) -> dict[str, Any]:
    """Return errors and warnings as JSON values."""
    return {"errors": [finding_value(e) for e in errors], "warnings": [finding_value(w) for w in warnings]}


def error_fields(error: ApoaError) -> dict[str, str]:
    """Return an error as JSON values: class, message and advice."""
    advice = text(error.advice) if error.advice is not None else ""
    return {"class": error.name, "message": text(error.message), "advice": advice}


def show_findings(error: ApoaError) -> None:
    """Show the findings of an error, if it has any."""
    if isinstance(error, ReportRefused):
        show_warnings(error.warnings)
        for finding in error.errors:
            print_error_line(error_line(text(finding.message)))
            if finding.suggestion:
                print_error_line(suggestion_line(finding.suggestion))


def show_error(error: ApoaError) -> None:
    """Show an error and its advice."""
    print_error_line(style_error(text(error.message)))
    if error.advice is not None:
        print_error_line(text(error.advice))


def show_unwritable(problem: StorageProblem) -> None:
    """Show that what follows can be read, and that no guest can be saved."""
    print_error_line(style_error(text(problem.message)))
    print_error_line(_("What was saved before is shown. No guest can be saved now."))
    if problem.advice is not None:
        print_error_line(text(problem.advice))


class Readable(Generic[_T]):
    """Iterates as far as the outbox can be read; `damage` then says why it could not be read to the end, if so.

    Raises `StorageProblem` at once if not even the first item can be read.
    """

    def __init__(self, items: Iterable[_T]) -> None:
        rest = iter(items)
        self._items = chain(list(islice(rest, 1)), rest)
        self.damage: StorageProblem | None = None

    def __iter__(self) -> Iterator[_T]:
        try:
            yield from self._items
        except StorageProblem as exc:
            self.damage = exc


def show_damage(damage: StorageProblem | None) -> Exit:
    """Show why the outbox could not be read to the end, if so. Return the exit code."""
    if damage is None:
        return Exit.DONE
    show_error(damage)
    return damage.exit_code


def finding_line(finding: Finding) -> str:
    """Return a finding with the label of its field."""
    from apoa_client.report.fields import label_of  # start-up: `apoa status` shows none

    return f"  {text(label_of(finding.field))}: {text(finding.message)}"


def show_warnings(warnings: Iterable[Finding]) -> None:
    """Show each warning on a line."""
    for warning in warnings:
        print_error_line(warning_line(text(warning.message)))


def suggestion_line(value: str) -> str:
    """Return the line that suggests a value."""
    return "  " + _("Perhaps: {value}").format(value=sanitize(value))


def error_line(message: str) -> str:
    """Return an error after its mark; as plain lines, after a word."""
    return _("Wrong: {what}").format(what=message) if plain() else f"{style_error('x')} {message}"


def warning_line(message: str) -> str:
    """Return a warning after its mark; as plain lines, after a word."""
    return _("Warning: {what}").format(what=message) if plain() else f"{style_warning('!')} {message}"


_MAX_SHOWN = 20


def doubt_values(doubts: Iterable[Doubt]) -> list[dict[str, Any]]:
    """Return doubts as JSON values: each a kind, and a report's id or null for the whole outbox."""
    return [{"kind": doubt.kind.value, "id": doubt.report or None} for doubt in doubts]


def show_doubts(doubts: Sequence[Doubt]) -> Exit:
    """Show each on stderr, and then what to do. Return the exit code."""
    if not doubts:
        return Exit.DONE
    errors = [doubt.error() for doubt in doubts]
    for error in errors[:_MAX_SHOWN]:
        print_error_line(style_error(text(error.message)))
    for advice in dict.fromkeys(text(error.advice) for error in errors if error.advice is not None):
        print_error_line(advice)
    return worst_exit(error.exit_code for error in errors)


def show_changed(outcome: "Outcome") -> None:
    """Show what another program changed in the outbox."""
    for report_id in outcome.repaired:
        line = _("Report {id} was changed, and not by apoa-client. It is again as the authority has it.")
        print_error_line(style_error(line.format(id=short_id(report_id))))
    show_doubts(outcome.doubts)


def is_doubt(outcome: "Outcome") -> bool:
    """Return whether the error of a run is one of the doubts that `show_changed` shows."""
    return bool(outcome.doubts) and isinstance(outcome.error, NotAuthentic)
