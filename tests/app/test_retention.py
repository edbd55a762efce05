"""Guests' data are erased after the retention period, by the authority's clock if this computer's is ahead."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from app_helpers import app_of, set_up, training
from basics import NOW, FixedClock
from outbox_helpers import receipt, report, uuid

from apoa_client.app.container import Container
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.vault.sealing import PropertySealer, decode_public_key

DAY = timedelta(days=1)


@pytest.fixture
def app(home: Path, clock: FixedClock) -> Iterator[Container]:
    """A container for a property with a retention period of 90 days."""
    set_up(home, clock, training())
    app = app_of(home, clock)
    yield app
    app.close()


@pytest.mark.parametrize(
    ("ahead", "expected"), [(timedelta(), NOW - 90 * DAY), (DAY, NOW - 91 * DAY), (-DAY, NOW - 90 * DAY)]
)
def test_a_clock_that_is_ahead_erases_nothing_early(app: Container, ahead: timedelta, expected: object) -> None:
    """A clock that is behind does not erase earlier either."""
    app.outbox.record_contact(NOW, NOW - ahead)
    assert app.retention.cutoff() == expected


@pytest.mark.parametrize("off", [-367 * DAY, -365_000 * DAY, 365_000 * DAY])
def test_an_authoritys_clock_that_is_years_off_does_not_count(app: Container, off: timedelta) -> None:
    """It neither keeps guests' data for as long, nor confirms this computer's date; a user can do that."""
    app.outbox.record_contact(NOW, NOW + off)
    assert app.retention.cutoff() == NOW - 90 * DAY
    assert app.outbox.clock_checked_at(NOW + 2 * DAY) is None
    app.retention.confirm_date()
    assert app.outbox.clock_checked_at(NOW) == NOW


def test_purge_daily_erases_once_a_day(app: Container, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the clock was set back since the last time."""
    done: list[object] = []
    purge = app.retention.purge
    monkeypatch.setattr(app.retention, "purge", lambda: done.append(purge()))
    for step, count in ((timedelta(), 1), (DAY / 2, 1), (DAY / 2, 2), (-2 * DAY, 3)):
        clock.forward(step)
        app.retention.purge_daily()
        assert len(done) == count


def test_others_save_while_a_keyring_is_asked(app: Container) -> None:
    """By an erasure, a withdrawal and a typed number: a person may need minutes to answer."""
    file, number = app.folders.outbox("melati"), itertools.count(10)
    app.outbox.add(report(1), due_at=None)
    app.outbox.add(report(2), due_at=None)
    app.outbox.add(report(3), due_at=None)
    app.outbox.record_receipt(uuid(3), receipt())

    def asked() -> bytes:
        app.outbox.add(report(next(number)), due_at=None)
        return app.secrets.private_key()

    def ask(what: Callable[[SqliteOutbox], object]) -> None:
        public_key = decode_public_key(app.settings.public_key)
        with SqliteOutbox.open(file, PropertySealer(public_key, asked, is_at_hand=lambda: False)) as outbox:
            what(outbox)

    ask(lambda outbox: outbox.withdraw([uuid(1)]))
    ask(lambda outbox: outbox.record_receipt(uuid(2), receipt()))
    ask(lambda outbox: outbox.eraser.finished(NOW + 99 * DAY, NOW + 99 * DAY, dry_run=False))
    assert next(number) >= 13
    assert app.outbox.find(uuid(3))[0].erased_at is not None
