"""Errors that no handler catches: their class and place are shown, their text never."""

import os
import subprocess
import sys

import pytest
from cli_helpers import Apoa

SECRET = "ZYKOWSKI-in-the-exception"
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


def run_failing(apoa: Apoa, how: str, error: str = "RuntimeError") -> "subprocess.CompletedProcess[str]":
    """Run a command that fails in this way before the handler begins."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(how=how, error=error)],
        env={**os.environ, **apoa.environ},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("way", WAYS)
def test_no_text_of_an_exception_is_printed(apoa: Apoa, way: str) -> None:
    """The class and the place are shown as for other mistakes, without text and traceback."""
    how, code = WAYS[way]
    done = run_failing(apoa, how)
    assert done.returncode == code
    assert "(RuntimeError, fail:6)" in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr


def test_ctrl_c_outside_the_handler(apoa: Apoa) -> None:
    """Ctrl-C before or after a command prints nothing."""
    done = run_failing(apoa, "fail()", "KeyboardInterrupt")
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


def run_until(apoa: Apoa, failing_call: int) -> "subprocess.CompletedProcess[str]":
    """Run `apoa list`, whose n-th call of a function of this program raises an exception; 0 for none."""
    return subprocess.run(
        [sys.executable, "-c", FAULT],
        env={**os.environ, **apoa.environ, "FAILING_CALL": str(failing_call)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_no_fault_prints_its_text(away: Apoa) -> None:
    """An exception in any function, from the first to the last that is called, is shown without its text."""
    calls = int(run_until(away, 0).stdout.splitlines()[-1])
    for failing_call in (3, 4, 6, 10, calls // 2, calls - 4, calls - 1, calls):
        done = run_until(away, failing_call)
        assert "Traceback" not in done.stderr, failing_call
        assert SECRET not in done.stdout + done.stderr, failing_call
