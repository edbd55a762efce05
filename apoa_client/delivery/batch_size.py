"""How many reports go into one call: what the authority allows, and less after a call that was too large. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from apoa_client.delivery.plan import SMALL_BATCH, count_fitting, is_ahead
from apoa_client.errors import ApoaError, NotTheAuthority, TimedOut, TooLarge
from apoa_client.ports.authority import Meta
from apoa_client.ports.state import LearnedBatchSize

MOST = 1000
"""The contract allows no larger batch."""

FIRST_BYTES = 64 * 1024
"""Bytes of the first batch on the line, whose speed is not known yet: 4 s at 128 kbit/s, for about 500 reports."""
_GZIP_RATIO = 6
"""Reports are so many times smaller when they are compressed together."""

_GROWTH = 4
LONGEST_CALL_S = 45.0
"""A batch does not grow so far that its call would take longer, at the speed of the last one: time-outs come later."""

LIMIT_HOLDS = timedelta(days=1)
"""How long a size that failed is not tried again, so that a slow line does not time out in each run."""


class BatchSize:
    """The batch size of one run.

    `settings` is the fingerprint of the property's settings: what was learned about another authority does not count.
    A run `in_hurry`, whose time is limited, begins with a small batch, because a guest may wait for its answer. Its
    time-outs are short, so what it learns is not remembered.
    """

    def __init__(self, settings: str, *, in_hurry: bool = False) -> None:
        self._settings = settings
        self._learns = not in_hurry
        self._learned: LearnedBatchSize | None = None
        self._recorded: LearnedBatchSize | None = None
        self._proved: LearnedBatchSize | None = None
        """What was learned when a call last worked, in this run or before."""
        self._allowed = MOST
        self._max_bytes = self._first_bytes = FIRST_BYTES
        self._limit = MOST
        """Half of the smallest batch that failed."""
        self._limited_until: datetime | None = None
        self._any_worked = False
        self._too_large = False
        """Whether the last call failed, as far as is known, because of its size."""
        self._current = SMALL_BATCH if in_hurry else MOST

    @property
    def current(self) -> int:
        """How many reports the next call may have."""
        return max(min(self._current, self._limit, self._allowed), 1)

    @property
    def for_suspects(self) -> int:
        """As `current`, for reports that were in a failed call: small until a call of this run has worked."""
        return self.current if self._any_worked else min(self.current, SMALL_BATCH)

    def to_record(self) -> LearnedBatchSize | None:
        """Return what later runs should know; None if that has not changed since the last call of this."""
        if self._learned == self._recorded:
            return None
        self._recorded = self._learned
        return self._learned

    def recall(self, remembered: LearnedBatchSize | None, now: datetime) -> None:
        """Begin with what earlier runs learned."""
        if remembered is None or remembered.settings != self._settings:
            return
        self._learned = self._recorded = self._proved = remembered
        self._current = min(self._current, remembered.size)
        if is_ahead(remembered.limited_until, now, LIMIT_HOLDS):
            self._limit, self._limited_until = remembered.size, remembered.limited_until

    def allow(self, meta: Meta) -> None:
        """Keep the authority's limits from now on."""
        self._allowed, self._max_bytes = meta.max_batch, meta.max_body_bytes
        self._first_bytes = min(FIRST_BYTES * (_GZIP_RATIO if meta.accepts_gzip else 1), meta.max_body_bytes)

    def count_fitting(self, bodies: Sequence[bytes]) -> int:
        """Return how many of these reports go into the next call, by their bytes; at least 1."""
        if self._any_worked:
            return count_fitting(bodies, self._max_bytes)
        count = count_fitting(bodies, self._first_bytes)
        if count < len(bodies):
            self._current = count
        return count

    def worked(self, sent: int, seconds: float, now: datetime) -> None:
        """Learn from a call that was answered after so many seconds: after a full batch, the next one may be larger."""
        if self._too_large:  # and smaller it works: so the size was the cause
            self._limited_until = now + LIMIT_HOLDS
        full = sent >= self.current
        if full:
            fitting = int(sent * LONGEST_CALL_S / seconds) if seconds > 0 else sent * _GROWTH
            self._current = max(min(sent * _GROWTH, fitting), sent)
        if (full and self._learned is not None) or self._too_large:
            self._learn()
        self._proved = self._learned
        self._any_worked, self._too_large = True, False

    def failed(self, sent: int, error: ApoaError) -> bool:
        """Learn from a call that failed. Returns whether to try again at once with what is `current` then.

        `NotTheAuthority` stands for an answer of the authority that cannot be read. If nothing was answered in this
        run, the speed of the line is not known.
        """
        if not isinstance(error, TooLarge | TimedOut | NotTheAuthority) or sent <= 1:
            return False
        self._current = self._limit = sent // 2
        if isinstance(error, NotTheAuthority):
            self._learns = False  # the cause is a report, and not the size
        else:
            self._too_large = True
        if isinstance(error, TimedOut) and not self._any_worked:
            self._current = min(self._current, SMALL_BATCH)
        self._learn()
        return True

    def isolated(self) -> None:
        """Begin again with one report: a single one, and not the size of the batch, was the cause of the failures."""
        self._current, self._limit, self._too_large = 1, MOST, False
        if self._learned != self._proved:
            self._learned = self._proved or LearnedBatchSize(MOST, self._settings)
        self._learns = False

    def _learn(self) -> None:
        if self._learns:
            self._learned = LearnedBatchSize(self.current, self._settings, self._limited_until)
