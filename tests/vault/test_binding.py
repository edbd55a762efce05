"""The settings that a stored password is bound to."""

import pytest

from apoa_client.vault import binding
from apoa_client.vault.keyring_store import MAX_SECRET_LENGTH

SETTINGS = {"api_url": b"https://a.example/v1", "username": b"melati", "ca_bundle": b"", "public_key": b"k"}
BOUND = binding.bind("a.example", **SETTINGS)


def test_it_survives_storing_and_fits_every_keyring() -> None:
    """What is stored is what is read, and the longest host with the longest settings fits."""
    longest = binding.bind("h" * 10_000, **dict.fromkeys(SETTINGS, bytes(10_000)))
    for each in (BOUND, longest):
        assert binding.decode(each.encode()) == each
        assert len(each.encode()) <= MAX_SECRET_LENGTH


@pytest.mark.parametrize("name", SETTINGS)
def test_a_changed_setting_is_named(name: str) -> None:
    """Each setting counts, and none that is equal is named."""
    assert BOUND.changed(binding.bind("a.example", **{**SETTINGS, name: b"other"})) == [name]
    assert BOUND.changed(binding.bind("a.example", **SETTINGS)) == []


@pytest.mark.parametrize("text", ["", "null", "[]", "5", '"x"', "{}", '{"host": "a"'])
def test_a_damaged_binding_binds_to_nothing(text: str) -> None:
    """Every setting is then another one, so that the password is not used."""
    assert set(binding.decode(text).changed(BOUND)) == set(SETTINGS)
