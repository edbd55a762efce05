"""An import checks every row, and saves the good ones in one transaction: all of them or none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import FixedClock
from import_helpers import Importer, guest_row
from outbox_helpers import open_outbox
from report_helpers import NOW

from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import Kind


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    """An empty outbox."""
    with open_outbox(tmp_path / "outbox.db") as opened:
        yield opened


@pytest.fixture
def importer(outbox: SqliteOutbox) -> Importer:
    """A desk in Jakarta, on the evening of the 24th."""
    return Importer(outbox, FixedClock(NOW))


def test_good_rows_are_saved_and_bad_ones_are_named(importer: Importer, outbox: SqliteOutbox) -> None:
    """A bad row holds up no good one; its problem has the cell."""
    result = importer.run(
        guest_row(2),
        guest_row(3, document_number="no number!"),
        guest_row(4, document_number="X99", nationality="IDN"),
        guest_row(5, document_number="X1", check_out="2026-11-24 20:00"),
    )
    assert (result.rows, result.saved, result.skipped, result.refused, result.checked_out) == (4, 2, 1, 1, 1)
    assert [(each.row, each.cell, each.code) for each in result.problems] == [(3, "F3", "bad_character")]
    entries = list(outbox.entries(Selection()))
    assert [entry.kind for entry in entries] == [Kind.CHECK_IN, Kind.CHECK_IN, Kind.CHECK_OUT]
    assert [entry.id for entry in entries] == list(result.reports)
    assert [event.action for event in outbox.audit_trail.entries()] == ["saved"] * 3 + ["imported"]
    assert outbox.audit_trail.verify().wrong is None


def test_the_same_file_twice_changes_nothing(importer: Importer, outbox: SqliteOutbox) -> None:
    """Every row is unchanged, without the private key."""
    rows = [guest_row(2), guest_row(3, document_number="X1", check_out="2026-11-24")]
    importer.run(*rows)
    before = list(outbox.entries(Selection()))
    result = importer.run(*rows)
    assert (result.saved, result.unchanged, result.reports) == (0, 2, ())
    assert list(outbox.entries(Selection())) == before


def test_an_edited_row_amends_and_back(importer: Importer, outbox: SqliteOutbox) -> None:
    """Room 5, then 6, then 5 again: each is reported, and the last one again is unchanged."""
    for room, saved, amended in (("5", 1, 0), ("6", 0, 1), ("5", 0, 1), ("5", 0, 0)):
        result = importer.run(guest_row(2, room=room))
        assert (result.saved, result.amended, result.refused) == (saved, amended, 0)
    [active] = [entry for entry in outbox.entries(Selection()) if entry.state.value == "queued"]
    stay = outbox.content(active).report.stay
    assert stay is not None
    assert stay.room == "5"
