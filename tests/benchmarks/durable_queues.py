"""Fills and empties one durable queue, in the environment of that queue: in a file, or on a server of PostgreSQL.

``durable_queues.py file NAME BODIES PUTS TAKES``, for `delivery.py`: BODIES is a JSON list of texts. PUTS of them are
queued in a new file, one call each; then TAKES of them are claimed, read and settled. It prints one JSON object: the
queue's version, the seconds of both, and how many texts are `left` in the queue.

``durable_queues.py server NAME ACTION JOB``, for `shared_outbox.py`, which runs several at once: ACTION is ``prepare``
(create the tables), ``put`` (queue jobs, one durable call each) or ``take`` (claim and finish jobs, with a call that
does nothing, until none is left). JOB is a JSON object, `Job`. It prints "ready", waits for a line, does it, prints
"done".

An adapter uses a library as its users do: what it opens is opened before the clock runs.
"""

import asyncio
import gc
import importlib
import importlib.metadata
import json
import logging
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

_OURS_AT_ONCE = 500
"""How many reports our senders take at a time."""
_AT_ONCE = 100
"""How many jobs a peer's worker on a server takes or runs at a time."""


def _take_a_batch(outbox: Any, size: int) -> int:
    """As delivery does it: find the most urgent reports, claim, open and settle them. Returns their number."""
    from apoa_client.delivery.plan import LEASE, next_batch
    from apoa_client.ports.entries import Change
    from apoa_client.report.kinds import Receipt, State

    now = datetime.now(UTC)
    batch = next_batch(outbox.heads(), now, size=size, keep_backoff=False)
    if not batch:
        return 0
    lease, claimed = outbox.claim([entry.id for entry in batch], now=now, lease_until=now + LEASE)
    outbox.contents(claimed)
    receipts = {entry.id: Receipt(f"STT-{entry.seq}", now, "ab" * 32) for entry in claimed}
    outbox.settle(lease, [Change(each, State.ACCEPTED, receipt=receipt) for each, receipt in receipts.items()])
    return len(claimed)


# In a file.


class Queue(NamedTuple):
    """A queue to time: `put` queues one item, `take` takes and confirms so many, `left` counts the waiting items."""

    put: Callable[[Any], object]
    take: Callable[[int], object]
    left: Callable[[], int]
    convert: Callable[[str], Any] = str
    """Makes an item from a text; not timed."""


def _outbox_in_a_file(folder: Path) -> Queue:
    """Each report is sealed."""
    from apoa_client.outbox.sqlite.store import SqliteOutbox
    from apoa_client.report.kinds import State
    from apoa_client.report.model import from_json
    from apoa_client.vault.sealing import PropertySealer, key_pair_from_seed

    private, public = key_pair_from_seed(os.urandom(32))
    outbox = SqliteOutbox.open(folder / "outbox.db", PropertySealer(public, lambda: private), create=True)

    def take(count: int) -> None:
        while count > 0:
            count -= _take_a_batch(outbox, min(_OURS_AT_ONCE, count))

    def put(report: Any) -> None:
        outbox.add(report, due_at=report.created_at + timedelta(hours=24))

    def left() -> int:
        now = datetime.now(UTC)
        return outbox.summary(now=now, soon=now).counts[State.QUEUED]

    return Queue(put, take, left, lambda text: from_json(text.encode()))


def _persist_queue(folder: Path) -> Queue:
    """Its queue with acknowledgements, where a crash loses nothing. SQLite's default is a full sync."""
    queue = importlib.import_module("persistqueue").SQLiteAckQueue(str(folder), auto_commit=True)

    def take(count: int) -> None:
        for _ in range(count):
            queue.ack(queue.get(block=False))

    return Queue(queue.put, take, lambda: int(queue.size))


IN_FILES: dict[str, Callable[[Path], Queue]] = {"apoa-client": _outbox_in_a_file, "persist-queue": _persist_queue}


def timed(queue: Queue, texts: Sequence[str], takes: int) -> tuple[float, float]:
    """Seconds to queue all texts, and to take so many."""
    items = [queue.convert(text) for text in texts]
    gc.collect()
    begun = time.perf_counter()
    for item in items:
        queue.put(item)
    put = time.perf_counter() - begun
    begun = time.perf_counter()
    queue.take(takes)
    return put, time.perf_counter() - begun


def in_a_file(name: str, bodies: str, puts: str, takes: str) -> None:
    """Time one queue, print."""
    texts = json.loads(Path(bodies).read_text(encoding="utf-8"))[: int(puts)]
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-", ignore_cleanup_errors=True) as folder:
        queue = IN_FILES[name](Path(folder))
        put, take = timed(queue, texts, int(takes))
        version = importlib.metadata.version(name)
        result = {"version": version, "put": put, "take": take, "left": queue.left()}
    sys.stdout.write(json.dumps(result) + "\n")


# On a server.


class Job(NamedTuple):
    """What one process does: its number, from 0, of so many, and the size of a sealed report in bytes."""

    host: str
    port: int
    user: str
    password: str
    database: str
    property_name: str
    number: int
    of: int
    reports: int
    size: int

    @property
    def url(self) -> str:
        """How the peers connect."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"


Action = Callable[[], object]


async def _nothing(content: object) -> None:
    """The call that a job makes."""


def _shared_outbox(action: str, job: Job) -> Action:
    """As the desk and delivery do it: sealed, with codes and audit events."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
    from delivery_helpers import report
    from outbox_helpers import sealer

    from apoa_client.outbox.postgres.connection import TimeLimits
    from apoa_client.outbox.postgres.store import PostgresOutbox
    from apoa_client.settings.outbox_address import parse_address

    address = parse_address(f"postgresql://{job.user}@{job.host}:{job.port}/{job.database}")
    limits = TimeLimits(answer=20.0, lock=120.0)  # a busy machine is no failure
    outbox = PostgresOutbox.open(address, job.property_name, job.password, sealer(), limits=limits)
    reports = [report(job.number * job.reports + number) for number in range(job.reports)] if action == "put" else []

    def put() -> None:
        for each in reports:
            outbox.add(each, due_at=None)

    def take() -> None:
        while _take_a_batch(outbox, _OURS_AT_ONCE):
            pass

    return {"put": put, "take": take}[action]


def _procrastinate(action: str, job: Job) -> Action:
    """Jobs with a text as their argument; a worker that runs `_AT_ONCE` of them at a time, and keeps what is done."""
    import procrastinate  # type: ignore[import-not-found]  # in an environment of its own

    logging.getLogger("procrastinate").setLevel(logging.ERROR)  # it prefers a module that can be imported
    kinds = {"take": procrastinate.PsycopgConnector}
    app = procrastinate.App(connector=kinds.get(action, procrastinate.SyncPsycopgConnector)(conninfo=job.url))

    send = app.task(name="send")(_nothing)
    content = secrets.token_hex(job.size // 2)

    def put() -> None:
        for _ in range(job.reports):
            send.defer(content=content)

    if action == "take":
        return lambda: app.run_worker(wait=False, concurrency=_AT_ONCE, install_signal_handlers=False)
    app.open()
    return put if action == "put" else app.schema_manager.apply_schema


def _pgqueuer(action: str, job: Job) -> Action:
    """Jobs with bytes as their payload; a worker that takes `_AT_ONCE` of them at a time, and logs what is done."""
    import asyncpg  # type: ignore[import-not-found]  # in an environment of its own
    from pgqueuer import PgQueuer  # type: ignore[import-not-found]
    from pgqueuer.db import AsyncpgDriver  # type: ignore[import-not-found]
    from pgqueuer.types import QueueExecutionMode  # type: ignore[import-not-found]

    loop = asyncio.new_event_loop()
    queuer = PgQueuer(AsyncpgDriver(loop.run_until_complete(asyncpg.connect(job.url))))

    queuer.entrypoint("send")(_nothing)
    content = secrets.token_bytes(job.size)

    async def put() -> None:
        for _ in range(job.reports):
            await queuer.qm.queries.enqueue("send", content)

    actions: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "prepare": queuer.qm.queries.install,
        "put": put,
        "take": lambda: queuer.qm.run(mode=QueueExecutionMode.drain, batch_size=_AT_ONCE),
    }
    return lambda: loop.run_until_complete(actions[action]())


ON_SERVERS = {"apoa-client": _shared_outbox, "procrastinate": _procrastinate, "pgqueuer": _pgqueuer}


def on_a_server(name: str, action: str, job: str) -> None:
    """Do one action when a line comes."""
    act = ON_SERVERS[name](action, Job(**json.loads(job)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    act()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    modes: dict[str, Callable[..., None]] = {"file": in_a_file, "server": on_a_server}
    modes[sys.argv[1]](*sys.argv[2:])
