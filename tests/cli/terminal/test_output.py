"""Nothing that a guest, a server or a file says moves a cursor, rewrites a line or hides text."""

import errno
import io
import os
import sys
from typing import Any

import click
import pytest
from cli_helpers import DANGEROUS, LANGUAGES, QUENTIN, Apoa, Hostile, assert_sanitized, listening, spoken
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.cli import main
from apoa_client.cli.terminal import input, output  # noqa: A004  the module of that name
from apoa_client.cli.terminal.input import UNREADABLE, ask_line
from apoa_client.errors import UsageProblem

EVIL = "A\x1b[2J\x1b]0;owned\x07\u202eB\u2066C\u200bD\x9b31mE\rF\nG"


@given(st.text())
def test_clean_leaves_nothing_to_obey(text: str) -> None:
    """Whatever comes in, as long as before, with every control, format and surrogate character replaced."""
    cleaned = output.sanitize(text)
    assert len(cleaned) == len(text)
    assert_sanitized(cleaned)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in cleaned)


def test_clean_leaves_names_alone() -> None:
    """Letters of every script stay."""
    for name in ("MUÑOZ", "Nguyễn", "O'BRIEN", "李", "Øystein"):
        assert output.sanitize(name) == name


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "option",
    ["--surname", "--given-names", "--birth-place", "--room", "--note", "--stay-permit", "--phone", "--nationality"],
)
def test_what_is_typed(away: Apoa, option: str, lang: str) -> None:
    """Refused, with a sentence that does not repeat it raw; nothing is saved."""
    said = away(*QUENTIN.typed(option, EVIL), "--no-send", lang=lang)
    assert said.code == 65
    assert_sanitized(said.all)
    assert away.reports() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", EVIL],
        ["receipt", EVIL],
        ["list", "--since", EVIL],
        ["list", "--guest", EVIL],
        ["list", "--state", EVIL],
        ["--property", EVIL, "status"],
        ["--lang", EVIL, "status"],
        ["report", "--mrz", EVIL, "--mrz", EVIL],
        ["setup", "--non-interactive", "--property", EVIL, "--training"],
        ["setup", "--non-interactive", "--property", "a", "--training", "--timezone", EVIL],
        ["setup", "--non-interactive", "--property", "a", "--api-url", EVIL, "--username", "u"],
        ["sandbox", "--fault", EVIL],
        ["--log-file", f"/{EVIL}/x", "status"],
        [EVIL],
        [f"--{EVIL}"],
        ["show", "a", EVIL],
    ],
)
def test_what_is_given_as_an_argument(away: Apoa, arguments: list[str]) -> None:
    """In no complaint, click's own included."""
    for lang in LANGUAGES:
        assert_sanitized(away(*arguments, lang=lang).all)


def test_what_stands_in_the_settings(away: Apoa) -> None:
    """A settings file may come from elsewhere."""
    path = away.home / "config.toml"
    path.write_text(path.read_text() + 'office = "A\\u001b[2J"\nnonsense_\\u001b = 1\n', encoding="utf-8")
    assert_sanitized(away("status").all)
    path.write_text('language = "\\u001b[2J"\n', encoding="utf-8")
    said = away("status")
    assert said.code == 78
    assert_sanitized(said.all)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "results",
    [
        {"receipt": {"number": "LAT\x9b2J\u202e1", "issued_at": "2026-11-24T20:00:00+07:00", "sha256": None}},
        {"receipt": {"number": EVIL, "issued_at": "2026-11-24T20:00:00+07:00", "sha256": None}},
        {"status": "rejected", "errors": [{"field": "guest.sex", "code": "x", "message": EVIL}]},
        {"status": "rejected", "errors": [{"field": EVIL, "code": EVIL, "message": EVIL}]},
        {"status": "pending", "warnings": [{"field": EVIL, "code": EVIL, "message": EVIL}]},
        {"status": EVIL},
    ],
)
def test_what_a_server_answers(apoa: Apoa, results: dict[str, Any], lang: str) -> None:
    """A receipt's number, a violation, a status: on every screen that shows it, and in JSON only as escapes."""
    with listening(Hostile(results)) as url:
        assert apoa.set_up(url).code == 0
        said = [apoa(*QUENTIN.mrz(), lang=lang), apoa("sync", lang=lang)]
    [report] = apoa.reports()
    said += [
        apoa(command, report["id"], *json, lang=lang) for command in ("show", "receipt") for json in ((), ("--json",))
    ]
    said += [apoa("list", lang=lang), apoa("list", "--json", lang=lang), apoa("status", lang=lang)]
    for each in said:
        assert_sanitized(each.all)
        assert each.code in {0, 65, 75}


@pytest.mark.parametrize("status", [400, 403])
def test_what_a_server_says_of_a_problem(apoa: Apoa, status: int) -> None:
    """The detail of an RFC 9457 problem is the server's own words."""
    hostile = Hostile()
    with listening(hostile) as url:
        apoa.set_up(url)
        apoa.save()
        hostile.problem = (status, EVIL)
        calls = (["sync"], ["sync", "--json"], ["login", "--password-stdin"], ["sync"], ["status"])
        said = [apoa(*arguments, stdin="x\n") for arguments in calls]
    for each in said:
        assert_sanitized(each.all)
    assert said[0].code == 69
    assert "]0;owned" in said[0].err


class TestLines:
    """How a line is laid out."""

    class Terminal(io.StringIO):
        """A stream with a person before it."""

        def isatty(self) -> bool:
            return True

    def test_long_lines_break_between_words_on_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And keep their indent."""
        terminal = self.Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("COLUMNS", "50")
        output.print_line("  " + "kata " * 30)
        lines = terminal.getvalue().splitlines()
        assert len(lines) > 2
        assert all(len(line) < 50 and line.startswith("  kata") for line in lines)

    def test_long_lines_stay_whole_in_a_pipe(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A script reads one line."""
        output.print_line("kata " * 60)
        output.print_error_line("kata " * 60)
        out, err = capsys.readouterr()
        assert out.count("\n") == err.count("\n") == 1

    def test_colour_is_for_terminals(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A pipe gets none."""
        for style in (output.style_bold, output.style_success, output.style_error, output.style_warning):
            output.print_line(style("kata"))
        assert capsys.readouterr().out == "kata\n" * 4

    def test_somebody_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """At a keyboard and a screen, both."""
        monkeypatch.setattr(sys, "stdin", self.Terminal())
        assert not input.at_a_terminal()
        monkeypatch.setattr(sys, "stderr", self.Terminal())
        assert input.at_a_terminal()
        monkeypatch.setattr(sys, "stdin", None)
        assert not input.at_a_terminal()


def test_every_danger_is_named() -> None:
    """The list that these tests look for is a part of what is replaced."""
    assert all(output.sanitize(character) == "?" for character in DANGEROUS)


class FullDisk(io.StringIO):
    """Output to a disk that is full."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["contract"]])
def test_a_result_that_cannot_be_written(away: Apoa, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """Is said, with the settings' exit code, and is called no mistake of ours."""
    monkeypatch.setattr(sys, "stdout", FullDisk())
    said = away(*arguments)
    assert said.code == 78
    assert "The result cannot be written: No space left on device." in said.err
    assert "mistake" not in said.err


@pytest.mark.parametrize(("asked", "coloured"), [("", True), ("1", False)])
def test_no_color(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, asked: str, *, coloured: bool
) -> None:
    """At a terminal NO_COLOR is honoured wherever it says anything (no-color.org), on both streams."""
    monkeypatch.setenv("NO_COLOR", asked)
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    output.print_line(output.style_error("late"))
    output.print_error_line(output.style_warning("look"))
    said = capsys.readouterr()
    assert ("\x1b" in said.out, "\x1b" in said.err) == (coloured, coloured)
    assert ("late" in said.out, "look" in said.err) == (True, True)


class TestWhatCannotBeRead:
    """Bytes on standard input, or typed, that are no text in this system's encoding."""

    BYTES = b"P<UTOERIKSSON\xe9\xff\n"

    @pytest.fixture(params=["strict", "surrogateescape"])
    def undecodable(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        """Standard input with such bytes, as a locale with UTF-8 opens it, and as the locale C does."""
        stream = io.TextIOWrapper(io.BytesIO(self.BYTES), encoding="utf-8", errors=request.param)
        monkeypatch.setattr(sys, "stdin", stream)

    @pytest.mark.usefixtures("undecodable")
    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["report", "--mrz", "-"], 65),
            (["login", "--password-stdin"], 2),
            (["key", "recover", "--code-stdin"], 2),
            (["key", "export", "melati.key", "--passphrase-stdin"], 2),
        ],
    )
    def test_standard_input(self, away: Apoa, arguments: list[str], code: int, lang: str) -> None:
        """Said, with what helps, and called no mistake of ours; a guest's lines are data, a secret's are usage."""
        assert main.run(arguments, away.environ | {"APOA_LANG": lang}, away.clock) == code
        said = away.capsys.readouterr().err
        assert spoken(lang, "What came from standard input cannot be read as text.") in said
        assert "chcp 65001" in said

    def test_a_secret_that_is_typed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same at a terminal's hidden question."""

        def hidden(_question: str) -> str:
            return b"\xff".decode()

        monkeypatch.setattr("click.termui.hidden_prompt_func", hidden)
        with pytest.raises(UsageProblem):
            input.ask_secret("Password")

    def test_an_answer_that_is_typed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Is not taken for Enter, which may well mean yes."""

        def typed(_question: str) -> str:
            return b"\xff".decode()

        monkeypatch.setattr("click.termui.visible_prompt_func", typed)
        assert ask_line("Room") == UNREADABLE

    def test_nobody_gives_anything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """There may be no standard input at all."""
        monkeypatch.setattr(sys, "stdin", None)
        assert (input.standard_input(), input.secret_line()) == ("", "")


class TestLooks:
    """What this call's screen can do, and may."""

    @pytest.fixture
    def watched(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody before both streams."""
        del capsys  # which puts streams of this class there, and others of it for the test itself
        monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)

    @pytest.mark.usefixtures("watched")
    def test_as_usual(self) -> None:
        """Colours and movement."""
        assert (output.plain(), output.is_static(), output.colour()) == (False, False, True)

    @pytest.mark.usefixtures("watched")
    def test_a_dumb_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither."""
        monkeypatch.setenv("TERM", "dumb")
        assert (output.plain(), output.is_static(), output.colour()) == (False, True, False)

    @pytest.mark.usefixtures("watched")
    def test_plain(self) -> None:
        """Neither, and no columns."""
        output.set_plain(plain=True)
        assert (output.plain(), output.is_static(), output.colour()) == (True, True, False)
        assert output.side_by_side(["a", "", "b"]) == "a, b"

    @pytest.mark.usefixtures("watched")
    def test_no_color(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Movement alone."""
        monkeypatch.setenv("NO_COLOR", "1")
        assert (output.plain(), output.is_static(), output.colour()) == (False, False, False)

    def test_nobody_watches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing moves in a pipe, nor where there is no stream at all."""
        assert output.is_static()
        monkeypatch.setattr(sys, "stderr", None)
        assert output.is_static()

    @pytest.mark.usefixtures("watched")
    def test_clearing(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """A blank line where nothing may go away."""
        cleared: list[bool] = []
        monkeypatch.setattr(click, "clear", lambda: cleared.append(True))
        output.clear_screen()
        assert (cleared, capsys.readouterr().err) == ([True], "")
        output.set_plain(plain=True)
        output.clear_screen()
        assert (cleared, capsys.readouterr().err) == ([True], "\n")

    def test_columns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What COLUMNS says, else the first stream that is a terminal, else as many as usual."""
        monkeypatch.setenv("COLUMNS", "61")
        assert output.columns() == 61
        for nonsense in ("", "0", "wide"):
            monkeypatch.setenv("COLUMNS", nonsense)
            assert of_terminals(monkeypatch, {1: None, 2: 62, 0: 63}) == 62
            assert of_terminals(monkeypatch, {1: None, 2: 0, 0: None}) == 80
        monkeypatch.setattr(sys, "__stdout__", None)
        assert of_terminals(monkeypatch, {1: 61, 2: None, 0: 63}) == 63

    @pytest.mark.usefixtures("watched")
    def test_what_is_copied_is_not_broken(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However narrow the screen is."""
        monkeypatch.setenv("COLUMNS", "40")
        output.print_error_unwrapped("kata " * 20)
        assert capsys.readouterr().err == "kata " * 20 + "\n"


class Numbered:
    """A stream, as far as its number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def fileno(self) -> int:
        return self.number


def of_terminals(monkeypatch: pytest.MonkeyPatch, sizes: dict[int, int | None]) -> int:
    """The columns, where each standard stream is a terminal of so many, or none."""

    def size(number: int) -> os.terminal_size:
        columns = sizes[number]
        if columns is None:
            raise OSError
        return os.terminal_size((columns, 24))

    for name, number in (("__stdin__", 0), ("__stdout__", 1), ("__stderr__", 2)):
        if getattr(sys, name) is not None:
            monkeypatch.setattr(sys, name, Numbered(number))
    monkeypatch.setattr(os, "get_terminal_size", size)
    return output.columns()


def test_invisible_characters() -> None:
    """Soft hyphens and tags hide text as well as overrides do."""
    assert output.sanitize("a\xadb\u180ec\U000e0041d") == "a?b?c?d"
