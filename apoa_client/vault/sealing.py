"""The seal: anyone here can close a record with the property's public key, and only the private key opens it.

A sealed record is a version byte and a libsodium sealed box (X25519, XSalsa20-Poly1305; PyNaCl's `SealedBox`) around
the record's id and its content. The id is inside, so that a record moved to another row is found out. Names and
numbers can be read neither from a stolen disk nor by another desk.

PyNaCl is loaded at the first use: most commands never open or close a seal.
"""

import binascii
import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from apoa_client.errors import CredentialsProblem, SealBroken, SettingsProblem
from apoa_client.messages import msg
from apoa_client.ports import Sealer
from apoa_client.vault.errors import SecretUnusable

KEY_BYTES = 32
_VERSION = b"\x01"
_LENGTH_BYTES = 2
_FINGERPRINT_BYTES = 8


class PropertySealer(Sealer):
    """Seals to `public_key` (32 bytes). `private_key` is called at the first opening, and its answer kept.

    While one key pair takes another's place, records of both are about: `spare_keys` gives further private keys, and is
    called once, when the first one does not fit or does not open a record. Raises `SettingsProblem` for bytes that
    are no key.
    """

    def __init__(
        self, public_key: bytes, private_key: Callable[[], bytes], spare_keys: Callable[[], Iterable[bytes]] = tuple
    ) -> None:
        if len(public_key) != KEY_BYTES:
            raise _no_public_key()
        self._public_key = public_key
        self._fetch = private_key
        self._fetch_spares = spare_keys
        self._private_key: bytes | None = None
        self._spares: list[_Pair] | None = None

    def __repr__(self) -> str:
        return "PropertySealer(…)"

    def seal(self, record_id: str, content: bytes) -> bytes:
        """Seal `content` under its id. Needs no secret. Raises `SettingsProblem` for a key that no pair has."""
        from nacl import bindings, exceptions  # start-up

        name = record_id.encode()
        plain = len(name).to_bytes(_LENGTH_BYTES, "big") + name + content
        try:
            return _VERSION + bindings.crypto_box_seal(plain, self._public_key)
        except exceptions.RuntimeError as exc:
            raise _no_public_key() from exc

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """The content. Raises `CredentialsProblem`, or `SealBroken`."""
        return self._opened(record_id, sealed)[0]

    def private_key(self) -> bytes:
        """The private key that fits. Raises as `open` does."""
        return self._key()

    def renew(self, record_id: str, sealed: bytes) -> bytes:
        """The record as it is where it is sealed to `public_key`, or else sealed to it anew. Raises as `open` does."""
        content, public_key = self._opened(record_id, sealed)
        return sealed if public_key == self._public_key else self.seal(record_id, content)

    def _opened(self, record_id: str, sealed: bytes) -> tuple[bytes, bytes]:
        """The content, and the public key that it was sealed to."""
        if sealed[:1] != _VERSION:
            raise _broken(record_id)
        for public_key, private_key in self._pairs():
            plain = _unsealed(sealed[1:], public_key, private_key)
            if plain is not None:
                return _content(record_id, plain), public_key
        raise _broken(record_id)

    def _pairs(self) -> Iterator["_Pair"]:
        """The property's own pair, then whichever others there are."""
        own = self._public_key, self._key()
        yield own
        yield from (pair for pair in self._spare_pairs() if pair != own)

    def _key(self) -> bytes:
        if self._private_key is None:
            self._private_key = self._fitting_key()
        return self._private_key

    def _fitting_key(self) -> bytes:
        private_key = self._fetch()
        if public_key_of(private_key) == self._public_key:
            return private_key
        for public_key, spare in self._spare_pairs():
            if public_key == self._public_key:
                return spare
        raise CredentialsProblem(
            msg("The private key on this computer does not fit this property's public key."),
            msg(
                "It belongs to another property, or to another set-up of this one. Reports can still be saved; to read "
                "and send them, bring the right one back: apoa key recover"
            ),
            name="key_mismatch",
        )

    def _spare_pairs(self) -> list["_Pair"]:
        if self._spares is None:
            self._spares = [(public_key_of(key), key) for key in self._fetch_spares()]
        return self._spares


_Pair = tuple[bytes, bytes]
"""A public key, and the private key that it follows from."""


def _unsealed(box: bytes, public_key: bytes, private_key: bytes) -> bytes | None:
    """What is in a sealed box; None where this pair does not open it."""
    from nacl import bindings, exceptions  # start-up

    try:
        return bindings.crypto_box_seal_open(box, public_key, private_key)
    except exceptions.CryptoError:
        return None


def _content(record_id: str, plain: bytes) -> bytes:
    """The content behind the id, which must be the record's."""
    start = _LENGTH_BYTES + int.from_bytes(plain[:_LENGTH_BYTES], "big")
    if plain[_LENGTH_BYTES:start] != record_id.encode():
        raise _broken(record_id)
    return plain[start:]


def new_key_pair() -> tuple[bytes, bytes]:
    """A new pair, private key first, 32 bytes each."""
    from nacl import bindings  # start-up

    public_key, private_key = bindings.crypto_box_keypair()
    return private_key, public_key


def key_pair_from_seed(seed: bytes) -> tuple[bytes, bytes]:
    """The pair that 32 bytes always give (libsodium's `crypto_box_seed_keypair`), private key first, 32 bytes each."""
    from nacl import bindings  # start-up

    public_key, private_key = bindings.crypto_box_seed_keypair(seed)
    return private_key, public_key


def public_key_of(private_key: bytes) -> bytes:
    """The public half of a private key. Raises `SecretUnusable` unless it is 32 bytes."""
    from nacl import bindings  # start-up

    if len(private_key) != KEY_BYTES:
        raise _no_private_key()
    return bindings.crypto_scalarmult_base(private_key)


def encode_key(key: bytes) -> str:
    """A key as text: base64 (RFC 4648 §4)."""
    return binascii.b2a_base64(key, newline=False).decode()


def decode_public_key(text: str) -> bytes:
    """The public key that `encode_key` wrote. Raises `SettingsProblem`."""
    key = _decode(text)
    if key is None:
        raise _no_public_key()
    return key


def decode_private_key(text: str) -> bytes:
    """The private key that `encode_key` wrote. Raises `SecretUnusable`."""
    key = _decode(text)
    if key is None:
        raise _no_private_key()
    return key


def fingerprint(public_key: bytes) -> str:
    """What a key pair is known by: sixteen hexadecimal digits of its public key's BLAKE2b, in groups of four."""
    from hashlib import blake2b  # start-up

    digits = blake2b(public_key, digest_size=_FINGERPRINT_BYTES).hexdigest()
    return "-".join(digits[start : start + 4] for start in range(0, len(digits), 4))


class Effort(NamedTuple):
    """What guessing one passphrase costs (Argon2id, RFC 9106): passes over the memory, and its bytes."""

    operations: int
    memory: int


MIN_EFFORT = Effort(2, 64 << 20)
"""libsodium's "interactive"."""
MAX_EFFORT = Effort(3, 256 << 20)
"""libsodium's "moderate"."""
SALT_BYTES = 16


def encrypt_with_passphrase(content: bytes, passphrase: bytes, salt: bytes, effort: Effort) -> bytes:
    """`content` under a passphrase: a nonce and a libsodium secret box (XSalsa20-Poly1305), the key by Argon2id.

    Raises `SecretUnusable` where the computer has not the memory that it takes.
    """
    from nacl import bindings  # start-up

    nonce = os.urandom(bindings.crypto_secretbox_NONCEBYTES)
    return nonce + bindings.crypto_secretbox(content, nonce, _stretched(passphrase, salt, effort))


def decrypt_with_passphrase(locked: bytes, passphrase: bytes, salt: bytes, effort: Effort) -> bytes | None:
    """The content that `encrypt_with_passphrase` encrypted; None for another passphrase or changed bytes."""
    from nacl import bindings, exceptions  # start-up

    nonce, box = locked[: bindings.crypto_secretbox_NONCEBYTES], locked[bindings.crypto_secretbox_NONCEBYTES :]
    key = _stretched(passphrase, salt, effort)
    try:
        return bindings.crypto_secretbox_open(box, nonce, key)
    except (exceptions.CryptoError, exceptions.ValueError):  # the latter for too few bytes
        return None


def _stretched(passphrase: bytes, salt: bytes, effort: Effort) -> bytes:
    from nacl import bindings, exceptions  # start-up

    method = bindings.crypto_pwhash_ALG_ARGON2ID13
    try:
        return bindings.crypto_pwhash_alg(KEY_BYTES, passphrase, salt, effort.operations, effort.memory, method)
    except (exceptions.RuntimeError, MemoryError):
        raise SecretUnusable(
            msg("This computer has too little free memory for a passphrase."),
            msg("Close other programs, then run the command again."),
        ) from None


def _decode(text: str) -> bytes | None:
    try:
        key = binascii.a2b_base64(text.strip(), strict_mode=True)
    except ValueError:  # binascii.Error, or characters outside ASCII
        return None
    return key if len(key) == KEY_BYTES else None


def _broken(record_id: str) -> SealBroken:
    return SealBroken(msg("The sealed record {id} cannot be opened.", id=record_id))


def _no_public_key() -> SettingsProblem:
    return SettingsProblem(
        msg("The property's public key in the settings is not a key."),
        msg("Ask your IT admin to restore the property's public_key in config.toml."),
        name="public_key_unusable",
    )


def _no_private_key() -> SecretUnusable:
    return SecretUnusable(
        msg("The private key on this computer is damaged or incomplete."),
        msg("Ask your IT admin for the right private key."),
    )
