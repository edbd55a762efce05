"""Sends the photos that are kept with accepted reports, where the authority wants them (contract: the photo).

They come after all reports of a run, because only reports have a deadline. A photo whose answer was lost goes again:
the authority takes the same photo of a report any number of times.
"""

import logging
from collections.abc import Callable, Iterator
from itertools import islice

from apoa_client.delivery.options import Dependencies, Outcome
from apoa_client.delivery.questions import Questions
from apoa_client.delivery.results import Results
from apoa_client.delivery.run_time import RunTime
from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    CallRefused,
    Erased,
    NotTheAuthority,
    OutboxDamaged,
    SealBroken,
    UnknownOutcome,
)
from apoa_client.messages import msg
from apoa_client.ports.authority import Authority
from apoa_client.ports.entries import PhotoToSend
from apoa_client.report.kinds import PhotoState

_log = logging.getLogger(__name__)

_MAX_FAILED = 3
"""After so many photos in a row that failed the cause is no single photo, and the others wait for a later run."""


class Photos:
    """The photos of one run, counted in `outcome`."""

    def __init__(
        self, dependencies: Dependencies, results: Results, questions: Questions, time: RunTime, outcome: Outcome
    ) -> None:
        self._outbox = dependencies.outbox
        self._jitter = dependencies.jitter
        self._results = results
        self._questions = questions
        self._time = time
        self._outcome = outcome
        self._failed = 0
        """How many photos in a row failed."""

    def are_waiting(self) -> bool:
        """Return whether photos wait for an authority that wanted photos when it last answered."""
        return self._outbox.wants_photos() and next(self._outbox.photos_to_send(), None) is not None

    def send(self, authority: Authority, send_reports: Callable[[], object]) -> None:
        """Send what waits, as long as there is time. `send_reports` is called before each photo.

        One that cannot be opened, or that fails while the authority answers other calls, is left, and its error is
        deferred. Raises the error of any other call; a photo that the authority does not take is not sent again.
        """
        for waiting in self._from_a_random_one():
            if self._failed < _MAX_FAILED and self._time.left_s() > 0:
                send_reports()
            if self._time.left_s() <= 0:
                self._outcome.time_over = True
            if self._outcome.time_over or self._failed >= _MAX_FAILED:
                self._outcome.photos_left += 1
                continue
            try:
                photo = self._outbox.photo(waiting.entry)
            except (SealBroken, OutboxDamaged, Erased) as exc:
                self._results.defer(exc)
                continue
            self._send(authority, waiting, photo)

    def _from_a_random_one(self) -> Iterator[PhotoToSend]:
        """Yield what waits, so that some photos that fail each time do not keep the same others waiting for ever."""
        count = sum(1 for _each in self._results.readable(self._outbox.photos_to_send()))
        start = int(count * self._jitter())
        yield from islice(self._results.readable(self._outbox.photos_to_send()), start, None)
        yield from islice(self._results.readable(self._outbox.photos_to_send()), start)

    def _send(self, authority: Authority, waiting: PhotoToSend, photo: bytes) -> None:
        try:
            authority.send_photo(waiting.report_id, photo)
        except CallRefused as exc:
            _log.info("photo of report %s: %s", waiting.report_id, exc.name)
            self._outbox.settle_photo(waiting.entry.id, PhotoState.REFUSED, exc.name)
            self._outcome.photos_refused += 1
        except (AccountSuspended, NotTheAuthority, UnknownOutcome) as exc:
            _log.info("photo of report %s: %s", waiting.report_id, exc.name)
            self._questions.meta(authority)  # raises if the account or the connection is the cause
            self._results.defer(_not_sent(exc))
            self._outcome.photos_left += 1
            self._failed += 1
            return
        else:
            self._outbox.settle_photo(waiting.entry.id, PhotoState.SENT)
            self._outcome.photos_sent += 1
        self._failed = 0
        self._time.answered()


def _not_sent(error: ApoaError) -> UnknownOutcome:
    """Return the error of a photo that failed while the authority answers other calls: the account is not suspended."""
    return UnknownOutcome(
        msg("A photo could not be sent: {reason}", reason=error.message),
        msg("The reports are not affected. The photo stays here, and each apoa sync sends it again."),
        name="photo_not_sent",
    )
