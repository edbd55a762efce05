"""Message authentication codes: they prove who wrote something, which a seal to a public key does not.

Every key is derived from the property's private key, so a user who can open the reports can check, and no other
user can write. A key serves one purpose only: a code made for a row says nothing about a backup.
"""

from enum import StrEnum

MAC_BYTES = 32
_LENGTH_BYTES = 8


class Purpose(StrEnum):
    """What a key authenticates. At most 16 bytes: BLAKE2b's personalization (RFC 7693 §2.5)."""

    OUTBOX = "apoa outbox"
    BACKUP = "apoa backup"


def mac_key(private_key: bytes, purpose: Purpose) -> bytes:
    """Derive the key for `purpose` from a property's private key (keyed BLAKE2b). Returns 32 bytes."""
    from hashlib import blake2b  # start-up

    return blake2b(key=private_key, person=purpose.encode(), digest_size=MAC_BYTES).digest()


def mac(key: bytes, *parts: bytes) -> bytes:
    """Return the code over `parts` (keyed BLAKE2b, 32 bytes). Each part's length counts, so parts cannot shift."""
    from hashlib import blake2b  # start-up

    code = blake2b(key=key, digest_size=MAC_BYTES)
    for part in parts:
        code.update(len(part).to_bytes(_LENGTH_BYTES, "big") + part)
    return code.digest()
