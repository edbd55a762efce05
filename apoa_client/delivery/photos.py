"""Sends the photos that are kept with accepted reports, where the authority wants them (contract: the photo).

They come after all reports of a run, because only reports have a deadline. A photo whose answer was lost goes again:
the authority takes the same photo of a report any number of times.
"""

import logging

from apoa_client.delivery.options import Dependencies, Outcome
from apoa_client.delivery.results import Results
from apoa_client.delivery.run_time import RunTime
from apoa_client.errors import CallRefused, Erased, OutboxDamaged, SealBroken
from apoa_client.ports.authority import Authority
from apoa_client.report.kinds import PhotoState

_log = logging.getLogger(__name__)


class Photos:
    """The photos of one run, counted in `outcome`."""

    def __init__(self, dependencies: Dependencies, results: Results, time: RunTime, outcome: Outcome) -> None:
        self._outbox = dependencies.outbox
        self._results = results
        self._time = time
        self._outcome = outcome

    def are_waiting(self) -> bool:
        """Return whether photos wait for an authority that wanted photos when it last answered."""
        return self._outbox.wants_photos() and next(self._outbox.photos_to_send(), None) is not None

    def send(self, authority: Authority) -> None:
        """Send what waits, as long as there is time. One that cannot be opened is left, and its error deferred.

        Raises the error of a call; a photo that the authority does not take is not sent again.
        """
        for waiting in self._outbox.photos_to_send():
            if self._time.left_s() <= 0:
                self._outcome.time_over = True
                self._outcome.photos_left += 1
                continue
            try:
                photo = self._outbox.photo(waiting.entry)
            except (SealBroken, OutboxDamaged, Erased) as exc:
                self._results.defer(exc)
                continue
            try:
                authority.send_photo(waiting.report_id, photo)
            except CallRefused as exc:
                _log.info("photo of report %s: %s", waiting.report_id, exc.name)
                self._outbox.settle_photo(waiting.entry.id, PhotoState.REFUSED, exc.name)
                self._outcome.photos_refused += 1
            else:
                self._outbox.settle_photo(waiting.entry.id, PhotoState.SENT)
                self._outcome.photos_sent += 1
            self._time.answered()
