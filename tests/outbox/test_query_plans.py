"""Every statement that the outbox executes: its plan in SQLite, and the work that SQLite counts.

`test_history` asks about the queries by their names; here each method of the outbox's ports is
called, each statement that reaches SQLite is recorded, and SQLite explains its plan.
"""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from outbox_helpers import HOUR, NOON, PHOTO, finding, open_outbox, receipt, report, sealer, uuid
from outbox_stores import only_sqlite

from apoa_client.outbox.interface import Drafts
from apoa_client.outbox.sqlite import migrations
from apoa_client.outbox.sqlite.database import SqliteDatabase
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.drafts import StoredDraft
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.ports.outbox import DeliveryState, ReportQueue, ReportReader
from apoa_client.ports.state import LearnedBatchSize, Suspension
from apoa_client.report.kinds import OPEN_STATES, PhotoState, State

PENDING = Selection(states=frozenset({State.PENDING}))
URGENT = Selection(states=frozenset({State.QUEUED, State.PENDING}), due_by=NOON + 9 * HOUR, by_deadline=NOON)
REFUSED = Selection(states=frozenset({State.REJECTED}), by_deadline=NOON)
FEW, MANY = 1_000, 100_000
QUEUE = 40
WITH_PHOTO = 35
YEARS_AGO = date(2025, 1, 1).toordinal()
MORNING = date(2026, 11, 27)
"""The day on which the guests of these reports leave."""
A_FEW_STEPS = 5


def claim_one(outbox: SqliteOutbox, number: int) -> str:
    return outbox.claim([uuid(number)], now=NOON, lease_until=NOON + HOUR)[0]


def settle(outbox: SqliteOutbox, number: int, state: State, **members: Any) -> None:
    outbox.settle(claim_one(outbox, number), [Change(uuid(number), state, **members)])


DRAFT = StoredDraft("draft", NOON)
METHODS: dict[str, Callable[[SqliteOutbox], object]] = {
    "status": lambda outbox: outbox.summary(now=NOON, soon=NOON + 6 * HOUR),
    "add": lambda outbox: outbox.add(report(900), due_at=NOON, warnings=[finding()]),
    "add to a stay": lambda outbox: outbox.add(report(901, 3), due_at=None),
    "heads": lambda outbox: list(outbox.heads()),
    "claim": lambda outbox: claim_one(outbox, 3),
    "claim a batch": lambda outbox: outbox.claim(
        [uuid(number) for number in range(4, 24)], now=NOON, lease_until=NOON + HOUR
    ),
    "settle: accepted": lambda outbox: settle(outbox, 30, State.ACCEPTED, receipt=receipt()),
    "settle: pending": lambda outbox: settle(outbox, 31, State.PENDING),
    "settle: rejected": lambda outbox: settle(outbox, 32, State.REJECTED, errors=(finding(),)),
    "settle: queued": lambda outbox: settle(outbox, 33, State.QUEUED, next_attempt_at=NOON, not_before=NOON),
    "pending": lambda outbox: list(outbox.entries(PENDING)),
    "settle pending": lambda outbox: outbox.settle_pending([Change(uuid(1), State.ACCEPTED, receipt=receipt(2))]),
    "find by id": lambda outbox: outbox.find(uuid(3)),
    "find by short id": lambda outbox: outbox.find(uuid(3).replace("-", "")[-8:]),
    "find by stay": lambda outbox: outbox.find(report(3).stay_id),
    "content": lambda outbox: outbox.content(outbox.find(uuid(3))[0]),
    "photo": lambda outbox: outbox.photo(outbox.find(uuid(WITH_PHOTO))[0]),
    "photos to send": lambda outbox: list(outbox.photos_to_send()),
    "settle a photo": lambda outbox: outbox.settle_photo(uuid(WITH_PHOTO), PhotoState.SENT),
    "whether photos are wanted": lambda outbox: outbox.wants_photos(),
    "photos are wanted": lambda outbox: outbox.record_wants_photos(wants=True),
    "list": lambda outbox: list(outbox.entries(Selection(since=NOON))),
    "list what is open": lambda outbox: list(outbox.entries(Selection(states=OPEN_STATES))),
    "list what is refused": lambda outbox: list(outbox.entries(Selection(states=frozenset({State.REJECTED})))),
    "the most urgent": lambda outbox: list(outbox.entries(URGENT._replace(limit=10))),
    "all that are due": lambda outbox: list(outbox.entries(URGENT)),
    "how many are due": lambda outbox: outbox.count(URGENT),
    "the refused by deadline": lambda outbox: list(outbox.entries(REFUSED)),
    "how many are refused": lambda outbox: outbox.count(REFUSED),
    "stays of a day": lambda outbox: outbox.stay_ids(report(3).stay_id[:13]),
    "one stay": lambda outbox: list(outbox.entries(Selection(stay_id=report(3).stay_id))),
    "add in the place of another": lambda outbox: outbox.add(
        report(902, 37), due_at=NOON, replaces=[uuid(37)], active_reports=[uuid(37)]
    ),
    "add with a guest's tag": lambda outbox: outbox.add(report(903), due_at=NOON, guest_tag=7),
    "add a group": lambda outbox: outbox.add_all(
        [NewReport(report(904), NOON), NewReport(report(905), NOON, [finding()])]
    ),
    "save a draft": lambda outbox: outbox.drafts.save("what was typed", NOON),
    "drafts": lambda outbox: outbox.drafts.waiting(NOON),
    "open a draft": lambda outbox: outbox.drafts.open(DRAFT),
    "take a draft": lambda outbox: outbox.drafts.take(DRAFT, NOON),
    "delete a draft": lambda outbox: outbox.drafts.delete(DRAFT),
    "withdraw": lambda outbox: outbox.withdraw([uuid(34)], [uuid(34)]),
    "record a receipt": lambda outbox: outbox.record_receipt(uuid(36), receipt(9)._replace(typed=True)),
    "guests who are staying": lambda outbox: list(outbox.entries(Selection(leaving_from=MORNING))),
    "with a receipt": lambda outbox: outbox.with_receipt("STT-1"),
    "shared receipts": lambda outbox: outbox.shared_receipts(["STT-1", "STT-2"]),
    "guests of a night": lambda outbox: list(outbox.entries(Selection(leaving_from=MORNING, arriving_by=MORNING))),
    "the same guest": lambda outbox: outbox.same_guest(7, NOON.date(), MORNING),
    "suspension": lambda outbox: outbox.set_suspension(Suspension("wrong_password", NOON, "settings")),
    "hold": lambda outbox: outbox.hold(NOON),
    "check the queue": lambda outbox: outbox.check_queue(),
    "contact": lambda outbox: outbox.record_contact(NOON, NOON),
    "batch size": lambda outbox: outbox.batch_size(),
    "learned batch size": lambda outbox: outbox.record_batch_size(LearnedBatchSize(500, "settings")),
}
LIST_ALL: dict[str, Callable[[SqliteOutbox], object]] = {
    "list --all": lambda outbox: list(outbox.entries(Selection())),
    "list --all --state accepted": lambda outbox: list(
        outbox.entries(Selection(states=frozenset({State.ACCEPTED}), limit=5))
    ),
}
"""These need the whole history, and scan it."""


class Recorder:
    """A connection to SQLite that records each statement, with its parameters."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.statements: list[tuple[str, Any]] = []

    def execute(self, statement: str, values: Any = ()) -> Any:
        self.statements.append((statement, values))
        return self._db.execute(statement, values)

    def executemany(self, statement: str, values: Any) -> Any:
        rows = list(values)
        self.statements.append((statement, rows[0]))
        return self._db.executemany(statement, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def old_id(kind: str, number: int) -> str:
    return f"0199{kind}000-0000-7000-8000-{number:012x}"


def fill(outbox: SqliteOutbox, finished: int) -> SqliteOutbox:
    """A queue as on any day, one report of it pending, and years of finished reports added by SQL."""
    outbox._db.execute("BEGIN")
    outbox._db.executemany(
        "INSERT INTO reports (id, short_id, stay_id, kind, state, created_at, due_at, content, calls, guest_tag, "
        "first_night, last_morning, photo_state) "
        "VALUES (?, ?, ?, 'check_in', 'accepted', ?, ?, zeroblob(50), 1, ?, ?, ?, 'sent')",
        (
            (old_id("b", n), f"e{n:07x}", old_id("c", n), n, n, n % 9, YEARS_AGO - n % 900, YEARS_AGO - n % 900 + 2)
            for n in range(finished)
        ),
    )
    outbox._db.execute("COMMIT")
    for number in range(QUEUE):
        photo = PHOTO if number == WITH_PHOTO else None
        outbox.add_all([NewReport(report(number), NOON + timedelta(hours=number - 5), photo=photo)])
    settle(outbox, 1, State.PENDING)
    settle(outbox, WITH_PHOTO, State.ACCEPTED, receipt=receipt(35))
    return outbox


@pytest.fixture
def filled(outbox: SqliteOutbox, path: Path) -> SqliteOutbox:
    """An outbox with some history, whose statements are recorded."""
    recorder: Any = Recorder(fill(outbox, 50)._sqlite.connection)
    return SqliteOutbox(SqliteDatabase(recorder, path), sealer())


def scans(outbox: SqliteOutbox, method: Callable[[SqliteOutbox], object]) -> tuple[list[str], int]:
    """Return the plan's steps that scan all reports, of all statements of the method, and the number of statements."""
    db: Any = outbox._sqlite.connection
    db.statements.clear()
    method(outbox)
    asked = [each for each in db.statements if not re.match("BEGIN|COMMIT", each[0])]
    steps = [row[3] for statement, values in asked for row in db._db.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    tables = re.compile(
        r"SCAN (reports|head|earlier|found|same|entry|kept|accepted|later|cancel)\b"
        r"(?!.*USING (COVERING )?INDEX reports_(open|due|lease|photo))"
    )
    return [step for step in steps if tables.match(step)], len(asked)


def test_each_method_is_tried() -> None:
    """Those of the ports; the delivery lock is another file, and a repair reads all of a damaged one.

    What an authentication reads is tested with it. The statements of a batch join a table of its own, whose size
    decides.
    """
    ports = (ReportReader, ReportQueue, DeliveryState, Drafts)
    methods = {name for port in ports for name in vars(port) if not name.startswith("_")} - {
        "delivery_lock",
        "lock_holder",
        "rebuild_indexes",
        "authenticate",
        "batch",
    }
    used = set[str]()

    class Spy:
        def __getattr__(self, name: str) -> Any:
            if name == "drafts":
                return self
            used.add(name)
            return lambda *_args, **_named: [""]

    for method in (*METHODS.values(), *LIST_ALL.values()):
        spy: Any = Spy()
        method(spy)
    assert used == methods


@pytest.mark.parametrize("name", METHODS)
def test_no_statement_scans_all_reports(filled: SqliteOutbox, name: str) -> None:
    """Each step of each plan is a search, or reads an index that contains only open reports."""
    found, asked = scans(filled, METHODS[name])
    assert asked
    assert found == []


@pytest.mark.parametrize("name", LIST_ALL)
def test_the_whole_history_is_scanned_if_asked_for(filled: SqliteOutbox, name: str) -> None:
    """And only then: this also shows that a scan would be detected."""
    assert scans(filled, LIST_ALL[name])[0]


@only_sqlite
def test_triggers_scan_nothing(outbox: SqliteOutbox) -> None:
    """They keep the count of each state, and find it by its key."""
    triggers = [step for steps in migrations.STEPS for step in steps if "CREATE TRIGGER" in step]
    bodies = [statement for step in triggers for statement in re.findall(r"UPDATE tally .*?(?=;)", step)]
    updates = [re.sub(r"(OLD|NEW)\.state", "'queued'", body) for body in bodies]
    assert len(updates) == 4
    for update in updates:
        steps = [row[3] for row in outbox._db.execute(f"EXPLAIN QUERY PLAN {update}")]
        assert steps == ["SEARCH tally USING PRIMARY KEY (state=?)"]


def work(outbox: SqliteOutbox, method: Callable[[SqliteOutbox], object]) -> int:
    """Return the number of instructions of SQLite's virtual machine: a measure without a clock."""
    ticks = [0]

    def tick() -> int:
        ticks[0] += 1
        return 0

    outbox._sqlite.connection.set_progress_handler(tick, 1)
    method(outbox)
    outbox._sqlite.connection.set_progress_handler(None, 1)
    return ticks[0]


def test_a_guest_is_found_among_many_of_the_same_nights(tmp_path: Path) -> None:
    """A large hotel's reports and imports search for each guest: the others of these nights are not read."""
    done = []
    for others in (QUEUE, 20 * QUEUE):
        with closing(open_outbox(tmp_path / f"{others}.db")) as outbox:
            reports = [NewReport(report(number), None, guest_tag=number) for number in range(others)]
            outbox.add_all(reports)
            done.append(work(outbox, METHODS["the same guest"]))
            assert [entry.id for entry in outbox.same_guest(7, NOON.date(), MORNING)] == [uuid(7)]
    assert done[1] - done[0] <= A_FEW_STEPS


@pytest.mark.slow
def test_daily_work_is_the_same_at_a_thousand_and_at_a_hundred_thousand(tmp_path: Path) -> None:
    """Instruction by instruction, except a few that depend on a random lease's position in its index."""
    done = {}
    for finished in (FEW, MANY):
        with closing(open_outbox(tmp_path / f"{finished}.db")) as outbox:
            fill(outbox, finished)
            done[finished] = {name: work(outbox, method) for name, method in METHODS.items()}
    assert all(done[FEW].values())
    assert {name: steps for name, steps in done[MANY].items() if abs(steps - done[FEW][name]) > A_FEW_STEPS} == {}
