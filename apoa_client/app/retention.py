"""When guests' data are erased: a stay whose retention period is over, once a day, or one stay at the guest's request.

The period is the setting `retention_days`. How data are erased is in the outbox (`Eraser`).

A clock that is wrong must not erase the data of guests in house. So data are erased by age only if the date is
confirmed: by the authority's time within a day, unless that is more than a year off; without an authority, by a clock
that has run without a jump since it was last found right; or else by a user.
"""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from apoa_client.errors import ApoaError, NotNow, SettingsProblem
from apoa_client.messages import day_message, msg
from apoa_client.outbox.sql.metadata import LAST_PURGE, PURGE_SKIPPED
from apoa_client.ports.run import Clock
from apoa_client.ports.state import Erasure
from apoa_client.report.kinds import MAX_BELIEVED_SKEW

if TYPE_CHECKING:
    from apoa_client.app.property_stores import OutboxOpener
    from apoa_client.desk.stay_history import StayHistory
    from apoa_client.outbox.sql.store import Outbox

_log = logging.getLogger(__name__)

_DAY = timedelta(days=1)
_RECORD_AFTER = timedelta(hours=1)
"""How old a check of the clock must be to be recorded again."""


class DateNotConfirmed(NotNow):
    """Nothing was erased, because nothing confirms this computer's date."""

    name = "date_not_confirmed"

    def __init__(self, today: date) -> None:
        super().__init__(
            msg(
                "Old guest data were not erased: nothing confirms this computer's date, {day}.", day=day_message(today)
            ),
            msg("If the date is right, run: apoa purge --today {date}. If not, set the clock.", date=str(today)),
        )


@dataclass(repr=False)
class Retention:
    """Erases data from one outbox; `retention_days` are counted from the end of a stay.

    `ask_authority` asks the authority for its time and records it, or raises an `ApoaError`; None without an authority.
    `today` returns the date by this computer's clock, in the property's zone. `opener` opens this computer's own file
    beside a shared outbox, which may have reports from before, and removes what a move has left here.
    """

    _outbox: "Outbox"
    _clock: Clock
    _retention_days: int
    _today: Callable[[], date]
    _ask_authority: Callable[[], None] | None
    _opener: "OutboxOpener"
    asked_authority: bool = False
    """Whether the authority was asked for its time."""

    def cutoff(self) -> datetime:
        """Return the time before which a stay must have ended to be erased now.

        If this computer's clock is ahead of the authority's, the authority's time counts.
        """
        return self._cutoff_at(self._earlier_now())

    def _cutoff_at(self, now: datetime) -> datetime:
        return now - timedelta(days=self._retention_days)

    def _earlier_now(self) -> datetime:
        """Return the time by this computer's clock or by the authority's, whichever is earlier.

        An authority's clock that is years off does not count: it would keep guests' data for as long.
        """
        now = self._clock.now()
        skew = self._outbox.summary(now=now, soon=now).clock_skew or timedelta()
        return now + min(skew, timedelta()) if abs(skew) <= MAX_BELIEVED_SKEW else now

    def needs_date(self) -> bool:
        """Return whether data would be erased now and nothing confirms the date; asks the authority, at most once."""
        return self._is_due() and not self._is_confirmed() and self._is_due()  # by the authority's time it may not be

    def _is_confirmed(self) -> bool:
        """Return whether the date is confirmed; asks the authority, at most once."""
        if self._check_clock():
            return True
        if self._ask_authority is None or self.asked_authority:
            return False
        self.asked_authority = True
        try:
            self._ask_authority()
        except ApoaError as exc:
            _log.info("the authority did not give the time: %s", exc.name)
        return self._check_clock()

    def _is_due(self) -> bool:
        now = self._earlier_now()
        return self._outbox.eraser.is_due(self._cutoff_at(now), now)

    def _check_clock(self) -> bool:
        """Return whether the date is confirmed. Without an authority, record it too, so that the clock may run on."""
        now = self._clock.now()
        checked_at = self._outbox.clock_checked_at(now)
        if checked_at is None:
            return False
        if self._ask_authority is not None:
            return now - checked_at <= _DAY
        if now - checked_at > _RECORD_AFTER:
            self._outbox.record_clock_check(now)
        return True

    def confirm_date(self) -> None:
        """Record that a user has confirmed this computer's date."""
        self._outbox.record_clock_check(self._clock.now())
        self._outbox.record_event("date_confirmed")

    def purge(self, *, dry_run: bool = False) -> Erasure:
        """Erase the guests' data of every stay that ended before the cutoff. Raises `DateNotConfirmed`."""
        if not dry_run and self.needs_date():
            raise DateNotConfirmed(self._today())
        now = self._earlier_now()
        erased = self._outbox.eraser.finished(self._cutoff_at(now), now, dry_run=dry_run)
        if not dry_run and self._opener.has_file_beside_shared and self._is_confirmed():
            self._purge_file_beside_shared()
        return erased

    def _purge_file_beside_shared(self) -> None:
        """Erase what is due in this computer's file beside a shared outbox, unless that was done within a day."""
        now = self._earlier_now()
        own_file = self._opener.file_beside_shared()
        if own_file is not None:
            with closing(own_file):
                if not _is_within_a_day(own_file.value(LAST_PURGE), now):
                    own_file.eraser.finished(self._cutoff_at(now), now, dry_run=False)

    def purge_daily(self) -> DateNotConfirmed | None:
        """Erase as `purge` does, unless that was done within the last 24 hours.

        Returns why nothing was erased, at most once in 24 hours.
        """
        now = self._clock.now()
        if self._ask_authority is None:
            self._check_clock()  # each run shows that the clock has not jumped
        if _is_within_a_day(self._outbox.value(LAST_PURGE), now):  # which may have been at another desk
            if self._opener.has_file_beside_shared and self._check_clock():
                self._purge_file_beside_shared()
            return None
        try:
            self.purge()
        except DateNotConfirmed as exc:
            if _is_within_a_day(self._outbox.summary(now=now, soon=now).purge_skipped_at, now):
                return None
            self._outbox.record(PURGE_SKIPPED, now)
            return exc
        return None

    def purge_stay(self, stay: "StayHistory", *, dry_run: bool = False) -> Erasure:
        """Erase one stay now. Raises `SettingsProblem` if a check-out or another report of it is still to be delivered.

        Without the data no check-out could be reported. A change that another desk saves meanwhile is an open report,
        so that nothing is erased.
        """
        if stay.in_house and stay.display_report.erased_at is None:
            short = stay.shown_id
            raise SettingsProblem(
                msg("The guest's check-out is not reported yet: it needs these data. Nothing was erased."),
                msg("First: apoa checkout {id}. If the guest never came: apoa cancel {id}. Then erase.", id=short),
                name="in_house",
            )
        return self._outbox.eraser.stay(stay.stay_id, dry_run=dry_run)


def _is_within_a_day(last: datetime | None, now: datetime) -> bool:
    """Whether something was done within the last 24 hours. A clock that was set back leaves that in doubt."""
    return last is not None and last <= now < last + _DAY
