"""The database is read for damage, for a limited time, and damaged indexes are rebuilt. No row is ever lost."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from damage_helpers import INDEXES, PAGE, clear_index, flip, hide_from_queue, leaf_of_reports, overwrite, root_of
from outbox_helpers import HOUR, NOON, open_outbox, receipt, report, sealer, uuid

from apoa_client.errors import OutboxDamaged
from apoa_client.outbox.sqlite.migrations import STEPS
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import Kind, State

REPORTS = 60


@pytest.fixture
def file(path: Path) -> Path:
    """A file with reports in several states, closed."""
    with open_outbox(path) as outbox:
        for number in range(REPORTS):
            outbox.add(report(number), due_at=None if number % 2 else NOON)
        outbox.add(report(REPORTS, stay=1, kind=Kind.CHECK_OUT), due_at=None)
        lease, _claimed = outbox.claim([uuid(n) for n in (2, 3, 4, 5)], now=NOON, lease_until=NOON + HOUR)
        outbox.settle(lease, [Change(uuid(2), State.PENDING), Change(uuid(3), State.ACCEPTED, receipt=receipt())])
    return path


def never() -> bool:
    return False


def always() -> bool:
    return True


def test_a_sound_file(file: Path) -> None:
    """All of it was read; the schema and the engine are named."""
    with open_outbox(file) as outbox:
        found = outbox.check_file(never)
    assert (found.complete, found.schema) == (True, max(STEPS))
    assert found.engine.startswith("SQLite 3.")


def test_the_time_is_over(path: Path) -> None:
    """The check ends without a result about the rest, and the connection can be used."""
    with open_outbox(path) as outbox:
        for number in range(REPORTS * 5):
            outbox.add(report(number), due_at=NOON)
        assert not outbox.check_file(always).complete
        assert outbox.check_file(never).complete


def test_a_damaged_page(file: Path) -> None:
    """A page of the audit trail that is no page any more."""
    overwrite(file, root_of(file, "audit"), bytes([7]) * PAGE)
    with open_outbox(file) as outbox, pytest.raises(OutboxDamaged):
        outbox.check_file(never)


def test_an_index_that_hides_reports(file: Path) -> None:
    """The pages are sound, and open reports cannot be found: reported, however little time there is."""
    hide_from_queue(file)
    with open_outbox(file) as outbox, pytest.raises(OutboxDamaged):
        outbox.check_file(always)


def rows(path: Path) -> dict[str, Any]:
    """The rows of each table that a repair must not change, read without an index."""
    names = ("reports", "tally", "drafts")
    with closing(sqlite3.connect(path)) as db:
        return {name: db.execute(f"SELECT * FROM {name} NOT INDEXED").fetchall() for name in names}  # noqa: S608


@contextmanager
def opened(path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(path, sealer()) as outbox:
        yield outbox


def rebuilt_events(outbox: SqliteOutbox) -> int:
    return [entry.action for entry in outbox.audit_trail.entries()].count("indexes_rebuilt")


@pytest.mark.parametrize("index", INDEXES)
def test_each_index_is_rebuilt(file: Path, index: str) -> None:
    """After its first page was overwritten, all reports are found again, and the audit trail records the repair."""
    before = rows(file)
    clear_index(file, index)
    with opened(file) as outbox:
        assert outbox.rebuild_indexes()
        assert not outbox.rebuild_indexes()  # there is nothing to do
        assert rebuilt_events(outbox) == 1
        assert outbox.audit_trail.verify().wrong is None
        for number in range(REPORTS + 1):
            assert [entry.id for entry in outbox.find(uuid(number))] == [uuid(number)]
        assert len(list(outbox.heads())) == REPORTS - 2
        outbox.check_queue()
        outbox.add(report(REPORTS + 1), due_at=None)
    assert rows(file)["reports"][:-1] == before["reports"]


def test_another_process_sees_the_new_index(file: Path) -> None:
    """A connection that was open before the repair finds and changes reports afterwards."""
    clear_index(file, "reports_open")
    with opened(file) as other, opened(file) as outbox:
        with pytest.raises(OutboxDamaged):
            list(other.heads())
        assert outbox.rebuild_indexes()
        assert len(list(other.heads())) == REPORTS - 2
        other.add(report(REPORTS + 1), due_at=None)
        assert len(list(outbox.heads())) == REPORTS - 1


def test_a_sound_file_is_left_alone(file: Path) -> None:
    """Nothing is rebuilt or recorded."""
    before = file.read_bytes()
    with opened(file) as outbox:
        assert not outbox.rebuild_indexes()
        outbox.check_queue()
    assert file.read_bytes() == before


@pytest.mark.parametrize("index", [(), ("reports_open",)])
def test_a_damaged_table_is_left_alone(file: Path, index: tuple[str, ...]) -> None:
    """Where a row cannot be read, nothing is changed, whether an index is damaged too or not."""
    flip(file, leaf_of_reports(file), 64)
    for name in index:
        clear_index(file, name)
    before = file.read_bytes()
    with opened(file) as outbox:
        assert not outbox.rebuild_indexes()
    assert file.read_bytes() == before


def test_a_wrong_row_prevents_the_repair(file: Path) -> None:
    """A row that can be read but breaks the schema is damage that an index cannot repair: nothing is changed."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("UPDATE reports SET kind = 'kind' WHERE seq = 9")
        db.commit()
    clear_index(file, "reports_due")
    before = file.read_bytes()
    with opened(file) as outbox:
        assert not outbox.rebuild_indexes()
    assert file.read_bytes() == before


def test_a_report_that_the_queue_misses(path: Path) -> None:
    """A changed row number in an index raises no error and hides a report: `check_queue` finds it."""
    with open_outbox(path) as outbox:
        for number in range(5):
            outbox.add(report(number), due_at=None)
    hide_from_queue(path)
    with opened(path) as outbox:
        assert len(list(outbox.heads())) == 4
        with pytest.raises(OutboxDamaged):
            outbox.check_queue()
        assert outbox.rebuild_indexes()
        assert len(list(outbox.heads())) == 5
        outbox.check_queue()


def test_random_damage(file: Path) -> None:
    """Whatever was damaged in an index, the repair succeeds, or changes nothing, and every row is as before."""
    chance = random.Random(4)  # noqa: S311  a test's
    sound, before = file.read_bytes(), rows(file)
    roots = [root_of(file, name) for name in INDEXES]
    for _round in range(20):
        at = chance.choice(roots)
        overwrite(file, 0, sound)
        if chance.random() < 0.5:
            overwrite(file, at + chance.randrange(PAGE), chance.randbytes(1))
        else:
            overwrite(file, at, chance.randbytes(chance.choice([8, 64, PAGE])))
        with opened(file) as outbox:
            outbox.rebuild_indexes()
            assert len(list(outbox.heads())) == REPORTS - 2
        assert rows(file) == before
