"""The composition root: the right parts for a property, built when they are asked for, closed in the end."""

from datetime import UTC
from pathlib import Path

import pytest
from cli_helpers import PASSWORD
from conftest import FixedClock

from apoa_client.app import App, SystemClock
from apoa_client.errors import NotNow, SettingsProblem, StorageProblem, WrongPassword
from apoa_client.sandbox.server import SandboxServer
from apoa_client.settings.config import Property
from apoa_client.vault.key_file import KeyFileStore
from apoa_client.vault.keyring_store import KeyringStore
from apoa_client.vault.stores import PRIVATE_KEY


def app_of(home: Path, clock: FixedClock, name: str = "") -> App:
    return App({"APOA_HOME": str(home)}, clock, name)


def training(name: str = "melati") -> Property:
    return Property(name, "training", public_key="", vault="file")


def set_up(home: Path, clock: FixedClock, house: Property) -> str:
    """Set up; the public key."""
    app = app_of(home, clock)
    try:
        assert app.set_up(house, "") is None
    finally:
        app.close()
    return app_of(home, clock, house.name).house.public_key


def test_the_machines_clock() -> None:
    """Aware, in UTC, and its seconds go forward."""
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


def test_which_property(home: Path, clock: FixedClock) -> None:
    """The one that is asked for, else the default one, else the only one; else it is said which there are."""
    with pytest.raises(SettingsProblem) as nothing:
        _ = app_of(home, clock).house
    assert nothing.value.advice is not None
    set_up(home, clock, training())
    set_up(home, clock, training("bali"))
    assert app_of(home, clock).house.name == "melati"
    assert app_of(home, clock, "bali").house.name == "bali"
    settings = home / "config.toml"
    settings.write_text(settings.read_text().replace('default_property = "melati"', ""))
    with pytest.raises(SettingsProblem):
        _ = app_of(home, clock).house
    alone = settings.read_text().partition("[property.bali]")[0]
    settings.write_text(alone)
    assert app_of(home, clock).house.name == "melati"
    with pytest.raises(SettingsProblem):
        _ = app_of(home, clock, "bali").house


def test_each_vault_has_its_store(home: Path, clock: FixedClock) -> None:
    """A file where the settings say so, the keyring otherwise; neither is opened before a secret is asked for."""
    app = app_of(home, clock)
    assert isinstance(app._store(training()), KeyFileStore)
    assert isinstance(app._store(Property("melati", "training", public_key="")), KeyringStore)
    assert not home.exists()


def test_an_outbox_that_is_gone_is_not_made_anew(home: Path, clock: FixedClock) -> None:
    """Only setting up makes one."""
    set_up(home, clock, training())
    (home / "melati" / "outbox.db").unlink()
    app = app_of(home, clock)
    with pytest.raises(StorageProblem):
        _ = app.outbox
    app.close()
    assert not (home / "melati" / "outbox.db").exists()


def test_lost_settings_cost_no_key(home: Path, clock: FixedClock) -> None:
    """Set up again where the settings are gone: the key that the vault still has is the property's."""
    before = set_up(home, clock, training())
    (home / "config.toml").unlink()
    assert set_up(home, clock, training()) == before


def test_a_lost_key_is_not_replaced(home: Path, clock: FixedClock) -> None:
    """Settings and key are gone and reports are there: refused, so that they stay readable with the right key."""
    set_up(home, clock, training())
    (home / "config.toml").unlink()
    keys = home / "melati" / "keys.json"
    keys.rename(home / "aside")
    with pytest.raises(SettingsProblem):
        set_up(home, clock, training())
    assert not keys.exists()
    assert not (home / "config.toml").exists()
    (home / "aside").rename(keys)
    assert set_up(home, clock, training())


def test_a_killed_set_up_can_be_done_again(home: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings come last: what a kill leaves before them is taken up by the next attempt."""

    def killed(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("apoa_client.settings.writer.save", killed)
        with pytest.raises(KeyboardInterrupt):
            set_up(home, clock, training())
    assert not (home / "config.toml").exists()
    private_key = KeyFileStore(home / "melati" / "keys.json").get(PRIVATE_KEY)
    assert private_key
    assert set_up(home, clock, training())
    assert KeyFileStore(home / "melati" / "keys.json").get(PRIVATE_KEY) == private_key


def test_closing_stops_the_training_authority(home: Path, clock: FixedClock) -> None:
    """Nothing listens any more, and a second close does nothing."""
    set_up(home, clock, training())
    app = app_of(home, clock)
    authority = app.connect()
    assert authority.meta().property_name == "melati"
    app.close()
    app.close()
    with pytest.raises(NotNow):
        authority.meta()


def test_a_test_of_the_connection_changes_nothing(home: Path, clock: FixedClock, tmp_path: Path) -> None:
    """Right or wrong, the password is only tried."""
    with SandboxServer(tmp_path / "authority.db", username="melati", password=PASSWORD, now=clock.now) as server:
        house = Property("melati", server.base_url, public_key="", username="melati", vault="file")
        app = app_of(home, clock)
        assert app.test(house, PASSWORD).environment == "training"
        with pytest.raises(WrongPassword):
            app.test(house, "salah")
        app.close()
    assert not home.exists()
