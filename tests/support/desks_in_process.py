"""Desks of one property with a shared outbox, in the process of the test: each call does what one command does."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from app_helpers import app_of
from basics import FixedClock
from cli_helpers import PASSWORD as ACCOUNT_PASSWORD
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
from apoa_client.ports.entries import NewReport, Selection
from apoa_client.report.kinds import State
from apoa_client.report.model import Report
from apoa_client.sandbox.server import SandboxServer
from apoa_client.settings.config import PropertySettings

_RUNS = 10


class Saved(NamedTuple):
    """A report that is acknowledged, and whether it was saved in the desk's own file."""

    id: str
    here: bool


class Desk(NamedTuple):
    """One computer with the property's settings and keys. `port` is that of the server, or of what is before it."""

    home: Path
    clock: FixedClock
    outbox: SharedOutbox
    port: int

    def open(self) -> "closing[Container]":
        """What one command works with."""
        address = self.outbox.cluster.address(self.outbox.database, PROPERTY, self.port).place
        environ = {"APOA_OUTBOX": address, "APOA_OUTBOX_PASSWORD": PASSWORD}
        return closing(app_of(self.home, self.clock, PROPERTY, **environ))

    def save(self, number: int) -> Saved:
        """Report a guest."""
        new = typed(number)
        with self.open() as app:
            app.save_new([NewReport(new, due_at=None)])
            return Saved(new.id, app.hand_over_saved([new.id]) is not None)

    def send(self) -> int:
        """Send what waits, and return how many reports were answered; 0 if the server was away."""
        with self.open() as app, suppress(OutboxServerUnreachable, OutboxBusy):
            outcome = send(app, NoProgress(), Signals())
            assert outcome.error is None
            assert not outcome.doubts
            return len(outcome.verdicts)
        return 0


class Desks(NamedTuple):
    """Two desks, and the database of their authority."""

    first: Desk
    second: Desk
    memory: Path

    def assert_all_sent_once(self, saved: Sequence[Saved]) -> None:
        """After a while everything is on the server, accepted, with one receipt each, and as the program wrote it."""
        for _run in range(_RUNS):
            if self._are_done():
                break
            self.first.clock.forward(plan.LEASE)
            for desk in (self.first, self.second):
                desk.send()
        with self.first.open() as app:
            entries = list(app.outbox.entries(Selection()))
            assert app.outbox.audit_trail.verify().wrong is None
            assert app.outbox.integrity.verify().doubts == ()
        assert {entry.state for entry in entries} == {State.ACCEPTED}
        ids = sorted(each.id for each in saved)
        assert sorted(entry.id for entry in entries) == sorted(receipts_of_authority(self.memory)) == ids

    def _are_done(self) -> bool:
        waiting = 0
        for desk in (self.first, self.second):
            with desk.open() as app:
                waiting += app.outbox.count(Selection(states=frozenset(State) - {State.ACCEPTED}))
                waiting += app.outbox_opener(app.settings).waiting_here()
        return not waiting


def typed(number: int) -> Report:
    """The report of a guest without a passport's lines, which the authority would compare."""
    new = report(number)
    assert new.guest is not None
    return new._replace(guest=new.guest._replace(document=new.guest.document._replace(mrz=None)))


@contextmanager
def two_desks(folder: Path, clock: FixedClock, outbox: SharedOutbox, port: int | None = None) -> Iterator[Desks]:
    """Set up two desks with the same keys, and their authority. The first one uses this `port`."""
    homes, memory = [folder / name for name in ("first", "second")], folder / "authority.db"
    with SandboxServer(memory, username="melati", password=ACCOUNT_PASSWORD, now=clock.now) as authority:
        with closing(app_of(homes[0], clock)) as app:
            given = PropertySettings(PROPERTY, authority.base_url, public_key="", username="melati", vault="file")
            assert PropertySetup(app).set_up(given, ACCOUNT_PASSWORD) is None
        shutil.copytree(homes[0], homes[1])
        ports = (port or outbox.cluster.port, outbox.cluster.port)
        first, second = (Desk(home, clock, outbox, each) for home, each in zip(homes, ports, strict=True))
        yield Desks(first, second, memory)
