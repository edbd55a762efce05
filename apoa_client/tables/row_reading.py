"""One row of a table as the fields of a guest: each cell is read as what its column is."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from typing import TypeAlias, TypeVar

from apoa_client.messages import Message, msg
from apoa_client.passport.dates import PartialDate
from apoa_client.report.fields import DATE_TYPES, FIELDS, NAMES, UNREADABLE, FieldValue, label_of, with_label
from apoa_client.report.findings import Finding, Unreadable
from apoa_client.report.parse_dates import no_such_date
from apoa_client.report.parse_fields import UNCALCULATED, is_unreadable
from apoa_client.settings.column_mappings import paths_of_target
from apoa_client.tables import cell_values, cell_words
from apoa_client.tables.cell_values import DateColumn
from apoa_client.tables.rows import NO_GUEST, BareNumber, CellValue, GuestRow, HiddenNumber, Row

T = TypeVar("T")

DATE_TARGETS = frozenset({"check_out", *(item.name for item in FIELDS if item.type in DATE_TYPES)})
"""Targets whose columns have dates."""

CONTACTS = frozenset({"phone", "email"})
"""Targets of which a guest may have several values: the first one is reported."""

_OF_ONE_GUEST = ("full_name", "given_names", "document_number", "birth_date", "mrz", "mrz1", "mrz2", "mrz3")
"""Targets of which no two guests have the same: a cell that is merged over several guests does not say it of each."""
_COUNTRIES = tuple(item.name for item in FIELDS if item.type == "state")
_DATES = tuple(item.name for item in FIELDS if item.type in DATE_TYPES - {"birth_date", "moment"})
_OTHER_TYPES = DATE_TYPES | {"state", "sex", "place", "nights", "mrz"}
_TEXTS = tuple(item.name for item in FIELDS if item.type not in _OTHER_TYPES)
_LINES = ("mrz", "mrz1", "mrz2", "mrz3")
_FACTS = frozenset({*DATE_TARGETS, "birth", "document_number", "nationality", "issuing_state", *_LINES})
_TOTAL = re.compile(r"\s*(?:grand |sub)?\s?(?:total|jumlah)\b", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_LETTERS = 26
_NO_DATES = DateColumn()
_MOST_DIGITS = 3
"""Of a number of nights."""

_IDENTIFIERS = frozenset({"document_number", "stay_permit_number"})
_HIDDEN = msg("the spreadsheet shows this number in another form. The number that is stored is reported: compare it.")
_BARE = msg("the formats of an .xls file are not read, so zeros in front may be missing: compare it.")
_NOT_AS_SHOWN = msg(
    "The spreadsheet shows this number in another form, such as 1.2E+08, and may have made it of a text. Give the cell "
    "the format of a text and write it again."
)
_THROUGH_FLOAT = msg(
    "This number went through a program that calculates with it, so zeros in front or the last digits may be lost. "
    "Write it as the document has it."
)
_OF_FLOAT = re.compile(r"\d+[.,]0+|\d+(?:[.,]\d+)?E[+-]\d+|\d+[.,]\d+E\d+", re.ASCII | re.IGNORECASE)
_LONGEST_VALIDITY = 20
"""Years; no state issues passports for longer than ten."""
_TOO_FAR = msg("No passport is valid for so long. Compare the year, and write it with four digits.")
_TWO_CELLS = msg("Two columns of the table have it, and they differ. Say which one is to be read.")
_TWO_CHECK_OUTS = msg("The number of nights and the date of departure do not agree.")
_TWO_TIMES = msg("Two columns have different times of the check-in.")
_MERGED = msg("One cell is merged over several rows. Write it in each guest's row.")
_NAME_ALONE = msg("The row has a name, but no document, nationality or date. It is not read as a guest.")
_NOT_A_PASSPORT = msg("The table says that this document is no passport. Give the passport of the guest.")


class RowReader:
    """Reads the rows of one table. `sources` are the indexes of the columns by target, `dates` those of dates."""

    def __init__(
        self,
        sources: Mapping[str, Sequence[int]],
        dates: Mapping[int, DateColumn],
        name_order: str,
        defaults: Mapping[str, str],
        sex_letters: Mapping[str, str],
    ) -> None:
        self.sources = sources
        self.sex_letters = sex_letters
        self.name_order = name_order
        self.dates_of = dates
        self.defaults = defaults
        self.targets = frozenset((*sources, *defaults))
        self.read_columns = frozenset(
            column for target, columns in sources.items() if target not in {"note", "room"} for column in columns
        )
        self.texts, self.countries, self.dates, self.lines = (
            [target for target in targets if target in self.targets] for targets in (_TEXTS, _COUNTRIES, _DATES, _LINES)
        )
        cells = [
            (path, target, column, column_letters(column))
            for target, columns in sources.items()
            for path in paths_of_target(target)
            for column in columns
        ]
        self.facts, self.names, self.documents, self.of_one_guest = (
            frozenset().union(*(sources.get(target, ()) for target in targets))
            for targets in (_FACTS, ("full_name", *NAMES), ("document_number", *_LINES), _OF_ONE_GUEST)
        )
        count = Counter(path for path, *_rest in cells)
        self.cells = [(path, letters) for path, _target, _source, letters in cells if count[path] == 1]
        self.shared_cells = [cell for cell in cells if count[cell[0]] > 1]

    def read_all(self, rows: Iterable[Row]) -> Iterator[GuestRow]:
        """Yield the fields of each row. Rows of one reservation are next to each other."""
        cancellations = cell_words.Cancellations(self.read_columns)
        row, booking, before, problem = None, "", "", None
        for following in chain(rows, [None]):
            following_booking = self.booking(following) if following is not None else ""
            if row is not None:
                is_alone = not booking or booking not in {before, following_booking}
                yield _Reading(self, row, is_alone=is_alone).guest_row(problem)
            if following is not None:
                problem = cancellations.problem(following)
            row, before, booking = following, booking, following_booking

    def booking(self, row: Row) -> str:
        """Return the number of the reservation of a row; empty if the table has none."""
        columns = self.sources.get("booking", ())
        values = [row.values[column] if column < len(row.values) else None for column in columns]
        values += map(row.merged.get, columns)
        return next((str(value) for value in values if cell_values.has_value(value)), "")


def column_letters(column: int) -> str:
    """Return the letters of a column by its index: A, B, …, Z, AA."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return letters


class _Reading:
    """The reading of one row: collects the fields and the findings."""

    def __init__(self, reader: RowReader, row: Row, *, is_alone: bool) -> None:
        self._reader = reader
        self._row = row
        self._cells = [*row.values]
        for column, value in row.merged.items():
            if column not in reader.of_one_guest:
                self._cells += [None] * (column + 1 - len(self._cells))
                self._cells[column] = value
        self._is_alone = is_alone
        self._typed: dict[str, str] = {}
        self._values: dict[str, FieldValue | None] = {}
        self._findings: list[Finding] = []
        self._hidden: list[Finding] = []
        self._wrong: dict[str, str] = {}
        """The target that a finding is about, by path: several columns may have one path."""

    def guest_row(self, problem: Message | None) -> GuestRow:
        """Return what was read. `problem` is why the row is not reported, if it is a guest's."""
        lines = self._lines()
        for target in self._reader.texts:
            self._put(target, self._read(target, _PARSERS.get(target, cell_values.text)))
        for target in self._reader.countries:
            self._put(target, self._read(target, cell_values.country))
        self._read_names(has_lines=bool(lines))
        self._read_sex(has_lines=bool(lines))
        self._check_document_type(has_lines=bool(lines))
        check_in, check_out = self._read_stay()
        self._read_birth(check_in)
        status = self._read("status", lambda value: cell_words.meaning(cell_values.text(value))) or ""
        if status == cell_words.LEFT and not check_out:
            check_out = self._planned_day(check_in)
        skip = status if status in cell_words.SKIPPED else "" if self._is_guest() else NO_GUEST
        if not skip:
            self._check_texts(problem)
        warnings, findings = (*self._hidden, *self._warnings()), tuple(self._findings)
        if skip == NO_GUEST:
            has_name = self._has(self._reader.names) and not self._is_total()
            warnings = (Finding("", "missing", _NAME_ALONE),) if has_name else ()
        cells, typed, row = self._cell_names(), self._typed, self._row
        values = {name: value for name, value in self._values.items() if value is not None}
        return GuestRow(row.number, typed, lines, cells, findings, check_out, skip, warnings, values, row.sheet)

    def _check_texts(self, problem: Message | None) -> None:
        """Refuse the row for a `problem`, and texts that are no value."""
        if problem is not None:
            self._findings.append(Finding("", "conflict", problem))
        for name in cell_words.CHECKED:
            found = cell_words.problem_of(name, self._typed.get(name, ""))
            if found is not None:
                del self._typed[name]
                self._add(name, *found)

    # The cells.

    def _cell(self, target: str) -> tuple[CellValue, DateColumn] | None:
        """Return the filled cell of a target, or its default, and what is known of the dates of its column.

        None if there is neither, or if two cells differ.

        Raises `Unreadable` for an error of the spreadsheet program.
        """
        reader = self._reader
        columns = reader.sources.get(target, ())
        filled = []
        for column in columns:
            value = self._value(column)
            if cell_values.is_given(value):
                filled.append((value, column))
        if not filled:
            if any(column in self._row.merged for column in columns):
                self._add(target, "missing", _MERGED)
                return None
            return (reader.defaults[target], _NO_DATES) if target in reader.defaults else None
        value, column = filled[0]
        if len(filled) > 1 and target not in CONTACTS and any(other != value for other, _column in filled):
            self._add(target, "conflict", _TWO_CELLS)
            return None
        if isinstance(value, (HiddenNumber, BareNumber)):
            self._check_number(target, is_hidden=isinstance(value, HiddenNumber))
        return value, reader.dates_of.get(column, _NO_DATES)

    def _value(self, column: int) -> CellValue:
        return self._cells[column] if column < len(self._cells) else None

    def _has(self, columns: Iterable[int]) -> bool:
        """Return whether the row itself, and not a merged cell above it, has something in one of these columns."""
        values = self._row.values
        return any(column < len(values) and not cell_values.is_empty(values[column]) for column in columns)

    def _is_guest(self) -> bool:
        """Return whether the row can be a guest: a note or a total has no document, no nationality and no date."""
        reader = self._reader
        if not reader.facts:
            return True
        if self._is_total():
            return False
        if {*self._row.values} <= {None, UNCALCULATED}:  # prepared for a guest, unless it computes a guest's name
            return self._has(reader.names | reader.documents)
        return self._has(reader.facts) or (self._has(reader.names) and not reader.facts.isdisjoint(self._row.merged))

    def _is_total(self) -> bool:
        """Return whether the row begins with a word such as Total, and has no document and no other name."""
        filled = (column for column, value in enumerate(self._row.values) if not cell_values.is_empty(value))
        first = next(filled, None)
        if first is None or not _TOTAL.match(str(self._row.values[first])):
            return False
        others = (self._row.values[column : column + 1] for column in self._reader.names - {first})
        has_name = any(_LETTER.search(str(value or "")) for values in others for value in values)  # and not a count
        return not has_name and not self._has(self._reader.documents)

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
            return parse(*cell) if target in _DATED else parse(cell[0])
        except Unreadable as exc:
            self._add(target, exc.code, exc.message, exc.suggestion)
            return None

    def _check_number(self, target: str, *, is_hidden: bool) -> None:
        """Refuse a document's number that is not shown whole; warn of another one that may not be as it is shown."""
        if is_hidden and target in _IDENTIFIERS:
            raise Unreadable("bad_character", _NOT_AS_SHOWN)
        if is_hidden or target in _IDENTIFIERS:
            path, problem = paths_of_target(target)[0], _HIDDEN if is_hidden else _BARE
            self._hidden.append(
                Finding(path, "number_format", with_label(label_of(path), problem) if path else problem)
            )

    def _texts(self, target: str) -> list[str]:
        """Return the texts of all columns of a target that belong together."""
        found = []
        for column in self._reader.sources.get(target, ()):
            value = self._value(column)
            try:
                found += [cell_values.text(value)] if cell_values.is_given(value) else []
            except Unreadable as exc:
                self._add(target, exc.code, exc.message)
        return found

    def _put(self, name: str, text: str | None) -> None:
        if text:
            self._typed[name] = text

    def _add(self, target: str, code: str, message: Message, suggestion: str | None = None) -> None:
        path = paths_of_target(target)[0]
        self._wrong[path] = target
        labelled = with_label(label_of(path), message) if path else message
        self._findings.append(Finding(path, code, labelled, suggestion))

    def _cell_names(self) -> dict[str, str]:
        """Return the cell of each field by its path: of the wrong column, the first filled one, or the first one."""
        number = self._row.number
        best: dict[str, tuple[int, str]] = {}
        for path, target, column, letters in self._reader.shared_cells:
            rank = 2 * (self._wrong.get(path) == target) + (not cell_values.is_empty(self._value(column)))
            if path not in best or rank > best[path][0]:
                best[path] = rank, letters
        names = {path: f"{letters}{number}" for path, letters in self._reader.cells}
        return names | {path: f"{letters}{number}" for path, (_rank, letters) in best.items()}

    # The fields.

    def _lines(self) -> tuple[str, ...]:
        """Return the lines of the MRZ, from one column or from several."""
        texts = [self._read(target, cell_values.text) or "" for target in self._reader.lines]
        return tuple(line for text in texts for line in cell_values.mrz_lines(text))

    def _read_names(self, *, has_lines: bool) -> None:
        middle = self._texts("middle_names")
        if middle:
            self._put("given_names", " ".join([*filter(None, [self._typed.get("given_names")]), *middle]))
        if has_lines or self._typed.keys() & NAMES:
            return
        nationality = self._typed.get("nationality", "")
        names = self._read(
            "full_name",
            lambda cell: cell_words.split_full_name(cell_values.text(cell), self._reader.name_order, nationality),
        )
        if names is not None:
            self._put("surname", names[0])
            self._put("given_names", names[1])

    def _read_sex(self, *, has_lines: bool) -> None:
        """Read the sex. A title such as Mr is the sex where that is asked for; else it is a suggestion."""
        code = self._read("sex_code", lambda value: cell_words.sex_of_code(cell_values.text(value)))
        text = self._read("sex", cell_values.text) or code or ""
        text = cell_words.sex_of_title(text) or self._reader.sex_letters.get(text.casefold(), text)
        hint = None if text else next(filter(None, map(cell_words.sex_of_title, self._texts("title"))), None)
        if hint is None:
            self._put("sex", text)
        elif not has_lines:
            self._add("sex", "missing", msg("The title says what it may be. Write L (male), P (female) or X."), hint)

    def _check_document_type(self, *, has_lines: bool) -> None:
        text = self._read("document_type", cell_values.text)
        if text and not has_lines and not cell_words.is_passport(text):
            self._add("document_type", "unknown_format", _NOT_A_PASSPORT)

    def _read_birth(self, by: date | None) -> None:
        """Read the place and the date of birth: each in its column, both in one, or both in the column of one."""
        places: list[str] = []
        days: list[PartialDate] = []
        for target, parse in _BIRTH.items():
            place, day = self._read(target, partial(parse, by=by)) or ("", None)
            if (places and place and places[0].casefold() != place.casefold()) or (days and day and days[0] != day):
                self._add(target, "conflict", _TWO_CELLS)
                return
            places += [place] if place else []
            days += [day] if day is not None else []
        self._put("birth_place", "".join(places[:1]))
        self._values["birth_date"] = days[0] if days else None

    def _read_stay(self) -> tuple[date | None, str | date]:
        """Read the dates of the stay. Returns the day of the check-in, and the day or time of the check-out."""
        for target in self._reader.dates:
            self._values[target] = self._read(target, partial(_day_or_unreadable, target))
        arrival = self._moment("check_in", "check_in_time")
        self._values["check_in"] = arrival
        check_in = arrival.date() if isinstance(arrival, datetime) else arrival
        self._check_expiry(check_in)
        self._put("nights", self._read("nights", cell_values.whole_number))
        self._compare_nights(check_in)
        return check_in, self._moment("check_out", "check_out_time") or ""

    def _check_expiry(self, check_in: date | None) -> None:
        """Refuse an expiry that no passport has: a year of two digits is of the other century, or one is mistyped."""
        expiry = self._values.get("expiry_date")
        if check_in is not None and isinstance(expiry, date) and expiry.year - check_in.year > _LONGEST_VALIDITY:
            del self._values["expiry_date"]
            self._add("expiry_date", "bad_date", _TOO_FAR)

    def _planned_day(self, check_in: date | None) -> str | date:
        """Return the day of the planned departure; empty if it is not known."""
        nights, planned = self._typed.get("nights", ""), self._values.get("planned_check_out")
        if check_in is not None and nights.isascii() and nights.isdecimal() and len(nights) <= _MOST_DIGITS:
            return check_in + timedelta(days=int(nights))
        return planned if isinstance(planned, date) else ""

    def _moment(self, target: str, time_target: str) -> date | None:
        """Return the time of a column of dates and of one of times, which may be the same; the day without a time."""
        found = self._read(target, cell_values.moment)
        if found is None:
            return None
        day, clock = found
        typed_clock = self._read(time_target, cell_values.clock_time)
        if None not in (clock, typed_clock) and clock != typed_clock and self._reader.sources.get(time_target):
            self._add(target, "conflict", _TWO_TIMES)
            return None
        clock = clock or typed_clock
        return datetime.combine(day, clock) if clock is not None else day

    def _warnings(self) -> tuple[Finding, ...]:
        """Return a warning if the reservation is for more guests than this row and the rows beside it have."""
        counts = [int(text) for text in self._texts("guest_count") if text.isascii() and text.isdecimal()]
        if not self._is_alone or max(counts, default=1) <= 1:
            return ()
        message = msg(
            "The reservation is for {count} guests, and the table has only this one. Report the others too, if they "
            "are foreigners.",
            count=max(counts),
        )
        self._wrong.setdefault("", "guest_count")
        return (Finding("", "missing", message),)

    def _compare_nights(self, check_in: date | None) -> None:
        """Leave out the nights if there is a date of departure, with which they must agree."""
        nights, departure = self._typed.get("nights"), self._values.get("planned_check_out")
        if nights is None or not isinstance(departure, date):
            return
        if check_in is not None and nights != str((departure - check_in).days):
            del self._values["planned_check_out"]
            self._add("nights", "conflict", _TWO_CHECK_OUTS)
        del self._typed["nights"]


def _identifier(value: CellValue) -> str:
    """Return the text of a number that counts nothing. Raises `Unreadable` for a text that was made of a float."""
    found = cell_values.text(value)
    if _OF_FLOAT.fullmatch(found) is not None:
        raise Unreadable("bad_character", _THROUGH_FLOAT)
    return found


def _name(value: CellValue) -> str:
    return cell_words.without_title(cell_values.text(value))


_PARSERS = {**dict.fromkeys((*_IDENTIFIERS, "phone"), _identifier), **dict.fromkeys(NAMES, _name)}


def _day_or_unreadable(target: str, value: CellValue, dates: DateColumn) -> date | str:
    if isinstance(value, str) and is_unreadable(target, value):
        return UNREADABLE
    return cell_values.day(value, dates)


def _place_of_birth(value: CellValue, dates: DateColumn, *, by: date | None) -> "_Birth":
    """Return the place in a column of places; also the date of a whole day that stands behind it."""
    found = cell_values.text(value)
    place, written = cell_values.place_and_date(found)
    if not written:
        return found, None
    if not place:
        raise Unreadable("bad_character", cell_values.NO_PLACE)
    return place, cell_values.birth_date(written, dates, by=by)


def _date_of_birth(value: CellValue, dates: DateColumn, *, by: date | None) -> "_Birth":
    """Return the date in a column of dates; also the place that stands beside it."""
    place, written = cell_values.place_and_date(value) if isinstance(value, str) else ("", "")
    return place if written else "", cell_values.birth_date(written or value, dates, by=by)


def _place_and_date(value: CellValue, dates: DateColumn, *, by: date | None) -> "_Birth":
    """Return the place and the date in a column of both, of which a cell may have one."""
    if not isinstance(value, str):
        return "", cell_values.birth_date(value, dates, by=by)
    place, written = cell_values.place_and_date(value)
    if written:
        return place, cell_values.birth_date(written, dates, by=by)
    if any(map(str.isdigit, place)):
        raise no_such_date()
    return place, None


_Birth: TypeAlias = "tuple[str, PartialDate | None]"
_BIRTH = {"birth_place": _place_of_birth, "birth": _place_and_date, "birth_date": _date_of_birth}
_DATED = DATE_TARGETS | _BIRTH.keys()
