"""Tables as LibreOffice writes them: XLSX, ODS and CSV of one book, and what is left of each if it was cut off."""

import shutil
import subprocess
from datetime import date, datetime
from pathlib import Path

import pytest
from basics import needs_tool

from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import CellValue, Table

pytestmark = pytest.mark.slow

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
