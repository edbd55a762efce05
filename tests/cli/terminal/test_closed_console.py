"""A console window of Windows: one that is closed in a conversation, and one that the program has for itself."""

import _thread
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from cli_helpers import QUENTIN, Apoa, Keyboard

from apoa_client.app.container import Container
from apoa_client.cli.terminal import input, signals  # noqa: A004  the module of that name
from apoa_client.cli.terminal.input import ask_line, ask_secret
from apoa_client.cli.terminal.signals import Signals, Terminated
from apoa_client.processes import call_with_timeout

PROGRAM = Path(__file__).with_name("console_program.py")
WINDOWS = pytest.mark.skipif(sys.platform != "win32", reason="other systems have no such console")
CREATE_NO_WINDOW = 0x08000000
"""The process gets a console of its own that shows no window."""


@pytest.mark.parametrize("event", [2, 5, 6], ids=["close", "log-off", "shutdown"])
def test_closing_is_sigterm(monkeypatch: pytest.MonkeyPatch, event: int) -> None:
    """Windows' handler, which runs on a thread of its own, ends the main thread's work as SIGTERM does, and waits."""
    monkeypatch.setattr(signals, "_LONGEST_S", 0)
    handled: list[bool] = []
    thread = threading.Thread(target=lambda: handled.append(signals.terminate(event)))

    def work() -> None:
        thread.start()
        call_with_timeout(math.inf, threading.Event().wait)

    with pytest.raises(Terminated), Signals():
        work()
    thread.join()
    assert handled == [True]


@pytest.mark.parametrize("event", [0, 1], ids=["Ctrl-C", "Ctrl-Break"])
def test_other_events_are_pythons(event: int) -> None:
    """Ctrl-C and Ctrl-Break are left to Python's own handler."""
    assert not signals.terminate(event)


def test_questions_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows a thread reads the keyboard, because nothing interrupts one that reads; answers arrive as usual."""
    readers: list[str] = []

    def read(_question: str) -> str:
        readers.append(threading.current_thread().name)
        return "answer"

    ask_on_windows(monkeypatch, read)
    assert [ask_line("Room"), ask_secret("Password")] == ["answer", "answer"]
    assert threading.main_thread().name not in readers


def test_ctrl_c_at_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches the main thread although another one reads, as the same exception as elsewhere."""
    asked_enough = threading.Event()

    def read(_question: str) -> str:
        _thread.interrupt_main()
        asked_enough.wait(60)
        return "too late"

    ask_on_windows(monkeypatch, read)
    with pytest.raises(click.Abort):
        ask_line("Room")
    asked_enough.set()


def ask_on_windows(monkeypatch: pytest.MonkeyPatch, read: Callable[[str], str]) -> None:
    """Let `read` answer questions as at a console of Windows."""
    for name in ("visible_prompt_func", "hidden_prompt_func"):
        monkeypatch.setattr(f"click.termui.{name}", read)
    monkeypatch.setattr(sys, "stdin", Keyboard())
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(input, "is_terminal", lambda _stream: True)


def run_in_console(apoa: Apoa, end: str) -> int:
    """Report a guest in a real console, or type commands there, and return the exit code."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), end],
        env={**os.environ, **apoa.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        creationflags=CREATE_NO_WINDOW,
        check=False,
        timeout=120,
    )
    return done.returncode


@WINDOWS
def test_a_guest_is_saved(away: Apoa) -> None:
    """In a real console every question is answered, and the report is saved."""
    assert run_in_console(away, "save") == 0
    [report] = away.reports()
    assert report["guest"]["birth_place"] == QUENTIN.birth_place


@WINDOWS
@pytest.mark.parametrize(("end", "code"), [("close", 143), ("shutdown", 143), ("ctrl-c", 130)])
def test_what_was_typed_is_stored(away: Apoa, end: str, code: int) -> None:
    """In a real console the draft is stored before the process ends, and the process ends without a crash."""
    assert run_in_console(away, end) == code
    app = Container(away.environ, away.clock)
    try:
        [draft] = app.outbox.drafts.waiting(app.clock.now())
        text = app.outbox.drafts.open(draft)
    finally:
        app.close()
    assert text is not None
    assert QUENTIN.lines[1] in text


@WINDOWS
def test_a_window_of_its_own(away: Apoa) -> None:
    """A double click opens a window that asks for commands until Enter alone, and draws colours only while it runs."""
    assert run_in_console(away, "window") == 0
