"""What another program may do to an outbox: it is named, or it does no harm. With the key, and without it.

The attacker writes what the engine stores, knows the program and the public key, and not the private key.
"""

import math
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import psycopg
import pytest
from basics import raises_error, search
from hypothesis import given
from hypothesis import strategies as st
from outbox_helpers import (
    HOUR,
    NOON,
    PHOTO,
    finding,
    receipt,
    report,
    sealer,
    sealer_without_key,
    settle,
    uuid,
)
from outbox_stores import AnyOutbox, NewStore, SqliteStore, Store, new_sqlite_store, only_sqlite
from postgres_helpers import SharedOutbox

from apoa_client.errors import ApoaError, CredentialsProblem, NotAuthentic, OutboxDamaged
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.codes import ALL_COLUMNS, HAND_OVER
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.ports.run import OutboxVersion
from apoa_client.ports.state import AuditEvent, Suspension
from apoa_client.report.kinds import Kind, State
from apoa_client.vault.sealing import encode_key, key_pair_from_seed

WAITING, ACCEPTED, PENDING, REJECTED, SUPERSEDED, WITHDRAWN, ERASED, WITH_PHOTO, REPLACEMENT = range(9)
"""The numbers of the reports that have codes."""
CODED = range(9)
UNCODED = 9
"""The number of the report that was saved last, without the key."""


class Other(NamedTuple):
    """The row of another report, from which a value is taken."""

    number: int


UNNOTICED = frozenset(
    {"lease", "lease_until", "attempts", "attempted_at", "next_attempt_at", "not_before", "guest_tag"}
)
"""Columns without meaning for what is sent: they say when, and which guests are perhaps the same."""


def fill(store: Store) -> OutboxVersion:
    """Save reports in every state, all with codes, then one without the key. Returns what the vault knows."""
    with store.open() as box:
        box.record_public_key(sealer().public_key)
        for number in (WAITING, ACCEPTED, PENDING, REJECTED, SUPERSEDED, WITHDRAWN, ERASED):
            box.add(report(number), due_at=NOON, warnings=[finding()], guest_tag=number)
        box.add_all([NewReport(report(WITH_PHOTO), NOON, photo=PHOTO)])
        settle(box, ACCEPTED, State.ACCEPTED)
        settle(box, ERASED, State.ACCEPTED)
        settle(box, PENDING, State.PENDING)
        settle(box, REJECTED, State.REJECTED)
        box.withdraw([uuid(WITHDRAWN)])
        box.add(report(REPLACEMENT, stay=SUPERSEDED), due_at=NOON, replaces=[uuid(SUPERSEDED)])
        box.eraser.stay(report(ERASED).stay_id, dry_run=False)
        known = box.authenticate(ask=False).version
    with store.open(sealer_without_key()) as keyless:
        keyless.add(report(UNCODED), due_at=NOON)
    assert known is not None
    return known


@contextmanager
def copied(store: Store) -> Iterator[Store]:
    """A copy of the whole outbox, as a file or as a database."""
    if isinstance(store, SqliteStore):
        with new_sqlite_store() as copy:
            shutil.copy(store.path, copy.path)
            yield copy
        return
    assert isinstance(store, SharedOutbox)
    name = store.cluster.create_database(store.database)
    try:
        yield store._replace(database=name)
    finally:
        store.cluster.drop_database(name)


Filled = tuple[Store, OutboxVersion]
"""A filled outbox, and what the vault knows of it."""


@pytest.fixture(scope="module")
def filled_once() -> Iterator[Callable[[str, NewStore], Filled]]:
    """Fills one outbox in each engine, of which the tests have copies."""
    filled: dict[str, Filled] = {}
    with ExitStack() as stack:

        def of(engine: str, new_store: NewStore) -> Filled:
            if engine not in filled:
                store = stack.enter_context(new_store())
                filled[engine] = store, fill(store)
            return filled[engine]

        yield of


@pytest.fixture
def filled(engine: str, new_store: NewStore, filled_once: Callable[[str, NewStore], Filled]) -> Filled:
    """The outbox in this engine, which is not changed."""
    return filled_once(engine, new_store)


@pytest.fixture
def store(filled: Filled) -> Iterator[Store]:
    """A copy of it."""
    with copied(filled[0]) as copy:
        yield copy


@pytest.fixture
def known(filled: Filled) -> OutboxVersion:
    """What the vault knows of it."""
    return filled[1]


@pytest.fixture
def keyless(store: Store, known: OutboxVersion) -> Iterator[AnyOutbox]:
    """The same outbox, opened by a command without the key."""
    assert known
    with store.open(sealer_without_key()) as opened:
        yield opened


def tamper(store: Store, statement: str, *values: object) -> bool:
    """Change something as the attacker; return whether the engine accepts the statement."""
    try:
        store.change(statement, *values)
    except (sqlite3.Error, psycopg.Error):
        return False
    return True


def found(box: AnyOutbox, known: OutboxVersion | None) -> set[Doubt]:
    """What a delivery and `apoa log --verify` name."""
    return {*box.authenticate(ask=False, known=known).doubts, *box.integrity.verify(lambda: known).doubts}


def kinds(doubts: set[Doubt]) -> set[DoubtKind]:
    return {doubt.kind for doubt in doubts}


def named(doubts: set[Doubt]) -> list[str]:
    """The reports that are accused."""
    return sorted({doubt.report for doubt in doubts if doubt.kind is DoubtKind.STATE})


def assert_not_claimed(box: AnyOutbox, *ids: str) -> None:
    """None of these is sent; the others may be, at the same time."""
    lease, claimed = box.claim([*ids, *map(uuid, range(20))], now=NOON + 2 * HOUR, lease_until=NOON + 3 * HOUR)
    assert not {entry.id for entry in claimed} & set(ids)
    box.release(lease)


def assert_refused(box: AnyOutbox, report_id: str) -> None:
    """Nothing of it is shown as proven, or printed as a receipt."""
    with pytest.raises(NotAuthentic):
        box.integrity.check(report_id)
    try:
        entries = box.find(report_id)
    except OutboxDamaged:  # it is not shown at all
        return
    for entry in entries:
        with pytest.raises(ApoaError):
            box.content(entry)


def assert_accepted(box: AnyOutbox, doubts: set[Doubt], known: OutboxVersion) -> None:
    """After a person has accepted what was named, everything is right again, and counts in the vault."""
    if reports := named(doubts):
        box.integrity.accept(reports, lambda: known)
    whole = {each for each in found(box, known) if each.kind is not DoubtKind.STATE}
    after: OutboxVersion | None = known
    if whole:
        assert kinds(doubts) != {DoubtKind.STATE}  # to accept the reports is enough if only they were named
        after = box.integrity.accept((), lambda: known)
    assert found(box, after) == set()
    assert box.authenticate(ask=False, known=after).version is not None


def seqs(store: Store) -> dict[str, int]:
    return dict(store.rows("SELECT id, seq FROM reports"))


def value(store: Store, column: str, seq: int) -> Any:
    [(stored,)] = store.rows(f"SELECT {column} FROM reports WHERE seq = ?", seq)  # noqa: S608  constants
    return stored


def same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


SMALL = st.sampled_from([0, 1, -1, 7, 1 << 40, (1 << 62) + 1, (1 << 63) - 1])
ODD = st.one_of(
    st.none(),
    SMALL,
    st.sampled_from([0.5, math.inf, "", "x", "a b", "state:x", "accepted", "queued", "0", b"", b"x" * 32]),
)
"""Values that the attacker may write: of the right type, and of those that this program never writes."""


FORGED_VALUES = st.one_of(st.sampled_from(CODED).map(Other), ODD)
"""The value of this column in another row, or an odd one."""


def forge(store: Store, column: str, number: int, forged: object) -> Callable[[], object] | None:
    """Change a column of a row as the attacker; return what undoes it, or None if nothing was changed."""
    numbers = seqs(store)
    seq = numbers[uuid(number)]
    before = value(store, column, seq)
    new = value(store, column, numbers[uuid(forged.number)]) if isinstance(forged, Other) else forged
    statement = f"UPDATE reports SET {column} = ? WHERE seq = ?"  # noqa: S608  constants
    if not tamper(store, statement, new, seq) or same(value(store, column, seq), before):
        return None
    return lambda: store.change(statement, before, seq)


def test_each_column_of_a_row_with_a_code(store: Store, known: OutboxVersion) -> None:
    """Any value of any type in any column: the row is named, by its id, or the outbox is, or the column says nothing.

    A named row is not sent and not shown, each other row is, and no other row is accused.
    """

    @search(240)
    @given(column=st.sampled_from(ALL_COLUMNS), number=st.sampled_from(CODED), forged=FORGED_VALUES)
    def attack(column: str, number: int, forged: object) -> None:
        seq = seqs(store)[uuid(number)]
        undo = forge(store, column, number, forged)
        if undo is not None:
            try:
                with store.open() as box:
                    assert_named(box, store, known, column, seq)
            finally:
                undo()

    with store.open() as box:
        box.authenticate(ask=False)
    attack()
    with store.open() as box:
        assert found(box, known) == set()


def assert_named(box: AnyOutbox, store: Store, known: OutboxVersion, column: str, seq: int) -> None:
    changed = value(store, "id", seq)
    try:
        doubts = found(box, known)
    except OutboxDamaged:  # every command says so, and what can be read is sent
        return
    if column in UNNOTICED:
        assert doubts == set()
    elif column == "photo" and doubts == set():  # put where none belongs, it is not opened
        assert value(store, "photo_digest", seq) is None or value(store, "erased_at", seq) is not None
        for entry in box.find(changed):
            with pytest.raises(ApoaError):
                box.photo(entry)
    else:
        assert named(doubts) == [changed]
        if column != "photo":
            assert_refused(box, changed)
            assert_not_claimed(box, changed)


@pytest.mark.parametrize("covered", ["nothing", "its events", "the audit trail"])
def test_a_row_that_was_deleted(store: Store, known: OutboxVersion, covered: str) -> None:
    """The register misses it. Its events say which it is, unless the attacker says that it was moved elsewhere."""
    store.change("DELETE FROM reports WHERE id = ?", uuid(WAITING))
    with store.open() as box:
        if covered == "its events":
            with box._db.transaction():
                events = [AuditEvent("sending", uuid(WAITING)), AuditEvent("moved_out", uuid(WAITING), "queued")]
                audit.append(box._db, NO_ACTOR, events)
            assert box.audit_trail.verify().wrong is None
    if covered == "the audit trail":
        store.change("DELETE FROM audit")
    with store.open() as box:
        doubts = found(box, known)
        assert doubts == {Doubt(DoubtKind.MISSING, uuid(WAITING)) if covered == "nothing" else Doubt(DoubtKind.NUMBERS)}
        assert box.authenticate(ask=False, known=known).version is None
        assert_accepted(box, doubts, known)


@pytest.mark.parametrize("number", [WAITING, PENDING])
def test_an_older_copy_of_a_row(store: Store, known: OutboxVersion, number: int) -> None:
    """It has a right code of before: the sum of the versions says that one was put back, and not which."""
    names = ", ".join(ALL_COLUMNS)
    [before] = store.rows(f"SELECT {names} FROM reports WHERE id = ?", uuid(number))  # noqa: S608  constants
    with store.open() as box:
        if number == PENDING:
            box.settle_pending([Change(uuid(number), State.ACCEPTED, receipt=receipt())])
        else:
            box.withdraw([uuid(number)])
        now = box.authenticate(ask=False, known=known).version
        assert now is not None
    places = ", ".join(f"{column} = ?" for column in ALL_COLUMNS)
    store.change(f"UPDATE reports SET {places} WHERE id = ?", *before, uuid(number))  # noqa: S608  constants
    with store.open() as box:
        assert found(box, now) == {Doubt(DoubtKind.NUMBERS)}
        lease, _claimed = box.claim([uuid(number)], now=NOON, lease_until=NOON + HOUR)
        box.release(lease)
        assert found(box, now) == {Doubt(DoubtKind.NUMBERS)}  # sending others does not hide it
        assert_accepted(box, found(box, now), now)


@pytest.mark.parametrize("number", [WAITING, PENDING, REJECTED])
@pytest.mark.parametrize("register", [True, False], ids=["register", "no register"])
def test_an_acceptance_that_was_forged(
    store: Store, known: OutboxVersion, keyless: AnyOutbox, *, number: int, register: bool
) -> None:
    """With a receipt, without a code, in the tally, in the audit trail, and with or without the register."""
    store.change(
        "UPDATE reports SET state = 'accepted', receipt_number = 'STT-9', receipt_issued_at = 1, finished_at = 1, "
        "mac = NULL, version = NULL WHERE id = ?",
        uuid(number),
    )
    if not register:
        store.change("DELETE FROM memo WHERE key = 'register'")
    with keyless._db.transaction():
        audit.append(keyless._db, NO_ACTOR, [AuditEvent("sending", uuid(number)), AuditEvent("accepted", uuid(number))])
    with store.open() as box:
        doubts = found(box, known)
        assert uuid(number) in named(doubts)
        assert DoubtKind.NUMBERS in kinds(doubts)
        assert_refused(box, uuid(number))
        assert_not_claimed(box, uuid(number))
        assert_accepted(box, doubts, known)
        assert (box.find(uuid(number))[0].state, box.find(uuid(number))[0].receipt) == (State.QUEUED, None)


LEASES = ("x", HAND_OVER, f"{HAND_OVER}queued", f"{HAND_OVER}{{state}}")
"""No lease opens a closed report: that of a hand-over, with its own state of before, only keeps what is open."""
CHANGED: Sequence[Mapping[str, object]] = (
    *({"state": "accepted"}, {"calls": 1}, {"receipt_number": "STT-9", "receipt_issued_at": 1}, {"finished_at": 1}),
    *({"erased_at": 1, "content": None}, {"version": 1}, {"mac": b"x" * 32}, {"last_error": "offline"}),
    *({"photo_state": "kept"}, {"errors": b"x"}),
)
"""What is no save without the key: only that is possible without a code."""
NAMED: list[tuple[int, Mapping[str, object]]] = [
    *(
        (number, {"state": "sending", "lease": lease, "lease_until": 0})
        for number in (WITHDRAWN, SUPERSEDED, ACCEPTED, ERASED)
        for lease in LEASES
    ),
    (WAITING, {"mac": None, "version": None}),
    *((UNCODED, change) for change in CHANGED),
]


@pytest.mark.parametrize(("number", "change"), NAMED)
def test_a_row_that_no_save_wrote(
    store: Store, known: OutboxVersion, number: int, change: Mapping[str, object]
) -> None:
    """A closed report that is opened, one whose code is removed, and one that was saved without a code and changed."""
    state = value(store, "state", seqs(store)[uuid(number)])
    values = [each.format(state=state) if isinstance(each, str) else each for each in change.values()]
    places = ", ".join(f"{column} = ?" for column in change)
    store.change(f"UPDATE reports SET {places} WHERE id = ?", *values, uuid(number))  # noqa: S608  constants
    with store.open() as box:
        assert_not_claimed(box, uuid(number))
        doubts = found(box, known)
        assert named(doubts) == [uuid(number)]
        assert_accepted(box, doubts, known)


def test_a_row_that_looks_as_just_saved(store: Store, known: OutboxVersion) -> None:
    """Its code is removed, and its number is above the last one: the register counts one report less."""
    store.change("UPDATE reports SET mac = NULL, version = NULL, seq = 100 WHERE id = ?", uuid(WAITING))
    with store.open() as box:
        assert DoubtKind.NUMBERS in kinds(found(box, known))


@pytest.mark.parametrize("seq", [(1 << 62) + 1, (1 << 63) - 1])
def test_a_register_that_is_broken_proves_no_new_row(store: Store, known: OutboxVersion, seq: int) -> None:
    """Neither one with the highest number that an engine has."""
    store.change("UPDATE memo SET value = 'x' WHERE key = 'register'")
    store.change("UPDATE reports SET seq = ? WHERE id = ?", seq, uuid(UNCODED))
    with store.open() as box:
        for _time in range(2):
            doubts = found(box, known)
            assert (named(doubts), DoubtKind.NUMBERS in kinds(doubts)) == ([uuid(UNCODED)], True)
            assert_not_claimed(box, uuid(UNCODED))


def test_a_register_that_is_broken_stays_so(store: Store, known: OutboxVersion) -> None:
    """What is saved then hides nothing: the next check still says that the register is not this program's."""
    store.change("UPDATE memo SET value = 'x' WHERE key = 'register'")
    with store.open() as box:
        box.add(report(12), due_at=NOON)
        with box.batch() as batch:
            batch.add(1, [NewReport(report(13), NOON)])
            batch.save(AuditEvent("imported"))
    assert store.rows("SELECT value FROM memo WHERE key = 'register'") == [("x",)]
    with store.open() as box:
        assert DoubtKind.NUMBERS in kinds(found(box, known))


def test_every_code_and_the_register_removed(store: Store, known: OutboxVersion) -> None:
    """It looks as an outbox from before there were codes, and is taken for one, unless the vault knows better."""
    store.change("UPDATE reports SET mac = NULL, version = NULL")
    store.change("DELETE FROM memo WHERE key = 'register'")
    with store.open() as box:
        assert found(box, None) == set()
        doubts = found(box, known)
        assert doubts == {Doubt(DoubtKind.OLDER_COPY)}
        assert box.authenticate(ask=False, known=known).version is None
        assert_accepted(box, doubts, known)


def test_a_guest_whom_another_program_saves(store: Store, known: OutboxVersion) -> None:
    """Not noticed, as the threat model says: the public key is enough to save a report."""
    with store.open(sealer_without_key()) as forger:
        forger.add(report(12), due_at=NOON)
    with store.open() as box:
        assert found(box, known) == set()
        assert box.content(box.find(uuid(12))[0]).report == report(12)


OTHER_KEY = encode_key(key_pair_from_seed(b"o" * 32)[1])
HARMLESS = {
    "account": "printed on a receipt, above the number that proves it",
    "audit_head": "the audit trail is verified by itself, and decides nothing",
    "backup_series": "part of the names of backups",
    "clock_checked": "when the clock was found right: it is checked again",
    "clock_skew": "the same",
    "code_confirmed": "whether a person confirmed the recovery code",
    "folder_backups": "which backups are in a folder",
    "guest_tags_missing": "guest hashes are computed again",
    "index_key_hash": "compared with the settings' own key",
    "last_backup": "when the last backup was made",
    "last_contact": "shown by status",
    "last_purge": "shown by status",
    "notice": "which desktop notice was shown",
    "purge_skipped": "what was shown about erasing",
    "replaced_key": "which advice is given about another key",
    "scheduled_run": "when the last run was",
    "session": "encrypted and authenticated: what the program did not write is not used",
    "wants_photos": "whether photos are offered to the authority, which may refuse them",
    "other": "not read",
}
"""Why another value of each of these is not named."""


FORGED = (None, "x", "1 2", "9999999999999", OTHER_KEY, "state:x")
EXPECTED = {"register": DoubtKind.NUMBERS, "stop": DoubtKind.SENDING, "hold": DoubtKind.SENDING}


@pytest.mark.parametrize("keys", [("register",), ("stop",), ("hold",), tuple(HARMLESS)], ids=lambda keys: keys[0])
def test_each_key_of_the_metadata(store: Store, known: OutboxVersion, keys: Sequence[str]) -> None:
    """None switches the checks off: a forged acceptance is named whatever another program writes there, or removes.

    What decides whether reports are sent is named itself; the others are harmless, as the table says. That a
    restriction was removed is harmless too, because the authority makes it again.
    """
    with store.open() as box:
        box.set_suspension(Suspension("wrong_password", NOON, "settings"))
        box.hold(NOON + HOUR)
        box.authenticate(ask=False)
    [(register,)] = store.rows("SELECT value FROM memo WHERE key = 'register'")
    for stored in FORGED:
        write_metadata(store, stored, *keys)
        with store.open() as box:
            is_named = keys[0] in EXPECTED and (stored is not None or keys[0] == "register")
            assert kinds(found(box, known)) == ({EXPECTED[keys[0]]} if is_named else set())
            store.change("UPDATE reports SET state = 'accepted' WHERE id = ?", uuid(WAITING))
            assert named(found(box, known)) == [uuid(WAITING)]
            assert_refused(box, uuid(WAITING))
            assert_not_claimed(box, uuid(WAITING))
            store.change("UPDATE reports SET state = 'queued' WHERE id = ?", uuid(WAITING))
            if stored == FORGED[-1]:
                assert_accepted(box, found(box, known), known)
        if keys[0] == "register":
            write_metadata(store, register, "register")


def write_metadata(store: Store, stored: object, *keys: str) -> None:
    store.change(f"DELETE FROM memo WHERE key IN ({', '.join('?' * len(keys))})", *keys)  # noqa: S608  places
    if stored is not None:
        rows = ", ".join(["(?, ?)"] * len(keys))
        store.change(f"INSERT INTO memo (key, value) VALUES {rows}", *(each for key in keys for each in (key, stored)))  # noqa: S608  places


@pytest.mark.parametrize("stored", FORGED)
def test_doubts_in_the_metadata(store: Store, known: OutboxVersion, keyless: AnyOutbox, stored: str | None) -> None:
    """The check with the key finds again what is so, and removes the rest; what cannot be read is damage."""
    write_metadata(store, stored, "doubts")
    store.change("UPDATE reports SET due_at = 0 WHERE id = ?", uuid(WAITING))
    if stored is not None and ":" not in stored:
        with pytest.raises(OutboxDamaged):
            keyless.authenticate(ask=False)
        return
    with store.open() as box:
        assert found(box, known) == {Doubt(DoubtKind.STATE, uuid(WAITING))}
    assert keyless.authenticate(ask=False).doubts == (Doubt(DoubtKind.STATE, uuid(WAITING)),)


@pytest.mark.parametrize("stored", FORGED)
def test_another_key_in_the_metadata(store: Store, known: OutboxVersion, stored: str | None) -> None:
    """Nothing is checked, sent or changed with it, and that is said. Without one, the key of the settings counts.

    If the key of this computer opens everything, a person may name it again; it takes no other report on trust.
    """
    write_metadata(store, stored, "public_key")
    with store.open() as box:
        if stored is None:
            assert found(box, known) == set()
            return
        assert found(box, known) == {Doubt(DoubtKind.KEY)}
        assert box.integrity.doubts() == [Doubt(DoubtKind.KEY)]
        for change in (
            lambda: box.claim([uuid(WAITING)], now=NOON, lease_until=NOON + HOUR),
            lambda: box.withdraw([uuid(WAITING)]),
            lambda: box.integrity.check(uuid(WAITING)),
        ):
            with pytest.raises(NotAuthentic):
                change()
        if stored == OTHER_KEY:
            assert found(box, box.integrity.accept((), lambda: known)) == set()


def test_a_guest_is_saved_where_another_key_is_in_the_metadata(store: Store) -> None:
    """Without a code: a guest who is waiting is not refused for what another program wrote."""
    write_metadata(store, OTHER_KEY, "public_key")
    with store.open() as box:
        assert not box.add(report(12), due_at=NOON).authenticated
        with box.batch() as batch:
            batch.add(1, [NewReport(report(13), NOON)])
            batch.save(AuditEvent("imported"))
        assert [entry.authenticated for number in (12, 13) for entry in box.find(uuid(number))] == [False, False]


def test_without_the_key_nothing_is_sent_or_changed(store: Store, keyless: AnyOutbox, known: OutboxVersion) -> None:
    """Neither a report with a code nor one without: who has no key cannot tell a forged one. Saving needs none."""
    with store.open() as box:
        lease, _claimed = box.claim([uuid(WITH_PHOTO)], now=NOON, lease_until=NOON + HOUR)
    before = list(keyless.entries(Selection()))
    refused: Sequence[Callable[[], object]] = (
        lambda: keyless.claim([uuid(WAITING)], now=NOON, lease_until=NOON + HOUR),
        lambda: keyless.claim([uuid(UNCODED)], now=NOON, lease_until=NOON + HOUR),
        lambda: keyless.release(lease),
        lambda: keyless.settle_pending([Change(uuid(PENDING), State.ACCEPTED, receipt=receipt())]),
        lambda: keyless.withdraw([uuid(WAITING)]),
        lambda: keyless.record_receipt(uuid(WAITING), receipt()._replace(typed=True)),
        lambda: keyless.add(report(12, stay=WAITING), due_at=None, replaces=[uuid(WAITING)]),
        lambda: keyless.eraser.stay(report(ACCEPTED).stay_id, dry_run=False),
        lambda: keyless.integrity.accept([uuid(WAITING)]),
        lambda: keyless.integrity.accept(()),
    )
    for change in refused:
        with raises_error("key_needed"):
            change()
    with pytest.raises(CredentialsProblem):
        keyless.content(before[0])
    assert list(keyless.entries(Selection())) == before
    assert keyless.integrity.check(uuid(WAITING)) is False
    assert keyless.authenticate(ask=True, known=known) == ((), None, True)
    correction = report(13, stay=WAITING, kind=Kind.CHECK_OUT)
    assert not keyless.add(correction, due_at=None, active_reports=[uuid(WAITING)]).authenticated


def test_without_the_key_the_doubts_of_the_last_check_are_named(
    store: Store, known: OutboxVersion, keyless: AnyOutbox
) -> None:
    """And that reports were removed, because their numbers need no key; a check with the key clears what is right."""
    store.change("UPDATE reports SET due_at = 0 WHERE id = ?", uuid(WAITING))
    assert keyless.authenticate(ask=True, known=known).doubts == ()
    with store.open() as box:
        assert named(found(box, known)) == [uuid(WAITING)]
    doubt = Doubt(DoubtKind.STATE, uuid(WAITING))
    assert keyless.authenticate(ask=True, known=known) == ((doubt,), None, True)
    assert keyless.integrity.verify().doubts == (doubt,)
    assert keyless.summary(now=NOON, soon=NOON).doubts == (doubt,)
    assert keyless.integrity.doubts() == []
    store.change("DELETE FROM reports WHERE id = ?", uuid(PENDING))
    assert keyless.integrity.doubts() == [Doubt(DoubtKind.NUMBERS)]
    assert keyless.summary(now=NOON, soon=NOON).contradicted
    with store.open() as box:
        assert_accepted(box, found(box, known), known)
    assert keyless.authenticate(ask=True).doubts == ()
    assert keyless.integrity.doubts() == []


@only_sqlite
def test_text_that_is_no_text(store: Store, known: OutboxVersion) -> None:
    """Bytes that no encoding has: every check says that the outbox is damaged, and none fails otherwise."""
    store.change("UPDATE reports SET last_error = CAST(x'ff' AS TEXT) WHERE id = ?", uuid(WAITING))
    with store.open() as box, pytest.raises(OutboxDamaged):
        found(box, known)


@only_sqlite
def test_a_report_that_cannot_be_read_gets_its_code_later(store: Store, known: OutboxVersion) -> None:
    """Saved without the key, and damaged while another report is saved with it: it does not count as looked at."""
    store.change("UPDATE reports SET last_error = CAST(x'ff' AS TEXT) WHERE id = ?", uuid(UNCODED))
    with store.open() as box:
        box.add(report(UNCODED + 1), due_at=NOON)
        store.change("UPDATE reports SET last_error = NULL WHERE id = ?", uuid(UNCODED))
        assert not found(box, known)


@only_sqlite
def test_a_report_that_cannot_be_read_stays_above_the_last(store: Store, known: OutboxVersion) -> None:
    """Also if a report that is replaced, with the number behind it, gives its number to the last one of several."""
    store.change("UPDATE reports SET last_error = CAST(x'ff' AS TEXT) WHERE id = ?", uuid(UNCODED))
    with store.open() as box:
        box.add(report(UNCODED + 1), due_at=NOON)
        replacement = NewReport(report(UNCODED + 3, stay=UNCODED + 1), NOON, replaces=[uuid(UNCODED + 1)])
        box.add_all([NewReport(report(UNCODED + 2), NOON), replacement])
        store.change("UPDATE reports SET last_error = NULL WHERE id = ?", uuid(UNCODED))
        assert not found(box, known)


def test_no_doubt_shows_a_key_or_a_guest(store: Store, known: OutboxVersion) -> None:
    """The stored doubts have kinds and ids only."""
    store.change("UPDATE reports SET due_at = 0, content = ? WHERE id = ?", os.urandom(64), uuid(WAITING))
    with store.open() as box:
        found(box, known)
    [(stored,)] = store.rows("SELECT value FROM memo WHERE key = 'doubts'")
    assert stored == f"state:{uuid(WAITING)}"
