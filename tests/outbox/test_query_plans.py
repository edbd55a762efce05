"""Every statement that the outbox executes: its plan in SQLite, and the work that SQLite counts.

Each method of the outbox is called, SQLite says which statements it executes, and explains the plan of each.
"""

import inspect
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from outbox_helpers import NOON, open_outbox, report, uuid
from outbox_methods import LIST_ALL, METHODS, MORNING, QUEUE, fill
from outbox_stores import only_sqlite

from apoa_client.outbox.sql.drafts import Drafts
from apoa_client.outbox.sql.past_practice import trained_stays
from apoa_client.outbox.sql.store import Outbox
from apoa_client.outbox.sqlite import migrations
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import NewReport

FEW, MANY = 1_000, 100_000
A_FEW_STEPS = 5


@pytest.fixture
def filled(outbox: SqliteOutbox, path: Path) -> SqliteOutbox:
    """An outbox with some history."""
    del path
    fill(outbox, 50)
    return outbox


def scans(outbox: SqliteOutbox, method: Callable[[SqliteOutbox], object]) -> tuple[list[str], int]:
    """Return the plan's steps that scan all reports, of all statements of the method, and the number of statements."""
    connection = outbox._sqlite.connection
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    method(outbox)
    connection.set_trace_callback(None)
    asked = [each for each in dict.fromkeys(statements) if not re.match("BEGIN|COMMIT|PRAGMA|--", each)]
    steps = [row[3] for statement in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    tables = re.compile(
        r"SCAN (reports|head|earlier|found|same|entry|kept|accepted|later|cancel)\b"
        r"(?!.*USING (COVERING )?INDEX reports_(open|due|lease|photo|uncoded))"
    )
    return [step for step in steps if tables.match(step)], len(asked)


def test_each_method_is_tried() -> None:
    """All but those that read everything, and those whose statements are tested with what they do."""
    methods = {
        name
        for each in (Outbox, Drafts)
        for name, method in vars(each).items()
        if inspect.isfunction(method) and not name.startswith("_")
    } - {"close", "check_file", "rebuild_indexes", "authenticate", "confirm", "batch", "receive", "maintenance"}
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
    assert used >= methods - {"complete_guest_tags"}  # which reads what was restored


def test_no_statement_scans_all_reports(filled: SqliteOutbox) -> None:
    """Each step of each plan is a search, or reads an index that contains only open reports."""
    done = {name: scans(filled, method) for name, method in METHODS.items()}
    assert {name: found for name, (found, asked) in done.items() if found or not asked} == {}


def test_the_whole_history_is_scanned_if_asked_for(filled: SqliteOutbox) -> None:
    """And only then: this also shows that a scan would be detected."""
    assert all(scans(filled, method)[0] for method in LIST_ALL.values())


def test_practice_is_looked_for_by_an_index(filled: SqliteOutbox) -> None:
    """Each command asks whether a real property has any: it costs a property without it no scan."""

    def look(outbox: SqliteOutbox) -> object:
        return outbox.has_practised(), trained_stays(outbox.database)

    assert scans(filled, look) == ([], 2)


@only_sqlite
def test_triggers_scan_nothing(outbox: SqliteOutbox) -> None:
    """They keep the count of each state, and find it by its key."""
    triggers = [step for steps in migrations.STEPS.values() for step in steps if "CREATE TRIGGER" in step]
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
