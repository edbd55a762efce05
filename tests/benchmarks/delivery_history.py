"""Daily work beside a long history, timed: what `delivery.py` beside this file runs.

Run it as ``python delivery_history.py BODIES HOME SIZE...``. HOME becomes a property's home, whose outbox gets as many
delivered reports as each SIZE says, in turn. It prints one JSON object a size: milliseconds by what was done, the
middle of several. What waits is the same each time.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from apoa_client.app.container import Container, SystemClock
from apoa_client.app.property_setup import PropertySetup
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Change, Entry
from apoa_client.report.kinds import State, short_id
from apoa_client.report.model import Report
from apoa_client.report.wire import from_json
from apoa_client.settings.config import PropertySettings

NOWHERE = "http://127.0.0.1:9/v1"
ROUNDS, BATCH, STARTS = 9, 50, 11
PIECE = 50_000
LEASE = timedelta(minutes=5)

_FILL = """
    INSERT INTO reports (id, short_id, stay_id, kind, state, created_at, due_at, attempts, attempted_at,
        receipt_number, receipt_issued_at, receipt_sha256, finished_at, content)
    VALUES (?, ?, ?, 'check_in', 'accepted', ?, ?, 1, ?, ?, ?, ?, ?, zeroblob(?))
"""


def rows(first: int, last: int, size: int) -> Iterator[tuple[object, ...]]:
    """Delivered reports as they are kept, one a minute, each with as much content as a sealed one has."""
    for number in range(first, last):
        made = 1_600_000_000_000 + number * 60_000
        digits = f"{made:012x}"
        report_id = f"{digits[:8]}-{digits[8:]}-7000-8000-b{number:011x}"
        stay_id = f"{digits[:8]}-{digits[8:]}-7000-8000-a{number:011x}"
        due, sent = made + 86_400_000, made + 5_000
        times = (made, due, sent, f"STT-{number:08}", sent, "ab" * 32, sent)
        yield (report_id, short_id(report_id), stay_id, *times, size)


def fill(outbox: SqliteOutbox, first: int, last: int, size: int) -> None:
    """By SQL, because there are many; the triggers count them."""
    db = outbox._db  # no method of the outbox writes history
    for start in range(first, last, PIECE):
        db.execute("BEGIN")
        db.executemany(_FILL, rows(start, min(start + PIECE, last), size))
        db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def milliseconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


class Desk:
    """A property at work. Each measurement leaves the outbox as it was, but for reports that are delivered."""

    def __init__(self, outbox: SqliteOutbox, reports: Sequence[Report]) -> None:
        self.outbox = outbox
        self._reports = iter(reports)

    def add(self) -> list[float]:
        times = []
        for _ in range(BATCH):
            report = next(self._reports)
            due_at = report.created_at + timedelta(hours=24)
            times.append(milliseconds(partial(self.outbox.add, report, due_at=due_at)))
        return times

    def claim(self, ids: Sequence[str]) -> tuple[float, str, list[Entry]]:
        now = datetime.now(UTC)
        begun = time.perf_counter()
        lease, claimed = self.outbox.claim(ids, now=now, lease_until=now + LEASE)
        return (time.perf_counter() - begun) * 1000, lease, claimed

    def summary(self) -> float:
        now = datetime.now(UTC)
        return milliseconds(lambda: self.outbox.summary(now=now, soon=now + timedelta(hours=6)))

    def round(self) -> dict[str, list[float]]:
        """Fifty arrive, are looked for, claimed and delivered."""
        added = self.add()
        summaries = [self.summary() for _ in range(20)]
        begun = time.perf_counter()
        heads = list(self.outbox.heads())
        found = (time.perf_counter() - begun) * 1000
        claimed, lease, entries = self.claim([entry.id for entry in heads])
        self.outbox.settle(lease, [Change(entry.id, State.ACCEPTED) for entry in entries])
        return {"add of one": added, "summary()": summaries, "heads() of 50": [found], "claim of 50": [claimed]}


def started(command: Sequence[str], home: str) -> list[float]:
    environ = {"APOA_HOME": home, "APOA_LANG": "en"}
    run = partial(subprocess.run, command, env=environ, check=True, capture_output=True)
    return [milliseconds(run) for _ in range(STARTS)]


def measured(desk: Desk, home: str) -> dict[str, float]:
    """The middle of each kind of measurement. The first round only warms the caches."""
    desk.round()
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, found in desk.round().items():
            times.setdefault(name, []).extend(found)
    desk.add()  # `status` has something to count
    times["apoa status"] = started([str(Path(sys.executable).with_name("apoa")), "status"], home)
    times["python -c pass"] = started([sys.executable, "-c", "pass"], home)
    desk.round()
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    """Set up, and for each size fill and measure."""
    bodies, home, *sizes = sys.argv[1:]
    app = Container({"APOA_HOME": home}, SystemClock())
    PropertySetup(app).set_up(PropertySettings("benchmark", NOWHERE, "", "u", vault="file"), "x")
    app.close()
    app = Container({"APOA_HOME": home}, SystemClock())
    texts = json.loads(Path(bodies).read_text(encoding="utf-8"))
    reports = [from_json(text.encode()) for text in texts[: (ROUNDS + 3) * BATCH * len(sizes)]]
    outbox = app.outbox
    assert isinstance(outbox, SqliteOutbox)
    desk = Desk(outbox, reports)
    size, before = len(app.sealer.seal("x" * 36, texts[0].encode())), 0
    for count in map(int, sizes):
        fill(outbox, before, count, size)
        before = count
        sys.stdout.write(json.dumps({"size": count, "ms": measured(desk, home)}) + "\n")
        sys.stdout.flush()
    app.close()


if __name__ == "__main__":
    main()
