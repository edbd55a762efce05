"""The composition root builds the right parts for a property at their first use, and closes them at the end."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from app_helpers import app_of, set_up, training
from basics import FixedClock
from key_helpers import new_key_pair
from outbox_helpers import report

from apoa_client.app.property_vault import secret_store
from apoa_client.app.system_clock import SystemClock
from apoa_client.errors import SettingsProblem, StorageProblem
from apoa_client.ports.entries import Selection
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.keyring_store import KeyringStore
from apoa_client.vault.secret_files import KeyFileStore


def test_system_clock() -> None:
    """The time is in UTC with a time zone, and the seconds never go backward."""
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


def test_property_choice(home: Path, clock: FixedClock) -> None:
    """The named property, else the default, else the only one; otherwise the error lists the known ones."""
    with pytest.raises(SettingsProblem) as nothing:
        _ = app_of(home, clock).settings
    assert nothing.value.advice is not None
    set_up(home, clock, training())
    set_up(home, clock, training("bali"))
    assert app_of(home, clock).settings.name == "melati"
    assert app_of(home, clock, "bali").settings.name == "bali"
    settings = home / "config.toml"
    settings.write_text(settings.read_text().replace('default_property = "melati"', ""))
    with pytest.raises(SettingsProblem):
        _ = app_of(home, clock).settings
    alone = settings.read_text().partition("[property.bali]")[0]
    settings.write_text(alone)
    assert app_of(home, clock).settings.name == "melati"
    with pytest.raises(SettingsProblem):
        _ = app_of(home, clock, "bali").settings


def test_today_is_in_the_propertys_time_zone(home: Path, clock: FixedClock) -> None:
    """The day begins before it does in UTC: in Jakarta at 17:00, in Jayapura two hours earlier."""
    set_up(home, clock, training())
    set_up(home, clock, training("papua")._replace(timezone="Asia/Jayapura"))
    clock.time = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    assert app_of(home, clock, "melati").today == date(2026, 11, 24)
    assert app_of(home, clock, "papua").today == date(2026, 11, 25)


def test_the_vault_setting_selects_the_store(home: Path, clock: FixedClock) -> None:
    """A key file or the keyring; neither is opened before a secret is needed."""
    in_keyring = PropertySettings("melati", "training", public_key="")
    for settings, kind in ((training(), KeyFileStore), (in_keyring, KeyringStore)):
        folders = app_of(home, clock).folders
        assert isinstance(secret_store(settings, folders, {}, lambda: False, interactive=False), kind)
    assert not home.exists()


def test_a_missing_outbox_is_not_recreated(home: Path, clock: FixedClock) -> None:
    """Only the set-up creates one."""
    set_up(home, clock, training())
    (home / "melati" / "outbox.db").unlink()
    app = app_of(home, clock)
    with pytest.raises(StorageProblem):
        _ = app.outbox
    app.close()
    assert not (home / "melati" / "outbox.db").exists()


def test_a_report_saved_after_two_key_rotations_opens(home: Path, clock: FixedClock) -> None:
    """The process read the settings before both; it opens the report itself, as does a new process."""
    set_up(home, clock, training())
    late = app_of(home, clock)
    late.outbox.add(report(1), due_at=None)
    for _rotation in range(2):
        rotating = app_of(home, clock)
        rotating.key_pair().change(new_key_pair()[0])
        rotating.close()
    entry = late.outbox.add(report(2), due_at=None)
    assert late.outbox.content(entry).report == report(2)
    late.close()
    new = app_of(home, clock)
    assert [new.outbox.content(each).report for each in new.outbox.entries(Selection())] == [report(1), report(2)]
    new.close()
