"""Which sheets of a workbook are read, and where their headings are.

Sheets with the same headings are one table: a guest book has a sheet for each month. A sheet that is not read is in
`SourceFacts.sheets`; where it has guests, it is in `SourceFacts.left`, too. Hidden sheets count like others.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from apoa_client.matching import fold
from apoa_client.messages import msg
from apoa_client.passport import states
from apoa_client.tables.content import TableRefused
from apoa_client.tables.heading_rows import MOST_LINES_ABOVE, Head, Sheet, find_head
from apoa_client.tables.rows import CellValue, Merged, Row, SheetFacts, SourceFacts, Table

EXAMPLES = "Contoh - Examples"
"""The sheet of the template that has the headings of guests, and no guest to report."""

_NUMBER = re.compile(r"(?=(?:.*\d){3})[A-Z0-9]{6,10}", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-/. ]\w{1,9}[-/. ]\d{1,4}")
_LONGEST = 40
"""The characters of a cell in which a country or a date is looked for."""


class SheetChoice(NamedTuple):
    """What a user says about a workbook: the names of the sheets to read, and the row of the headings."""

    sheets: tuple[str, ...] = ()
    heading_row: int = 0

    @property
    def first_rows(self) -> int:
        """How many rows of each sheet show its headings."""
        return max(MOST_LINES_ABOVE, self.heading_row + 2)

    def of(self, names: Sequence[str]) -> list[str]:
        """Return those names of a workbook's sheets that the user gives, whatever their case; all if none is given.

        Raises `TableRefused` for a name that no sheet has.
        """
        by_name = {name.casefold().strip(): name for name in names}
        found = {by_name.get(name.casefold().strip()) for name in self.sheets}
        if None in found:
            raise TableRefused(
                msg("The workbook has no sheet with this name. It has: {sheets}", sheets=", ".join(names)),
                msg("Give one of these names with --sheet."),
                name="no_such_sheet",
            )
        return [name for name in names if not self.sheets or name in found]


ANY_SHEET = SheetChoice()


def table_of(
    facts: SourceFacts,
    sheets: Sequence[Sheet],
    read: Callable[[Sequence[str]], Iterator[Row]],
    choice: SheetChoice,
) -> Table:
    """Return the table in these sheets. `read` starts a reading of the sheets with these names, one after the other.

    Raises `TableRefused` if there are no rows, no such sheet or no such row, and what `read` raises.
    """
    chosen = choice.of([sheet.name for sheet in sheets])
    opened = _opened([sheet for sheet in sheets if sheet.name in chosen], choice.heading_row)
    heads = {sheet.name: find_head(sheet, choice.heading_row) for sheet in opened}
    names = list(heads) if choice.sheets else _with_guests(opened, heads)
    first = heads[names[0]]
    other = next((name for name in names if not heads[name].same(first)), None)
    if other is not None:
        raise TableRefused(
            msg("The sheets {first} and {other} have different headings.", first=names[0], other=other),
            msg("Nothing was saved. Give each with --sheet in a command of its own."),
            name="different_headings",
        )
    if not choice.heading_row:
        _check_above(opened, names, heads)
    merged = {sheet.name: sheet.merged for sheet in sheets}
    headings = max((heads[name].headings for name in names), key=len)

    def read_rows() -> Iterator[Row]:
        for row in _filled(read(names), merged, heads):
            head = heads[row.sheet]
            if row.number > head.last:
                if len(row.values) > len(headings) and _is_guest(row.values[len(headings) :]):
                    raise _beside_headings(row)
                again = row.values in head.repeated
                yield row._replace(values=()) if again or _repeats(row, head) else row

    if sheets[0].name:
        counts, left = _count_others(names, read, heads)
        known = (
            SheetFacts(each.name, counts.get(each.name, 0) if each.name in chosen else None, each.name in names)
            for each in sheets
        )
        facts = facts._replace(sheets=tuple(known), left=tuple(left))
    rows = next(sheet.first for sheet in sheets if sheet.name == names[0])
    return Table(facts, headings, first.row, read_rows, tuple(rows))


def _opened(sheets: Sequence[Sheet], heading_row: int) -> list[Sheet]:
    """Return the sheets with a row. Raises `TableRefused` if none has one, or none has the row of the headings."""
    opened = [sheet for sheet in sheets if sheet.first]
    if not opened:
        raise TableRefused(
            msg("The table is empty."), msg("Choose another file, or another sheet with --sheet."), name="table_empty"
        )
    if heading_row and all(row.number != heading_row for sheet in opened for row in sheet.first):
        raise TableRefused(
            msg("Row {row} is empty, so it has no headings.", row=heading_row),
            msg("Nothing was saved. Give the row of the headings with --heading-row."),
            name="no_heading_row",
        )
    return opened


def _check_above(sheets: Sequence[Sheet], names: Sequence[str], heads: Mapping[str, Head]) -> None:
    """Raise `TableRefused` if a guest stands above the headings that were found, and would not be read."""
    for sheet in sheets:
        rows = sheet.first if sheet.name in names else ()
        row = next((row for row in rows if row.number < heads[sheet.name].row and _is_guest(row.values)), None)
        if row is not None:
            raise TableRefused(
                msg("Row {row} has a guest, and is above the headings.", row=row.number),
                msg("Nothing was saved. Move the guest below the headings, or give their row with --heading-row."),
                name="guest_above_headings",
            )


def _repeats(row: Row, head: Head) -> bool:
    """Return whether a row has the headings again, in other words. Raises `TableRefused` if it has those of guests.

    The columns below them would be read as what they are above.
    """
    again = head.below(row.values)
    if again is None or again.has_the_fields_of(head):
        return again is not None
    if not again.has_guests:
        return False
    raise TableRefused(
        msg("Row {row} has other headings than row {first}.", row=row.number, first=head.row),
        msg("Nothing was saved. Put the guests below it on a sheet of their own, or in the columns of the others."),
        name="different_headings",
    )


def _beside_headings(row: Row) -> TableRefused:
    return TableRefused(
        msg("Row {row} has a guest beside the headings.", row=row.number),
        msg("Nothing was saved. Move each guest to a row of its own, below the headings."),
        name="guest_beside_headings",
    )


def _with_guests(sheets: Sequence[Sheet], heads: Mapping[str, Head]) -> list[str]:
    """Return the names of the sheets with the headings of the first sheet that has guests, hidden ones last."""
    in_order = sorted(sheets, key=lambda sheet: (sheet.name == EXAMPLES, sheet.hidden))
    first = next((sheet.name for sheet in in_order if heads[sheet.name].has_guests), in_order[0].name)
    if first == EXAMPLES:
        return [first]
    return [name for name, head in heads.items() if head.same(heads[first]) and name != EXAMPLES]


def _count_others(
    names: Sequence[str], read: Callable[[Sequence[str]], Iterator[Row]], heads: Mapping[str, Head]
) -> tuple[dict[str, int], list[str]]:
    """Return the number of rows of each sheet that is not read, and the names of those that have guests."""
    others = [name for name in heads if name not in names]
    counts, guests = dict.fromkeys(others, 0), set()
    for row in read(others) if others else ():
        head = heads[row.sheet]
        below = row.number > head.last
        is_guest = (below and (head.has_guests or head.resembles(heads[names[0]]))) or _is_guest(row.values)
        if is_guest and row.sheet != EXAMPLES:
            guests.add(row.sheet)
        counts[row.sheet] += below or is_guest
    return counts, [name for name in others if name in guests]


def _is_guest(values: Iterable[CellValue]) -> bool:
    """Return whether cells are a guest's without a heading: the number of a document, a date and a country."""
    short = [value.strip() if isinstance(value, str) else value for value in values if value is not None]
    texts = [value for value in short if isinstance(value, str) and len(value) <= _LONGEST]
    return (
        any(_NUMBER.fullmatch("".join(str(value).split())) for value in short)
        and any(hasattr(value, "year") or _DATE.search(str(value)) for value in short)
        and any(fold(text).isalpha() and states.find(text) is not None for text in texts)
    )


# Merged cells.


def _filled(rows: Iterable[Row], merged: Mapping[str, Sequence[Merged]], heads: Mapping[str, Head]) -> Iterator[Row]:
    """Yield rows with the values of cells that are merged downwards over them: a room, or the day of a group."""
    sheet, waiting = None, []
    begun: dict[int, tuple[int, CellValue]] = {}
    for row in rows:
        if row.sheet != sheet:
            sheet, last = row.sheet, heads[row.sheet].last
            down = [each for each in merged[sheet] if last < each.first_row < each.last_row]
            waiting, begun = sorted(down, reverse=True), {}
        while waiting and waiting[-1].first_row <= row.number:
            cells = waiting.pop()
            if cells.first_row == row.number and cells.first_column < len(row.values):
                begun[cells.first_column] = cells.last_row, row.values[cells.first_column]
        if begun:
            begun = {column: found for column, found in begun.items() if found[0] >= row.number}
            above = {
                column: value
                for column, (_last, value) in begun.items()
                if value is not None and (column >= len(row.values) or row.values[column] is None)
            }
            row = row._replace(merged=above) if above else row  # noqa: PLW2901  the row with what is merged over it
        yield row
