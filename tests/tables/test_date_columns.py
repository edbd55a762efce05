"""Dates in columns: read in one way or refused, never guessed, and the same whenever the file is imported."""

from collections.abc import Sequence
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_helpers import problem_of, read_cells, read_table, table_of

from apoa_client.messages import Message
from apoa_client.settings.column_mappings import DATE_ORDERS, ColumnMapping
from apoa_client.tables.columns import Doubt, guest_rows, match_columns
from apoa_client.tables.dates import EvidenceCollector, readings
from apoa_client.tables.rows import CellValue

DAYS = st.dates(date(1950, 1, 1), date(2060, 12, 31))
CLEAR = DAYS.filter(lambda day: day.day > 12)
"""Days that can be read in one order only."""
SEPARATORS = st.sampled_from("-/.")
FORMS = {"dmy": "{d}{s}{m}{s}{y}", "mdy": "{m}{s}{d}{s}{y}"}
TWO_WAYS = "This date can be read in two ways"
BIRTH, EXPIRY = "Date of birth", "Passport expiry"
TODAY = date(2026, 11, 30)


def written(day: date, order: str, separator: str = "/", width: int = 2) -> str:
    """Return a date as it is written in an order."""
    form = FORMS[order]
    return form.format(d=f"{day.day:0{width}}", m=f"{day.month:0{width}}", y=day.year, s=separator)


def doubts(headings: Sequence[str], *rows: Sequence[CellValue], today: date | None = TODAY) -> list[Doubt]:
    """Return the doubts about the dates of a table."""
    return list(match_columns(table_of(headings, *rows), today=today).doubts)


def read_rows(headings: Sequence[str], *rows: Sequence[CellValue], today: date | None = TODAY) -> list[list[str]]:
    """Return what the cells of each row are read as, without those that are refused."""
    table = table_of(headings, *rows)
    return [list(row.texts.values()) for row in guest_rows(table, match_columns(table, today=today)).read_rows()]


def dates(*values: CellValue, order: str = "", heading: str = EXPIRY) -> list[str]:
    """Return what each cell of a column is read as; the code of its problem where it is refused."""
    rows = read_cells(heading, *values, mapping=ColumnMapping(date_order=order))
    return [next(iter(row.texts.values()), "") or "".join(finding.code for finding in row.findings) for row in rows]


# The order.


@given(st.data(), st.sampled_from(sorted(FORMS)), st.lists(DAYS, max_size=8), CLEAR, SEPARATORS)
def test_one_date_after_the_12th_settles_the_column(
    data: st.DataObject, order: str, days: list[date], clear: date, separator: str
) -> None:
    """Wherever it stands, each date of the column is then read as it was written."""
    column = data.draw(st.permutations([*days, clear]))
    width = data.draw(st.sampled_from([1, 2]))
    texts = [written(day, order, separator, width) for day in column]
    assert dates(*texts) == [day.isoformat() for day in column]


@given(st.sampled_from(sorted(FORMS)), st.lists(DAYS, min_size=1, max_size=6), st.sampled_from(["", *FORMS]))
def test_a_date_is_read_as_it_was_written_or_refused(order: str, days: list[date], stated: str) -> None:
    """Whatever else the column has, and whatever a user says, unless both say the same wrong thing."""
    found = dates(*(written(day, order) for day in days), order=stated)
    for day, value in zip(days, found, strict=True):
        is_shown = any(each.day > 12 for each in days)
        assert value in {day.isoformat(), "bad_date"} or (stated not in {"", order} and not is_shown)


@given(st.lists(DAYS.filter(lambda day: day.day <= 12 and day.day != day.month), min_size=1, max_size=5))
def test_dates_that_can_be_read_in_two_ways_are_a_doubt(days: list[date]) -> None:
    """Without an answer each of them is refused; with the answer each is read."""
    texts = [[written(day, "dmy")] for day in days]
    table = table_of([BIRTH], *texts)
    (doubt,) = match_columns(table).doubts
    assert (doubt.kind, doubt.columns, doubt.choices) == ("date_order", (0,), ("dmy", "mdy"))
    for row in read_table(table):
        assert row.texts == {}
        assert problem_of(row.findings[0]).startswith(TWO_WAYS)
    answered = ColumnMapping(date_order="dmy")
    assert match_columns(table, answered).doubts == ()
    assert [row.texts["birth_date"] for row in read_table(table, answered)] == [day.isoformat() for day in days]


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (("12/09/1985", "30/06/2031"), ["1985-09-12", "2031-06-30"]),
        (("09/12/1985", "06/30/2031"), ["1985-09-12", "2031-06-30"]),
        (("24/11/1985", "05/06/2026"), ["1985-11-24", "2026-06-05"]),
    ],
)
def test_another_column_settles_a_column(cells: tuple[str, str], read: list[str]) -> None:
    """One date after the 12th says how the whole file is written."""
    for headings in ([BIRTH, EXPIRY], [EXPIRY, BIRTH]):
        rows = [cells] if headings[0] == BIRTH else [cells[::-1]]
        assert doubts(headings, *rows) == []
        assert sorted(read_rows(headings, *rows)[0]) == read


def test_two_columns_settle_what_each_leaves_open() -> None:
    """24/11/26 has no month 24, 05/06/2026 no year in front: the day comes first in both."""
    assert read_rows([BIRTH, EXPIRY], ("05/06/1985", "24/11/26"), today=None) == [["2026-11-24", "1985-06-05"]]


def test_columns_of_two_orders_settle_nothing() -> None:
    """Each is read in its own order, and a column that has none is a doubt."""
    headings = [BIRTH, EXPIRY, "Check-in"]
    rows = [("24/11/1985", "11/25/2030", "05/06/2026"), ("05/06/1985", "05/06/2030", "05/05/2026")]
    (doubt,) = doubts(headings, *rows)
    assert (doubt.columns, doubt.choices) == ((2,), ("dmy", "mdy"))
    assert [sorted(row) for row in read_rows(headings, *rows)] == [
        ["1985-11-24", "2030-11-25"],
        ["1985-06-05", "2026-05-05", "2030-05-06"],
    ]


def test_indonesian_headings_say_that_the_day_comes_first() -> None:
    """One of them is enough for the dates of the file, unless a date shows another order."""
    for headings in (["Tgl lahir", EXPIRY], [BIRTH, "Masa berlaku paspor"], [BIRTH, EXPIRY, "Kamar"]):
        cells = ("12/09/1985", "05/06/2031", "7")[: len(headings)]
        assert doubts(headings, cells) == []
        assert {"1985-09-12", "2031-06-05"} <= set(read_rows(headings, cells)[0])
    (doubt,) = doubts(["Tgl lahir", EXPIRY], ("12/09/1985", "06/30/2031"))
    assert doubt.columns == (0,)


def test_a_heading_that_states_the_order_settles_the_other_columns() -> None:
    """TM30 says it for the birth date."""
    assert read_rows(["Birth Date\nDD/MM/YYYY", EXPIRY], ("12/09/1985", "05/06/2031")) == [["2031-06-05", "1985-09-12"]]
    (doubt,) = doubts(["Birth Date (MM/DD/YYYY)", EXPIRY, "Check-in"], ("09/12/1985", "30/06/2031", "05/06/2026"))
    assert doubt.columns == (2,)


# Years of two digits.


@pytest.mark.parametrize(
    ("heading", "text", "value"),
    [
        ("Check-in", "24/11/26", "2026-11-24"),
        ("Check-out", "25/11/26", "2026-11-25"),
        ("Passport expiry", "24/11/28", "2028-11-24"),
        ("Passport expiry", "28/11/24", "2028-11-24"),
        ("Check-in", "26/11/24", "2026-11-24"),
        ("Check-in", "24 Nov '26", "2026-11-24"),
        ("Check-in", "26-11-30", "2026-11-30"),
        ("Check-in", "25/11/26", "2026-11-25"),
        ("Date of entry", "24/11/26", "2026-11-24"),
    ],
)
def test_a_short_year_is_plausible(heading: str, text: str, value: str) -> None:
    """A stay is near today, an expiry is ahead: so the year is in front or behind."""
    assert doubts([heading], [text]) == []
    assert read_rows([heading], [text]) == [[value]]


def test_a_short_year_that_may_be_a_day_is_a_doubt() -> None:
    """The question says what is doubtful, and the choices are those that it names."""
    for cells, question, choices in (
        (["24/11/26"], "the day or the year", ("dmy", "ymd")),
        (["05/06/2026"], "the day or the month", ("dmy", "mdy")),
        (["05/06/07"], "the day, the month or the year", ("dmy", "mdy", "ymd")),
    ):
        (doubt,) = doubts([BIRTH], cells)
        asked = doubt.message.values["question"]
        assert isinstance(asked, Message)
        assert (question in asked.template, doubt.choices) == (True, choices)


def test_a_year_that_another_column_has_behind_is_not_in_front() -> None:
    """So the question is about the day and the month, and a date that is equal in both orders is read."""
    headings, row = [BIRTH, EXPIRY], ("05/06/07", "05/06/2031")
    (doubt,) = doubts(headings, row, today=None)
    assert (doubt.columns, doubt.choices) == ((0, 1), ("dmy", "mdy"))
    assert read_rows(headings, row, ("07/07/08", "08/08/2031"), today=None)[1] == ["2031-08-08"]
    assert read_rows(["Check-in", EXPIRY], ("07/07/08", "05/06/2031"), today=None) == [["2008-07-07"]]


def test_a_user_is_right_about_a_short_year() -> None:
    """What is plausible counts only where nothing is said: by an option, or in the heading."""
    mapping = ColumnMapping(date_order="ymd")
    table = table_of(["Check-in"], ["24/11/26"])
    columns = match_columns(table, mapping, TODAY)
    assert [row.texts for row in guest_rows(table, columns).read_rows()] == [{"check_in": "2024-11-26"}]
    assert read_rows(["Check-in (yy/mm/dd)"], ["24/11/26"]) == [["2024-11-26"]]


def test_plausible_years_that_contradict_another_date() -> None:
    """Near today is no proof against a date that shows the order."""
    (doubt,) = doubts(["Check-in", EXPIRY, BIRTH], ("26/11/24", "30/06/2031", "05/06/1985"))
    assert doubt.columns == (2,)


def test_a_short_year_of_birth_is_in_the_order_of_the_file() -> None:
    """A birth date is in the past, in the order that the check-in shows."""
    rows = [("24/11/05", "24/11/26"), ("05/06/85", "25/11/26")]
    births = [row[-1] for row in read_rows([BIRTH, "Check-in"], *rows)]
    assert births == ["2005-11-24", "1985-06-05"]


@pytest.mark.parametrize("text", ["05/06/2573", "2573-06-05", "25062573", "5 Jun 2573", "29/02/2567"])
def test_a_year_of_the_buddhist_era(text: str) -> None:
    """Thailand counts from 543 years before: such a date is refused, and not read as one of another century."""
    assert dates(text, order="dmy") == ["bad_date"]


def test_a_heading_that_states_the_order_settles_the_column() -> None:
    """As in the program's own template."""
    assert dates("05/06/2030", heading="Masa berlaku paspor (dd/mm/yyyy)") == ["2030-06-05"]
    assert dates("05/06/2030", heading="Passport expiry (MM/DD/YYYY)") == ["2030-05-06"]
    assert dates("05/06/2030", "25/12/2030", heading="Passport expiry (MM/DD/YYYY)") == ["bad_date", "2030-12-25"]


CONTRADICTION = "24/11/2030 11/25/2030 05/06/2030"


@pytest.mark.parametrize(
    ("texts", "order", "read"),
    [
        (CONTRADICTION, "", "2030-11-24 2030-11-25 bad_date"),
        (CONTRADICTION, "dmy", "2030-11-24 bad_date 2030-06-05"),
        (CONTRADICTION, "mdy", "bad_date 2030-11-25 2030-05-06"),
        ("11/25/2030 05/06/2030", "dmy", "2030-11-25 bad_date"),
        ("05/05/2030", "", "2030-05-05"),
        ("24/11/26", "", "bad_date"),
        ("24/11/26 24/12/99", "", "2026-11-24 2099-12-24"),
        ("24/11/26", "dmy", "2026-11-24"),
        ("24/11/26", "ymd", "2024-11-26"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(texts: str, order: str, read: str) -> None:
    """With dates of both orders, and with a user's answer, which turns no other date round; 05/05 is one everywhere."""
    assert dates(*texts.split(), order=order) == read.split()
    found = match_columns(table_of([EXPIRY], *([text] for text in texts.split())), ColumnMapping(date_order=order))
    assert bool(found.doubts) == (not order and "bad_date" in read)


@given(st.lists(st.one_of(st.text(max_size=12), DAYS, st.none(), st.floats(), st.booleans()), max_size=6))
def test_the_evidence_of_any_cells_is_found(cells: Sequence[CellValue]) -> None:
    """No cell stops it, and its order is one in which the column can be."""
    collector = EvidenceCollector()
    for cell in cells:
        collector.add(cell)
    found = collector.result()
    assert found.proven <= set(DATE_ORDERS)
    assert found.order in {"", *found.possible}
    assert found.possible or not found.order


@given(st.text(max_size=14))
def test_any_text_is_read_or_refused(text: str) -> None:
    """With a finding on the field, and no other error."""
    for heading in (BIRTH, EXPIRY, "Check-in", "Jam check-in", "Malam", "Kewarganegaraan"):
        (row,) = read_cells(heading, text)
        assert all(finding.code for finding in row.findings)
    assert all(str(value) for value in readings(text).values())


def test_a_text_behind_a_thousand_real_dates_is_not_guessed() -> None:
    """Only the beginning of such a column is read to find an order: none is known, so what needs one is refused."""
    real: list[CellValue] = [date(2030, 12, 31)] * 1500
    assert dates(*real, "05/06/2030", "25/06/2030", "05/05/2030")[1500:] == ["bad_date", "2030-06-25", "2030-05-05"]


# Other forms.


OTHER_FORMS = {
    "2030-06-05": (
        *("2030-06-05", "2030/6/5", "20300605", "5 Jun 2030", "Jun 5, 2030", "5-Jun-30", "5 Juni 2030 14.30"),
        *("Rabu, 5 Juni 2030", "Wed 05 Jun 2030", "2030-06-05T00:00:00"),
    ),
    "2030-06-25": ("25. 6. 2030", "25.06.2030.", "25062030"),
    "2030-08-05": ("5 Agst 2030",),
    "2030-09-12": ("12 Sept 30", "12-Sep-2030"),
    "2030-02-12": ("12 Peb. 2030",),
    "bad_date": (
        *("45620", "45620.5", "250630", "25/06", "2030", "06/2030", "30/02/2030", "2030-13-01", "00/06/2030"),
        *("besok", "+3", "2030-06-05T14:00:00Z", "2030-06-05 14:00 WIB"),
    ),
    "spreadsheet_error": ("########",),
}


@pytest.mark.parametrize(("text", "value"), [(text, value) for value, texts in OTHER_FORMS.items() for text in texts])
def test_a_date_in_another_form(text: str, value: str) -> None:
    """A month's name or the year in front needs no order; a day's number, a day from today and a part are refused."""
    assert dates(text) == [value]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (date(2030, 6, 5), "2030-06-05"),
        (datetime(2030, 6, 5), "2030-06-05"),  # noqa: DTZ001  a spreadsheet has no time zone
        (datetime(2030, 6, 5, 14, 30), "2030-06-05"),  # noqa: DTZ001  a spreadsheet has no time zone
        (45620, "bad_date"),
        (45620.25, "bad_date"),
        (time(14, 30), "bad_date"),
        (True, "bad_date"),
    ],
)
def test_real_dates_need_no_order(value: CellValue, read: str) -> None:
    """A number is the day's number of one of two calendars, so it is refused."""
    assert dates(value) == [read]


def test_dates_that_excel_may_have_exchanged_are_refused() -> None:
    """Excel that expects the month first makes 05/06 the 6th of May, and leaves 24/11 as a text."""
    column = ("24/11/2030", date(2030, 5, 6), date(2030, 7, 7), "25/12/2030")
    assert dates(*column) == ["2030-11-24", "bad_date", "2030-07-07", "2030-12-25"]
    assert dates(*column, order="dmy")[1] == "bad_date"
    assert dates(*column, date(2030, 5, 31))[1] == "2030-05-06"  # a real date after the 12th: they were not exchanged
    assert dates(*column, "05/06/2030")[1] == "2030-05-06"  # a text before the 13th: nothing was changed


def test_dates_that_excel_may_have_exchanged_in_another_column() -> None:
    """What it did in one column, it did in the others: a column of real dates alone is refused, too."""
    rows: list[list[CellValue]] = [["24/11/2030", date(1985, 5, 6)], [date(2030, 5, 6), date(1990, 7, 7)]]
    assert read_rows([EXPIRY, BIRTH], *rows) == [["2030-11-24"], ["1990-07-07"]]
    rows.append(["2030-01-01", date(1985, 5, 31)])
    assert [row[-1] for row in read_rows([EXPIRY, BIRTH], *rows)] == ["1985-05-06", "1990-07-07", "1985-05-31"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("00/00/1985", "1985"),
        ("00/06/1985", "1985-06"),
        ("00001985", "1985"),
        ("00061985", "1985-06"),
        ("1985", "1985"),
        ("06/1985", "1985-06"),
        ("Juni 1985", "1985-06"),
        ("0", "bad_date"),
        (1985, "bad_date"),
    ],
)
def test_a_birth_date_may_be_known_in_part(value: CellValue, read: str) -> None:
    """As in Thailand's TM30 and Czechia's UbyPort."""
    assert dates(value, heading=BIRTH) == [read]


def test_a_short_year_of_birth_is_before_the_check_in() -> None:
    """The century follows from the row, not from the day on which the file is imported."""
    headings = [BIRTH, "Check-in"]
    rows = [("24/11/85", "2026-11-24"), ("24/11/26", "2026-11-25"), ("24/11/26", "2026-11-23"), ("24/11/85", None)]
    births = [row.texts.get("birth_date") for row in read_table(table_of(headings, *rows))]
    assert births == ["1985-11-24", "2026-11-24", "1926-11-24", None]
    named = [("24 Nov 85", "2026-11-24"), ("24-nov-26", "2026-11-23")]
    births = [row.texts.get("birth_date") for row in read_table(table_of(headings, *named))]
    assert births == ["1985-11-24", "1926-11-24"]


@pytest.mark.parametrize(("text", "value"), [("30/06/31", "2031-06-30"), ("30/06/85", None), ("30/06/2131", None)])
def test_an_expiry_that_no_passport_has(text: str, value: str | None) -> None:
    """A year of the century before is not put into the next one, and a mistyped one is not saved."""
    table = table_of([EXPIRY, "Check-in"], (text, "2026-11-24"))
    (row,) = guest_rows(table, match_columns(table, today=TODAY)).read_rows()
    assert row.texts.get("expiry_date") == value
    assert [finding.code for finding in row.findings] == ([] if value else ["bad_date"])


# Check-in.


DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 14, 30)  # noqa: DTZ001  as spreadsheets have it
CHECK_INS: dict[str, tuple[tuple[CellValue, CellValue], ...]] = {
    "2026-11-24T14:30:00": (
        *((str(DAY), text) for text in ("14:30", "14.30", "jam 14.30", "1430", "2:30 PM", AT.time())),
        *(("24 Nov 2026, 14:30", None), ("24 Nov 2026 14.30", "14:30"), (AT, None), (DAY, AT.time())),
    ),
    "2026-11-24T00:05:00": ((str(DAY), "12:05 a.m."),),
    "2026-11-24T14:00:00": ((str(DAY), "2 pm"),),
    "2026-11-24T14:30:00+08:00": ((str(DAY), "14:30 WITA"), ("2026-11-24T14:30:00+08:00", None)),
    "2026-11-25T14:30:00": (("25/11/2026 2:30 PM", None),),
    "2026-11-24T06:30:00+00:00": (("2026-11-24T06:30:00Z", None),),
    "2026-11-24": ((str(DAY), None), ("2026-11-24 00:00:00", "")),
    "conflict": (("2026-11-24 14:30", "15:30"),),
    "bad_date": tuple((str(DAY), cell) for cell in ("25:00", "13 pm", "sore", 0.604, 14)),
}


@pytest.mark.parametrize(("cells", "check_in"), [(each, value) for value, rows in CHECK_INS.items() for each in rows])
def test_a_check_in_with_its_time(cells: tuple[CellValue, CellValue], check_in: str) -> None:
    """In one column or in two. Without a time it is the day alone, which is read as its beginning."""
    (row,) = read_table(table_of(["Check-in", "Jam check-in"], cells))
    codes = [finding.code for finding in row.findings]
    assert codes == ([] if ":" in check_in or check_in[:2] == "20" else [check_in])
    assert codes == ["bad_date"] or row.texts.get("check_in", "conflict") == check_in
