"""Runs checks one after the other: none stops the others, and none takes longer than it may."""

from collections.abc import Callable, Iterable

from apoa_client.doctor.results import Check, CheckResult, Finding, Result, failed, failed_with, skipped, warning
from apoa_client.errors import ApoaError
from apoa_client.messages import msg, nmsg
from apoa_client.timeouts import call_with_timeout


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
