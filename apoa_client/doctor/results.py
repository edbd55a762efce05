"""A check of the installation, its result, and how checks are run one after the other.

Each check names one thing, and the one command that corrects it. No check stops the others, and none takes longer than
it may.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from apoa_client.errors import ApoaError, Exit
from apoa_client.messages import Message, msg, nmsg
from apoa_client.processes import call_with_timeout


class Result(StrEnum):
    """What a check found. Only `FAILED` means that reports cannot be saved or sent."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Group(StrEnum):
    """What a check is about, in the order in which they are shown."""

    SETTINGS = "settings"
    KEYS = "keys"
    REPORTS = "reports"
    AUTOMATIC = "automatic"
    AUTHORITY = "authority"
    COMPUTER = "computer"


class Finding(NamedTuple):
    """The result of one check, without its name. `exit_code` is the exit code if it failed."""

    result: Result
    message: Message
    advice: Message | None = None
    exit_code: Exit = Exit.DONE
    stops: bool = False
    """Whether what needs the check is skipped, although it did not fail."""


class Check(NamedTuple):
    """One check, which need not have run yet.

    `needs` are the names of earlier checks without which it is skipped. `reason` says, for those that need this one,
    why they were skipped. `limit_s` is the time after which it has failed: it then runs in a thread of its own, and
    must not use the outbox, which belongs to one thread. `exit_code` is for a failure that brings no exit code.
    What is wrong with one that is not `essential` is a warning: reports can be saved and sent all the same.
    """

    name: str
    group: Group
    run: Callable[[], Finding]
    needs: tuple[str, ...] = ()
    reason: Message | None = None
    limit_s: float | None = None
    exit_code: Exit = Exit.SETTINGS
    essential: bool = True


class CheckResult(NamedTuple):
    """A check that has run, or was skipped."""

    name: str
    group: Group
    finding: Finding

    @property
    def result(self) -> Result:
        """What it found."""
        return self.finding.result


def ok(message: Message) -> Finding:
    """Return that all is as it should be."""
    return Finding(Result.OK, message)


def warning(message: Message, advice: Message | None) -> Finding:
    """Return that a person should act, although reports can be saved and sent."""
    return Finding(Result.WARNING, message, advice)


def skipped(reason: Message) -> Finding:
    """Return that the check does not apply, or cannot be made."""
    return Finding(Result.SKIPPED, reason)


def failed(message: Message, advice: Message | None, exit_code: Exit = Exit.SETTINGS) -> Finding:
    """Return that reports cannot be saved or sent."""
    return Finding(Result.FAILED, message, advice, exit_code)


def failed_with(error: ApoaError, advice: Message | None = None) -> Finding:
    """Return the failure that an error stands for, with other advice if it is given."""
    code = error.exit_code if error.exit_code in _EXIT_CODES else _OTHER_CODES.get(error.exit_code, Exit.SETTINGS)
    return failed(error.message, advice or error.advice, code)


_EXIT_CODES = frozenset({Exit.SETTINGS, Exit.CREDENTIALS, Exit.NOT_NOW})
"""The exit codes that a failed check has."""
_OTHER_CODES = {Exit.AUTHORITY_REFUSES: Exit.CREDENTIALS}
"""An authority that refuses refuses the account."""


def run_checks(checks: Iterable[Check], on_start: Callable[[Check], object] = lambda _check: None) -> list[CheckResult]:
    """Run the checks in their order and return their results. `on_start` is called before each that runs.

    A check is skipped, with the reason, if one that it needs has failed or was skipped, or says so.
    """
    results: list[CheckResult] = []
    unusable: dict[str, Finding] = {}
    for check in checks:
        missing = next((unusable[name] for name in check.needs if name in unusable), None)
        if missing is None:
            on_start(check)
            finding = _run(check)
            if finding.result is Result.FAILED and not check.essential:
                finding = warning(finding.message, finding.advice)
        else:
            finding = missing
        if finding.result is Result.SKIPPED:
            unusable[check.name] = finding
        elif finding.result is Result.FAILED or finding.stops:
            unusable[check.name] = skipped(check.reason or finding.message)
        results.append(CheckResult(check.name, check.group, finding))
    return results


def _run(check: Check) -> Finding:
    """Return the result of one check. What it raises is a failure, and no text of an exception is shown."""
    try:
        return check.run() if check.limit_s is None else call_with_timeout(check.limit_s, check.run)
    except ApoaError as exc:
        return failed_with(exc)
    except TimeoutError:
        seconds = round(check.limit_s or 0)
        return failed(
            nmsg("It did not answer within {count} second.", "It did not answer within {count} seconds.", seconds),
            msg("Try again in a minute: apoa doctor"),
            check.exit_code,
        )
    except Exception as exc:  # noqa: BLE001  a check that fails is a result
        return failed(
            msg("The check itself failed ({error}).", error=type(exc).__name__),
            msg("Please send a support file to the maintainers of apoa-client: apoa doctor --report FILE"),
            check.exit_code,
        )
