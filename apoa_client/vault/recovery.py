"""A private key outside the vault: derived from a code on paper, or exported to a second computer in a file.

A recovery code is for when the computer is lost. The key pair is derived from the code, so the code can be short enough
to be written down. It contains no characters that look alike (Crockford's base 32 has no I, L, O and U). Each group of
five ends in a check character, so that the error names the group that was typed wrong.

Only a passphrase opens the file of an export, which is JSON. Readable is how the key is derived from the passphrase.
Encrypted are the property's name, the private key, and the key of the guest hash, which the property's computers share.
"""

import binascii
import json
import os
import unicodedata
from hashlib import blake2b
from typing import Any, NamedTuple

from apoa_client.errors import CredentialsProblem, DataRefused, UsageProblem
from apoa_client.messages import Message, msg
from apoa_client.vault.sealing import (
    MAX_EFFORT,
    MIN_EFFORT,
    SALT_BYTES,
    Effort,
    decode_private_key,
    decrypt,
    derive_key,
    encode_key,
    encrypt,
)

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32 (https://www.crockford.com/base32.html)."""

GROUPS = 7
_DATA = 4
"""Data characters of each group; the fifth is the check character. 7 x 4 characters of 5 bits are 140 bits."""

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_PERSON = b"apoa-recovery-1"
_SEED_BYTES = 32


class RecoveryCodeWrong(CredentialsProblem):
    """A recovery code that was written down or typed wrong."""

    name = "recovery_code_wrong"
    advice: Message | None = msg("Compare it with the sheet, group by group. A code has 7 groups of 5 characters.")


def new_code() -> str:
    """Return a new random code: seven groups of five characters with hyphens between."""
    characters = [ALPHABET[byte % len(ALPHABET)] for byte in os.urandom(GROUPS * _DATA)]
    groups = ("".join(characters[start : start + _DATA]) for start in range(0, len(characters), _DATA))
    return "-".join(group + _check_character(number, group) for number, group in enumerate(groups))


def parse_code(text: str) -> str:
    """Return a typed code in the form of `new_code`. Case, separators, and O, I, L for 0, 1, 1 do not matter.

    Raises `RecoveryCodeWrong`, which names the first wrong group.
    """
    typed = "".join(character for character in text.upper().translate(_LOOKALIKES) if character.isalnum())
    size = _DATA + 1
    if len(typed) != GROUPS * size:
        message = msg(
            "A recovery code has {length} characters, and these are {count}.", length=GROUPS * size, count=len(typed)
        )
        raise RecoveryCodeWrong(message)
    groups = [typed[start : start + size] for start in range(0, len(typed), size)]
    for number, group in enumerate(groups):
        if not set(group) <= set(ALPHABET) or _check_character(number, group[:-1]) != group[-1]:
            raise RecoveryCodeWrong(msg("Group {number} of the recovery code is not right.", number=number + 1))
    return "-".join(groups)


def seed_from_code(code: str) -> bytes:
    """Return the 32-byte seed of the key pair for a code in the form of `parse_code`."""
    characters = "".join(group[:-1] for group in code.split("-"))
    return blake2b(characters.encode("ascii"), digest_size=_SEED_BYTES, person=_PERSON).digest()


def _check_character(number: int, group: str) -> str:
    """Return the check of four characters and the group's number.

    Odd weights detect any single wrong character; the number detects exchanged groups.
    """
    total = sum((2 * place + 3) * ALPHABET.index(character) for place, character in enumerate(group))
    return ALPHABET[(total + number) % len(ALPHABET)]


MIN_PASSPHRASE_LENGTH = 10
"""In characters. The file may be copied, and then only the passphrase protects the reports."""

DEFAULT_EFFORT = MAX_EFFORT
"""The effort of a new file."""

_FORMAT = "apoa-client private key 1"


class ExportedKey(NamedTuple):
    """The content of an exported file."""

    property_name: str
    private_key: bytes
    index_key: str = ""
    """That of the settings; empty in a file of an earlier version."""

    def __repr__(self) -> str:
        """Show only the name."""
        return f"ExportedKey({self.property_name!r}, …)"


def export_key(key: ExportedKey, passphrase: str, effort: Effort | None = None) -> str:
    """Return the text of the file. `effort` is `DEFAULT_EFFORT` if not given.

    Raises `UsageProblem` if the passphrase is too short.
    """
    if len(passphrase) < MIN_PASSPHRASE_LENGTH:
        raise UsageProblem(
            msg("The passphrase is too short: {least} characters at least.", least=MIN_PASSPHRASE_LENGTH),
            msg("Several words that do not belong together are good, and easy to type."),
        )
    effort = DEFAULT_EFFORT if effort is None else effort
    salt = os.urandom(SALT_BYTES)
    values = {"property": key.property_name, "private_key": encode_key(key.private_key), "index_key": key.index_key}
    content = json.dumps(values)
    encrypted = encrypt(content.encode(), derive_key(_passphrase_bytes(passphrase), salt, effort))
    value = {"what": _FORMAT, **effort._asdict(), "salt": _base64(salt), "locked": _base64(encrypted)}
    return json.dumps(value, indent=1) + "\n"


def import_key(text: str, passphrase: str) -> ExportedKey:
    """Return the key that `export_key` wrote.

    Raises `DataRefused` for a file that is no exported key, and `CredentialsProblem` for another passphrase.
    """
    try:
        value = json.loads(text)
        recognized = value["what"] == _FORMAT
        effort = Effort(value["operations"], value["memory"])
        salt, encrypted = (binascii.a2b_base64(value[name], strict_mode=True) for name in ("salt", "locked"))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _not_exported() from None
    if not recognized or not _is_allowed(effort) or len(salt) != SALT_BYTES:
        raise _not_exported()
    content = decrypt(encrypted, derive_key(_passphrase_bytes(passphrase), salt, effort))
    if content is None:
        raise CredentialsProblem(
            msg("The passphrase does not open the file, or the file was changed."),
            msg("Nothing was changed. Type the passphrase that was chosen when the file was made."),
            name="passphrase_wrong",
        )
    value = json.loads(content)
    return ExportedKey(value["property"], decode_private_key(value["private_key"]), value.get("index_key", ""))


def _is_allowed(effort: Effort) -> bool:
    """Return whether the effort is within the limits: a manipulated file could demand all memory."""
    limits: Any = zip(effort, MIN_EFFORT, MAX_EFFORT, strict=True)
    return all(isinstance(value, int) and least <= value <= most for value, least, most in limits)


def _not_exported() -> DataRefused:
    return DataRefused(
        msg("This file is not a private key that apoa-client exported, or it is incomplete."),
        msg("Export it again on the other computer with: apoa key export FILE"),
        name="key_file_unknown",
    )


def _passphrase_bytes(passphrase: str) -> bytes:
    """Normalize to NFC and encode: macOS and Windows produce different characters for an accented letter."""
    return unicodedata.normalize("NFC", passphrase).encode()


def _base64(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).decode()
