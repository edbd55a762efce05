"""The Keychain of macOS itself."""

import sys
import uuid

import pytest
from system_helpers import real_system

from apoa_client.vault.keyring_store import KeyringStore

pytestmark = [*real_system, pytest.mark.keyring, pytest.mark.skipif(sys.platform != "darwin", reason="the Keychain")]


def test_a_secret_is_stored_found_and_deleted() -> None:
    """Without a person at the command, an open Keychain stores a secret, returns it and deletes it, and never asks."""
    store = KeyringStore(f"apoa-client/test-{uuid.uuid4()}", interactive=False, environ={})
    assert store.get("password") is None
    store.set("password", "rahasia")
    try:
        assert store.get("password") == "rahasia"
    finally:
        store.delete("password")
    assert store.get("password") is None
