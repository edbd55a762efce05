"""What keeps the data of a property, opened as its settings say: the keyring or key file, and the outboxes.

The outboxes are the file on this computer, and the shared one on a server of PostgreSQL. New stays are saved in the
file, and handed over to the shared outbox (`apoa_client.outbox.sql.hand_over`). The outbox and delivery get the keys
through classes that open the vault at the first use only: most commands need none.
"""

from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.errors import CredentialsProblem
from apoa_client.files import read_regular
from apoa_client.ports.entries import Selection
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import Folders, user_id

if TYPE_CHECKING:
    from apoa_client.errors import StorageProblem
    from apoa_client.outbox.sql.store import Outbox
    from apoa_client.outbox.sqlite.store import SqliteOutbox
    from apoa_client.ports.run import Authenticator, Clock, OutboxVersion, Sealer
    from apoa_client.ports.state import Actor, HandedOver
    from apoa_client.settings.outbox_address import ServerAddress
    from apoa_client.vault.sealing import PropertySealer
    from apoa_client.vault.sources import PropertySecrets
    from apoa_client.vault.store import Binding, SecretStore

KEYRING_SERVICE = "apoa-client"
_SHORT_KEYRING_TIMEOUT_S = 1.5
"""For a command with a guest waiting. A working keyring answers within 0.1 s."""
_LONGEST_WAIT_S = 1.0
"""How long a statement, the wait for another desk's change, or a hand-over may take while a guest is waiting."""


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
        from apoa_client.vault.store import KeyFileStore  # start-up: status loads nothing of the vault

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


class OutboxOpener(NamedTuple):
    """Opens the outboxes of one property. The caller closes each.

    `path` is the path of the file on this computer. `secrets` asks no person for anything. `may_wait` is false while a
    guest is waiting to be reported: then another desk's long change of the shared outbox is not waited for.
    """

    settings: PropertySettings
    path: Path
    sealer: "Sealer"
    actor: "Actor"
    secrets: "Callable[[], PropertySecrets]"
    may_wait: bool = True

    # Each engine is loaded when it is used.

    def own_file(self, *, create: bool = False) -> "SqliteOutbox":
        """Open the file on this computer, as `SqliteOutbox.open` does, whatever outbox the settings name."""
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        return SqliteOutbox.open(self.path, self.sealer, create=create, actor=self.actor)

    def file_beside_shared(self) -> "SqliteOutbox | None":
        """Open the file on this computer beside a shared outbox; None without a shared one, or if there is none."""
        return self.own_file() if self.has_file_beside_shared else None

    @property
    def has_file_beside_shared(self) -> bool:
        """Whether there is a file on this computer beside a shared outbox."""
        return self.settings.has_shared_outbox and self.path.exists()

    def file_for_reading(self, on_unwritable: "Callable[[StorageProblem], object]") -> "SqliteOutbox":
        """Open the file as `SqliteOutbox.open_for_reading` does."""
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        return SqliteOutbox.open_for_reading(self.path, self.sealer, on_unwritable, self.actor)

    def shared(self, password: str | None = None) -> "Outbox":
        """Open the property's part of the shared outbox, with the `password` that the vault has if none is given.

        Raises what `PostgresOutbox.open` does, `OutboxServerUnreachable` above all,
        `SettingsProblem` without the driver, and `CredentialsProblem` if the password cannot be read.
        """
        from apoa_client.outbox.postgres import require_driver
        from apoa_client.settings.outbox_address import parse_address

        address = parse_address(self.settings.outbox)
        require_driver()
        password = password or self._password(address)
        from apoa_client.outbox.postgres.connection import TimeLimits
        from apoa_client.outbox.postgres.store import PostgresOutbox

        limits = TimeLimits()
        if not self.may_wait:
            limits = limits._replace(lock=_LONGEST_WAIT_S, statement=_LONGEST_WAIT_S)
        name, actor = self.settings.name, self.actor
        return PostgresOutbox.open(address, name, password, self.sealer, actor=actor, limits=limits)

    def _password(self, address: "ServerAddress") -> str | None:
        """Return the password of the database; None if there is none.

        Without a keyring it is not known: it is empty then where only a password proves which program answers.
        """
        from apoa_client.vault.errors import KeyringProblem

        try:
            return self.secrets().outbox_password(lambda: outbox_binding(address))
        except KeyringProblem as exc:
            if exc.no_keyring:
                return "" if address.needs_password else None
            raise

    def hand_over_to(self, outbox: "Outbox", clock: "Clock", *, history: bool) -> "HandedOver | None":
        """Hand over to the property's outbox what another one has: this computer's file, or the outbox before.

        With `history`, the closed stays are handed over too. While a guest is waiting it takes a second. Returns None
        if there is no other outbox. Raises what opening the other one does, and `OutboxServerUnreachable`.
        """
        source = self.source()
        if source is None:
            return None
        with closing(source):
            if history and source.count(Selection()) and self.sealer.authenticator(ask=True) is not None:
                source.authenticate(ask=False)  # what has no code yet gets one: without it, no history is moved
            ends_at = clock.monotonic() + _LONGEST_WAIT_S
            is_over = None if self.may_wait else lambda: clock.monotonic() >= ends_at
            return outbox.receive(source.database, history=history, is_over=is_over)

    def source(self) -> "Outbox | None":
        """Open what hands over to the property's outbox; None if there is no other outbox."""
        if self.settings.has_shared_outbox:
            return self.file_beside_shared()
        before = self.settings.outbox_before
        return self.of(self.settings._replace(outbox=before)).shared() if before else None

    def of(self, settings: PropertySettings) -> "OutboxOpener":
        """Return what opens the outboxes that other settings of the property name."""
        return self._replace(settings=settings)

    def waiting_here(self) -> int:
        """Return how many open reports the file on this computer has. Raises `StorageProblem`."""
        from apoa_client.outbox.sql.hand_over import count_open
        from apoa_client.outbox.sqlite.database import open_database

        if not self.path.exists():
            return 0
        with closing(open_database(self.path, create=False)) as own_file, own_file.read_errors():
            return count_open(own_file)
