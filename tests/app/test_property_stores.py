"""Each outbox of a property is opened by its engine; what waits in files is moved, whatever happens to the server."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from basics import FixedClock, raises_error
from container_helpers import box
from desks_in_process import Cut, Desks, Relay, relay_to, two_desks
from outbox_helpers import report, sealer
from postgres_helpers import PASSWORD, PROPERTY, Cluster, SharedOutbox, be_patient, prepare_outbox
from rogue_postgres import rogue

from apoa_client.app.property_stores import OutboxOpener
from apoa_client.outbox.errors import OutboxServerUnreachable, ServerDiskFull
from apoa_client.outbox.postgres import connection
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.ports.entries import Selection
from apoa_client.ports.state import HandedOver
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.errors import KeyringProblem, KeyringReason
from apoa_client.vault.store import Binding


class Secrets:
    """The vault of a computer whose keyring has the password, or a problem."""

    def __init__(self, problem: KeyringReason | None = None) -> None:
        self._problem = problem

    def outbox_password(self, current_binding: Callable[[], Binding]) -> str | None:
        assert current_binding().host.startswith(f"postgresql://{PROPERTY}@127.0.0.1:")
        if self._problem is not None:
            raise KeyringProblem(self._problem)
        return PASSWORD


Open = Callable[..., OutboxOpener]


@pytest.fixture
def opener(tmp_path: Path, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch) -> Open:
    """What opens the outboxes of a property, with a vault."""
    be_patient(monkeypatch)
    address = f"postgresql://{PROPERTY}@127.0.0.1:{postgres_outbox.cluster.port}/{postgres_outbox.database}"
    settings = PropertySettings(PROPERTY, "training", "", outbox=address)

    def create(problem: KeyringReason | None = None) -> OutboxOpener:
        secrets: Any = Secrets(problem)
        return OutboxOpener(settings, tmp_path / "outbox.db", sealer(), NO_ACTOR, lambda: secrets)

    return create


def test_two_outboxes_of_a_property(opener: Open, clock: FixedClock) -> None:
    """The file is there beside the shared one, and each has its own reports."""
    with closing(opener().shared()) as shared, opener().own_file(create=True) as own_file:
        shared.add(report(1), due_at=None)
        own_file.add(report(2), due_at=None)
        assert [each.id for each in own_file.entries(Selection())] == [report(2).id]
        assert opener().waiting_here() == 1
    with closing(opener().shared()) as shared:
        assert opener().hand_over_to(shared, clock, history=False) == HandedOver(1)
        assert [each.id for each in shared.entries(Selection())] == [report(1).id, report(2).id]
    assert opener().waiting_here() == 0


def test_which_password_is_needed(opener: Open) -> None:
    """The server says whether it needs one; a locked keyring may have it; one that is given asks no vault."""
    for problem, error in ((KeyringReason.NO_BUS, "outbox_password"), (KeyringReason.LOCKED, "keyring_locked")):
        with raises_error(error):
            opener(problem).shared()
    opener(KeyringReason.LOCKED).shared(PASSWORD).close()


def test_another_program_on_a_computer_without_a_keyring(opener: Open) -> None:
    """It is not known whether the server knows a password, so that a program that asks for none gets no report."""
    with rogue("no password") as server:
        address = f"postgresql://{PROPERTY}@127.0.0.1:{server.port}/apoa"
        of_rogue = opener(KeyringReason.NO_BUS).of(PropertySettings(PROPERTY, "training", "", outbox=address))
        with raises_error("outbox_not_proven"):
            of_rogue.shared()
    assert server.received == b""


def test_no_file_on_this_computer(opener: Open, tmp_path: Path, clock: FixedClock) -> None:
    """None is made by looking for what waits."""
    with closing(opener().shared()) as shared:
        assert opener().hand_over_to(shared, clock, history=True) is None
    assert opener().waiting_here() == 0
    assert opener().file_beside_shared() is None
    assert not (tmp_path / "outbox.db").exists()


SAVING = {
    "connecting": [],
    "beginning": [b"READ COMMITTED;"],
    "saving": [b"INSERT INTO reports"],
    "committing": [b"INSERT INTO audit", b"COMMIT"],
}
MOVING = {
    "looking": [b"SELECT id, CASE WHEN"],
    "moving": [b"INSERT INTO reports"],
    "committing": [b"INSERT INTO audit", b"COMMIT"],
}
SENDING = {
    "claiming": [b"SET state = 'sending'"],
    "committing the claim": [b"SET state = 'sending'", b"COMMIT"],
    "settling": [b"SET state = $1"],
    "committing the result": [b"SET state = $1", b"COMMIT"],
}
"""What a client has sent when the line is cut."""

Fault = Callable[[Relay, SharedOutbox], object]


def cut_to_server(relay: Relay, _outbox: SharedOutbox) -> None:
    relay.cut(Cut.TO_SERVER)


def cut_to_client(relay: Relay, _outbox: SharedOutbox) -> None:
    relay.cut(Cut.TO_CLIENT)


def end_sessions(_relay: Relay, outbox: SharedOutbox) -> None:
    query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'apoa-client'"
    outbox.cluster.admin.execute(query)


with_each_fault = pytest.mark.parametrize("fault", [cut_to_server, cut_to_client, end_sessions])


@pytest.fixture
def relay(postgres_outbox: SharedOutbox) -> Iterator[Relay]:
    """What is between the first desk and the server."""
    with relay_to(postgres_outbox.cluster.port) as opened:
        yield opened


@pytest.fixture
def desks(
    tmp_path: Path, clock: FixedClock, postgres_outbox: SharedOutbox, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desks]:
    """Two desks, which wait for a second at most."""
    short = connection.TimeLimits(lock=1.0, statement=1.0)
    monkeypatch.setattr(connection, "TimeLimits", lambda: short)
    monkeypatch.setattr("apoa_client.app.property_stores._LONGEST_WAIT_S", 1.0)
    monkeypatch.setattr("apoa_client.outbox.postgres.database._MARGIN_S", 0.1)
    with two_desks(tmp_path, clock, postgres_outbox, relay.port) as opened:
        yield opened


@pytest.mark.slow
@with_each_fault
@pytest.mark.parametrize("step", SAVING)
def test_during_a_report(desks: Desks, relay: Relay, step: str, fault: Fault, postgres_outbox: SharedOutbox) -> None:
    """The guest is saved at the desk, also if the server has the report already, and both desks go on."""
    saved = [desks.first.save(1)]
    relay.call_at(lambda: fault(relay, postgres_outbox), *SAVING[step])
    saved.append(desks.first.save(2))
    assert not relay.waits
    assert saved[-1].here or fault is end_sessions
    saved.append(desks.second.save(3))
    relay.reconnect()
    saved += [desks.first.save(4), desks.second.save(5)]
    assert not saved[0].here
    assert not saved[-1].here
    desks.assert_all_sent_once(saved)


@pytest.mark.slow
@with_each_fault
@pytest.mark.parametrize("step", MOVING)
def test_during_a_move(desks: Desks, relay: Relay, step: str, fault: Fault, postgres_outbox: SharedOutbox) -> None:
    """What waits at the desk is moved by a later command."""
    relay.cut(Cut.TO_CLIENT)
    saved = [desks.first.save(number) for number in (1, 2)]
    assert all(each.here for each in saved)
    relay.reconnect()
    relay.call_at(lambda: fault(relay, postgres_outbox), *MOVING[step])
    with suppress(OutboxServerUnreachable), desks.first.open() as app:
        app.outbox.close()
    assert not relay.waits
    relay.reconnect()
    desks.assert_all_sent_once(saved)


@pytest.mark.slow
@with_each_fault
@pytest.mark.parametrize("step", SENDING)
def test_during_sending(desks: Desks, relay: Relay, step: str, fault: Fault, postgres_outbox: SharedOutbox) -> None:
    """The sender ends; what it was sending goes again under the same ids."""
    saved = [desks.first.save(1), desks.second.save(2)]
    relay.call_at(lambda: fault(relay, postgres_outbox), *SENDING[step])
    assert desks.first.send() == 0
    assert not relay.waits
    relay.reconnect()
    desks.assert_all_sent_once(saved)


_MIB = 1 << 20
_FILL = "INSERT INTO filler SELECT repeat('x', 8000)::bytea FROM generate_series(1, %s)"


class SmallServer(Cluster):
    """A server with a tablespace on a disk of its own, which has little space."""

    @property
    def _command(self) -> Sequence[str]:
        folder, size = str(self.folder), str(32 * _MIB)
        # A shell lets background programs ignore SIGQUIT, which ends this one.
        return [
            "env",
            "--default-signal=QUIT",
            *box("--bind", folder, folder, "--size", size, "--tmpfs", f"{folder}/small"),
            *super()._command,
        ]


@pytest.fixture
def small() -> Iterator[SharedOutbox]:
    """An empty outbox on the small disk."""
    with SmallServer() as server:
        server.admin.execute(f"CREATE TABLESPACE small LOCATION '{server.folder}/small'".encode())
        name = prepare_outbox(server)
        server.admin.execute(f"ALTER DATABASE {name} SET TABLESPACE small".encode())
        yield SharedOutbox(server, name)


def fill(outbox: SharedOutbox) -> None:
    """Write to the disk until nothing more fits."""
    with closing(outbox.cluster.connect(outbox.database)) as connection:
        connection.execute("CREATE TABLE filler (bytes bytea)")
        connection.execute("ALTER TABLE filler ALTER bytes SET STORAGE PLAIN")
        for rows in (1000, 1):
            with suppress(psycopg.errors.DiskFull):
                while True:
                    connection.execute(_FILL, [rows])


@pytest.mark.slow
def test_a_full_server(small: SharedOutbox, tmp_path: Path, clock: FixedClock) -> None:
    """Guests wait in the file of the desk, nothing is sent, and all goes on when there is space again."""
    with two_desks(tmp_path, clock, small) as desks:
        saved = [desks.first.save(1)]
        fill(small)
        while not saved[-1].here:  # until the last page is full
            saved.append(desks.first.save(len(saved) + 1))
        with pytest.raises(ServerDiskFull):
            desks.first.send()
        saved.append(desks.first.save(len(saved) + 1))
        small.change("DROP TABLE public.filler")
        desks.assert_all_sent_once(saved)
