"""The width of text, and where it is broken into lines."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.cli.terminal.wrapping import anchored_left, fold_cell, pad, width, wrap_line

WIDE = "王小明"
ACCENTED = "JOSE\u0301"
ARABIC = "محمد"
WORDS = st.lists(st.sampled_from(["a", "kata", WIDE, ACCENTED, ARABIC, click.style("merah", fg="red"), "", "panjang-"]))


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
    """A Chinese character has two columns; a combining accent and a colour code have none."""
    assert width(text) == columns


def test_padding() -> None:
    """Text is padded to the width and never cut."""
    assert pad(WIDE, 8) == f"{WIDE}  "
    assert pad(WIDE, 2) == WIDE


def test_letters_from_right_to_left() -> None:
    """Right-to-left text is followed by a zero-width direction mark; other text is not."""
    assert anchored_left(ARABIC) == f"{ARABIC}\u200e"
    assert width(anchored_left(ARABIC)) == 4
    assert [anchored_left(text) for text in ("ANNA", WIDE)] == ["ANNA", WIDE]


@given(WORDS.map(" ".join), st.integers(1, 30), st.integers(0, 3))
def test_sentences_are_broken_at_blanks_only(sentence: str, columns: int, indent: int) -> None:
    """All words are kept in order with the same indent; only a word wider than the line exceeds it."""
    sentence = sentence.strip(" ")
    lines = wrap_line(" " * indent + sentence, columns)
    assert " ".join(lines).split() == sentence.split()
    for line in lines:
        assert not line.strip() or line.startswith(" " * indent)
        assert width(line) <= max(columns, indent + max(map(width, line.split()), default=0))


@given(WORDS.map(" ".join), st.integers(2, 30))
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


def test_a_path_is_not_broken_at_its_hyphens() -> None:
    """A path that fits stays whole, so that it can be copied."""
    assert fold_cell("Property /home/desk/apoa-client/keys", 30) == ["Property", "/home/desk/apoa-client/keys"]
    assert fold_cell(r"Property C:\apoa-client", 18) == ["Property", r"C:\apoa-client"]


def test_an_accent_stays_with_its_letter() -> None:
    """A word is not broken between a letter and its accent."""
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
    """A command ends at the end of the sentence or at the next word that is not part of it."""
    assert wrap_line("Run apoa purge once more", 10) == ["Run", "apoa purge", "once more"]
    assert wrap_line("Look with apoa show, then try 1 time", 14) == ["Look with", "apoa show,", "then try 1", "time"]
    assert wrap_line("apoa", 10) == ["apoa"]


def test_a_command_that_is_too_wide() -> None:
    """A command wider than the line is broken between its words."""
    assert wrap_line("apoa fix 2e8b11aa --room 8", 12) == ["apoa fix", "2e8b11aa", "--room 8"]
