"""Tests of the code of each row, the register of all that have one, and what checks of them say.

What another program may do is in `test_tampering`.
"""

from collections.abc import Iterator
from datetime import timedelta
from operator import itemgetter
from typing import Any

import pytest
from basics import raises_error
from key_helpers import new_key_pair
from outbox_helpers import (
    HOUR,
    NOON,
    PHOTO,
    PRIVATE_KEY,
    PUBLIC_KEY,
    add,
    receipt,
    report,
    sealer,
    sealer_without_key,
    settle,
    uuid,
)
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import NotAuthentic
from apoa_client.messages import msg
from apoa_client.outbox.sql import codes, integrity
from apoa_client.outbox.sql.insertion import Contents
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.doubts import Authentication, Doubt, DoubtKind
from apoa_client.ports.entries import Change, Content, NewReport, Selection
from apoa_client.ports.run import OutboxVersion
from apoa_client.ports.state import AuditEvent, Restrictions, Suspension
from apoa_client.report.kinds import PhotoState, State
from apoa_client.vault.sealing import PropertySealer, RowAuthenticator

NEXT, NEXT_PUBLIC = new_key_pair()
BOTH = PropertySealer(NEXT_PUBLIC, lambda: NEXT, lambda: [PRIVATE_KEY])
"""The key after a rotation, and the sealer during it."""


def behind_a_keyring() -> PropertySealer:
    """A sealer whose key is in a keyring that was not asked yet."""
    return PropertySealer(PUBLIC_KEY, lambda: PRIVATE_KEY, is_at_hand=lambda: False)


@pytest.fixture
def keyless(store: Store) -> Iterator[AnyOutbox]:
    """The same outbox, opened by a command without the key."""
    with store.open(sealer_without_key()) as opened:
        yield opened


def check(outbox: AnyOutbox, known: OutboxVersion | None = None) -> Authentication:
    return outbox.authenticate(ask=False, known=known)


def version(outbox: AnyOutbox, known: OutboxVersion | None = None) -> OutboxVersion:
    """The version after a check that finds nothing."""
    found = check(outbox, known)
    assert (found.doubts, found.unchecked) == ((), False)
    assert found.version is not None
    return found.version


def is_authenticated(outbox: AnyOutbox) -> list[bool]:
    return [entry.authenticated for entry in outbox.entries(Selection())]


@only_sqlite
def test_each_column_is_under_the_code(outbox: SqliteOutbox) -> None:
    """A column that a migration adds must be put under the code, or be named as one that says nothing."""
    columns = {row[1] for row in outbox._db.execute("PRAGMA table_info(reports)")}
    assert columns == {*codes.ALL_COLUMNS, "seq"}


def test_a_later_column_leaves_the_codes_of_before_right(outbox: AnyOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is null in a row from before it, and what another row has there is under its code."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    with outbox.database.read_errors():
        [row] = codes.read_rows(outbox.database, "mac IS NOT NULL")
    authenticator = sealer().authenticator()
    assert authenticator is not None
    monkeypatch.setattr(codes, "_PLAIN_OF", itemgetter(*codes._PLAIN, "later"))
    found = {value: codes.Row(row, later=value).is_authentic(authenticator) for value in (None, "x")}
    assert found == {None: True, "x": False}


def test_each_change_with_the_key_leaves_a_right_code(outbox: AnyOutbox) -> None:
    """Saving, claiming, every result, withdrawing, replacing, typing a number, settling a photo, erasing."""
    authenticator = sealer().authenticator()
    assert authenticator is not None

    def all_are_right() -> bool:
        return all(row.is_authentic(authenticator) for row in codes.read_rows(outbox._db, "TRUE"))

    outbox.add_all([NewReport(report(number), NOON, photo=PHOTO if number < 2 else None) for number in range(6)])
    assert all_are_right()
    outbox.settle_photo(uuid(0), PhotoState.SENT)
    assert all_are_right()
    for number, state in enumerate((State.ACCEPTED, State.PENDING, State.REJECTED)):
        settle(outbox, number, state)
        assert all_are_right()
    outbox.settle_pending([Change(uuid(1), State.ACCEPTED, receipt=receipt(1))])
    outbox.withdraw([uuid(3)], [uuid(3)])
    outbox.add(report(9, 2), due_at=NOON, replaces=[uuid(2)], active_reports=[uuid(2)])
    for _time in range(2):
        outbox.record_receipt(uuid(4), receipt(4)._replace(typed=True))
    assert all_are_right()
    outbox.eraser.stay(report(0).stay_id, dry_run=False)
    assert all_are_right()
    assert check(outbox).doubts == outbox.integrity.verify().doubts == ()


def test_each_change_with_the_key_raises_the_version(outbox: AnyOutbox) -> None:
    """Of the outbox, which has a random id. A check changes nothing if nothing is new."""
    outbox.add(report(1), due_at=NOON)
    first = version(outbox)
    assert version(outbox, first) == first
    settle(outbox, 1)
    second = version(outbox, first)
    assert second.outbox == first.outbox
    assert second.number > first.number


def test_what_was_saved_without_the_key_is_completed(outbox: AnyOutbox, keyless: AnyOutbox) -> None:
    """By the first command that has it; the state is visible until then."""
    outbox.add(report(1), due_at=NOON)
    keyless.add_all([NewReport(report(2), NOON, photo=PHOTO), NewReport(report(3), NOON)])
    with keyless.batch() as batch:
        batch.add(1, [NewReport(report(4), NOON)])
        batch.save(AuditEvent("imported"))
    assert is_authenticated(outbox) == [True, False, False, False]
    assert keyless.summary(now=NOON, soon=NOON).unauthenticated == 3
    assert not keyless.summary(now=NOON, soon=NOON).contradicted
    assert keyless.authenticate(ask=True) == Authentication(unchecked=True)
    before = version(outbox)
    assert is_authenticated(outbox) == [True] * 4
    assert outbox.summary(now=NOON, soon=NOON).unauthenticated == 0
    assert version(outbox, before) == before
    keyless.add(report(5), due_at=NOON)
    outbox.add(report(6), due_at=NOON)  # as a save does
    assert is_authenticated(outbox) == [True] * 6


def test_a_keyring_is_asked_only_if_wanted(store: Store) -> None:
    """Saving never waits for a key; a change of what was saved asks for it."""
    with store.open(behind_a_keyring()) as outbox:
        outbox.add(report(1), due_at=NOON)
        assert is_authenticated(outbox) == [False]
        assert check(outbox).unchecked
        assert outbox.authenticate(ask=True).version is not None
        assert is_authenticated(outbox) == [True]
    with store.open(behind_a_keyring()) as outbox:
        outbox.withdraw([uuid(1)])
        assert version(outbox)


def test_a_report_in_doubt_stops_no_other_one(outbox: AnyOutbox, store: Store) -> None:
    """It is not claimed and keeps its code, which a later check finds wrong again; a person decides about it alone."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(3)])
    store.change("UPDATE reports SET due_at = 0 WHERE id = ?", uuid(1))
    lease, claimed = outbox.claim([uuid(number) for number in range(3)], now=NOON, lease_until=NOON + HOUR)
    assert [entry.id for entry in claimed] == [uuid(0), uuid(2)]
    outbox.settle(lease, [Change(uuid(number), State.ACCEPTED, receipt=receipt(number)) for number in range(3)])
    outbox.withdraw([uuid(1)])
    outbox.eraser.stay(report(1).stay_id, dry_run=False)
    for _time in range(2):
        assert check(outbox).doubts == (Doubt(DoubtKind.STATE, uuid(1)),)
        with pytest.raises(NotAuthentic):
            outbox.integrity.check(uuid(1))
    assert outbox.integrity.check(uuid(0))


@pytest.mark.parametrize("state", [State.QUEUED, State.ACCEPTED, State.PENDING, State.REJECTED])
def test_an_accepted_report_is_sent_again(outbox: AnyOutbox, store: Store, state: State) -> None:
    """What a person accepts is the guest: the authority says what it has of it."""
    outbox.add(report(1), due_at=NOON)
    if state is not State.QUEUED:
        settle(outbox, 1, state)
    before = version(outbox)
    store.change("UPDATE reports SET due_at = 0 WHERE id = ?", uuid(1))
    after = outbox.integrity.accept([uuid(1)], lambda: before)
    assert after is not None
    assert after.number > before.number
    assert version(outbox, after)
    [entry] = outbox.find(uuid(1))
    assert (entry.state, entry.receipt, entry.withdrawable) == (State.QUEUED, None, False)
    assert [entry.id for entry in outbox.heads()] == [uuid(1)]
    assert outbox.audit_trail.verify().wrong is None


def test_a_typed_number_is_accepted_as_it_is(outbox: AnyOutbox, store: Store) -> None:
    """Only a person knows it; nor is sent what was withdrawn or erased."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(3)])
    outbox.record_receipt(uuid(0), receipt()._replace(typed=True))
    outbox.withdraw([uuid(1)])
    settle(outbox, 2)
    outbox.eraser.stay(report(2).stay_id, dry_run=False)
    before = version(outbox)
    store.change("UPDATE reports SET finished_at = 1, receipt_number = 'OTHER' WHERE receipt_number IS NOT NULL")
    store.change("UPDATE reports SET finished_at = 1")
    assert [doubt.report for doubt in check(outbox, before).doubts] == [uuid(number) for number in range(3)]
    outbox.integrity.accept([uuid(number) for number in range(3)], lambda: before)
    assert version(outbox, before)
    states = [entry.state for entry in outbox.entries(Selection())]
    assert states == [State.ACCEPTED, State.WITHDRAWN, State.ACCEPTED]


def test_the_whole_is_accepted_apart_from_its_reports(outbox: AnyOutbox, store: Store) -> None:
    """Numbers and restrictions are taken as they are; what is in doubt among the reports stays so."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(3)])
    before = version(outbox)
    store.change("DELETE FROM reports WHERE id = ?", uuid(0))
    store.change("UPDATE reports SET due_at = 0 WHERE id = ?", uuid(1))
    missing, changed = Doubt(DoubtKind.MISSING, uuid(0)), Doubt(DoubtKind.STATE, uuid(1))
    assert check(outbox, before) == Authentication((missing, changed))
    outbox.integrity.accept([uuid(1)], lambda: before)
    assert check(outbox, before).doubts == (missing,)
    store.change("UPDATE reports SET due_at = 0 WHERE id = ?", uuid(2))
    after = outbox.integrity.accept((), lambda: before)
    assert after is not None
    assert (after.outbox == before.outbox, after.number > before.number) == (True, True)  # other desks know it
    assert check(outbox, after).doubts == (Doubt(DoubtKind.STATE, uuid(2)),)


def test_a_report_that_gets_its_code_while_it_is_opened(
    outbox: AnyOutbox, keyless: AnyOutbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process completes what was saved without the key, after this one has read the row: it is no doubt."""
    keyless.add(report(1), due_at=NOON)
    really = Contents.open

    def open_slowly(*arguments: Any) -> Content:
        opened = really(*arguments)
        with store.open() as other:
            assert check(other).doubts == ()
        return opened

    monkeypatch.setattr(Contents, "open", open_slowly)
    assert outbox.content(outbox.find(uuid(1))[0]).report == report(1)


def test_an_older_copy_does_not_catch_up(outbox: AnyOutbox) -> None:
    """Changes after it was put back do not reach the number in the vault, and a doubt stays until a person accepts."""
    outbox.add(report(1), due_at=NOON)
    older = version(outbox)
    newer = older._replace(number=older.number + 1000)
    add(outbox, *range(2, 6), due_at=NOON)
    for known in (newer, older):
        assert Doubt(DoubtKind.OLDER_COPY) in check(outbox, known).doubts
    after = outbox.integrity.accept((), lambda: newer)
    assert after is not None
    assert after.number > newer.number
    assert check(outbox, after).doubts == ()


def test_an_outbox_of_before_is_taken_as_it_is(outbox: AnyOutbox, store: Store) -> None:
    """What an earlier version saved and sent has no codes: the first check with the key makes them, once."""
    outbox.add_all([NewReport(report(1), NOON, photo=PHOTO), NewReport(report(2), NOON)])
    settle(outbox, 1)
    store.change("UPDATE reports SET mac = NULL, version = NULL")
    store.change("DELETE FROM memo WHERE key = 'register'")
    outbox.add(report(3), due_at=NOON)
    assert outbox.summary(now=NOON, soon=NOON).unauthenticated is None
    assert outbox.integrity.doubts() == []
    assert version(outbox)
    assert is_authenticated(outbox) == [True] * 3
    assert outbox.photo(outbox.find(uuid(1))[0]) == PHOTO
    store.change("UPDATE reports SET mac = NULL, version = NULL WHERE id = ?", uuid(1))
    assert Doubt(DoubtKind.STATE, uuid(1)) in check(outbox).doubts


def test_codes_follow_the_key(outbox: AnyOutbox, store: Store) -> None:
    """A rotation makes each right code again, and none that is wrong; the spare key is enough until then."""
    outbox.record_public_key(sealer().public_key)
    outbox.add_all([NewReport(report(number), NOON, photo=PHOTO) for number in range(3)])
    settle(outbox, 0)
    outbox.eraser.stay(report(0).stay_id, dry_run=False)
    known = version(outbox)
    store.change("UPDATE reports SET due_at = 9 WHERE id = ?", uuid(2))
    assert rotate(outbox) == 2
    with raises_error("not_authentic"):
        outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    assert check(outbox, known).doubts == (Doubt(DoubtKind.KEY),)  # this process has the key of before
    with store.open(PropertySealer(NEXT_PUBLIC, lambda: NEXT)) as alone:
        own = RowAuthenticator(NEXT, tuple)
        right = {row.id: row.is_authentic(own) for row in codes.read_rows(alone._db, "TRUE")}
        assert right == {uuid(0): True, uuid(1): True, uuid(2): False}
        assert alone.photo(alone.find(uuid(1))[0]) == PHOTO
        assert check(alone, known).doubts == (Doubt(DoubtKind.STATE, uuid(2)),)
        alone.integrity.accept([uuid(2)], lambda: known)
        alone.add(report(7), due_at=NOON)
        assert version(alone, known)


def rotate(outbox: AnyOutbox) -> int:
    before, now = RowAuthenticator(PRIVATE_KEY, tuple), RowAuthenticator(NEXT, lambda: [PRIVATE_KEY])
    return outbox.sealed_records.reseal(BOTH.renew, BOTH.public_key, (before, now), lambda: None)


def test_a_key_that_is_replaced_before_there_is_a_report(outbox: AnyOutbox, store: Store) -> None:
    """The register of an outbox without reports has a code of the new key too, and nothing is in doubt."""
    known = version(outbox)
    assert rotate(outbox) == 0
    with store.open(PropertySealer(NEXT_PUBLIC, lambda: NEXT)) as alone:
        assert version(alone, known)
        alone.add(report(1), due_at=NOON)
        assert version(alone, known)


def test_a_key_that_was_replaced_elsewhere_is_believed(outbox: AnyOutbox, store: Store) -> None:
    """A computer with the key of before says how to import the new one; otherwise it cannot know who named another."""
    outbox.record_public_key(sealer().public_key)
    outbox.add(report(1), due_at=NOON)
    rotate(outbox)
    with store.open() as before:
        with pytest.raises(NotAuthentic) as certain:
            before.withdraw([uuid(1)])
        assert certain.value.advice == Doubt(DoubtKind.KEY).error(certain=True).advice
        for _time in range(2):  # no number, then another one
            store.change("UPDATE memo SET value = value || '0' WHERE key = 'replaced_key'")
            with pytest.raises(NotAuthentic) as unknown:
                before.withdraw([uuid(1)])
            assert unknown.value.advice == Doubt(DoubtKind.KEY).error().advice != certain.value.advice


def test_a_key_that_is_replaced_during_a_check(
    outbox: AnyOutbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check ends, and makes no code with the key of before: nothing is in doubt afterwards."""
    outbox.record_public_key(sealer().public_key)
    outbox.add_all([NewReport(report(number), NOON) for number in range(3)])
    check(outbox)
    with store.open(sealer_without_key()) as keyless:
        keyless.add(report(7), due_at=NOON)  # to be completed
    really = integrity.Integrity._writing

    def replaced(self: integrity.Integrity) -> object:
        monkeypatch.undo()
        with store.open(BOTH) as other:
            rotate(other)
        return really(self)

    monkeypatch.setattr(integrity.Integrity, "_writing", replaced)
    with raises_error("key_replaced"):
        check(outbox)
    with store.open(PropertySealer(NEXT_PUBLIC, lambda: NEXT)) as alone:
        assert version(alone)
        own = RowAuthenticator(NEXT, tuple)
        assert all(row.is_authentic(own) for row in codes.read_rows(alone._db, "TRUE"))


def test_nothing_is_checked_during_maintenance(outbox: AnyOutbox) -> None:
    """A restore adds rows that only its end explains."""
    outbox.add(report(1), due_at=NOON)
    with outbox.maintenance(msg("Later."), wait_s=0):
        for work in (lambda: check(outbox), lambda: outbox.integrity.accept(())):
            with raises_error("under_maintenance"):
                work()
    assert version(outbox)


def test_a_key_that_does_not_fit_proves_nothing(outbox: AnyOutbox, store: Store) -> None:
    """It is as if it was not at hand."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    with store.open(PropertySealer(PUBLIC_KEY, lambda: NEXT)) as other:
        assert not other.integrity.check(uuid(1))
        other.add(report(2), due_at=NOON)
        assert is_authenticated(other) == [True, False]
        with raises_error("key_needed"):
            other.withdraw([uuid(1)])


@pytest.mark.parametrize("with_key", [True, False])
def test_what_another_process_writes_meanwhile_is_no_doubt(
    outbox: AnyOutbox, store: Store, monkeypatch: pytest.MonkeyPatch, *, with_key: bool
) -> None:
    """A check sees the outbox at one moment: no row from before a delivery with a register from after it."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    pending = [State.ACCEPTED]
    name = "_of_the_whole" if with_key else "contradicts_register"
    place = integrity.Integrity if with_key else integrity
    real = getattr(place, name)

    def deliver_first(*arguments: object) -> object:
        if pending:
            settle(outbox, 1, pending.pop())
            outbox.add(report(2), due_at=NOON)
        return real(*arguments)

    with store.open(None if with_key else sealer_without_key()) as reader:
        monkeypatch.setattr(place, name, deliver_first)
        assert list(reader.integrity.doubts()) == []
    assert not pending


def test_another_key_while_no_key_is_at_hand(outbox: AnyOutbox, store: Store) -> None:
    """It is not known whether a rotation was interrupted: nothing is accused, and that is said."""
    outbox.record_public_key(sealer().public_key)
    outbox.add(report(1), due_at=NOON)
    rotating = PropertySealer(NEXT_PUBLIC, lambda: NEXT, lambda: [PRIVATE_KEY], is_at_hand=lambda: False)
    with store.open(sealer_without_key(NEXT_PUBLIC)) as keyless:
        assert keyless.integrity.doubts() == [Doubt(DoubtKind.UNCHECKED)]
        assert keyless.authenticate(ask=False) == Authentication((Doubt(DoubtKind.UNCHECKED),), unchecked=True)
    with store.open(rotating) as later:
        assert later.authenticate(ask=False).unchecked
        assert later.integrity.verify().doubts == ()  # which asks the keyring
        assert version(later)
    with store.open(sealer_without_key()) as keyless:
        assert keyless.integrity.doubts() == []


def test_what_stops_sending_is_under_the_register(outbox: AnyOutbox, keyless: AnyOutbox) -> None:
    """A suspension and a wait are recorded with the key, and removed by any process: the authority repeats them.

    One that is recorded without it is not kept, because another program could have written it.
    """
    outbox.add(report(1), due_at=NOON)
    known = version(outbox)
    outbox.set_suspension(Suspension("wrong_password", NOON, "settings"))
    outbox.hold(NOON + HOUR)
    assert version(outbox, known)
    keyless.set_suspension(None)
    keyless.hold(NOON + 2 * HOUR)
    keyless.set_suspension(Suspension("wrong_password", NOON, "settings"))
    assert outbox.restrictions() == Restrictions(None, NOON + HOUR)
    assert version(outbox, known)
    outbox.hold(NOON + timedelta(minutes=5))
    assert version(outbox, known)
