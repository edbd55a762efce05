"""A line to the shared outbox that is cut without a sign: no desk waits, and nothing is lost or doubled afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import FixedClock
from desks_in_process import Desks, two_desks
from network_faults import Cut, Relay, relay_to
from postgres_helpers import SharedOutbox

from apoa_client.outbox.postgres import connection

pytestmark = pytest.mark.slow

SAVING = {
    "connecting": [],
    "beginning": [b"READ COMMITTED;"],
    "saving": [b"INSERT INTO reports"],
    "committing": [b"INSERT INTO audit", b"COMMIT"],
}
SENDING = {
    "locking": [b"pg_advisory_xact_lock_shared"],
    "claiming": [b"SET state = 'sending'"],
    "committing the claim": [b"SET state = 'sending'", b"COMMIT"],
    "settling": [b"SET state = $1"],
    "committing the result": [b"SET state = $1", b"COMMIT"],
}
"""What a client has sent when the line is cut."""

in_each_direction = pytest.mark.parametrize("cut", list(Cut), ids=["to server", "to client"])


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


@in_each_direction
@pytest.mark.parametrize("step", SAVING)
def test_a_line_that_is_cut_during_a_report(desks: Desks, relay: Relay, step: str, cut: Cut) -> None:
    """The guest is saved at the desk, also if the server has the report already, and both desks go on."""
    saved = [desks.first.save(1)]
    relay.cut_at(cut, *SAVING[step])
    saved.append(desks.first.save(2))
    assert relay.is_cut
    saved.append(desks.second.save(3))
    relay.mend()
    saved += [desks.first.save(4), desks.second.save(5)]
    assert [each.here for each in saved[:2]] == [False, True]
    assert not saved[-1].here
    desks.assert_all_sent_once(saved)


@in_each_direction
@pytest.mark.parametrize("step", SENDING)
def test_a_line_that_is_cut_during_sending(desks: Desks, relay: Relay, step: str, cut: Cut) -> None:
    """The sender ends; what it was sending goes again under the same ids."""
    saved = [desks.first.save(1), desks.second.save(2)]
    relay.cut_at(cut, *SENDING[step])
    assert desks.first.send() == 0
    assert relay.is_cut
    relay.mend()
    desks.assert_all_sent_once(saved)
