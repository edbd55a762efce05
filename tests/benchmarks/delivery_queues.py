"""Fills and empties one durable queue and times it. `delivery.py` beside this file runs it in each environment.

Run it as ``python delivery_queues.py NAME BODIES PUTS TAKES``. BODIES is a JSON list of texts. PUTS of them are queued
in a new file, one call each; then TAKES of them are claimed, read and settled. It prints one JSON object: the queue's
version, the seconds of both, and how many texts are `left` in the queue.
"""

import gc
import importlib.metadata
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

_AT_ONCE = 500


class Queue(NamedTuple):
    """A queue to time: `put` queues one item, `take` takes and confirms so many, `left` counts the waiting items."""

    put: Callable[[Any], object]
    take: Callable[[int], object]
    left: Callable[[], int]
    convert: Callable[[str], Any] = str
    """Makes an item from a text; not timed."""


def _apoa_client(folder: Path) -> Queue:
    """As delivery does it: find the most urgent reports, claim, open and settle them, up to 500 at a time."""
    from apoa_client.delivery.plan import LEASE, next_batch
    from apoa_client.outbox.sqlite.store import SqliteOutbox
    from apoa_client.ports.entries import Change
    from apoa_client.report.kinds import Receipt, State
    from apoa_client.report.model import from_json
    from apoa_client.vault.sealing import PropertySealer, key_pair_from_seed

    private, public = key_pair_from_seed(os.urandom(32))
    outbox = SqliteOutbox.open(folder / "outbox.db", PropertySealer(public, lambda: private), create=True)

    def take(count: int) -> None:
        while count > 0:
            now = datetime.now(UTC)
            batch = next_batch(outbox.heads(), now, size=min(_AT_ONCE, count), keep_backoff=False)
            lease, claimed = outbox.claim([entry.id for entry in batch], now=now, lease_until=now + LEASE)
            outbox.contents(claimed)
            receipts = {entry.id: Receipt(f"STT-{entry.seq}", now, "ab" * 32) for entry in claimed}
            changes = [Change(each, State.ACCEPTED, receipt=receipt) for each, receipt in receipts.items()]
            outbox.settle(lease, changes)
            count -= len(claimed)

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


QUEUES: dict[str, Callable[[Path], Queue]] = {"apoa-client": _apoa_client, "persist-queue": _persist_queue}


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


def main() -> None:
    """Time one queue, print."""
    name, bodies, puts, takes = sys.argv[1:]
    texts = json.loads(Path(bodies).read_text(encoding="utf-8"))[: int(puts)]
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-", ignore_cleanup_errors=True) as folder:
        queue = QUEUES[name](Path(folder))
        put, take = timed(queue, texts, int(takes))
        version = importlib.metadata.version(name)
        result = {"version": version, "put": put, "take": take, "left": queue.left()}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
