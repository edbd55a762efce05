"""How a call ends if something fails while it begins, while it shows an error, or while it closes its files."""

import errno
import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import pytest
from cli_helpers import Apoa

from apoa_client.app.container import Container
from apoa_client.authority.client import HttpAuthority
from apoa_client.cli import failures, main
from apoa_client.cli.session import Session
from apoa_client.cli.terminal import language
from apoa_client.errors import CredentialsProblem, Exit, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sql.store import Outbox
from apoa_client.outbox.sqlite.database import SqliteDatabase

SECRET = "ZYKOWSKI-in-the-exception"
INTERRUPTED = 130
Step = tuple[Any, str]
"""What fails: the owner of a function, and its name."""


class Ending(NamedTuple):
    """What ends a call: its cause, its exit code, and what the user reads of it."""

    cause: BaseException | None
    code: int
    text: str


FAULTS = {
    "io": Ending(OSError(errno.EIO, SECRET), Exit.BUG, "(OSError, "),
    "apoa": Ending(StorageProblem(msg("The second disk is full.")), Exit.SETTINGS, "The second disk is full."),
    "sqlite": Ending(sqlite3.OperationalError(SECRET), Exit.BUG, "(OperationalError, "),
    "bug": Ending(RuntimeError(SECRET), Exit.BUG, "(RuntimeError, "),
    "interrupt": Ending(KeyboardInterrupt(), INTERRUPTED, "Stopped. What was saved is kept."),
}
FIRST = {
    "usage": Ending(None, Exit.USAGE, "--nonsense"),
    "apoa": Ending(CredentialsProblem(msg("The password is gone.")), Exit.CREDENTIALS, "The password is gone."),
    "bug": Ending(ZeroDivisionError(SECRET), Exit.BUG, "(ZeroDivisionError, "),
    "interrupt": Ending(KeyboardInterrupt(), INTERRUPTED, "Stopped. What was saved is kept."),
}
BEGINNING = [
    (main, "at_a_terminal"),
    (main, "adapt_stream"),
    (main, "_split_display_options"),
    (main, "_choose_language"),
    (language, "set_language"),
]
SHOWING = [
    (main, "_exit_code"),
    (main, "_show"),
    (main, "_show_usage_error"),
    (main, "print_error_line"),
    (failures, "show_failure"),
    (failures, "show_findings"),
    (failures, "show_error"),
    (failures, "show_bug"),
    (failures, "print_json"),
]
CLOSING = [
    (Session, "close"),
    (Container, "close"),
    (HttpAuthority, "close"),
    (Outbox, "close"),
    (SqliteDatabase, "close"),
]


class Call:
    """Calls `apoa sync` for a property with nothing to send, with what makes it fail."""

    def __init__(self, apoa: Apoa) -> None:
        self.apoa = apoa

    def __call__(self, first: Ending | None, step: Step, fault: BaseException, *more: str) -> tuple[int, str]:
        """Return the exit code and stderr. The call must not end with an exception, and must not show its text."""
        arguments = ["sync", *more, *(["--nonsense"] if first is not None and first.cause is None else [])]
        with self.apoa.monkeypatch.context() as patch:
            if first is not None and first.cause is not None:
                patch.setattr("apoa_client.app.sending.deliver", raising(first.cause))
            patch.setattr(*step, raising(fault))
            try:
                code = main.run(arguments, self.apoa.environ, self.apoa.clock)
            except BaseException as exc:  # noqa: BLE001  an interruption would end the tests
                pytest.fail(f"{exc!r} is the end of the call")
        self.out, err = self.apoa.capsys.readouterr()
        assert "Traceback" not in err
        assert SECRET not in self.out + err
        return code, err


def raising(error: BaseException) -> Callable[..., NoReturn]:
    def fail(*_arguments: object, **_options: object) -> NoReturn:
        raise error

    return fail


def name_of(value: Any) -> str | None:
    return f"{value[0].__name__.rpartition('.')[2]}.{value[1]}" if isinstance(value, tuple) else None


@pytest.fixture
def call(configured: Apoa) -> Call:
    """Calls the program, which can reach its authority."""
    configured.capsys.readouterr()
    return Call(configured)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", BEGINNING, ids=name_of)
def test_while_it_begins(call: Call, step: Step, fault: str) -> None:
    """The error is said, with its exit code."""
    error, expected, text = FAULTS[fault]
    assert error is not None
    code, err = call(None, step, error)
    assert (code, text in err) == (expected, True)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", SHOWING, ids=name_of)
def test_while_an_error_is_shown(call: Call, step: Step, fault: str) -> None:
    """The exit code is that of the error, also where it cannot be shown."""
    error = FAULTS[fault].cause
    assert error is not None
    for first in FIRST.values():
        for more in ([], ["--json"]):
            code, _err = call(first, step, error, *more)
            assert code == (Exit.BUG if step == (main, "_exit_code") else first.code)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", CLOSING, ids=name_of)
def test_while_files_are_closed(call: Call, step: Step, fault: str) -> None:
    """The first error is the one that is said, with its exit code. Without one, it is that of the closing."""
    error, expected, text = FAULTS[fault]
    assert error is not None
    if step[0] is SqliteDatabase and isinstance(error, OSError | sqlite3.Error):  # the outbox says what that means
        expected, text = Exit.SETTINGS, "outbox.db"
    for first in FIRST.values():
        code, err = call(first, step, error)
        assert (code, first.text in err) == (first.code, True)
        assert text == first.text or text not in err
    code, err = call(None, step, error)
    assert (code, text in err) == (expected, True)


@pytest.mark.parametrize("step", CLOSING, ids=name_of)
def test_one_document(call: Call, step: Step) -> None:
    """With `--json`, an error of the closing adds no second document to that of the command."""
    code, err = call(None, step, RuntimeError(SECRET), "--json")
    assert (code, "(RuntimeError, " in err) == (Exit.BUG, True)
    assert call.out.count('"schema"') == 1
    assert '"error": null' in call.out


def test_the_first_of_two(call: Call) -> None:
    """Everything is closed, and of two errors the first is said."""
    closed: list[str] = []

    def fail(_authority: HttpAuthority) -> NoReturn:
        closed.append("authority")
        raise StorageProblem(msg("The first disk is full."))

    def fail_again(_outbox: Outbox) -> NoReturn:
        closed.append("outbox")
        raise RuntimeError(SECRET)

    call.apoa.monkeypatch.setattr(HttpAuthority, "close", fail)
    call.apoa.monkeypatch.setattr(Outbox, "close", fail_again)
    said = call.apoa("sync")
    assert (said.code, "The first disk is full." in said.err, closed) == (Exit.SETTINGS, True, ["authority", "outbox"])
    assert "RuntimeError" not in said.err
