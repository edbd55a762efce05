"""Which sheets of a workbook are read, which row has the headings, and what two rows of headings say together.

Sheets with the same headings are one table: a guest book has a sheet for each month. A sheet that is not read is in
`SourceFacts.sheets`; where it has guests, it is in `SourceFacts.left`, too. Hidden sheets count like others.

Letterheads and titles above the headings are passed over. Two rows are joined where merged cells say that the upper one
has groups of columns: below "Paspor" stand "Nomor" and "Berlaku".
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from apoa_client.messages import msg
from apoa_client.passport import states
from apoa_client.tables.headings import parse_heading, words_of
from apoa_client.tables.rows import CellValue, Merged, Row, SheetFacts, SourceFacts, Table, TableRefused
from apoa_client.texts import fold

MOST_LINES_ABOVE = 30
"""The headings are in one of so many rows with a value."""
_SHARE = 0.6
"""A heading row has at least this share of the cells that the rows usually have: title lines have one or two."""
_KNOWN = 2
"""So many known headings are no chance: a title has one at most."""
_KNOWN_BELOW = 3
"""So many known headings in the row below them are the same in another language."""
_OF_A_GUEST = frozenset(
    {"surname", "given_names", "full_name", "document_number", "nationality", "birth_date", "mrz", "mrz1"}
)
_OF_SOME_SHEETS = frozenset({"note", "ignore"})
"""Targets whose column a sheet may lack. What it has there in place of a room or a phone number, nothing says."""
_PARTS = re.compile(r"[/\n|]")

_PASSPORT = "Paspor"
_OF_A_DOCUMENT = frozenset({"document_type", "document_number", "issuing_state", "expiry_date"})
_OF_A_PERSON = _OF_A_GUEST | _OF_A_DOCUMENT | {"middle_names", "sex", "sex_code", "birth_place", "phone", "email"}
_OF_A_STAY = frozenset(
    {"check_in", "check_in_time", "check_out", "check_out_time", "planned_check_out", "nights", "room"}
)
_DOCUMENTS = words_of("group")["document"]
_GROUPS = {
    word: fields
    for fields, kind in ((_OF_A_PERSON, "person"), (_OF_A_DOCUMENT, "document"), (_OF_A_STAY, "stay"))
    for word in words_of("group")[kind]
}
"""Groups below which a heading alone says what the column is, if it is one of these fields: not every name below
"Agent" is a guest's."""


class Sheet(NamedTuple):
    """A sheet as a reader finds it: its first rows with a value, and its merged cells."""

    name: str
    first: Sequence[Row]
    merged: Sequence[Merged] = ()
    hidden: bool = False

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"Sheet(…, {len(self.first)!r} rows)"


class Head(NamedTuple):
    """The headings of a sheet. `row` is the first one that has them, `last` the last one."""

    headings: tuple[str, ...]
    row: int
    last: int
    repeated: frozenset[tuple[CellValue, ...]]
    """The cells of rows that have headings: a printed book repeats them on each page."""

    @property
    def key(self) -> tuple[str, ...]:
        """The headings without case, accents and signs."""
        return tuple(map(fold, self.headings))

    def same(self, other: "Head") -> bool:
        """Return whether another sheet has the same headings. One of them may have notes in more columns."""
        pairs = zip_longest(self.headings, other.headings, fillvalue="")
        differing = [(one, two) for one, two in pairs if fold(one) != fold(two)]
        more = _targets(one or two for one, two in differing)
        return not any(one and two for one, two in differing) and more <= _OF_SOME_SHEETS

    @property
    def has_guests(self) -> bool:
        """Return whether the headings are those of guests."""
        return len(_OF_A_GUEST.intersection(_targets(self.headings))) >= _KNOWN

    def resembles(self, other: "Head") -> bool:
        """Return whether at least half of the headings of another sheet are here, too."""
        known = set(filter(None, other.key))
        return len(known.intersection(self.key)) >= max(_KNOWN, len(known) / 2)


def is_known(headings: Sequence[str], mapped: Iterable[str]) -> bool:
    """Return whether headings are known, or in a mapping, so that their row is the right one."""
    mapped = set(map(fold, mapped))
    return len(_targets(headings)) + sum(fold(heading) in mapped for heading in headings) >= _KNOWN


def _targets(headings: Iterable[CellValue]) -> set[str]:
    """Return the targets of the headings that are known."""
    texts = (each for each in headings if isinstance(each, str) and not each.lstrip()[:1].isdigit())
    return set(filter(None, (parse_heading(text).target for text in texts)))


def find_head(sheet: Sheet, number: int) -> Head:
    """Return the headings in the row `number` if the sheet has it, else where they are known, or as the rows look."""
    rows = sheet.first
    place = next((place for place, row in enumerate(rows) if row.number == number), None)
    if place is None:
        known = [len(_targets(row.values)) for row in rows[:MOST_LINES_ABOVE]]
        enough = max(_KNOWN, max(known) / 2)  # the first of several tables, though another one has more
        place = next((place for place, count in enumerate(known) if count >= enough), None)
    if place is None:
        place = rows.index(find_heading_row(rows))
    for upper, lower in ((place, place + 1), (place - 1, place)):
        texts = _joined(rows[upper : lower + 1], sheet.merged) if upper >= 0 else None
        if texts is not None:
            return Head(tuple(texts), rows[upper].number, rows[lower].number, _cells_of(rows[upper : lower + 1]))
    row, below = rows[place], rows[place + 1 : place + 2]
    other = [each for each in below if _is_numbered(each.values) or _is_translated(each.values)]
    return Head(tuple(heading_text(value) for value in row.values), row.number, row.number, _cells_of([row, *other]))


def _is_numbered(values: Sequence[CellValue]) -> bool:
    """Return whether a row below the headings has the numbers of the columns, as in official forms."""
    numbers = [str(value).strip("() ") for value in values if value is not None]
    return len(numbers) >= _KNOWN_BELOW and numbers == [str(number) for number in range(1, len(numbers) + 1)]


def _is_translated(values: Sequence[CellValue]) -> bool:
    """Return whether a row below the headings has the same in another language."""
    return _is_text(values) and len(_targets(values)) >= _KNOWN_BELOW


def _cells_of(rows: Iterable[Row]) -> frozenset[tuple[CellValue, ...]]:
    return frozenset(row.values for row in rows if _width(row.values) >= _KNOWN)


def _joined(rows: Sequence[Row], merged: Sequence[Merged]) -> list[str] | None:
    """Return the headings that two rows have together; None unless merged cells of the upper one are groups.

    A title over more than half of the columns is no group, and says nothing about a column.
    """
    if len(rows) < 2 or rows[1].number != rows[0].number + 1 or not _is_text(rows[1].values):  # noqa: PLR2004  two rows
        return None
    upper, lower = rows
    count = max(len(upper.values), len(lower.values))
    above, below = ([*map(heading_text, row.values), *[""] * (count - len(row.values))] for row in rows)
    groups = {
        column: each
        for each in merged
        if each.first_row <= upper.number == each.last_row and each.first_column < each.last_column
        for column in range(each.first_column, min(each.last_column + 1, count))
    }
    wide = {column for column, each in groups.items() if (each.last_column - each.first_column + 1) * 2 > count}
    if groups.keys() <= wide and not any(above[column] for column in range(count) if column not in groups):
        return None
    if any(below[column] and above[column] and column not in groups for column in range(count)):
        return None
    if not any(below[column] for column in groups):
        return None
    texts = []
    for column in range(count):
        group = above[groups[column].first_column] if column in groups else above[column]
        texts.append(_joined_text(group, below[column], is_title=column in wide))
    return texts


def _joined_text(group: str, heading: str, *, is_title: bool) -> str:
    """Return the heading of a column in a group, in the words in which it is known: "Paspor" and "Nomor" are both."""
    if not group or not heading:
        return group or heading
    if parse_heading(group).target == "birth":  # the group says both, and each column one of them
        return f"{heading} lahir"
    for upper in map(str.strip, _PARTS.split(group)):
        for lower in map(str.strip, _PARTS.split(heading)):
            known = _PASSPORT if fold(upper) in _DOCUMENTS else upper
            for text in (f"{lower} {upper}", f"{upper} {lower}", f"{lower} {known}"):
                if parse_heading(text).target:
                    return text
            target = parse_heading(lower).target
            if target and (is_title or target in _GROUPS.get(fold(upper), ())):
                return lower
    return f"{group} {heading}"


def find_heading_row(rows: Sequence[Row]) -> Row:
    """Return the first row that is as wide as the others and has only texts; the first wide one if there is none."""
    widths = sorted(_width(row.values) for row in rows)
    usual = widths[len(widths) // 2]
    wide = [row for row in rows if _width(row.values) >= usual * _SHARE]
    return next((row for row in wide if _is_text(row.values)), wide[0])


def heading_text(value: CellValue) -> str:
    """Return a heading in one line, without spaces around it."""
    return "" if value is None else " ".join(str(value).split())


def _width(values: Sequence[CellValue]) -> int:
    return sum(value is not None for value in values)


def _is_text(values: Sequence[CellValue]) -> bool:
    """Return whether no cell is a number, a date, or a text that begins with a digit."""
    return all(value is None or (isinstance(value, str) and not value.lstrip()[:1].isdigit()) for value in values)


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

    def may_read(self, name: str) -> bool:
        """Return whether a sheet with this name is one of those that `of` returns."""
        return not self.sheets or name.casefold().strip() in {each.casefold().strip() for each in self.sheets}

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
    return Table(facts, headings, first.row, read_rows, lambda: rows)


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
    if not _is_translated(row.values):
        return False
    again = head._replace(headings=tuple(map(heading_text, row.values)))
    targets = ([parse_heading(text).target for text in each.headings] for each in (again, head))
    if all(not target or target == above for target, above in zip(*targets, strict=False)):
        return True
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
    in_order = sorted(sheets, key=lambda sheet: sheet.hidden)
    first = next((sheet.name for sheet in in_order if heads[sheet.name].has_guests), in_order[0].name)
    return [name for name, head in heads.items() if head.same(heads[first])]


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
        if is_guest:
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
