"""Merging a backup into an outbox of either engine: every row and photo, each stay's order, reports saved meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from backup_helpers import ACTOR, SETTINGS, Home
from hypothesis import given
from hypothesis import strategies as st
from outbox_helpers import HOUR, META, NOON, PHOTO, add, receipt, report, stay_id, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.archive import merge
from apoa_client.archive.backup_check import Backup, open_backup
from apoa_client.archive.merge import Merge, MergeResult, Row, copy, merged_order, merged_row
from apoa_client.outbox.rows import COLUMNS, NAMES
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.report.kinds import OPEN_STATES, Kind, PhotoState, State


@pytest.fixture
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """One stay in each transaction."""
    monkeypatch.setattr(merge, "PIECE", 1)


@pytest.fixture
def outbox(store: Store) -> Iterator[AnyOutbox]:
    """The outbox here, which is empty."""
    with store.open() as opened:
        yield opened


@pytest.fixture
def old(tmp_path: Path) -> Home:
    """A computer with stay 1 accepted, 2 being sent, both with photos, and 3 waiting and amended."""
    home = Home(tmp_path / "old", SETTINGS)
    with home.outbox() as outbox:
        outbox.add_all([NewReport(report(n), NOON, guest_tag=n, photo=PHOTO) for n in (1, 2)])
        outbox.add(report(3), due_at=NOON)
        outbox.add(report(4, stay=3, kind=Kind.AMEND), due_at=None)
        lease, _claimed = outbox.claim([uuid(1), uuid(2)], now=NOON, lease_until=NOON + HOUR)
        outbox.settle(lease, [Change(uuid(1), State.ACCEPTED, receipt=receipt())])
    return home


@pytest.fixture
def backup(old: Home, tmp_path: Path) -> Iterator[Backup]:
    """Its backup."""
    old.back_up(tmp_path / "a.db")
    with open_backup(tmp_path / "a.db") as opened:
        yield opened


def rows(outbox: AnyOutbox) -> dict[str, dict[str, Any]]:
    """Every column of every report, by its id."""
    found = outbox.database.execute(f"SELECT {', '.join(NAMES)} FROM reports").fetchall()  # noqa: S608  constants
    return {row[NAMES.index("id")]: dict(zip(NAMES, row, strict=True)) for row in found}


OF_THE_OUTBOX = {"guest_tag": None, "mac": None, "version": None}
"""What is not copied: the hash of the guest and the code are made here."""


def test_every_column_is_copied(outbox: AnyOutbox, old: Home, backup: Backup) -> None:
    """Into an empty outbox, whose next report comes behind them; only what is of the other computer is new."""
    with outbox.database.transaction():
        assert copy(outbox.database, backup.db, ACTOR) == MergeResult(4, 0, 0, 0)
    expected = {row["id"]: {name: row[name] for name in NAMES} | OF_THE_OUTBOX for row in old.rows()}
    expected[uuid(2)] |= {"state": "queued", "lease": None, "lease_until": None}
    assert rows(outbox) == expected
    assert outbox.audit_trail.verify().wrong is None
    assert not outbox.integrity.verify().doubts
    outbox.add(report(9), due_at=NOON)
    assert [entry.id for entry in outbox.heads()] == [uuid(2), uuid(3), uuid(9)]
    assert rows(outbox)[uuid(9)]["seq"] == max(row["seq"] for row in old.rows()) + 1


@pytest.mark.usefixtures("_small_pieces")
def test_every_row_is_merged(outbox: AnyOutbox, backup: Backup) -> None:
    """What is missing here is inserted, with its photo and in its order, and what is here stays or goes on."""
    add(outbox, 9, 1, due_at=NOON)
    outbox.add(report(5, stay=3), due_at=NOON)
    preview = Merge(outbox.database, backup.db, outbox._codes).preview()
    assert preview == MergeResult(inserted=3, advanced=1, unchanged=0, only_here=2)
    assert len(rows(outbox)) == 3
    assert Merge(outbox.database, backup.db, outbox._codes).run(ACTOR, lambda: None) == preview
    found = rows(outbox)
    assert (found[uuid(1)]["state"], found[uuid(1)]["receipt_number"]) == ("accepted", receipt().number)
    assert found[uuid(2)]["photo"] is not None
    stay = [each for each in sorted(found.values(), key=lambda row: row["seq"]) if each["stay_id"] == stay_id(3)]
    assert [row["id"] for row in stay] == [uuid(3), uuid(4), uuid(5)]
    assert not outbox.integrity.verify().doubts
    assert Merge(outbox.database, backup.db, outbox._codes).run(ACTOR, lambda: None) == MergeResult(0, 0, 4, 2)


@pytest.mark.usefixtures("_small_pieces")
def test_other_desks_save_reports_meanwhile(
    outbox: AnyOutbox, store: Store, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two stays; an interrupted merge goes on, behind them."""
    saved = list[int]()

    def save(_pause: float) -> None:
        saved.append(10 + len(saved))
        with store.open() as desk:
            desk.add(report(saved[-1]), due_at=NOON)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(merge, "sleep", save)
    outbox.add(report(9), due_at=NOON)
    with pytest.raises(KeyboardInterrupt):
        Merge(outbox.database, backup.db, outbox._codes).run(ACTOR, lambda: None)
    monkeypatch.setattr(merge, "sleep", lambda _pause: None)
    assert Merge(outbox.database, backup.db, outbox._codes).run(ACTOR, lambda: None).inserted == 2
    found = rows(outbox)
    assert set(found) == {uuid(each) for each in (1, 2, 3, 4, 9, 10, 11)}
    order = [each["id"] for each in sorted(found.values(), key=lambda row: row["seq"])]
    assert [order.index(uuid(each)) for each in (9, 1, 2, 10, 11, 3, 4)] == list(range(7))
    assert outbox.audit_trail.verify().wrong is None
    assert not outbox.integrity.verify().doubts


NUMBERS = (1, 2, 3)


@pytest.fixture
def photographed(tmp_path: Path) -> Home:
    """A computer with three accepted reports. The first two have photos, and that of the second was sent."""
    home = Home(tmp_path / "old", SETTINGS)
    with home.outbox() as outbox:
        outbox.add_all([NewReport(report(n), NOON, photo=_photo(n) if n < 3 else None) for n in NUMBERS])
        lease, _got = outbox.claim([uuid(n) for n in NUMBERS], now=NOON, lease_until=NOON + HOUR)
        outbox.settle(lease, [Change(uuid(n), State.ACCEPTED, receipt=receipt(n)) for n in NUMBERS])
        outbox.settle_photo(uuid(2), PhotoState.SENT)
        outbox.record_meta(META)
    return home


@pytest.fixture
def file(photographed: Home, tmp_path: Path) -> Path:
    """Its backup."""
    path = tmp_path / "apoa.db"
    photographed.back_up(path)
    return path


def _photo(number: int) -> bytes:
    return PHOTO + bytes([number])


def opened(outbox: SqliteOutbox) -> dict[str, bytes]:
    """The photos that open, by the ids of their reports."""
    kept = (entry for entry in outbox.entries(Selection()) if entry.photo and entry.erased_at is None)
    return {entry.id: outbox.photo(entry) for entry in kept}


def states(outbox: SqliteOutbox) -> list[PhotoState | None]:
    return [entry.photo for entry in outbox.entries(Selection())]


BOTH = {uuid(1): _photo(1), uuid(2): _photo(2)}


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "merged"])
def test_photos_come_back(tmp_path: Path, file: Path, *, is_there: bool) -> None:
    """With their states, on a new computer and into another outbox of the property; nothing is in doubt."""
    home = Home(tmp_path / "new", SETTINGS if is_there else None)
    if is_there:
        with home.outbox() as outbox:
            outbox.add_all([NewReport(report(9), NOON, photo=_photo(9))])
    home.restore(file)
    with home.outbox() as outbox:
        more = {uuid(9): _photo(9)} if is_there else {}
        assert opened(outbox) == BOTH | more
        assert states(outbox)[-3:] == [PhotoState.KEPT, PhotoState.SENT, None]
        assert [each.report_id for each in outbox.photos_to_send()] == [uuid(1)]
        assert outbox.authenticate(ask=False).doubts == ()
        assert outbox.integrity.verify().doubts == ()
        assert outbox.wants_photos() is not is_there  # what the authority said there is as old as the backup


def test_a_photo_sent_on_either_side_is_not_sent_again(photographed: Home, tmp_path: Path, file: Path) -> None:
    """What was sent since the backup stays sent; what only the backup knows to be sent, too."""
    here = Home(tmp_path / "here")
    here.restore(file)
    with here.outbox() as outbox:
        outbox.settle_photo(uuid(1), PhotoState.REFUSED)
    late = tmp_path / "late.db"
    with photographed.outbox() as outbox:
        outbox.settle_photo(uuid(1), PhotoState.SENT)
    photographed.back_up(late)
    again = Home(tmp_path / "again")
    again.restore(file)
    assert again.restore(late).merged.advanced == 1
    for home, state in ((here, PhotoState.REFUSED), (again, PhotoState.SENT)):
        home.restore(file)
        with home.outbox() as outbox:
            assert states(outbox) == [state, PhotoState.SENT, None]
            assert opened(outbox) == BOTH
            assert outbox.authenticate(ask=False).doubts == ()


@pytest.mark.parametrize("erased_here", [False, True])
def test_an_erased_photo_does_not_come_back(
    photographed: Home, tmp_path: Path, file: Path, *, erased_here: bool
) -> None:
    """On whichever side the stay was erased."""
    late = tmp_path / "late.db"
    with photographed.outbox() as outbox:
        outbox.eraser.stay(stay_id(2), dry_run=False)
    photographed.back_up(late)
    home = Home(tmp_path / "here")
    for each in (late, file) if erased_here else (file, late):
        home.restore(each)
    assert [row["photo"] is None for row in home.rows()] == [False, True, True]
    with home.outbox() as outbox:
        assert opened(outbox) == {uuid(1): _photo(1)}
        assert outbox.integrity.verify().doubts == ()


def test_without_proof_a_photo_is_sent_again(tmp_path: Path) -> None:
    """With its report: only the backup says that the authority has it."""
    photographed, file = Home(tmp_path / "waiting", SETTINGS), tmp_path / "waiting.db"
    with photographed.outbox() as outbox:
        outbox.add_all([NewReport(report(n), NOON, photo=_photo(n)) for n in (1, 2)])
        outbox.settle_photo(uuid(2), PhotoState.SENT)
    photographed.back_up(file)
    home = Home(tmp_path / "new")
    assert not home.restore(file, keys=[]).proved
    with home.outbox() as outbox:
        assert states(outbox) == [PhotoState.KEPT, PhotoState.KEPT]
        assert opened(outbox) == BOTH


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "merged"])
def test_the_photos_of_a_piece_are_not_held_together(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    """Each is read when its report is inserted, and not at all for a report that is there."""
    read = []
    really = merge._with_photo

    def with_photo(backup: object, row: Row) -> object:
        assert row["photo"] in {None, 1}
        read.append(row["id"])
        return really(backup, row)  # type: ignore[arg-type]  # it passes on what it gets

    monkeypatch.setattr(merge, "_with_photo", with_photo)
    home = Home(tmp_path / "new", SETTINGS if is_there else None)
    for _time in range(2):
        home.restore(file)
        assert read == [uuid(n) for n in NUMBERS]


# One report, two rows.


def a_row(state: State, **more: Any) -> dict[str, Any]:
    has_receipt = state is State.ACCEPTED
    row = {column.name: column.initial for column in COLUMNS}
    row |= {"id": uuid(1), "content": b"here", "state": state.value}
    row |= {"receipt_number": "STT-1", "receipt_issued_at": 5} if has_receipt else {}
    row |= {"errors": b"errors"} if state is State.REJECTED else {}
    return row | more


ORDER = [State.QUEUED, State.WITHDRAWN, State.PENDING, State.REJECTED, State.ACCEPTED]


@pytest.mark.parametrize("mine", ORDER)
@pytest.mark.parametrize("theirs", ORDER)
def test_the_state_that_is_further_along(mine: State, theirs: State) -> None:
    """On either side. A report that a person withdrew was sent after all if the authority knows it.

    Attempts are not forgotten: backoff and status use them.
    """
    settled = merged_row(a_row(mine, attempts=5, calls=3), a_row(theirs, content=b"theirs", attempts=1, calls=1))
    assert (settled["attempts"], settled["calls"]) == (5, 3)
    assert settled["state"] == max(mine, theirs, key=ORDER.index)
    assert settled["content"] == b"here"
    assert (settled["receipt_number"] is None) == (State.ACCEPTED not in {mine, theirs})


def test_a_receipt_counts_most() -> None:
    """Only the authority can have given it, whatever state the other side has. It is of one side as a whole."""
    given = a_row(State.PENDING, receipt_number="STT-1", receipt_issued_at=5)
    for settled in (merged_row(given, a_row(State.REJECTED)), merged_row(a_row(State.REJECTED), given)):
        assert (settled["state"], settled["receipt_number"]) == ("pending", "STT-1")
    earlier = given | {"receipt_number": "STT-0", "receipt_sha256": "of STT-0"}
    settled = merged_row(earlier, a_row(State.ACCEPTED))
    assert (settled["receipt_number"], settled["receipt_sha256"]) == ("STT-1", None)


@pytest.mark.parametrize("state", [State.PENDING, State.REJECTED])
def test_a_rejected_report_that_was_replaced_is_finished(state: State) -> None:
    """The authority's findings about it show that it was rejected."""
    replaced = a_row(State.SUPERSEDED, errors=b"errors")
    assert merged_row(a_row(state), replaced)["state"] == "superseded"
    assert merged_row(replaced, a_row(state))["state"] == "superseded"


@pytest.mark.parametrize("state", [State.ACCEPTED, State.PENDING, State.QUEUED])
def test_what_was_erased_stays_erased(state: State) -> None:
    """On either side; an erasure on request while the report was being sent also withdraws it."""
    erased = a_row(State.ACCEPTED if state is State.ACCEPTED else State.WITHDRAWN, content=None, erased_at=7)
    full = a_row(state, photo=1, errors=b"errors", warnings=b"warnings")
    for settled in (merged_row(erased, full), merged_row(full, erased)):
        sealed = [settled[name] for name in ("content", "errors", "warnings", "photo")]
        assert (sealed, settled["erased_at"]) == ([None] * 4, 7)
        assert State(settled["state"]) not in OPEN_STATES


PHOTO_STATES = [None, "kept", "refused", "sent"]


@pytest.mark.parametrize("mine", PHOTO_STATES)
@pytest.mark.parametrize("theirs", PHOTO_STATES)
@pytest.mark.parametrize("states", [(State.ACCEPTED, State.QUEUED), (State.QUEUED, State.ACCEPTED)])
def test_a_photo_that_was_sent_is_not_sent_again(
    mine: str | None, theirs: str | None, states: tuple[State, State]
) -> None:
    """On whichever side the report is further along. A report here without a photo has none afterwards."""
    rows = [
        a_row(state, photo=None if photo is None else 1, photo_state=photo)
        for state, photo in zip(states, (mine, theirs), strict=True)
    ]
    settled = merged_row(rows[0], rows[1])
    assert settled["photo_state"] == (theirs if mine == "kept" and theirs is not None else mine)
    assert settled["photo"] == rows[0]["photo"]


# The order of a stay.


@given(st.data())
def test_a_merged_order_follows_both_orders(data: st.DataObject) -> None:
    """Common reports are fixed points; the others keep their position in their own order; each is there once."""
    whole = data.draw(st.lists(st.text("abcdefgh", min_size=1, max_size=2), unique=True, max_size=8))
    where = [data.draw(st.sampled_from(["ours", "theirs", "both"])) for _each in whole]
    ours = [each for each, place in zip(whole, where, strict=True) if place != "theirs"]
    theirs = [each for each, place in zip(whole, where, strict=True) if place != "ours"]
    times = {each: data.draw(st.integers(0, 3)) for each in whole}
    order = merged_order(ours, theirs, times)
    assert sorted(order) == sorted(whole)
    assert [each for each in order if each in ours] == ours
    assert [each for each in order if each in theirs] == theirs


def test_times_decide_if_neither_order_does() -> None:
    """If the orders contradict each other, ours is kept."""
    assert merged_order(["a", "d"], ["b", "c"], {"a": 1, "b": 2, "c": 3, "d": 4}) == ["a", "b", "c", "d"]
    assert merged_order(["a", "b"], ["b", "a"], {"a": 1, "b": 2}) == ["a", "b"]
