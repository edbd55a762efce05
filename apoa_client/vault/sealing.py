"""Sealing of records: the public key is enough to seal, and only the private key opens.

A sealed record is a version byte and a libsodium sealed box (X25519, XSalsa20-Poly1305; PyNaCl's `SealedBox`) with the
version, the record's id and its content. The id is inside so that a record moved to another row does not open. All of
it is padded, so that the length of a record says little about the length of a name. Neither a stolen disk nor another
desk reveals names and numbers.

PyNaCl is loaded at the first use, because most commands neither seal nor open a record.
"""

import binascii
import os
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from apoa_client.errors import CredentialsProblem, SealBroken, SettingsProblem
from apoa_client.messages import msg
from apoa_client.vault.errors import SecretUnusable

KEY_BYTES = 32
_UNPADDED = b"\x01"
"""The version of records that earlier programs sealed: without padding, and without the version inside."""
_PADDED = b"\x02"
_BLOCK = 64
"""Records are padded to a multiple of so many bytes (`sodium_pad`, ISO/IEC 7816-4)."""
_LENGTH_BYTES = 2
_FINGERPRINT_BYTES = 8
MAC_BYTES = 32
_PART_LENGTH_BYTES = 8

_KeyPair: TypeAlias = tuple[bytes, bytes]
"""A public key, and the private key that belongs to it."""


class PropertySealer:
    """Seals to `public_key` (32 bytes). `private_key` is called at the first opening, and its result is kept.

    During a key rotation there are records of two key pairs: `spare_keys` returns further private keys. It is called
    when the first key does not fit, does not open a record, or did not make a code. `current_public_key` reads the
    public key that is in the settings now, for `refresh`; without it the key stays. `is_at_hand` says whether the
    private key can be had without asking a keyring. Raises `SettingsProblem` if `public_key` is invalid.
    """

    def __init__(
        self,
        public_key: bytes,
        private_key: Callable[[], bytes],
        spare_keys: Callable[[], Iterable[bytes]] = tuple,
        current_public_key: Callable[[], bytes] | None = None,
        is_at_hand: Callable[[], bool] = lambda: True,
    ) -> None:
        if len(public_key) != KEY_BYTES:
            raise _invalid_public_key()
        self._public_key = public_key
        self._fetch_key = private_key
        self._fetch_spares = spare_keys
        self._fetch_public_key = current_public_key
        self._is_at_hand = is_at_hand
        self._private_key: bytes | None = None
        self._spares: list[_KeyPair] | None = None

    @property
    def public_key(self) -> str:
        """The public key to which it seals, in base64."""
        return encode_key(self._public_key)

    def refresh(self) -> bool:
        """Use the public key that is in the settings now, and return whether it is another one."""
        current = self._public_key if self._fetch_public_key is None else self._fetch_public_key()
        if current == self._public_key:
            return False
        self._public_key, self._private_key, self._spares = current, None, None
        return True

    def seal(self, record_id: str, content: bytes) -> bytes:
        """Seal `content` with its id. Needs no secret. Raises `SettingsProblem` for an invalid public key."""
        from nacl import bindings, exceptions  # start-up

        name = record_id.encode()
        plain = _PADDED + len(name).to_bytes(_LENGTH_BYTES, "big") + name + content
        try:
            return _PADDED + bindings.crypto_box_seal(bindings.sodium_pad(plain, _BLOCK), self._public_key)
        except exceptions.RuntimeError as exc:
            raise _invalid_public_key() from exc

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """Return the content. Raises `CredentialsProblem` or `SealBroken`."""
        content, _public_key = self._open(record_id, sealed)
        return content

    def renew(self, record_id: str, sealed: bytes) -> bytes:
        """Return the record sealed to `public_key`: unchanged if it is already. Raises as `open` does."""
        content, public_key = self._open(record_id, sealed)
        return sealed if public_key == self._public_key else self.seal(record_id, content)

    def private_key(self) -> bytes:
        """Return the private key that fits `public_key`. Raises `CredentialsProblem`."""
        if self._private_key is not None:
            return self._private_key
        private_key = self._fetch_key()
        if public_key_of(private_key) != self._public_key:
            private_key = dict(self._spare_pairs()).get(self._public_key, b"")
        if not private_key and self.refresh():  # a key rotation has ended since the settings were read
            return self.private_key()
        if not private_key:
            raise CredentialsProblem(
                msg("The private key on this computer does not fit this property's public key."),
                msg(
                    "It belongs to another property, or to another set-up of this one. Reports can still be saved; to "
                    "read and send them, restore the right one with: apoa key recover"
                ),
                name="key_mismatch",
            )
        self._private_key = private_key
        return private_key

    def owns(self, public_key: str) -> bool:
        """Return whether a private key of the vault belongs to it, as `ports.Sealer` describes."""
        self.refresh()
        keys = [self._fetch_key(), *self._fetch_spares()]
        return public_key in {encode_key(public_key_of(key)) for key in keys}

    def authenticator(self, *, ask: bool = False, only_checks: bool = False) -> "RowAuthenticator | None":
        """Return what makes and checks codes, as `ports.Sealer` describes."""
        if not ask and self._private_key is None and not self._is_at_hand():
            return None
        try:
            # Whether the key fits is computed with PyNaCl; a check fails with a key that does not.
            key = self._fetch_key() if only_checks else self.private_key()
        except CredentialsProblem:
            return None
        return RowAuthenticator(key, self._fetch_spares)

    def _open(self, record_id: str, sealed: bytes) -> tuple[bytes, bytes]:
        """Return the content and the public key to which it was sealed."""
        from nacl import bindings, exceptions  # start-up

        if sealed[:1] not in {_UNPADDED, _PADDED}:
            raise _broken(record_id)
        for public_key, private_key in self._key_pairs():
            try:
                plain = bindings.crypto_box_seal_open(sealed[1:], public_key, private_key)
            except exceptions.CryptoError:
                continue
            if sealed[:1] == _PADDED:
                plain = _unpad(plain)
            start = _LENGTH_BYTES + int.from_bytes(plain[:_LENGTH_BYTES], "big")
            if plain[_LENGTH_BYTES:start] != record_id.encode():
                raise _broken(record_id)
            return plain[start:], public_key
        raise _broken(record_id)

    def _key_pairs(self) -> Iterator[_KeyPair]:
        """The property's own key pair, then the spare ones."""
        own = self._public_key, self.private_key()
        yield own
        yield from (pair for pair in self._spare_pairs() if pair != own)

    def _spare_pairs(self) -> list[_KeyPair]:
        if self._spares is None:
            self._spares = [(public_key_of(key), key) for key in self._fetch_spares()]
        return self._spares


def _unpad(padded: bytes) -> bytes:
    """Return id and content; nothing, which is no record's, if it was not padded or is of another version."""
    from nacl import bindings, exceptions  # start-up

    try:
        plain = bindings.sodium_unpad(padded, _BLOCK)
    except exceptions.CryptoError:
        return b""
    return plain[1:] if plain[:1] == _PADDED else b""


class Purpose(StrEnum):
    """What a key authenticates. At most 16 bytes: BLAKE2b's personalization (RFC 7693 §2.5)."""

    OUTBOX = "apoa outbox"
    BACKUP = "apoa backup"
    SESSION = "apoa session"


def mac_key(private_key: bytes, purpose: Purpose) -> bytes:
    """Derive the key for `purpose` from a property's private key (keyed BLAKE2b). Returns 32 bytes."""
    from hashlib import blake2b  # start-up

    return blake2b(key=private_key, person=purpose.encode(), digest_size=MAC_BYTES).digest()


def mac(key: bytes, *parts: bytes) -> bytes:
    """Return the code over `parts` (keyed BLAKE2b, 32 bytes). Each part's length counts, so parts cannot shift."""
    from hashlib import blake2b  # start-up

    content = b"".join([len(part).to_bytes(_PART_LENGTH_BYTES, "big") + part for part in parts])
    return blake2b(content, key=key, digest_size=MAC_BYTES).digest()


class RowAuthenticator:
    """Makes codes for an outbox with a key derived from `private_key`; a code of a spare private key is valid too."""

    def __init__(self, private_key: bytes, spare_keys: Callable[[], Iterable[bytes]]) -> None:
        self._key = mac_key(private_key, Purpose.OUTBOX)
        self._fetch_spares = spare_keys
        self._spares: list[bytes] | None = None

    def code(self, *parts: bytes) -> bytes:
        """Return the code over `parts`."""
        return mac(self._key, *parts)

    def confirms(self, code: object, *parts: bytes) -> bool:
        """Return whether a private key of the property made `code` over `parts`."""
        if code == mac(self._key, *parts):
            return True
        if self._spares is None:
            self._spares = [mac_key(key, Purpose.OUTBOX) for key in self._fetch_spares()]
        return any(code == mac(key, *parts) for key in self._spares)


def key_pair_from_seed(seed: bytes) -> tuple[bytes, bytes]:
    """Return the key pair of a 32-byte seed (libsodium's `crypto_box_seed_keypair`): private key and public key."""
    from nacl import bindings  # start-up

    public_key, private_key = bindings.crypto_box_seed_keypair(seed)
    return private_key, public_key


def public_key_of(private_key: bytes) -> bytes:
    """Return the public key of a private key. Raises `SecretUnusable` unless it is 32 bytes."""
    from nacl import bindings  # start-up

    if len(private_key) != KEY_BYTES:
        raise _invalid_private_key()
    return bindings.crypto_scalarmult_base(private_key)


def encode_key(key: bytes) -> str:
    """Encode a key in base64 (RFC 4648 §4)."""
    return binascii.b2a_base64(key, newline=False).decode()


def decode_public_key(text: str) -> bytes:
    """Decode a public key from `encode_key`. Raises `SettingsProblem`."""
    key = _decode(text)
    if key is None:
        raise _invalid_public_key()
    return key


def decode_private_key(text: str) -> bytes:
    """Decode a private key from `encode_key`. Raises `SecretUnusable`."""
    key = _decode(text)
    if key is None:
        raise _invalid_private_key()
    return key


def fingerprint(public_key: bytes) -> str:
    """Return the identifier of a key pair: 16 hexadecimal digits of its public key's BLAKE2b, in groups of four."""
    from hashlib import blake2b  # start-up

    digits = blake2b(public_key, digest_size=_FINGERPRINT_BYTES).hexdigest()
    return "-".join(digits[start : start + 4] for start in range(0, len(digits), 4))


class Effort(NamedTuple):
    """The cost of testing one passphrase (Argon2id, RFC 9106): passes over the memory, and bytes of memory."""

    operations: int
    memory: int


MIN_EFFORT = Effort(2, 64 << 20)
"""libsodium's "interactive"."""
MAX_EFFORT = Effort(3, 256 << 20)
"""libsodium's "moderate"."""
SALT_BYTES = 16


def encrypt(content: bytes, key: bytes) -> bytes:
    """Encrypt with a key of 32 bytes. Returns a nonce and a libsodium secret box (XSalsa20-Poly1305)."""
    from nacl import bindings  # start-up

    nonce = os.urandom(bindings.crypto_secretbox_NONCEBYTES)
    return nonce + bindings.crypto_secretbox(content, nonce, key)


def decrypt(encrypted: bytes, key: bytes) -> bytes | None:
    """Return what `encrypt` encrypted, or None for another key or changed bytes."""
    from nacl import bindings, exceptions  # start-up

    length = bindings.crypto_secretbox_NONCEBYTES
    try:
        return bindings.crypto_secretbox_open(encrypted[length:], encrypted[:length], key)
    except (exceptions.CryptoError, exceptions.ValueError):  # the latter for too few bytes
        return None


def derive_key(passphrase: bytes, salt: bytes, effort: Effort) -> bytes:
    """Return a key of 32 bytes, by Argon2id. Raises `SecretUnusable` if the computer has too little free memory."""
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


def _invalid_public_key() -> SettingsProblem:
    return SettingsProblem(
        msg("The property's public key in the settings is not a key."),
        msg("Ask your IT admin to restore the property's public_key in config.toml."),
        name="public_key_unusable",
    )


def _invalid_private_key() -> SecretUnusable:
    return SecretUnusable(
        msg("The private key on this computer is damaged or incomplete."),
        msg("Ask your IT admin for the right private key."),
    )
