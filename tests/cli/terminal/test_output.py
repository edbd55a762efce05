"""Text of a guest, a server or a file changes no screen; JSON, undecodable input, colours and widths."""

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import click
import pytest
from cli_helpers import (
    DANGEROUS,
    QUENTIN,
    Apoa,
    Hostile,
    Keyboard,
    assert_sanitized,
    listening,
)
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.cli import main
from apoa_client.cli.terminal import input, output  # noqa: A004  the module of that name
from apoa_client.cli.terminal.input import UNREADABLE, ask_line
from apoa_client.errors import UsageProblem

HOSTILE_TEXT = "A\x1b[2J\x1b]0;owned\x07\u202eB\u2066C\u200bD\x9b31mE\rF\nG"


def test_sanitize_replaces_control_characters() -> None:
    """Every control, format and surrogate character is replaced, and the length is kept."""
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    sanitized = output.sanitize(every)
    assert len(sanitized) == len(every)
    assert_sanitized(sanitized)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", sanitized)


def test_sanitize_keeps_letters() -> None:
    """Letters of every script are kept; soft hyphens, tags and direction overrides are replaced."""
    for name in ("MUÑOZ", "Nguyễn", "O'BRIEN", "李", "Øystein"):
        assert output.sanitize(name) == name
    assert output.sanitize("a\xadb\u180ec\U000e0041d") == "a?b?c?d"
    assert all(output.sanitize(character) == "?" for character in DANGEROUS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(members=st.dictionaries(st.text(max_size=3), st.tuples(JSON, st.booleans()), min_size=1, max_size=4))
def test_streamed_json_is_the_same_document(members: dict[str, tuple[Any, bool]]) -> None:
    """An object whose arrays are iterators is printed byte for byte as if it were held as a whole."""
    whole = {name: value for name, (value, _streamed) in members.items()}
    streamed = {
        name: iter(value) if as_iterator and isinstance(value, list) else value
        for name, (value, as_iterator) in members.items()
    }
    output.set_schema("apoa/list/1")
    with redirect_stdout(io.StringIO()) as printed:
        output.print_json(whole)
        output.print_json(streamed)
    document = json.dumps({"schema": "apoa/list/1", **whole}, indent=2) + "\n"
    assert printed.getvalue() == document * 2


def test_streamed_json_is_printed_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """Elements are printed while others are still to come."""
    printed = []

    def elements() -> Iterator[int]:
        for number in range(1_000):
            yield number
            printed.append(len(capsys.readouterr().out))

    output.print_json({"numbers": elements()})
    assert sum(map(bool, printed)) > 5


def test_dangerous_typed_values_are_refused(away: Apoa) -> None:
    """The value is refused with a sanitized message, and nothing is saved."""
    for option in ("surname", "given-names", "birth-place", "room", "note", "stay-permit", "phone", "nationality"):
        result = away(*QUENTIN.typed(f"--{option}", HOSTILE_TEXT), "--no-send")
        assert result.code == 65
        assert_sanitized(result.all)
    assert away.reports() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", HOSTILE_TEXT],
        ["receipt", HOSTILE_TEXT],
        ["list", "--since", HOSTILE_TEXT],
        ["list", "--guest", HOSTILE_TEXT],
        ["list", "--state", HOSTILE_TEXT],
        ["--property", HOSTILE_TEXT, "status"],
        ["--lang", HOSTILE_TEXT, "status"],
        ["report", "--mrz", HOSTILE_TEXT, "--mrz", HOSTILE_TEXT],
        ["setup", "--non-interactive", "--property", HOSTILE_TEXT, "--training"],
        ["setup", "--non-interactive", "--property", "a", "--training", "--timezone", HOSTILE_TEXT],
        ["setup", "--non-interactive", "--property", "a", "--api-url", HOSTILE_TEXT, "--username", "u"],
        ["sandbox", "--fault", HOSTILE_TEXT],
        ["--log-file", f"/{HOSTILE_TEXT}/x", "status"],
        [HOSTILE_TEXT],
        [f"--{HOSTILE_TEXT}"],
        ["show", "a", HOSTILE_TEXT],
    ],
)
def test_error_messages_are_sanitized(away: Apoa, arguments: list[str]) -> None:
    """Every error about an argument is sanitized, including those of click."""
    assert_sanitized(away(*arguments).all)


def test_values_of_the_settings_are_sanitized(away: Apoa) -> None:
    """An error about the settings file is sanitized."""
    path = away.home / "config.toml"
    path.write_text(path.read_text() + 'office = "A\\u001b[2J"\ninvalid_\\u001b = 1\n', encoding="utf-8")
    assert_sanitized(away("status").all)
    path.write_text('language = "\\u001b[2J"\n', encoding="utf-8")
    result = away("status")
    assert result.code == 78
    assert_sanitized(result.all)


@pytest.mark.parametrize(
    "results",
    [
        {"receipt": {"number": "LAT\x9b2J\u202e1", "issued_at": "2026-11-24T20:00:00+07:00", "sha256": None}},
        {"receipt": {"number": HOSTILE_TEXT, "issued_at": "2026-11-24T20:00:00+07:00", "sha256": None}},
        {"status": "rejected", "errors": [{"field": "guest.sex", "code": "x", "message": HOSTILE_TEXT}]},
        {"status": "rejected", "errors": [{"field": HOSTILE_TEXT, "code": HOSTILE_TEXT, "message": HOSTILE_TEXT}]},
        {"status": "pending", "warnings": [{"field": HOSTILE_TEXT, "code": HOSTILE_TEXT, "message": HOSTILE_TEXT}]},
        {"status": HOSTILE_TEXT},
    ],
)
def test_answers_of_a_server_are_sanitized(apoa: Apoa, results: dict[str, Any]) -> None:
    """Receipt numbers, violations and states are sanitized on every screen and escaped in JSON."""
    with listening(Hostile(results)) as url:
        assert apoa.set_up(url).code == 0
        shown_results = [apoa(*QUENTIN.mrz()), apoa("sync")]
    [report] = apoa.reports()
    shown_results += [
        apoa(command, report["id"], *json) for command in ("show", "receipt") for json in ((), ("--json",))
    ]
    shown_results += [apoa("list"), apoa("list", "--json"), apoa("status")]
    for result in shown_results:
        assert_sanitized(result.all)
        assert result.code in {0, 65, 75}


@pytest.mark.parametrize("status", [400, 403])
def test_problem_details_of_a_server_are_sanitized(apoa: Apoa, status: int) -> None:
    """The detail of an RFC 9457 problem is sanitized."""
    hostile = Hostile()
    with listening(hostile) as url:
        apoa.set_up(url)
        apoa.save()
        hostile.problem = (status, HOSTILE_TEXT)
        calls = (["sync"], ["sync", "--json"], ["login", "--password-stdin"], ["sync"], ["status"])
        shown_results = [apoa(*arguments, stdin="x\n") for arguments in calls]
    for result in shown_results:
        assert_sanitized(result.all)
    assert shown_results[0].code == 69
    assert "]0;owned" in shown_results[0].err


class TestLines:
    """Lines are broken and coloured for terminals only."""

    def test_long_lines(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """On a terminal they are broken between words and keep their indent; in a pipe they stay whole, uncoloured."""
        output.print_line(output.style_bold("kata " * 60))
        output.print_error_line(output.style_error("kata " * 60))
        assert capsys.readouterr() == ("kata " * 60 + "\n",) * 2
        terminal = Keyboard()
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("COLUMNS", "50")
        output.print_line("  " + "kata " * 30)
        lines = terminal.getvalue().splitlines()
        assert len(lines) > 2
        assert all(len(line) < 50 and line.startswith("  kata") for line in lines)
        monkeypatch.setattr(sys, "stderr", terminal)
        output.print_error_unwrapped("salin " * 20)  # text that the user copies
        assert terminal.getvalue().endswith("\n" + "salin " * 20 + "\n")

    def test_a_user_is_present(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A user is present when both stdin and stderr are terminals."""
        monkeypatch.setattr(sys, "stdin", Keyboard())
        assert not input.at_a_terminal()
        monkeypatch.setattr(sys, "stderr", Keyboard())
        assert input.at_a_terminal()
        monkeypatch.setattr(sys, "stdin", None)
        assert not input.at_a_terminal()


class TestUndecodableInput:
    """Input that is not text in the system's encoding is an error."""

    BYTES = b"P<UTOERIKSSON\xe9\xff\n"

    @pytest.fixture(params=["strict", "surrogateescape"])
    def undecodable(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replace standard input by undecodable bytes, opened as with a UTF-8 locale and as with the locale C."""
        stream = io.TextIOWrapper(io.BytesIO(self.BYTES), encoding="utf-8", errors=request.param)
        monkeypatch.setattr(sys, "stdin", stream)

    @pytest.mark.usefixtures("undecodable")
    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["report", "--mrz", "-"], 65),
            (["login", "--password-stdin"], 2),
            (["key", "recover", "--code-stdin"], 2),
            (["key", "export", "melati.key", "--passphrase-stdin"], 2),
        ],
    )
    def test_standard_input(self, away: Apoa, arguments: list[str], code: int) -> None:
        """The error has advice and is not shown as a bug; the exit code is 65 for an MRZ and 2 for a secret."""
        assert main.run(arguments, away.environ, away.clock) == code
        assert "Save the text as UTF-8, and run the command again." in away.capsys.readouterr().err

    def test_a_typed_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An undecodable answer is not read as Enter, which can mean yes; a secret is an error."""

        def typed(_question: str) -> str:
            return b"\xff".decode()

        monkeypatch.setattr("click.termui.visible_prompt_func", typed)
        monkeypatch.setattr("click.termui.hidden_prompt_func", typed)
        assert ask_line("Room") == UNREADABLE
        with pytest.raises(UsageProblem):
            input.ask_secret("Password")

    def test_no_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A missing standard input is accepted."""
        monkeypatch.setattr(sys, "stdin", None)
        assert (input.standard_input(), input.secret_line()) == ("", "")


class TestLooks:
    """The look of the output follows from the terminal, the options and the environment."""

    @pytest.mark.parametrize(
        ("terminal", "environ", "plain", "looks"),
        [
            (True, {}, False, (False, False, None)),
            (True, {"TERM": "dumb"}, False, (False, True, False)),
            (True, {"NO_COLOR": "1"}, False, (False, False, False)),
            (True, {"NO_COLOR": ""}, False, (False, False, None)),
            (True, {}, True, (True, True, False)),
            *(
                (False, environ, False, (False, True, coloured))
                for environ, coloured in (
                    ({"FORCE_COLOR": "1"}, True),
                    ({"CLICOLOR_FORCE": "1"}, True),
                    ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
                    ({"FORCE_COLOR": "0", "CLICOLOR_FORCE": "0"}, None),
                    ({"FORCE_COLOR": "", "CLICOLOR_FORCE": ""}, None),
                    ({"CLICOLOR": "1"}, None),
                    ({"CLICOLOR": "0"}, False),
                    ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True),
                    ({"NO_COLOR": "1", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
                )
            ),
        ],
    )
    def test_looks(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        environ: dict[str, str],
        looks: tuple[bool, bool, bool | None],
        *,
        terminal: bool,
        plain: bool,
    ) -> None:
        """Whether it is plain, without cursor movement, and coloured: a dumb one has neither; `NO_COLOR` no colours.

        `FORCE_COLOR` and `CLICOLOR_FORCE` colour a pipe, `CLICOLOR=0` not even a terminal; `NO_COLOR` wins.
        """
        monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: terminal)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        output.set_plain(plain=plain)
        assert (output.plain(), output.is_static(), output.colour()) == looks
        assert output.side_by_side(["a", "", "b"]) == ("a, b" if plain else "a  b")
        output.print_line(output.style_error("late"))
        output.print_error_line(output.style_warning("look"))
        coloured = terminal if looks[2] is None else looks[2]
        assert ["\x1b" in text for text in capsys.readouterr()] == [coloured] * 2

    @pytest.mark.parametrize(("environ", "coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True)])
    def test_a_console_that_draws_no_colours(
        self, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], *, coloured: bool
    ) -> None:
        """It gets none, unless the environment demands them."""
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        output.set_colours_drawn(drawn=False)
        try:
            assert output.colour() is coloured
        finally:
            output.set_colours_drawn(drawn=True)

    @pytest.mark.usefixtures("terminals")
    def test_clearing(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """Without cursor movement, clearing the screen prints a blank line."""
        cleared: list[bool] = []
        monkeypatch.setattr(click, "clear", lambda: cleared.append(True))
        output.clear_screen()
        assert (cleared, capsys.readouterr().err) == ([True], "")
        output.set_plain(plain=True)
        output.clear_screen()
        assert (cleared, capsys.readouterr().err) == ([True], "\n")

    def test_columns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The width is `COLUMNS`, else that of a terminal, else the usual one."""
        monkeypatch.setenv("COLUMNS", "61")
        assert output.columns() == 61
        monkeypatch.setattr(os, "get_terminal_size", lambda _descriptor: os.terminal_size((62, 24)))
        for invalid in ("", "0", "wide"):
            monkeypatch.setenv("COLUMNS", invalid)
            assert output.columns() == 62
        monkeypatch.setattr(os, "get_terminal_size", lambda _descriptor: os.terminal_size((0, 0)))
        assert output.columns() == 80
