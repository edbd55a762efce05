"""The plainest questions: a line, yes or no, and what was typed before anybody asked."""

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from cli_helpers import LANGUAGES, Keyboard, spoken

from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.input import UNREADABLE, ask_line, confirm, discard_typed_ahead, index_of_choice
from apoa_client.report.fields import FIELDS

terminals_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@pytest.fixture(autouse=True)
def english() -> None:
    language.set_language("en")


class Person(io.StringIO):
    """A screen, with somebody before it who types the next answer once another question stands there."""

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
    """A terminal of its own for what reads standard input; its keys are written to what is given."""
    import pty

    keys, program = pty.openpty()
    with open(program, encoding="utf-8", errors="strict", closefd=False) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield keys
    os.close(keys)
    os.close(program)


class Screen(io.StringIO):
    """A screen that shows what is written."""

    def isatty(self) -> bool:
        return True


class TestALine:
    """One line of an answer."""

    @pytest.mark.parametrize(
        ("question", "asked"), [("Room", "Room: "), ("Save this report?", "Save this report? "), ("Again.", "Again. ")]
    )
    def test_a_sentence_needs_no_colon(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], question: str, asked: str
    ) -> None:
        """A label does; the blanks around an answer do not count."""
        monkeypatch.setattr("sys.stdin", Keyboard("  7 \n"))
        assert ask_line(question) == "7"
        assert capsys.readouterr().err == asked

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_label_of_every_field_has_one(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lang: str
    ) -> None:
        """Also one that ends with an abbreviation: its full stop ends no sentence."""
        language.set_language(lang)
        for item in FIELDS:
            label = spoken(lang, item.label.template)
            monkeypatch.setattr("sys.stdin", Keyboard("7\n"))
            ask_line(label)
            assert capsys.readouterr().err == f"{label}: "

    def test_a_long_one_is_broken_between_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """At a terminal, which would break it anywhere. The answer stands behind the last line."""
        screen = Screen()
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setattr("sys.stdin", Keyboard("7\n"))
        monkeypatch.setenv("COLUMNS", "50")
        assert ask_line("  Do you mean the Republic of the Marshall Islands? Enter = yes, or type it again.") == "7"
        shown = screen.getvalue()
        assert shown == "  Do you mean the Republic of the Marshall\n  Islands? Enter = yes, or type it again. "

    def test_a_long_one_stays_whole_elsewhere(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Where no screen is, nothing is broken."""
        monkeypatch.setattr("sys.stdin", Keyboard("7\n"))
        monkeypatch.setenv("COLUMNS", "50")
        assert ask_line("kata " * 30 + "kata") == "7"
        assert capsys.readouterr().err == "kata " * 30 + "kata: "

    @terminals_only
    def test_what_is_no_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A keyboard whose encoding is not the system's: never as if Enter alone were pressed."""
        with terminal(monkeypatch) as keys:
            monkeypatch.setattr("sys.stderr", Person(keys, b"\xff\n", b"yes\n"))
            assert [ask_line("Room"), ask_line("Room")] == [UNREADABLE, "yes"]


class TestYesOrNo:
    """Whether somebody agrees."""

    def test_in_both_languages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is neither is asked again, and Enter is the answer that was told."""
        monkeypatch.setattr("sys.stdin", Keyboard("perhaps\nTidak\n\nYA\n"))
        assert [confirm("Go on?"), confirm("Go on?", default=False), confirm("Go on?")] == [False, False, True]

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("default", [True, False])
    @pytest.mark.parametrize("answer", ["?", "<", ">", "perhaps"])
    def test_how_to_answer(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        answer: str,
        lang: str,
        *,
        default: bool,
    ) -> None:
        """Is said to whoever asks, or wants to move on or back: none of these decides anything."""
        language.set_language(lang)
        monkeypatch.setattr("sys.stdin", Keyboard(f"{answer}\n\n"))
        assert confirm("Go on?", default=default) is default
        yes, no = "Enter alone means yes.", "Enter alone means no."
        told = f"  {spoken(lang, 'Type y for yes or n for no. ' + (yes if default else no))}\n"
        assert told in capsys.readouterr().err

    @terminals_only
    @pytest.mark.parametrize("default", [True, False])
    def test_what_is_no_text_is_no_answer(self, monkeypatch: pytest.MonkeyPatch, *, default: bool) -> None:
        """It is asked again, whichever answer Enter gives."""
        answer = b"n\n" if default else b"y\n"
        with terminal(monkeypatch) as keys:
            monkeypatch.setattr("sys.stderr", Person(keys, b"\xff\n", answer))
            assert confirm("Go on?", default=default) is not default

    @terminals_only
    @pytest.mark.parametrize("too_early", [b"y\n", b"y", b"x\ny\ny"])
    def test_a_key_that_was_pressed_before_the_question(
        self, monkeypatch: pytest.MonkeyPatch, too_early: bytes
    ) -> None:
        """Answers nothing, with Enter or without."""
        with terminal(monkeypatch) as keys:
            os.write(keys, too_early)
            monkeypatch.setattr("sys.stderr", Person(keys, b"\n"))
            assert not confirm("Go on?", default=False)


class TestTypedAhead:
    """What a passport's reader typed after its lines answers no question."""

    def test_where_there_is_no_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is thrown away of a file or a pipe."""
        keyboard = Keyboard("next\n")
        monkeypatch.setattr("sys.stdin", keyboard)
        discard_typed_ahead()
        assert keyboard.readline() == "next\n"

    @terminals_only
    def test_at_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever waits there is gone, and what is typed later is read."""
        with terminal(monkeypatch) as keys:
            os.write(keys, b"too much\n\n")
            discard_typed_ahead()
            os.write(keys, b"an answer\n")
            assert sys.stdin.readline() == "an answer\n"

    @terminals_only
    def test_what_comes_within_a_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Is thrown away as well; without a pause nobody waits."""
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
        """Key by key, as its console gives them."""
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
def test_the_number_of_one_of_three(answer: str, place: int | None) -> None:
    """As they are shown, from 1; a digit that is no plain one means nothing, and breaks nothing."""
    assert index_of_choice(answer, 3) == place
