"""Years of history cost nothing: daily queries read only open reports, as their plans and the work done show."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from outbox_helpers import HOUR, NOON, report, uuid
from outbox_stores import AnyOutbox, only_sqlite

from apoa_client.outbox import rows
from apoa_client.outbox.sql import claims, queries
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import OPEN_STATES, State

RECENT = Selection(since=NOON)
OPEN = Selection(states=OPEN_STATES)
STAY = Selection(stay_id=uuid(1), states=frozenset({State.ACCEPTED}))


def search(selection: Selection) -> tuple[str, dict[str, Any]]:
    condition, hint, values = queries.selection_condition(selection)
    return f"SELECT seq FROM reports WHERE {condition} AND {hint} ORDER BY seq", values  # noqa: S608  the outbox's own


CLAIM_VALUES = {"id": uuid(1), "now": 0, "lease": "", "begin": 0, "until": 0}
QUERIES: dict[str, tuple[str, Any]] = {
    "heads": (queries.HEADS, {}),
    "due": (queries.DUE, (0, 1)),
    "next due": (queries.NEXT_DUE, ()),
    "find": (queries.FIND, rows.reference_range("0199")),
    "open": search(OPEN),
    "recent": search(RECENT),
    "stay": search(STAY),
    "lease": ("SELECT * FROM reports WHERE state = 'sending' AND lease = ?", [""]),
    "claim": (claims._CLAIM, CLAIM_VALUES),
}


@pytest.mark.parametrize("name", QUERIES)
@only_sqlite
def test_no_query_scans_the_history(outbox: SqliteOutbox, name: str) -> None:
    """Every step of every plan is a search by an index, or a scan of an index of open reports only."""
    query, values = QUERIES[name]
    plan = [row[3] for row in outbox._db.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    tables = ("reports", "head", "earlier")
    scans = [step for step in plan if step.startswith(tuple(f"SCAN {table}" for table in tables))]
    assert all("USING COVERING INDEX reports_open" in step for step in scans), plan
    assert any("reports_" in step or "PRIMARY KEY" in step or "autoindex" in step for step in plan), plan


def grow(outbox: AnyOutbox, first: int, last: int) -> None:
    """Add finished reports, by SQL because there are many."""
    rest = "-0000-7000-8000-000000000000"
    outbox._db.execute("BEGIN")
    outbox._db.executemany(
        "INSERT INTO reports (id, short_id, stay_id, kind, state, created_at, due_at, content, mac) "
        "VALUES (?, ?, ?, 'check_in', 'accepted', ?, ?, zeroblob(100), zeroblob(32))",
        ((f"f{n:07x}{rest}", f"f{n:07x}", f"e{n:07x}{rest}", n, n) for n in range(first, last)),
    )
    outbox._db.execute("COMMIT")


DAILY: dict[str, Callable[[SqliteOutbox], object]] = {
    "summary": lambda outbox: outbox.summary(now=NOON, soon=NOON + 6 * HOUR),
    "heads": lambda outbox: list(outbox.heads()),
    "list": lambda outbox: list(outbox.entries(Selection(since=NOON))),
    "open": lambda outbox: list(outbox.entries(OPEN)),
    "find": lambda outbox: outbox.find(uuid(3)),
    "stay": lambda outbox: list(outbox.entries(Selection(stay_id=report(3).stay_id))),
    "claim": lambda outbox: outbox.claim([uuid(3)], now=NOON + HOUR, lease_until=NOON + HOUR),
    "contact": lambda outbox: outbox.record_contact(NOON),
}


def work(outbox: SqliteOutbox, action: Callable[[SqliteOutbox], object]) -> int:
    """SQLite's own measure of an action: how many steps of its virtual machine it took."""
    ticks = [0]

    def tick() -> int:
        ticks[0] += 1
        return 0

    outbox._sqlite.connection.set_progress_handler(tick, 1)
    action(outbox)
    outbox._sqlite.connection.set_progress_handler(None, 0)
    return ticks[0]


@only_sqlite
def test_daily_work_does_not_grow_with_history(outbox: SqliteOutbox) -> None:
    """Twenty times the history, the same number of steps, measured without a clock."""
    for number in range(20):
        outbox.add(report(number), due_at=NOON + timedelta(hours=number))
    grow(outbox, 0, 500)
    before = {name: work(outbox, action) for name, action in DAILY.items()}
    grow(outbox, 500, 10000)
    after = {name: work(outbox, action) for name, action in DAILY.items()}
    for name, steps in after.items():
        assert steps <= before[name] + 200, name
