"""One process that fills or empties a queue in PostgreSQL. `shared_outbox.py` beside this file runs several at once.

Run it as ``python shared_queues.py NAME ACTION JOB``, in the environment of that queue. ACTION is ``prepare`` (create
its tables), ``put`` (queue jobs, one durable call each) or ``take`` (claim and finish jobs, with a call that does
nothing, until none is left). JOB is a JSON object, `Job`. It prints "ready", waits for a line, does it, prints "done".

An adapter uses a library as its users do: what it opens is opened before the line is waited for.
"""

import asyncio
import json
import logging
import secrets
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple


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
_AT_ONCE = 100
"""How many jobs a peer's worker takes or runs at a time."""


async def _nothing(content: object) -> None:
    """The call that a job makes."""


def _apoa_client(action: str, job: Job) -> Action:
    """As the desk and delivery do it: sealed, with codes and audit events, in batches of up to 500."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
    from delivery_helpers import report
    from outbox_helpers import sealer

    from apoa_client.delivery.plan import LEASE, next_batch
    from apoa_client.outbox.postgres.connection import TimeLimits
    from apoa_client.outbox.postgres.store import PostgresOutbox
    from apoa_client.ports.entries import Change
    from apoa_client.report.kinds import Receipt, State
    from apoa_client.settings.outbox_address import parse_address

    address = parse_address(f"postgresql://{job.user}@{job.host}:{job.port}/{job.database}")
    limits = TimeLimits(answer=20.0, lock=120.0)  # a busy machine is no failure
    outbox = PostgresOutbox.open(address, job.property_name, job.password, sealer(), limits=limits)
    reports = [report(job.number * job.reports + number) for number in range(job.reports)] if action == "put" else []

    def put() -> None:
        for each in reports:
            outbox.add(each, due_at=None)

    def take() -> None:
        while batch := next_batch(outbox.heads(), datetime.now(UTC), size=500, keep_backoff=False):
            now = datetime.now(UTC)
            outbox.contents(batch)
            lease, claimed = outbox.claim([entry.id for entry in batch], now=now, lease_until=now + LEASE)
            receipts = {entry.id: Receipt(f"STT-{entry.seq}", now, "ab" * 32) for entry in claimed}
            outbox.settle(lease, [Change(each, State.ACCEPTED, receipt=given) for each, given in receipts.items()])

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


QUEUES = {"apoa-client": _apoa_client, "procrastinate": _procrastinate, "pgqueuer": _pgqueuer}


def main() -> None:
    """Do one action when a line comes."""
    name, action, job = sys.argv[1:]
    act = QUEUES[name](action, Job(**json.loads(job)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    act()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
