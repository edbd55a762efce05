"""The reports to type into APOA by hand, on paper, for use at another computer.

Each report has its fields in our order or in that of the settings, a box for the number that APOA gives, and the
command that enters the number.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.documents.pages import stream_page
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.language import N_
from apoa_client.cli.terminal.output_files import write_output
from apoa_client.cli.views.apoa_form import OUR_ORDER, SENT_BEFORE, TASKS, FormLine, form_line, value_note
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, moment_text
from apoa_client.errors import Erased, SealBroken
from apoa_client.report.kinds import Kind, short_id

_TITLE = N_("To be typed into APOA by hand")
_WORDS = {
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

    Each report is opened, written and forgotten. One that was changed or erased is shown as an error and left out.
    Raises `CredentialsProblem` without the key, and `UsageProblem` or `SettingsProblem` if the file cannot be written.
    """
    entries = _sheet_entries(app)
    first = next(entries, None)
    if first is None:
        return 0
    count = 0

    def counted() -> Iterator[SheetEntry]:
        nonlocal count
        for count, entry in enumerate(chain([first], entries), start=1):  # noqa: B007  the count is what is returned
            yield entry

    made = moment_text(app.clock.now(), app.settings.zone)
    order = "" if app.settings.typing_order else OUR_ORDER
    words = {**_WORDS, "order": order, "received": localized_command("received")}
    page = stream_page("by_hand.html", title=_TITLE, settings=app.settings, made=made, entries=counted(), words=words)
    write_output(path, (piece.encode() for piece in page), force=force)
    return count


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
