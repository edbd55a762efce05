"""The checks run one after another: none stops the others, and none takes longer than it may."""

import threading
from collections.abc import Callable

import pytest
from basics import PERSONAL

from apoa_client.doctor.results import (
    Check,
    CheckResult,
    Finding,
    Group,
    Result,
    failed,
    ok,
    run_checks,
    skipped,
    warning,
)
from apoa_client.errors import AccountSuspended, ApoaError, Exit, Offline, StorageProblem, WrongPassword
from apoa_client.messages import msg

FINE = ok(msg("Fine."))


def check(name: str, run: Callable[[], Finding], *needs: str, **more: object) -> Check:
    return Check(name, Group.COMPUTER, run, needs)._replace(**more)  # type: ignore[arg-type]  # any field


def raising(error: Exception) -> Callable[[], Finding]:
    def run() -> Finding:
        raise error

    return run


def only(results: list[CheckResult]) -> Finding:
    [result] = results
    return result.finding


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageProblem(msg("Full.")), Exit.SETTINGS),
        (WrongPassword(msg("Wrong.")), Exit.CREDENTIALS),
        (AccountSuspended(msg("Suspended.")), Exit.CREDENTIALS),
        (Offline(msg("Offline.")), Exit.NOT_NOW),
    ],
)
def test_an_error_is_a_failure_with_its_exit_code(error: ApoaError, code: Exit) -> None:
    """What a check raises is its result, with the error's own words; a refused account counts as credentials."""
    found = only(run_checks([check("one", raising(error))]))
    assert found == Finding(Result.FAILED, error.message, error.advice, code)


def test_a_bug_stops_no_other_check() -> None:
    """Only its class is shown: the text of an exception may be a guest's data."""
    first, second = run_checks([check("one", raising(ValueError(PERSONAL[0]))), check("two", lambda: FINE)])
    assert first.finding.result is Result.FAILED
    assert first.finding.message.render() == "The check itself failed (ValueError)."
    assert second.finding == FINE


@pytest.mark.parametrize("cause", [failed(msg("Broken."), None), skipped(msg("The settings cannot be used."))])
def test_what_needs_it_is_skipped_with_the_reason(cause: Finding) -> None:
    """Of a failure the reason is that of the check, and it is handed on to what needs the skipped ones."""
    started: list[str] = []
    checks = [
        check("settings", lambda: cause, reason=msg("The settings cannot be used.")),
        check("outbox", lambda: FINE, "settings", reason=msg("The outbox cannot be used.")),
        check("drafts", lambda: FINE, "outbox"),
        check("disk", lambda: FINE),
    ]
    results = run_checks(checks, lambda each: started.append(each.name))
    why = skipped(msg("The settings cannot be used."))
    assert [each.finding for each in results] == [cause, why, why, FINE]
    assert started == ["settings", "disk"]


def test_what_is_not_essential_is_a_warning() -> None:
    """Whatever it raises: reports can be saved and sent all the same, and what needs it runs."""
    checks = [check("one", raising(ValueError()), essential=False), check("two", lambda: FINE, "one")]
    first, second = run_checks(checks)
    assert (first.finding.result, first.finding.exit_code) == (Result.WARNING, Exit.DONE)
    assert second.finding == FINE


def test_a_warning_holds_nothing_up() -> None:
    """What needs a check with a warning runs."""
    results = run_checks([check("one", lambda: warning(msg("Old."), None)), check("two", lambda: FINE, "one")])
    assert results[1].finding == FINE


def test_a_check_that_hangs_is_ended() -> None:
    """After its time it has failed, with the exit code that it was given."""
    never = threading.Event()

    def hang() -> Finding:
        never.wait(10)
        return FINE

    found = only(run_checks([check("line", hang, limit_s=0.01, exit_code=Exit.NOT_NOW)]))
    never.set()
    assert (found.result, found.exit_code) == (Result.FAILED, Exit.NOT_NOW)
