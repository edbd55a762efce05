"""A call that fails at its end, or outside the handler: the first error, its exit code, no text, no core file."""

import errno
import os
import sqlite3
import subprocess
import sys
from itertools import product
from typing import Any, NamedTuple, NoReturn

import pytest
from cli_helpers import QUENTIN, Apoa, raising

from apoa_client.app.container import Container
from apoa_client.authority.client import HttpAuthority
from apoa_client.cli import failures, main
from apoa_client.cli.session import Session
from apoa_client.cli.terminal import language
from apoa_client.cli.views import findings
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
ANY = [name for name in FAULTS if name != "sqlite"]
"""The faults that any step may have; only files have that of SQLite."""
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
    (main, "show_failure"),
    (findings, "show_findings"),
    (findings, "show_error"),
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


def name_of(value: Any) -> str | None:
    return f"{value[0].__name__.rpartition('.')[2]}.{value[1]}" if isinstance(value, tuple) else None


@pytest.fixture
def call(configured: Apoa) -> Call:
    """Calls the program, which can reach its authority."""
    configured.capsys.readouterr()
    return Call(configured)


@pytest.mark.parametrize("fault", ANY)
@pytest.mark.parametrize("step", BEGINNING, ids=name_of)
def test_while_it_begins(call: Call, step: Step, fault: str) -> None:
    """The error is said, with its exit code."""
    error, expected, text = FAULTS[fault]
    assert error is not None
    code, err = call(None, step, error)
    assert (code, text in err) == (expected, True)


@pytest.mark.parametrize("fault", ANY)
@pytest.mark.parametrize("step", SHOWING, ids=name_of)
def test_while_an_error_is_shown(call: Call, step: Step, fault: str) -> None:
    """The exit code is that of the error, also where it cannot be shown."""
    error = FAULTS[fault].cause
    assert error is not None
    for first in FIRST.values():
        code, _err = call(first, step, error, "--json")  # where more is shown
        assert code == (Exit.BUG if step == (main, "_exit_code") else first.code)


@pytest.mark.parametrize(
    ("step", "fault"),
    [*product(CLOSING, ANY), ((SqliteDatabase, "close"), "sqlite")],
    ids=name_of,
)
def test_while_files_are_closed(call: Call, step: Step, fault: str) -> None:
    """The first error is the one that is said, with its exit code. Without one, it is that of the closing."""
    error, expected, text = FAULTS[fault]
    assert error is not None
    if step[0] is SqliteDatabase and isinstance(error, OSError | sqlite3.Error):  # the outbox says what that means
        expected, text = Exit.SETTINGS, "outbox.db"
    for first in (FIRST["apoa"], FIRST["interrupt"]):
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


PROGRAM = f"""
import sys, threading
from apoa_client.cli import main

def fail(*_args):
    raise {{error}}("{SECRET}")

class Unraisable:
    __del__ = fail

def begin():
    {{how}}

main.occupy_descriptors = begin
sys.argv = ["apoa", "--version"]
sys.exit(main.main())
"""
WAYS = {
    "uncaught": ("fail()", 1),
    "in a thread": ("thread = threading.Thread(target=fail); thread.start(); thread.join()", 0),
    "unraisable": ("Unraisable()", 0),
}


def run_python(apoa: Apoa, program: str, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run a program of Python with the property of these tests."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **apoa.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("way", WAYS)
def test_no_text_of_an_exception_is_printed(apoa: Apoa, way: str) -> None:
    """The class and the place are shown as for other mistakes, without text and traceback."""
    how, code = WAYS[way]
    done = run_python(apoa, PROGRAM.format(how=how, error="RuntimeError"))
    assert done.returncode == code
    assert "(RuntimeError, fail:6)" in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr


def test_ctrl_c_outside_the_handler(apoa: Apoa) -> None:
    """Ctrl-C before or after a command prints nothing."""
    done = run_python(apoa, PROGRAM.format(how="fail()", error="KeyboardInterrupt"))
    assert done.returncode != 0
    assert done.stderr == ""


FAULT = f"""
import os, sys
from apoa_client.cli import main

begun, failing = 0, int(os.environ["FAILING_CALL"])

def count(frame, event, _argument):
    global begun
    if event == "call" and "apoa_client" in frame.f_code.co_filename:
        begun += 1
        if begun == failing:
            sys.setprofile(None)
            raise RuntimeError("{SECRET}")

sys.argv = ["apoa", "list"]
sys.setprofile(count)
code = main.main()
sys.setprofile(None)
print(begun)
sys.exit(code)
"""


def test_no_fault_prints_its_text(away: Apoa) -> None:
    """An exception in any function, from the first to the last that is called, is shown without its text."""
    calls = int(run_python(away, FAULT, FAILING_CALL="0").stdout.splitlines()[-1])
    for failing_call in (3, calls // 2, calls):
        done = run_python(away, FAULT, FAILING_CALL=str(failing_call))
        assert "Traceback" not in done.stderr, failing_call
        assert SECRET not in done.stdout + done.stderr, failing_call


LIMITS = """
import ctypes, resource, sys
from apoa_client.cli import main
code = main.main()
print(code, resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), file=sys.stderr)
"""
ALLOWED, FORBIDDEN = "1", "0"
"""PR_GET_DUMPABLE, behind the exit code and the limit for core files."""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux' own")
@pytest.mark.parametrize(
    ("arguments", "access"),
    [
        (["status"], ALLOWED),
        (QUENTIN.mrz("--no-send"), FORBIDDEN),
        (["list"], FORBIDDEN),
    ],
    ids=["status", "report", "list"],
)
def test_no_core_file_and_no_access(away: Apoa, arguments: list[str], access: str) -> None:
    """No command may write a core file, and one that has a secret or a guest cannot be read by others."""
    away.save()
    more = ["--again"] if arguments[0] == "report" else []
    assert run_python(away, LIMITS, *arguments, *more).stderr.splitlines()[-1] == f"0 (0, 0) {access}"
