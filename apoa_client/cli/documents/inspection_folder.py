"""Everything that proves the reports of a period, as pages in a folder: for an officer who comes to inspect.

A period is of check-in nights: it is a guest's stay that is inspected, and all of its reports go with it. Files are
named for receipt numbers or ids, because a folder's names are seen by whoever looks over a shoulder.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.documents.pages import render_page
from apoa_client.cli.documents.receipt_page import OURS, TRAINING, Proof, proof_of, receipt_page
from apoa_client.cli.terminal.language import N_, in_both_languages
from apoa_client.cli.terminal.output_files import make_output_folder, write_output
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, RECEIPT_SOURCES, STATES, day_text, moment_text
from apoa_client.cli.views.report import guest_name
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import Exit, SealBroken
from apoa_client.ports import Selection
from apoa_client.report.kinds import short_id

_TITLE = N_("Receipts for foreign guests' reports")
_HEADS = (N_("Receipt number"), N_("Check-in"), N_("Guest"), N_("Room"), N_("Kind of report"), N_("State"))
_NONE = N_("no receipt")
_ERASED = N_("erased")

_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")
_LONGEST_NAME = 80
# Names that are taken: by our own table, and by Windows for its devices.
_TAKEN = frozenset({"index", "con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})


class Period(NamedTuple):
    """Check-in nights, the first and the last included; None where it is open."""

    first: date | None
    last: date | None

    def holds(self, night: date) -> bool:
        """Whether a night is in it."""
        return (self.first is None or self.first <= night) and (self.last is None or night <= self.last)


class InspectionResult(NamedTuple):
    """What was written, and how many reports of the period have nothing to show."""

    written: int
    without_receipt: int
    exit_code: Exit = Exit.DONE


class _Row(NamedTuple):
    night: date
    proof: Proof
    file: str
    """Empty for a report without a receipt."""


def write_inspection_folder(app: Container, period: Period, folder: Path, *, force: bool) -> InspectionResult:
    """Write a page for each report with a receipt, and a table of all. Nothing is written where there is no report.

    Raises `CredentialsProblem` without the key, before anything is written. A report whose seal is broken is told, and
    keeps nobody from the others.
    """
    rows, taken, damage = list[_Row](), set(_TAKEN), Exit.DONE
    for night, proof, code in _proofs(app, period):
        if not rows:
            make_output_folder(folder, force=force)
        damage = damage or code
        rows.append(_Row(night, proof, _file_name(proof, taken)))
        if rows[-1].file:
            write_output(folder / rows[-1].file, _page(app, proof), force=force)
    if rows:
        write_output(folder / "index.html", _index(app, period, rows).encode(), force=force)
    written = sum(1 for row in rows if row.file)
    return InspectionResult(written, len(rows) - written, damage)


def _page(app: Container, proof: Proof) -> bytes:
    return receipt_page(app.settings, proof, app.clock.now()).encode()


def _proofs(app: Container, period: Period) -> Iterator[tuple[date, Proof, Exit]]:
    """What stands of each stay in the period, opened, by check-in night."""
    stays = sorted(_stays(app, period), key=lambda found: (found[0], found[1].entries[0].seq))
    for night, story in stays:
        for entry in story.active_reports:
            try:
                yield night, proof_of(app, entry), Exit.DONE
            except SealBroken as exc:
                show_error(exc)
                yield night, Proof(entry), exc.exit_code


def _stays(app: Container, period: Period) -> Iterator[tuple[date, StayHistory]]:
    """Stays by the night that their reports tell of last; by the day on which the first was made where none tells."""
    entries = app.outbox.entries(Selection())
    near = (entry.stay_id for entry in entries if entry.first_night is None or period.holds(entry.first_night))
    for stay_id in dict.fromkeys(near):
        story = app.stays.of(stay_id)
        told = story.current_report.first_night if story.current_report is not None else None
        night = told or story.entries[0].created_at.astimezone(app.settings.zone).date()
        if period.holds(night):
            yield night, story


def _file_name(proof: Proof, taken: set[str]) -> str:
    """A name that no other page has, in any letter case, and that every file system takes."""
    receipt = proof.entry.receipt
    if receipt is None:
        return ""
    name = _UNSAFE.sub("-", receipt.number).strip("-")[:_LONGEST_NAME]
    if not name or name.casefold() in taken:
        name = f"{name or 'report'}-{short_id(proof.entry.id)}"
    taken.add(name.casefold())
    return f"{name}.html"


def _index(app: Container, period: Period, rows: Iterable[_Row]) -> str:
    settings = app.settings
    nights = [(N_("Check-in"), _text(period))] if any(period) else []
    return render_page(
        "index.html",
        title=_TITLE,
        settings=settings,
        heads=_HEADS,
        rows=[(row.file, _cells(row)) for row in rows],
        facts=[*nights, (N_("Printed on"), moment_text(app.clock.now(), settings.zone, in_both_languages))],
        remarks=[OURS, *([TRAINING] if settings.is_training else [])],
    )


def _text(period: Period) -> str:
    return " … ".join(day_text(day, in_both_languages) if day is not None else "" for day in period).strip()


def _cells(row: _Row) -> list[str]:
    entry, guest, stay = row.proof.entry, row.proof.guest, row.proof.stay
    receipt = entry.receipt
    number = receipt.number if receipt is not None else in_both_languages(_NONE)
    return [
        f"{number} ({in_both_languages(RECEIPT_SOURCES[True])})" if receipt is not None and receipt.typed else number,
        day_text(row.night, in_both_languages),
        guest_name(guest) if guest is not None else in_both_languages(_ERASED) if entry.erased_at is not None else "-",
        (stay.room if stay is not None else None) or "-",
        in_both_languages(KINDS[entry.kind]),
        in_both_languages(STATES[entry.state]),
    ]
