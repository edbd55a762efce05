"""The interface of a secret store, which is a keyring or a key file, and the names of the secrets in it."""

from typing import Protocol

from apoa_client.errors import SecretMissing

PASSWORD = "password"  # noqa: S105  the name of the secret, not its value
PASSWORD_BINDING = "password-binding"  # noqa: S105  the same
"""What the password was given for (`apoa_client.vault.binding`)."""
PRIVATE_KEY = "private-key"
PRIVATE_KEY_NEXT = "private-key-next"
"""The new key of a rotation that is not finished."""
PRIVATE_KEY_OLD = "private-key-old"
"""The previous key, as long as records are sealed to it."""
OUTBOX_VERSION = "outbox-version"
"""The id and the highest version of the outbox. Not secret: it is here because others cannot set it back."""
SHARED_OUTBOX_VERSION = "outbox-version-shared"
"""The same of a shared outbox, beside the entry for the file on this computer."""
OUTBOX_PASSWORD = "outbox-password"  # noqa: S105  the name of the secret, not its value
"""The password of the shared outbox's database."""
OUTBOX_PASSWORD_BINDING = "outbox-password-binding"  # noqa: S105  the same
"""What that password was given for."""

NAMES = (
    *(PASSWORD, PASSWORD_BINDING, OUTBOX_PASSWORD, OUTBOX_PASSWORD_BINDING, OUTBOX_VERSION, SHARED_OUTBOX_VERSION),
    *(PRIVATE_KEY_NEXT, PRIVATE_KEY_OLD, PRIVATE_KEY),
)
"""Everything that a store may have of a property, the private key last."""


class SecretStore(Protocol):
    """A place that keeps secrets between runs. Every method may raise `CredentialsProblem`."""

    place: str
    """The name of the place, for messages and logs."""

    def get(self, name: str) -> str | None:
        """Return the secret with this name, or None if there is none."""
        ...

    def set(self, name: str, value: str) -> None:
        """Store a secret. Replaces one with the same name."""
        ...

    def delete(self, name: str) -> None:
        """Delete a secret. Does nothing if there is none."""
        ...

    def describe(self) -> str:
        """Return the name of the place as an admin knows it. Raises `CredentialsProblem` if it cannot be read now."""
        self.get(PRIVATE_KEY)
        return self.place

    def explain_missing(self) -> SecretMissing | None:
        """Return a better error for a missing secret than that it was never stored, or None."""
        return None
