"""The checks, in the order of their modules. Each makes its own reports, so that none depends on another."""

from apoa_client.conformance.check import Check
from apoa_client.conformance.checks import closing, limits, receipts, reports, session, stays

OPENING = (session.token, session.meta)
"""The checks that all others need."""

LAST = closing.cancelled
"""Runs whatever happens before it."""

CHECKS = tuple(
    each
    for module in (session, reports, stays, limits, receipts, closing)
    for found in vars(module).values()
    for each in (found if isinstance(found, tuple) else (found,))
    if isinstance(each, Check) and each not in {*OPENING, LAST}
)
"""All others."""
