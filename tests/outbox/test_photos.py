"""Photos of passport pages: sealed with their reports, opened with the key, and sent after them."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from basics import raises_error
from key_helpers import new_key_pair
from outbox_helpers import (
    META,
    NOON,
    PERSONAL,
    PHOTO,
    finding,
    receipt,
    report,
    sealer,
    sealer_without_key,
    settle,
    stay_id,
    uuid,
)
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import CredentialsProblem, DataRefused, Erased, OutboxDamaged, SealBroken
from apoa_client.outbox.sql.metadata import ACCOUNT
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Entry, NewReport, PhotoToSend, Selection
from apoa_client.ports.state import AuditEvent
from apoa_client.report.kinds import Kind, PhotoState, State
from apoa_client.report.model import Report
from apoa_client.vault.sealing import PropertySealer


def new(number: int, stay: int | None = None, photo: bytes | None = PHOTO, **more: Any) -> NewReport:
    return NewReport(report(number, stay), NOON, photo=photo, **more)


def cancellation(number: int, stay: int) -> Report:
    return Report(uuid(number), stay_id(stay), Kind.CANCEL, report(number).created_at, reason="mistake")


def entry(outbox: AnyOutbox, number: int) -> Entry:
    [found] = outbox.find(uuid(number))
    return found


def to_send(outbox: AnyOutbox) -> list[tuple[str, str]]:
    return [(each.entry.id, each.report_id) for each in outbox.photos_to_send()]


def test_a_photo_is_saved_with_its_report(outbox: SqliteOutbox, path: Path) -> None:
    """It is read back byte for byte, also through another connection, and it is nowhere in the file unsealed."""
    [first, second] = outbox.add_all([new(1), new(2, photo=None)])
    assert (first.photo, second.photo) == (PhotoState.KEPT, None)
    with SqliteOutbox.open(path, sealer()) as other:
        assert other.photo(first) == PHOTO
        assert other.content(first).report == report(1)
    assert PHOTO[:100] not in b"".join(file.read_bytes() for file in path.parent.iterdir())
    events = [(event.action, event.report) for event in outbox.audit_trail.entries()]
    assert events == [("saved", uuid(1)), ("photo_kept", uuid(1)), ("saved", uuid(2))]


def test_a_batch_saves_photos(outbox: AnyOutbox, store: Store) -> None:
    """Those of new stays and of corrections. None is held in memory until the batch is saved."""
    outbox.add(report(9), due_at=None)
    with outbox.batch() as batch:
        batch.add(1, [new(1)])
        assert batch._pending == []  # what is held
        batch.add(2, [new(2, 9, replaces=[uuid(9)], active_reports=[uuid(9)])])
        batch.add(3, [new(3, photo=None)])
        batch.save(AuditEvent("imported"))
    assert [outbox.photo(entry(outbox, number)) for number in (1, 2)] == [PHOTO, PHOTO]
    assert entry(outbox, 3).photo is None
    kept = [event.report for event in outbox.audit_trail.entries() if event.action == "photo_kept"]
    assert kept == [uuid(1), uuid(2)]
    with store.open() as other:
        assert other.integrity.verify().doubts == ()


def test_a_new_report_shows_no_personal_data() -> None:
    """Its text may reach a log."""
    text = repr(new(1, warnings=[finding()]))
    assert text.startswith("NewReport(Report(")
    assert not any(word in text for word in PERSONAL)
    assert "xff" not in text


def test_without_a_photo_there_is_nothing_to_open(outbox: AnyOutbox) -> None:
    """The caller learns it from the entry; to ask nevertheless is refused."""
    with raises_error("no_photo") as caught:
        outbox.photo(outbox.add(report(1), due_at=None))
    assert isinstance(caught.value, DataRefused)


@pytest.mark.parametrize("state", [PhotoState.SENT, PhotoState.KEPT])
def test_an_erased_photo(outbox: AnyOutbox, state: PhotoState) -> None:
    """It is neither opened nor sent any more, and the entry still says what became of it."""
    outbox.add_all([new(1)])
    settle(outbox, 1)
    if state is PhotoState.SENT:
        outbox.settle_photo(uuid(1), state)
    outbox.eraser.stay(stay_id(1), dry_run=False)
    assert (entry(outbox, 1).photo, to_send(outbox)) == (state, [])
    with pytest.raises(Erased):
        outbox.photo(entry(outbox, 1))


def test_a_photo_needs_the_key(outbox: AnyOutbox, store: Store) -> None:
    """It is saved without the key, opened with it only, and not with another one."""
    with store.open(sealer_without_key()) as keyless:
        [saved] = keyless.add_all([new(1)])
        with pytest.raises(CredentialsProblem):
            keyless.photo(saved)
    assert outbox.photo(saved) == PHOTO
    private, public = new_key_pair()
    with store.open(PropertySealer(public, lambda: private)) as other, pytest.raises(SealBroken):
        other.photo(saved)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("photo = (SELECT photo FROM reports ORDER BY seq DESC LIMIT 1)", SealBroken),
        ("photo = content", SealBroken),
        ("photo = x'02'", SealBroken),
        ("photo = 5", OutboxDamaged),
        ("photo = NULL", OutboxDamaged),
    ],
)
def test_a_damaged_photo(outbox: SqliteOutbox, path: Path, change: str, error: type[Exception]) -> None:
    """Each photo is sealed under its report's id; what does not open is an error of the report."""
    with SqliteOutbox.open(path, sealer_without_key()) as keyless:  # so that no code is wrong
        [saved, _other] = keyless.add_all([new(1), new(2)])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE reports SET {change} WHERE id = ?", [uuid(1)])  # noqa: S608  ours
    with pytest.raises(error):
        outbox.photo(saved)


@only_sqlite
def test_no_list_and_no_result_reads_a_photo(outbox: SqliteOutbox) -> None:
    """Years of photos cost neither memory nor time, until one of them is opened or its code is checked."""

    def deny(action: int, table: str | None, column: str | None, *_rest: object) -> int:
        denied = (action, table, column) == (sqlite3.SQLITE_READ, "reports", "photo")
        return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK

    outbox.add_all([new(number) for number in range(3)])
    outbox._sqlite.connection.set_authorizer(deny)
    settle(outbox, 0)
    settle(outbox, 1, State.REJECTED)
    outbox.withdraw([uuid(2)])
    assert [found.photo for found in outbox.entries(Selection())] == [PhotoState.KEPT] * 3
    assert list(outbox.heads()) == []
    assert to_send(outbox) == [(uuid(0), uuid(0))]
    outbox.settle_photo(uuid(0), PhotoState.SENT)
    outbox.integrity.check(uuid(0))
    assert outbox.summary(now=NOON, soon=NOON).counts[State.ACCEPTED] == 1
    with pytest.raises(sqlite3.DatabaseError, match="prohibited"):
        outbox._db.execute("SELECT photo FROM reports")


class TestPhotosToSend:
    """Which photos wait for a delivery."""

    def test_after_it(self, outbox: AnyOutbox) -> None:
        """Until the result is recorded; the entry has all that is known."""
        outbox.add_all([new(1), new(2), new(3, photo=None)])
        for number in (1, 2, 3):
            settle(outbox, number)
        assert list(outbox.photos_to_send()) == [PhotoToSend(entry(outbox, number), uuid(number)) for number in (1, 2)]
        outbox.settle_photo(uuid(1), PhotoState.SENT)
        assert to_send(outbox) == [(uuid(2), uuid(2))]

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda outbox: outbox.record_receipt(uuid(1), receipt(1)._replace(typed=True)),
            lambda outbox: settle(outbox, 1, last_error="duplicate"),
            lambda outbox: outbox.withdraw([uuid(1)]),
            lambda outbox: settle(outbox, 1, State.PENDING),
            lambda outbox: settle(outbox, 1, State.REJECTED),
            lambda outbox: settle(outbox, 1, State.QUEUED),
        ],
        ids=["typed", "duplicate", "withdrawn", "pending", "rejected", "queued"],
    )
    def test_only_with_a_receipt_of_the_authority(
        self, outbox: AnyOutbox, spoil: Callable[[AnyOutbox], object]
    ) -> None:
        """It must have the report; a typed number, or that of another report, says nothing about this one."""
        outbox.add_all([new(1)])
        assert to_send(outbox) == []
        spoil(outbox)
        assert to_send(outbox) == []

    @pytest.mark.parametrize("state", [State.QUEUED, State.PENDING, State.ACCEPTED, State.REJECTED])
    def test_not_of_a_stay_that_is_cancelled(self, outbox: AnyOutbox, state: State) -> None:
        """Unless the authority refused the cancellation, or the desk withdrew it."""
        outbox.add_all([new(1)])
        settle(outbox, 1)
        outbox.add(cancellation(2, 1), due_at=None)
        settle(outbox, 2, state)
        assert bool(to_send(outbox)) is (state is State.REJECTED)
        if state is State.REJECTED:
            outbox.withdraw([uuid(2)])
            assert to_send(outbox) == [(uuid(1), uuid(1))]

    @pytest.mark.parametrize("photo", [None, PHOTO], ids=["none", "another"])
    def test_a_photo_goes_with_the_corrected_report(self, outbox: AnyOutbox, photo: bytes | None) -> None:
        """The authority refused the report that has it, and accepted the one that replaced it.

        That may have a better one: then the earlier one is not sent after it either.
        """
        outbox.add_all([new(1)])
        settle(outbox, 1, State.REJECTED)
        outbox.add_all([new(2, 1, photo, replaces=[uuid(1)], active_reports=[uuid(1)])])
        assert to_send(outbox) == []
        settle(outbox, 2)
        owner = uuid(1 if photo is None else 2)
        assert to_send(outbox) == [(owner, uuid(2))]
        outbox.settle_photo(owner, PhotoState.REFUSED)
        assert to_send(outbox) == []

    def test_results_are_recorded_meanwhile(self, outbox: AnyOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each photo comes once, and one that another process has settled since does not come."""
        for size in ("_FIRST_BATCH", "_BATCH"):
            monkeypatch.setattr(f"apoa_client.outbox.sql.queries.{size}", 2)
        outbox.add_all([new(number) for number in range(5)])
        for number in range(5):
            settle(outbox, number)
        found = []
        for each in outbox.photos_to_send():
            found.append(each.report_id)
            outbox.settle_photo(each.entry.id, PhotoState.SENT)
            outbox.settle_photo(uuid(4), PhotoState.SENT)
        assert found == [uuid(number) for number in range(4)]


def test_the_result_of_a_photo_is_recorded_once(outbox: AnyOutbox) -> None:
    """With its event; a later result changes nothing, nor does one of a report without a photo."""
    outbox.add_all([new(1), new(2, photo=None)])
    outbox.settle_photo(uuid(1), PhotoState.REFUSED, "too_large")
    before = [*outbox.audit_trail.entries()]
    outbox.settle_photo(uuid(1), PhotoState.SENT)
    outbox.settle_photo(uuid(2), PhotoState.SENT)
    assert [*outbox.audit_trail.entries()] == before
    assert [found.photo for found in outbox.entries(Selection())] == [PhotoState.REFUSED, None]
    assert (before[-1].action, before[-1].report, before[-1].detail) == ("photo_refused", uuid(1), "too_large")
    assert outbox.photo(entry(outbox, 1)) == PHOTO


def test_what_the_authority_said(outbox: SqliteOutbox, path: Path) -> None:
    """Whether photos are wanted, and its names for paper, as it last said; nothing is written without a change."""
    assert not outbox.wants_photos()
    assert outbox.value(ACCOUNT) is None
    for wants, office in ((True, None), (False, "Kantor\nDenpasar"), (True, None)):
        outbox.record_meta(META._replace(wants_photo=wants, property_office=office))
        with SqliteOutbox.open(path, sealer()) as other:
            assert other.wants_photos() is wants
            assert other.value(ACCOUNT) == ("Wisma Melati", "" if office is None else "Kantor Denpasar")
    before = outbox._sqlite.connection.total_changes
    outbox.record_meta(META)
    assert outbox._sqlite.connection.total_changes == before
