"""What kind of file it is, and files that are none."""

import json
import os
import sys
from pathlib import Path

import pytest
from passport_helpers import SPECIMENS
from workbook_helpers import cell, ods, ods_row, ods_table, xlsx

from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import TableRefused

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


def refusal(path: Path) -> str:
    with pytest.raises(TableRefused) as raised:
        open_source(path)
    assert raised.value.advice
    return raised.value.name


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
