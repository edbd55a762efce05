"""A group saved in one transaction: all of them or none, whatever happens meanwhile, and durable when it returns."""

import pytest
from outbox_helpers import HOUR, NOON, finding, report, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import StorageProblem
from apoa_client.outbox.database import Database
from apoa_client.outbox.sql import insertion
from apoa_client.ports.entries import NewReport, Selection
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
    really, put_in = insertion.insert, list[insertion.Row]()

    def insert(db: Database, row: insertion.Row) -> None:
        really(db, row)
        put_in.append(row)
        if len(put_in) == at:
            raise fault or store.fault()

    with monkeypatch.context() as patch:
        patch.setattr(insertion, "insert", insert)
        with pytest.raises(raised):
            outbox.add_all(GROUP)
    assert (len(put_in), ids(outbox)) == (at, [])
    assert outbox.summary(now=NOON, soon=NOON).counts[State.QUEUED] == 0
    assert list(outbox.audit_trail.entries()) == []
    assert len(outbox.add_all(GROUP)) == 3
