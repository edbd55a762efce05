"""What one delivery run sends next: `plan.next_batch` of the reports in the outbox that this run has not tried yet."""

from collections.abc import Iterable
from datetime import UTC

from apoa_client.delivery import plan
from apoa_client.delivery.batch_size import BatchSize
from apoa_client.delivery.options import Dependencies, RunOptions
from apoa_client.delivery.results import Results
from apoa_client.ports.entries import Entry


class NextBatch:
    """Chooses the batches of one run."""

    def __init__(self, dependencies: Dependencies, options: RunOptions, results: Results, size: BatchSize) -> None:
        self.tried: set[str] = set()
        """Ids of reports that this run does not send again."""
        self._outbox = dependencies.outbox
        self._clock = dependencies.clock
        self._options = options
        self._results = results
        self._size = size

    def batch(self) -> list[Entry]:
        """Return what may be sent next."""
        heads: Iterable[Entry] = self._results.readable(self._outbox.heads())
        if self._options.first:
            heads = sorted(heads, key=lambda entry: entry.id != self._options.first)
        return plan.next_batch(
            heads,
            self._clock.now().astimezone(UTC),
            size=self._size.current,
            suspect_size=self._size.for_suspects,
            keep_backoff=self._options.keep_backoff,
            tried=self.tried,
        )
