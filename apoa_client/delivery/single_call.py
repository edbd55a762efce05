"""Calls to the authority outside a delivery run, under the same rules.

While sending is suspended or the authority asked us to wait, no call is made: a user who repeats the command must not
lock the account.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from apoa_client.delivery import plan
from apoa_client.errors import ApoaError, CallRefused
from apoa_client.ports.authority import Authority, AuthorityIdentity, Meta, Verdict
from apoa_client.ports.clock import Clock
from apoa_client.ports.outbox import DeliveryState
from apoa_client.ports.state import Suspension
from apoa_client.report.codes import CodeTable

T = TypeVar("T")


def remember(outbox: DeliveryState, error: ApoaError, now: datetime, settings: str) -> None:
    """Record what applies to later calls too: a suspension, or the time to wait."""
    if plan.suspends_sending(error):
        outbox.set_suspension(Suspension(error.name, now, settings))
    until = plan.hold_after(error, now)
    if until is not None:
        outbox.hold(until)


def receipt_pdf(
    outbox: DeliveryState, connect: Callable[[], Authority], clock: Clock, settings: str, report_id: str
) -> bytes | None:
    """The authority's PDF of a report's receipt; None where it has none. Raises the error of the call.

    `settings` is the fingerprint of the property's settings: a suspension holds until it changes.
    """
    return _call(outbox, connect, clock, settings, lambda authority: authority.receipt_pdf(report_id))


def ask_of_a_day(
    outbox: DeliveryState,
    connect: Callable[[], Authority],
    clock: Clock,
    settings: str,
    expected: AuthorityIdentity,
    ask: Callable[[Authority], T | None],
) -> T | None:
    """What `ask` gets from an authority with receipts for whole days; None where it has none. Raises the call's error.

    Another authority than `expected` raises an error too.
    """

    def call(authority: Authority) -> T | None:
        return ask(authority) if _expected_meta(authority, expected).daily_receipts else None

    return _call(outbox, connect, clock, settings, call)


def validate(
    outbox: DeliveryState,
    connect: Callable[[], Authority],
    clock: Clock,
    settings: str,
    expected: AuthorityIdentity,
    bodies: Sequence[tuple[str, bytes]],
) -> list[Verdict]:
    """What the authority would say about reports, each an id and its JSON bytes. Raises the error of the call.

    No report goes to another authority than `expected`, which raises an error too. Nothing is stored.
    """

    def call(authority: Authority) -> list[Verdict]:
        most = _expected_meta(authority, expected).max_batch
        batches = [bodies[at : at + most] for at in range(0, len(bodies), most)]
        return [verdict for batch in batches for verdict in authority.validate(batch)]

    return _call(outbox, connect, clock, settings, call)


def code_table(
    outbox: DeliveryState,
    connect: Callable[[], Authority],
    clock: Clock,
    settings: str,
    name: str,
    kept: CodeTable | None,
) -> CodeTable | None:
    """A code table of the authority: the one that is `kept` where it is still current. Raises the error of the call.

    None where the authority does not have this table.
    """
    etag = kept.etag if kept is not None else None
    try:
        return _call(outbox, connect, clock, settings, lambda authority: authority.codes(name, etag)) or kept
    except CallRefused:
        return None


def ask_meta(outbox: DeliveryState, connect: Callable[[], Authority], clock: Clock, settings: str) -> Meta:
    """Ask the authority what it is, which also tests the account. Raises the error of the call."""
    return _call(outbox, connect, clock, settings, lambda authority: authority.meta())


def record_authority_time(
    outbox: DeliveryState, connect: Callable[[], Authority], clock: Clock, settings: str, expected: AuthorityIdentity
) -> None:
    """Ask the authority for its time, and record the contact. Raises the error of the call.

    Another authority than `expected` raises an error too: its time does not count.
    """
    meta = ask_meta(outbox, connect, clock, settings)
    mismatch = plan.identity_error(expected, meta.identity)
    if mismatch is not None:
        raise mismatch
    outbox.record_contact(clock.now(), meta.server_time)


def _expected_meta(authority: Authority, expected: AuthorityIdentity) -> Meta:
    """What the authority is. Raises `SettingsProblem` for another one than `expected`."""
    meta = authority.meta()
    mismatch = plan.identity_error(expected, meta.identity)
    if mismatch is not None:
        raise mismatch
    return meta


def _call(
    outbox: DeliveryState,
    connect: Callable[[], Authority],
    clock: Clock,
    settings: str,
    call: Callable[[Authority], T],
) -> T:
    now = clock.now().astimezone(UTC)
    forbidden = plan.forbidden_call(outbox.restrictions(), settings, now)
    if forbidden is not None:
        raise forbidden
    try:
        return call(connect())
    except ApoaError as exc:
        remember(outbox, exc, now, settings)
        raise
