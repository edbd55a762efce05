"""Text fits the width of the terminal: lines, tables, commands to copy; `--plain` has lines for a screen reader."""

import re
import subprocess
import sys
from typing import Any

import click
import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa
from hypothesis import given
from hypothesis import strategies as st
from screens import Screens

from apoa_client.cli.terminal import output
from apoa_client.cli.terminal.command_names import COMMANDS, quote_words
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.terminal.wrapping import fold_cell, pad, width, wrap_line

WIDE = "王小明"
ACCENTED = "JOSE\u0301"
ARABIC = "محمد"
STYLED_WORDS = st.lists(
    st.sampled_from(["a", "kata", WIDE, ACCENTED, ARABIC, click.style("merah", fg="red"), "", "panjang-"])
)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("ANNA", 4),
        (WIDE, 6),
        (ACCENTED, 4),
        (ARABIC, 4),
        ("\uff21", 2),
        ("Ñ", 1),
        (click.style("x", dim=True), 1),
    ],
)
def test_width(text: str, columns: int) -> None:
    """A Chinese character has two columns; a combining accent and a colour code have none. Padding never cuts."""
    assert width(text) == columns
    assert pad(text, 8) == text + " " * (8 - columns)
    assert pad(WIDE, 2) == WIDE


@given(STYLED_WORDS.map(" ".join), st.integers(1, 30), st.integers(0, 3))
def test_sentences_are_broken_at_blanks_only(sentence: str, columns: int, indent: int) -> None:
    """All words are kept in order with the same indent; only a word wider than the line exceeds it."""
    sentence = sentence.strip(" ")
    lines = wrap_line(" " * indent + sentence, columns)
    assert " ".join(lines).split() == sentence.split()
    for line in lines:
        assert not line.strip() or line.startswith(" " * indent)
        assert width(line) <= max(columns, indent + max(map(width, line.split()), default=0))


@given(STYLED_WORDS.map(" ".join), st.integers(2, 30))
def test_cells_are_never_wider(text: str, columns: int) -> None:
    """A broken cell is never wider than its column, and no text is lost."""
    lines = fold_cell(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("sign", ["x", "!", "-", "?", click.style("x", bold=True)])
def test_lines_after_a_sign_are_indented(sign: str) -> None:
    """Each further line is indented to the text after the sign."""
    assert wrap_line(f" {sign} kata kata kata", 12) == [f" {sign} kata kata", "   kata"]
    assert wrap_line(sign, 12) == [sign]


def test_lines_after_a_label_are_indented() -> None:
    """Further lines are indented to the text after the label if its words fit, else to the label."""
    assert wrap_line("  Catatan  tamu minta kamar", 20) == ["  Catatan  tamu", "           minta", "           kamar"]
    assert wrap_line("  Catatan  pemeriksaan", 20) == ["  Catatan", "  pemeriksaan"]
    assert wrap_line("  Nomor paspor  A1 B2 C3", 20) == ["  Nomor paspor  A1", "  B2 C3"]


def test_long_words_are_broken_after_hyphens() -> None:
    """A receipt number is broken, after a hyphen, only if it is wider than the screen; a short word is not."""
    assert fold_cell("Number LATIHAN-2026-000001", 20) == ["Number", "LATIHAN-2026-000001"]
    assert fold_cell("MARIA-ALEXANDRA WINTER", 10) == ["MARIA-", "ALEXANDRA", "WINTER"]
    assert fold_cell("LATIHAN-2026-000001", 9) == ["LATIHAN-", "2026-", "000001"]
    assert fold_cell("a check-in -", 8) == ["a", "check-in", "-"]
    assert fold_cell("--", 1) == ["-", "-"]
    # A path that fits stays whole, so that it can be copied; an accent stays with its letter.
    assert fold_cell("Property /home/desk/apoa-client/keys", 30) == ["Property", "/home/desk/apoa-client/keys"]
    assert fold_cell(r"Property C:\apoa-client", 18) == ["Property", r"C:\apoa-client"]
    assert fold_cell(ACCENTED * 2, 4) == [ACCENTED, ACCENTED]


@pytest.mark.parametrize(
    "command",
    [
        "apoa sync",
        "apoa key rotate",
        "apoa fix 2e8b11aa",
        f"apoa fix {click.style('2e8b11aa', bold=True)}",
        "apoa key rotate --recovery-file FILE",
        "apoa --property NAME key import FILE",
        "apoa --property anggrek report",
        "apoa config explain retention_days",
        "(apoa received ID NUMBER)",
        "apoa amend 2e8b11aa --room 8 --reason 'moved'",
    ],
)
def test_a_command_is_not_broken(command: str) -> None:
    """A command in a sentence stays on one line, because users type or copy it."""
    for before in range(60):
        lines = wrap_line(f"{'x' * before} Kirim: {command}", 60)
        assert sum(command in line for line in lines) == 1, lines
        assert all(width(line) <= 60 for line in lines)


def test_a_key_stays_with_what_it_does() -> None:
    """A line never ends with a sign or a letter whose meaning stands on the next one."""
    assert wrap_line("Enter = ya, < = kembali, b = buang", 15) == ["Enter = ya,", "< = kembali,", "b = buang"]
    assert wrap_line("Enter = tidak jadi", 13) == ["Enter = tidak", "jadi"]
    assert wrap_line("panjangsekali = x", 12) == ["panjangsekali", "= x"]


def test_the_end_of_a_command() -> None:
    """A command ends at the end of the sentence or at the next word that is not part of it; a wide one is broken."""
    assert wrap_line("apoa fix 2e8b11aa --room 8", 12) == ["apoa fix", "2e8b11aa", "--room 8"]
    assert wrap_line("Run apoa purge once more", 10) == ["Run", "apoa purge", "once more"]
    assert wrap_line("Look with apoa show, then try 1 time", 14) == ["Look with", "apoa show,", "then try 1", "time"]
    assert wrap_line("apoa", 10) == ["apoa"]


NAMES = [
    ["7", "王小明歐 陽修司馬", "sent"],
    ["8", "محمد بن عبد الله", "sent"],
    ["9", "Jose\u0301 Nu\u0301n\u0303ez", "sent"],
]
TABLES = [
    ((40, 25, 22), ["Rm.", "Guest", "Empty", "State"], [["7", "XIMENA MARIA FERNANDEZ", "", "waiting"]]),
    ((24,), ["Rm.", "Guest", "State"], NAMES),
    ((20, 6), ["ID", "Guest", "Receipt"], [["2E8B11AA", "VANTERPOOL", "LATIHAN-2026-000001"], ["3", "LI", ""]]),
]


@pytest.mark.usefixtures("terminals")
def test_tables(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], screens: Screens) -> None:
    """The longest cells are broken between words first, and empty columns are left out; wide letters have two columns.

    Columns that do not fit are printed below the row, after their headings, within the width of the screen.
    """
    for widths, headings, rows in TABLES:
        for columns in widths:
            monkeypatch.setenv("COLUMNS", str(columns))
            show_table(headings, rows)
            screens.add(click.unstyle(capsys.readouterr().out))


def test_labels(capsys: pytest.CaptureFixture[str]) -> None:
    """Values are aligned, in a pipe too, by the width on a terminal; in plain output they follow a colon."""
    show_table(["Guest", "Rm."], [["王小明", "7"], ["محمد", "8"]])
    assert capsys.readouterr().out.splitlines() == ["Guest   Rm.", "王小明  7", "محمد    8"]
    rows = [("Nama", "王小明"), ("姓", "王")]
    assert output.label_lines(rows) == ["  Nama  王小明", "  姓    王"]
    output.set_plain(plain=True)
    assert output.label_lines(rows) == ["Nama: 王小明", "姓: 王"]
    show_table(["Guest", "Rm."], [["王小明", "7"], ["ANNA", ""]])
    assert capsys.readouterr().out == "Guest: 王小明\nRm.: 7\n\nGuest: ANNA\n"


TO_QUOTE = [
    *("apoa", "ubah", "--nights", "+1", r"C:\apoa\bukti.html", "https://server.example:8443/v1", "24/11/2026", ""),
    *(
        "Wisma Melati",
        "O'BRIEN",
        "P<GBRSMITH<<JANE",
        "a & b | c > d",
        "(x)",
        "a;b,c",
        "ŁUKASZ",
        "19.50",
        "C:\\my apoa\\",
    ),
]


def test_on_windows() -> None:
    """Double quotes, which cmd and PowerShell know, stand around each word that one of the two would change."""
    assert quote_words(TO_QUOTE, windows=True) == (
        r"apoa ubah --nights +1 C:\apoa\bukti.html https://server.example:8443/v1 24/11/2026 "
        r'"" "Wisma Melati" "O' + r"'" + r'BRIEN" "P<GBRSMITH<<JANE" "a & b | c > d" "(x)" "a;b,c" ŁUKASZ 19.50 '
        '"C:\\my apoa\\\\"'
    )


def test_elsewhere() -> None:
    """A POSIX shell reads the words back."""
    assert quote_words(["apoa", "O'BRIEN", "P<<"], windows=False) == """apoa 'O'"'"'BRIEN' 'P<<'"""


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows splits a line in this way")
def test_a_program_of_windows_gets_the_words() -> None:
    """A program that is started with the line has the same words."""
    odd = [*TO_QUOTE, 'a "quoted" word', '\\"']
    line = quote_words(
        [sys.executable, "-X", "utf8", "-c", "import sys; print('|'.join(sys.argv[1:]))", *odd], windows=True
    )
    done = subprocess.run(line, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "|".join(odd) + "\n"


FIRST, SECOND = QUENTIN.lines
MISREAD = SECOND.replace("850912", "850913")
SIGNS = re.compile(r"^\s|\S  |^[x!*?-] |[→…│─┃━✗✓•]|\x1b", re.MULTILINE)
"""Indents, gaps between columns, signs at the start of a line, box characters and colours."""


def assert_plain(text: str) -> None:
    """Assert that a text has no visual layout."""
    found = [line for line in text.splitlines() if SIGNS.search(line)]
    assert not found, found


@pytest.fixture
def reports(configured: Apoa) -> list[dict[str, Any]]:
    """Return the reports of three guests, one of them corrected."""
    for guest in (QUENTIN, XIMENA):
        assert configured(*guest.mrz()).code == 0
    configured.save(OBADIAH, "--stay-until", "2026-11-25")
    short = configured.reports()[0]["short_id"]
    assert configured("amend", short, "--room", "8", "--reason", "pindah").code == 0
    return configured.reports()


@pytest.mark.usefixtures("terminals")
def test_output_of_every_command_is_plain(configured: Apoa, reports: list[dict[str, Any]]) -> None:
    """Tables, stays, errors and warnings are plain."""
    ids = [report["short_id"] for report in reports]
    calls = (
        *(["status"], ["status", "--tonight"], ["list"], ["list", "--in-house"], ["log"], ["info"], ["info", "visa"]),
        *(["show", ids[0]], ["show", ids[2]], ["receipt", ids[0]], ["key", "show"], ["purge"], ["nonsense"]),
        *(["check", "--mrz", FIRST, "--mrz", MISREAD], ["check", "--surname", "A1"], ["check", *QUENTIN.mrz()[1:5]]),
        *(["report", "--surname", "A1"], QUENTIN.mrz(), QUENTIN.typed("--dry-run", "--again"), ["show", "zz"]),
        *(["checkout", ids[0]], ["cancel", ids[2]], ["sync"], ["backup", str(configured.home / "b")]),
        *(["restore", str(configured.home / "b"), "--dry-run"], ["restore", str(configured.home / "b")]),
    )
    for call in calls:
        result = configured("--plain", *call, lang="id")
        assert result.code != 1, result.err
        assert result.all
        assert_plain(result.all)


def test_help_is_plain(apoa: Apoa) -> None:
    """Help shows each option, a colon, and what it does."""
    calls = [[], *([name] for name in COMMANDS), ["key", "rotate"]]
    for call in calls:
        result = apoa("--plain", *call, "--help", lang="id")
        assert result.code == 0
        assert_plain(re.sub(r"'[^']*'", "''", result.out))
    for lang, listed in (("id", "lapor: "), ("en", "report [lapor]: ")):
        assert f"\n{listed}" in apoa("--plain", "--help", lang=lang).out


@pytest.mark.usefixtures("terminals")
def test_questions_are_plain(away: Apoa) -> None:
    """Each value follows its label in APOA and a colon."""
    away.save(QUENTIN)
    result = away("--plain", "sync", "--by-hand", keys=["?", "q"])
    assert_plain(result.all)
    assert "Nama keluarga: ZYKOWSKI" in result.err.splitlines()


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("ya", True), ("0", False), ("", False)])
def test_plain_by_the_environment(away: Apoa, value: str, *, wanted: bool) -> None:
    """Any value but an empty one and 0 turns plain lines on, for one call."""
    assert ("Waiting to be sent: 0" in away("status", APOA_PLAIN=value).out) is wanted
    assert "Waiting to be sent: 0" not in away("status").out


def test_json_is_unchanged(away: Apoa) -> None:
    """The JSON is the same with `--plain`."""
    away.save()
    assert away("--plain", "list", "--json").json == away("list", "--json").json
