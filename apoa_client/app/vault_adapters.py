"""A property's keys behind the interfaces of the outbox and of delivery: the vault is opened at the first use only."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from apoa_client.errors import CredentialsProblem

if TYPE_CHECKING:
    from apoa_client.ports.vault import Authenticator, OutboxVersion
    from apoa_client.vault.sealing import PropertySealer
    from apoa_client.vault.sources import PropertySecrets


class LazySealer:
    """A `ports.Sealer` that is built at the first call: reading counts and states needs no cryptography."""

    def __init__(self, sealer: "Callable[[], PropertySealer]", key_is_at_hand: Callable[[], bool]) -> None:
        self._sealer = sealer
        self._key_is_at_hand = key_is_at_hand

    @property
    def public_key(self) -> str:
        """The key as `ports.Sealer` describes it."""
        return self._sealer().public_key

    def refresh(self) -> bool:
        """Read the key again as `ports.Sealer` describes."""
        return self._sealer().refresh()

    def seal(self, record_id: str, content: bytes) -> bytes:
        """Seal as `ports.Sealer` describes."""
        return self._sealer().seal(record_id, content)

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """Open as `ports.Sealer` describes."""
        return self._sealer().open(record_id, sealed)

    def owns(self, public_key: str) -> bool:
        """Look for its private key as `ports.Sealer` describes."""
        return self._sealer().owns(public_key)

    def authenticator(self, *, ask: bool = False, only_checks: bool = False) -> "Authenticator | None":
        """Return what makes codes as `ports.Sealer` describes."""
        if not ask and not self._key_is_at_hand():  # without loading the cryptography
            return None
        return self._sealer().authenticator(ask=ask, only_checks=only_checks)


class VaultVersion:
    """The `ports.KnownVersion` of a property: a keyring is opened only if the private key was read from it before."""

    def __init__(self, secrets: "Callable[[], PropertySecrets]", key_is_at_hand: Callable[[], bool]) -> None:
        self._secrets = secrets
        self._key_is_at_hand = key_is_at_hand
        self._known: OutboxVersion | None = None

    def read(self) -> "OutboxVersion | None":
        """Return it as `ports.KnownVersion` describes."""
        if self._known is None and self._key_is_at_hand():
            with suppress(CredentialsProblem):
                self._secrets().private_key()
                self._known = self._secrets().outbox_version()
        return self._known

    def write(self, version: "OutboxVersion") -> None:
        """Store it as `ports.KnownVersion` describes."""
        if version == self._known:
            return
        stored = self._secrets().outbox_version()  # another process may have raised it
        if stored is None or stored.outbox != version.outbox or stored.number < version.number:
            self._secrets().store_outbox_version(version)
        self._known = version
