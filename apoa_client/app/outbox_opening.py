"""Opens the outboxes of a property: the file on this computer, and the shared one on a server of PostgreSQL.

New stays are saved in the file, and handed over to the shared outbox (`apoa_client.outbox.sql.hand_over`).
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from apoa_client.ports.entries import Selection
from apoa_client.settings.config import PropertySettings

if TYPE_CHECKING:
    from apoa_client.errors import StorageProblem
    from apoa_client.outbox.postgres.database import PostgresDatabase
    from apoa_client.outbox.sql.store import Outbox
    from apoa_client.outbox.sqlite.store import SqliteOutbox
    from apoa_client.ports.run import Clock
    from apoa_client.ports.state import Actor, HandedOver
    from apoa_client.ports.vault import Sealer
    from apoa_client.settings.outbox_address import ServerAddress
    from apoa_client.vault.sources import PropertySecrets

_LONGEST_WAIT_S = 1.0
"""How long a statement, the wait for another desk's change, or a hand-over may take while a guest is waiting."""


class OutboxOpener:
    """Opens the outboxes of one property. The caller closes each.

    `path` is the path of the file on this computer. `secrets` asks no person for anything. `may_wait` is false while a
    guest is waiting to be reported: then another desk's long change of the shared outbox is not waited for.
    """

    def __init__(
        self,
        settings: PropertySettings,
        path: Path,
        sealer: "Sealer",
        actor: "Actor",
        secrets: "Callable[[], PropertySecrets]",
        *,
        may_wait: bool = True,
    ) -> None:
        self._settings = settings
        self._path = path
        self._sealer = sealer
        self._actor = actor
        self._secrets = secrets
        self._may_wait = may_wait

    # Each engine is loaded when it is used.

    def own_file(self, *, create: bool = False) -> "SqliteOutbox":
        """Open the file on this computer, as `SqliteOutbox.open` does, whatever outbox the settings name."""
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        return SqliteOutbox.open(self._path, self._sealer, create=create, actor=self._actor)

    def file_beside_shared(self) -> "SqliteOutbox | None":
        """Open the file on this computer beside a shared outbox; None without a shared one, or if there is none."""
        return self.own_file() if self.has_file_beside_shared else None

    @property
    def has_file_beside_shared(self) -> bool:
        """Whether there is a file on this computer beside a shared outbox."""
        return self._settings.has_shared_outbox and self._path.exists()

    def file_for_reading(self, on_unwritable: "Callable[[StorageProblem], object]") -> "SqliteOutbox":
        """Open the file as `SqliteOutbox.open_for_reading` does."""
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        return SqliteOutbox.open_for_reading(self._path, self._sealer, on_unwritable, self._actor)

    def shared(self, password: str | None = None) -> "Outbox":
        """Open the property's part of the shared outbox, with the `password` that the vault has if none is given.

        Raises what `PostgresOutbox.open` does, `OutboxServerUnreachable` above all.
        Raises `SettingsProblem` without the driver, and `CredentialsProblem` if the password cannot be read.
        """
        address, password = self._server(password)
        from apoa_client.outbox.postgres.connection import TimeLimits
        from apoa_client.outbox.postgres.store import PostgresOutbox

        limits = TimeLimits()
        if not self._may_wait:
            limits = limits._replace(lock=_LONGEST_WAIT_S, statement=_LONGEST_WAIT_S)
        name, actor = self._settings.name, self._actor
        return PostgresOutbox.open(address, name, password, self._sealer, actor=actor, limits=limits)

    def every_property(self) -> "PostgresDatabase":
        """Open the shared outbox for every property of its login (`PostgresOutbox.on`). Raises as `shared`."""
        address, password = self._server(None)
        from apoa_client.outbox.postgres.store import open_database

        return open_database(address, password)

    def _server(self, password: str | None) -> "tuple[ServerAddress, str | None]":
        """Return where the shared outbox is, and the password: the given one, else the one in the vault.

        Raises `SettingsProblem` without the driver, and `CredentialsProblem` if the password cannot be read.
        """
        from apoa_client.outbox.postgres import require_driver
        from apoa_client.settings.outbox_address import parse_address

        address = parse_address(self._settings.outbox)
        require_driver()
        return address, password or self._password(address)

    def _password(self, address: "ServerAddress") -> str | None:
        """Return the password of the database; None if there is none.

        Without a keyring it is not known: it is empty then where only a password proves which program answers.
        """
        from apoa_client.app.property_vault import outbox_binding
        from apoa_client.vault.errors import KeyringProblem

        try:
            return self._secrets().outbox_password(lambda: outbox_binding(address))
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
            if history and source.count(Selection()) and self._sealer.authenticator(ask=True) is not None:
                source.authenticate(ask=False)  # what has no code yet gets one: without it, no history is moved
            ends_at = clock.monotonic() + _LONGEST_WAIT_S
            is_over = None if self._may_wait else lambda: clock.monotonic() >= ends_at
            return outbox.receive(source.database, history=history, is_over=is_over)

    def source(self) -> "Outbox | None":
        """Open what hands over to the property's outbox; None if there is no other outbox."""
        if self._settings.has_shared_outbox:
            return self.file_beside_shared()
        before = self._settings.outbox_before
        return self.of(self._settings._replace(outbox=before)).shared() if before else None

    def of(self, settings: PropertySettings) -> "OutboxOpener":
        """Return what opens the outboxes that other settings of the property name."""
        return OutboxOpener(settings, self._path, self._sealer, self._actor, self._secrets, may_wait=self._may_wait)

    def waiting_here(self) -> int:
        """Return how many open reports the file on this computer has. Raises `StorageProblem`."""
        from apoa_client.outbox.sql.hand_over import count_open
        from apoa_client.outbox.sqlite.database import open_database

        if not self._path.exists():
            return 0
        with closing(open_database(self._path, create=False)) as own_file, own_file.read_errors():
            return count_open(own_file)
