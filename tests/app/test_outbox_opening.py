"""Each outbox of a property is opened by its engine; what waits in files is moved, and read together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from app_helpers import app_of
from basics import FixedClock, raises_error
from outbox_helpers import NOON, PUBLIC_KEY, report, sealer
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox, be_patient
from rogue_postgres import rogue

from apoa_client.app import shared_status
from apoa_client.app.container import Container
from apoa_client.app.outbox_opening import OutboxOpener
from apoa_client.app.shared_status import read_shared
from apoa_client.errors import CredentialsProblem, SettingsProblem
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Selection
from apoa_client.ports.state import HandedOver
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.errors import KeyringProblem, KeyringReason
from apoa_client.vault.sealing import encode_key
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


NewApp = Callable[..., Container]
SECOND = "kenanga"


@pytest.fixture
def new_app(tmp_path: Path, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewApp]:
    """Makes a container for a property with this password, in the shared outbox of a login."""
    be_patient(monkeypatch)
    postgres_outbox.add_login(PROPERTY, SECOND)
    key = encode_key(PUBLIC_KEY)
    with ExitStack() as stack:

        def new(name: str, password: str = PASSWORD, port: int = 0, outbox: str = "") -> Container:
            app = app_of(tmp_path, FixedClock(NOON), name, APOA_OUTBOX_PASSWORD=password)
            place = (
                f"postgresql://{PROPERTY}@127.0.0.1:{port or postgres_outbox.cluster.port}/{postgres_outbox.database}"
            )
            app.settings = PropertySettings(name, "training", key, vault="file", outbox=outbox or place)
            stack.callback(app.close)
            return app

        yield new


def test_the_password_of_the_next_property(new_app: NewApp) -> None:
    """If that of the first is refused: the first has the error, and the others are read."""
    status = read_shared([new_app(PROPERTY, "wrong"), new_app(SECOND)], NOON)
    assert isinstance(status.errors[PROPERTY], CredentialsProblem)
    assert set(status.overviews) == {SECOND}
    assert status.problems == []


def test_properties_that_are_read_alone(new_app: NewApp) -> None:
    """One in a file, and one whose address is no address."""
    status = read_shared([new_app(PROPERTY, outbox="sqlite"), new_app(SECOND, outbox="postgresql://x")], NOON)
    assert (status.overviews, status.errors, status.problems) == ({}, {}, [])


def test_one_server_that_is_away(new_app: NewApp) -> None:
    """Its properties have one error; those of the other server are read."""
    away = [new_app(name, port=1) for name in ("dahlia", "mawar")]
    status = read_shared([*away, new_app(PROPERTY)], NOON)
    [problem] = status.problems
    assert isinstance(problem, OutboxServerUnreachable)
    assert [status.errors[name] for name in ("dahlia", "mawar")] == [problem, problem]
    assert set(status.overviews) == {PROPERTY}


def test_a_server_that_goes_away_meanwhile(new_app: NewApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for no further property, and has one error."""
    error = OutboxServerUnreachable(msg("Away."))

    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(shared_status, "read_overview", fail)
    status = read_shared([new_app(PROPERTY), new_app(SECOND)], NOON)
    assert (status.problems, status.errors) == ([error], {PROPERTY: error, SECOND: error})


def test_a_property_that_the_login_may_not_use(new_app: NewApp) -> None:
    """Its own error, and no server's."""
    status = read_shared([new_app("dahlia"), new_app(PROPERTY)], NOON)
    assert isinstance(status.errors["dahlia"], SettingsProblem)
    assert status.problems == []


def test_one_with_something_that_waits_here(new_app: NewApp) -> None:
    """It is read alone, so that this is moved first; so is one whose file is damaged."""
    apps = [new_app(name) for name in (PROPERTY, SECOND)]
    for app in apps:
        app.folders.outbox(app.settings.name).parent.mkdir(parents=True)
    with SqliteOutbox.open(apps[0].folders.outbox(PROPERTY), sealer(), create=True) as own_file:
        own_file.add(report(1), due_at=NOON)
    apps[1].folders.outbox(SECOND).write_bytes(b"damaged" * 100)
    status = read_shared(apps, NOON)
    assert (status.overviews, status.errors) == ({}, {})


def test_the_most_urgent_reports_of_each(new_app: NewApp, postgres_outbox: SharedOutbox) -> None:
    """If they are asked for."""
    with postgres_outbox.open(property_name=SECOND) as outbox:
        for number in range(3):
            outbox.add(report(number), due_at=NOON)
    apps = [new_app(PROPERTY), new_app(SECOND)]
    status = read_shared(apps, NOON, urgent=2)
    assert {name: (len(each.first), each.total) for name, each in status.urgent.items()} == {
        PROPERTY: (0, 0),
        SECOND: (2, 3),
    }
    assert read_shared(apps, NOON).urgent == {}
