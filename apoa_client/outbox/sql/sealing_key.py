"""The public key to which records are sealed, as metadata of the outbox.

A process that read the settings before a key rotation compares its key with it, so that it does not store a record that
no key opens.

A rotation first saves the new public key in the settings, then records it here, then seals the records again. So once
it is recorded here, the settings have it too, and no record is sealed to an earlier key any more.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from apoa_client.outbox.sql.metadata import PUBLIC_KEY, REPLACED_KEY, read_metadata, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from apoa_client.outbox.database import Database
    from apoa_client.ports.vault import Authenticator, Sealer

_Sealed = TypeVar("_Sealed")


def record_public_key(db: Database, public_key: str) -> None:
    """Record the public key of the settings, inside a transaction."""
    write(db, PUBLIC_KEY, public_key)


def record_replacement(db: Database, public_key: str, before: Authenticator) -> None:
    """Record a new public key, inside a transaction, so that a computer that has the old key believes it."""
    record_public_key(db, public_key)
    write(db, REPLACED_KEY, f"{public_key} {before.code(b'replaced', public_key.encode()).hex()}")


def was_replaced_by(db: Database, authenticator: Authenticator, public_key: str) -> bool:
    """Return whether the key that makes these codes was replaced by this one in a key rotation."""
    named, _blank, code = str(read_metadata(db, REPLACED_KEY.key)).partition(" ")
    try:
        return named == public_key and authenticator.confirms(bytes.fromhex(code), b"replaced", named.encode())
    except ValueError:
        return False


def sealed_to_current_key(db: Database, sealer: Sealer, sealed: _Sealed, seal: Callable[[], _Sealed]) -> _Sealed:
    """Return `sealed`, or what `seal` returns if the property has another key pair by now.

    Call it inside the transaction that stores the result, with what `seal` returned before it. An outbox without a
    recorded key, from an earlier version, accepts every key. Raises `SettingsProblem` if the settings cannot be read.
    """
    recorded = read_metadata(db, PUBLIC_KEY.key)
    if recorded in {None, sealer.public_key} or not sealer.refresh():
        return sealed
    return seal()
