"""What the journeys on Windows share: the Credential Manager."""

import secrets
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from apoa_client.vault.keyring_store import KeyringStore
from apoa_client.vault.store import PASSWORD, PRIVATE_KEY

windows_only = pytest.mark.skipif(sys.platform != "win32", reason="Windows' own; CONTRIBUTING.md says how Wine runs it")


class Credentials(NamedTuple):
    """A name that no property of this computer has, and its secrets in the Credential Manager."""

    property_name: str
    store: KeyringStore


@pytest.fixture
def credentials() -> Iterator[Credentials]:
    """Secrets that are removed after the test."""
    name = f"test-{secrets.token_hex(4)}"
    store = KeyringStore(f"apoa-client/{name}", interactive=False, environ={})
    yield Credentials(name, store)
    for secret in (PASSWORD, PRIVATE_KEY):
        store.delete(secret)
