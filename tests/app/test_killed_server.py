"""A server of a shared outbox that is killed again and again while desks save and send: each report is sent once."""

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from app_helpers import app_of
from cli_helpers import PASSWORD as ACCOUNT_PASSWORD
from conftest import FixedClock
from delivery_helpers import report
from journeys_helpers import receipts_of_authority
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox

from apoa_client.app.container import Container
from apoa_client.app.property_setup import PropertySetup
from apoa_client.app.sending import send
from apoa_client.cli.terminal.progress import NoProgress
from apoa_client.cli.terminal.signals import Signals
from apoa_client.delivery import plan
from apoa_client.outbox.errors import OutboxBusy, OutboxServerUnreachable
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import State
from apoa_client.report.model import Report
from apoa_client.sandbox.server import SandboxServer
from apoa_client.settings.config import PropertySettings

KILLS = 50
SAVES = 6
"""Guests reported, by two desks in turn, around each kill."""


class Saved(NamedTuple):
    """A report that is acknowledged, and whether it was saved in the desk's own file."""

    id: str
    here: bool


class Desk(NamedTuple):
    """One computer with the settings and keys of the property."""

    home: Path
    clock: FixedClock
    address: str

    def open(self) -> "closing[Container]":
        """What one command works with."""
        environ = {"APOA_OUTBOX": self.address, "APOA_OUTBOX_PASSWORD": PASSWORD}
        return closing(app_of(self.home, self.clock, PROPERTY, **environ))

    def save(self, number: int) -> Saved:
        """Report a guest, as a command does."""
        new = typed(number)
        with self.open() as app:
            app.here_if_away(lambda: app.outbox.add(new, due_at=None))
            return Saved(new.id, app.away is not None)

    def send(self) -> int:
        """Send what waits, as a command does; return how many reports were answered, 0 if the server was away."""
        with self.open() as app, suppress(OutboxServerUnreachable, OutboxBusy):
            outcome = send(app, NoProgress(), Signals())
            assert outcome.error is None
            assert not outcome.doubts
            return len(outcome.verdicts)
        return 0


def typed(number: int) -> Report:
    """The report of a guest without a passport's lines, which the authority would compare."""
    new = report(number)
    assert new.guest is not None
    return new._replace(guest=new.guest._replace(document=new.guest.document._replace(mrz=None)))


@pytest.mark.slow
def test_fifty_kills(tmp_path: Path, clock: FixedClock, postgres_outbox: SharedOutbox) -> None:
    """At any moment of saving, moving and sending: nothing acknowledged is lost, nothing has two receipts."""
    memory = tmp_path / "authority.db"
    with SandboxServer(memory, username="melati", password=ACCOUNT_PASSWORD, now=clock.now) as authority:
        desks = two_desks(tmp_path, clock, postgres_outbox, authority.base_url)
        saved: list[Saved] = []
        answered = 0
        with ThreadPoolExecutor(SAVES + len(desks)) as pool:
            for number in range(KILLS):
                numbers = range(SAVES * number, SAVES * (number + 1))
                saves = [pool.submit(desks[each % 2].save, each) for each in numbers]
                sends: list[Future[int]] = [pool.submit(desk.send) for desk in desks]
                moments: list[Future[Any]] = [*saves, *sends]
                moments[number % len(moments)].result()
                postgres_outbox.cluster.kill()
                saved += [each.result() for each in saves]
                answered += sum(each.result() for each in sends)
                postgres_outbox.cluster.start()
                clock.forward(plan.LEASE)
        assert 0 < sum(each.here for each in saved) < len(saved)
        assert answered
        while not is_finished(desks):
            clock.forward(plan.LEASE)
            assert sum(desk.send() for desk in desks)
    with desks[0].open() as app:
        ids = [entry.id for entry in app.outbox.entries(Selection())]
        assert app.outbox.audit_trail.verify().wrong is None
        assert app.outbox.integrity.verify().doubts == ()
    assert len(saved) == KILLS * SAVES
    assert sorted(ids) == sorted(each.id for each in saved) == sorted(receipts_of_authority(memory))


def two_desks(folder: Path, clock: FixedClock, outbox: SharedOutbox, url: str) -> list[Desk]:
    """Set up two desks with the same keys."""
    homes = [folder / name for name in ("first", "second")]
    with closing(app_of(homes[0], clock)) as app:
        given = PropertySettings(PROPERTY, url, public_key="", username="melati", vault="file")
        assert PropertySetup(app).set_up(given, ACCOUNT_PASSWORD) is None
    shutil.copytree(homes[0], homes[1])
    address = outbox.cluster.address(outbox.database, PROPERTY).place
    return [Desk(home, clock, address) for home in homes]


def is_finished(desks: list[Desk]) -> bool:
    """Whether every report is on the server, and accepted. Moves what waits."""
    for desk in desks:
        with desk.open() as app:
            states = {entry.state for entry in app.outbox.entries(Selection())}
            if app.outbox_opener(app.settings).waiting_here()[0] or states != {State.ACCEPTED}:
                return False
    return True
