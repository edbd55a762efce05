"""How a report's rows here and in a backup become one row, and a stay's reports one order. Pure."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from apoa_client.outbox.rows import COLUMNS, SEALED
from apoa_client.report.kinds import OPEN_STATES, PhotoState, State

Row = Mapping[str, Any]


def merged_order(ours: Sequence[str], theirs: Sequence[str], created_at: Mapping[str, int]) -> list[str]:
    """Return one order of a stay's reports that keeps ours, and theirs as far as possible, and otherwise goes by time.

    `created_at` is milliseconds by id. The order decides what is sent first, and clocks are not always right.
    """
    common = set(ours) & set(theirs)
    left, right = deque(ours), deque(theirs)
    order: dict[str, None] = {}
    while left and right:
        mine, its = left[0], right[0]
        if its in order:
            right.popleft()
        # A report of both sides comes at our position, and after all that the backup has before it.
        elif its not in common and (mine in common or (created_at[its], its) < (created_at[mine], mine)):
            order[right.popleft()] = None
        else:
            order[left.popleft()] = None
    return list(order | dict.fromkeys([*left, *right]))


def merged_row(mine: Row, theirs: Row) -> dict[str, Any]:
    """Return the row that a report has after the merge, from its rows here and in the backup."""
    merged = dict(mine)
    if _progress(theirs) > _progress(mine):
        for column in COLUMNS:
            its = theirs[column.name]
            merged[column.name] = its if column.of_state else column.merged(mine[column.name], its)
    if mine["photo_state"] == PhotoState.KEPT and theirs["photo_state"] is not None:
        merged["photo_state"] = theirs["photo_state"]
    if merged["state"] not in OPEN_STATES and None in {mine["content"], theirs["content"]}:
        merged |= dict.fromkeys(SEALED)
        merged["erased_at"] = theirs["erased_at"] if mine["erased_at"] is None else mine["erased_at"]
    return merged


def _progress(row: Row) -> tuple[bool, int]:
    """Return how far along a report is. A receipt counts most, because only the authority can have given it.

    `superseded` and `withdrawn` are either the end of a rejected report, or a person's decision about a report that had
    not been sent. The authority's answer that it was sent counts for more than such a decision: otherwise its verdict
    is never asked for.
    """
    state = State(row["state"])
    answered = row["errors"] is not None or row["content"] is None
    closed = 4 if answered else 1
    ranks = {
        State.QUEUED: 0,
        State.SENDING: 0,
        State.PENDING: 2,
        State.REJECTED: 3,
        State.SUPERSEDED: closed,
        State.WITHDRAWN: closed,
        State.ACCEPTED: 5,
    }
    return row["receipt_number"] is not None, ranks[state]
