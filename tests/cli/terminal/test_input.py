"""Questions, input that was typed before them, and standard input that is no terminal."""

import codecs
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import click
import pytest
from cli_helpers import Keyboard

from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.input import (
    UNREADABLE,
    ask_line,
    confirm,
    discard_typed_ahead,
    edit_line,
    index_of_choice,
    secret_line,
    standard_input,
    standard_input_bytes,
)
from apoa_client.cli.terminal.output import set_plain
from apoa_client.errors import DataRefused

terminals_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@pytest.fixture(autouse=True)
def english() -> None:
    language.set_language("en")


class Person(io.StringIO):
    """A screen with a user who types the next answer after each question."""

    def __init__(self, keys: int, *answers: bytes) -> None:
        super().__init__()
        self._keys = keys
        self._answers = list(answers)

    def write(self, text: str) -> int:
        if text.rstrip().endswith(":"):
            os.write(self._keys, self._answers.pop(0))
        return super().write(text)


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Replace standard input by a terminal, and yield the file descriptor that its keys are written to."""
    import pty

    keys, program = pty.openpty()
    with open(program, encoding="utf-8", errors="strict", closefd=False) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield keys
    os.close(keys)
    os.close(program)


class TestALine:
    """`ask_line` reads one line."""

    @pytest.mark.parametrize(
        ("question", "asked"), [("Room", "Room: "), ("Save this report?", "Save this report? "), ("Again.", "Again. ")]
    )
    def test_a_label_gets_a_colon(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], question: str, asked: str
    ) -> None:
        """A label gets a colon and a sentence does not; blanks around the answer are removed."""
        monkeypatch.setattr("sys.stdin", Keyboard("  7 \n"))
        assert ask_line(question) == "7"
        assert capsys.readouterr().err == asked

    def test_a_long_question_breaks_between_words(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """At a terminal a long question is broken between words; without one it is one line."""
        monkeypatch.setattr("sys.stdin", Keyboard("7\n"))
        monkeypatch.setenv("COLUMNS", "50")
        assert ask_line("kata " * 30 + "kata") == "7"
        assert capsys.readouterr().err == "kata " * 30 + "kata: "
        screen = Keyboard()
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setattr("sys.stdin", Keyboard("7\n"))
        assert ask_line("  Do you mean the Republic of the Marshall Islands? Enter = yes, or type it again.") == "7"
        shown = screen.getvalue()
        assert shown == "  Do you mean the Republic of the Marshall\n  Islands? Enter = yes, or type it again. "


class TestYesOrNo:
    """`confirm` reads yes or no."""

    def test_in_both_languages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Other answers than yes and no are asked again, and Enter gives the default."""
        monkeypatch.setattr("sys.stdin", Keyboard("perhaps\nTidak\n\nYA\n"))
        assert [confirm("Go on?"), confirm("Go on?", default=False), confirm("Go on?")] == [False, False, True]

    @pytest.mark.parametrize("default", [True, False])
    def test_other_keys_show_how_to_answer(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, default: bool
    ) -> None:
        """A move or another answer shows the accepted answers, a question mark every key; none decides."""
        enter = "yes" if default else "no"
        for answer in "<>x?":
            monkeypatch.setattr("sys.stdin", Keyboard(f"{answer}\n\n"))
            assert confirm("Go on?", default=default) is default
            keys = f"y = yes, n = no, Enter = {enter}, Ctrl-C = stop"
            plain = f"Type y for yes or n for no. Enter alone means {enter}."
            assert f"  {keys if answer == '?' else plain}\n" in capsys.readouterr().err

    @terminals_only
    @pytest.mark.parametrize("too_early", [b"y\n", b"y", b"x\ny\ny"])
    def test_keys_before_the_question_are_discarded(self, monkeypatch: pytest.MonkeyPatch, too_early: bytes) -> None:
        """Keys that were pressed before the question do not answer it, with Enter or without."""
        with terminal(monkeypatch) as keys:
            os.write(keys, too_early)
            monkeypatch.setattr("sys.stderr", Person(keys, b"\n"))
            assert not confirm("Go on?", default=False)


class FakeReadline(ModuleType):
    """GNU readline or libedit, as far as a line is edited; `line` is what the user would see and accept."""

    def __init__(self, documentation: str) -> None:
        super().__init__("readline", documentation)
        self.history: list[str] = []
        self.inserted = ""
        self.hook: Callable[[], None] | None = None

    def set_auto_history(self, on: bool) -> None:  # noqa: FBT001  as readline's
        assert not on

    def add_history(self, line: str) -> None:
        self.history.append(line)

    def clear_history(self) -> None:
        self.history.clear()

    def set_startup_hook(self, hook: Callable[[], None] | None) -> None:
        self.hook = hook

    def insert_text(self, text: str) -> None:
        self.inserted = text


def full_terminal(monkeypatch: pytest.MonkeyPatch, read: Callable[[str], str] = input) -> Keyboard:
    """Make all standard streams a terminal whose lines `read` returns, and return the screen."""
    monkeypatch.setenv("TERM", "xterm")
    screen = Keyboard()
    for name, stream in (("stdin", Keyboard("")), ("stdout", screen), ("stderr", screen)):
        monkeypatch.setattr(f"sys.{name}", stream)
    monkeypatch.setattr("builtins.input", read)
    return screen


ELSEWHERE: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "plain": lambda _patch: set_plain(plain=True),
    "dumb": lambda patch: patch.setenv("TERM", "dumb"),
    "stdout": lambda patch: patch.setattr("sys.stdout", io.StringIO()),
    "stdin": lambda patch: patch.setattr("sys.stdin", io.StringIO("typed again\n")),
    "no readline": lambda patch: patch.setitem(sys.modules, "readline", None),
}


class TestEditing:
    """`edit_line` offers a line to be edited where the terminal can."""

    @pytest.fixture
    def gnu(self, monkeypatch: pytest.MonkeyPatch) -> FakeReadline:
        """GNU readline."""
        found = FakeReadline("Importing this module enables command line editing using GNU readline.")
        monkeypatch.setitem(sys.modules, "readline", found)
        return found

    def test_the_line_is_offered_and_forgotten(self, monkeypatch: pytest.MonkeyPatch, gnu: FakeReadline) -> None:
        """It is in the input already, and the earlier lines are in the history, which is empty afterwards."""
        seen: list[tuple[str, list[str]]] = []

        def read(prompt: str) -> str:
            assert gnu.hook is not None
            gnu.hook()
            seen.append((prompt, [*gnu.history]))
            return f" {gnu.inserted}<< "

        full_terminal(monkeypatch, read)
        assert edit_line("Line 2", "ABC", ["P<", "ABC<"]) == "ABC<<"
        assert seen == [("Line 2: ", ["P<", "ABC<", "ABC"])]
        assert (gnu.history, gnu.hook) == ([], None)

    def test_libedit_has_it_in_the_history_only(self, monkeypatch: pytest.MonkeyPatch, gnu: FakeReadline) -> None:
        """The screen names the key that shows the line."""
        gnu.__doc__ = "Importing this module enables command line editing using libedit readline."

        def read(_prompt: str) -> str:
            assert gnu.hook is None
            return gnu.history[-1]

        screen = full_terminal(monkeypatch, read)
        assert edit_line("Line 2", "ABC") == "ABC"
        assert "The up arrow shows the line as it was." in screen.getvalue()

    def test_a_broken_off_edit_leaves_no_history(self, monkeypatch: pytest.MonkeyPatch, gnu: FakeReadline) -> None:
        """Ctrl-C and the end of the input abort, undecodable input is marked, as at other questions."""
        errors: list[BaseException] = [KeyboardInterrupt(), EOFError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "")]

        def read(_prompt: str) -> str:
            raise errors.pop(0)

        full_terminal(monkeypatch, read)
        for _error in range(2):
            with pytest.raises(click.Abort):
                edit_line("Line 2", "ABC")
        assert edit_line("Line 2", "ABC") == UNREADABLE
        assert (gnu.history, gnu.hook) == ([], None)

    @pytest.mark.parametrize("place", ELSEWHERE)
    def test_elsewhere_the_line_is_typed_again(
        self, monkeypatch: pytest.MonkeyPatch, gnu: FakeReadline, place: str
    ) -> None:
        """As plain lines, in a dumb terminal, without a terminal, and where Python has no readline."""
        full_terminal(monkeypatch)
        monkeypatch.setattr("sys.stdin", Keyboard("typed again\n"))
        ELSEWHERE[place](monkeypatch)
        assert edit_line("Line 2", "ABC") == "typed again"
        assert (gnu.history, gnu.inserted) == ([], "")


class TestTypedAhead:
    """Input that a passport reader typed after the MRZ is discarded."""

    @terminals_only
    def test_keys_within_the_pause_are_discarded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keys that arrive within the pause are discarded; without a pause the call does not wait."""
        waited: list[float] = []
        with terminal(monkeypatch) as keys:

            def wait(_reading: object, _writing: object, _failing: object, pause_s: float) -> tuple[list[int], ...]:
                waited.append(pause_s)
                if len(waited) < 3:
                    os.write(keys, b"still typing\n")
                    return [0], [], []
                return [], [], []

            monkeypatch.setattr("select.select", wait)
            discard_typed_ahead(0.05)
            os.write(keys, b"an answer\n")
            assert sys.stdin.readline() == "an answer\n"
            discard_typed_ahead()
        assert waited == [0.05, 0.05, 0.05, 0]

    def test_on_windows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """On Windows the keys of the console are discarded one by one."""
        keys = list("\r\n")
        console = SimpleNamespace(kbhit=lambda: bool(keys), getwch=lambda: keys.pop(0))
        monkeypatch.setitem(sys.modules, "msvcrt", console)
        monkeypatch.setattr(sys, "platform", "win32")
        waited: list[float] = []
        monkeypatch.setattr(time, "sleep", waited.append)
        discard_typed_ahead(0.05)
        assert keys == []
        assert waited == [0.05]


@pytest.mark.parametrize(
    ("answer", "place"),
    [("1", 0), ("3", 2), ("03", 2), ("0", None), ("4", None), ("-1", None), ("", None), ("1 2", None), ("²", None)],
)
def test_index_of_choice(answer: str, place: int | None) -> None:
    """A number from 1 gives the index of the choice; other text, also another kind of digit, gives None."""
    assert index_of_choice(answer, 3) == place


LINES = "P<DEUWEIß<<JÖRG\nĊČ second\n"
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "with a byte order mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "big-endian": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
}


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


def test_a_secret_does_not_wait_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is read as soon as it is complete, also by a program that keeps the pipe open, and no more of it."""
    reading, writing = os.pipe()
    os.write(writing, b"kata sandi\n")
    with os.fdopen(reading, encoding="cp1252") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert secret_line() == "kata sandi"
    os.close(writing)


def test_a_secret_without_a_line_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the input ends a line, and an endless line ends somewhere."""
    for encode in ENCODINGS.values():
        give(monkeypatch, encode("kata sandi"))
        assert secret_line() == "kata sandi"
        give(monkeypatch, encode("x" * 200_000))
        assert len(secret_line()) <= 1 << 16


def test_the_code_page_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not UTF-8 is read in the system's encoding, and stderr says which one that is."""
    give(monkeypatch, bytes(1000))
    assert standard_input_bytes(10) == bytes(10)  # no more is read than was asked for
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
