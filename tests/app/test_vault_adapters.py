"""The vault is not opened, and no cryptography is built, before the private key is needed."""

from pathlib import Path

from app_helpers import app_of, set_up, training
from conftest import FixedClock

from apoa_client.app.vault_adapters import LazySealer, VaultVersion
from apoa_client.ports.vault import OutboxVersion
from apoa_client.vault.sealing import PropertySealer
from apoa_client.vault.sources import PropertySecrets


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
