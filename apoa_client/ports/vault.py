"""What delivery and the outbox need of the vault: sealing, codes, and the version of the outbox."""

from typing import NamedTuple, Protocol


class Authenticator(Protocol):
    """Makes and checks message authentication codes with a key that is derived from the private key."""

    def code(self, *parts: bytes) -> bytes:
        """Return the code over `parts`."""
        ...

    def confirms(self, code: object, *parts: bytes) -> bool:
        """Return whether `code` was made over `parts` with a private key of this property."""
        ...


class Sealer(Protocol):
    """Seals records without a secret; only the holder of the private key can open them."""

    @property
    def public_key(self) -> str:
        """The public key to which `seal` seals, as the settings write it."""
        ...

    def refresh(self) -> bool:
        """Read the public key from the settings again; return whether `seal` seals to another one from now on."""
        ...

    def seal(self, record_id: str, content: bytes) -> bytes:
        """Seal `content` under its id. Needs no secret."""
        ...

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """Return the content. Raises `CredentialsProblem` without the key, `SealBroken` if it was changed."""
        ...

    def owns(self, public_key: str) -> bool:
        """Return whether one of the property's private keys, which is at hand, belongs to this public key.

        It is so while a key rotation goes on. The public key of the settings is read again first.
        """
        ...

    def authenticator(self, *, ask: bool = False, only_checks: bool = False) -> Authenticator | None:
        """Return what makes codes; None if the private key is not at hand.

        Only with `ask` a keyring that was not read yet is asked, which may take seconds. With `only_checks` no code is
        made, and no cryptography is loaded.
        """
        ...


class OutboxVersion(NamedTuple):
    """The random id of an outbox, and the number of changes with the key that it had."""

    outbox: str
    number: int


class KnownVersion(Protocol):
    """The highest version of the outbox, in the vault beside the private key.

    Nothing is raised: a vault that cannot be used is no failure.
    """

    def read(self) -> OutboxVersion | None:
        """Return it; None if there is none, or the key was not read from the vault in this process."""
        ...

    def write(self, version: OutboxVersion) -> None:
        """Store it, unless a higher one of this outbox is stored or the key was not read from the vault."""
        ...
