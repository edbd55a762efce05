"""Asking the authority for its time, where nothing is sent."""

from collections.abc import Callable

from apoa_client.delivery import plan
from apoa_client.errors import ApoaError
from apoa_client.ports import Authority, AuthorityIdentity, Clock, DeliveryState, Suspension


def record_authority_time(
    outbox: DeliveryState, connect: Callable[[], Authority], clock: Clock, settings: str, expected: AuthorityIdentity
) -> None:
    """Ask the authority for its time, and record the contact.

    `settings` is the fingerprint of the property's settings, and `expected` is the authority that they are for: another
    one's time does not count. A suspension and a time to wait are respected, and
    recorded if the authority asks for one. Raises the error of the call, or the one for which no call is made.
    """
    now = clock.now()
    summary = outbox.summary(now=now, soon=now)
    if summary.suspension is not None and summary.suspension.settings == settings:
        raise plan.suspension_error(summary.suspension)
    hold = plan.hold_error(summary.hold_until, now)
    if hold is not None:
        raise hold
    try:
        meta = connect().meta()
    except ApoaError as exc:
        if plan.suspends_sending(exc):
            outbox.set_suspension(Suspension(exc.name, now, settings))
        until = plan.hold_after(exc, now)
        if until is not None:
            outbox.hold(until)
        raise
    mismatch = plan.identity_error(expected, meta.identity)
    if mismatch is not None:
        raise mismatch
    outbox.record_contact(clock.now(), meta.server_time)
