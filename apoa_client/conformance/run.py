"""Runs the checks against one server, and cancels what they leave."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from apoa_client.authority.address import Timeouts, check_base_url
from apoa_client.authority.transport import Transport
from apoa_client.conformance.check import Check, CheckResult, Context, Result
from apoa_client.conformance.checks import CHECKS, LAST, OPENING
from apoa_client.conformance.exchange import Connection, Failed, NoAnswer, Skipped
from apoa_client.conformance.server import Pause, Server
from apoa_client.errors import SettingsProblem, UsageProblem
from apoa_client.messages import Message, msg
from apoa_client.ports.run import Interruptions

Observer = Callable[[CheckResult], object]

_UNANSWERED_IN_SUCCESSION = 3
"""After so many checks without an answer the server is taken for unreachable, and the rest is skipped."""


@contextmanager
def open_server(
    url: str,
    accounts: Iterable[tuple[str, str]],
    *,
    user_agent: str,
    pause: Pause,
    monotonic: Callable[[], float],
) -> Iterator[list[Server]]:
    """Yield the server at a base URL with each account, a username and a password.

    Raises `UsageProblem` for another address.
    """
    try:
        base_url = check_base_url(url)
    except SettingsProblem as exc:
        raise UsageProblem(exc.message, msg("Name the address of the server, like https://host/path/v1")) from None
    transport = Transport(
        base_url,
        user_agent=user_agent,
        timeouts=Timeouts(),
        time_left=None,
        ca_bundle=None,
        monotonic=monotonic,
    )
    try:
        connection = Connection(transport, monotonic)
        yield [Server(connection, username, password, pause) for username, password in accounts]
    finally:
        transport.close()


def run_checks(
    context: Context,
    interruptions: Interruptions,
    observe: Observer = lambda _result: None,
    checks: Iterable[Check] = CHECKS,
) -> list[CheckResult]:
    """Run the checks in their order, cancel the test reports, and return all results. `observe` gets each at once.

    Raises `UsageProblem` for a production server, before any report is sent, and an `ApoaError` if the server cannot be
    reached or refuses the account. The reports are cancelled after Ctrl-C, too.
    """
    results: list[CheckResult] = []

    def add(result: CheckResult) -> None:
        same = (each.id for each in results if each.result is result.result and each.cause == result.cause)
        results.append(replace(result, same_as=next(same, None)) if result.result is Result.FAILED else result)
        observe(results[-1])

    for number, each in enumerate(OPENING, 1):
        add(_result(context, each)[0])
        if results[-1].result is not Result.PASSED:
            for later in (*OPENING[number:], *checks, LAST):
                add(_skipped(later, msg("This needs {check}.", check=each.id)))
            return results
    if context.server.meta["environment"] == "production":
        raise UsageProblem(
            msg("This server says that it is in production. Nothing was tested and no report was sent."),
            msg("Test against a training server, whose GET /meta says: training"),
            name="production_server",
        )
    unanswered = 0
    try:
        for each in checks:
            if unanswered >= _UNANSWERED_IN_SUCCESSION:
                add(_skipped(each, msg("The server no longer answers.")))
                continue
            result, answered = _result(context, each)
            unanswered = 0 if answered else unanswered + 1
            add(result)
    finally:
        with interruptions.delayed():
            add(_result(context, LAST)[0])
    return results


def _result(context: Context, each: Check) -> tuple[CheckResult, bool]:
    """Return the result of a check, and whether the server answered."""
    connection = context.server.connection
    before, result, reason, answered = connection.count, Result.PASSED, None, True
    try:
        each.run(context)
    except Failed as exc:
        result, reason, answered = Result.FAILED, exc.message, not isinstance(exc, NoAnswer)
    except Skipped as exc:
        result, reason = Result.SKIPPED, exc.message
    exchanges = tuple(connection.since(before))
    return CheckResult(each.id, each.title, each.paragraph, result, reason, exchanges), answered


def _skipped(each: Check, reason: Message) -> CheckResult:
    return CheckResult(each.id, each.title, each.paragraph, Result.SKIPPED, reason)
