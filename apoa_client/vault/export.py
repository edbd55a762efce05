"""A private key on its way to a second computer: a file that only a passphrase opens.

The file is JSON. What is readable says how the passphrase is stretched; the property's name and the key are locked.
"""

import binascii
import json
import os
import unicodedata
from typing import Any, NamedTuple

from apoa_client.errors import CredentialsProblem, DataRefused, UsageProblem
from apoa_client.messages import msg
from apoa_client.vault.sealing import (
    MAX_EFFORT,
    MIN_EFFORT,
    SALT_BYTES,
    Effort,
    decode_private_key,
    decrypt_with_passphrase,
    encode_key,
    encrypt_with_passphrase,
)

MIN_PASSPHRASE_LENGTH = 10
"""Characters. The file may be copied, and then nothing but the passphrase stands between it and the reports."""

_WHAT = "apoa-client private key 1"


class ExportedKey(NamedTuple):
    """What an exported file holds."""

    property_name: str
    private_key: bytes

    def __repr__(self) -> str:
        """The name alone."""
        return f"Exported({self.property_name!r}, …)"


def export_key(key: ExportedKey, passphrase: str, effort: Effort = MAX_EFFORT) -> str:
    """The file's text. Raises `UsageProblem` for a passphrase that is too short."""
    if len(passphrase) < MIN_PASSPHRASE_LENGTH:
        raise UsageProblem(
            msg("The passphrase is too short: {least} characters at least.", least=MIN_PASSPHRASE_LENGTH),
            msg("Several words that do not belong together are good, and easy to type."),
        )
    salt = os.urandom(SALT_BYTES)
    content = json.dumps({"property": key.property_name, "private_key": encode_key(key.private_key)})
    locked = encrypt_with_passphrase(content.encode(), _bytes(passphrase), salt, effort)
    value = {"what": _WHAT, **effort._asdict(), "salt": _text(salt), "locked": _text(locked)}
    return json.dumps(value, indent=1) + "\n"


def import_key(text: str, passphrase: str) -> ExportedKey:
    """Return the key that `export_key` wrote.

    Raises `DataRefused` for a file that is no exported key, and `CredentialsProblem` for another passphrase.
    """
    effort, salt, locked = _parts(text)
    content = decrypt_with_passphrase(locked, _bytes(passphrase), salt, effort)
    if content is None:
        raise CredentialsProblem(
            msg("The passphrase does not open the file, or the file was changed."),
            msg("Nothing was changed. Type the passphrase that was chosen when the file was made."),
            name="passphrase_wrong",
        )
    value = json.loads(content)
    return ExportedKey(value["property"], decode_private_key(value["private_key"]))


def _parts(text: str) -> tuple[Effort, bytes, bytes]:
    try:
        value = json.loads(text)
        if value["what"] != _WHAT:
            raise _unknown()
        effort = Effort(value["operations"], value["memory"])
        salt, locked = (binascii.a2b_base64(value[name], strict_mode=True) for name in ("salt", "locked"))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _unknown() from None
    if not _bearable(effort) or len(salt) != SALT_BYTES:
        raise _unknown()
    return effort, salt, locked


def _bearable(effort: Effort) -> bool:
    """Whether a file asks for what we would: one that was meddled with could ask for all the memory there is."""
    limits: Any = zip(effort, MIN_EFFORT, MAX_EFFORT, strict=True)
    return all(isinstance(asked, int) and least <= asked <= most for asked, least, most in limits)


def _unknown() -> DataRefused:
    return DataRefused(
        msg("This file is not a private key that apoa-client exported, or not a whole one."),
        msg("Make it anew on the other computer with: apoa key export FILE"),
        name="key_file_unknown",
    )


def _bytes(passphrase: str) -> bytes:
    """One spelling of each character: macOS and Windows type an accented letter differently."""
    return unicodedata.normalize("NFC", passphrase).encode()


def _text(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).decode()
