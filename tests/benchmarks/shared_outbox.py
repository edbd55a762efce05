"""How much faster several workers deliver from a shared outbox than one, over a slow line.

    python tests/benchmarks/shared_outbox.py [--small]

One process with a thread for each worker, as `apoa sync --workers` has; a real PostgreSQL whose data are in memory; an
authority in this process that takes 25 reports a call and answers after 300 ms. Prints the time of one worker divided
by that of several, and the finished jobs a second. Fails, and prints no ratio, if a report was not delivered once.
"""

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from authority_simulator import AuthoritySimulator
from delivery_helpers import SETTINGS, ProgressRecorder, report
from postgres_helpers import Cluster, SharedOutbox, new_shared_outbox, prepare_outbox

from apoa_client.app.container import SystemClock
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.delivery.sync import deliver
from apoa_client.ports.authority import Authority, Meta, Verdict
from apoa_client.ports.entries import NewReport, Share

LATENCY_S = 0.3
BATCH = 25
WORKERS = (1, 2, 4, 8)
ADDED_AT_ONCE = 500


class SlowAuthority(AuthoritySimulator):
    """Answers many callers at once, each after the latency. It counts how often it received each report."""

    def __init__(self) -> None:
        super().__init__(now=SystemClock().now(), max_batch=BATCH)
        self.received: Counter[str] = Counter()
        self._lock = threading.Lock()

    def meta(self) -> Meta:
        """As `ports.Authority`."""
        time.sleep(LATENCY_S)
        return super().meta()

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """As `ports.Authority`."""
        time.sleep(LATENCY_S)
        with self._lock:
            self.received.update(report_id for report_id, _body in bodies)
            return super().submit(bodies)

    def _duplicate_of_other_stay(self, report_id: str, report: object) -> None:
        """Each guest has another document, and the look for an equal one takes longer with each."""


def fill(shared: SharedOutbox, count: int) -> None:
    """Queue so many check-ins."""
    with shared.open() as outbox:
        for start in range(0, count, ADDED_AT_ONCE):
            numbers = range(start, min(start + ADDED_AT_ONCE, count))
            outbox.add_all([NewReport(report(number), None) for number in numbers])
    with closing(shared.cluster.connect(shared.database)) as connection:
        connection.execute("ANALYZE")  # what the server itself does after a while


def work(shared: SharedOutbox, authority: Authority, share: Share) -> Outcome:
    """One worker's run."""
    with shared.open() as outbox:
        parts = Dependencies(outbox, lambda _left: authority, SystemClock(), lambda: 0.5, ProgressRecorder())
        return deliver(parts, RunOptions(SETTINGS, share=share))


def seconds(cluster: Cluster, template: str, workers: int, count: int) -> float:
    """How long so many workers take for the queue. Exits if a report was not delivered, or was sent twice."""
    with new_shared_outbox(cluster, template) as shared:
        fill(shared, count)
        authority = SlowAuthority()
        begun = time.perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            shares = [Share(number, workers) for number in range(workers)]
            outcomes = list(pool.map(lambda share: work(shared, authority, share), shares))
        taken = time.perf_counter() - begun
        [(accepted,)] = shared.rows("SELECT count(*) FROM reports WHERE state = 'accepted'")
    errors = [outcome.error.name for outcome in outcomes if outcome.error is not None]
    if accepted != count or errors or set(authority.received.values()) != {1}:
        sys.exit(f"{workers} workers: {accepted} of {count} were delivered, errors: {errors or 'none'}")
    return taken


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="200 reports in place of 10,000")
    count = 200 if parser.parse_args().small else 10_000
    with Cluster() as cluster:
        template = prepare_outbox(cluster)
        one = 0.0
        for workers in WORKERS:
            taken = seconds(cluster, template, workers, count)
            one = one or taken
            line = f"{workers} workers: {one / taken:.2f} times one, {count / taken:.0f} jobs/s, {taken:.1f} s\n"
            sys.stdout.write(line)


if __name__ == "__main__":
    main()
