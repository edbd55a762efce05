"""Opens the outboxes of a property: the file on this computer, and the shared one on a server of PostgreSQL.

While the server does not answer, a desk saves new reports in its own file. They wait there until a command opens the
shared outbox again, which moves them: see `apoa_client.outbox.sql.moving`.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from apoa_client.errors import StorageProblem
from apoa_client.settings.config import PropertySettings

if TYPE_CHECKING:
    from datetime import datetime

    from apoa_client.outbox.interface import Listener, Outbox
    from apoa_client.outbox.postgres.overview import SharedOverview
    from apoa_client.outbox.sqlite.store import SqliteOutbox
    from apoa_client.ports.audit import Actor
    from apoa_client.ports.vault import Sealer
    from apoa_client.settings.outbox_address import ServerAddress
    from apoa_client.vault.sources import PropertySecrets

_LONGEST_WAIT_S = 3.0
"""How long a statement, or the wait for another desk's change, may take while a guest is waiting."""


class OutboxOpener:
    """Opens the outboxes of one property. The caller closes each.

    `path` is that of the file on this computer. `secrets` asks no person for anything. `may_wait` is false while a
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

    def has_other_files(self) -> bool:
        """Return whether there are files beside the outbox in use: this computer's own, or what a move has left."""
        from apoa_client.outbox.sqlite.renaming import files_set_aside

        return self._has_file_beside_shared() or bool(files_set_aside(self._path))

    def file_beside_shared(self) -> "SqliteOutbox | None":
        """Open the file on this computer beside a shared outbox; None without a shared one, or if there is none."""
        return self.own_file() if self._has_file_beside_shared() else None

    def _has_file_beside_shared(self) -> bool:
        return self._settings.has_shared_outbox and self._path.exists()

    def remove_left(self, before: "datetime") -> None:
        """Remove the files that moves have left on this computer before this time, but one that cannot be read."""
        from apoa_client.outbox.sqlite.renaming import files_set_aside, left_at, remove_database

        for file in files_set_aside(self._path):
            with suppress(StorageProblem):
                at = left_at(file)
                if at is not None and at < before:
                    remove_database(file)

    def for_move(self, password: str | None = None, file: Path | None = None) -> "Outbox":
        """Open the outbox that the settings name, also if it was moved to another place, or is just being filled.

        `file` is another file for the one on this computer, made if it is missing. Raises as `own_file` or `shared`.
        """
        if self._settings.has_shared_outbox:
            address, password = self._server(password)
            from apoa_client.outbox.postgres.store import PostgresOutbox

            return PostgresOutbox.open_moved(address, self._settings.name, password, self._sealer, self._actor)
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        path, create = file or self._path, file is not None
        return SqliteOutbox.open(path, self._sealer, create=create, moved=True, actor=self._actor)

    def file_for_reading(self, on_unwritable: Callable[[StorageProblem], object]) -> "SqliteOutbox":
        """Open the file as `SqliteOutbox.open_for_reading` does."""
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        return SqliteOutbox.open_for_reading(self._path, self._sealer, on_unwritable, self._actor)

    def unlocked_file(self) -> "SqliteOutbox":
        """Open the file as `SqliteOutbox.open_unlocked` does."""
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        return SqliteOutbox.open_unlocked(self._path, self._sealer)

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

    def listener(self) -> "Listener | None":
        """Return what hears of new reports in the shared outbox; None behind a pooler. Raises what `shared` does."""
        address, password = self._server(None)
        from apoa_client.outbox.postgres.waking import PostgresListener

        return PostgresListener.open(address, password)

    def overview(self) -> "SharedOverview":
        """Open what reads every property of the login of the shared outbox. Raises as `shared`."""
        address, password = self._server(None)
        from apoa_client.outbox.postgres.overview import SharedOverview

        return SharedOverview.open(address, password)

    def _server(self, password: str | None) -> "tuple[ServerAddress, str | None]":
        """Return where the shared outbox is, and the password: the one given, or that of the vault.

        Raises `SettingsProblem` without the driver, and `CredentialsProblem` if the password cannot be read.
        """
        from apoa_client.outbox.postgres.loading import require_driver
        from apoa_client.settings.outbox_address import parse_address

        address = parse_address(self._settings.outbox)
        require_driver()
        return address, password or self._password(address.place)

    def _password(self, place: str) -> str | None:
        """Return the password of the database; None if there is none, or no keyring: the server may need none."""
        from apoa_client.vault.errors import KeyringProblem

        try:
            return self._secrets().outbox_password(place)
        except KeyringProblem as exc:
            if exc.no_keyring:
                return None
            raise

    def shared_with_what_waited(self) -> "Outbox":
        """Move what waits in this computer's own file into the shared outbox, and return that.

        Raises as `shared`, and `StorageProblem` for that file. A guest who waits is reported all the same: every other
        command says what is wrong with the file.
        """
        from apoa_client.outbox.errors import OutboxServerUnreachable

        outbox = self.shared()
        try:
            if self._path.exists():
                self._move_into(outbox)
        except StorageProblem as exc:
            if self._may_wait or isinstance(exc, OutboxServerUnreachable):
                outbox.close()
                raise
        return outbox

    def _move_into(self, outbox: "Outbox") -> None:
        from apoa_client.outbox.errors import OutboxBusy, OutboxRelocated
        from apoa_client.outbox.sql.moving import has_waiting
        from apoa_client.outbox.sqlite.database import open_database
        from apoa_client.outbox.sqlite.delivery_lock import delivery_lock
        from apoa_client.outbox.sqlite.renaming import set_aside

        try:
            opened = open_database(self._path, create=False)
        except OutboxRelocated:  # its move was interrupted at the end
            with suppress(OutboxBusy):
                set_aside(self._path)
            return
        with closing(opened) as own_file:
            if has_waiting(own_file, self._actor.now()):
                with delivery_lock(self._path, 0, self._actor) as is_held:
                    if is_held:  # otherwise another process moves it, or sends what was saved before
                        outbox.receive_waiting(own_file)

    def has_waiting_here(self) -> bool:
        """Return whether anything waits in the file on this computer to be moved. Raises `StorageProblem`."""
        from apoa_client.outbox.sql.moving import has_waiting
        from apoa_client.outbox.sqlite.database import open_database

        if not self._path.exists():
            return False
        with closing(open_database(self._path, create=False)) as own_file:
            return has_waiting(own_file, self._actor.now())

    def waiting_here(self) -> tuple[int, int]:
        """Return how many reports wait in the file on this computer to be moved, and how many others it has."""
        from apoa_client.outbox.sql.moving import count_others, count_waiting
        from apoa_client.outbox.sqlite.database import open_database

        if not self._path.exists():
            return 0, 0
        with closing(open_database(self._path, create=False)) as own_file, own_file.read_errors():
            return count_waiting(own_file), count_others(own_file)
