"""Desks of one property with a shared outbox in the test's process, and lines to it that are cut without a sign."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from enum import Flag, auto
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


class Cut(Flag):
    """In which direction nothing is passed on."""

    TO_SERVER = auto()
    TO_CLIENT = auto()


class Relay:
    """Passes bytes between clients and a port here. While the line is cut, it keeps them and closes nothing."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._cut = Cut(0)
        self._planned: tuple[Callable[[], object], list[bytes]] | None = None
        self._changed = threading.Condition()
        self._is_over = False
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def waits(self) -> bool:
        """Whether what `call_at` waits for has not come yet."""
        return self._planned is not None

    def call_at(self, action: Callable[[], object], *texts: bytes) -> None:
        """Call this as soon as clients have sent these texts, one after the other: at once without any.

        The last text is not passed on before the call has ended.
        """
        self._planned = (action, [*texts])
        self._watch(b"")

    def cut(self, direction: Cut) -> None:
        """Pass on nothing more in this direction."""
        with self._changed:
            self._cut |= direction

    def reconnect(self) -> None:
        """Pass on what was kept, and everything that follows."""
        with self._changed:
            self._cut = Cut(0)
            self._changed.notify_all()

    def close(self) -> None:
        """End every connection."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _start(self, work: Callable[..., None], *values: object) -> None:
        self._threads.append(threading.Thread(target=work, args=values, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                self._sockets.append(client)
                self._start(self._connect, client)

    def _connect(self, client: socket.socket) -> None:
        self._wait(Cut.TO_SERVER | Cut.TO_CLIENT)
        try:
            server = socket.create_connection(self._server)
        except OSError:  # as the server itself refuses it
            client.close()
            return
        with self._changed:
            self._sockets.append(server)
            if self._is_over:
                return
        self._start(self._pass_on, server, client, Cut.TO_CLIENT)
        self._pass_on(client, server, Cut.TO_SERVER)

    def _pass_on(self, source: socket.socket, target: socket.socket, direction: Cut) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if direction is Cut.TO_SERVER:
                    self._watch(data)
                self._wait(direction)
                target.sendall(data)
        self._wait(direction)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _watch(self, data: bytes) -> None:
        if self._planned is None:
            return
        action, texts = self._planned
        while texts and (found := data.find(texts[0])) >= 0:
            data = data[found + len(texts.pop(0)) :]
        if not texts:
            self._planned = None
            action()

    def _wait(self, direction: Cut) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._cut & direction or self._is_over)


@contextmanager
def relay_to(port: int) -> Iterator[Relay]:
    """A relay, until the context is left."""
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.close()
