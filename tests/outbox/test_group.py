"""A group saved in one transaction: all of them or none, whatever happens meanwhile, and durable when it returns."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from basics import raises_error
from outbox_helpers import HOUR, NOON, finding, open_outbox, report, uuid
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import StorageProblem
from apoa_client.outbox.database import Database
from apoa_client.outbox.errors import DiskFull
from apoa_client.outbox.sql import insertion
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Entry, NewReport, Selection
from apoa_client.report.kinds import State

GROUP = [
    NewReport(report(1), NOON + HOUR, [finding("late")], 7),
    NewReport(report(2), NOON + HOUR),
    NewReport(report(3), None, guest_tag=9),
]


def ids(outbox: AnyOutbox) -> list[str]:
    return [entry.id for entry in outbox.entries(Selection())]


def test_a_group_is_there_after_reopening(store: Store) -> None:
    """Each report is as if it had been saved alone: in the order given, with its deadline, warnings and tag."""
    with store.open() as outbox:
        added = outbox.add_all(GROUP)
    with store.open() as outbox:
        found = list(outbox.entries(Selection()))
        contents = [outbox.content(entry) for entry in found]
        nights = (NOON.date(), NOON.date().replace(day=27))
        assert [entry.id for entry in outbox.same_guest(9, *nights)] == [uuid(3)]
        assert outbox.summary(now=NOON, soon=NOON).counts[State.QUEUED] == 3
    assert found == added
    assert [entry.id for entry in found] == [uuid(1), uuid(2), uuid(3)]
    assert [entry.due_at for entry in found] == [NOON + HOUR, NOON + HOUR, None]
    assert [content.report for content in contents] == [report(1), report(2), report(3)]
    assert [content.warnings for content in contents] == [(finding("late"),), (), ()]


def test_each_of_them_is_recorded_in_the_trail(outbox: AnyOutbox) -> None:
    """Saved, one by one, and the chain is intact."""
    outbox.add_all(GROUP)
    assert [(event.action, event.report) for event in outbox.audit_trail.entries()] == [
        ("saved", uuid(n)) for n in (1, 2, 3)
    ]
    assert outbox.audit_trail.verify().wrong is None


def test_an_empty_group(outbox: AnyOutbox) -> None:
    """Nothing happens, and nothing is recorded."""
    assert outbox.add_all([]) == []
    assert (ids(outbox), list(outbox.audit_trail.entries())) == ([], [])


@pytest.mark.parametrize("last", [report(9), report(1)], ids=["saved before", "twice in the group"])
def test_an_id_that_is_known_saves_none_of_them(outbox: AnyOutbox, last: Any) -> None:
    """Neither those before it nor their audit entries; and the others can be saved without it."""
    outbox.add(report(9), due_at=None)
    with raises_error("report_exists"):
        outbox.add_all([*GROUP, NewReport(last, None)])
    assert ids(outbox) == [uuid(9)]
    assert len(list(outbox.audit_trail.entries())) == 1
    outbox.add_all(GROUP)
    assert ids(outbox) == [uuid(9), uuid(1), uuid(2), uuid(3)]


@pytest.mark.parametrize(
    ("fault", "raised"), [(KeyboardInterrupt(), KeyboardInterrupt), (None, StorageProblem)], ids=["Ctrl-C", "disk"]
)
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_fault_in_the_middle_saves_none_of_them(
    outbox: AnyOutbox,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
    fault: BaseException | None,
    raised: type[BaseException],
) -> None:
    """Ctrl-C or a failing disk at any of them: nothing is saved, and the same group can be saved afterwards."""
    really, put_in = insertion.insert, list[tuple[Any, ...]]()

    def insert(db: Database, row: tuple[Any, ...], *more: Any) -> Entry:
        entry = really(db, row, *more)
        put_in.append(row)
        if len(put_in) == at:
            raise fault or store.fault()
        return entry

    with monkeypatch.context() as patch:
        patch.setattr(insertion, "insert", insert)
        with pytest.raises(raised):
            outbox.add_all(GROUP)
    assert (len(put_in), ids(outbox)) == (at, [])
    assert outbox.summary(now=NOON, soon=NOON).counts[State.QUEUED] == 0
    assert list(outbox.audit_trail.entries()) == []
    assert len(outbox.add_all(GROUP)) == 3


@only_sqlite
def test_a_full_disk_in_the_middle_saves_none_of_them(outbox: SqliteOutbox) -> None:
    """If not all of them fit, none is saved; what was saved before is there."""
    outbox.add(report(0), due_at=None)
    [[pages]] = outbox._db.execute("PRAGMA page_count")
    outbox._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    many = [NewReport(report(number), NOON) for number in range(1, 60)]
    with pytest.raises(DiskFull):
        outbox.add_all(many)
    assert ids(outbox) == [uuid(0)]
    outbox.add_all(many[:1])
    assert ids(outbox) == [uuid(0), uuid(1)]


def test_what_was_acknowledged_is_in_the_files_at_once(outbox: SqliteOutbox, path: Path, tmp_path: Path) -> None:
    """A copy of the files, taken while the outbox is open, contains the whole group."""
    outbox.add_all(GROUP)
    copy = tmp_path / "copy" / "outbox.db"
    copy.parent.mkdir()
    for ending in ("", "-wal"):
        copy.with_name(f"outbox.db{ending}").write_bytes(path.with_name(f"outbox.db{ending}").read_bytes())
    with open_outbox(copy) as found:
        assert ids(found) == [uuid(1), uuid(2), uuid(3)]


ADD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from outbox_helpers import open_outbox, report, uuid
from apoa_client.errors import StorageProblem
from apoa_client.outbox.sql import insertion
from apoa_client.ports.entries import NewReport
outbox = open_outbox(Path(sys.argv[1]))
outbox._db.execute("PRAGMA cache_size = 1")  # so that the transaction writes pages to the log before its end
really = insertion.insert
def insert(db, row, *more):
    entry = really(db, row, *more)
    if row[0] == uuid(41):
        os.kill(os.getpid(), signal.SIGKILL)
    return entry
insertion.insert = insert
outbox.add_all([NewReport(report(number), None) for number in range(1, 60)])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
def test_a_kill_in_the_middle_saves_none_of_them(path: Path) -> None:
    """SIGKILL after forty of sixty, with some of them in the log already: none is saved, and the outbox can be used."""
    with open_outbox(path) as outbox:
        outbox.add(report(0), due_at=None)
    killed = subprocess.run(
        [sys.executable, "-c", ADD_AND_DIE, path],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[1] / "support")},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert path.with_name("outbox.db-wal").stat().st_size > 0
    with open_outbox(path) as outbox:
        assert ids(outbox) == [uuid(0)]
        outbox.add_all(GROUP)
        assert ids(outbox) == [uuid(0), uuid(1), uuid(2), uuid(3)]
        assert outbox.audit_trail.verify().wrong is None
