"""A character that a console's code page lacks is replaced by the most similar one, on the screen only."""

import codecs
import io
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import COMMAND, QUENTIN, Apoa, child_environment

from apoa_client.cli import main
from apoa_client.cli.terminal import streams
from apoa_client.cli.terminal.streams import adapt_stream, can_show, nearest

NAMES = "MUÑOZ ŁUKASZ NGUYỄN ŐRY STRAßE 李 محمد"


class Console(io.TextIOWrapper):
    """A terminal with a given encoding."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")

    def isatty(self) -> bool:
        return True

    def shown(self, text: str) -> bytes:
        """Return the bytes that a text gives on the console."""
        self.write(text)
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ÑÉŐŞÅ", "NEOSA"),
        ("ßÆØĐŁÞı", "ssAEODLTHi"),
        ("→…“—”✓✗•", '->..."-"vx*'),
        ("─│┌┐└┘├┼═║╔╭━╸█▌▒", "-|+++++" + "+-|++-+###"),
        ("ＡＢ１２½", "AB121/2"),
        ("e\u0301\u200e\u200b", "e"),
        ("李م\ud800😀\ue000", "???????"),
        ("\u00a0", " "),
    ],
)
def test_nearest(text: str, shown: str) -> None:
    """Letters lose accents, signs and boxes become similar ones, zero-width characters are removed; others become ?."""
    assert "".join(c if c.isascii() else nearest(c) for c in text) == shown


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("cp437", "MUÑOZ LUKASZ NGUYEN ORY STRAßE ?? ????"),
        ("cp850", "MUÑOZ LUKASZ NGUYEN ORY STRAßE ?? ????"),
        ("cp1252", "MUÑOZ LUKASZ NGUYEN ORY STRAßE ?? ????"),
        ("ascii", "MUNOZ LUKASZ NGUYEN ORY STRAssE ?? ????"),
        ("utf-8", NAMES),
    ],
)
def test_missing_characters_are_replaced(encoding: str, shown: str) -> None:
    """Only characters that the code page lacks are replaced."""
    console = Console(encoding)
    adapt_stream(console, {})
    assert console.shown(NAMES).decode(encoding) == shown


@pytest.mark.parametrize(("platform", "encoding"), [("win32", "utf-8"), ("linux", "cp1252")])
def test_redirected_output(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, encoding: str) -> None:
    """On Windows a file or a pipe gets UTF-8, so that no letter is lost, unless `PYTHONIOENCODING` says otherwise."""
    monkeypatch.setattr(sys, "platform", platform)
    for environ, expected in (({}, encoding), ({"PYTHONIOENCODING": "cp1252"}, "cp1252")):
        with (tmp_path / "list").open("w", encoding="cp1252") as file:
            adapt_stream(file, environ)
            assert file.encoding == expected


def test_redirected_output_of_a_bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bundle's Python does not read `PYTHONIOENCODING`, so the bundle writes UTF-8 whatever it says."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with (tmp_path / "list").open("w", encoding="cp1252") as file:
        adapt_stream(file, {"PYTHONIOENCODING": "utf-8"})
        assert file.encoding == "utf-8"


def test_the_linux_console() -> None:
    """The Linux console has few glyphs, so characters are replaced on its screen and not in files."""
    console = Console("utf-8")
    adapt_stream(console, {"TERM": "linux"})
    assert console.shown(f"{NAMES} │ → \ud800").decode() == "MUÑOZ LUKASZ NGUYEN ORY STRAßE ?? ???? │ -> ?"
    file = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    adapt_stream(file, {"TERM": "linux"})
    assert (file.encoding, file.errors) == ("utf-8", streams.NEAREST)


def test_missing_streams_are_ignored() -> None:
    """A stream that is missing or is a test double is not changed."""
    adapt_stream(None, {})
    adapt_stream(io.StringIO(), {})


def test_the_error_handler_is_for_encoding_only() -> None:
    """The error handler does not decode."""
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", streams.NEAREST)
    with pytest.raises(LookupError):
        codecs.lookup("apoa_other")


@pytest.mark.parametrize("encoding", ["cp437", "cp850", "cp1252", "ascii"])
@pytest.mark.parametrize("lang", ["en", "id"])
def test_a_command_on_a_code_page(away: Apoa, encoding: str, lang: str) -> None:
    """The output has only bytes of the code page, and the saved name is unchanged."""
    away.save(QUENTIN, "--note", "→ Łódź")
    shown = run(away, encoding, "list", "--all", lang=lang) + run(away, encoding, "show", short(away), lang=lang)
    assert "-> " in shown
    assert ("Lódz" if encoding != "ascii" else "Lodz") in shown
    assert away.reports()[0]["stay"]["note"] == "→ Łódź"


def short(apoa: Apoa) -> str:
    return str(apoa.reports()[0]["short_id"])


def run(apoa: Apoa, encoding: str, *arguments: str, lang: str) -> str:
    """Return what a command writes to a console with this encoding."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**apoa.environ, **child_environment(), "APOA_LANG": lang, "PYTHONIOENCODING": encoding, "PATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode(encoding)


def test_files_are_utf_8(away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is written as UTF-8 on every console, also to standard output."""
    result = away(*QUENTIN.typed("--surname", "ŁÓDZKI", "--no-send", "--json"))
    console = Console("cp437")
    monkeypatch.setattr(sys, "stdout", console)
    page = tmp_path / "page.html"
    assert main.run(["receipt", result.json["id"], "--html", str(page)], away.environ, away.clock) == 0
    assert main.run(["receipt", result.json["id"], "--html", "-"], away.environ, away.clock) == 0
    assert "ŁÓDZKI" in page.read_text(encoding="utf-8")
    assert "ŁÓDZKI".encode() in console.shown("")


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", True), ("cp437", True), ("cp850", True), ("cp1252", False), ("ascii", False)]
)
def test_whether_blocks_can_be_shown(encoding: str, shown: bool) -> None:  # noqa: FBT001  one of two columns
    """A console shows half blocks itself where its characters have them."""
    console = Console(encoding)
    adapt_stream(console, {})
    assert can_show(console, "▀▄█") is shown


def test_the_linux_console_shows_blocks_and_no_arrows() -> None:
    """Its fonts have what code page 437 has; what is replaced is not shown itself."""
    console = Console("apoa_linux")
    assert can_show(console, "▀▄█")
    assert not can_show(console, "→")
