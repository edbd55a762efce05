"""What a keyring or key file keeps of a property."""

import pytest

from apoa_client.vault.keyring_store import MAX_SECRET_LENGTH
from apoa_client.vault.store import bind, decode_binding

SETTINGS = {"api_url": b"https://a.example/v1", "username": b"melati", "ca_bundle": b"", "public_key": b"k"}
BOUND = bind("a.example", **SETTINGS)


def test_it_survives_storing_and_fits_every_keyring() -> None:
    """What is stored is what is read, and the longest host with the longest settings fits."""
    longest = bind("h" * 10_000, **dict.fromkeys(SETTINGS, bytes(10_000)))
    for each in (BOUND, longest):
        assert decode_binding(each.encode()) == each
        assert len(each.encode()) <= MAX_SECRET_LENGTH


@pytest.mark.parametrize("name", SETTINGS)
def test_a_changed_setting_is_named(name: str) -> None:
    """Each setting counts, and none that is equal is named."""
    assert BOUND.changed(bind("a.example", **{**SETTINGS, name: b"other"})) == [name]
    assert BOUND.changed(bind("a.example", **SETTINGS)) == []


@pytest.mark.parametrize("text", ["", "null", "[]", "5", '"x"', "{}", '{"host": "a"'])
def test_a_damaged_binding_binds_to_nothing(text: str) -> None:
    """Every setting is then another one, so that the password is not used."""
    assert set(decode_binding(text).changed(BOUND)) == set(SETTINGS)
