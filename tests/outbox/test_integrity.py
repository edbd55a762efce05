"""Tests of the codes that prove who wrote a row, and of the checks of what another program changed."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from conftest import raises_error
from key_helpers import new_key_pair
from outbox_helpers import HOUR, NOON, PHOTO, PRIVATE_KEY, PUBLIC_KEY, receipt, report, sealer, uuid
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import CredentialsProblem, Erased, NotAuthentic, OutboxDamaged, SecretMissing
from apoa_client.messages import msg
from apoa_client.outbox.sql import codes, metadata, row_check
from apoa_client.outbox.sql.authentication import AuthenticationRun
from apoa_client.outbox.sql.row_check import RowCheck
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.doubts import Authentication, Doubt, DoubtKind
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.ports.state import Suspension
from apoa_client.report.kinds import PhotoState, State
from apoa_client.vault.sealing import PropertySealer, RowAuthenticator, public_key_of


def behind_a_keyring() -> PropertySealer:
    """A sealer whose key is in a keyring that was not asked yet."""
    return PropertySealer(PUBLIC_KEY, lambda: PRIVATE_KEY, is_at_hand=lambda: False)


@pytest.fixture
def keyless(store: Store) -> Iterator[AnyOutbox]:
    """The same outbox, opened by a command without the key."""
    with store.open(PropertySealer(PUBLIC_KEY, missing_key)) as opened:
        yield opened


def missing_key() -> bytes:
    raise SecretMissing(msg("The keyring is locked."))


def tamper(path: Path, statement: str, *values: object) -> None:
    """Change the file as another program does."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement, values)


def check(outbox: AnyOutbox) -> Authentication:
    return outbox.authenticate(ask=False)


def sent(outbox: AnyOutbox, number: int, state: State = State.ACCEPTED) -> None:
    lease, _entries = outbox.claim([uuid(number)], now=NOON, lease_until=NOON + HOUR)
    outbox.settle(lease, [Change(uuid(number), state, receipt=receipt(number) if state is State.ACCEPTED else None)])


def state_of(outbox: AnyOutbox, number: int) -> State:
    return outbox.find(uuid(number))[0].state


def is_authenticated(outbox: AnyOutbox) -> list[bool]:
    return [entry.authenticated for entry in outbox.entries(Selection())]


@only_sqlite
def test_each_column_is_under_a_code(outbox: SqliteOutbox) -> None:
    """A column that a migration adds must be put under the state's code, or be named here."""
    columns = {row[1] for row in outbox._db.execute("PRAGMA table_info(reports)")}
    sealed = {"content", "errors", "warnings", "photo"}
    assert columns == {
        *codes.STATE_COLUMNS,
        *sealed,
        "photo_state",
        "seq",
        "id",
        "guest_tag",
        "content_mac",
        "state_mac",
    }


def test_each_change_with_the_key_leaves_a_right_code(outbox: AnyOutbox) -> None:
    """Saving, claiming, every result, withdrawing, replacing, typing a number, settling a photo, erasing."""
    authenticator = sealer().authenticator()
    assert authenticator is not None

    def all_are_right() -> bool:
        rows = codes.read_rows(outbox._db, "TRUE")
        return all(row.has_own_state(authenticator) and row.has_own_content(authenticator) for row in rows)

    outbox.add_all([NewReport(report(number), NOON, photo=PHOTO if number < 2 else None) for number in range(6)])
    assert all_are_right()
    outbox.settle_photo(uuid(0), PhotoState.SENT)
    assert all_are_right()
    for number, state in enumerate((State.ACCEPTED, State.PENDING, State.REJECTED)):
        sent(outbox, number, state)
        assert all_are_right()
    outbox.settle_pending([Change(uuid(1), State.ACCEPTED, receipt=receipt(1))])
    outbox.withdraw([uuid(3)], [uuid(3)])
    outbox.add(report(9, 2), due_at=NOON, replaces=[uuid(2)], active_reports=[uuid(2)])
    for _time in range(2):
        outbox.record_receipt(uuid(4), receipt(4)._replace(typed=True))
    assert all_are_right()
    outbox.eraser.stay(report(0).stay_id, force=False, dry_run=False)
    outbox.eraser.stay(report(5).stay_id, force=True, dry_run=False)
    assert all_are_right()
    assert check(outbox)[:3] == ((), (), ())
    assert outbox.integrity.verify().doubts == ()


def test_what_was_saved_without_the_key_is_completed(outbox: AnyOutbox, keyless: AnyOutbox) -> None:
    """The state is visible until then; a change without the key removes the state's code, and not the content's."""
    outbox.add(report(1), due_at=NOON)
    keyless.add(report(2), due_at=NOON)
    lease, _entries = keyless.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    keyless.settle(lease, [Change(uuid(1), State.QUEUED, "offline", unsent=True)])
    assert is_authenticated(keyless) == [False, False]
    assert keyless.summary(now=NOON, soon=NOON).unauthenticated == 2
    assert keyless.authenticate(ask=True) == Authentication(unchecked=True)
    assert check(outbox) == Authentication(counter=2)
    assert is_authenticated(outbox) == [True, True]
    assert outbox.summary(now=NOON, soon=NOON).unauthenticated == 0
    assert check(outbox).counter == 2  # nothing is new


def test_a_claim_without_the_key_that_was_broken_off(outbox: AnyOutbox, keyless: AnyOutbox) -> None:
    """Its event explains that the code is missing."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    keyless.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    assert check(outbox)[:3] == ((), (), ())


def test_a_keyring_is_asked_only_if_wanted(store: Store) -> None:
    """Saving never waits for a key."""
    with store.open(behind_a_keyring()) as outbox:
        outbox.add(report(1), due_at=NOON)
        assert is_authenticated(outbox) == [False]
        assert check(outbox).counter is None
        assert outbox.authenticate(ask=True).counter is not None
        assert is_authenticated(outbox) == [True]


def test_a_report_marked_as_sent_is_noticed_and_sent_again(outbox: AnyOutbox, store: Store, keyless: AnyOutbox) -> None:
    """One UPDATE: status notices it without a key, the receipt is refused, and the next check opens it again."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(3)])
    check(outbox)
    store.change(
        "UPDATE reports SET state = 'accepted', receipt_number = 'X', receipt_issued_at = 1 WHERE id = ?",
        uuid(1),
    )
    assert keyless.summary(now=NOON, soon=NOON).contradicted
    assert keyless.integrity.doubts() == [Doubt(DoubtKind.STATE, uuid(1))]
    for each in (keyless, outbox):
        with pytest.raises(NotAuthentic):
            each.integrity.check(uuid(1))
        assert Doubt(DoubtKind.STATE, uuid(1)) in each.integrity.verify().doubts
    assert keyless.authenticate(ask=False).doubts == (Doubt(DoubtKind.STATE, uuid(1)),)
    found = check(outbox)
    assert (found.doubts, found.repaired) == ((), (uuid(1),))
    [entry] = outbox.find(uuid(1))
    assert (entry.state, entry.receipt, entry.authenticated, entry.withdrawable) == (State.QUEUED, None, True, False)
    assert not outbox.summary(now=NOON, soon=NOON).contradicted
    assert check(outbox).repaired == ()


def test_counts_that_were_changed_too(outbox: AnyOutbox, store: Store, keyless: AnyOutbox) -> None:
    """Without the key nothing is noticed; with it, the checkpoint's numbers do not fit."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(3)])
    check(outbox)
    store.change("UPDATE reports SET state = 'withdrawn' WHERE id = ?", uuid(1))
    store.change("UPDATE memo SET value = '2 3' WHERE key = 'audited'")
    assert keyless.integrity.doubts() == []
    assert check(outbox).repaired == (uuid(1),)


def test_a_swap_keeps_the_counts_and_is_noticed(outbox: AnyOutbox, store: Store) -> None:
    """An accepted report is opened and a waiting one is closed: both are found."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(3)])
    sent(outbox, 0)
    check(outbox)
    store.change(
        "UPDATE reports SET state = 'queued', receipt_number = NULL, receipt_issued_at = NULL WHERE id = ?",
        uuid(0),
    )
    store.change("UPDATE reports SET state = 'withdrawn' WHERE id = ?", uuid(1))
    assert check(outbox).repaired == (uuid(0), uuid(1))
    assert [state_of(outbox, number) for number in range(3)] == [State.QUEUED] * 3


def test_a_withdrawn_report_is_not_sent_after_all(outbox: AnyOutbox, store: Store) -> None:
    """It becomes withdrawn again."""
    outbox.add(report(1), due_at=NOON)
    outbox.withdraw([uuid(1)])
    check(outbox)
    store.change("UPDATE reports SET state = 'queued', calls = 0 WHERE id = ?", uuid(1))
    assert check(outbox).repaired == (uuid(1),)
    assert state_of(outbox, 1) is State.WITHDRAWN
    assert list(outbox.heads()) == []
    assert check(outbox)[:3] == ((), (), ())


def test_a_pending_report_is_asked_about_again(outbox: AnyOutbox, store: Store) -> None:
    """Marked as accepted, it becomes pending again, and the authority is asked."""
    outbox.add(report(1), due_at=NOON)
    sent(outbox, 1, State.PENDING)
    check(outbox)
    store.change("UPDATE reports SET state = 'accepted' WHERE id = ?", uuid(1))
    check(outbox)
    assert state_of(outbox, 1) is State.PENDING


def test_contents_that_somebody_else_sealed(outbox: AnyOutbox, store: Store, keyless: AnyOutbox) -> None:
    """The public key is enough to seal. Such a content is refused, named, and found by each check."""
    outbox.add_all([NewReport(report(number), NOON) for number in (1, 2)])
    check(outbox)
    forged = sealer().seal(uuid(1), b"{}".replace(b"{}", sealer().open(uuid(1), _content(outbox, 1))))
    store.change("UPDATE reports SET content = ? WHERE id = ?", forged, uuid(1))
    for _time in range(2):
        with pytest.raises(NotAuthentic):
            outbox.content(outbox.find(uuid(1))[0])
        assert check(outbox).doubts == (Doubt(DoubtKind.CONTENT, uuid(1)),)
        assert keyless.summary(now=NOON, soon=NOON).doubts == (Doubt(DoubtKind.CONTENT, uuid(1)),)
        store.change("UPDATE reports SET content_mac = NULL, state_mac = NULL WHERE id = ?", uuid(1))
    assert outbox.content(outbox.find(uuid(2))[0]).report == report(2)
    outbox.integrity.vouch()  # which does not vouch for this
    assert check(outbox).doubts == (Doubt(DoubtKind.CONTENT, uuid(1)),)
    outbox.eraser.stay(report(1).stay_id, force=True, dry_run=False)
    assert check(outbox).doubts == ()
    with pytest.raises(Erased):
        outbox.content(outbox.find(uuid(1))[0])


def _content(outbox: AnyOutbox, number: int) -> bytes:
    [(content,)] = outbox._db.execute("SELECT content FROM reports WHERE id = ?", [uuid(number)])
    assert isinstance(content, bytes)
    return content


def _sealed_photo(number: int) -> bytes:
    return sealer().seal(f"{uuid(number)}#photo", PHOTO)


@pytest.mark.parametrize(
    ("number", "photo", "state"),
    [
        (1, _sealed_photo(1), "kept"),
        (1, None, "kept"),
        (1, None, None),
        (2, _sealed_photo(2), "kept"),
        (2, _sealed_photo(2), None),
    ],
    ids=["replaced", "removed", "removed with its state", "put in", "put in without a state"],
)
def test_photos_that_another_program_changed(
    outbox: AnyOutbox, store: Store, keyless: AnyOutbox, number: int, photo: bytes | None, state: str | None
) -> None:
    """Photo and content of the report are refused, and it is named by each check, as for a replaced content."""
    outbox.add_all([NewReport(report(1), NOON, photo=PHOTO), NewReport(report(2), NOON)])
    check(outbox)
    statement = "UPDATE reports SET photo = ?, photo_state = ? WHERE id = ?"
    store.change(statement, photo, state, uuid(number))
    for _time in range(2):
        entry = outbox.find(uuid(number))[0]
        with pytest.raises(NotAuthentic):
            outbox.content(entry)
        with pytest.raises(NotAuthentic):
            outbox.photo(entry)
        assert check(outbox).doubts == (Doubt(DoubtKind.CONTENT, uuid(number)),)
        assert keyless.summary(now=NOON, soon=NOON).doubts == (Doubt(DoubtKind.CONTENT, uuid(number)),)
        assert [doubt.kind for doubt in outbox.integrity.verify().doubts] == [DoubtKind.CONTENT]
    assert outbox.content(outbox.find(uuid(3 - number))[0]).report == report(3 - number)


def test_a_photo_put_into_an_erased_report(outbox: AnyOutbox, store: Store) -> None:
    """It is noticed, and not opened."""
    outbox.add(report(1), due_at=NOON)
    sent(outbox, 1)
    outbox.eraser.stay(report(1).stay_id, force=False, dry_run=False)
    store.change("UPDATE reports SET photo = ? WHERE id = ?", _sealed_photo(1), uuid(1))
    assert outbox.integrity.verify().doubts == (Doubt(DoubtKind.CONTENT, uuid(1)),)
    with pytest.raises(Erased):
        outbox.photo(outbox.find(uuid(1))[0])


def test_a_photo_marked_as_sent_is_sent_after_all(outbox: AnyOutbox, store: Store) -> None:
    """Its state is under the code of the report's state, and a report that is corrected has a photo that waits."""
    outbox.add_all([NewReport(report(1), NOON, photo=PHOTO), NewReport(report(2), NOON)])
    check(outbox)
    store.change("UPDATE reports SET photo_state = 'sent'")
    assert check(outbox).repaired == (uuid(1), uuid(2))
    assert [entry.photo for entry in outbox.entries(Selection())] == [PhotoState.KEPT, None]
    assert check(outbox)[:3] == ((), (), ())


def test_a_photo_settled_without_the_key_is_completed(outbox: AnyOutbox, keyless: AnyOutbox) -> None:
    """Its event explains that the code is missing; the report stays accepted."""
    outbox.add_all([NewReport(report(1), NOON, photo=PHOTO)])
    sent(outbox, 1)
    check(outbox)
    keyless.settle_photo(uuid(1), PhotoState.REFUSED, "too_large")
    assert is_authenticated(outbox) == [False]
    assert not keyless.summary(now=NOON, soon=NOON).contradicted
    assert keyless.integrity.verify().doubts == ()
    assert check(outbox)[:3] == ((), (), ())
    assert is_authenticated(outbox) == [True]
    assert (state_of(outbox, 1), outbox.find(uuid(1))[0].photo) == (State.ACCEPTED, PhotoState.REFUSED)


def test_codes_from_before_there_were_photos_stay_valid(outbox: AnyOutbox) -> None:
    """The codes of a report without a photo are over the same parts as they were."""
    outbox.add(report(1), due_at=NOON)
    [row] = codes.read_rows(outbox._db, "TRUE")
    assert row.content_parts() == (b"content", uuid(1).encode(), row.content)
    plain = [row.id, *row.columns, True, True]
    assert row.state_parts() == (b"state", json.dumps(plain, separators=(",", ":")).encode(), b"", b"")


def test_a_code_that_was_taken_away(outbox: AnyOutbox, store: Store) -> None:
    """Nothing since the checkpoint explains it, so the row is set to what the audit trail says."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    store.change("UPDATE reports SET state_mac = NULL, attempts = 7 WHERE id = ?", uuid(1))
    assert check(outbox).repaired == (uuid(1),)


@pytest.mark.parametrize("key", [False, True])
def test_a_removed_report(outbox: AnyOutbox, store: Store, keyless: AnyOutbox, *, key: bool) -> None:
    """It is named by each check, until a person takes the outbox as it is."""
    outbox.add_all([NewReport(report(number), NOON) for number in (1, 2)])
    check(outbox)
    store.change("DELETE FROM reports WHERE id = ?", uuid(1))
    for _time in range(2):
        found = outbox.authenticate(ask=False) if key else keyless.authenticate(ask=False)
        assert list(found.doubts) == [Doubt(DoubtKind.MISSING, uuid(1))]
    with pytest.raises(CredentialsProblem):
        keyless.integrity.vouch()
    assert outbox.integrity.vouch() == 3
    assert check(outbox)[:3] == ((), (), ())
    assert outbox.integrity.verify().doubts == ()
    assert outbox.integrity.doubts() == keyless.integrity.doubts() == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE n = (SELECT max(n) FROM audit)",
        "DELETE FROM audit",
        "UPDATE audit SET action = 'queued' WHERE n = (SELECT max(n) FROM audit)",
        "UPDATE memo SET value = replace(value, ' 0 ', ' 9 ') WHERE key = 'checkpoint'",
        "UPDATE memo SET value = 'nothing' WHERE key = 'checkpoint'",
        "UPDATE memo SET value = '99999999999999999999 1 1 0 1 00' WHERE key = 'checkpoint'",
        "DELETE FROM memo WHERE key = 'checkpoint'",
        "DELETE FROM memo WHERE key = 'audit_head'",
    ],
)
def test_a_trail_that_was_changed(outbox: AnyOutbox, store: Store, statement: str) -> None:
    """The outbox is in doubt, nothing is repaired by what the trail says, and a person may take it as it is."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    outbox.add(report(2), due_at=NOON)
    store.change(statement)
    for _time in range(2):
        assert Doubt(DoubtKind.TRAIL) in check(outbox).doubts
    assert Doubt(DoubtKind.TRAIL) in outbox.integrity.verify().doubts


def test_an_older_copy_of_the_file(outbox: SqliteOutbox, path: Path) -> None:
    """Each check that finds something new counts; the vault remembers the number."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    older = path.with_name("older.db")
    with closing(sqlite3.connect(older)) as copy:
        outbox._sqlite.connection.backup(copy)
    sent(outbox, 1)
    counter = check(outbox).counter
    assert outbox.authenticate(ask=False, counter=counter).doubts == ()
    with SqliteOutbox.open(older, sealer()) as back:
        assert back.authenticate(ask=False, counter=counter).doubts == (Doubt(DoubtKind.OLDER_COPY),)
        assert back.authenticate(ask=False).doubts == ()  # without the vault's number it cannot be known
        again = back.integrity.vouch()
        assert back.authenticate(ask=False, counter=again).doubts == ()
    tamper(path, "DELETE FROM memo WHERE key = 'checkpoint'")
    tamper(path, "UPDATE reports SET state_mac = NULL, content_mac = NULL")
    assert Doubt(DoubtKind.TRAIL) in outbox.authenticate(ask=False, counter=counter).doubts


def test_what_the_desk_closed_without_the_key_is_named(outbox: AnyOutbox, keyless: AnyOutbox) -> None:
    """It cannot be distinguished from a forgery, so a person must know."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(3)])
    check(outbox)
    keyless.withdraw([uuid(0)])
    keyless.record_receipt(uuid(1), receipt(1)._replace(typed=True))
    assert check(outbox).closed == (uuid(0), uuid(1))
    assert check(outbox).closed == ()


def test_a_receipt_recorded_without_the_key_is_confirmed(outbox: AnyOutbox, keyless: AnyOutbox) -> None:
    """The report is sent again: the authority answers the same."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(2)])
    check(outbox)
    sent(keyless, 0)
    assert check(outbox).repaired == (uuid(0),)
    assert state_of(outbox, 0) is State.QUEUED
    assert check(outbox)[:3] == ((), (), ())


def test_a_typed_number_that_was_changed_needs_a_person(outbox: AnyOutbox, store: Store) -> None:
    """Only a person knows it; after a look at it, the row may be taken as it is."""
    outbox.add(report(1), due_at=NOON)
    outbox.record_receipt(uuid(1), receipt(1)._replace(typed=True))
    check(outbox)
    store.change("UPDATE reports SET receipt_number = 'OTHER' WHERE id = ?", uuid(1))
    with pytest.raises(NotAuthentic):
        outbox.integrity.check(uuid(1))
    outbox.integrity.vouch()
    outbox.integrity.check(uuid(1))
    assert outbox.integrity.verify().doubts == ()


def test_reports_from_before_codes_are_completed_little_by_little(
    outbox: AnyOutbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long history is not read at once, and until then a missing code is no doubt."""
    monkeypatch.setattr("apoa_client.outbox.sql.authentication._LEGACY_BATCH", 2)
    with store.open(behind_a_keyring()) as before:
        before.add_all([NewReport(report(number), NOON) for number in range(5)])
        for number in range(5):
            sent(before, number)
    outbox.add(report(9), due_at=NOON)
    for completed in (2, 4, 5, 5):
        assert check(outbox)[:3] == ((), (), ())
        assert sum(is_authenticated(outbox)) == 1 + completed
    store.change("UPDATE reports SET state_mac = NULL WHERE id = ?", uuid(3))
    assert check(outbox).repaired == (uuid(3),)


@only_sqlite
def test_values_that_this_program_never_wrote(outbox: AnyOutbox, store: Store) -> None:
    """A value of another type is no error of the check: the row is in doubt."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(4)])
    check(outbox)
    store.change("UPDATE reports SET content = 'text', due_at = 9e999 WHERE id = ?", uuid(0))
    store.change("UPDATE reports SET errors = 'text' WHERE id = ?", uuid(1))
    store.change("UPDATE reports SET due_at = 9e999 WHERE id = ?", uuid(2))
    found = check(outbox)
    assert (found.doubts, found.repaired) == ((Doubt(DoubtKind.CONTENT, uuid(0)),), (uuid(1), uuid(2)))


def test_codes_follow_the_key(outbox: AnyOutbox, store: Store) -> None:
    """A rotation makes each right code again, and none that is wrong; the spare key is enough until then."""
    outbox.add_all([NewReport(report(number), NOON, photo=PHOTO) for number in range(3)])
    sent(outbox, 0)
    outbox.eraser.stay(report(0).stay_id, force=False, dry_run=False)
    check(outbox)
    private, public = new_key_pair()
    both = PropertySealer(public, lambda: private, lambda: [PRIVATE_KEY])
    store.change("UPDATE reports SET attempts = 9 WHERE id = ?", uuid(2))
    authenticator = RowAuthenticator(private, lambda: [PRIVATE_KEY])
    assert outbox.sealed_records.reseal(both.renew, both.public_key, authenticator, lambda: None) == 2
    assert check(outbox).counter is None  # this process has the key of before
    with store.open(PropertySealer(public_key_of(private), lambda: private)) as alone:
        for row in codes.read_rows(alone._db, "TRUE"):
            own = RowAuthenticator(private, tuple)
            assert row.has_own_state(own) is (row.id != uuid(2))
            assert row.has_own_content(own)
        assert alone.photo(alone.find(uuid(1))[0]) == PHOTO
        assert check(alone).repaired == (uuid(2),)
        alone.add(report(7), due_at=NOON)
        assert check(alone).doubts == ()


def test_a_key_that_is_replaced_during_a_check(
    outbox: AnyOutbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check ends, and makes no code and no checkpoint with the key of before: nothing is in doubt afterwards."""
    outbox.add_all([NewReport(report(number), NOON) for number in range(3)])
    check(outbox)
    with store.open(PropertySealer(PUBLIC_KEY, missing_key)) as keyless:
        keyless.add(report(7), due_at=NOON)  # to be completed
    private, public = new_key_pair()
    both = PropertySealer(public, lambda: private, lambda: [PRIVATE_KEY])
    really = AuthenticationRun._not_authentic

    def replaced(run: AuthenticationRun, checked: RowCheck) -> Iterator[int]:
        todo = list(really(run, checked))
        monkeypatch.undo()
        with store.open(both) as other:
            other.sealed_records.reseal(
                both.renew, both.public_key, RowAuthenticator(private, lambda: [PRIVATE_KEY]), lambda: None
            )
        yield from todo

    monkeypatch.setattr(AuthenticationRun, "_not_authentic", replaced)
    with raises_error("key_replaced"):
        check(outbox)
    with store.open(PropertySealer(public_key_of(private), lambda: private)) as alone:
        assert check(alone)[:2] == ((), ())
        assert all(row.has_own_state(RowAuthenticator(private, tuple)) for row in codes.read_rows(alone._db, "TRUE"))


def test_nothing_is_checked_during_maintenance(outbox: AnyOutbox) -> None:
    """A restore adds rows that only its end explains: no checkpoint comes between them."""
    outbox.add(report(1), due_at=NOON)
    with outbox.maintenance(msg("Later."), wait_s=0):
        for work in (lambda: check(outbox), outbox.integrity.vouch):
            with raises_error("under_maintenance"):
                work()
    assert check(outbox).doubts == ()


def test_a_database_of_before(store: Store) -> None:
    """The first command with the key begins; nothing is in doubt."""
    with store.open() as outbox:
        assert outbox.summary(now=NOON, soon=NOON).unauthenticated is None
        assert check(outbox) == Authentication(counter=1)
        assert outbox.summary(now=NOON, soon=NOON).unauthenticated == 0


def test_a_key_that_does_not_fit_proves_nothing(outbox: AnyOutbox, store: Store) -> None:
    """A report is then compared with its events only, as without a key."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    private, _public = new_key_pair()
    with store.open(PropertySealer(PUBLIC_KEY, lambda: private)) as other:
        other.integrity.check(uuid(1))
        other.add(report(2), due_at=NOON)
        assert is_authenticated(other) == [True, False]


@pytest.mark.parametrize("column", ["receipt_sha256", "last_error", "warnings"])
@only_sqlite
def test_types_that_this_program_never_writes(outbox: AnyOutbox, keyless: AnyOutbox, store: Store, column: str) -> None:
    """In a report that was saved without the key, and so has no code yet: it is corrected, as one with a code is."""
    check(outbox)
    keyless.add(report(8), due_at=None)
    keyless.add(report(9), due_at=None)
    value = "'text'" if column == "warnings" else "x'00'"
    store.change(f"UPDATE reports SET {column} = {value} WHERE id = ?", uuid(9))  # noqa: S608  constants
    found = check(outbox)
    assert (found.doubts, found.repaired) == ((), (uuid(9),))
    assert is_authenticated(outbox)[-2:] == [True, True]


@pytest.mark.parametrize("opener", [sealer, behind_a_keyring], ids=["key", "no key"])
@pytest.mark.parametrize(
    ("look", "module", "between"),
    [
        (lambda outbox: outbox.integrity.verify().doubts, row_check, "last_events"),
        (lambda outbox: outbox.integrity.doubts(), metadata, "actual_counts"),
    ],
    ids=["verify", "doubts"],
)
def test_what_another_process_writes_meanwhile_is_no_doubt(
    outbox: AnyOutbox,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    opener: Callable[[], PropertySealer],
    look: Callable[[AnyOutbox], Sequence[Doubt]],
    module: ModuleType,
    between: str,
) -> None:
    """A check sees the file at one moment: no row from before a delivery with an event from after it."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    pending = [State.ACCEPTED]
    real = getattr(module, between)

    def deliver_first(*arguments: object) -> object:
        if pending:
            sent(outbox, 1, pending.pop())
            outbox.add(report(2), due_at=NOON)
        return real(*arguments)

    with store.open(opener()) as reader:
        monkeypatch.setattr(module, between, deliver_first)
        assert list(look(reader)) == []
    assert not pending


METADATA = (
    *("public_key", "stop", "hold", "audited", "audit_head", "checkpoint", "doubts", "wants_photos", "batch_size"),
    *("clock_checked", "clock_skew", "last_contact", "guest_tags_missing", "index_key_hash", "code_confirmed", "other"),
)


@pytest.mark.parametrize("value", [None, "x", "1 2", PUBLIC_KEY.hex()], ids=["removed", "text", "numbers", "key"])
@pytest.mark.parametrize("key", METADATA)
def test_no_metadata_switch_the_checks_off(outbox: AnyOutbox, store: Store, key: str, value: str | None) -> None:
    """Whatever another program writes there, or removes: a report that it calls accepted is not believed."""
    outbox.record_public_key(sealer().public_key)
    outbox.add_all([NewReport(report(number), NOON) for number in range(2)])
    check(outbox)
    store.change(
        "UPDATE reports SET state = 'accepted', receipt_number = 'X', receipt_issued_at = 1 WHERE id = ?", uuid(1)
    )
    store.change("UPDATE memo SET value = '1 2' WHERE key = 'audited'")
    store.change("DELETE FROM memo WHERE key = ?", key)
    if value is not None:
        store.change("INSERT INTO memo (key, value) VALUES (?, ?)", key, value)
    with pytest.raises(NotAuthentic):
        outbox.integrity.check(uuid(1))
    assert outbox.integrity.verify().doubts
    if key == "doubts" and value is not None:  # damage, which every command names
        with pytest.raises(OutboxDamaged):
            check(outbox)
        return
    found = check(outbox)
    assert found.doubts or found.repaired == (uuid(1),)
    assert state_of(outbox, 1) is State.QUEUED or found.doubts
    kinds = {doubt.kind for doubt in found.doubts}
    assert (DoubtKind.KEY in kinds) is (key == "public_key" and value is not None)
    assert (DoubtKind.SENDING in kinds) is (key in {"stop", "hold"} and value is not None)


def test_another_key_while_no_key_is_at_hand(outbox: AnyOutbox, store: Store) -> None:
    """It is not known whether a rotation was interrupted: nothing is accused, and that is said."""
    outbox.record_public_key(sealer().public_key)
    outbox.add(report(1), due_at=NOON)
    private, public = new_key_pair()
    rotating = PropertySealer(public, lambda: private, lambda: [PRIVATE_KEY], is_at_hand=lambda: False)
    with store.open(rotating) as later:
        assert later.integrity.doubts() == [Doubt(DoubtKind.UNCHECKED)]
        assert later.authenticate(ask=False).unchecked
        assert later.integrity.verify().doubts == ()  # which asks the keyring
        assert check(later).doubts == ()
    with store.open(PropertySealer(PUBLIC_KEY, missing_key)) as keyless:
        assert keyless.integrity.doubts() == []


def test_what_stops_sending_is_explained_by_its_event(outbox: AnyOutbox, keyless: AnyOutbox) -> None:
    """A suspension and a wait are recorded without the key, too."""
    outbox.add(report(1), due_at=NOON)
    check(outbox)
    keyless.set_suspension(Suspension("wrong_password", NOON, "settings"))
    assert check(outbox)[:3] == ((), (), ())
    keyless.hold(NOON + HOUR)
    assert check(outbox)[:3] == ((), (), ())
    keyless.set_suspension(None)
    assert check(outbox)[:3] == ((), (), ())
