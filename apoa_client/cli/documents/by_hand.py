"""The page from which staff copy what they type into APOA, in the reader's language; `app.by_hand_page` serves it."""

from functools import partial
from pathlib import Path
from typing import Any

from apoa_client.app.by_hand_page import PageFiles, Shown
from apoa_client.app.container import Container
from apoa_client.cli.documents.pages import render_page
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.views.apoa_form import (
    OUR_ORDER,
    SENT_BEFORE,
    TASKS,
    form_line,
    lines_to_type,
    value_note,
)
from apoa_client.cli.views.labels import KINDS
from apoa_client.cli.views.status import deadline_text
from apoa_client.desk.by_hand import TypingTask
from apoa_client.report.kinds import short_id

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
