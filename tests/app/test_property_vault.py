"""What a stored password is bound to."""

import os
from pathlib import Path

import pytest
from app_helpers import app_of, set_up, training
from basics import FixedClock

from apoa_client.app.property_vault import LazySealer, VaultVersion, outbox_binding, password_binding
from apoa_client.errors import SettingsProblem
from apoa_client.ports.vault import OutboxVersion
from apoa_client.settings.outbox_address import parse_address
from apoa_client.vault.sealing import PropertySealer
from apoa_client.vault.sources import PropertySecrets


def test_the_content_of_the_certificates_counts(tmp_path: Path) -> None:
    """Another certificate in the same file is a change; a file that cannot be read is an error of the settings."""
    bundle = tmp_path / "ca.pem"
    settings = training()._replace(ca_bundle=str(bundle))
    with pytest.raises(SettingsProblem):
        password_binding(settings)
    bundle.write_text("one")
    before = password_binding(settings)
    assert password_binding(settings) == before
    bundle.write_text("two")
    assert before.changed(password_binding(settings)) == ["ca_bundle"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_a_pipe_in_place_of_the_certificates(tmp_path: Path) -> None:
    """It is an error: reading it would wait for a writer."""
    os.mkfifo(tmp_path / "ca.pem")
    with pytest.raises(SettingsProblem):
        password_binding(training()._replace(ca_bundle=str(tmp_path / "ca.pem")))


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


def test_the_sealer_is_the_propertys(home: Path, clock: FixedClock) -> None:
    """It seals, opens, and makes codes as the sealer that it builds at the first call."""
    set_up(home, clock, training())
    app = app_of(home, clock)
    lazy = LazySealer(lambda: app.sealer, lambda: app.key_is_at_hand)
    assert lazy.public_key == app.sealer.public_key
    assert lazy.open("one", lazy.seal("one", b"content")) == b"content"
    assert not lazy.refresh()
    assert lazy.authenticator() is not None
    app.close()


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
