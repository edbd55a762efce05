"""When guests' data are erased: a stay whose retention period is over, once a day, or one stay at the guest's request.

The period is the setting `retention_days`. How data are erased is in the outbox (`Eraser`).
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from apoa_client.messages import msg
from apoa_client.outbox.locking import exclusive
from apoa_client.ports import Clock, Erasure

if TYPE_CHECKING:
    from apoa_client.outbox.interface import Outbox

_LOCK_WAIT_S = 10


class Retention:
    """Erases data from one outbox; `retention_days` are counted from the end of a stay."""

    def __init__(self, outbox: "Outbox", clock: Clock, retention_days: int) -> None:
        self._outbox = outbox
        self._clock = clock
        self._retention_days = retention_days

    def cutoff(self) -> datetime:
        """Return the time before which a stay must have ended to be erased now.

        If this computer's clock is ahead of the authority's, the authority's time counts.
        """
        now = self._clock.now()
        skew = self._outbox.summary(now=now, soon=now).clock_skew or timedelta()
        return now + min(skew, timedelta()) - timedelta(days=self._retention_days)

    def purge(self, *, dry_run: bool = False) -> Erasure:
        """Erase the guests' data of every stay that ended before the cutoff."""
        return self._outbox.eraser.finished(self.cutoff(), dry_run=dry_run)

    def purge_daily(self) -> None:
        """Erase as `purge` does, unless that was done within the last 24 hours."""
        last, now = self._outbox.eraser.last(), self._clock.now()
        if last is None or not last <= now < last + timedelta(days=1):
            self.purge()

    def purge_stay(self, stay_id: str, *, force: bool, dry_run: bool = False) -> Erasure:
        """Erase one stay now. `force` also withdraws and erases its undelivered reports.

        Holds the delivery lock, so that nothing is sent meanwhile. Raises `DataRefused` for an undelivered report
        without `force`, and `NotNow` if another process does not release the lock within 10 seconds.
        """
        with exclusive(
            self._outbox.delivery_lock(_LOCK_WAIT_S), msg("Nothing was erased. Wait a minute, then try again.")
        ):
            return self._outbox.eraser.stay(stay_id, force=force, dry_run=dry_run)
