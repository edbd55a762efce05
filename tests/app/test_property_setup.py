"""A set-up and a change of settings lose nothing: after a kill, a lost key, or beside another process."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from app_helpers import app_of, set_up, training
from basics import FixedClock
from cli_helpers import PASSWORD
from key_helpers import new_key_pair

from apoa_client.app.property_setup import PropertySetup
from apoa_client.app.settings_change import carry_out, plan_change
from apoa_client.errors import SettingsProblem
from apoa_client.settings.origins import parse_setting_key
from apoa_client.vault.sealing import encode_key
from apoa_client.vault.store import PRIVATE_KEY, KeyFileStore


def test_a_lost_key_is_not_replaced(home: Path, clock: FixedClock) -> None:
    """If the settings and the key are lost but reports exist, the set-up is refused; with the key, it uses that."""
    before = set_up(home, clock, training())
    (home / "config.toml").unlink()
    keys = home / "melati" / "keys.json"
    keys.rename(home / "aside")
    with pytest.raises(SettingsProblem):
        set_up(home, clock, training())
    assert not keys.exists()
    assert not (home / "config.toml").exists()
    (home / "aside").rename(keys)
    assert set_up(home, clock, training()) == before


def test_a_killed_set_up_can_be_repeated(home: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are written last, and the next attempt continues with what a kill left."""

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


@pytest.mark.parametrize("command", ["set up", "log in"])
def test_a_key_rotation_meanwhile_keeps_its_public_key(home: Path, clock: FixedClock, command: str) -> None:
    """The set-up or log-in read the settings before, and leaves the new public key in them."""
    set_up(home, clock, training())
    late, rotating = app_of(home, clock), app_of(home, clock)
    settings = late.settings._replace(office="Kantor Imigrasi Bogor")
    private_key, public_key = new_key_pair()
    rotating.key_pair().change(private_key)
    rotating.close()
    if command == "set up":
        PropertySetup(late).set_up(settings, "")
    else:
        PropertySetup(late).log_in(PASSWORD, username="lain", test=False)
    late.close()
    assert app_of(home, clock).settings.public_key == encode_key(public_key)


def test_changes_at_once_lose_nothing(home: Path, clock: FixedClock) -> None:
    """Each of several commands that run at once changes its own setting, and keeps those of the others."""
    set_up(home, clock, training())
    wanted = {"notify": "off", "office": "Denpasar", "address": "Ubud", "display_name": "Melati", "backup_keep": "5"}
    together = threading.Barrier(len(wanted))

    def change(key: str, value: str) -> None:
        app = app_of(home, clock)
        planned = plan_change(app, parse_setting_key(key, lambda: app.settings.name), value)
        together.wait(30)
        carry_out(app, planned)

    commands = [threading.Thread(target=change, args=item) for item in wanted.items()]
    for command in commands:
        command.start()
    for command in commands:
        command.join()
    settings = app_of(home, clock).settings
    assert {key: str(getattr(settings, key)) for key in wanted} == wanted


def test_a_command_that_runs_meanwhile_keeps_the_change(home: Path, clock: FixedClock) -> None:
    """A run that started before writes what it learned only, such as who the authority is."""
    set_up(home, clock, training())
    running = app_of(home, clock)
    before = running.settings
    app = app_of(home, clock)
    carry_out(app, plan_change(app, parse_setting_key("office", lambda: "melati"), "Denpasar"))
    running.save_settings(before._replace(property_id="P-7"), before)
    settings = app_of(home, clock).settings
    assert (settings.office, settings.property_id) == ("Denpasar", "P-7")


def test_a_run_erases_by_the_settings_of_its_end(home: Path, clock: FixedClock) -> None:
    """Guests' data that a longer retention keeps are not erased by a run that began before the change."""
    set_up(home, clock, training())
    running = app_of(home, clock)
    assert running.settings.retention_days == 90
    app = app_of(home, clock)
    carry_out(app, plan_change(app, parse_setting_key("retention_days", lambda: "melati"), "300"))
    assert clock.now() - running.retention.cutoff() >= timedelta(days=299)
    running.close()
