"""When a process that keeps running delivers: what it notices of the other processes."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from app_helpers import app_of, set_up, training
from conftest import FixedClock
from outbox_helpers import NOON, report

from apoa_client.app.container import Container
from apoa_client.app.follower import Follower
from apoa_client.delivery.follow import KEEP_UP, SHORTEST_PAUSE
from apoa_client.delivery.options import Outcome
from apoa_client.errors import Exit, Offline
from apoa_client.messages import msg

if TYPE_CHECKING:
    from postgres_helpers import SharedOutbox

SECOND = timedelta(seconds=1)
Change = Callable[[Container], object]


@pytest.fixture
def home(tmp_path: Path, clock: FixedClock) -> Path:
    """The home of a property with a report that waits."""
    home = tmp_path / "home"
    set_up(home, clock, training())
    change(home, clock, add(1))
    return home


@pytest.fixture
def follower(home: Path, clock: FixedClock) -> Follower:
    """Has just failed to reach the authority, for the fifth time, and pauses for minutes."""
    follower = Follower(lambda: app_of(home, clock, "melati"), clock, jitter=lambda: 0.99)
    for _failure in range(5):
        change(home, clock, run)
        follower.ran(Offline(msg("x")))
    clock.forward(SHORTEST_PAUSE + SECOND)
    assert not follower.is_due()
    return follower


def add(number: int) -> Change:
    return lambda app: app.outbox.add(report(number), due_at=NOON)


def run(app: Container) -> None:
    """Do what a run of automatic sending without success leaves behind."""
    app.outbox.record_scheduled_run(app.clock.now(), Exit.NOT_NOW)


def change(home: Path, clock: FixedClock, what: Change) -> None:
    """Change the outbox as another process does."""
    with closing(app_of(home, clock, "melati")) as app:
        what(app)


def test_a_new_report_ends_the_pause(follower: Follower, home: Path, clock: FixedClock) -> None:
    """It may be that the authority can be reached again."""
    change(home, clock, add(2))
    assert follower.is_due()


def test_the_run_of_another_process_does_not(follower: Follower, home: Path, clock: FixedClock) -> None:
    """Two of them do not make each other call the authority every few seconds while it is down."""
    for _run in range(3):
        change(home, clock, run)
        assert not follower.is_due()
        assert not follower.is_due()  # a second look
        clock.forward(SHORTEST_PAUSE + SECOND)
    change(home, clock, add(2))
    assert follower.is_due()


def test_the_pause_ends_by_itself(follower: Follower, home: Path, clock: FixedClock) -> None:
    """Whatever the other processes did."""
    change(home, clock, run)
    clock.forward(KEEP_UP)
    assert follower.is_due()


def test_what_another_computer_saves_is_noticed(
    home: Path, clock: FixedClock, postgres_outbox: "SharedOutbox", monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shared outbox, within a few seconds, although no file here has changed; also after the server was away."""
    from postgres_helpers import PASSWORD, PROPERTY, be_patient

    be_patient(monkeypatch)
    cluster = postgres_outbox.cluster
    address = f"postgresql://{PROPERTY}@127.0.0.1:{cluster.port}/{postgres_outbox.database}"
    environ = {"APOA_OUTBOX": address, "APOA_OUTBOX_PASSWORD": PASSWORD}
    follower = Follower(lambda: app_of(home, clock, PROPERTY, **environ), clock, jitter=lambda: 0.99)
    with closing(app_of(home, clock, PROPERTY, **environ)) as app:
        for entry in [*app.outbox.heads()]:
            app.outbox.withdraw([entry.id], [entry.id])
    follower.ran(Outcome())
    clock.forward(SHORTEST_PAUSE + SECOND)
    assert not follower.is_due()
    cluster.kill()
    clock.forward(SHORTEST_PAUSE + SECOND)
    assert not follower.is_due()
    cluster.start()
    with closing(app_of(home, clock, PROPERTY)) as app, postgres_outbox.open(app.sealer) as other:
        other.add(report(2), due_at=NOON)
    clock.forward(timedelta(minutes=1))
    assert follower.is_due()
