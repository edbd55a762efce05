"""Moves the whole outbox of a property to another place: from the file on this computer to a server, or back.

It is copied and compared (`outbox.sql.relocation`), then the setting `outbox` is changed. What was left is kept: a file
under another name, or the rows on a server, where their mark says that they are not in use.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.app.container import Container
from apoa_client.app.shared_outbox import agree_on_keys
from apoa_client.errors import StorageProblem, UsageProblem
from apoa_client.files import make_private_folder
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxBusy, OutboxRelocated, moved_elsewhere
from apoa_client.outbox.locking import exclusive
from apoa_client.settings.outbox_address import parse_address

if TYPE_CHECKING:
    from apoa_client.outbox.interface import Outbox
    from apoa_client.outbox.sql.relocation import Relocation
    from apoa_client.outbox.sql.whole_copy import Copied

_LOCK_WAIT_S = 30.0
"""How long to wait for a delivery that is running."""
_ADVICE = msg("Nothing was moved. Wait until the sending is over, then give the command again.")


class Moved(NamedTuple):
    """What was moved, the setting `outbox` now, and where it is kept as it was: the path of a file, or an address."""

    copied: "Copied"
    outbox: str
    kept: str
    is_file: bool
    """Whether what is kept is a file on this computer."""


class OutboxMove:
    """The moving of the property's outbox to the place that the setting `outbox` names as `to`.

    Raises `UsageProblem` if there is nothing to move.
    """

    def __init__(self, app: Container, to: str) -> None:
        self._app = app
        self._before = app.saved_settings(app.settings)
        self._after = self._before._replace(outbox=to)
        self._path = app.folders.outbox(self._before.name)
        self._old = app.outbox_opener(self._before)
        self._new = app.outbox_opener(self._after)
        if to == self._before.outbox:
            raise UsageProblem(
                msg("The reports of {name} are there already.", name=self._before.name),
                msg("See where they are with: apoa outbox show"),
            )
        if app.settings.outbox != self._before.outbox:
            raise UsageProblem(
                msg("{variable} names another outbox than the settings do.", variable="APOA_OUTBOX"),
                msg("Remove the variable, then move the outbox."),
            )

    def count(self) -> int:
        """Return how many reports there are to be moved. Raises `StorageProblem`."""
        with closing(self._old.for_move()) as old:
            now = self._app.clock.now()
            return sum(old.summary(now=now, soon=now).counts.values())

    def run(self, password: str | None = None) -> Moved:
        """Move everything, or the rest after an interruption.

        `password` is that of the new database; None if it is stored, or not needed. Raises `NotNow` while reports are
        sent, and `StorageProblem`.
        """
        make_private_folder(self._path.parent)
        is_left = self._before.has_shared_outbox and not self._receive_waiting()
        with self._no_delivery_here():
            file = None if self._after.has_shared_outbox else self._file_to_fill(is_left=is_left)
            with self._opened(password, file) as relocation:
                copied = relocation.run()
            if file is not None:
                self._use_filled(file)
            self._save(password)
            return Moved(copied, self._after.outbox, self._keep(), not self._before.has_shared_outbox)

    def cancel(self, password: str | None = None) -> None:
        """Give up a move that was begun and has not ended: the reports stay where they are, and are sent from there.

        The file that was being filled is removed. On a server, what is sealed is erased. Raises `UsageProblem` if there
        is no such move, and what `run` raises.
        """
        from apoa_client.outbox.sqlite.renaming import name_while_filled, remove_database

        file = None if self._after.has_shared_outbox else name_while_filled(self._path)
        if file is not None and not file.exists():
            raise _not_underway(self._after.outbox)
        make_private_folder(self._path.parent)
        with self._no_delivery_here():
            with self._opened(password, file) as relocation:
                if not relocation.cancel():
                    raise _not_underway(self._after.outbox)
            if file is not None:
                remove_database(file)

    @contextmanager
    def _opened(self, password: str | None, file: Path | None) -> "Iterator[Relocation]":
        """Open both places, while no process delivers from them."""
        from apoa_client.outbox.sql.relocation import Place, Relocation

        with (
            closing(self._old.for_move()) as old,
            closing(self._new.for_move(password, file)) as new,
            _no_delivery(old, shared=self._before.has_shared_outbox),
            _no_delivery(new, shared=self._after.has_shared_outbox),
        ):
            places = Place(old.database, self._before.outbox), Place(new.database, self._after.outbox)
            yield Relocation(*places, self._app.actor)

    def _receive_waiting(self) -> bool:
        """Move what waits on this computer to the shared outbox, as every command does.

        Returns false if that was left for another place already. Raises `StorageProblem` if the file has other reports.
        """
        try:
            self._old.shared_with_what_waited().close()
        except OutboxRelocated:
            return False
        if not self._after.has_shared_outbox and self._old.waiting_here()[1]:
            raise StorageProblem(
                msg("The file {path} has reports from before, so it is not replaced.", path=str(self._path)),
                msg("Nothing was changed. See them with: apoa config set outbox sqlite"),
                name="outbox_not_empty",
            )
        return True

    @contextmanager
    def _no_delivery_here(self) -> Iterator[None]:
        from apoa_client.outbox.sqlite.delivery_lock import delivery_lock, lock_holder

        lock = delivery_lock(self._path, _LOCK_WAIT_S, self._app.actor)
        with exclusive(lock, lambda: lock_holder(self._path), _ADVICE, name="delivery_underway"):
            yield

    def _file_to_fill(self, *, is_left: bool) -> Path:
        """Return a file beside that of the outbox, or that one if it was filled before an interruption."""
        from apoa_client.outbox.sqlite.renaming import name_while_filled

        file = name_while_filled(self._path)
        if not is_left or file.exists():
            return file
        if self._path.exists():
            return self._path
        raise moved_elsewhere(self._before.outbox)

    def _use_filled(self, file: Path) -> None:
        """Give the file its name. What a desk has saved meanwhile in the one of that name is moved into it."""
        from apoa_client.outbox.sqlite.renaming import rename_database

        while file != self._path:
            if self._path.exists():
                if file.samefile(self._path):  # an interruption left it both names
                    file.unlink()
                    return
                self._take_over(file)
            with suppress(FileExistsError):  # a desk has just made it
                rename_database(file, self._path)
                return

    def _take_over(self, file: Path) -> None:
        """Move what waits in the file of this computer into the filled one, and give it another name."""
        from apoa_client.outbox.sqlite.database import open_database
        from apoa_client.outbox.sqlite.renaming import set_aside

        with (
            closing(self._new.for_move(file=file)) as new,
            closing(open_database(self._path, create=False)) as own_file,
        ):
            new.receive_waiting(own_file)
        set_aside(self._path)

    def _save(self, password: str | None) -> None:
        """Save the setting, and before it the password that it needs."""
        secrets = self._app.secrets_of(self._after, prompt=False)
        if password is not None:
            secrets.store_outbox_password(password, parse_address(self._after.outbox).place)
        if self._after.has_shared_outbox:
            with closing(self._new.shared(password)) as outbox:
                agree_on_keys(self._after, outbox)
        secrets.store_run_counter(None)  # of what was in such a place before
        self._app.save_settings(self._after, self._before)

    def _keep(self) -> str:
        """Return where the reports are kept as they were: a file gets another name."""
        from apoa_client.outbox.sqlite.renaming import set_aside

        if self._before.has_shared_outbox:
            return self._before.outbox
        try:
            return str(set_aside(self._path))
        except OutboxBusy:  # the next command does it
            return str(self._path)


def _not_underway(to: str) -> UsageProblem:
    return UsageProblem(
        msg("No move to {place} is underway.", place=to), msg("See where the reports are with: apoa outbox show")
    )


@contextmanager
def _no_delivery(outbox: "Outbox", *, shared: bool) -> Iterator[None]:
    """Hold the delivery lock of an outbox on a server; that of this computer's files is held already."""
    if not shared:
        yield
        return
    lock = outbox.delivery_lock(_LOCK_WAIT_S)
    with exclusive(lock, outbox.lock_holder, _ADVICE, name="delivery_underway"):
        yield
