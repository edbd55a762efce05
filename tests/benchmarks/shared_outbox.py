"""Many desks and senders of a shared outbox: several senders over a slow line, and desks beside other queues.

    python tests/benchmarks/shared_outbox.py [ROUNDS] [--only senders|queues] [--environments FOLDER] [--small]

*senders*: one process with a thread for each sender, as if so many computers ran `apoa sync`; a server whose data are
in memory; an authority in this process that takes 25 reports a call and answers after 300 ms. Prints the time of one
sender divided by that of several, and the finished jobs a second.

*queues*: the same server for apoa-client, procrastinate and pgqueuer, each in an environment of its own (in FOLDER,
where the next run finds it again, or else in a temporary one). One process and eight queue jobs of the size of a sealed
report, one durable call each, and then claim and finish all of them with a call that does nothing. apoa-client takes up
to 500 at a time, the others 100, which is faster for them than their defaults (1 and 10). They have no codes and no
chain of events, they seal nothing, and pgqueuer deletes a job that is done and keeps what it logs of it. The best of
ROUNDS counts.

Fails, and prints no ratio, if a job was not done once. ``--small`` only checks that, in seconds, without the peers.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from authority_simulator import AuthoritySimulator
from delivery_helpers import SETTINGS, ProgressRecorder, report
from outbox_helpers import sealer
from peer_environments import installed
from postgres_helpers import PASSWORD, PROPERTY, SUPERUSER, Cluster, SharedOutbox, prepare_outbox

from apoa_client.app.container import SystemClock
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.delivery.sync import deliver
from apoa_client.outbox.sql.insertion import Contents
from apoa_client.ports.authority import Authority, Meta, Verdict
from apoa_client.ports.entries import NewReport

LATENCY_S = 0.3
BATCH = 25
WORKERS = (1, 2, 4, 8)
ADDED_AT_ONCE = 500
PEERS = {"procrastinate": "procrastinate==3.10.0", "pgqueuer": "pgqueuer[asyncpg]==1.6.0"}
DONE = {
    "apoa-client": "SELECT count(*) FROM apoa.reports WHERE state = 'accepted'",
    "procrastinate": "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'",
    "pgqueuer": "SELECT count(*) FROM pgqueuer_log WHERE status = 'successful'",
}


class Size(NamedTuple):
    """How much is measured."""

    delivered: int
    senders: Sequence[int]
    queued: int
    processes: Sequence[int]
    peers: Sequence[str]


FULL = Size(10_000, WORKERS, 4_000, (1, 8), tuple(PEERS))
SMALL = Size(200, (1, 8), 80, (1, 2), ())


# Several senders over a slow line.


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
    analyze(shared.cluster, shared.database)


def analyze(cluster: Cluster, database: str) -> None:
    """Do what the server itself does after a while."""
    with closing(cluster.connect(database)) as connection:
        connection.execute("ANALYZE")


def work(shared: SharedOutbox, authority: Authority) -> Outcome:
    """One sender's run."""
    with shared.open() as outbox:
        parts = Dependencies(outbox, lambda _left: authority, SystemClock(), lambda: 0.5, ProgressRecorder())
        return deliver(parts, RunOptions(SETTINGS))


def seconds(cluster: Cluster, template: str, senders: int, count: int) -> float:
    """How long so many senders take for the queue. Exits if a report was not delivered, or was sent twice."""
    shared = SharedOutbox(cluster, cluster.create_database(template))
    fill(shared, count)
    authority = SlowAuthority()
    begun = time.perf_counter()
    with ThreadPoolExecutor(senders) as pool:
        outcomes = list(pool.map(lambda _number: work(shared, authority), range(senders)))
    taken = time.perf_counter() - begun
    accepted = counted(cluster, shared.database, DONE["apoa-client"])
    cluster.drop_database(shared.database)
    errors = [outcome.error.name for outcome in outcomes if outcome.error is not None]
    twice = sum(times > 1 for times in authority.received.values())
    if accepted != count or errors or twice:
        sys.exit(f"{senders} senders: {accepted} of {count} were delivered, {twice} twice, errors: {errors or 'none'}")
    return taken


def measure_senders(size: Size) -> None:
    """Print how much faster several senders are than one."""
    count, one = size.delivered, 0.0
    with Cluster() as cluster:
        template = prepare_outbox(cluster)
        for senders in size.senders:
            taken = seconds(cluster, template, senders, count)
            one = one or taken
            say(f"{senders} senders: {one / taken:.2f} times one, {count / taken:.0f} jobs/s, {taken:.1f} s")


# Processes that begin at the same time.


def together(python: str, name: str, action: str, jobs: Sequence[dict[str, Any]]) -> float:
    """How many seconds the slowest of the processes takes, one for each job. Exits if one fails."""
    command = [python, str(Path(__file__).with_name("durable_queues.py")), "server", name, action]
    started = [
        subprocess.Popen([*command, json.dumps(job)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for job in jobs
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()  # "ready"
    begun = time.perf_counter()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in started]
    taken = time.perf_counter() - begun
    done = answers.count("done\n")
    if done != len(jobs):
        sys.exit(f"{name}, {action}: {done} of {len(jobs)} processes ended as they should")
    return taken


def jobs_of(cluster: Cluster, database: str, user: str, reports: int, of: int) -> list[dict[str, Any]]:
    """The jobs of so many processes of one property, each with its share of the reports."""
    place = {"host": "127.0.0.1", "port": cluster.port, "user": user, "password": PASSWORD, "database": database}
    sealed = len(Contents(sealer()).seal_report(report(1)))
    return [
        {**place, "property_name": PROPERTY, "number": number, "of": of, "reports": reports // of, "size": sealed}
        for number in range(of)
    ]


def counted(cluster: Cluster, database: str, query: str) -> int:
    """The number that the query returns."""
    with closing(cluster.connect(database)) as connection:
        [(number,)] = connection.execute(query.encode()).fetchall()
        return int(number)


# Other queues.


def measure_queues(size: Size, rounds: int, environments: Path) -> None:
    """Print how many jobs a second each queue takes in, and finishes."""
    pythons = {"apoa-client": sys.executable}
    pythons |= {name: installed(environments / name, [PEERS[name]]) for name in size.peers}
    with Cluster(durable=True) as cluster:
        template = prepare_outbox(cluster)
        for processes in size.processes:
            best = dict.fromkeys(pythons, (0.0, 0.0))
            for _round in range(rounds):
                for name, python in pythons.items():
                    figures = jobs_a_second(cluster, template, name, python, processes, size.queued)
                    best[name] = (max(best[name][0], figures[0]), max(best[name][1], figures[1]))
            ours = best["apoa-client"]
            for name, (put, take) in best.items():
                ratios = "" if name == "apoa-client" else f" (ours: {ours[0] / put:.2f} and {ours[1] / take:.2f} times)"
                say(f"{processes} processes of {name}: {put:.0f} queued/s, {take:.0f} finished/s{ratios}")


def jobs_a_second(
    cluster: Cluster, template: str, name: str, python: str, processes: int, count: int
) -> tuple[float, float]:
    """How many jobs a second are queued, and how many are finished. Exits if one was not finished once."""
    is_ours = name == "apoa-client"
    database = cluster.create_database(template if is_ours else "template1")
    jobs = jobs_of(cluster, database, PROPERTY if is_ours else SUPERUSER, count, processes)
    if not is_ours:
        together(python, name, "prepare", jobs[:1])
    put = together(python, name, "put", jobs)
    analyze(cluster, database)
    take = together(python, name, "take", jobs)
    done = counted(cluster, database, DONE[name])
    cluster.drop_database(database)
    if done != count:
        sys.exit(f"{processes} processes of {name}: {done} of {count} jobs were done")
    return count / put, count / take


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def folder(given: Path | None) -> Iterator[Path]:
    """The folder that was given, or else a temporary one."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-") as made:
        yield Path(made)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=3, help="of the queues; the best counts")
    parser.add_argument("--only", choices=("senders", "queues"))
    parser.add_argument("--environments", type=Path, metavar="FOLDER")
    parser.add_argument("--small", action="store_true", help="only check that the work is done")
    chosen = parser.parse_args()
    size = SMALL if chosen.small else FULL
    if chosen.only in {None, "senders"}:
        measure_senders(size)
    if chosen.only in {None, "queues"}:
        with folder(chosen.environments) as environments:
            measure_queues(size, 1 if chosen.small else chosen.rounds, environments)


if __name__ == "__main__":
    main()
