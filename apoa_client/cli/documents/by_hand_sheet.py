"""What waits to be typed into APOA as a sheet of paper, to be carried to another computer.

One guest a block, in the order of APOA's form, with a box for the number that APOA gives and the command that files it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.documents.pages import render_page
from apoa_client.cli.terminal.language import N_
from apoa_client.cli.terminal.output_files import write_output
from apoa_client.cli.views.apoa_form import TASKS, FormLine, form_line, value_remark
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, moment_text
from apoa_client.errors import Erased, SealBroken
from apoa_client.ports import Entry
from apoa_client.report.kinds import Kind, short_id

_TITLE = N_("To be typed into APOA by hand")
_PRIVATE = N_("Personal data of guests: keep this sheet private, and destroy it when every number is entered.")
_NUMBER = N_("Number of APOA's receipt")
_NO_NUMBER = N_("If APOA gives no number, write down the number of the guest's check-in.")
_FILE_IT = N_("Then, on the property's computer:")
_SENT_BEFORE = N_("It was sent before, but no answer came. Check in APOA first whether it is there.")
_DUE = N_("Due by")
_MADE = N_("Made on")


class SheetEntry(NamedTuple):
    """One report on the sheet."""

    short_id: str
    kind: str
    due: str
    task: str
    notes: tuple[str, ...]
    rows: tuple[tuple[FormLine, str], ...]
    """Each line, and what explains it."""

    def __repr__(self) -> str:
        """Nothing of the guest."""
        return f"Block({self.short_id!r}, …)"


def write_sheet(app: Container, path: Path, *, force: bool) -> int:
    """Write all that waits; how many reports that were. Nothing where none does, for there is nothing to carry.

    Raises `CredentialsProblem` without the private key.
    """
    blocks = list(_blocks(app, app.by_hand.all_waiting()))
    if not blocks:
        return 0
    text = render_page(
        "by_hand.html",
        title=_TITLE,
        settings=app.settings,
        made=moment_text(app.clock.now(), app.settings.zone),
        blocks=blocks,
        words={"private": _PRIVATE, "number": _NUMBER, "file": _FILE_IT, "due": _DUE, "made": _MADE},
    )
    write_output(path, text.encode(), force=force)
    return len(blocks)


def _blocks(app: Container, entries: Iterable[Entry]) -> Iterator[SheetEntry]:
    """One for each that can be opened; one that was changed or erased is told, and left out."""
    for entry in entries:
        try:
            lines = [form_line(line, app.settings.zone) for line in app.by_hand.task(entry).lines]
        except (SealBroken, Erased) as exc:
            show_error(exc)
            continue
        yield SheetEntry(
            short_id(entry.id),
            KINDS[entry.kind],
            moment_text(entry.due_at, app.settings.zone) if entry.due_at is not None else "",
            TASKS[entry.kind],
            tuple(_notes(entry)),
            tuple((line, value_remark(line)) for line in lines),
        )


def _notes(entry: Entry) -> Iterator[str]:
    if entry.calls:
        yield _SENT_BEFORE
    if entry.kind is not Kind.CHECK_IN:
        yield _NO_NUMBER
