"""Tables fit the width of the terminal."""

import re
import sys
from itertools import pairwise

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.cli.terminal import output
from apoa_client.cli.terminal.tables import fit_widths, show_table
from apoa_client.cli.terminal.wrapping import width

WORDS = st.text("abc", min_size=1, max_size=9)
CELLS = st.lists(WORDS, max_size=4).map(" ".join)


@given(st.lists(st.tuples(WORDS, CELLS, CELLS), min_size=1, max_size=5), st.integers(1, 80))
def test_column_widths_fit_and_avoid_broken_words(columns: list[tuple[str, str, str]], room: int) -> None:
    """No column is wider than its content, the table fits, and words are broken only if they have to be."""
    widths = fit_widths(columns, room)
    longest = [max(len(word) for cell in column for word in cell.split() or [""]) for column in columns]
    whole = [max(map(len, column)) for column in columns]
    gaps = 2 * (len(columns) - 1)
    assert all(width <= most for width, most in zip(widths, whole, strict=True))
    if sum(longest) + gaps <= room:
        assert all(width >= least for width, least in zip(widths, longest, strict=True))
    if len(columns) + gaps <= room:
        assert sum(widths) + gaps == min(sum(whole) + gaps, room)


def rows_at_width(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> list[str]:
    """Return the rows of a table as a terminal of this width shows them."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    show_table(["Rm.", "Guest", "Empty", "State"], [["7", "XIMENA MARIA FERNANDEZ", "", "waiting"]])
    lines = click.unstyle(capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= width
    return [line.rstrip() for line in lines[1:]]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (40, ["7    XIMENA MARIA FERNANDEZ  waiting"]),
        (25, ["7    XIMENA       waiting", "     MARIA", "     FERNANDEZ"]),
        (22, ["7    XIMENA MARIA", "     FERNANDEZ", "  State: waiting"]),
    ],
)
def test_a_table_at_several_widths(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, lines: list[str]
) -> None:
    """The longest cells are broken between words first, and empty columns are left out."""
    assert rows_at_width(monkeypatch, capsys, width) == lines


NAMES = {
    "long": "MARIA FERNANDA DE LOS ANGELES SANTIAGO Y VILLAVICENCIO-MONTENEGRO",
    "one word": "WOLFESCHLEGELSTEINHAUSENBERGERDORFF",
    "Chinese": "王小明歐陽修司馬相如諸葛亮上官婉兒東方朔",
    "Arabic": "محمد بن عبد الله بن عبد المطلب القرشي",
    "accents apart": "Jose\u0301 Nu\u0301n\u0303ez " * 3,
}
TABLES = {
    "list": ["ID", "State", "What", "Guest", "Rm.", "Due by", "Receipt"],
    "in house": ["Rm.", "Guest", "Nat.", "Since", "Until", "State", "ID"],
    "tonight": ["Rm.", "Guest", "State", "Receipt", "ID"],
    "log": ["Time", "Who", "Action", "Report", "Details"],
}
CELLS_OF = {
    "ID": "2e8b11aa",
    "State": "waiting for a decision",
    "What": "cancellation",
    "Rm.": "Villa Melati 12",
    "Due by": "25 Nov 2026 19:50 WITA",
    "Receipt": "LATIHAN-2026-000001 (number typed in by staff)",
    "Nat.": "GBR",
    "Since": "24 Nov",
    "Until": "26 Nov, late",
    "Time": "24 Nov 2026 20:00 WIB",
    "Action": "accepted by the authority",
    "Report": "2e8b11aa",
}


@pytest.mark.parametrize("heads", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_tables_with_names_of_every_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], heads: list[str], name: str, columns: int
) -> None:
    """Each line fits, each column starts below its heading, and no word is broken."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    show_table(heads, [[CELLS_OF.get(head, name) for head in heads], ["x" for _head in heads]])
    lines = [line.replace("\u200e", "") for line in click.unstyle(capsys.readouterr().out).splitlines()]
    assert max(map(width, lines)) <= columns
    last = next(number for number, line in enumerate(lines) if re.fullmatch("x( +x)*", line))
    starts = [match.start() for match in re.finditer("x", lines[last])]
    for line in lines[:last]:
        cells = [at_columns(line, start, end) for start, end in pairwise([*starts, columns + 2])]
        assert line.startswith("  ") or not any(cell.startswith(" ") and cell.strip() for cell in cells), line
    words = [word for cell in [*(CELLS_OF.get(head, "") for head in heads), name] for word in cell.split()]
    words = [word for word in words if "-" not in word and width(word) <= columns - 2]
    assert [word for word in words if not any(word in line for line in lines)] == []
    assert columns < 200 or len(starts) == len(heads)


def at_columns(line: str, first: int, end: int) -> str:
    """Return the text of a line between two columns."""
    at, found = 0, ""
    for character in line:
        if first <= at < end:
            found += character
        at += width(character)
    return found


def test_a_table_that_is_too_wide(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Columns that do not fit are printed below the row, after their headings, within the width of the screen."""
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    show_table(["ID", "Guest", "Receipt"], [["2e8b11aa", "VANTERPOOL", "LATIHAN-2026-000001"], ["3", "LI", ""]])
    assert click.unstyle(capsys.readouterr().out).splitlines() == [
        "ID        Guest",
        "2e8b11aa  VANTERPOOL",
        "  Receipt: LATIHAN-",
        "  2026-000001",
        "3         LI",
    ]
    monkeypatch.setenv("COLUMNS", "6")
    show_table(["ID", "Guest"], [["2e8b11aa", "LI"]])
    assert click.unstyle(capsys.readouterr().out).splitlines() == ["ID", "2e8b11", "aa", "  Gues", "  t:", "  LI"]


def test_columns_are_aligned_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns are aligned in a pipe too, by the width that characters have in a terminal."""
    show_table(["Guest", "Rm."], [["王小明", "7"], ["محمد", "8"]])
    assert capsys.readouterr().out.splitlines() == ["Guest   Rm.", "王小明  7", "محمد    8"]


def test_labels(capsys: pytest.CaptureFixture[str]) -> None:
    """Values are aligned, and in plain output they follow a colon."""
    rows = [("Nama", "王小明"), ("姓", "王")]
    assert output.label_lines(rows) == ["  Nama  王小明", "  姓    王"]
    output.set_plain(plain=True)
    assert output.label_lines(rows) == ["Nama: 王小明", "姓: 王"]
    show_table(["Guest", "Rm."], [["王小明", "7"], ["ANNA", ""]])
    assert capsys.readouterr().out == "Guest: 王小明\nRm.: 7\n\nGuest: ANNA\n"
