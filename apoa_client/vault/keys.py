"""A property's private keys while one replaces another, so that a kill at any moment leaves every record readable.

The steps: store the new key beside the current one; write its public key into the settings and reseal the records; make
it the current key; delete the old key once nothing needs it.
"""

from collections.abc import Callable

from apoa_client.errors import CredentialsProblem
from apoa_client.messages import msg
from apoa_client.vault.errors import SecretUnusable
from apoa_client.vault.sealing import decode_private_key, encode_key
from apoa_client.vault.store import PRIVATE_KEY, PRIVATE_KEY_NEXT, PRIVATE_KEY_OLD, SecretStore

# In the order in which a key moves from name to name, so that a reader finds a key that is renamed meanwhile.
_NAMES = (PRIVATE_KEY_NEXT, PRIVATE_KEY, PRIVATE_KEY_OLD)


def store_verified(store: SecretStore, name: str, value: str) -> None:
    """Store a secret and read it back: a private key that was not really stored would be lost.

    Raises `SecretUnusable` if the store returns another value.
    """
    store.set(name, value)
    if store.get(name) != value:
        raise SecretUnusable(
            msg("{place} did not keep the secret that was stored in it.", place=store.place),
            msg("Keep the secrets in a file instead: apoa setup --vault file"),
        )


class Keys:
    """The private keys in the keyring or key file. Every method may raise `CredentialsProblem`."""

    def __init__(self, store: Callable[[], SecretStore]) -> None:
        self._store = store

    def all(self) -> list[bytes]:
        """Return every key in the store, without damaged ones."""
        keys = []
        for name in _NAMES:
            text = self._store().get(name)
            if text:
                try:
                    keys.append(decode_private_key(text))
                except CredentialsProblem:
                    continue
        return keys

    def next(self) -> bytes | None:
        """Return the new key of an unfinished change, or None."""
        return self._get(PRIVATE_KEY_NEXT)

    def old(self) -> bytes | None:
        """Return the previous key, or None."""
        return self._get(PRIVATE_KEY_OLD)

    def begin_rotation(self, private_key: bytes) -> None:
        """Store the new key beside the current one."""
        store_verified(self._store(), PRIVATE_KEY_NEXT, encode_key(private_key))

    def finish_rotation(self) -> None:
        """Make the new key the current one. May be repeated after an interruption."""
        store = self._store()
        new = store.get(PRIVATE_KEY_NEXT)
        if new:
            self._replace_current(new)
            store.delete(PRIVATE_KEY_NEXT)

    def restore_current(self, private_key: bytes) -> None:
        """Make this key the current one. Another current key becomes the old one."""
        self._replace_current(encode_key(private_key))

    def add_old(self, private_key: bytes) -> None:
        """Store a key for older records beside the current one."""
        store_verified(self._store(), PRIVATE_KEY_OLD, encode_key(private_key))

    def delete_old(self) -> None:
        """Delete the previous key."""
        self._store().delete(PRIVATE_KEY_OLD)

    def copy_from(self, other: "Keys") -> None:
        """Copy the keys of another keyring or key file under their names.

        An unfinished change that started here and was finished there is dropped here.
        """
        store, source = self._store(), other._store()  # noqa: SLF001  of the same class
        for name in _NAMES:
            if text := source.get(name):
                store_verified(store, name, text)
            elif name == PRIVATE_KEY_NEXT:
                store.delete(name)

    def _get(self, name: str) -> bytes | None:
        text = self._store().get(name)
        return decode_private_key(text) if text else None

    def _replace_current(self, new: str) -> None:
        store = self._store()
        current = store.get(PRIVATE_KEY)
        if current and current != new:
            store_verified(store, PRIVATE_KEY_OLD, current)
        store_verified(store, PRIVATE_KEY, new)
