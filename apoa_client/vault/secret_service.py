"""The Secret Service of Linux desktops (GNOME Keyring, KWallet 6, KeePassXC), without unanswerable prompts.

`keyring`'s own backend takes the bus from the environment of the process, unlocks and creates collections by asking
the person at the screen, and waits forever for the answer. This one reports the obstacle first. Secrets have the same
attributes as there, so that ``keyring get`` and the desktop's own manager show them.

Source: freedesktop.org Secret Service API, draft 0.2.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import secretstorage
from jeepney import DBusErrorResponse  # type: ignore[import-untyped]  # it has no types
from jeepney.io.blocking import DBusConnection, open_dbus_connection  # type: ignore[import-untyped]  # the same
from secretstorage import exceptions
from secretstorage.util import add_match_rules

from apoa_client.messages import msg
from apoa_client.vault.errors import KeyringProblem, KeyringReason

_APPLICATION = "Python keyring library"


class SecretService:
    """The default collection on the session bus at `address`. Its calls may hang and need a time limit.

    Raises `KeyringProblem`: `BUS_STALE` if the bus does not exist, `MISSING` if it has no such service,
    `OF_ANOTHER_USER` if it belongs to another user.
    """

    label = "Secret Service"
    may_prompt = False
    """Only `resolve` asks a person; reading and writing do not."""

    def __init__(self, address: str) -> None:
        self._bus = _connect(address)
        try:
            self._collection = _default_collection(self._bus)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection to the bus."""
        with suppress(OSError):
            self._bus.close()

    def obstacle(self, *, writing: bool) -> KeyringProblem | None:
        """The obstacle that only a person can remove, or None."""
        if self._collection is None:
            return KeyringProblem(KeyringReason.NOT_SET_UP) if writing else None
        with _translate_errors():
            return KeyringProblem(KeyringReason.LOCKED) if self._collection.is_locked() else None

    def resolve(self) -> None:
        """Ask the person at the screen to unlock the collection, or to create one."""
        with _translate_errors():
            if self._collection is None:
                self._collection = secretstorage.create_collection(self._bus, "Default", "default")
            else:
                self._collection.unlock()

    def get(self, service: str, name: str) -> str | None:
        """Return the secret, or None if there is none."""
        with _translate_errors():
            for item in self._items(service, name):
                return item.get_secret().decode()
        return None

    def set(self, service: str, name: str, value: str) -> None:
        """Store a secret. Replaces the one with the same service and name."""
        if self._collection is None:
            raise KeyringProblem(KeyringReason.NOT_SET_UP)
        attributes = {"application": _APPLICATION, "service": service, "username": name}
        with _translate_errors():
            self._collection.create_item(f"apoa-client: {service}", attributes, value.encode(), replace=True)

    def delete(self, service: str, name: str) -> None:
        """Delete every secret with this service and name."""
        with _translate_errors():
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
        raise KeyringProblem(KeyringReason.OF_ANOTHER_USER) from exc
    except (OSError, RuntimeError) as exc:  # RuntimeError: an address of a kind that jeepney does not support
        raise KeyringProblem(KeyringReason.BUS_STALE) from exc


def _default_collection(bus: DBusConnection) -> secretstorage.Collection | None:
    with _translate_errors():
        add_match_rules(bus)
        if not secretstorage.check_service_availability(bus):
            raise _missing()
        try:
            return secretstorage.Collection(bus)
        except exceptions.ItemNotFoundException:
            return None


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except exceptions.SecretServiceNotAvailableException as exc:
        raise _missing() from exc
    except (exceptions.LockedException, exceptions.PromptDismissedException) as exc:
        raise KeyringProblem(KeyringReason.LOCKED) from exc
    except (exceptions.SecretStorageException, DBusErrorResponse, UnicodeDecodeError):
        # Not chained: a D-Bus error quotes what was sent.
        raise KeyringProblem(KeyringReason.REFUSED) from None


def _missing() -> KeyringProblem:
    return KeyringProblem(KeyringReason.MISSING, msg("No keyring runs in this user's session."))
