"""Standard input that is no terminal, in the encodings of files, pipes and shells."""

import codecs
import io
import os
from collections.abc import Callable

import pytest

from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.input import secret_line, standard_input, standard_input_bytes
from apoa_client.errors import DataRefused

LINES = "P<DEUWEIß<<JÖRG\nĊČ second\n"
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "with a byte order mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "big-endian": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
}


@pytest.fixture(autouse=True)
def english() -> None:
    language.set_language("en")


def give(monkeypatch: pytest.MonkeyPatch, content: bytes, encoding: str = "cp1252") -> None:
    """Make these bytes standard input, in a system with this encoding: on Windows the ANSI code page."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding=encoding))


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_text_from_windows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, line_end: str
) -> None:
    """Editors' and PowerShell's encodings are understood, whatever the code page is, and nothing is said."""
    encode = ENCODINGS[name]
    give(monkeypatch, encode(LINES.replace("\n", line_end)))
    assert standard_input() == LINES
    give(monkeypatch, encode(LINES.replace("\n", line_end)))
    assert secret_line() == LINES.splitlines()[0]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("secret", ["kata sandi", "Ċ", "Ċ਀Ċ", ""])
def test_a_secret_does_not_wait_for_more(monkeypatch: pytest.MonkeyPatch, name: str, secret: str) -> None:
    """A line is read as soon as it is complete, also by a program that keeps the pipe open, and no more of it.

    In UTF-16 half of a letter may be the byte of a line end.
    """
    reading, writing = os.pipe()
    os.write(writing, ENCODINGS[name](f"{secret}\n"))
    with os.fdopen(reading, encoding="cp1252") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert secret_line() == secret
    os.close(writing)


def test_a_file_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of it is read than was asked for."""
    give(monkeypatch, bytes(1000))
    assert standard_input_bytes(10) == bytes(10)


def test_a_secret_without_a_line_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the input ends a line, and an endless line ends somewhere."""
    for encode in ENCODINGS.values():
        give(monkeypatch, encode("kata sandi"))
        assert secret_line() == "kata sandi"
        give(monkeypatch, encode("x" * 200_000))
        assert len(secret_line()) <= 1 << 16


def test_the_code_page_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not UTF-8 is read in the system's encoding, and stderr says which one that is."""
    give(monkeypatch, "WEIß\r\n".encode("cp1252"))
    assert standard_input() == "WEIß\n"
    assert "It was read as cp1252" in capsys.readouterr().err


def test_what_the_code_page_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no text in the code page either are an error, or replaced where one of many documents has them."""
    for lenient in (False, True):
        give(monkeypatch, b"WEI\x81\n")
        if lenient:
            assert standard_input(lenient=True) == "WEI\N{REPLACEMENT CHARACTER}\n"
        else:
            with pytest.raises(DataRefused):
                standard_input()
