"""Which sheets of a workbook and which row of headings are read, and which rows are no guests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from table_helpers import book, cell, ods, ods_row, ods_table, read, read_table, xlsx

from apoa_client.tables.columns import match_columns
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import SheetFacts, Table, TableRefused
from apoa_client.tables.sheets import SheetChoice, is_known

HEADINGS = ["Surname", "Given names", "Passport number", "Nationality", "Date of birth", "Room"]
PAYMENTS = ("Payments", [["Invoice", "Amount"], ["INV-1", "700000"], ["INV-2", "350000"]])
Rows = Sequence[Sequence[Any]]


def guest(number: int, **changes: Any) -> list[Any]:
    values = {"surname": "DOE", "given": "JANE", "passport": f"X100000{number}", "state": "GBR", "born": "1985-09-12"}
    return [*{**values, "room": str(number), **changes}.values()]


def month(name: str, *numbers: int, headings: Sequence[str] = HEADINGS) -> tuple[str, Rows]:
    return name, [headings, *map(guest, numbers)]


def places(table: Table) -> list[tuple[str, int]]:
    return [(row.sheet, row.number) for row in table.read_rows()]


each_kind = pytest.mark.parametrize("kind", ["xlsx", "ods"])


@each_kind
def test_a_sheet_for_each_month(kind: str) -> None:
    """Sheets with the same headings are one table, each row with its sheet; an empty month is no obstacle."""
    table = read(book(kind, month("Jan", 1, 2), PAYMENTS, month("Feb"), month("Mar", 3)))
    assert places(table) == [("Jan", 2), ("Jan", 3), ("Mar", 2)]
    assert table.facts.left == ()
    read_or_not = [(sheet.name, sheet.read) for sheet in table.facts.sheets]
    assert read_or_not == [("Jan", True), ("Payments", False), ("Feb", True), ("Mar", True)]
    assert table.facts.sheets[1] == SheetFacts("Payments", 2, read=False)


def test_notes_in_one_month() -> None:
    """A column of notes more is no other table; one with a known heading is, for it is not in the other months."""
    notes = month("Feb", 2, headings=[*HEADINGS, "", "Warna"])
    assert places(read(book("ods", month("Jan", 1), notes))) == [("Jan", 2), ("Feb", 2)]
    permit = month("Feb", 2, headings=[*HEADINGS, "Check-in"])
    assert read(book("ods", month("Jan", 1), permit)).facts.left == ("Feb",)


@pytest.mark.parametrize(("heading", "left"), [("Notes", ()), ("Phone", ("Feb",)), ("Room no.", ("Feb",))])
def test_a_column_that_one_month_lacks(heading: str, left: tuple[str, ...]) -> None:
    """What it has there without a heading, such as an amount, must not become a phone number or a room."""
    one = ("Jan", [HEADINGS, [*guest(1), "250000"]])
    assert read(book("ods", one, month("Feb", 2, headings=[*HEADINGS, heading]))).facts.left == left


def test_guests_behind_a_first_sheet_of_another_kind() -> None:
    """The guests are read, though another sheet comes first."""
    assert places(read(book("ods", PAYMENTS, month("Jan", 1)))) == [("Jan", 2)]


@each_kind
def test_a_hidden_sheet_counts(kind: str) -> None:
    """A month that is hidden is read, too; hidden guests with other headings are named."""
    assert len(places(read(book(kind, month("Jan", 1), month("Dec", 2), hidden=["Dec"])))) == 2
    other = month("Dec", 2, headings=[*HEADINGS[:-1], "Pavilion"])
    assert read(book(kind, month("Jan", 1), other, hidden=["Dec"])).facts.left == ("Dec",)


def test_guests_with_other_headings_are_left() -> None:
    """Known headings, half of the same headings, and guests without headings are guests; an empty sheet has none."""
    without = ("Apr", [guest(4), guest(5)])
    other = month("Feb", 2, headings=["Last name", "First name", "Passport", "Citizenship", "DOB", "Rm"])
    table = read(book("ods", month("Jan", 1), other, without, month("May", headings=["Surname", "Passport", "x"])))
    assert (places(table), table.facts.left) == ([("Jan", 2)], ("Feb", "Apr"))
    assert [sheet.rows for sheet in table.facts.sheets] == [0, 1, 2, 0]  # no row of Apr has headings


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "Korea Selatan"},
        {"passport": "C01X00T47"},
        {"passport": "X 1000001"},
        {"born": "Leeds, 12-09-1985"},
        {"born": "12/09/1985 14:00"},
    ],
)
def test_guests_without_headings(changes: dict[str, str]) -> None:
    """They are known by the number of a document, a date and a country, as people write them."""
    table = read(book("ods", month("Jan", 1), ("Feb", [guest(2, **changes), guest(3, **changes)])))
    assert table.facts.left == ("Feb",)


def test_guests_beside_the_headings() -> None:
    """A second table on the right would not be read: the file is refused. Notes there are no guests."""
    noted = [HEADINGS, [*guest(1), None, "12-09-1985", "GBR"]]
    assert places(read(book("ods", ("Jan", noted)))) == [("Jan", 2)]
    with pytest.raises(TableRefused) as refused:
        places(read(book("ods", ("Jan", [HEADINGS, [*guest(1), None, *guest(2)]]))))
    assert refused.value.name == "guest_beside_headings"


def test_other_headings_further_down() -> None:
    """The guests below them would be read in the wrong columns; the same headings in other words are no guest."""
    again = ["Surname:", "GIVEN NAMES", "Passport No", "Citizenship", "Date of birth", "Lantai"]
    table = read(book("ods", ("Jan", [HEADINGS, guest(1), again, guest(2)])))
    assert [row.values[:1] for row in table.read_rows()] == [("DOE",), (), ("DOE",)]
    other = [HEADINGS[1], HEADINGS[0], *HEADINGS[2:]]
    with pytest.raises(TableRefused) as refused:
        places(read(book("ods", ("Jan", [HEADINGS, guest(1), other, guest(2)]))))
    assert refused.value.name == "different_headings"


def test_headings_of_another_kind_further_down() -> None:
    """A summary below the guests is read as rows, which are no guests."""
    summary = [["Room", "Check-in", "Note"], ["5", "2", "x"]]
    assert len(places(read(book("ods", ("Jan", [HEADINGS, guest(1), *summary]))))) == 3


def test_chosen_sheets() -> None:
    """The named sheets are read, in the order of the workbook, and no other one is left; headings must be the same."""
    content = book("ods", month("Jan", 1), month("Feb", 2), month("Mar", 3), PAYMENTS)
    table = read(content, "mar", "Jan")
    assert (places(table), table.facts.left) == ([("Jan", 2), ("Mar", 2)], ())
    with pytest.raises(TableRefused) as refused:
        read(content, "Jan", "Payments")
    assert refused.value.name == "different_headings"


def test_the_order_of_dates_of_another_month() -> None:
    """A date in one sheet proves the order for all."""
    sheets = [(name, [HEADINGS, guest(place, born=born)]) for place, (name, born) in enumerate(BIRTHS)]
    assert [row.texts["birth_date"] for row in read_table(read(book("ods", *sheets)))] == ["1985-06-05", "1985-06-24"]


BIRTHS = (("Jan", "05/06/1985"), ("Feb", "24/06/1985"))


GROUP = ["Room", "Check-in", "Surname", "Given names", "Passport number", "Nationality", "Date of birth"]
ARRIVED = datetime.fromisoformat("2026-11-24T14:00")


def person(number: int, *before: Any) -> list[Any]:
    return [*(before or (None, None)), *guest(number)[:5]]


def test_a_room_merged_over_its_guests() -> None:
    """What is merged downwards is each guest's, and only there: an empty cell stays empty."""
    rows = [GROUP, person(1, "5", ARRIVED), person(2), person(3), person(4)]
    found = read_table(table(*rows, merged=["A2:A4", "B2:B3"]))
    assert [row.texts.get("room") for row in found] == ["5", "5", "5", None]
    assert [row.values.get("check_in") for row in found] == [ARRIVED, ARRIVED, None, None]
    assert [row.cells["stay.room"] for row in found] == ["A2", "A3", "A4", "A5"]


def test_a_room_merged_in_ods() -> None:
    """The same, in LibreOffice's own file."""
    covered, empty = "<table:covered-table-cell/>", "<table:table-cell/>"
    room = cell("5", 'table:number-rows-spanned="2"')
    rows = [ods_row(*map(cell, GROUP)), ods_row(room, cell("2026-11-24"), *map(cell, guest(1)[:5]))]
    rows += [ods_row(before, empty, *map(cell, guest(2)[:5])) for before in (covered, empty)]
    assert [row.texts.get("room") for row in read_table(read(ods(ods_table(*rows))))] == ["5", "5", None]


def test_what_only_one_guest_has_is_not_filled() -> None:
    """A name or a number that is merged over two guests says nothing about the second one: the row is refused."""
    rows = [GROUP, person(1, "5", ARRIVED), [None, None, "DOE", None, None, "GBR", "1990-01-02"]]
    _first, second = read_table(table(*rows, merged=["E2:E3", "D2:D3"]))
    assert {finding.field for finding in second.findings} == {"guest.document.number", "guest.given_names"}
    assert {"given_names", "document_number"}.isdisjoint(second.texts)


def test_an_empty_row_of_a_group_is_no_guest() -> None:
    """A row that has only what is merged over it is counted as no guest; one with a name is refused as incomplete."""
    rows = [["No.", *GROUP], [1, *person(1, "5", ARRIVED)], [2, None], [3, None, None, "DOE"]]
    found = read_table(table(*rows, merged=["B2:B4", "C2:C4"]))
    assert [row.skip for row in found] == ["", "no_guest", ""]


# The row of the headings.

TITLE = ["BUKU TAMU WISMA MELATI"]
INDONESIAN = ["Nama Keluarga", "Nama Depan", "Nomor Paspor", "Kebangsaan", "Tanggal Lahir", "Kamar"]
GUEST = ["DOE", "JANE", "X1000001", "GBR", "1985-09-12", "5"]
TWO_ROWS = [
    ["No.", "Nama", None, "Paspor", None, "Kebangsaan", "Tanggal Lahir"],
    [None, "Keluarga", "Depan", "Nomor", "Masa Berlaku", None, None],
]
OF_TWO_ROWS = [1, "DOE", "JANE", "X1000001", "2031-02-03", "GBR", "1985-09-12"]
GROUPS = ("B{0}:C{0}", "D{0}:E{0}", "A{0}:A{1}", "F{0}:F{1}", "G{0}:G{1}")


def table(*rows: Sequence[Any], merged: Sequence[str] = (), heading_row: int = 0) -> Table:
    def change(book: Any) -> None:
        for each in merged:
            book.worksheets[0].merge_cells(each)

    opened = open_source(xlsx(("S", rows), change=change), choice=SheetChoice((), heading_row))
    assert isinstance(opened, Table)
    return opened


def groups(row: int) -> list[str]:
    return [each.format(row, row + 1) for each in GROUPS]


@pytest.mark.parametrize("above", [0, 1, 5])
def test_letterheads_are_passed_over(above: int) -> None:
    """However many lines there are above the headings of a few guests."""
    opened = table(*[TITLE] * above, INDONESIAN, GUEST)
    assert (opened.heading_row, opened.headings) == (above + 1, tuple(INDONESIAN))


@pytest.mark.parametrize("above", [0, 2])
def test_two_rows_of_headings(above: int) -> None:
    """Merged cells say that the upper row has groups: both together are the headings, and no guest is made of one."""
    opened = table(*[TITLE] * above, *TWO_ROWS, OF_TWO_ROWS, merged=groups(above + 1))
    (row,) = read_table(opened)
    assert (row.number, row.findings, row.skip) == (above + 3, (), "")
    assert {name: row.texts[name] for name in ("surname", "given_names", "document_number", "expiry_date")} == {
        "surname": "DOE",
        "given_names": "JANE",
        "document_number": "X1000001",
        "expiry_date": "2031-02-03",
    }


def test_two_rows_of_headings_in_ods() -> None:
    """The same, in LibreOffice's own file."""
    both = 'table:number-columns-spanned="2"'
    down = 'table:number-rows-spanned="2"'
    covered = "<table:covered-table-cell/>"
    upper = [cell("Nama", both), covered, cell("Paspor", both), covered, cell("Kebangsaan", down)]
    lower = [*map(cell, ("Keluarga", "Depan", "Nomor", "Masa Berlaku")), covered]
    rows = [ods_row(*upper), ods_row(*lower), ods_row(*map(cell, ("DOE", "JANE", "X1000001", "2031-02-03", "GBR")))]
    opened = read(ods(ods_table(*rows)))
    assert set(match_columns(opened).fields.values()) == {
        *("surname", "given_names", "document_number", "expiry_date", "nationality"),
    }
    assert [row.number for row in read_table(opened)] == [3]


def test_two_rows_without_merged_cells() -> None:
    """They are not joined."""
    assert table(*TWO_ROWS, OF_TWO_ROWS).headings[1] == "Nama"


def test_a_name_below_an_agent_is_not_the_guests() -> None:
    """A heading alone means what it seems only below a group that is known."""
    rows = [["Nomor Paspor", "Kebangsaan", "Agen", None], [None, None, "Nama", "Telepon"]]
    opened = table(*rows, merged=["C1:D1", "A1:A2", "B1:B2"])
    assert opened.headings[2:] == ("Agen Nama", "Agen Telepon")
    assert set(match_columns(opened).fields.values()) == {"document_number", "nationality"}


def test_a_title_over_the_columns_is_no_group() -> None:
    """It says nothing about a column, and the headings below it stand alone."""
    assert table(TITLE, INDONESIAN, GUEST, merged=["A1:E1"]).headings == tuple(INDONESIAN)


def test_the_heading_row_is_named() -> None:
    """Of two rows that may have the headings, the named one has them; an empty one is refused."""
    rows = [["Group", "Code", "Owner"], ["Alpha", "Beta", "Gamma"], ["x", "y", "z"]]
    assert table(*rows, heading_row=2).headings == ("Alpha", "Beta", "Gamma")
    assert [row.number for row in table(*rows, heading_row=2).read_rows()] == [3]
    with pytest.raises(TableRefused) as refused:
        table(*rows, heading_row=9)
    assert refused.value.name == "no_heading_row"


def test_a_guest_above_the_headings() -> None:
    """The guest would be lost: the table is refused, unless the user names the row of the headings."""
    with pytest.raises(TableRefused) as refused:
        table(GUEST, INDONESIAN, GUEST)
    assert refused.value.name == "guest_above_headings"
    assert [row.number for row in table(GUEST, INDONESIAN, GUEST, heading_row=2).read_rows()] == [3]


def test_headings_that_are_not_known() -> None:
    """They are doubtful, unless a mapping has them."""
    assert is_known(INDONESIAN, ())
    assert not is_known(["Pavilion", "Surname"], ())
    assert is_known(["Pavilion", "Surname"], ["pavilion"])


@pytest.mark.parametrize(
    "row",
    [
        ["Total", None, None, None, None, "12"],
        ["Jumlah tamu: 12"],
        [None, "Jumlah", None, None, "12"],
        ["Catatan: kamar 5 belum dibersihkan"],
        [None, None, None, None, None, "8"],
        INDONESIAN,
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
        ["Surname", "Given names", "Passport number", "Nationality", "Date of birth", "Room"],
    ],
)
def test_rows_that_are_no_guests(row: Sequence[Any]) -> None:
    """Totals, notes, numbers of the columns and headings again are skipped, and counted."""
    found = read_table(table(INDONESIAN, row, GUEST))
    assert [each.skip for each in found] == ["no_guest", ""]


@pytest.mark.parametrize("column", [2, 3, 4])
def test_an_incomplete_guest_is_never_skipped(column: int) -> None:
    """A name and a document, a nationality or a date are a guest, whose row is refused."""
    row: list[Any] = [*GUEST[:2], None, None, None, None]
    row[column] = GUEST[column]
    assert [each.skip for each in read_table(table(INDONESIAN, row))] == [""]


def test_a_name_alone_is_warned_of() -> None:
    """It is skipped, and the row is named."""
    (row,) = read_table(table(INDONESIAN, ["DOE", "JANE"]))
    assert (row.skip, [warning.code for warning in row.warnings]) == ("no_guest", ["missing"])
    (total,) = read_table(table(INDONESIAN, ["Total"]))
    assert total.warnings == ()
