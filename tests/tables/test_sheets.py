"""Which sheets of a workbook are read: those with the same headings together; guests elsewhere are named."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from workbook_helpers import cell, ods, ods_row, ods_table, read, xlsx

from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.rows import GuestRow, SheetFacts, Table, TableRefused

HEADINGS = ["Surname", "Given names", "Passport number", "Nationality", "Date of birth", "Room"]
PAYMENTS = ("Payments", [["Invoice", "Amount"], ["INV-1", "700000"], ["INV-2", "350000"]])
Rows = Sequence[Sequence[Any]]


def guest(number: int, **changes: Any) -> list[Any]:
    values = {"surname": "DOE", "given": "JANE", "passport": f"X100000{number}", "state": "GBR", "born": "1985-09-12"}
    return [*{**values, "room": str(number), **changes}.values()]


def month(name: str, *numbers: int, headings: Sequence[str] = HEADINGS) -> tuple[str, Rows]:
    return name, [headings, *map(guest, numbers)]


def book(kind: str, *sheets: tuple[str, Rows], hidden: Sequence[str] = ()) -> bytes:
    if kind == "xlsx":

        def hide(book: Any) -> None:
            for name in hidden:
                book[name].sheet_state = "hidden"

        return xlsx(*sheets, change=hide)
    return ods(
        "".join(
            ods_table(*(ods_row(*map(cell, row)) for row in rows), name=name, style="h" if name in hidden else "")
            for name, rows in sheets
        )
    )


def places(table: Table) -> list[tuple[str, int]]:
    return [(row.sheet, row.number) for row in table.read_rows()]


@pytest.fixture(params=["xlsx", "ods"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_sheet_for_each_month(kind: str) -> None:
    """Sheets with the same headings are one table, each row with its sheet; an empty month is no obstacle."""
    table = read(book(kind, month("Jan", 1, 2), PAYMENTS, month("Feb"), month("Mar", 3)))
    assert places(table) == [("Jan", 2), ("Jan", 3), ("Mar", 2)]
    assert table.facts.left == ()
    read_or_not = [(sheet.name, sheet.read) for sheet in table.facts.sheets]
    assert read_or_not == [("Jan", True), ("Payments", False), ("Feb", True), ("Mar", True)]
    assert table.facts.sheets[1] == SheetFacts("Payments", 2, read=False)


def test_notes_in_one_month(kind: str) -> None:
    """A column of notes more is no other table; one with a known heading is, for it is not in the other months."""
    notes = month("Feb", 2, headings=[*HEADINGS, "", "Warna"])
    assert places(read(book(kind, month("Jan", 1), notes))) == [("Jan", 2), ("Feb", 2)]
    permit = month("Feb", 2, headings=[*HEADINGS, "Check-in"])
    assert read(book(kind, month("Jan", 1), permit)).facts.left == ("Feb",)


@pytest.mark.parametrize(("heading", "left"), [("Notes", ()), ("Phone", ("Feb",)), ("Room no.", ("Feb",))])
def test_a_column_that_one_month_lacks(kind: str, heading: str, left: tuple[str, ...]) -> None:
    """What it has there without a heading, such as an amount, must not become a phone number or a room."""
    one = ("Jan", [HEADINGS, [*guest(1), "250000"]])
    assert read(book(kind, one, month("Feb", 2, headings=[*HEADINGS, heading]))).facts.left == left


def test_guests_behind_a_first_sheet_of_another_kind(kind: str) -> None:
    """The guests are read, though another sheet comes first."""
    assert places(read(book(kind, PAYMENTS, month("Jan", 1)))) == [("Jan", 2)]


def test_a_hidden_sheet_counts(kind: str) -> None:
    """A month that is hidden is read, too; hidden guests with other headings are named."""
    assert len(places(read(book(kind, month("Jan", 1), month("Dec", 2), hidden=["Dec"])))) == 2
    other = month("Dec", 2, headings=[*HEADINGS[:-1], "Pavilion"])
    assert read(book(kind, month("Jan", 1), other, hidden=["Dec"])).facts.left == ("Dec",)


def test_guests_with_other_headings_are_left(kind: str) -> None:
    """Known headings, half of the same headings, and guests without headings are guests; an empty sheet has none."""
    without = ("Apr", [guest(4), guest(5)])
    other = month("Feb", 2, headings=["Last name", "First name", "Passport", "Citizenship", "DOB", "Rm"])
    table = read(book(kind, month("Jan", 1), other, without, month("May", headings=["Surname", "Passport", "x"])))
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
def test_guests_without_headings(kind: str, changes: dict[str, str]) -> None:
    """They are known by the number of a document, a date and a country, as people write them."""
    table = read(book(kind, month("Jan", 1), ("Feb", [guest(2, **changes), guest(3, **changes)])))
    assert table.facts.left == ("Feb",)


def test_guests_beside_the_headings(kind: str) -> None:
    """A second table on the right would not be read: the file is refused. Notes there are no guests."""
    noted = [HEADINGS, [*guest(1), None, "12-09-1985", "GBR"]]
    assert places(read(book(kind, ("Jan", noted)))) == [("Jan", 2)]
    with pytest.raises(TableRefused) as refused:
        places(read(book(kind, ("Jan", [HEADINGS, [*guest(1), None, *guest(2)]]))))
    assert refused.value.name == "guest_beside_headings"


def test_other_headings_further_down(kind: str) -> None:
    """The guests below them would be read in the wrong columns; the same headings in other words are no guest."""
    again = ["Surname:", "GIVEN NAMES", "Passport No", "Citizenship", "Date of birth", "Lantai"]
    table = read(book(kind, ("Jan", [HEADINGS, guest(1), again, guest(2)])))
    assert [row.values[:1] for row in table.read_rows()] == [("DOE",), (), ("DOE",)]
    other = [HEADINGS[1], HEADINGS[0], *HEADINGS[2:]]
    with pytest.raises(TableRefused) as refused:
        places(read(book(kind, ("Jan", [HEADINGS, guest(1), other, guest(2)]))))
    assert refused.value.name == "different_headings"


def test_headings_of_another_kind_further_down(kind: str) -> None:
    """A summary below the guests is read as rows, which are no guests."""
    summary = [["Room", "Check-in", "Note"], ["5", "2", "x"]]
    assert len(places(read(book(kind, ("Jan", [HEADINGS, guest(1), *summary]))))) == 3


def test_chosen_sheets(kind: str) -> None:
    """The named sheets are read, in the order of the workbook, and no other one is left; headings must be the same."""
    content = book(kind, month("Jan", 1), month("Feb", 2), month("Mar", 3), PAYMENTS)
    table = read(content, "mar", "Jan")
    assert (places(table), table.facts.left) == ([("Jan", 2), ("Mar", 2)], ())
    with pytest.raises(TableRefused) as refused:
        read(content, "Jan", "Payments")
    assert refused.value.name == "different_headings"


def test_the_order_of_dates_of_another_month(kind: str) -> None:
    """A date in one sheet proves the order for all."""
    sheets = [(name, [HEADINGS, guest(place, born=born)]) for place, (name, born) in enumerate(BIRTHS)]
    assert [row.texts["birth_date"] for row in guests(read(book(kind, *sheets)))] == ["1985-06-05", "1985-06-24"]


BIRTHS = (("Jan", "05/06/1985"), ("Feb", "24/06/1985"))


def guests(table: Table) -> list[GuestRow]:
    return list(guest_rows(table, match_columns(table)).read_rows())


GROUP = ["Room", "Check-in", "Surname", "Given names", "Passport number", "Nationality", "Date of birth"]
ARRIVED = datetime.fromisoformat("2026-11-24T14:00")


def merged(rows: Rows, *ranges: str) -> Table:
    def change(book: Any) -> None:
        for each in ranges:
            book.worksheets[0].merge_cells(each)

    return read(xlsx(("S", rows), change=change))


def person(number: int, *before: Any) -> list[Any]:
    return [*(before or (None, None)), *guest(number)[:5]]


def test_a_room_merged_over_its_guests() -> None:
    """What is merged downwards is each guest's, and only there: an empty cell stays empty."""
    rows = [GROUP, person(1, "5", ARRIVED), person(2), person(3), person(4)]
    found = guests(merged(rows, "A2:A4", "B2:B3"))
    assert [row.texts.get("room") for row in found] == ["5", "5", "5", None]
    assert [row.values.get("check_in") for row in found] == [ARRIVED, ARRIVED, None, None]
    assert [row.cells["stay.room"] for row in found] == ["A2", "A3", "A4", "A5"]


def test_a_room_merged_in_ods() -> None:
    """The same, in LibreOffice's own file."""
    covered, empty = "<table:covered-table-cell/>", "<table:table-cell/>"
    room = cell("5", 'table:number-rows-spanned="2"')
    rows = [ods_row(*map(cell, GROUP)), ods_row(room, cell("2026-11-24"), *map(cell, guest(1)[:5]))]
    rows += [ods_row(before, empty, *map(cell, guest(2)[:5])) for before in (covered, empty)]
    assert [row.texts.get("room") for row in guests(read(ods(ods_table(*rows))))] == ["5", "5", None]


def test_what_only_one_guest_has_is_not_filled() -> None:
    """A name or a number that is merged over two guests says nothing about the second one: the row is refused."""
    rows = [GROUP, person(1, "5", ARRIVED), [None, None, "DOE", None, None, "GBR", "1990-01-02"]]
    _first, second = guests(merged(rows, "E2:E3", "D2:D3"))
    assert {finding.field for finding in second.findings} == {"guest.document.number", "guest.given_names"}
    assert {"given_names", "document_number"}.isdisjoint(second.texts)


def test_an_empty_row_of_a_group_is_no_guest() -> None:
    """A row that has only what is merged over it is counted as no guest; one with a name is refused as incomplete."""
    rows = [["No.", *GROUP], [1, *person(1, "5", ARRIVED)], [2, None], [3, None, None, "DOE"]]
    found = guests(merged(rows, "B2:B4", "C2:C4"))
    assert [row.skip for row in found] == ["", "no_guest", ""]
