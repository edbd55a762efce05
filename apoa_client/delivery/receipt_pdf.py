"""Fetches the authority's own PDF of a receipt, under the same rules as a delivery.

While sending is suspended or the authority asked us to wait, no call is made: a user who repeats the command must not
lock the account.
"""

from collections.abc import Callable
from datetime import UTC

from apoa_client.delivery import plan
from apoa_client.errors import ApoaError
from apoa_client.ports import Authority, Clock, DeliveryState, Suspension


def receipt_pdf(
    outbox: DeliveryState, connect: Callable[[], Authority], clock: Clock, settings: str, report_id: str
) -> bytes | None:
    """The authority's PDF of a report's receipt; None where it has none. Raises the error of the call.

    `settings` is the fingerprint of the property's settings: a suspension holds until it changes.
    """
    now = clock.now().astimezone(UTC)
    summary = outbox.summary(now=now, soon=now)
    if summary.suspension is not None and summary.suspension.settings == settings:
        raise plan.suspension_error(summary.suspension)
    hold = plan.hold_error(summary.hold_until, now)
    if hold is not None:
        raise hold
    try:
        return connect().receipt_pdf(report_id)
    except ApoaError as exc:
        if plan.suspends_sending(exc):
            outbox.set_suspension(Suspension(exc.name, now, settings))
        until = plan.hold_after(exc, now)
        if until is not None:
            outbox.hold(until)
        raise
