"""The authority's own copy of a receipt, asked for with the same manners as a delivery has.

An account that was refused is not tried again, and a pause that the authority asked for is kept: a person who asks for
proof ten times must not lock the account.
"""

from collections.abc import Callable
from datetime import UTC

from apoa_client.delivery import plan
from apoa_client.errors import ApoaError
from apoa_client.ports import Authority, Clock, Outbox, Suspension


def receipt_pdf(
    outbox: Outbox, connect: Callable[[], Authority], clock: Clock, settings: str, report_id: str
) -> bytes | None:
    """The authority's PDF of a report's receipt; None where it has none. Raises what the call raises.

    `settings` is their fingerprint, as for a delivery: a stop holds until they change.
    """
    now = clock.now().astimezone(UTC)
    summary = outbox.summary(now=now, soon=now)
    if summary.stop is not None and summary.stop.settings == settings:
        raise plan.stopped(summary.stop)
    held = plan.held(summary.hold_until, now)
    if held is not None:
        raise held
    try:
        return connect().receipt_pdf(report_id)
    except ApoaError as exc:
        if plan.suspends_sending(exc):
            outbox.stop(Suspension(exc.name, now, settings))
        until = plan.wait_asked_for(exc, now)
        if until is not None:
            outbox.hold(until)
        raise
