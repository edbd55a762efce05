"""Which stays in the outbox of a real property are practice: with version 0.1.0 it could practise before it was real.

Only a set-up changes whether a property practises. So a stay is practice for certain if each of its receipts is one of
the training authority, and all that was done with it was done between two set-ups.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from bisect import bisect
from typing import TYPE_CHECKING

from apoa_client.outbox.sql.queries import TRAINED

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database

_UNTESTED = "untested"
"""The detail of a set-up for reports by hand, or without a connection: that of practice was always tested."""
_TRAINED_STAYS = f"SELECT stay_id FROM reports WHERE {TRAINED}"  # noqa: S608  constants
_SET_UPS = "SELECT n, detail FROM audit WHERE action = 'set_up' ORDER BY n"
# An erasure, and a user who takes a report as it is, do not say who had it.
_STAYS = f"""
    SELECT stay_id, count(receipt_number), sum(CASE WHEN {TRAINED} THEN 1 ELSE 0 END), count(content),
        min(CASE WHEN action = 'saved' THEN n END), max(n)
    FROM reports LEFT JOIN audit ON report = id AND action NOT IN ('erased', 'vouched')
    GROUP BY stay_id ORDER BY min(seq)
"""  # noqa: S608  constants


def trained_stays(db: Database) -> frozenset[str]:
    """Return the stays with a receipt of the training authority. Raises `StorageProblem`."""
    with db.read_errors():
        return frozenset(str(stay) for (stay,) in db.execute(_TRAINED_STAYS).fetchall())


def was_real(db: Database) -> bool:
    """Return whether this property, which practises, was set up for reports by hand before. Raises `StorageProblem`."""
    with db.read_errors():
        return any(detail == _UNTESTED for _n, detail in db.execute(_SET_UPS).fetchall())


def stays_of_practice(db: Database) -> tuple[list[str], list[str]]:
    """Return the stays that are practice for certain, and those in doubt. Raises `StorageProblem`.

    All reports and their events are read. A stay without any receipt is in doubt if it was saved before the last
    set-up, and after a tested one.
    """
    with db.read_errors(), db.snapshot():
        set_ups, details = zip((-1, None), *db.execute(_SET_UPS).fetchall(), strict=True)
        stays = db.execute(_STAYS).fetchall()
    certain, doubtful = list[str](), list[str]()
    for stay, receipts, trained, readable, first, last in stays:
        period = None if first is None else bisect(set_ups, first)  # None: a restore took it over
        is_tested = period is not None and details[period - 1] != _UNTESTED
        if period == len(set_ups) or not (trained or (is_tested and not receipts)):
            continue
        in_one_period = period is not None and period == bisect(set_ups, last)
        if trained and receipts == trained and (in_one_period or not readable):
            certain.append(str(stay))
        elif readable:  # what is erased cannot be shown to a user, and is not sent; a real receipt of it stays
            doubtful.append(str(stay))
    return certain, doubtful
