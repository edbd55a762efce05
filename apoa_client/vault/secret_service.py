"""The Secret Service of Linux desktops (GNOME Keyring, KWallet 6, KeePassXC), without a question nobody can answer.

`keyring`'s own backend takes the bus from the process's environment, unlocks and creates collections by asking the
person at the screen, and waits for the answer without end. This one says first what stands in the way. What it keeps
lies under the same attributes, so that ``keyring get`` and the desktop's own manager show it.

Source: freedesktop.org Secret Service API, draft 0.2.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import secretstorage
from jeepney import DBusErrorResponse  # type: ignore[import-untyped]  # it has no types
from jeepney.io.blocking import DBusConnection, open_dbus_connection  # type: ignore[import-untyped]  # the same
from secretstorage import exceptions
from secretstorage.util import add_match_rules

from apoa_client.errors import KeyringProblem
from apoa_client.messages import msg
from apoa_client.vault.errors import (
    KeyringBusStale,
    KeyringLocked,
    KeyringMissing,
    KeyringNotSetUp,
    KeyringOfAnotherUser,
    KeyringRefused,
)

_APPLICATION = "Python keyring library"


class SecretService:
    """The default collection behind the session bus at `address`. Its calls may hang, and must be bounded.

    Raises `KeyringBusStale` where nobody is at the address, `KeyringMissing` where no service is on the bus,
    `KeyringOfAnotherUser` where the bus is somebody else's.
    """

    may_prompt = False
    """What a person must do is done in `resolve`; reading and writing ask nobody."""

    def __init__(self, address: str) -> None:
        self._bus = _connect(address)
        try:
            self._collection = _default_collection(self._bus)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the bus."""
        with suppress(OSError):
            self._bus.close()

    def obstacle(self, *, writing: bool) -> KeyringProblem | None:
        """What only a person can clear away, or None."""
        if self._collection is None:
            return _not_set_up() if writing else None
        with _translated():
            return _locked() if self._collection.is_locked() else None

    def resolve(self) -> None:
        """Ask the person at the screen to unlock the collection, or to make one."""
        with _translated():
            if self._collection is None:
                self._collection = secretstorage.create_collection(self._bus, "Default", "default")
            else:
                self._collection.unlock()

    def get(self, service: str, name: str) -> str | None:
        """The secret; None where there is none."""
        with _translated():
            for item in self._items(service, name):
                return item.get_secret().decode()
        return None

    def set(self, service: str, name: str, value: str) -> None:
        """Keep a secret, in place of the one with the same service and name."""
        if self._collection is None:
            raise _not_set_up()
        attributes = {"application": _APPLICATION, "service": service, "username": name}
        with _translated():
            self._collection.create_item(f"apoa-client: {service}", attributes, value.encode(), replace=True)

    def delete(self, service: str, name: str) -> None:
        """Forget every secret with this service and name."""
        with _translated():
            for item in self._items(service, name):
                item.delete()

    def _items(self, service: str, name: str) -> list[secretstorage.Item]:
        if self._collection is None:
            return []
        return list(self._collection.search_items({"service": service, "username": name}))


def _connect(address: str) -> DBusConnection:
    try:
        return open_dbus_connection(address)
    except TimeoutError:
        raise
    except (PermissionError, ValueError) as exc:  # ValueError: jeepney's AuthenticationError is one
        raise KeyringOfAnotherUser(msg("This command runs as another user than the one at the desktop.")) from exc
    except (OSError, RuntimeError) as exc:  # RuntimeError: an address that jeepney does not speak
        raise KeyringBusStale(msg("The session bus that this command was told of is gone.")) from exc


def _default_collection(bus: DBusConnection) -> secretstorage.Collection | None:
    with _translated():
        add_match_rules(bus)
        if not secretstorage.check_service_availability(bus):
            raise _missing()
        try:
            return secretstorage.Collection(bus)
        except exceptions.ItemNotFoundException:
            return None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except exceptions.SecretServiceNotAvailableException as exc:
        raise _missing() from exc
    except (exceptions.LockedException, exceptions.PromptDismissedException) as exc:
        raise _locked() from exc
    except (exceptions.SecretStorageException, DBusErrorResponse, UnicodeDecodeError):
        raise KeyringRefused(msg("The keyring refused.")) from None  # D-Bus errors quote what was sent


def _missing() -> KeyringMissing:
    return KeyringMissing(msg("No keyring runs in this user's session."))


def _locked() -> KeyringLocked:
    return KeyringLocked(msg("The keyring is locked."))


def _not_set_up() -> KeyringNotSetUp:
    return KeyringNotSetUp(msg("This computer's keyring has not been set up yet."))
