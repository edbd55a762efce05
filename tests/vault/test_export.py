"""Only the passphrase opens an exported private key, and the file contains nothing readable."""

import base64
import json
import traceback
from itertools import count
from typing import Any

import pytest
from basics import raises_error, search
from hypothesis import given
from hypothesis import strategies as st
from key_helpers import new_key_pair
from nacl import bindings, exceptions

from apoa_client.errors import UsageProblem
from apoa_client.vault.errors import SecretUnusable
from apoa_client.vault.recovery import ExportedKey, export_key, import_key
from apoa_client.vault.sealing import MAX_EFFORT, MIN_EFFORT, encode_key

PASSPHRASE = "kuda betul baterai"
KEY = ExportedKey("melati", new_key_pair()[0])
FILE = export_key(KEY, PASSPHRASE, MIN_EFFORT)


def changed(**values: Any) -> str:
    return json.dumps({**json.loads(FILE), **values})


def test_a_round_trip_with_the_default_effort() -> None:
    """The same key is read back; neither it nor the property's name is readable in the file."""
    text = export_key(KEY, PASSPHRASE)
    assert json.loads(text)["memory"] == 256 << 20
    assert import_key(text, PASSPHRASE) == KEY
    assert encode_key(KEY.private_key) not in text
    assert KEY.property_name not in text
    assert export_key(KEY, PASSPHRASE, MIN_EFFORT) != FILE


def test_the_key_of_the_guest_hash() -> None:
    """It goes along, unreadable; a file of an earlier version has none."""
    key = KEY._replace(index_key="5f0c1d9e8b7a69584736251403f2e1d0")
    text = export_key(key, PASSPHRASE, MIN_EFFORT)
    assert import_key(text, PASSPHRASE) == key
    assert key.index_key not in text + repr(key)


def test_the_efforts_are_libsodiums() -> None:
    """At least "interactive", at most "moderate"."""
    assert (
        bindings.crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
        bindings.crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE,
    ) == MIN_EFFORT
    assert (
        bindings.crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
        bindings.crypto_pwhash_argon2id_MEMLIMIT_MODERATE,
    ) == MAX_EFFORT


@pytest.mark.parametrize("passphrase", ["", "kuda betul bateraI", PASSPHRASE + " ", PASSPHRASE[:-1]])
def test_another_passphrase(passphrase: str) -> None:
    """It is refused, and neither it nor the key is in the error."""
    with raises_error("passphrase_wrong") as caught:
        import_key(FILE, passphrase)
    shown = "".join(traceback.format_exception(caught.value))
    assert encode_key(KEY.private_key) not in shown
    assert not passphrase or passphrase not in shown


@given(st.integers(0, 10**6), st.integers(1, 255))
@search(5)
def test_a_changed_byte(position: int, change: int) -> None:
    """A change anywhere in the encrypted part is detected."""
    locked = bytearray(base64.b64decode(json.loads(FILE)["locked"]))
    locked[position % len(locked)] ^= change
    with raises_error("passphrase_wrong"):
        import_key(changed(locked=base64.b64encode(locked).decode()), PASSPHRASE)


@pytest.mark.parametrize("locked", ["", "AAAA", "A" * 32])
def test_a_truncated_encrypted_part(locked: str) -> None:
    """Half a file does not open."""
    with raises_error("passphrase_wrong"):
        import_key(changed(locked=locked), PASSPHRASE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        changed(what="something else"),
        changed(salt="AAAA"),
        changed(salt="!"),
        changed(locked=7),
        changed(operations=1),
        changed(operations="3"),
        changed(memory=1 << 40),
        changed(memory=1024),
        changed(memory=None),
    ],
    ids=count(),  # the texts are not the same in every run
)
def test_a_file_that_is_no_exported_key(text: str) -> None:
    """Another file, half a file, or one that demands too much memory is refused before the key derivation."""
    with raises_error("key_file_unknown") as caught:
        import_key(text, PASSPHRASE)
    assert caught.value.advice is not None


def test_a_short_passphrase() -> None:
    """It is refused at the export."""
    with pytest.raises(UsageProblem):
        export_key(KEY, "123456789")


def test_accents_are_normalized() -> None:
    """However the keyboard's system composes them."""
    assert import_key(export_key(KEY, "kafe\u0301 kafe\u0301", MIN_EFFORT), "kaf\u00e9 kaf\u00e9") == KEY


@pytest.mark.parametrize("error", [exceptions.RuntimeError, MemoryError])
def test_too_little_memory(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """Argon2 does not get its memory: the error is one of this program."""

    def refused(*_args: object) -> bytes:
        raise error

    monkeypatch.setattr(bindings, "crypto_pwhash_alg", refused)
    with pytest.raises(SecretUnusable):
        import_key(FILE, PASSPHRASE)


def test_repr_has_no_key() -> None:
    """It shows only the property's name."""
    assert repr(KEY) == "ExportedKey('melati', …)"
