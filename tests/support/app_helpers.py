"""The application without its command line: properties, rows of a table as the readers give them, and their imports."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from basics import FixedClock
from report_helpers import TYPED, WIB

from apoa_client.app.container import Container
from apoa_client.app.property_setup import PropertySetup
from apoa_client.app.table_import import ImportResult, TableImport
from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.desk.changes import Changes
from apoa_client.desk.import_rows import RowResult
from apoa_client.desk.imports import Imports
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Entry
from apoa_client.ports.run import Clock
from apoa_client.report.model import Report
from apoa_client.settings.config import PropertySettings
from apoa_client.tables.rows import GuestRow, Records, SourceFacts


def app_of(home: Path, clock: FixedClock, name: str = "", **environ: str) -> Container:
    return Container({"APOA_HOME": str(home), **environ}, clock, name)


def training(name: str = "melati") -> PropertySettings:
    return PropertySettings(name, "training", public_key="", vault="file")


def set_up(home: Path, clock: FixedClock, settings: PropertySettings) -> str:
    """Set up a property. Returns its public key."""
    app = app_of(home, clock)
    try:
        assert PropertySetup(app).set_up(settings, "") is None
    finally:
        app.close()
    return app_of(home, clock, settings.name).settings.public_key


INDEX_KEY = b"a key of sixteen"
_LETTERS = str.maketrans("0123456789!", "ABCDEFGHIJK")
RULES = ReportingRules(WIB, 24, INDEX_KEY)


def guest_row(number: int = 2, *, check_out: str = "", lines: Sequence[str] = (), **changes: str) -> GuestRow:
    """Return the typed guest of `report_helpers`, who arrived on the 24th at 14:00, with other texts in some fields.

    With another document number, the guest has another name, too.
    """
    typed = {**TYPED, "check_in": "2026-11-24 14:00", **changes}
    if changes.get("document_number"):
        typed["given_names"] = changes.get("given_names", changes["document_number"].translate(_LETTERS))
    given = {name: text for name, text in typed.items() if text}
    return GuestRow(number, given, tuple(lines), {"guest.document.number": f"F{number}"}, check_out=check_out)


def records(rows: Sequence[GuestRow]) -> Records:
    return Records(SourceFacts("csv"), lambda: iter(rows))


class Importer:
    """Imports rows into an outbox, with the private key at hand or without."""

    def __init__(self, outbox: SqliteOutbox, clock: Clock, *, with_key: bool = False) -> None:
        self.outbox, self.with_key = outbox, with_key
        self.desk = Desk(outbox, clock, RULES, os.urandom)
        self.changes = Changes(self.desk)
        self.imports = Imports(self.desk, self.changes, self._open)

    def _open(self, entry: Entry) -> Report | None:
        return self.outbox.content(entry).report if self.with_key else None

    def run(self, *rows: GuestRow, **options: Any) -> ImportResult:
        with self.of(rows) as table_import:
            table_import.check()
            return table_import.save(**options)

    def plan(self, row: GuestRow) -> RowResult:
        self.imports.forget()
        return self.imports.plan(row)

    def of(self, rows: Sequence[GuestRow], *, dry_run: bool = False, attended: bool = False) -> TableImport:
        return TableImport(self.imports, self.outbox, records(rows), dry_run=dry_run, attended=attended)
