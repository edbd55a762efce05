"""The database is read for damage, for a limited time."""

from pathlib import Path

import pytest
from damage_helpers import PAGE, hide_from_queue, overwrite, root_of
from outbox_helpers import NOON, open_outbox, report

from apoa_client.errors import OutboxDamaged
from apoa_client.outbox.sqlite.migrations import STEPS

REPORTS = 60


def never() -> bool:
    return False


def always() -> bool:
    return True


@pytest.fixture
def file(path: Path) -> Path:
    """A file with reports, closed."""
    with open_outbox(path) as outbox:
        for number in range(REPORTS):
            outbox.add(report(number), due_at=NOON if number < REPORTS - 1 else None)
    return path


def test_a_sound_file(file: Path) -> None:
    """All of it was read; the schema and the engine are named."""
    with open_outbox(file) as outbox:
        found = outbox.check_file(never)
    assert (found.complete, found.schema) == (True, max(STEPS))
    assert found.engine.startswith("SQLite 3.")


def test_the_time_is_over(path: Path) -> None:
    """The check ends without a result about the rest, and the connection can be used."""
    with open_outbox(path) as outbox:
        for number in range(REPORTS * 5):
            outbox.add(report(number), due_at=NOON)
        assert not outbox.check_file(always).complete
        assert outbox.check_file(never).complete


def test_a_damaged_page(file: Path) -> None:
    """A page of the audit trail that is no page any more."""
    overwrite(file, root_of(file, "audit"), bytes([7]) * PAGE)
    with open_outbox(file) as outbox, pytest.raises(OutboxDamaged):
        outbox.check_file(never)


def test_an_index_that_hides_reports(file: Path) -> None:
    """The pages are sound, and open reports cannot be found: reported, however little time there is."""
    hide_from_queue(file)
    with open_outbox(file) as outbox, pytest.raises(OutboxDamaged):
        outbox.check_file(always)
