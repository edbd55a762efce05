"""What a place for secrets can do, whether it is a keyring or a file, and the names that secrets have there."""

from typing import Protocol

from apoa_client.errors import SecretMissing

PASSWORD = "password"  # noqa: S105  the name of the secret, not its value
PRIVATE_KEY = "private-key"
PRIVATE_KEY_NEXT = "private-key-next"
"""The key that takes the other's place: while it is there, a change of keys is not finished."""
PRIVATE_KEY_OLD = "private-key-old"
"""The key before: it opens what somebody sealed to it while it was replaced."""


class SecretStore(Protocol):
    """A place that keeps secrets between runs. Every method may raise `CredentialsProblem`."""

    @property
    def place(self) -> str:
        """What to call it when telling someone where was looked."""
        ...

    def get(self, name: str) -> str | None:
        """The secret of that name; None where there is none."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep a secret, in place of the one of that name."""
        ...

    def delete(self, name: str) -> None:
        """Forget a secret. One that is not there is forgotten already."""
        ...

    def explain_missing(self) -> SecretMissing | None:
        """What explains that a secret is not there, better than that nobody stored it; None where nothing does."""
        return None
