"""A batch: many reports sealed one after the other, and saved in one transaction, or not at all."""

import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from basics import raises_error
from key_helpers import new_key_pair
from outbox_helpers import HOUR, NOON, PERSONAL, PHOTO, PRIVATE_KEY, PUBLIC_KEY, finding, open_outbox, report, uuid
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import StorageProblem
from apoa_client.outbox.errors import DiskFull
from apoa_client.outbox.sql import audit, queries
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.ports.state import AuditEvent
from apoa_client.report.kinds import Kind, State
from apoa_client.vault.sealing import PropertySealer, encode_key

EVENT = AuditEvent("imported", detail="csv 3 4")
GROUPS = [
    [NewReport(report(1), NOON + HOUR, [finding("late")], 7)],
    [NewReport(report(2), NOON), NewReport(report(3, stay=2, kind=Kind.CHECK_OUT), None)],
    [NewReport(report(4), None, guest_tag=9)],
]


def ids(outbox: AnyOutbox) -> list[str]:
    return [entry.id for entry in outbox.entries(Selection())]


def save(outbox: AnyOutbox, groups: Any = GROUPS) -> list[str]:
    with outbox.batch() as batch:
        for key, group in enumerate(groups):
            batch.add(key, group)
        return batch.save(EVENT)


def test_a_batch_is_there_after_reopening(store: Store) -> None:
    """Each report is as if it had been saved alone, in the order given; the trail counts them."""
    with store.open() as outbox:
        assert ids(outbox) == []
        saved = save(outbox)
    with store.open() as outbox:
        found = list(outbox.entries(Selection()))
        assert [entry.id for entry in found] == saved == [uuid(n) for n in (1, 2, 3, 4)]
        contents = [outbox.content(entry) for entry in found]
        assert [content.report for content in contents] == [new.report for group in GROUPS for new in group]
        assert contents[0].warnings == (finding("late"),)
        assert found[0].due_at == NOON + HOUR
        assert all(entry.authenticated for entry in found)
        assert [entry.id for entry in outbox.same_guest(9, NOON.date(), NOON.date().replace(day=27))] == [uuid(4)]
        events = [(event.action, event.report, event.detail) for event in outbox.audit_trail.entries()]
        assert events == [*(("saved", uuid(n), uuid(1)) for n in (1, 2, 3, 4)), ("imported", None, "csv 3 4")]
        assert outbox.audit_trail.verify().wrong is None
        assert outbox.summary(now=NOON, soon=NOON).contradicted is False


def test_what_is_discarded_or_not_saved_is_forgotten(outbox: AnyOutbox) -> None:
    """A stay that was taken out, also again under its key, and a whole batch that was left; the next one is empty."""
    with outbox.batch() as batch:
        batch.add(1, GROUPS[0])
    with outbox.batch() as batch:
        batch.add(1, GROUPS[1])
        batch.add(2, GROUPS[2])
        for number in (5, 6):
            batch.discard(1)
            batch.add(1, [NewReport(report(number), NOON)])
        batch.discard(1)
        assert batch.save(EVENT) == [uuid(4)]
    assert ids(outbox) == [uuid(4)]


def test_a_stay_that_was_saved_before_is_changed(outbox: AnyOutbox) -> None:
    """What is replaced is superseded, and a report after it waits at the end of its stay."""
    save(outbox)
    changed = NewReport(report(5, stay=1), NOON, replaces=[uuid(1)], active_reports=[uuid(1)])
    left = NewReport(report(6, stay=1, kind=Kind.CHECK_OUT), None)
    save(outbox, [[changed, left], [NewReport(report(7), None)]])
    stay = list(outbox.entries(Selection(stay_id=report(1).stay_id)))
    assert {entry.id: entry.state for entry in stay} == {
        uuid(5): State.QUEUED,
        uuid(6): State.QUEUED,
        uuid(1): State.SUPERSEDED,
    }
    assert [entry.id for entry in stay if entry.state is State.QUEUED] == [uuid(5), uuid(6)]
    assert [each.report for each in outbox.audit_trail.entries() if each.action == "superseded"] == [uuid(1)]
    assert outbox.audit_trail.verify().wrong is None
    assert outbox.authenticate(ask=True).doubts == ()


@pytest.mark.parametrize("meanwhile", ["same report", "same stay", "same guest", "changed", "key"])
def test_another_process_was_faster(outbox: AnyOutbox, store: Store, meanwhile: str) -> None:
    """Nothing is saved, so that the caller decides again with what is there now."""
    outbox.add(report(10), due_at=None)
    groups = [*GROUPS, [NewReport(report(11, stay=10), NOON, active_reports=[uuid(10)])]]
    with outbox.batch() as batch, store.open() as other:
        for key, group in enumerate(groups):
            batch.add(key, group)
        if meanwhile == "same report":
            other.add(report(4), due_at=None)
        elif meanwhile == "same stay":
            other.add(report(20, stay=4), due_at=None)
        elif meanwhile == "same guest":
            other.add(report(20), due_at=None, guest_tag=9)
        elif meanwhile == "changed":
            other.withdraw([uuid(10)])
        else:
            outbox._sealer = batch._sealer = PropertySealer(  # as the settings say now
                PUBLIC_KEY, lambda: PRIVATE_KEY, current_public_key=lambda: new_key_pair()[1]
            )
            other.record_public_key(encode_key(new_key_pair()[1]))
        before = ids(other)
        with raises_error("report_moved"):
            batch.save(EVENT)
    assert ids(outbox) == before


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), None], ids=["Ctrl-C", "disk"])
@pytest.mark.parametrize("at", [1, 2])
def test_a_fault_saves_nothing(
    outbox: AnyOutbox, store: Store, monkeypatch: pytest.MonkeyPatch, at: int, fault: BaseException | None
) -> None:
    """Ctrl-C or a failing disk after the rows were copied: nothing is saved, and the batch can be saved afterwards."""
    really, count = audit.append, 0

    def append(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise fault or store.fault()
        really(*arguments)

    with outbox.batch() as batch:
        batch.add(1, GROUPS[0])
        with monkeypatch.context() as patch:
            patch.setattr(audit, "append", append)
            with pytest.raises((KeyboardInterrupt, StorageProblem)):
                batch.save(EVENT)
        assert (count, ids(outbox)) == (at, [])
        assert batch.save(EVENT) == [uuid(1)]


@only_sqlite
def test_a_full_disk_saves_nothing(outbox: SqliteOutbox) -> None:
    """If not all of them fit, none is saved."""
    [[pages]] = outbox._db.execute("PRAGMA main.page_count")
    outbox._db.execute(f"PRAGMA main.max_page_count = {pages + 2}")
    with pytest.raises(DiskFull):
        save(outbox, [[NewReport(report(number), NOON)] for number in range(1, 60)])
    assert ids(outbox) == []


def test_no_other_process_waits_for_the_sealing(outbox: SqliteOutbox, path: Path) -> None:
    """While a batch is filled, the desk saves a guest."""
    with outbox.batch() as batch, open_outbox(path) as desk:
        for number in range(1, 700):  # more than are kept in memory
            batch.add(number, [NewReport(report(number), NOON)])
        desk._db.execute("PRAGMA busy_timeout = 0")
        desk.add(report(1000), due_at=None)
        assert len(batch.save(EVENT)) == 699
    assert len(ids(outbox)) == 700


def test_memory_stays_flat(outbox: AnyOutbox) -> None:
    """Of sixty photos only a few are in memory while they are saved, whatever keeps the outbox."""
    with outbox.batch() as batch:
        for number in range(1, 61):
            batch.add(number, [NewReport(report(number), NOON, photo=bytes(200_000))])
        tracemalloc.start()
        try:
            batch.save(EVENT)
            (_now, peak) = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 5_000_000


def test_the_file_of_a_batch_holds_only_sealed_data(
    outbox: AnyOutbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put aside before saving is as unreadable as the outbox."""
    path = tmp_path / "batch"
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: path.open("w+b"))
    with outbox.batch() as batch:
        batch.add(1, [NewReport(report(1), NOON, photo=PHOTO)])  # a photo is put aside at once
    content = path.read_bytes()
    assert uuid(1).encode() in content
    assert not any(text.encode() in content for text in PERSONAL)


SAVE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from outbox_helpers import NOON, open_outbox, report
from apoa_client.outbox.sql import audit, queries
from apoa_client.ports.state import AuditEvent
from apoa_client.ports.entries import NewReport
outbox = open_outbox(Path(sys.argv[1]))
outbox._db.execute("PRAGMA main.cache_size = 1")  # so that the transaction writes pages to the log before its end
audit.append = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
with outbox.batch() as batch:
    for number in range(1, 60):
        batch.add(number, [NewReport(report(number), NOON)])
    batch.save(AuditEvent("imported"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
def test_a_kill_saves_nothing(path: Path) -> None:
    """SIGKILL with all rows copied, and some of them in the log already: none is saved, and the outbox can be used."""
    with open_outbox(path) as outbox:
        outbox.add(report(0), due_at=None)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "support")}
    killed = subprocess.run(
        [sys.executable, "-c", SAVE_AND_DIE, path], capture_output=True, text=True, check=False, env=environ
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with open_outbox(path) as outbox:
        assert ids(outbox) == [uuid(0)]
        save(outbox)
        assert outbox.audit_trail.verify().wrong is None


def test_many_changes_of_sent_reports(outbox: AnyOutbox) -> None:
    """A correction of a stay that was sent follows it, with the stay's reports as they were seen."""
    save(outbox)
    lease, _got = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    outbox.settle(lease, [Change(uuid(1), State.PENDING)])
    amend = report(8, stay=1)._replace(kind=Kind.AMEND, reason="import")
    save(outbox, [[NewReport(amend, None, active_reports=[uuid(1)])]])
    assert ids(outbox)[-1] == uuid(8)


@only_sqlite
def test_the_stays_of_a_day(outbox: SqliteOutbox) -> None:
    """Those whose ids begin with a text, each once, from the index alone."""
    save(outbox)
    first = report(1).stay_id
    assert outbox.stay_ids(first) == [first]
    assert sorted(outbox.stay_ids(first[:8])) == [report(number).stay_id for number in (1, 2, 4)]
    assert outbox.stay_ids("ff") == []
    plan = " ".join(row[-1] for row in outbox._db.execute(f"EXPLAIN QUERY PLAN {queries.STAY_IDS}", ["a", "b"]))
    assert "COVERING INDEX reports_stay" in plan
