"""XLSX files as they are written, read by two independent readers."""

import io
import os
import shutil
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from system_helpers import needs_tool

from apoa_client.errors import UsageProblem
from apoa_client.tables import xlsx_writer
from apoa_client.tables.rows import CellValue, original
from apoa_client.tables.xlsx_writer import xlsx_pieces


def book(*rows: Sequence[CellValue], headings: Sequence[str] = ("A", "B")) -> bytes:
    return b"".join(xlsx_pieces("Guests", headings, [16] * len(headings), rows))


def read(content: bytes) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return list(sheet.iter_rows(min_row=2, values_only=True))


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=9
)


@given(st.lists(st.tuples(TEXTS, st.text("'=+-@;, ", min_size=1, max_size=6)), min_size=1, max_size=4))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    """Any text survives, and none is a formula."""
    assert [tuple(map(original, row)) for row in read(book(*rows))] == rows


def test_the_form_of_values() -> None:
    """A day is a date that can be sorted; a time, with its offset, is a text; so is a day before 1900 March."""
    content = book((date(2026, 11, 24), "2026-11-24T20:30:45+07:00"), (date(1899, 12, 31), 7), ("=1+1", None))
    assert read(content) == [
        (datetime(2026, 11, 24), "2026-11-24T20:30:45+07:00"),  # noqa: DTZ001  openpyxl's form of a day
        ("1899-12-31", 7),
        ("=1+1", None),
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert (sheet["A4"].data_type, sheet["A4"].number_format) == ("s", "@")  # a text, also when a user edits it
    assert sheet.freeze_panes == "A2"
    assert sheet.title == "Guests"


def test_what_xml_cannot_have() -> None:
    """A control character is escaped, and a text that looks like an escape, too (ECMA-376 Part 1, 22.9.2.19)."""
    sheet = zipfile.ZipFile(io.BytesIO(book(("a\x07b", "_x0041_")))).read("xl/worksheets/sheet1.xml").decode()
    assert "a_x0007_b" in sheet
    assert "_x005F_x0041_" in sheet


def test_the_same_rows_make_the_same_file() -> None:
    """No time and nothing by chance is in the file."""
    assert book(("1", "2")) == book(("1", "2"))


def test_more_rows_than_a_worksheet_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are an error with a way out, not a file that no program opens."""
    monkeypatch.setattr(xlsx_writer, "MOST_ROWS", 3)
    book(("1", "2"), ("3", "4"))
    with pytest.raises(UsageProblem):
        book(("1", "2"), ("3", "4"), ("5", "6"))


def test_memory_is_flat() -> None:
    """Rows are written as they come: a long table needs no more memory than a short one."""

    def rows(count: int) -> Iterator[list[CellValue]]:
        return ([f"text {number}", "another"] for number in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        assert sum(map(len, xlsx_pieces("Guests", ["A", "B"], [9, 9], rows(count))))
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(9000) < peak(3000) * 1.5  # a piece of the file and the tables of zlib


@pytest.mark.slow
def test_libreoffice_opens_it(tmp_path: Path) -> None:
    """LibreOffice reads the texts as texts, and shows the days as the system writes them."""
    needs_tool("libreoffice-calc-nogui", found=shutil.which("soffice") is not None)
    (tmp_path / "a.xlsx").write_bytes(book(("=1+1", date(2026, 11, 24)), ("+62 812", "O'BRIEN & <ÜÖ>")))
    convert = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "csv"]
    american = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [*convert, "--outdir", str(tmp_path), str(tmp_path / "a.xlsx")], check=True, capture_output=True, env=american
    )
    assert (tmp_path / "a.csv").read_text().splitlines() == ["A,B", "=1+1,11/24/2026", "+62 812,O'BRIEN & <ÜÖ>"]
