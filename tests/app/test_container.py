"""The composition root builds a property's parts at their first use: outbox, vault, authority; and closes them."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from app_helpers import app_of, set_up, training
from basics import FixedClock

from apoa_client.app.property_stores import LazySealer, VaultVersion, outbox_binding, password_binding
from apoa_client.errors import NotNow, SettingsProblem, StorageProblem
from apoa_client.ports.run import OutboxVersion
from apoa_client.settings.config import MANUAL, PropertySettings
from apoa_client.settings.outbox_address import parse_address
from apoa_client.vault.sealing import PropertySealer
from apoa_client.vault.sources import PropertySecrets


def test_today_is_in_the_propertys_time_zone(home: Path, clock: FixedClock) -> None:
    """The day begins before it does in UTC: in Jakarta at 17:00, in Jayapura two hours earlier."""
    set_up(home, clock, training())
    set_up(home, clock, training("papua")._replace(timezone="Asia/Jayapura"))
    clock.time = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    assert app_of(home, clock, "melati").today == date(2026, 11, 24)
    assert app_of(home, clock, "papua").today == date(2026, 11, 25)


def test_a_missing_outbox_is_not_recreated(home: Path, clock: FixedClock) -> None:
    """Only the set-up creates one."""
    set_up(home, clock, training())
    (home / "melati" / "outbox.db").unlink()
    app = app_of(home, clock)
    with pytest.raises(StorageProblem):
        _ = app.outbox
    app.close()
    assert not (home / "melati" / "outbox.db").exists()


def test_closing_stops_the_training_authority(home: Path, clock: FixedClock) -> None:
    """It does not listen any more, and a second close does nothing."""
    set_up(home, clock, training())
    app = app_of(home, clock)
    authority = app.connect()
    assert authority.meta().property_name == "melati"
    app.close()
    app.close()
    with pytest.raises(NotNow):
        authority.meta()


def test_reports_typed_by_hand_have_no_authority(home: Path, clock: FixedClock) -> None:
    """The error names the command that shows the reports for typing."""
    app = app_of(home, clock)
    with pytest.raises(SettingsProblem) as raised:
        app.authorities.connect(PropertySettings("melati", "", public_key="", delivery=MANUAL), lambda: "")
    assert "apoa sync --by-hand" in str(raised.value.advice)


def test_the_content_of_the_certificates_counts(tmp_path: Path) -> None:
    """Another certificate in the same file is a change; a file that cannot be read is an error of the settings."""
    bundle = tmp_path / "ca.pem"
    settings = training()._replace(ca_bundle=str(bundle))
    with pytest.raises(SettingsProblem):
        password_binding(settings)
    if hasattr(os, "mkfifo"):  # reading a pipe would wait for a writer
        os.mkfifo(bundle)
        with pytest.raises(SettingsProblem):
            password_binding(settings)
        bundle.unlink()
    bundle.write_text("one")
    before = password_binding(settings)
    assert password_binding(settings) == before
    bundle.write_text("two")
    assert before.changed(password_binding(settings)) == ["ca_bundle"]


def test_the_shared_outbox(tmp_path: Path) -> None:
    """Servers, ports, user and database count, and the content of the certificates; not how the address is written."""
    trusted = tmp_path / "ca.pem"
    options = f"?sslrootcert={trusted.as_posix()}"
    before = outbox_binding(parse_address(f"postgresql://u@db.example/d{options}"))  # a file that is missing is empty
    trusted.write_text("one")
    bound = outbox_binding(parse_address(f"postgresql://u@db.example/d{options}"))
    assert bound.changed(outbox_binding(parse_address(f"postgres://u@db.example:5432/d{options}"))) == []
    for other in ("v@db.example/d", "u@db2.example/d", "u@db.example:1/d", "u@db.example/e", "u@db.example,db2/d"):
        assert bound.changed(outbox_binding(parse_address(f"postgresql://{other}{options}"))) == ["outbox"]
    assert bound.changed(before) == ["sslrootcert"]
    assert bound.changed(outbox_binding(parse_address("postgresql://u@db.example/d"))) == ["sslrootcert"]


def unneeded_sealer() -> PropertySealer:
    raise AssertionError


def unneeded_secrets() -> PropertySecrets:
    raise AssertionError


def test_without_a_key_at_hand_the_vault_stays_closed() -> None:
    """There is no authenticator and no version, and neither the sealer nor the secrets are built."""
    assert LazySealer(unneeded_sealer, lambda: False).authenticator() is None
    assert VaultVersion(unneeded_secrets, lambda: False).read() is None


def test_the_version_is_read_once_and_written_when_it_changes(home: Path, clock: FixedClock) -> None:
    """A later process reads what was written."""
    set_up(home, clock, training())
    app = app_of(home, clock)
    assert app.known_version.read() is None
    app.known_version.write(OutboxVersion("a", 3))
    assert app.known_version.read() == OutboxVersion("a", 3)
    app.close()
    assert app_of(home, clock).known_version.read() == OutboxVersion("a", 3)


def test_the_version_is_never_lowered(home: Path, clock: FixedClock) -> None:
    """Of two processes at once, the later one to write may know the lower version. Another outbox has its own."""
    set_up(home, clock, training())
    one, other = app_of(home, clock), app_of(home, clock)
    for app in (one, other):
        assert app.known_version.read() is None
    other.known_version.write(OutboxVersion("a", 6))
    one.known_version.write(OutboxVersion("a", 5))
    assert app_of(home, clock).known_version.read() == OutboxVersion("a", 6)
    one.known_version.write(OutboxVersion("b", 2))
    one.close()
    other.close()
    assert app_of(home, clock).known_version.read() == OutboxVersion("b", 2)
