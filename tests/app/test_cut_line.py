"""A line to the shared outbox that is cut at any step, or a session that is ended: nothing is lost or doubled."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from basics import FixedClock
from desks_in_process import Desks, two_desks
from network_faults import Cut, Relay, relay_to
from postgres_helpers import SharedOutbox

from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.postgres import connection

pytestmark = pytest.mark.slow

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
    monkeypatch.setattr("apoa_client.app.outbox_opening._LONGEST_WAIT_S", 1.0)
    monkeypatch.setattr("apoa_client.outbox.postgres.database._MARGIN_S", 0.1)
    with two_desks(tmp_path, clock, postgres_outbox, relay.port) as opened:
        yield opened


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
