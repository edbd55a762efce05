"""Times daily work beside a long history. `delivery.py` beside this file runs it.

Run it as ``python delivery_history.py BODIES HOME ROUNDS SIZE...``. HOME becomes a property's home, whose outbox gets
as many delivered reports as each SIZE says, in turn. It prints one JSON object for each size: the median milliseconds
of each action. The number of waiting reports is the same each time. The exit status is 1 where a round did not find or
deliver its reports.
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

from apoa_client.app.container import Container
from apoa_client.app.property_setup import PropertySetup
from apoa_client.app.system_clock import SystemClock
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, Entry
from apoa_client.ports.state import AuditEvent
from apoa_client.report.kinds import State, short_id
from apoa_client.report.model import Report, from_json
from apoa_client.settings.config import PropertySettings

NOWHERE = "http://127.0.0.1:9/v1"
BATCH = 50
CHUNK = 50_000
LEASE = timedelta(minutes=5)

_FILL = """
    INSERT INTO reports (id, short_id, stay_id, kind, state, created_at, due_at, attempts, attempted_at,
        receipt_number, receipt_issued_at, receipt_sha256, finished_at, content)
    VALUES (?, ?, ?, 'check_in', 'accepted', ?, ?, 1, ?, ?, ?, ?, ?, zeroblob(?))
"""


def rows(first: int, last: int, size: int) -> Iterator[tuple[object, ...]]:
    """Rows of delivered reports, one a minute, each with as much content as a sealed report."""
    for number in range(first, last):
        made = 1_600_000_000_000 + number * 60_000
        digits = f"{made:012x}"
        report_id = f"{digits[:8]}-{digits[8:]}-7000-8000-b{number:011x}"
        stay_id = f"{digits[:8]}-{digits[8:]}-7000-8000-a{number:011x}"
        due, sent = made + 86_400_000, made + 5_000
        times = (made, due, sent, f"STT-{number:08}", sent, "ab" * 32, sent)
        yield (report_id, short_id(report_id), stay_id, *times, size)


def fill(outbox: SqliteOutbox, first: int, last: int, size: int) -> None:
    """Insert with SQL, because there are many rows; the triggers count them."""
    db = outbox._db  # the outbox has no method that inserts delivered reports
    for start in range(first, last, CHUNK):
        db.execute("BEGIN")
        db.executemany(_FILL, rows(start, min(start + CHUNK, last), size))
        audit.append(db, NO_ACTOR, [AuditEvent("restored")])  # reports without events of their own
        db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def milliseconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


class Desk:
    """A property at work. Each round adds reports and delivers all of them."""

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
        """Add fifty reports, find, claim and deliver them."""
        added = self.add()
        summaries = [self.summary() for _ in range(20)]
        begun = time.perf_counter()
        heads = list(self.outbox.heads())
        found = (time.perf_counter() - begun) * 1000
        claimed, lease, entries = self.claim([entry.id for entry in heads])
        if not len(heads) == len(entries) >= BATCH:
            sys.exit(f"history: {len(heads)} reports were found and {len(entries)} claimed, not {BATCH}")
        self.outbox.settle(lease, [Change(entry.id, State.ACCEPTED) for entry in entries])
        return {"add of one": added, "summary()": summaries, "heads() of 50": [found], "claim of 50": [claimed]}


def started(command: Sequence[str], home: str, rounds: int) -> list[float]:
    environ = {"APOA_HOME": home, "APOA_LANG": "en"}
    run = partial(subprocess.run, command, env=environ, check=True, capture_output=True)
    return [milliseconds(run) for _ in range(rounds + 2)]


def measured(desk: Desk, home: str, rounds: int) -> dict[str, float]:
    """The median of each measurement. The first round only warms the caches."""
    desk.round()
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, found in desk.round().items():
            times.setdefault(name, []).extend(found)
    desk.add()  # so that `status` has something to count
    times["apoa status"] = started([str(Path(sys.executable).with_name("apoa")), "status"], home, rounds)
    times["python -c pass"] = started([sys.executable, "-c", "pass"], home, rounds)
    desk.round()
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    """Set up a property; for each size fill its outbox and measure."""
    bodies, home, rounds, *sizes = sys.argv[1:]
    app = Container({"APOA_HOME": home}, SystemClock())
    PropertySetup(app).set_up(PropertySettings("benchmark", NOWHERE, "", "u", vault="file"), "x")
    app.close()
    app = Container({"APOA_HOME": home}, SystemClock())
    texts = json.loads(Path(bodies).read_text(encoding="utf-8"))
    reports = [from_json(text.encode()) for text in texts[: (int(rounds) + 3) * BATCH * len(sizes)]]
    outbox = app.outbox
    assert isinstance(outbox, SqliteOutbox)
    desk = Desk(outbox, reports)
    size, before = len(app.sealer.seal("x" * 36, texts[0].encode())), 0
    for count in map(int, sizes):
        fill(outbox, before, count, size)
        before = count
        sys.stdout.write(json.dumps({"size": count, "ms": measured(desk, home, int(rounds))}) + "\n")
        sys.stdout.flush()
    app.close()


if __name__ == "__main__":
    main()
