"""The import of a table: every row is checked, and then the good ones are saved in one transaction.

The rows are read once: while they are checked, the reports of good rows are sealed and put aside by the outbox. So
memory stays flat however long the table is, and nothing is in the queue before `TableImport.save`.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.desk.arrivals import WARNING, ReportedAdults
from apoa_client.desk.import_rows import Action, FileFinding, FileIndex, RowResult
from apoa_client.desk.imports import Imports
from apoa_client.errors import ReportMoved
from apoa_client.messages import Message
from apoa_client.ports.state import AuditEvent
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Stay
from apoa_client.tables.rows import GuestRow, Records, SheetFacts

if TYPE_CHECKING:
    from apoa_client.app.container import Container
    from apoa_client.outbox.sql.insertion import Batch
    from apoa_client.outbox.sql.store import Outbox

IMPORTED = "imported"
"""The audit trail's action of an import.

Its detail is the format, how many rows and reports it had, and of a workbook how many sheets were read, and there are.
"""

_ATTEMPTS = 3
"""How often the rows are checked again because another process has changed one of their stays."""
_MOST_WARNINGS = 100
"""How many warnings of one code are kept: a table of a hundred thousand rows may have one in each."""
_IN_FILE_FINDINGS = BY_NAME["document_number"].path
"""The field of a finding that follows from several rows. Its column is the same in each row of a table."""
_STEP = 100
"""How many rows are read between two calls of `show`."""


class RowFinding(NamedTuple):
    """A finding about one row: an error that refuses it, or a warning. `cell` ("B7") is empty if there is none."""

    row: int
    cell: str
    field: str
    code: str
    message: Message
    suggestion: str | None = None
    sheet: str = ""

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"RowFinding({self.row!r}, {self.cell!r}, {self.field!r}, {self.code!r}, …)"


class ImportResult(NamedTuple):
    """What an import does, or did. Every row is saved, unchanged, amended, skipped or refused."""

    rows: int
    saved: int
    """Rows of guests who were not reported before."""
    unchanged: int
    amended: int
    """Rows that change a reported stay: edited rows, and guests who left."""
    skipped: int
    refused: int
    problems: tuple[RowFinding, ...] = ()
    """The errors of refused rows, in the order of the rows."""
    reports: tuple[str, ...] = ()
    """The ids of the saved reports; empty before saving."""
    new_reports: int = 0
    """How many reports there are to save."""
    checked_out: int = 0
    """Rows that check their guest out, among those saved and amended."""
    skip_reasons: Mapping[str, int] = MappingProxyType({})
    """Skipped rows by reason: ``not_foreign``, ``not_arrived``, ``already_reported``, or that of `GuestRow.skip`."""
    warnings: tuple[RowFinding, ...] = ()
    """The first hundred warnings of each code, in the order of the rows."""
    warning_counts: Mapping[str, int] = MappingProxyType({})
    """The number of rows with a warning, by its code; ``late`` counts the guests who are reported late."""
    sheets: tuple[SheetFacts, ...] = ()
    """The sheets of a workbook, each with the number of its rows."""

    @property
    def sheet_numbers(self) -> dict[str, int]:
        """The number of each sheet in the workbook, by its name, if several were read; else empty."""
        several = sum(sheet.read for sheet in self.sheets) > 1
        return {sheet.name: number for number, sheet in enumerate(self.sheets, 1)} if several else {}


class TableImport(AbstractContextManager["TableImport"]):
    """Imports one table. Use it as a context manager: leaving it forgets what was checked and not saved.

    `dry_run` checks without preparing anything to be saved. `attended`: a user sees the warnings before the rows are
    saved.
    """

    def __init__(
        self,
        imports: Imports,
        outbox: "Outbox",
        records: Records,
        *,
        dry_run: bool = False,
        attended: bool = False,
    ) -> None:
        self._imports = imports
        self._outbox = outbox
        self._records = records
        self._dry_run = dry_run
        self._plan = imports.plan if attended else imports.plan_unattended
        self._open = ExitStack()
        self._batch: Batch | None = None
        self._checked: ImportResult | None = None

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def check(self, show: Callable[[int], object] = int) -> ImportResult:
        """Check every row. Nothing is saved. `show` gets the number of rows now and then, and at the end.

        Raises `StorageProblem`, and what reading the table raises.
        """
        self._open.close()
        self._imports.forget()
        self._batch = None if self._dry_run else self._open.enter_context(self._outbox.batch())
        tally = _Tally(self._batch, self._imports.reported_adults)
        for count, row in enumerate(self._records.read_rows(), 1):
            tally.add(self._plan(row))
            if count % _STEP == 0:
                show(count)
        sheets = tuple(
            sheet._replace(rows=tally.rows_of[sheet.name]) if sheet.read else sheet
            for sheet in self._records.facts.sheets
        )
        self._checked = tally.result()._replace(sheets=sheets)
        show(self._checked.rows)
        return self._checked

    def save(self, *, all_or_nothing: bool = False) -> ImportResult:
        """Save the good rows in one transaction, checking every row first unless that was done.

        With `all_or_nothing`, nothing is saved and no row counts as saved or amended if one is refused. If another
        process changes one of the stays meanwhile, the rows are checked again. Raises what `check` does, and
        `ReportMoved` if that happens each time.
        """
        for _attempt in range(_ATTEMPTS - 1):
            with suppress(ReportMoved):
                return self._save(all_or_nothing=all_or_nothing)
        return self._save(all_or_nothing=all_or_nothing)

    def _save(self, *, all_or_nothing: bool) -> ImportResult:
        checked = self._checked or self.check()
        self._checked = None
        if all_or_nothing and checked.refused:
            return checked._replace(saved=0, amended=0, checked_out=0, new_reports=0)
        if self._batch is None or not checked.new_reports:
            return checked
        detail = f"{self._records.facts.format} {checked.rows} {checked.new_reports}"
        if checked.sheets:  # their names may be personal data
            detail += f" {sum(sheet.read for sheet in checked.sheets)} {len(checked.sheets)}"
        return checked._replace(reports=tuple(self._batch.save(AuditEvent(IMPORTED, detail=detail))))


def table_import(app: "Container", records: Records, *, dry_run: bool = False, attended: bool = False) -> TableImport:
    """Return the import of a table into a property. Raises `SettingsProblem` if it cannot recognise imported rows."""
    imports = Imports(app.desk, app.changes, app.report_at_hand)
    return TableImport(imports, app.outbox, records, dry_run=dry_run, attended=attended)


class _Tally:
    """Counts the rows of a file, finds what they mean together, and adds their reports to the batch."""

    def __init__(self, batch: "Batch | None", reported: ReportedAdults) -> None:
        self._batch = batch
        self._reported = reported
        self._index = FileIndex()
        self._actions: list[Action] = []
        self._reports, self._check_outs = bytearray(), bytearray()
        self._minors: list[tuple[int, RowResult, Stay]] = []
        self._skipped: Counter[str] = Counter()
        self.rows_of: Counter[str] = Counter()
        """The number of rows by the name of their sheet, in the order in which the sheets are read."""
        self._problems: list[RowFinding] = []
        self._warnings: dict[str, list[RowFinding]] = {}
        self._warned: dict[str, array[int]] = {}
        self._column = ""
        """The letters of the column of `_IN_FILE_FINDINGS`."""

    def add(self, result: RowResult) -> None:
        """Add the next row of the file."""
        place = len(self._actions)
        self.rows_of[result.row.sheet] += 1
        self._actions.append(result.action)
        self._reports.append(len(result.reports))
        self._check_outs.append(any(new.report.kind is Kind.CHECK_OUT for new in result.reports))
        if result.skip:
            self._skipped[result.skip] += 1
        self._problems += (_row_finding(result.row, error) for error in result.errors)
        if not self._column:
            self._column = result.row.cells.get(_IN_FILE_FINDINGS, "").removesuffix(str(result.row.number))
        if result.imported is not None and self._index.add(place, result, result.imported):
            self._minors.append((place, result, result.imported.stay))
        else:
            self._keep(place, result)

    def _keep(self, place: int, result: RowResult) -> None:
        """Take note of a row's warnings, and add its reports to the batch."""
        if result.action is not Action.REFUSED:
            for warning in result.warnings:
                first = self._warnings.setdefault(warning.code, [])
                if len(first) < _MOST_WARNINGS:
                    first.append(_row_finding(result.row, warning))
                places = self._warned.setdefault(warning.code, array("Q"))
                if not places or places[-1] != place:
                    places.append(place)
        if self._batch is not None and result.reports:
            self._batch.add(place, result.reports)

    def result(self) -> ImportResult:
        """Return the result of the whole file, without ids. Call it once, at the end."""
        for finding in self._index.findings():
            self._withdraw(finding)
        alone = self._index.unaccompanied([stay for _place, _result, stay in self._minors], self._reported)
        for (place, result, _stay), is_alone in zip(self._minors, alone, strict=True):
            if self._actions[place] is result.action:
                self._keep(place, result.with_warnings(WARNING) if is_alone and result.reports else result)
        rows = Counter(self._actions)
        warnings = (warning for first in self._warnings.values() for warning in first)
        order = {name: number for number, name in enumerate(self.rows_of)}

        def place_of(finding: RowFinding) -> tuple[int, int]:
            return order[finding.sheet], finding.row

        return ImportResult(
            rows=len(self._actions),
            saved=rows[Action.NEW],
            unchanged=rows[Action.UNCHANGED],
            amended=rows[Action.AMENDED] + rows[Action.CHECKED_OUT],
            skipped=rows[Action.SKIPPED],
            refused=rows[Action.REFUSED],
            problems=tuple(sorted(self._problems, key=place_of)),
            new_reports=sum(self._reports),
            checked_out=sum(self._check_outs),
            skip_reasons=dict(self._skipped),
            warnings=tuple(sorted(warnings, key=place_of)),
            warning_counts={code: len(places) for code, places in self._warned.items() if places},
        )

    def _withdraw(self, finding: FileFinding) -> None:
        """Take a row out that other rows of the file refuse or repeat."""
        self._actions[finding.place] = Action.UNCHANGED if finding.error is None else Action.REFUSED
        if self._reports[finding.place] and self._batch is not None:
            self._batch.discard(finding.place)
        self._reports[finding.place] = self._check_outs[finding.place] = 0
        if finding.error is not None:
            has_cell = self._column and finding.error.field == _IN_FILE_FINDINGS
            cell = f"{self._column}{finding.row}" if has_cell else ""
            self._problems.append(RowFinding(finding.row, cell, *finding.error, finding.sheet))
        for code, places in self._warned.items():
            if finding.place in places:
                places.remove(finding.place)
                of_row = (finding.sheet, finding.row)
                self._warnings[code] = [e for e in self._warnings.get(code, ()) if (e.sheet, e.row) != of_row]


def _row_finding(row: GuestRow, finding: Finding) -> RowFinding:
    return RowFinding(row.number, row.cells.get(finding.field, ""), *finding, row.sheet)
