"""Which row has the headings, what two rows of headings say together, and which rows below are no guests."""

from collections.abc import Sequence
from typing import Any

import pytest
from workbook_helpers import cell, ods, ods_row, ods_table, read, xlsx

from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import GuestRow, Table, TableRefused
from apoa_client.tables.sheets import SheetChoice, is_known

TITLE = ["BUKU TAMU WISMA MELATI"]
HEADINGS = ["Nama Keluarga", "Nama Depan", "Nomor Paspor", "Kebangsaan", "Tanggal Lahir", "Kamar"]
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


def guests(opened: Table) -> list[GuestRow]:
    return list(guest_rows(opened, match_columns(opened)).read_rows())


@pytest.mark.parametrize("above", [0, 1, 5])
def test_letterheads_are_passed_over(above: int) -> None:
    """However many lines there are above the headings of a few guests."""
    opened = table(*[TITLE] * above, HEADINGS, GUEST)
    assert (opened.heading_row, opened.headings) == (above + 1, tuple(HEADINGS))


@pytest.mark.parametrize("above", [0, 2])
def test_two_rows_of_headings(above: int) -> None:
    """Merged cells say that the upper row has groups: both together are the headings, and no guest is made of one."""
    opened = table(*[TITLE] * above, *TWO_ROWS, OF_TWO_ROWS, merged=groups(above + 1))
    (row,) = guests(opened)
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
    assert [row.number for row in guests(opened)] == [3]


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
    assert table(TITLE, HEADINGS, GUEST, merged=["A1:E1"]).headings == tuple(HEADINGS)


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
        table(GUEST, HEADINGS, GUEST)
    assert refused.value.name == "guest_above_headings"
    assert [row.number for row in table(GUEST, HEADINGS, GUEST, heading_row=2).read_rows()] == [3]


def test_headings_that_are_not_known() -> None:
    """They are doubtful, unless a mapping has them."""
    assert is_known(HEADINGS, ())
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
        HEADINGS,
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
        ["Surname", "Given names", "Passport number", "Nationality", "Date of birth", "Room"],
    ],
)
def test_rows_that_are_no_guests(row: Sequence[Any]) -> None:
    """Totals, notes, numbers of the columns and headings again are skipped, and counted."""
    found = guests(table(HEADINGS, row, GUEST))
    assert [each.skip for each in found] == ["no_guest", ""]


@pytest.mark.parametrize("column", [2, 3, 4])
def test_an_incomplete_guest_is_never_skipped(column: int) -> None:
    """A name and a document, a nationality or a date are a guest, whose row is refused."""
    row: list[Any] = [*GUEST[:2], None, None, None, None]
    row[column] = GUEST[column]
    assert [each.skip for each in guests(table(HEADINGS, row))] == [""]


def test_a_name_alone_is_warned_of() -> None:
    """It is skipped, and the row is named."""
    (row,) = guests(table(HEADINGS, ["DOE", "JANE"]))
    assert (row.skip, [warning.code for warning in row.warnings]) == ("no_guest", ["missing"])
    (total,) = guests(table(HEADINGS, ["Total"]))
    assert total.warnings == ()
