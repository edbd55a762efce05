"""What staff type into APOA: the page from which they copy it, and a sheet on paper for use at another computer.

`app.by_hand_page` serves the page, in the reader's language. On the sheet each report has its fields in our order or in
that of the settings, a box for the number that APOA gives, and the command that enters the number.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from apoa_client.app.by_hand_page import PageFiles, Shown
from apoa_client.app.container import Container
from apoa_client.cli.documents.pages import render_page
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.terminal.output_files import write_output
from apoa_client.cli.views.apoa_form import (
    OUR_ORDER,
    SENT_BEFORE,
    TASKS,
    FormLine,
    form_line,
    lines_to_type,
    value_note,
)
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, moment_text
from apoa_client.cli.views.status import deadline_text
from apoa_client.desk.by_hand import TypingTask
from apoa_client.errors import Erased, SealBroken
from apoa_client.report.kinds import Kind, short_id

_TEMPLATE = "by_hand_page.html"
_FOLDER = Path(__file__).with_name("templates")
_WORDS = {
    "title": N_("Type into APOA"),
    "ended": N_("This page has ended. Open it again with:"),
    "closed": N_("The address is not complete. Open the one that this command prints:"),
    "script": N_("This page needs JavaScript."),
    "left": N_("Left for later: {count}. Open this page again with:"),
    "done": N_("Everything is recorded. This page can be closed."),
    "due": N_("Due by"),
    "waiting": N_("waiting: {count}"),
    "photo": N_("Save the passport's photo, for APOA's upload"),
    "hint": N_("Enter copies the next value. Text in brackets explains and is not copied."),
    "copied": N_("Copied"),
    "copy_value": N_("Copy"),
    "by_keys": N_("Press Ctrl+C to copy the marked value."),
    "number": N_("Number on APOA's receipt (Surat Tanda Terima)"),
    "doubtful": N_("Compare it with APOA's receipt. If it is right, save it again."),
    "save": N_("Save"),
    "without": N_("Done in APOA, no number"),
    "later": N_("Later"),
}
_TRAINING = N_("Training only: no report from here reaches Immigration.")


def page_files(app: Container) -> PageFiles:
    """Return the page of a property."""
    common = {
        "t": _,
        "words": _WORDS,
        "language": current_language(),
        "name": app.settings.title,
        "command": localized_command("sync --by-hand --page"),
        "training": _TRAINING if app.settings.is_training else "",
    }
    return PageFiles(
        partial(_drawn, app, common),
        render_page(_TEMPLATE, **common, is_open=False),
        (_FOLDER / "by_hand_page.css").read_text("utf-8"),
        (_FOLDER / "by_hand_page.js").read_text("utf-8"),
    )


def _drawn(app: Container, common: dict[str, Any], shown: Shown) -> str:
    """Return the page as HTML."""
    now = app.clock.now()
    return render_page(
        _TEMPLATE,
        **common,
        is_open=True,
        waiting=app.outbox.summary(now=now, soon=now).waiting,
        messages=[text(each) for each in shown.messages],
        number=shown.number,
        problem=text(shown.problem) if shown.problem is not None else "",
        doubtful=shown.doubtful,
        report=_report(app, shown.task) if shown.task is not None else None,
    )


def _report(app: Container, task: TypingTask) -> dict[str, Any]:
    """Return what the template shows of a report."""
    entry, zone, now = task.entry, app.settings.zone, app.clock.now()
    lines = [form_line(each, zone) for each in task.lines]
    typed = lines_to_type(lines)
    return {
        "id": entry.id,
        "short_id": short_id(entry.id),
        "kind": KINDS[entry.kind],
        "due": deadline_text(entry.due_at, now, zone) if entry.due_at is not None else "",
        "is_late": entry.due_at is not None and entry.due_at < now,
        "task": TASKS[entry.kind],
        "sent_before": SENT_BEFORE if task.sent_before else "",
        "order": "" if app.settings.typing_order else OUR_ORDER,
        "has_photo": entry.photo is not None,
        "rows": [(line, value_note(line).strip(), line in typed) for line in lines],
    }


_TITLE = N_("To be typed into APOA by hand")
_ON_PAPER = {
    "private": N_("Personal data of guests: keep this sheet private, and destroy it when every number is entered."),
    "number": N_("Number of APOA's receipt"),
    "command": N_("Then, on the property's computer:"),
    "due": N_("Due by"),
    "made": N_("Made on"),
}
_NO_NUMBER = N_("If APOA gives no number, write down the number of the guest's check-in.")


class SheetEntry(NamedTuple):
    """One report on the sheet."""

    short_id: str
    kind: str
    due: str
    task: str
    notes: tuple[str, ...]
    rows: tuple[tuple[FormLine, str], ...]
    """Each line with its note."""

    def __repr__(self) -> str:
        """Return the id only: the rows are personal data."""
        return f"SheetEntry({self.short_id!r}, …)"


def write_sheet(app: Container, path: Path, *, force: bool) -> int:
    """Write all waiting reports that can be opened, and return how many. Without reports, write nothing.

    A report that was changed or erased is shown as an error and left out. Raises `CredentialsProblem` without the key,
    and `UsageProblem` or `SettingsProblem` if the file cannot be written.
    """
    entries = list(_sheet_entries(app))
    if entries:
        made = moment_text(app.clock.now(), app.settings.zone)
        order = "" if app.settings.typing_order else OUR_ORDER
        words = {**_ON_PAPER, "order": order, "received": localized_command("received")}
        page = render_page("by_hand.html", title=_TITLE, settings=app.settings, made=made, entries=entries, words=words)
        write_output(path, page.encode(), force=force)
    return len(entries)


def _sheet_entries(app: Container) -> Iterator[SheetEntry]:
    zone = app.settings.zone
    for entry in app.by_hand.all_waiting():
        try:
            lines = [form_line(line, zone) for line in app.by_hand.task(entry).lines]
        except (SealBroken, Erased) as exc:
            show_error(exc)
            continue
        notes = [SENT_BEFORE] if entry.calls else []
        if entry.kind is not Kind.CHECK_IN:
            notes.append(_NO_NUMBER)
        due = moment_text(entry.due_at, zone) if entry.due_at is not None else ""
        rows = tuple((line, value_note(line)) for line in lines)
        yield SheetEntry(short_id(entry.id), KINDS[entry.kind], due, TASKS[entry.kind], tuple(notes), rows)
