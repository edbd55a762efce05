"""What kind of file it is, files that are none, and text files: CSV and JSON."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from basics import needs_tool
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import SPECIMENS
from table_helpers import cell, ods, ods_row, ods_table, refusal, xlsx

from apoa_client.tables import reading
from apoa_client.tables.cells import DITTO_MARKS
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import CellValue, GuestRow, Records, Table, TableRefused

ODS = ods(ods_table(ods_row(cell("a"), cell("b")), ods_row(cell("x"), cell("y"))))
XLSX = xlsx(("A", [["a", "b"], ["x", "y"]]))
CONTENTS = {
    "csv": b"a;b\nx;y\n",
    "xlsx": XLSX,
    "ods": ODS,
    "json": b'[{"guest": {}, "stay": {}}]',
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_by_content(kind: str, tmp_path: Path) -> None:
    """The content says what a file is, whatever its name says; bytes and files are read the same."""
    path = tmp_path / "guests.dat"
    path.write_bytes(CONTENTS[kind])
    for source in (path, CONTENTS[kind]):
        opened = open_source(source)
        assert opened.facts.format == kind
        assert len(list(opened.read_rows())) == 1


def test_json_in_one_line() -> None:
    """A program may write all reports in one line, which is longer than any line of a table."""
    text = json.dumps([{"guest": {}, "stay": {}}] * 50_000)
    assert len(text) > 1_000_000
    assert open_source(text.encode()).facts.format == "json"


def test_a_table_with_a_column_of_mrz() -> None:
    """A CSV file with a column of MRZ is a table, and no log."""
    first, second = SPECIMENS["TD3"]
    for text in (f'Room;MRZ;Note\n1;"{first}";x\n', f"Room,MRZ1,MRZ2\n1,{first},{second}\n", f"MRZ\n{first}{second}\n"):
        assert open_source(text.encode()).facts.format == "csv"


@pytest.mark.parametrize("kind", SPECIMENS)
@pytest.mark.parametrize("before", ["", "2026-11-24 14:05:00\n", "2026-11-24 14:05:00 "])
def test_the_log_of_a_passport_reader(kind: str, before: str, tmp_path: Path) -> None:
    """It is not read, and the error names what reads the lines."""
    path = tmp_path / "guests.txt"
    path.write_text(before + "\n".join(SPECIMENS[kind]) + "\n")
    assert refusal(path) == "mrz_log"


def test_no_file(tmp_path: Path) -> None:
    """A missing file, an empty one and a folder are refused."""
    assert refusal(tmp_path / "missing.csv") == "table_unreadable"
    assert refusal(tmp_path) == "not_a_file"
    (tmp_path / "empty.csv").write_bytes(b" \r\n")
    assert refusal(tmp_path / "empty.csv") == "table_empty"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes in folders are POSIX")
def test_a_pipe(tmp_path: Path) -> None:
    """A pipe is refused at once, and not waited for."""
    os.mkfifo(tmp_path / "pipe.csv")
    assert refusal(tmp_path / "pipe.csv") == "not_a_file"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file whose reading fails")
def test_a_file_whose_reading_fails() -> None:
    """It is named as unreadable, as one that cannot be opened: its disk was unplugged, or is damaged."""
    assert refusal(Path("/proc/self/mem")) == "table_unreadable"


def test_a_file_that_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program writes while it is read is refused; later it is not read again."""
    path = tmp_path / "guests.csv"
    path.write_bytes(CONTENTS["csv"])
    table = open_source(path)
    path.write_bytes(CONTENTS["csv"] * 2)
    assert len(list(table.read_rows())) == 1
    monkeypatch.setattr(Path, "stat", lambda _: os.stat(tmp_path / "smaller.csv"))  # noqa: PTH116  not patched
    (tmp_path / "smaller.csv").write_bytes(CONTENTS["csv"])
    assert refusal(path) == "table_changed"


# CSV.

HEADINGS = ("Surname", "Given names", "Passport")
TEXTS = st.text(st.sampled_from("aZ0,;\t|\"'\n ü€") | st.characters(exclude_categories=["C"]), min_size=1).filter(
    lambda text: (
        bool(text.strip()) and not text.lstrip().startswith(("'", "=")) and "'" not in text and text not in DITTO_MARKS
    )
)


def read_csv(content: bytes) -> Table:
    table = open_source(content, "csv")
    assert isinstance(table, Table)
    return table


def rows(content: bytes) -> list[tuple[CellValue, ...]]:
    return [row.values for row in read_csv(content).read_rows()]


@given(
    st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
)
def test_every_dialect(
    guests: Sequence[tuple[str, ...]], delimiter: str, end: str, quoting: Literal[0, 1], encoding: str
) -> None:
    """What the csv module writes is read the same, whatever its delimiter, line ends, quotes and encoding."""
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([HEADINGS, *guests])
    table = read_csv(file.getvalue().encode(encoding))
    assert table.headings == HEADINGS
    assert (table.facts.delimiter, table.facts.encoding) == (delimiter, "UTF-16" if "16" in encoding else "UTF-8")
    assert [row.values for row in table.read_rows()] == guests


def test_a_file_of_windows() -> None:
    """The encoding of older programs is found out and shown, and names keep their letters."""
    table = read_csv("Surname;Town\r\nMÜLLER;Orléans\r\n".encode("cp1252"))
    assert table.facts.encoding == "Windows-1252"
    assert [row.values for row in table.read_rows()] == [("MÜLLER", "Orléans")]


def test_sep_line() -> None:
    """Excel's first line names the delimiter, is no heading, and is no row of the sheet."""
    table = read_csv(b"sep=#\r\na#b\r\n1#2\r\n")
    assert (table.facts.delimiter, table.headings, table.heading_row) == ("#", ("a", "b"), 1)
    assert [(row.number, row.values) for row in table.read_rows()] == [(2, ("1", "2"))]


READ = {
    'sep="\na;b\n1;2\n3;4\n': ("3", "4"),  # a first line that names no possible delimiter is a line as others are
    "sep=\na;b\n1;2\n3;4\n": ("3", "4"),
    "sep=ab\na;b\n1;2\n3;4\n": ("3", "4"),
    "Room;Price;Tax\n1;10,5;1,5\n2;11,5;2,5\n": ("2", "11,5", "2,5"),  # commas in numbers
    'Name;Address\nA;"Street, 1\nTown, 2\nLand, 3"\n': ("A", "Street, 1\nTown, 2\nLand, 3"),  # and in an address
    'a;b\n="0012";2\n': ("0012", "2"),  # a formula that keeps the zeros
    f"a{',' * 5000}\n1{',' * 5000}": ("1",),  # empty cells in far columns are no columns
}


@pytest.mark.parametrize("text", READ, ids=[text[:9] for text in READ])
def test_the_last_row_of_a_text(text: str) -> None:
    """Commas within cells are no delimiter, and a cell that was written as a formula to keep its zeros is a text."""
    values = rows(text.encode())[-1]
    assert values[: len(READ[text])] == READ[text]
    assert len(text) > 5000 or len(values) == len(READ[text])


def test_quotes_and_line_breaks() -> None:
    """A quoted cell may have delimiters, quotes and line breaks; row numbers are those of the spreadsheet."""
    table = read_csv(b'Name,Note\n"A, B","say ""hi""\nbye"\nC,D\n')
    assert [(row.number, row.values) for row in table.read_rows()] == [
        (2, ("A, B", 'say "hi"\nbye')),
        (3, ("C", "D")),
    ]


def test_title_lines() -> None:
    """Lines above the headings, such as the hotel's name and the period, are not read as a guest."""
    table = read_csv(b"Hotel Melati\nArrivals 1-30 November\n\nSurname;Given names;Passport\nDOE;JANE;X1\nROE;JIM;X2\n")
    assert (table.headings, table.heading_row) == (HEADINGS, 4)
    assert [row.number for row in table.read_rows()] == [5, 6]


def test_one_column() -> None:
    """A file with one column has no delimiter."""
    table = read_csv(b"Passport\nX1\nX2\n")
    assert table.facts.delimiter == ""
    assert [row.values for row in table.read_rows()] == [("X1",), ("X2",)]


REFUSED = {
    "table_empty": (b"\xef\xbb\xbf", b"\xff\xfe", b";;;\n;;\n"),
    "unknown_encoding": (b"\0" * 99, b"a;b\n\x81;\x8d", b"a\0b", b"\xff\xfea"),
    "unclosed_quote": (b'a;b\n1;2\n"SECRET;3\n',),
    "table_damaged": (b"a" * 1_000_001,),
    "too_many_columns": (b"a," * 1024 + b"SECRET\n" + b"1," * 1024 + b"1\n",),
}


@pytest.mark.parametrize("name", REFUSED)
def test_csv_files_that_are_refused(name: str) -> None:
    """A mark or delimiters alone, bytes that are no text, an open quotation mark, a line without end, a far column."""
    for content in REFUSED[name]:
        with pytest.raises(TableRefused) as raised:
            rows(content)
        assert raised.value.name == name
        assert "SECRET" not in f"{raised.value!r}{raised.value}"
        assert name != "unclosed_quote" or raised.value.message.values["row"] == 3


# JSON of the contract.

REPORT: dict[str, Any] = {"guest": {"surname": "SECRET", "given_names": "JANE"}, "stay": {"room": "7"}}


def read_json(content: str | bytes) -> list[GuestRow]:
    records = open_source(content.encode() if isinstance(content, str) else content)
    assert isinstance(records, Records)
    assert records.facts.format == "json"
    return list(records.read_rows())


@pytest.mark.parametrize("indent", [None, 2])
def test_every_form(indent: int | None) -> None:
    """One report, a list, which may be empty, and an object with a list are read the same, in one line or in many."""
    assert [*read_json("[]"), *read_json('{"reports": []}')] == []
    one, two = REPORT, {**REPORT, "guest": {**REPORT["guest"], "surname": "DOE"}}
    for document in (one, [one, two], {"schema": "apoa/list/1", "reports": [one, two]}):
        rows = read_json(json.dumps(document, indent=indent))
        assert [row.texts["surname"] for row in rows] == ["SECRET", "DOE"][: len(rows)]
        assert not any(row.findings for row in rows)


def test_json_lines() -> None:
    """A report in each line, without a list around them, is refused: the error says what is read."""
    assert refusal(f"{json.dumps(REPORT)}\n\n{json.dumps(REPORT)}\n".encode()) == "json_lines"


def test_places_in_a_list() -> None:
    """A field of a list has a path, as in other programs."""
    rows = read_json(json.dumps({"reports": [REPORT, REPORT]}))
    assert [row.cells["stay.room"] for row in rows] == ["$.reports[0]", "$.reports[1]"]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_encodings_of_json(codec: str) -> None:
    """A file with a byte order mark is read, as PowerShell writes it."""
    assert len(read_json(json.dumps([REPORT]).encode(codec))) == 1


def test_departures_and_cancellations() -> None:
    """The time of departure is taken over, one that is no text is a finding, and a cancelled stay is skipped."""
    more = {"check_out": "2026-11-25"}, {"stay_state": "cancelled"}, {"check_out": 5}
    left, cancelled, wrong = read_json(json.dumps([{**REPORT, **each} for each in more]))
    assert [finding.code for finding in wrong.findings] == ["unknown_format"]
    assert left.check_out == "2026-11-25"
    assert cancelled.skip == "cancelled"


@pytest.mark.parametrize("value", [1, None, "x", [], {"guest": 1, "stay": []}, {"guest": {"surname": {}}, "stay": {}}])
def test_wrong_shapes(value: object) -> None:
    """What is no report has findings, and does not hold up the others."""
    rows = read_json(json.dumps([REPORT, value, REPORT]))
    assert [bool(row.findings) for row in rows] == [False, True, False]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([REPORT])[:-9],
        json.dumps([REPORT])[:-1],
        json.dumps([REPORT]) + "x",
        '{"reports": [' + json.dumps(REPORT) + "]",
        json.dumps(REPORT) + "\nbroken\n",
        "[{}" + json.dumps(REPORT) + "]",
        '{"guest": SECRET}',
        "[{}," + "[" * 100_000 + "]" * 100_000 + "]",
        '{"a":' * 100_000,
        '[{"a": ' + "9" * 9_999 + "}]",
    ],
)
def test_broken(content: str) -> None:
    """JSON that is not whole, that is too deep, or that has text behind it is refused with its line."""
    assert refusal(content.encode()) == "invalid_json"


def test_the_line_of_a_mistake() -> None:
    """The error says in which line the mistake is."""
    with pytest.raises(TableRefused) as raised:
        read_json(f"[{json.dumps(REPORT)},\n{json.dumps(REPORT)},\n{{broken\n")
    assert raised.value.message.values["line"] == 3


def test_a_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read as a whole, so a file of which Python would make a gigabyte is refused."""
    monkeypatch.setattr(reading, "_MOST_JSON_BYTES", 100)
    assert refusal(json.dumps([REPORT] * 10).encode()) == "table_too_large"


# LibreOffice.

GUESTS = """Nama,No. paspor,Check-in,Malam,Catatan
MÜLLER ÅSA,0012345678,2026-11-24,2,"dua baris
dalam sel"
O'BRIEN,L898902C3,2026-11-25,1,=1+1
"""
FORMATS = {
    "xlsx": "xlsx",
    "ods": "ods",
    "csv": "csv:Text - txt - csv (StarCalc):44,34,76",  # a comma, a quotation mark, UTF-8
    "semicolons": "csv:Text - txt - csv (StarCalc):59,34,1",  # Windows-1252
}


def written(folder: Path, kind: str) -> Path:
    """LibreOffice opens a book of texts, numbers and days, and writes it in another format."""
    needs_tool("libreoffice-calc-nogui", found=shutil.which("soffice") is not None)
    source = folder / "source.csv"
    source.write_text(GUESTS, encoding="utf-8")
    soffice = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"]
    # The second column is read as text, the third as a day (year, month, day).
    read = "--infilter=Text - txt - csv (StarCalc):44,34,76,1,1/1/2/2/3/5/4/1/5/2"
    subprocess.run(
        [*soffice, read, "--convert-to", FORMATS[kind], "--outdir", str(folder / "out"), str(source)],
        check=True,
        capture_output=True,
    )
    (file,) = (folder / "out").iterdir()
    return file


def day(value: CellValue) -> str:
    return value.date().isoformat() if isinstance(value, datetime) else str(value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_a_book_is_read_from_each_format(tmp_path: Path, kind: str) -> None:
    """Headings, accents, zeros in front, days, line breaks and a text like a formula are the same in all of them."""
    table = open_source(written(tmp_path, kind))
    assert isinstance(table, Table)
    assert table.headings == ("Nama", "No. paspor", "Check-in", "Malam", "Catatan")
    first, second = table.read_rows()
    assert first.values[:2] == ("MÜLLER ÅSA", "0012345678")
    assert day(first.values[2]) == date(2026, 11, 24).isoformat()
    assert str(first.values[3]).removesuffix(".0") == "2"
    assert str(first.values[4]).split() == ["dua", "baris", "dalam", "sel"]
    assert second.values[4] == "=1+1"
