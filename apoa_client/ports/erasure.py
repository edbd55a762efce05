"""The result of erasing guests' data."""

from collections.abc import Collection
from typing import NamedTuple


class Erasure(NamedTuple):
    """What was erased: the ids of the reports, and the number of stays. Undelivered reports are also withdrawn."""

    reports: Collection[str]
    stays: int
    withdrawn: tuple[str, ...] = ()
    complete: bool = True
    """Whether it is also gone from the database's log, which another process that reads may prevent."""
    drafts: int = 0
    """How many abandoned drafts were erased too."""
    may_have_arrived: tuple[str, ...] = ()
    """Those of `withdrawn` that the authority may have received: their answers were lost or are still to come."""
