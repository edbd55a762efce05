"""A property's private keys while one takes another's place, so that a kill at any moment leaves every record readable.

The steps: the new key is kept beside the old one; then the settings name its public half, and records are sealed anew;
then it takes the old one's place, and the old one is kept until the next change, for what another process may have
sealed to it meanwhile.
"""

from collections.abc import Callable

from apoa_client.errors import CredentialsProblem
from apoa_client.messages import msg
from apoa_client.vault.errors import SecretUnusable
from apoa_client.vault.sealing import decode_private_key, encode_key
from apoa_client.vault.store import PRIVATE_KEY, PRIVATE_KEY_NEXT, PRIVATE_KEY_OLD, SecretStore

# A reader goes the way that a key goes, from its first name to its last: whatever is renamed meanwhile, it meets each.
_NAMES = (PRIVATE_KEY_NEXT, PRIVATE_KEY, PRIVATE_KEY_OLD)


def store_verified(store: SecretStore, name: str, value: str) -> None:
    """Keep a secret, and see that it was kept: a private key that is believed stored, and is not, is lost."""
    store.set(name, value)
    if store.get(name) != value:
        raise SecretUnusable(
            msg("{place} did not keep what was stored in it.", place=store.place),
            msg("Keep the secrets in a file instead: apoa setup --vault file"),
        )


class Keys:
    """The private keys in the keyring or key file. Every method may raise `CredentialsProblem`."""

    def __init__(self, store: Callable[[], SecretStore]) -> None:
        self._store = store

    def __repr__(self) -> str:
        return "Keys(…)"

    def all(self) -> list[bytes]:
        """Every key that is there. One that is damaged is left out."""
        kept = (self._store().get(name) for name in _NAMES)
        return [key for key in (_decoded(text) for text in kept if text) if key is not None]

    def next(self) -> bytes | None:
        """The key of a change that is not finished; None where there is none."""
        return self._key(PRIVATE_KEY_NEXT)

    def old(self) -> bytes | None:
        """The key before; None where there is none."""
        return self._key(PRIVATE_KEY_OLD)

    def begin_rotation(self, private_key: bytes) -> None:
        """Keep the new key beside the other."""
        store_verified(self._store(), PRIVATE_KEY_NEXT, encode_key(private_key))

    def finish_rotation(self) -> None:
        """Put the new key into the other's place. May be called again, if it was cut off."""
        store = self._store()
        new, current = store.get(PRIVATE_KEY_NEXT), store.get(PRIVATE_KEY)
        if new:
            self._make_old(current, unless=new)
            store_verified(store, PRIVATE_KEY, new)
            store.delete(PRIVATE_KEY_NEXT)

    def restore_current(self, private_key: bytes) -> None:
        """Make this the key; another one that stands there is kept as the one before."""
        text = encode_key(private_key)
        self._make_old(self._store().get(PRIVATE_KEY), unless=text)
        store_verified(self._store(), PRIVATE_KEY, text)

    def add_old(self, private_key: bytes) -> None:
        """Keep a key that opens older records, beside the property's own."""
        store_verified(self._store(), PRIVATE_KEY_OLD, encode_key(private_key))

    def copy_from(self, other: "Keys") -> None:
        """Keep here what another keyring or key file keeps, each key under its name.

        A change that was begun here once, and went on there, is over.
        """
        store, theirs = self._store(), other._store()  # noqa: SLF001  of the same class
        for name in _NAMES:
            if text := theirs.get(name):
                store_verified(store, name, text)
            elif name == PRIVATE_KEY_NEXT:
                store.delete(name)

    def _key(self, name: str) -> bytes | None:
        text = self._store().get(name)
        return decode_private_key(text) if text else None

    def _make_old(self, current: str | None, *, unless: str) -> None:
        if current and current != unless:
            store_verified(self._store(), PRIVATE_KEY_OLD, current)


def _decoded(text: str) -> bytes | None:
    try:
        return decode_private_key(text)
    except CredentialsProblem:
        return None
