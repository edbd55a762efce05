"""What a run needs beside the authority and the outbox: the time, the vault, an observer, and what may interrupt it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from apoa_client.errors import ApoaError
    from apoa_client.ports.authority import Verdict


class Clock(Protocol):
    """Time, passed in so that no rule reads a clock itself."""

    def now(self) -> datetime:
        """Return the wall clock, timezone-aware. It may be wrong and may jump: do not rely on it going forward."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only go forward, for measuring durations."""
        ...


class Interruptions(Protocol):
    """Ctrl-C and the like, which may come at any time but not between a call and recording its answer."""

    def delayed(self) -> AbstractContextManager[None]:
        """Delay interruptions inside; leaving the context raises what came."""
        ...

    def allowed(self) -> AbstractContextManager[None]:
        """Raise an interruption at once inside, although `delayed`, so that a slow line can be interrupted."""
        ...


class Progress(Protocol):
    """Observes a delivery and may draw it."""

    def begin(self, waiting: int) -> None:
        """Start: this many reports wait."""
        ...

    def advance(self, verdict: Verdict) -> None:
        """One more report has its verdict."""
        ...

    def failed(self, error: ApoaError) -> None:
        """A call failed; it may be tried again."""
        ...

    def end(self) -> None:
        """The run is over, successful or not."""
        ...


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
