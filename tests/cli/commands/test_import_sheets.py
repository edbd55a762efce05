"""`apoa import` of workbooks and whole guest books: no sheet and no row is left out without a word."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from basics import NOW
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, Guest
from guest_books import Book, import_book, read_books, row_of
from screens import Screens
from table_helpers import HEADINGS, Sheet, cells, xlsx


def row(guest: Guest, **changes: str) -> list[str]:
    return cells(guest, **{"Check-in": "2026-11-24", **changes})


WRONG = {"Date of birth": "31/02/1985"}


MONTHS: list[Sheet] = [("Anna", [HEADINGS, row(OBADIAH)]), ("Budi", [HEADINGS, row(XIMENA), row(QUENTIN, **WRONG)])]
"""Two sheets, which a house has named after its staff: the second row of the second one has no date of birth."""


LEFT: Sheet = ("Citra", [["Pavilion", *HEADINGS[:-1]], ["7", *row(XIMENA)[:-1]]])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "guests.xlsx"


def write(file: Path, *sheets: Sheet) -> str:
    file.write_bytes(xlsx(*sheets))
    return str(file)


class TestSeveralSheets:
    """Sheets with the same headings are read together."""

    def test_json_names_each_sheet(self, away: Apoa, file: Path) -> None:
        """With its rows, read or not, and the sheet of each problem. The log counts them: a name may be a guest's."""
        result = away("import", write(file, *MONTHS, ("Kas", [["a", "b"], ["c", "d"]])), "--no-send", "--json")
        value = result.json
        assert (result.code, value["rows"], value["saved"], value["refused"]) == (65, 3, 2, 1), result.all
        assert value["sheets"] == [
            {"name": "Anna", "rows": 1, "read": True},
            {"name": "Budi", "rows": 2, "read": True},
            {"name": "Kas", "rows": 1, "read": False},
        ]
        assert [(each["sheet"], each["row"], each["cell"]) for each in value["problems"]] == [("Budi", 3, "E3")]
        assert "sheets 2 of 3" in away("log").out
        [detail] = [each["detail"] for each in away("log", "--json").json["entries"] if each["action"] == "imported"]
        assert detail == "xlsx 3 2 2 3"

    def test_rows_of_two_sheets(self, away: Apoa, file: Path) -> None:
        """What contradicts another row names its sheet."""
        other = ("Budi", [HEADINGS, row(OBADIAH, Room="8")])
        problems = away("import", write(file, MONTHS[0], other), "--no-send", "--json").json["problems"]
        assert [each["message"] for each in problems] == [
            "Row 2 of sheet Budi is the same stay with other values. Keep the row that is right.",
            "Row 2 of sheet Anna is the same stay with other values. Keep the row that is right.",
        ]

    @pytest.mark.parametrize("ending", ["xlsx", "csv"])
    def test_a_corrected_copy(self, away: Apoa, file: Path, ending: str) -> None:
        """The copy has the refused row alone, marked, and says where it was; corrected, it is imported."""
        away.save(XIMENA, "--check-in", "2026-11-24")  # whose row is skipped: reported already
        copy = file.with_name(f"copy.{ending}")
        path = write(file, *MONTHS)
        assert away("import", path, "--no-send", "--write-errors", str(copy)).code == 65
        if ending == "xlsx":
            book = openpyxl.load_workbook(copy)
            assert book.worksheets[0].max_row == 2
            assert str(book.worksheets[0].cell(2, len(HEADINGS) + 1).value).startswith("Budi!3: ")
            assert book.worksheets[0]["E2"].fill.fill_type == "solid"
            book.worksheets[0]["E2"] = str(QUENTIN.birth_date)
            book.save(copy)
        else:
            text = copy.read_text("utf-8-sig")
            assert "Budi!3: " in text
            copy.write_text(text.replace("31/02/1985", str(QUENTIN.birth_date)), encoding="utf-8")
        corrected = away("import", str(copy), "--no-send", "--json")
        assert (corrected.code, corrected.json["saved"]) == (0, 1), corrected.all
        assert len(away.reports()) == 3

    def test_a_copy_of_guests_who_did_not_come(self, away: Apoa, file: Path) -> None:
        """The name of their sheet is not in the copy: imported as it is, it reports none of them either."""
        path = write(file, ("Tamu", [HEADINGS, row(OBADIAH)]), ("Batal", [HEADINGS, row(XIMENA)]))
        copy = file.with_name("copy.xlsx")
        said = away("import", path, "--no-send", "--json", "--write-errors", str(copy)).json
        again = away("import", str(copy), "--no-send", "--json")
        assert (said["saved"], said["refused"]) == (1, 1)
        assert (again.code, again.json["saved"], again.json["refused"]) == (65, 0, 1), again.all

    def test_chosen_sheets(self, away: Apoa, file: Path) -> None:
        """--sheet picks one, or several: the others are left out by the user."""
        path = write(file, *MONTHS, LEFT)
        assert away("import", path, "--sheet", "citra", "--check", "--json", "--default", "room=1").json["rows"] == 1
        value = away("import", path, "--sheet", "Anna", "--sheet", "Budi", "--check", "--json").json
        assert (value["rows"], [sheet["rows"] for sheet in value["sheets"]]) == (3, [1, 2, None])
        assert away("import", path, "--sheet", "Nobody").code == 65


class TestLeftSheets:
    """Guests whose headings differ are not left out without a word."""

    def test_unattended_it_is_refused(self, away: Apoa, file: Path) -> None:
        """Nothing is saved, and the sheets are named, whatever is confirmed beforehand."""
        path = write(file, *MONTHS, LEFT)
        for option in ("--yes", "--json", "--check"):
            result = away("import", path, "--no-send", option)
            assert (result.code, "Citra" in result.all, "--sheet" in result.all) == (65, True, True)
        assert away.reports() == []

    def test_of_a_folder_it_is_refused(self, away: Apoa, file: Path) -> None:
        """The file goes to `refused`, and the JSON document says why; the counts of another file name its sheets."""
        folder = file.parent / "drop"
        folder.mkdir()
        for name, sheets in (("a", [*MONTHS, LEFT]), ("b", MONTHS)):
            write(folder / f"{name}.xlsx", *sheets)
            at = NOW.timestamp() - 3600
            os.utime(folder / f"{name}.xlsx", (at, at))
        refused, partly = sorted(
            away("import", "--from", str(folder), "--no-send", "--json").json["files"], key=lambda each: each["file"]
        )
        assert (refused["where"], refused["error"]["class"]) == ("refused", "sheets_left")
        assert [sheet["name"] for sheet in partly["sheets"]] == ["Anna", "Budi"]
        reason = next((folder / "refused").glob("b*.reason.txt")).read_text("utf-8-sig")
        assert "Sheet 2, Row 3, cell E3" in reason
        assert "Budi" not in reason

    def test_at_a_terminal_it_is_asked(self, away: Apoa, file: Path) -> None:
        """The user may import the other sheets."""
        away("import", write(file, *MONTHS, LEFT), "--no-send", keys=["y", "", "y", "n"])
        assert len(away.reports()) == 2


def test_a_guest_whom_the_desk_has_reported_is_skipped(away: Apoa, file: Path) -> None:
    """Nothing is to be corrected, in text, in JSON, and by the exit code; the warning names the report."""
    report = away.save(QUENTIN, "--check-in", "2026-11-24")
    path, copy = write(file, ("A", [HEADINGS, row(QUENTIN, Room="9"), row(OBADIAH)])), file.with_name("copy.xlsx")
    result = away("import", path, "--check", "--json")
    value = result.json
    assert (result.code, value["already_reported"], value["skipped"], value["refused"]) == (0, 1, 1, 0), result.all
    assert value["skipped_for"] == {"already_reported": 1}
    assert report["short_id"] in value["warnings"][0]["message"]
    shown = away("import", path, "--no-send", "--write-errors", str(copy))
    assert (shown.code, copy.exists()) == (0, False)
    assert "1  skipped: reported already" in shown.out


class TestRows:
    """Rows that are no guests are counted, and the row of the headings can be named."""

    def test_totals_are_counted(self, away: Apoa, file: Path) -> None:
        """In text and in JSON; the exit code is 0."""
        rows: list[Sequence[Any]] = [HEADINGS, row(OBADIAH), ["Total", None, "1"], ["Catatan: kamar 5 kosong"]]
        path = write(file, ("A", rows))
        value = away("import", path, "--check", "--json").json
        assert (value["rows"], value["saved"], value["skipped_for"]) == (3, 1, {"no_guest": 2})
        shown = away("import", path, "--no-send")
        assert (shown.code, "2  skipped: no guest: a total, a note or headings" in shown.out) == (0, True), shown.all

    def test_the_heading_row(self, away: Apoa, file: Path) -> None:
        """The option, also by its Indonesian name, and the question at a terminal name it."""
        named = [heading.replace("Surname", "Alpha").replace("Nationality", "Beta") for heading in HEADINGS]
        path = write(file, ("A", [HEADINGS, named, row(OBADIAH)]))
        for option in ("--heading-row", "--baris-judul"):
            error = away("import", path, "--check", "--json", option, "2").json["error"]
            assert "Nationality" in error["message"]
        assert away("import", path, "--heading-row", "0").code == 2

    def test_it_is_asked(self, away: Apoa, file: Path) -> None:
        """Where no heading is known, the first rows are shown; the answer is used."""
        foreign = [["Wisma"], [f"Kolom {letter}" for letter in "ABCDEFGHIJK"], row(OBADIAH)]
        shown = away("import", write(file, ("A", foreign)), "--check", keys=["9", "2", "<"])
        assert "   2  Kolom A, Kolom B" in shown.err
        assert "Type the number of one of these rows." in shown.err
        assert "Which column has this" in shown.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(away: Apoa, file: Path, screens: Screens, lang: str) -> None:
    """What a user reads of several sheets."""
    away.save(XIMENA, "--check-in", "2026-11-24", "--nights", "1")
    path = write(file, *MONTHS, ("Kas", [["a", "b"], ["c", "d"]]))
    screens(away, "import", path, "--check", lang=lang)
    screens(away, "import", path, "--check", keys=[""], lang=lang)
    write(file, *MONTHS, LEFT)
    screens(away, "import", path, lang=lang)
    screens(away, "import", path, keys=[""], lang=lang)
    screens(away, "import", write(file, ("A", [["Wisma"], row(OBADIAH)])), keys=[""], lang=lang)


BOOKS = [
    pytest.param(
        book,
        id=book.name,
        marks=[pytest.mark.xfail(strict=True, reason=f"needs {book.facts['needs']}")] if "needs" in book.facts else [],
    )
    for book in read_books(Path(__file__).parents[1] / "books")
]


@pytest.mark.parametrize("book", BOOKS)
def test_a_book_gives_what_it_says(away: Apoa, tmp_path: Path, book: Book) -> None:
    """Each guest is saved as in the book, each doubtful row or file is refused, and nothing is saved otherwise."""
    outcome = import_book(away, book, tmp_path)
    assert outcome.saved == tuple(sorted(book.saved))
    assert sorted({row_of(each) for each in outcome.refused}) == sorted({row_of(each) for each in book.refused})
    if not book.error:
        assert outcome.error == ""
    for word in book.error.split():
        assert word in outcome.error
