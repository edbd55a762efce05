"""The checks, one module a chapter. A check makes its own reports, so that none depends on another one."""

from apoa_client.conformance.check import Check
from apoa_client.conformance.checks import (
    closing,
    codes,
    idempotency,
    limits,
    photos,
    receipts,
    reports,
    requests,
    restart,
    session,
    stays,
)

OPENING: tuple[Check, ...] = session.OPENING
"""The checks that all others need."""
CHECKS: tuple[Check, ...] = (
    *session.CHECKS,
    *codes.CHECKS,
    *reports.CHECKS,
    *requests.CHECKS,
    *idempotency.CHECKS,
    *stays.CHECKS,
    *limits.CHECKS,
    *receipts.CHECKS,
    *photos.CHECKS,
    *restart.CHECKS,
    *closing.CHECKS,
)
"""All others, in their order."""

LAST = closing.cancelled
"""Runs whatever happens before it."""
