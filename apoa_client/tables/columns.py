"""Which column of a table is which field, found by the headings and never by the position.

What cannot be known is a `Doubt`: a user answers it, in a mapping, and it is never guessed. A row whose cells are in
doubt has findings, so a table with doubts can be read safely.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from apoa_client.messages import Message, msg
from apoa_client.report.fields import IN_AN_MRZ, NAMES, ON_THE_FORM
from apoa_client.settings.column_mappings import DATE_ORDERS, IGNORE, NAME_ORDERS, ColumnMapping, label_of_target
from apoa_client.tables.cells import DATE_TARGETS, is_surname_before_comma
from apoa_client.tables.dates import DateColumn, EvidenceCollector, place_and_date
from apoa_client.tables.headings import Heading, is_indonesian, parse_heading
from apoa_client.tables.row_reading import SEVERAL, RowReader, column_letters
from apoa_client.tables.rows import Records, Row, Table
from apoa_client.texts import fold

_SAMPLE = 1000
"""The rows that are read to see whether dates are text. If none is, a later one that needs an order is refused."""
_OTHER_WAYS = {
    **dict.fromkeys(NAMES, ("full_name",)),
    **dict.fromkeys(("birth_place", "birth_date"), ("birth",)),
    "planned_check_out": ("nights", "check_out"),
}
_REQUIRED = tuple(item.name for item in ON_THE_FORM if item.missing)
_LINES = frozenset({"mrz", "mrz1"})


_EXPIRES = {
    **dict.fromkeys(("document_number", "issuing_state", "document_type"), "expiry_date"),
    **dict.fromkeys(("stay_permit", "stay_permit_number"), "stay_until"),
}
"""What the end of the validity is, by the target of the column that it belongs to."""
_PASSPORT_WORDS = ("paspor", "pasport", "passport", "issu", "terbit", "dikeluarkan", "pengeluaran")
"""Parts of words of other columns about the passport, which may stand between its number and its end."""
_PERMIT_WORDS = ("visa", "kitas", "kitap", "itas", "permit", "izin")
_ADDRESS_WORDS = ("alamat", "address", "kota", "city", "provinsi", "province", "kodepos", "postcode", "zip", "domisili")
_WHAT_COMES_FIRST: Mapping[tuple[str, ...], Message] = {
    ("dmy", "mdy"): msg("Say whether the day or the month comes first."),
    ("dmy", "ymd"): msg("Say whether the day or the year comes first."),
    ("mdy", "ymd"): msg("Say whether the month or the year comes first."),
}
_DAY_MONTH_OR_YEAR = msg("Say whether the day, the month or the year comes first.")
_HALF_A_YEAR, _YEAR, _TWENTY_YEARS = 183, 400, 20 * 366
_WITH_PLACE = ("birth", "birth_place", "birth_date")
_PLAUSIBLE_DAYS = {
    **dict.fromkeys(_WITH_PLACE, (150 * 366, 150 * 366)),
    "expiry_date": (_HALF_A_YEAR, _TWENTY_YEARS),
    "stay_until": (_HALF_A_YEAR, _TWENTY_YEARS),
    "planned_check_out": (_HALF_A_YEAR, _YEAR),
    "entry_date": (_YEAR, 1),
}
"""How many days before and after today a date of a field is plausible; half a year where it is not here."""

_MEN_AND_WOMEN = frozenset({"w", "pria", "wanita"})
_PRIA_AND_WANITA = {"p": "M", "w": "F"}
_SEX_CODES = {"1": "M", "2": "F"}
"""As in ISO/IEC 5218 and at BPS."""
_CODED = re.compile(r"1|\b(?:sesso|code|kode)\b", re.IGNORECASE)
_PRIA = re.compile(r"\b(?:pria|P)\s*/\s*(?:wanita|W)\b", re.IGNORECASE)
_OF_A_NOTE = 2
"""So many cells has a row that is no guest's."""


class Doubt(NamedTuple):
    """Something about columns that a user must say.

    `kind` is ``date_order``, ``name_order``, ``two_columns``, ``name_column`` or ``no_columns``. `columns` are the
    indexes of the columns. `choices` are the possible answers: orders for the mapping, or targets.
    """

    kind: str
    columns: tuple[int, ...]
    message: Message
    choices: tuple[str, ...] = ()


class ColumnMap(NamedTuple):
    """What the columns of a table are. `fields` has targets by column index; the other columns are not read.

    `date_order`, `name_order` and `defaults` are those of the mapping. `dates` is what is known of the columns of
    dates. `absent` are headings of the mapping that the table does not have.
    """

    fields: Mapping[int, str]
    date_order: str = ""
    name_order: str = ""
    defaults: Mapping[str, str] = MappingProxyType({})
    doubts: tuple[Doubt, ...] = ()
    dates: Mapping[int, DateColumn] = MappingProxyType({})
    absent: tuple[str, ...] = ()
    sex_words: Mapping[str, str] = MappingProxyType({})
    """What words in the column of the sex mean there, beside the usual ones; ``?`` for one that is not clear."""

    def columns_of(self, target: str) -> tuple[int, ...]:
        """Return the indexes of the columns with a target."""
        return tuple(column for column, each in self.fields.items() if each == target)

    @property
    def missing(self) -> tuple[str, ...]:
        """The required fields that have no column and no default: each row is refused, whatever it has."""
        given = {*self.fields.values(), *self.defaults}
        required = [name for name in _REQUIRED if not given & {name, *_OTHER_WAYS.get(name, ())}]
        if given & _LINES:
            required = [name for name in required if name not in IN_AN_MRZ]
        if any(name in given for name in NAMES):  # a passport may have one name only
            required = [name for name in required if name not in NAMES]
        return tuple(required)


def match_columns(table: Table, saved: ColumnMapping | None = None, today: date | None = None) -> ColumnMap:
    """Return what the columns of a table are: as a mapping says, or else as their headings are known.

    The rows are read once, as far as is needed to find the order of dates that are text. A year of two digits can show
    the order if `today` is known.
    """
    mapping = saved or ColumnMapping()
    headings = [parse_heading(heading) for heading in table.headings]
    fields = _fields(table, headings, mapping)
    if set(NAMES) <= set(fields.values()):  # surname and given names have columns of their own
        fields = {column: target for column, target in fields.items() if target != "full_name"}
    present = set(map(fold, table.headings))
    orders = [mapping.date_order or each.date_order for each in headings]
    rows = table.read_rows()
    sample = list(islice(rows, _SAMPLE))
    columns = ColumnMap(
        {column: target for column, target in fields.items() if target != IGNORE},
        mapping.date_order,
        mapping.name_order,
        mapping.defaults,
        dates=_date_columns(table, (sample, rows), fields, orders, today),
        sex_words=_sex_words(table, sample, [column for column, target in fields.items() if target == "sex"]),
        absent=tuple(heading for heading in mapping.columns if fold(heading) not in present),
    )
    return columns._replace(doubts=tuple(_doubts(table, columns, sample)))


def guest_rows(table: Table, columns: ColumnMap) -> Records:
    """Return the rows of a table as fields. A cell that cannot be read, or is in doubt, is a finding."""
    sources = {target: columns.columns_of(target) for target in columns.fields.values()}
    reader = RowReader(sources, columns.dates, columns.name_order, columns.defaults, columns.sex_words)
    return Records(table.facts, lambda: reader.read_all(table.read_rows()))


def unread_columns(table: Table, columns: ColumnMap) -> list[int]:
    """Return the indexes of the columns that have a heading, or a value in the first rows, and are not read."""
    below = [row.values for row in table.read_first() if row.number > table.heading_row]
    filled = {column for values in below for column, value in enumerate(values) if value is not None}
    headed = {column for column, heading in enumerate(table.headings) if heading.strip()}
    return sorted((filled | headed) - columns.fields.keys())


def _fields(table: Table, headings: Sequence[Heading], mapping: ColumnMapping) -> dict[int, str]:
    """Return the target of each column. A column that the mapping names has priority over one that is known."""
    said = {fold(heading): target for heading, target in mapping.columns.items()}
    found = {column: said[fold(heading)] for column, heading in enumerate(table.headings) if fold(heading) in said}
    taken = set(found.values()) - {IGNORE} - SEVERAL
    for column, heading in enumerate(headings):
        if column not in found and heading.target and heading.target not in taken and not heading.is_general:
            found[column] = heading.target
    general = {
        column: _general_target(column, heading.target, table.headings, headings, found)
        for column, heading in enumerate(headings)
        if column not in found and heading.is_general
    }
    found |= {column: target for column, target in general.items() if target and target not in taken}
    return dict(sorted(found.items()))


def _general_target(
    column: int, target: str, titles: Sequence[str], headings: Sequence[Heading], found: Mapping[int, str]
) -> str:
    """Return what a general heading is beside the other columns; empty if it is something else, or if it is not clear.

    A *place* is that of birth beside its date. A *country* is the nationality if no other column is, and if it is not
    the end of an address or of a place. A *purpose* beside the place where the guest comes from is a destination.
    """
    before = fold(titles[column - 1]) if column else ""
    match target:
        case "birth_place":
            is_read = target not in found.values() and "birth_date" in {found.get(column - 1), found.get(column + 1)}
        case "nationality":
            is_address = found.get(column - 1) == "birth_place" or any(word in before for word in _ADDRESS_WORDS)
            is_read = target not in found.values() and not is_address
        case "purpose":
            is_read = not any(word in before for word in ("dari", "asal", "from"))
        case _:
            return _end_of_validity(column, titles, headings, found)
    return target if is_read else ""


def _end_of_validity(column: int, titles: Sequence[str], headings: Sequence[Heading], found: Mapping[int, str]) -> str:
    """Return what expires: the passport or the permit of the nearest column, on the left at first.

    Empty behind a column that is not known: a credit card and an insurance expire, too.
    """
    is_next = True
    for other in (*range(column - 1, -1, -1), *range(column + 1, len(titles))):
        title = fold(titles[other])
        if found.get(other) in _EXPIRES:
            return _EXPIRES[found[other]]
        if other not in found and any(word in title for word in _PERMIT_WORDS):
            return "stay_until"
        of_passport = not title or headings[other].is_general or any(word in title for word in _PASSPORT_WORDS)
        if is_next and other not in found and not of_passport:
            return ""
        is_next = is_next and of_passport
    return "expiry_date"


def _sex_words(table: Table, sample: Sequence[Row], columns: Sequence[int]) -> Mapping[str, str]:
    """Return what P, W, 1 and 2 mean: a P beside a W is *pria*, and beside other words it is in doubt.

    Numbers are codes where the heading says so alone: in a table of 0 and 1, a 1 may be a woman.
    """
    headings = [table.headings[column] for column in columns]
    codes = _SEX_CODES if any(_CODED.search(heading) for heading in headings) else {}
    values = (row.values[column : column + 1] for row in sample for column in columns)
    letters = {value.strip().casefold() for found in values for value in found if isinstance(value, str)}
    if letters.isdisjoint(_MEN_AND_WOMEN) and not any(map(_PRIA.search, headings)):
        return codes
    return codes | (_PRIA_AND_WANITA if letters.isdisjoint({*"lmf", *_MEN_AND_WOMEN} - {"w"}) else {"p": "?"})


def _date_columns(
    table: Table,
    rows: tuple[Sequence[Row], Iterator[Row]],
    fields: Mapping[int, str],
    orders: Sequence[str],
    today: date | None,
) -> dict[int, DateColumn]:
    """Return what the dates of each column say about their order, and those of the whole file where it does not.

    `rows` are the first ones and the others, `orders` those that a user, or else the heading, states, beside which
    nothing else counts.
    """
    collectors = {
        column: EvidenceCollector(orders[column])
        if orders[column] or today is None
        else EvidenceCollector(plausible=_plausible(target, today))
        for column, target in fields.items()
        if target in DATE_TARGETS or target in _WITH_PLACE
    }
    sample, others = rows
    _collect(sample, collectors, fields)
    if any(collector.has_texts for collector in collectors.values()):
        _collect(others, collectors, fields)
    found = {column: collector.result() for column, collector in collectors.items()}
    if any(each.suspects_dates for each in found.values()):
        found = {column: each._replace(suspects_dates=each.is_exchangeable) for column, each in found.items()}
    possible = frozenset(DATE_ORDERS)
    for each in found.values():
        possible &= {each.stated} if each.stated else each.possible
    if any(is_indonesian(table.headings[each]) for each in fields):  # the day comes first
        possible &= {"dmy"}
    return {column: each.within(possible) for column, each in found.items()}


def _collect(rows: Iterable[Row], collectors: Mapping[int, EvidenceCollector], fields: Mapping[int, str]) -> None:
    for row in rows:
        for column, collector in collectors.items():
            value = row.values[column] if column < len(row.values) else None
            if isinstance(value, str) and fields[column] in _WITH_PLACE:
                value = place_and_date(value)[1]
            collector.add(value)


def _plausible(target: str, today: date) -> tuple[date, date]:
    """Return the first and the last date that a field plausibly has: a stay is near today, an expiry is ahead."""
    before, after = _PLAUSIBLE_DAYS.get(target, (_HALF_A_YEAR, _HALF_A_YEAR))
    return today - timedelta(before), today + timedelta(after)


def _doubts(table: Table, columns: ColumnMap, sample: Sequence[Row]) -> Iterator[Doubt]:
    if not columns.fields:
        yield Doubt("no_columns", (), msg("No column has a heading that is known."))
    targets = list(columns.fields.values())
    for target in dict.fromkeys(targets):
        same = columns.columns_of(target)
        if len(same) > 1 and target not in SEVERAL:
            yield Doubt("two_columns", same, _same_target(table, same[0], same[1], target))
    yield from _name_doubts(table, columns, targets, sample)
    unclear = tuple(
        column
        for column, found in columns.dates.items()
        if found.is_ambiguous and column in columns.fields and not found.stated and not found.order
    )
    if unclear:
        found = [columns.dates[each].possible or columns.dates[each].proven for each in unclear]
        orders = tuple(order for order in DATE_ORDERS if any(order in each for each in found))
        message = msg(
            "The dates of {columns} can be read in two ways. {question}",
            columns=", ".join(table.headings[column] for column in unclear),
            question=_WHAT_COMES_FIRST.get(orders, _DAY_MONTH_OR_YEAR),
        )
        yield Doubt("date_order", unclear, message, orders)


def _same_target(table: Table, first: int, second: int, target: str) -> Message:
    """Return what is in doubt about two columns with the same target. The letters name those with one heading."""
    headings = table.headings[first], table.headings[second]
    if fold(headings[0]) == fold(headings[1]):
        return msg(
            "Columns {first} and {second} have the same heading: {heading}.",
            first=column_letters(first),
            second=column_letters(second),
            heading=headings[0],
        )
    return msg(
        "{first} and {second} are both the same: {field}. Say which one is to be read.",
        first=headings[0],
        second=headings[1],
        field=label_of_target(target),
    )


def _name_doubts(table: Table, columns: ColumnMap, targets: Sequence[str], sample: Sequence[Row]) -> Iterator[Doubt]:
    whole = columns.columns_of("full_name")
    if not whole:
        return
    heading = table.headings[whole[0]]
    if set(NAMES) & set(targets):
        message = msg("{heading}: say whether it has the given names or the whole name.", heading=heading)
        yield Doubt("name_column", whole, message, (*(name for name in NAMES if name not in targets), IGNORE))
    elif not columns.name_order and not _has_commas(sample, whole[0]):
        message = msg(
            "{heading} has whole names. Say whether the surname or the given names come first.", heading=heading
        )
        yield Doubt("name_order", whole, message, NAME_ORDERS)


def _has_commas(sample: Sequence[Row], column: int) -> bool:
    """Return whether a comma shows the surname in each whole name. A note or a total has few cells, and no name."""
    guests = (row.values for row in sample if len(row.values) - row.values.count(None) > _OF_A_NOTE)
    names = [str(value) for values in guests for value in values[column : column + 1] if value is not None]
    return bool(names) and all(map(is_surname_before_comma, names))
