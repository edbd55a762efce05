"""What connects a property's settings to its vault: the keyring or key file, and what its passwords are bound to.

The outbox and delivery get the keys through classes that open the vault at the first use only: most commands need none.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apoa_client.errors import CredentialsProblem
from apoa_client.files import read_regular
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import Folders, user_id

if TYPE_CHECKING:
    from apoa_client.ports.vault import Authenticator, OutboxVersion
    from apoa_client.settings.outbox_address import ServerAddress
    from apoa_client.vault.sealing import PropertySealer
    from apoa_client.vault.sources import PropertySecrets
    from apoa_client.vault.store import Binding, SecretStore

KEYRING_SERVICE = "apoa-client"
_SHORT_KEYRING_TIMEOUT_S = 1.5
"""For a command with a guest waiting. A working keyring answers within 0.1 s."""


def secret_store(
    settings: PropertySettings,
    folders: Folders,
    environ: Mapping[str, str],
    guest_waits: Callable[[], bool],
    *,
    interactive: bool,
) -> "SecretStore":
    """Return the keyring or key file of a property. `guest_waits` is called before each use of a keyring."""
    if settings.vault == "file":
        from apoa_client.vault.secret_files import KeyFileStore  # start-up: status loads nothing of the vault

        return KeyFileStore(folders.keys(settings.name))
    from apoa_client.vault.keyring_store import TIMEOUT_S, KeyringStore  # start-up

    return KeyringStore(
        f"{KEYRING_SERVICE}/{settings.name}",
        interactive=interactive,
        environ=environ,
        uid=user_id(),
        timeout_s=lambda: _SHORT_KEYRING_TIMEOUT_S if guest_waits() else TIMEOUT_S,
    )


def password_binding(settings: PropertySettings) -> "Binding":
    """Return what a password that is given for these settings is bound to. Raises `SettingsProblem`."""
    from apoa_client.vault.store import bind  # start-up

    certificates = b""
    if settings.ca_bundle:
        try:
            certificates = read_regular(Path(settings.ca_bundle))
        except OSError:
            from apoa_client.authority.tls import unreadable_certificates

            raise unreadable_certificates(settings.ca_bundle) from None
    return bind(
        settings.host,
        api_url=settings.api_url.encode(),
        username=settings.username.encode(),
        ca_bundle=certificates,
        public_key=settings.public_key.strip().encode(),
    )


def outbox_binding(address: "ServerAddress") -> "Binding":
    """Return what a password that is given for a shared outbox is bound to."""
    from apoa_client.vault.store import bind  # start-up

    certificates, file = b"", address.tls.get("sslrootcert")
    if file is not None:
        with suppress(OSError):  # the connection fails, and says why
            certificates = read_regular(Path(file))
    return bind(address.place, outbox=address.place.encode(), sslrootcert=certificates)


class LazySealer:
    """The property's `PropertySealer`, built at its first use: reading counts and states needs no cryptography."""

    def __init__(self, sealer: "Callable[[], PropertySealer]", key_is_at_hand: Callable[[], bool]) -> None:
        self._sealer = sealer
        self._key_is_at_hand = key_is_at_hand

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the attribute of the sealer is
        return getattr(self._sealer(), name)

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
