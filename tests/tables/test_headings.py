"""Headings mean what they say, or what a mapping says; and the workbook for guests, whose headings are known."""

import gettext
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from apoa_client.errors import Exit, SettingsProblem, UsageProblem
from apoa_client.locale import DOMAIN, FOLDER, LANGUAGES
from apoa_client.messages import msg
from apoa_client.report import parse_fields
from apoa_client.settings.column_mappings import TARGETS, ColumnMapping, label_of_target
from apoa_client.settings.config import Config
from apoa_client.tables import headings
from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.headings import find_mapping, parse_default, parse_heading, read_mapping
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import Table
from apoa_client.tables.template import GUESTS, LISTS, NOTES, TemplateColumn, template_book, template_columns
from apoa_client.texts import fold

TABLE = Path(headings.__file__).with_name("headings.tsv").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_labels_of_the_program_are_known_headings(language: str) -> None:
    """A table with the names that the program itself shows needs no mapping."""
    catalogue = gettext.translation(DOMAIN, FOLDER, [language], fallback=True)
    for target in TARGETS:
        assert parse_heading(label_of_target(target).render(catalogue.gettext)).target == target


def test_the_table_is_sound() -> None:
    """Each heading once, with a target that there is, and where it was found."""
    rows = [line.split("\t") for line in TABLE[1:]]
    assert all(len(row) == 3 and all(row) for row in rows)
    assert {target.removesuffix("?") for _heading, target, _source in rows} == set(TARGETS)
    folded = [fold(heading) for heading, _target, _source in rows]
    assert len(set(folded)) == len(folded)


ORDERS = {
    "dmy": (
        *("Tgl lahir (DD/MM/YYYY)", "Tanggal lahir (tanggal/bulan/tahun)", "Tgl lahir (tgl/bln/thn)"),
        *("Birth date (day/month/year)", "Data nascita (gg/mm/aaaa)"),
    ),
    "mdy": ("Birth date mm-dd-yyyy", "Birth date (month/day/year)"),
    "ymd": ("Check-in (yyyy-mm-dd)",),
    "": ("Tgl lahir", "Kamar"),
}


@pytest.mark.parametrize(("text", "order"), [(text, order) for order, texts in ORDERS.items() for text in texts])
def test_a_heading_may_state_the_order_of_its_dates(text: str, order: str) -> None:
    """Then the dates of the column are not in doubt."""
    assert parse_heading(text).date_order == order
    assert parse_heading(text).target


PLAUSIBLE: dict[str, list[str]] = {}
"""Headings of guest books, booking systems and official forms by their field; by none where it is another thing.

Most were written down before the program knew them, so that the list measures more than itself.
"""
for line in Path(__file__).with_name("plausible_headings.txt").read_text(encoding="utf-8").splitlines():
    field, _colon, written = line.partition(": ")
    PLAUSIBLE.setdefault(field, []).extend(written.split(" | "))


@pytest.mark.parametrize("target", PLAUSIBLE)
def test_a_heading_of_a_book_is_its_field(target: str) -> None:
    """A book with it needs no mapping, whatever its case, accents, signs, abbreviations, order and second language.

    What has two meanings, or is about something else than the guest, is no field: a wrong one is worse than none.
    """
    allowed = {target} if target else {"", "ignore"}
    assert [each for each in PLAUSIBLE[target] if parse_heading(each).target not in allowed] == []


TEXT = """\
# From our booking system.
date_order = "dmy"

[columns]
"Guest Name" = "full_name"
Arrival = "check_in"

[defaults]
birth_place = "-"
"""
MESSAGE = msg("Line 3 is not right.")
MAPPING = ColumnMapping({"Guest Name": "full_name", "Arrival": "check_in"}, "dmy", "", {"birth_place": "-"})


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a file, and return its path."""
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_a_mapping(tmp_path: Path, encoding: str) -> None:
    """Also as Windows' editors store it."""
    path = write(tmp_path / "pms.toml", TEXT, encoding)
    assert read_mapping(path) == MAPPING
    assert find_mapping(str(path), Config()) == MAPPING


@pytest.mark.parametrize(
    ("wrong", "line", "near"),
    [
        ('date_order = "dmy"\ncolums = 1', 2, "columns"),
        ('[columns]\nArrival = "chek_in"', 2, "check_in"),
        ('[columns]\n\nArrival = ["check_in"]', 3, ""),
        ("[columns\n", 1, ""),
        ("a = 1\na = 2\n", 2, ""),
    ],
)
def test_a_mistake_in_a_file_has_its_line(tmp_path: Path, wrong: str, line: int, near: str) -> None:
    """And the nearest name. The advice does not touch the settings of the program."""
    with pytest.raises(SettingsProblem) as caught:
        read_mapping(write(tmp_path / "pms.toml", wrong))
    assert caught.value.exit_code == Exit.SETTINGS
    assert caught.value.message.values["line"] == line
    assert caught.value.advice is not None
    advice = caught.value.advice.render(str)
    assert "apoa setup" not in advice
    assert not near or f"Did you mean {near}?" in advice


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(UsageProblem) as caught:
        find_mapping(str(tmp_path / "none.TOML"), Config())
    assert caught.value.message.values == {"path": str(tmp_path / "none.TOML")}


def test_a_name_is_looked_up_in_the_settings() -> None:
    """An unknown name gets the nearest one, or all."""
    config = Config(maps={"cloudbeds": MAPPING}, invalid_maps={"old": SettingsProblem(MESSAGE)})
    assert find_mapping("cloudbeds", config) is MAPPING
    with pytest.raises(SettingsProblem):
        find_mapping("old", config)
    for name, advice in {"cloudbed": "Did you mean cloudbeds?", "x": "The mappings are: cloudbeds."}.items():
        with pytest.raises(UsageProblem) as caught:
            find_mapping(name, config)
        assert caught.value.advice is not None
        assert caught.value.advice.render(str).startswith(advice)
    with pytest.raises(UsageProblem, match="There is no mapping"):
        find_mapping("cloudbeds", Config())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("birth_place=-", ("birth_place", "-")),
        ("birth_place = Kota = besar", ("birth_place", "Kota = besar")),
        ("nationality=Jepang", ("nationality", "Jepang")),
        ("check_in_time=14.00", ("check_in_time", "14.00")),
    ],
)
def test_a_default_names_a_field(text: str, expected: tuple[str, str]) -> None:
    """By its name; what is behind the first sign is the value."""
    assert parse_default(text) == expected


@pytest.mark.parametrize("text", ["birth_place", "birth_place=", "=x", "birth_plce=x", "mrz=SECRET", "note=SECRET\n2"])
def test_a_wrong_default_is_not_used(text: str) -> None:
    """The message does not repeat the value."""
    with pytest.raises(UsageProblem) as caught:
        parse_default(text)
    assert "SECRET" not in caught.value.message.render(str)


# The empty workbook for guests.

PARSERS: tuple[Callable[[str], object], ...] = (
    parse_fields.sex,
    parse_fields.state,
    parse_fields.purpose,
    parse_fields.stay_permit,
)
"""The parsers of the lists' columns, in their order."""


@pytest.fixture(params=LANGUAGES)
def book(request: pytest.FixtureRequest) -> bytes:
    return template_book(request.param)


def filled(book: bytes) -> bytes:
    """Return the workbook with the examples of its notes on the sheet of the guests."""
    workbook = openpyxl.load_workbook(BytesIO(book))
    examples = {str(row[0]): row[3:5] for row in workbook[NOTES].iter_rows(values_only=True) if row[0]}
    for column, heading in enumerate(next(workbook[GUESTS].iter_rows(values_only=True)), 1):
        for number, example in enumerate(examples[str(heading)], 2):
            workbook[GUESTS].cell(number, column, example)
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()


@pytest.mark.parametrize("column", template_columns(), ids=lambda each: each.field)
def test_each_heading_is_known(column: TemplateColumn) -> None:
    """The heading in both languages, and in each of them, is that of the field; a date's says its order."""
    for heading in (column.heading, *column.headings.values()):
        assert parse_heading(heading).target == column.field
    assert parse_heading(column.heading).date_order == ("dmy" if column.kind == "date" else "")


def test_the_examples_are_read_without_a_question(book: bytes) -> None:
    """The examples, typed into the sheet of the guests, are two guests; nothing about their columns is in doubt."""
    table = open_source(filled(book))
    assert isinstance(table, Table)
    assert [sheet.name for sheet in table.facts.sheets if sheet.read] == [GUESTS]
    assert (table.facts.left, table.heading_row) == ((), 1)
    columns = match_columns(table)
    assert (columns.doubts, columns.missing) == ((), ())
    first, second = guest_rows(table, columns).read_rows()
    assert (first.findings, second.findings) == ((), ())
    assert first.texts["birth_date"] == "1985-09-12"
    assert second.texts["birth_date"] == "1991-04-03"
    assert [parse_fields.state(row.texts["nationality"]) for row in (first, second)] == ["GBR", "JPN"]


def test_the_words_of_the_lists_are_read(book: bytes) -> None:
    """Each word of a drop-down list is understood as a value of its column."""
    sheet = openpyxl.load_workbook(BytesIO(book))[LISTS]
    for parse, column in zip(PARSERS, sheet.iter_cols(values_only=True), strict=True):
        words = [word for word in column if word]
        assert len(words) >= 3
        for word in words:
            parse(str(word))


def test_every_cell_for_a_guest_is_a_text(book: bytes) -> None:
    """No spreadsheet program changes what is typed: a number, a date or ``12E45678`` stays as it is."""
    columns = openpyxl.load_workbook(BytesIO(book))[GUESTS].column_dimensions.values()
    assert {column.number_format for column in columns} == {"@"}
    assert max(column.max or 0 for column in columns) == len(template_columns())


def test_the_lists_are_offered(book: bytes) -> None:
    """Each column with a list offers it in every row for a guest; other words may be typed, too."""
    sheet = openpyxl.load_workbook(BytesIO(book))[GUESTS]
    found = [each for each in sheet.data_validations.dataValidation if each.type == "list"]
    columns = [each for each in template_columns() if each.kind not in {"text", "date"}]
    assert len(found) == len(columns) == 5
    assert {each.errorStyle for each in found} == {"information"}


def test_the_notes_are_in_both_languages(book: bytes) -> None:
    """Each column has a note in Indonesian and in English, whatever the reader's language is."""
    texts = {value for row in openpyxl.load_workbook(BytesIO(book))[NOTES].values for value in row}
    assert {column.notes[tag] for column in template_columns() for tag in LANGUAGES} <= texts
