"""A damaged outbox: its indexes are rebuilt during a run, and one damaged report does not hold up the others."""

import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from basics import LONG
from damage_helpers import INDEXES, PAGE, clear_index, flip, hide_from_queue, leaf_of_reports, overwrite, root_of
from delivery_helpers import Hotel
from outbox_helpers import uuid
from outbox_stores import SqliteStore, only_sqlite

from apoa_client.errors import Exit, OutboxDamaged, SealBroken
from apoa_client.outbox.errors import damaged
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import State

pytestmark = only_sqlite

REPORTS = 20
FLIPS = 1_000 if LONG else 60


INDEX_OF_IDS = "sqlite_autoindex_reports_1"


def events(hotel: Hotel) -> list[str]:
    return [entry.action for entry in hotel.outbox.audit_trail.entries()]


@pytest.fixture
def waiting(hotel: Hotel) -> Hotel:
    """A property with reports that wait, whose file is closed."""
    hotel.add(*range(REPORTS))
    hotel.close()
    return hotel


@pytest.mark.parametrize("index", INDEXES)
def test_a_damaged_index(waiting: Hotel, index: str) -> None:
    """Every report is delivered in the same run. If the run met the damage, it repaired and recorded it."""
    clear_index(waiting.path, index)
    waiting.reopen()
    outcome = waiting.sync()
    assert (outcome.counts["accepted"], outcome.left, outcome.exit_code) == (REPORTS, 0, Exit.DONE)
    assert waiting.sizes() == [REPORTS]
    assert outcome.indexes_rebuilt is ("indexes_rebuilt" in events(waiting))
    used = {"reports_open", "reports_due", "reports_kept", "reports_lease", "reports_uncoded", "reports_versions"}
    assert outcome.indexes_rebuilt is (index in {*used, INDEX_OF_IDS})


def test_a_report_that_an_index_hides(waiting: Hotel) -> None:
    """A run that leaves reports checks the indexes, so that a report that no query finds is delivered, too."""
    hide_from_queue(waiting.path)
    waiting.reopen()
    outcome = waiting.sync()
    assert (outcome.counts["accepted"], outcome.left, outcome.indexes_rebuilt) == (REPORTS, 0, True)


def test_reports_that_wait_for_another_reason(hotel: Hotel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports that the authority deferred cause no repair."""
    monkeypatch.setattr(hotel.outbox, "rebuild_indexes", lambda: pytest.fail("there is no damage"))
    hotel.add(1, 2)
    hotel.authority.script("defer=60")
    outcome = hotel.sync()
    assert (outcome.left, outcome.indexes_rebuilt, outcome.exit_code) == (2, False, Exit.NOT_NOW)


def test_damage_met_while_storing_results(hotel: Hotel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results are stored after the repair: no report waits for its lease to end."""
    hotel.add(*range(REPORTS))
    repaired: list[bool] = []
    settle = hotel.outbox.settle

    def rebuild() -> bool:
        repaired.append(True)
        return True

    def settle_if_repaired(lease: str, changes: Sequence[Change]) -> None:
        if not repaired:
            raise damaged(hotel.path)
        settle(lease, changes)

    monkeypatch.setattr(hotel.outbox, "settle", settle_if_repaired)
    monkeypatch.setattr(hotel.outbox, "rebuild_indexes", rebuild)
    outcome = hotel.sync()
    assert (outcome.counts["accepted"], outcome.left, repaired) == (REPORTS, 0, [True])
    assert hotel.states() == [State.ACCEPTED] * REPORTS


def test_a_damaged_page_of_reports(waiting: Hotel) -> None:
    """Nothing is rebuilt: reports on other pages are delivered, and then the damage is raised."""
    flip(waiting.path, leaf_of_reports(waiting.path), 64)
    waiting.reopen()
    for _run in range(2):
        with pytest.raises(OutboxDamaged):
            waiting.sync()
    assert 0 < len(waiting.authority.acquired) < REPORTS
    assert "indexes_rebuilt" not in events(waiting)


def test_damage_met_by_the_check_of_the_reports(hotel: Hotel, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be read is sent, and then the damage is raised."""

    def authenticate(**_arguments: object) -> None:
        raise damaged("outbox.db")

    hotel.add(1, 2)
    monkeypatch.setattr(hotel.outbox, "authenticate", authenticate)
    with pytest.raises(OutboxDamaged):
        hotel.sync()
    assert hotel.states() == [State.ACCEPTED] * 2


def test_a_broken_seal_does_not_prevent_the_repair(waiting: Hotel) -> None:
    """The indexes are repaired, all others are delivered, and then the run ends with the broken seal."""
    waiting.tamper(3)
    hide_from_queue(waiting.path)
    waiting.reopen()
    outcome = waiting.sync()
    assert isinstance(outcome.error, SealBroken)
    assert (len(waiting.authority.acquired), outcome.left, outcome.indexes_rebuilt) == (REPORTS - 1, 1, True)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE reports SET content = NULL WHERE id = ?", "UPDATE reports SET content = NULL, erased_at = 1 WHERE id = ?"],
)
def test_a_report_without_content(waiting: Hotel, statement: str) -> None:
    """It stays in the queue, the others are delivered, and the run ends with its error."""
    waiting.store.change(statement, uuid(3))
    waiting.reopen()
    with suppress(OutboxDamaged):
        assert waiting.sync().error is not None
    assert len(waiting.authority.acquired) == REPORTS - 1


def test_a_report_marked_as_erased_with_its_content(waiting: Hotel) -> None:
    """A flipped bit in the time of erasure: all others are delivered, and it is named, so that a person decides."""
    waiting.store.change("UPDATE reports SET erased_at = 1 WHERE id = ?", uuid(3))
    waiting.reopen()
    outcome = waiting.sync()
    assert (outcome.counts["accepted"], outcome.doubts) == (REPORTS - 1, (Doubt(DoubtKind.STATE, uuid(3)),))


@pytest.mark.slow
def test_flipped_bits_in_indexes(waiting: Hotel, tmp_path: Path) -> None:
    """Wherever one bit of an index is flipped, one run delivers every report, each once."""
    chance = random.Random(4)  # noqa: S311  a test's
    sound = waiting.path.read_bytes()
    roots = [root_of(waiting.path, name) for name in INDEXES]
    rebuilt = 0
    for number in range(FLIPS):
        path = tmp_path / f"flip{number}" / "outbox.db"
        path.parent.mkdir()
        path.write_bytes(sound)
        at = chance.choice(roots) + chance.randrange(PAGE)
        overwrite(path, at, bytes([sound[at] ^ 1 << chance.randrange(8)]))
        hotel = Hotel(SqliteStore(path), waiting.clock)
        outcome = hotel.sync()
        assert (outcome.counts["accepted"], outcome.left, outcome.exit_code) == (REPORTS, 0, Exit.DONE)
        assert len(hotel.authority.acquired) == REPORTS
        rebuilt += outcome.indexes_rebuilt
        hotel.close()
    assert rebuilt
    print(f"{FLIPS} flipped bits, {rebuilt} repairs, all delivered")  # noqa: T201  a figure
