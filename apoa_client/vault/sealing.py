"""The seal: anyone here can close a record with the property's public key, and only the private key opens it.

A sealed record is a version byte and a libsodium sealed box (X25519, XSalsa20-Poly1305; PyNaCl's `SealedBox`) around
the record's id and its content. The id is inside, so that a record moved to another row is found out. Names and
numbers can be read neither from a stolen disk nor by another desk.

PyNaCl is loaded at the first use: most commands never open or close a seal.
"""

import binascii
from collections.abc import Callable

from apoa_client.errors import SealBroken
from apoa_client.ports import Sealer
from apoa_client.texts import msg
from apoa_client.vault.errors import KeyMismatch, PublicKeyUnusable, SecretUnusable

KEY_BYTES = 32
_VERSION = b"\x01"
_LENGTH_BYTES = 2


class PropertySealer(Sealer):
    """Seals to `public_key` (32 bytes). `private_key` is called at the first opening, and its answer kept.

    Raises `PublicKeyUnusable` for bytes that are no key.
    """

    def __init__(self, public_key: bytes, private_key: Callable[[], bytes]) -> None:
        if len(public_key) != KEY_BYTES:
            raise _no_public_key()
        self._public_key = public_key
        self._fetch = private_key
        self._private_key: bytes | None = None

    def __repr__(self) -> str:
        return "PropertySealer(…)"

    def seal(self, record_id: str, content: bytes) -> bytes:
        """Seal `content` under its id. Needs no secret. Raises `PublicKeyUnusable` for a key that no pair has."""
        from nacl import bindings, exceptions  # start-up

        name = record_id.encode()
        plain = len(name).to_bytes(_LENGTH_BYTES, "big") + name + content
        try:
            return _VERSION + bindings.crypto_box_seal(plain, self._public_key)
        except exceptions.RuntimeError as exc:
            raise _no_public_key() from exc

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """The content. Raises what `private_key` raises, `KeyMismatch`, or `SealBroken`."""
        from nacl import bindings, exceptions  # start-up

        if sealed[:1] != _VERSION:
            raise _broken(record_id)
        private_key = self._key()
        try:
            plain = bindings.crypto_box_seal_open(sealed[1:], self._public_key, private_key)
        except exceptions.CryptoError as exc:
            raise _broken(record_id) from exc
        start = _LENGTH_BYTES + int.from_bytes(plain[:_LENGTH_BYTES], "big")
        if plain[_LENGTH_BYTES:start] != record_id.encode():
            raise _broken(record_id)
        return plain[start:]

    def _key(self) -> bytes:
        if self._private_key is None:
            private_key = self._fetch()
            if public_key_of(private_key) != self._public_key:
                raise KeyMismatch(msg("The private key on this computer does not fit this property's public key."))
            self._private_key = private_key
        return self._private_key


def new_key_pair() -> tuple[bytes, bytes]:
    """A new pair, private key first, 32 bytes each."""
    from nacl import bindings  # start-up

    public_key, private_key = bindings.crypto_box_keypair()
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
    """The public key that `encode_key` wrote. Raises `PublicKeyUnusable`, which is a `SettingsProblem`."""
    key = _decode(text)
    if key is None:
        raise _no_public_key()
    return key


def decode_private_key(text: str) -> bytes:
    """The private key that `encode_key` wrote. Raises `SecretUnusable`, which is a `CredentialsProblem`."""
    key = _decode(text)
    if key is None:
        raise _no_private_key()
    return key


def _decode(text: str) -> bytes | None:
    try:
        key = binascii.a2b_base64(text.strip(), strict_mode=True)
    except ValueError:  # binascii.Error, or characters outside ASCII
        return None
    return key if len(key) == KEY_BYTES else None


def _broken(record_id: str) -> SealBroken:
    return SealBroken(msg("The sealed record {id} cannot be opened.", id=record_id))


def _no_public_key() -> PublicKeyUnusable:
    return PublicKeyUnusable(msg("The property's public key in the settings is not a key."))


def _no_private_key() -> SecretUnusable:
    return SecretUnusable(
        msg("The private key on this computer is damaged or incomplete."),
        msg("Ask your IT admin for the right private key."),
    )
