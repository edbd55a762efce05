"""What a console's code page lacks is shown by its nearest, on the screen alone."""

import codecs
import io
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import COMMAND, QUENTIN, Apoa, coverage_environment

from apoa_client.cli import main
from apoa_client.cli.terminal import encodings
from apoa_client.cli.terminal.encodings import adapt_stream, nearest

NAMES = "MUÑOZ ŁUKASZ NGUYỄN ŐRY STRAßE 李 محمد"


class Console(io.TextIOWrapper):
    """A stream of some encoding, with somebody before it."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")

    def isatty(self) -> bool:
        return True

    def shown(self, text: str) -> bytes:
        """What reaches it of a text."""
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
    """Accents to letters, signs and boxes to what looks like them, what has no width to nothing; else ?."""
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
def test_what_a_code_page_lacks(encoding: str, shown: str) -> None:
    """And nothing of what it has."""
    console = Console(encoding)
    adapt_stream(console, {})
    assert console.shown(NAMES).decode(encoding) == shown


def test_the_console_of_linux() -> None:
    """It takes UTF-8, and has glyphs for few of its characters; what is written to a file is not for its screen."""
    console = Console("utf-8")
    adapt_stream(console, {"TERM": "linux"})
    assert console.shown(f"{NAMES} │ → \ud800").decode() == "MUÑOZ LUKASZ NGUYEN ORY STRAßE ?? ???? │ -> ?"
    file = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    adapt_stream(file, {"TERM": "linux"})
    assert (file.encoding, file.errors) == ("utf-8", encodings.NEAREST)


def test_what_is_no_stream() -> None:
    """Is left alone: there may be none at all, or a double."""
    adapt_stream(None, {})
    adapt_stream(io.StringIO(), {})


def test_only_for_writing() -> None:
    """What cannot be read has no nearest; and no other encoding is ours."""
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", encodings.NEAREST)
    with pytest.raises(LookupError):
        codecs.lookup("apoa_other")


@pytest.mark.parametrize("encoding", ["cp437", "cp850", "cp1252", "ascii"])
@pytest.mark.parametrize("lang", ["en", "id"])
def test_a_whole_call(away: Apoa, encoding: str, lang: str) -> None:
    """Every byte is of the code page, the name is shown by its nearest, and what is saved is the name itself."""
    away.save(QUENTIN, "--note", "→ Łódź")
    shown = run(away, encoding, "list", "--all", lang=lang) + run(away, encoding, "show", short(away), lang=lang)
    assert "-> " in shown
    assert ("Lódz" if encoding != "ascii" else "Lodz") in shown
    assert away.reports()[0]["stay"]["note"] == "→ Łódź"


def short(apoa: Apoa) -> str:
    return str(apoa.reports()[0]["short_id"])


def run(apoa: Apoa, encoding: str, *arguments: str, lang: str) -> str:
    """What the installed command writes to a stream of this encoding."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**apoa.environ, **coverage_environment(), "APOA_LANG": lang, "PYTHONIOENCODING": encoding, "PATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode(encoding)


def test_files_keep_every_letter(away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is written is UTF-8 on every console, on standard output too."""
    said = away(*QUENTIN.typed("--surname", "ŁÓDZKI", "--no-send", "--json"))
    console = Console("cp437")
    monkeypatch.setattr(sys, "stdout", console)
    page = tmp_path / "page.html"
    assert main.run(["receipt", said.json["id"], "--html", str(page)], away.environ, away.clock) == 0
    assert main.run(["receipt", said.json["id"], "--html", "-"], away.environ, away.clock) == 0
    assert "ŁÓDZKI" in page.read_text(encoding="utf-8")
    assert "ŁÓDZKI".encode() in console.shown("")
