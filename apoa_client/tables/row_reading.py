"""One row of a table as the fields of a guest.

A row is read in this order: whether it is a guest's at all; then each cell as what its column is; then what several
cells say together (a name, a birth, a stay); at last the texts that are no value. A cell that cannot be read is a
finding, and its field has no value. Nothing here guesses, and no message repeats a cell.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

from apoa_client.messages import Message, msg
from apoa_client.passport.dates import PartialDate
from apoa_client.report.fields import DATE_TYPES, FIELDS, NAMES, FieldValue, label_of, with_label
from apoa_client.report.findings import Finding, Unreadable
from apoa_client.report.parse_fields import UNCALCULATED
from apoa_client.settings.column_mappings import paths_of_target
from apoa_client.tables import cells, dates
from apoa_client.tables.dates import DateColumn
from apoa_client.tables.rows import NO_GUEST, BareNumber, CellValue, GuestRow, HiddenNumber, Row

T = TypeVar("T")

SEVERAL = frozenset({"phone", "email", "guest_count"})
"""Targets of which a table may have several columns: the first one with a value is read."""

_LINES = ("mrz", "mrz1", "mrz2", "mrz3")
_OF_ONE_GUEST = ("full_name", "given_names", "document_number", "birth_date", *_LINES)
"""Targets of which no two guests have the same: a cell that is merged over several guests does not say it of each."""
_FACTS = (*cells.DATE_TARGETS, "birth", "document_number", "nationality", "issuing_state", *_LINES)
"""Targets of which a guest's row has at least one."""
_DAYS = tuple(item.name for item in FIELDS if item.type in DATE_TYPES - {"birth_date", "moment"})
_TOTAL = re.compile(r"\s*(?:grand |sub)?\s?(?:total|jumlah)\b", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_LETTERS = 26
_NO_DATES = DateColumn()
_MOST_DIGITS = 3
"""Of a number of nights."""
_LONGEST_VALIDITY = 20
"""Years; no state issues passports for longer than ten."""

_HIDDEN = msg("the spreadsheet shows this number in another form. The number that is stored is reported: compare it.")
_BARE = msg("the formats of an .xls file are not read, so zeros in front may be missing: compare it.")
_NOT_AS_SHOWN = msg(
    "The spreadsheet shows this number in another form, such as 1.2E+08, and may have made it of a text. Give the cell "
    "the format of a text and write it again."
)
_TOO_FAR = msg("No passport is valid for so long. Compare the year, and write it with four digits.")
_TWO_CELLS = msg("Two columns of the table have it, and they differ. Say which one is to be read.")
_TWO_CHECK_OUTS = msg("The number of nights and the date of departure do not agree.")
_TWO_TIMES = msg("Two columns have different times of the check-in.")
_MERGED = msg("One cell is merged over several rows. Write it in each guest's row.")
_NAME_ALONE = msg("The row has a name, but no document, nationality or date. It is not read as a guest.")
_NOT_A_PASSPORT = msg("The table says that this document is no passport. Give the passport of the guest.")
_P_IS_UNCLEAR = msg("P can be pria (a man) or perempuan (a woman) in this column. Write the whole word.")


@dataclass(repr=False)
class RowReader:
    """Reads the rows of one table."""

    sources: Mapping[str, Sequence[int]]
    """The indexes of the columns by target."""
    dates_of: Mapping[int, DateColumn]
    """What is known of the dates of a column, by its index."""
    name_order: str
    """The order of whole names; empty if it is not known."""
    defaults: Mapping[str, str]
    """The values of empty cells by target."""
    sex_words: Mapping[str, str]
    """What words in the column of the sex mean there; ``?`` for one that is not clear."""

    def __post_init__(self) -> None:
        sources = self.sources
        self.targets = sources.keys() | self.defaults.keys()
        self.lines, self.days = ([name for name in names if name in self.targets] for names in (_LINES, _DAYS))
        self.parsers = {name: parse for name, parse in cells.PARSERS.items() if name in self.targets}
        self.facts, self.names, self.documents, self.of_one_guest = (
            self.columns_of(*targets)
            for targets in (_FACTS, ("full_name", *NAMES), ("document_number", *_LINES), _OF_ONE_GUEST)
        )
        self.read_columns = self.columns_of(*sources.keys() - {"note", "room"})
        names = [
            (path, target, column, column_letters(column))
            for target, columns in sources.items()
            for path in paths_of_target(target)
            for column in columns
        ]
        count = Counter(path for path, *_rest in names)
        self.cells = [(path, letters) for path, _target, _column, letters in names if count[path] == 1]
        self.shared_cells = [name for name in names if count[name[0]] > 1]

    def columns_of(self, *targets: str) -> frozenset[int]:
        """Return the indexes of the columns with one of these targets."""
        return frozenset(column for target in targets for column in self.sources.get(target, ()))

    def read_all(self, rows: Iterable[Row]) -> Iterator[GuestRow]:
        """Yield the fields of each row."""
        cancellations = cells.Cancellations(self.read_columns)
        for row in rows:
            yield _Reading(self, row).guest_row(cancellations.problem(row))


def column_letters(column: int) -> str:
    """Return the letters of a column by its index: A, B, …, Z, AA."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return letters


class _Reading:
    """The reading of one row: collects the fields and the findings."""

    def __init__(self, reader: RowReader, row: Row) -> None:
        self._reader = reader
        self._row = row
        self._cells = [*row.values]
        for column, value in row.merged.items():
            if column not in reader.of_one_guest:
                self._cells += [None] * (column + 1 - len(self._cells))
                self._cells[column] = value
        self._typed: dict[str, str] = {}
        self._values: dict[str, FieldValue] = {}
        self._findings: list[Finding] = []
        self._warnings: list[Finding] = []
        self._wrong: dict[str, str] = {}
        """The target that a finding is about, by path: several columns may have one path."""

    def guest_row(self, problem: Message | None) -> GuestRow:
        """Return what was read. `problem` is why the row is not reported, if it is a guest's."""
        number, sheet = self._row.number, self._row.sheet
        status = self._read("status", lambda value: cells.meaning(cells.text(value)))
        if status in cells.SKIPPED:
            return GuestRow(number, skip=status, sheet=sheet)
        if not self._is_guest():
            has_name = self._has(self._reader.names) and not self._is_total()
            warnings = (Finding("", "missing", _NAME_ALONE),) if has_name else ()
            return GuestRow(number, skip=NO_GUEST, warnings=warnings, sheet=sheet)
        lines = tuple(line for target in self._reader.lines for line in self._read(target, cells.mrz_lines) or ())
        for target, parse in self._reader.parsers.items():
            self._put(target, self._read(target, parse))
        self._read_names(has_lines=bool(lines))
        self._read_sex()
        document_type = self._read("document_type", cells.text)
        if document_type and not lines and not cells.is_passport(document_type):
            self._add("document_type", "unknown_format", _NOT_A_PASSPORT)
        check_in, check_out = self._read_stay()
        self._read_birth(check_in)
        if status == cells.LEFT and not check_out:
            check_out = self._planned_day(check_in)
        self._check_texts(problem)
        self._check_guest_count()
        return GuestRow(
            number,
            self._typed,
            lines,
            self._cell_names(),
            tuple(self._findings),
            check_out,
            warnings=tuple(self._warnings),
            values=self._values,
            sheet=sheet,
        )

    # Whether the row is a guest's.

    def _has(self, columns: Iterable[int]) -> bool:
        """Return whether the row itself, and not a merged cell above it, has something in one of these columns."""
        values = self._row.values
        return any(column < len(values) and not cells.is_empty(values[column]) for column in columns)

    def _is_guest(self) -> bool:
        """Return whether the row can be a guest: a note or a total has no document, no nationality and no date."""
        reader = self._reader
        if not reader.facts:
            return True
        if {*self._row.values} <= {None, UNCALCULATED}:  # prepared for a guest, unless it computes a guest's name
            return self._has(reader.names | reader.documents)
        if self._is_total():
            return False
        return self._has(reader.facts) or (self._has(reader.names) and not reader.facts.isdisjoint(self._row.merged))

    def _is_total(self) -> bool:
        """Return whether the row begins with a word such as Total, and has no document and no other name."""
        filled = (column for column, value in enumerate(self._row.values) if not cells.is_empty(value))
        first = next(filled, None)
        if first is None or not _TOTAL.match(str(self._row.values[first])):
            return False
        others = (self._row.values[column : column + 1] for column in self._reader.names - {first})
        has_name = any(_LETTER.search(str(value or "")) for values in others for value in values)  # and not a count
        return not has_name and not self._has(self._reader.documents)

    # The cells.

    def _read(self, target: str, parse: Callable[..., T]) -> T | None:
        """Return the value of a target; None where it is empty, or where it cannot be read.

        `parse` gets the value of the cell, and what is known of the dates of its column if it can have one.
        """
        if target not in self._reader.targets:
            return None
        try:
            cell = self._cell(target)
            if cell is None:
                return None
            return parse(*cell) if target in cells.DATED else parse(cell[0])
        except Unreadable as exc:
            self._add(target, exc.code, exc.message, exc.suggestion)
            return None

    def _cell(self, target: str) -> tuple[CellValue, DateColumn] | None:
        """Return the filled cell of a target, or its default, and what is known of the dates of its column.

        None if there is neither, or if two cells differ. Raises `Unreadable` for an error of the spreadsheet program.
        """
        reader = self._reader
        columns = reader.sources.get(target, ())
        filled = [(value, column) for column in columns if cells.is_given(value := self._value(column))]
        if not filled:
            if any(column in self._row.merged for column in columns):
                raise Unreadable("missing", _MERGED)
            return (reader.defaults[target], _NO_DATES) if target in reader.defaults else None
        value, column = filled[0]
        if len(filled) > 1 and target not in SEVERAL and any(other != value for other, _column in filled):
            raise Unreadable("conflict", _TWO_CELLS)
        if isinstance(value, (HiddenNumber, BareNumber)):
            self._check_number(target, is_hidden=isinstance(value, HiddenNumber))
        return value, reader.dates_of.get(column, _NO_DATES)

    def _check_number(self, target: str, *, is_hidden: bool) -> None:
        """Refuse a document's number that is not shown whole; warn of another one that may not be as it is shown."""
        if is_hidden and target in cells.IDENTIFIERS:
            raise Unreadable("bad_character", _NOT_AS_SHOWN)
        if is_hidden or target in cells.IDENTIFIERS:
            self._warnings.append(_finding(target, "number_format", _HIDDEN if is_hidden else _BARE))

    def _value(self, column: int) -> CellValue:
        return self._cells[column] if column < len(self._cells) else None

    def _put(self, name: str, text: str | None) -> None:
        if text:
            self._typed[name] = text

    def _add(self, target: str, code: str, message: Message, suggestion: str | None = None) -> None:
        finding = _finding(target, code, message, suggestion)
        self._wrong[finding.field] = target
        self._findings.append(finding)

    def _cell_names(self) -> dict[str, str]:
        """Return the cell of each field by its path: of the wrong column, the first filled one, or the first one."""
        number = self._row.number
        best: dict[str, tuple[int, str]] = {}
        for path, target, column, letters in self._reader.shared_cells:
            rank = 2 * (self._wrong.get(path) == target) + (not cells.is_empty(self._value(column)))
            if path not in best or rank > best[path][0]:
                best[path] = rank, letters
        names = {path: f"{letters}{number}" for path, letters in self._reader.cells}
        return names | {path: f"{letters}{number}" for path, (_rank, letters) in best.items()}

    # What several cells say together.

    def _read_names(self, *, has_lines: bool) -> None:
        middle = self._read("middle_names", cells.text)
        if middle:
            self._put("given_names", " ".join(filter(None, [self._typed.get("given_names"), middle])))
        if has_lines or self._typed.keys() & NAMES:
            return
        order, nationality = self._reader.name_order, self._typed.get("nationality", "")
        names = self._read("full_name", lambda value: cells.split_full_name(cells.text(value), order, nationality))
        for name, text in zip(NAMES, names or (), strict=False):
            self._put(name, text)

    def _read_sex(self) -> None:
        """Read the sex, of which some words mean in this column what the column says."""
        meaning = self._reader.sex_words.get(self._typed.get("sex", "").casefold(), "")
        if meaning == "?":
            del self._typed["sex"]
            self._add("sex", "bad_character", _P_IS_UNCLEAR)
        elif meaning:
            self._typed["sex"] = meaning

    def _read_birth(self, by: date | None) -> None:
        """Read the place and the date of birth: each in its column, both in one, or both in the column of one."""
        places: list[str] = []
        days: list[PartialDate] = []
        for target, parse in cells.BIRTH.items():
            place, day = self._read(target, partial(parse, by=by)) or ("", None)
            if (places and place and places[0].casefold() != place.casefold()) or (days and day and days[0] != day):
                self._add(target, "conflict", _TWO_CELLS)
                return
            places += [place] if place else []
            days += [day] if day is not None else []
        self._put("birth_place", "".join(places[:1]))
        if days:
            self._values["birth_date"] = days[0]

    def _read_stay(self) -> tuple[date | None, str | date]:
        """Read the dates of the stay. Returns the day of the check-in, and the day or time of the check-out."""
        for target in self._reader.days:
            found = self._read(target, partial(cells.day_or_unreadable, target))
            if found is not None:
                self._values[target] = found
        arrival = self._moment("check_in", "check_in_time")
        if arrival is not None:
            self._values["check_in"] = arrival
        check_in = arrival.date() if isinstance(arrival, datetime) else arrival
        expiry = self._values.get("expiry_date")
        if check_in is not None and isinstance(expiry, date) and expiry.year - check_in.year > _LONGEST_VALIDITY:
            del self._values["expiry_date"]  # a year of two digits is of the other century, or one is mistyped
            self._add("expiry_date", "bad_date", _TOO_FAR)
        nights, departure = self._typed.get("nights"), self._values.get("planned_check_out")
        if nights is not None and isinstance(departure, date):
            if check_in is not None and nights != str((departure - check_in).days):
                del self._values["planned_check_out"]
                self._add("nights", "conflict", _TWO_CHECK_OUTS)
            del self._typed["nights"]
        return check_in, self._moment("check_out", "check_out_time") or ""

    def _planned_day(self, check_in: date | None) -> str | date:
        """Return the day of the planned departure; empty if it is not known."""
        nights, planned = self._typed.get("nights", ""), self._values.get("planned_check_out")
        if check_in is not None and nights.isascii() and nights.isdecimal() and len(nights) <= _MOST_DIGITS:
            return check_in + timedelta(days=int(nights))
        return planned if isinstance(planned, date) else ""

    def _moment(self, target: str, time_target: str) -> date | None:
        """Return the time of a column of dates and of one of times, which may be the same; the day without a time."""
        found = self._read(target, dates.moment)
        if found is None:
            return None
        day, clock = found
        typed_clock = self._read(time_target, dates.clock_time)
        if None not in (clock, typed_clock) and clock != typed_clock and self._reader.sources.get(time_target):
            self._add(target, "conflict", _TWO_TIMES)
            return None
        clock = clock or typed_clock
        return datetime.combine(day, clock) if clock is not None else day

    # Texts that are no value, and guests who are missing.

    def _check_texts(self, problem: Message | None) -> None:
        """Refuse the row for a `problem`, and texts that are no value."""
        if problem is not None:
            self._findings.append(Finding("", "conflict", problem))
        for name in cells.CHECKED:
            found = cells.problem_of(name, self._typed.get(name, ""))
            if found is not None:
                del self._typed[name]
                self._add(name, *found)

    def _check_guest_count(self) -> None:
        """Warn if the reservation is for more guests than this one, in any column of them, such as adults."""
        texts = list[str]()
        for column in self._reader.sources.get("guest_count", ()):
            value = self._value(column)
            try:
                texts += [cells.whole_number(value)] if cells.is_given(value) else []
            except Unreadable as exc:
                self._add("guest_count", exc.code, exc.message, exc.suggestion)
        numbers = (text for text in texts if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS)
        count = max(map(int, numbers), default=0)
        if count > 1:
            message = msg(
                "The reservation is for {count} guests. Each of them who is a foreigner needs a row.", count=str(count)
            )
            self._wrong.setdefault("", "guest_count")
            self._warnings.append(Finding("", "missing", message))


def _finding(target: str, code: str, message: Message, suggestion: str | None = None) -> Finding:
    path = paths_of_target(target)[0]
    return Finding(path, code, with_label(label_of(path), message) if path else message, suggestion)
