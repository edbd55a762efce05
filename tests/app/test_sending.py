"""What a delivery run works with, and when a process that keeps running delivers."""

from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from app_helpers import app_of, set_up, training
from basics import FixedClock, raises_error
from cli_helpers import PASSWORD
from key_helpers import new_key_pair
from outbox_helpers import NOON, report, uuid

from apoa_client.app.container import Container
from apoa_client.app.follower import Follower
from apoa_client.app.property_setup import PropertySetup
from apoa_client.app.sending import delivery_dependencies, send
from apoa_client.authority.address import Timeouts
from apoa_client.cli.terminal.progress import NoProgress
from apoa_client.cli.terminal.signals import Signals
from apoa_client.delivery.options import Outcome
from apoa_client.delivery.plan import SHORTEST_PAUSE
from apoa_client.errors import Exit, Offline, WrongPassword
from apoa_client.file_lock import exclusive
from apoa_client.messages import msg
from apoa_client.ports import entries
from apoa_client.ports.state import Suspension
from apoa_client.report.kinds import State
from apoa_client.sandbox.server import SandboxServer
from apoa_client.settings import writer
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.writer import save
from apoa_client.vault import keyring_store
from apoa_client.vault.sealing import encode_key

if TYPE_CHECKING:
    from postgres_helpers import SharedOutbox


SECOND = timedelta(seconds=1)
Change = Callable[[Container], object]


@pytest.fixture
def waiting(home: Path, clock: FixedClock) -> Path:
    """The home of a property with a report that waits."""
    set_up(home, clock, training())
    change(home, clock, add(1))
    return home


def add(number: int) -> Change:
    return lambda app: app.outbox.add(report(number), due_at=NOON)


def change(home: Path, clock: FixedClock, what: Change) -> None:
    """Change the outbox as another process does."""
    with closing(app_of(home, clock, "melati")) as app:
        what(app)


class Desks(NamedTuple):
    """A follower of a shared outbox that has just delivered all, and what another computer does there."""

    follower: Follower
    home: Path
    clock: FixedClock
    shared: "SharedOutbox"

    def save(self, number: int) -> None:
        """Save a report on another computer."""
        with closing(app_of(self.home, self.clock, "melati")) as app, self.shared.open(app.sealer) as other:
            other.add(report(number), due_at=NOON)

    def run(self) -> None:
        """Deliver all, and look."""
        with self.shared.open() as outbox:
            for entry in [*outbox.heads()]:
                outbox.withdraw([entry.id], [entry.id])
        self.follower.ran(Outcome())
        assert not self.follower.is_due()


@pytest.fixture
def desks(waiting: Path, clock: FixedClock, postgres_outbox: "SharedOutbox", monkeypatch: pytest.MonkeyPatch) -> Desks:
    """A follower of a shared outbox."""
    from postgres_helpers import PASSWORD, PROPERTY, be_patient

    be_patient(monkeypatch)
    address = f"postgresql://{PROPERTY}@127.0.0.1:{postgres_outbox.cluster.port}/{postgres_outbox.database}"
    environ = {"APOA_OUTBOX": address, "APOA_OUTBOX_PASSWORD": PASSWORD}
    follower = Follower(lambda: app_of(waiting, clock, PROPERTY, **environ), clock, lambda: 0.99)
    with closing(app_of(waiting, clock, PROPERTY, **environ)) as app:
        assert list(app.outbox.heads())  # what waited on this computer is moved
    desks = Desks(follower, waiting, clock, postgres_outbox)
    desks.run()
    return desks


@pytest.mark.parametrize("kept", [True, False])
def test_a_refused_password(waiting: Path, clock: FixedClock, *, kept: bool) -> None:
    """It is not tried again every few seconds, also where nothing is suspended: each try may lock the account.

    After a login the sending goes on at once.
    """
    follower = Follower(lambda: app_of(waiting, clock, "melati"), clock, lambda: 0.0)
    if kept:
        change(waiting, clock, lambda app: app.outbox.set_suspension(suspended(app, clock)))
    follower.ran(WrongPassword(msg("x")))
    assert not follower.is_due()
    clock.forward(9 * 60 * SECOND)
    assert not follower.is_due()
    if kept:
        change(waiting, clock, lambda app: app.outbox.set_suspension(None))
        assert follower.is_due()
    else:
        clock.forward(60 * SECOND)
        assert follower.is_due()


def suspended(app: Container, clock: FixedClock) -> Suspension:
    return Suspension("wrong_password", clock.now(), app.settings.fingerprint)


def test_what_another_computer_saves_is_noticed(desks: Desks) -> None:
    """Within five seconds, although no file here has changed; the run of another sender is no reason to try again."""
    desks.save(2)
    assert not desks.follower.is_due()
    desks.clock.forward(5 * SECOND)
    assert desks.follower.is_due()
    desks.follower.ran(Offline(msg("x")))
    desks.clock.forward(SHORTEST_PAUSE)
    with closing(app_of(desks.home, desks.clock, "melati")) as app, desks.shared.open(app.sealer) as sender:
        sender.record_scheduled_run(desks.clock.now(), Exit.NOT_NOW)
        lease, [entry] = sender.claim([uuid(2)], now=desks.clock.now(), lease_until=desks.clock.now() + SECOND)
        sender.settle(lease, [entries.Change(entry.id, State.QUEUED, "offline")])
    assert not desks.follower.is_due()


def test_a_server_that_is_away(desks: Desks) -> None:
    """No run is tried for that, and what is saved when it is back is noticed within a minute."""
    desks.shared.cluster.kill()
    try:
        for _look in range(3):
            desks.clock.forward(SHORTEST_PAUSE)
            assert not desks.follower.is_due()
    finally:
        desks.shared.cluster.start()
    desks.save(2)
    desks.clock.forward(timedelta(minutes=1))
    assert desks.follower.is_due()


def test_a_key_rotation_meanwhile_keeps_its_public_key(home: Path, clock: FixedClock, tmp_path: Path) -> None:
    """A run that learns which authority it has read the settings before the rotation."""
    private_key, public_key = new_key_pair()
    with SandboxServer(tmp_path / "authority.db", username="melati", password=PASSWORD, now=clock.now) as server:
        given = PropertySettings("melati", server.base_url, public_key="", username="melati", vault="file")
        first = app_of(home, clock)
        PropertySetup(first).set_up(given, PASSWORD)
        first.close()
        untested = app_of(home, clock)
        save(untested.folders.config, untested.settings._replace(environment="", property_id=""))
        late, rotating = app_of(home, clock), app_of(home, clock)
        late.outbox.add(report(1), due_at=None)
        rotating.key_pair().change(private_key)
        assert send(late, NoProgress(), Signals()).sent == 1
        assert late.settings.property_id == "melati"  # the next run of this process compares it
        late.close()
        rotating.close()
    after = app_of(home, clock).settings
    assert (after.property_id, after.public_key) == ("melati", encode_key(public_key))


def test_settings_that_another_process_holds(
    home: Path, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is delivered all the same, and the next run writes who the authority is."""
    monkeypatch.setattr(writer, "_LOCK_WAIT_S", 0.0)
    with SandboxServer(tmp_path / "authority.db", username="melati", password=PASSWORD, now=clock.now) as server:
        first = app_of(home, clock)
        given = PropertySettings("melati", server.base_url, public_key="", username="melati", vault="file")
        PropertySetup(first).set_up(given, PASSWORD)
        first.close()
        path = home / "config.toml"
        save(path, app_of(home, clock).settings._replace(environment="", property_id=""))
        for number, known in ((1, ""), (2, "melati")):
            app = app_of(home, clock)
            app.outbox.add(report(number), due_at=None)
            with exclusive(path.with_suffix(".lock")) if not known else nullcontext():
                assert send(app, NoProgress(), Signals()).sent == 1
            assert app.saved_config().properties["melati"].property_id == known
            app.close()


def test_a_waiting_guest_shortens_the_time_limit_of_a_keyring_used_before(
    home: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short limit holds from the next call on, although the secret store was built earlier and is kept."""
    set_up(home, clock, training())
    config = home / "config.toml"
    config.write_text(config.read_text().replace('vault = "file"', 'vault = "keyring"'))
    limits: list[float] = []

    def no_answer(seconds: float, _call: Callable[[], object]) -> object:
        limits.append(seconds)
        raise TimeoutError

    monkeypatch.setattr(keyring_store, "call_with_timeout", no_answer)
    monkeypatch.setattr(keyring_store, "platform_backends", lambda *_args, **_options: [object])
    app = app_of(home, clock)
    with raises_error("keyring_hung"):
        app.secrets.private_key()
    delivery_dependencies(app, NoProgress(), Signals(), Timeouts())
    with raises_error("keyring_hung"):
        app.secrets.private_key()
    app.close()
    assert limits == [5.0, 1.5]
