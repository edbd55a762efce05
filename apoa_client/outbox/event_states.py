"""What an audit event says about the state of its report, and about the numbers of reports.

A report's state must be what its last event about a state says. A claim for sending is recorded only by a process
without the private key, so a report that is being sent counts as queued.
"""

from apoa_client.report.kinds import OPEN_STATES, State

AGAIN = "again"
"""The detail of a receipt number that was typed in place of an earlier one: the report was closed already."""

REPAIRED, REOPENED = "repaired", "reopened"
"""A report's state was set to what the audit trail says; an accepted report was queued to be sent again."""

MOVED_IN, MOVED_OUT = "moved_in", "moved_out"
"""A report was moved into this outbox, or from it into another one of the property. The detail is its state."""

SENDING_EVENTS = ("sending_stopped", "sending_resumed", "asked_to_wait")
"""Why nothing is sent, or until when, changed."""

_QUEUED = frozenset({State.QUEUED.value, State.SENDING.value})
_STATES = {
    **dict.fromkeys(("saved", "queued", "deferred", "sending", REOPENED), _QUEUED),
    "received": frozenset({State.ACCEPTED.value}),
    **{
        state.value: frozenset({state.value})
        for state in (State.PENDING, State.REJECTED, State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN)
    },
}
_STATE_IS_DETAIL = frozenset({"restored", REPAIRED, MOVED_IN})

ACTIONS = frozenset({*_STATES, *_STATE_IS_DETAIL})
"""The actions that say something about a state. Any other event, such as an erasure, leaves it."""

_CLOSING = frozenset({"accepted", "received", "superseded", "withdrawn"})


def states_after(action: str, detail: str | None) -> frozenset[str]:
    """Return the states that a report may have after its last event, whose action is one of `ACTIONS`."""
    if action in _STATE_IS_DETAIL:
        return _QUEUED if detail in _QUEUED else frozenset({detail or ""})
    return _STATES[action]


def counted(action: str, detail: str | None) -> tuple[int, int] | None:
    """Return by how much an event changes the numbers of open reports and of all; None if that cannot be known."""
    if action == "restored":
        return None
    if action == "saved":
        return 1, 1
    if action in {MOVED_IN, MOVED_OUT}:
        sign = 1 if action == MOVED_IN else -1
        return sign * (detail in OPEN_STATES), sign
    if action in _CLOSING and detail != AGAIN:
        return -1, 0
    return (1, 0) if action == REOPENED else (0, 0)
