"""Key pairs for tests. The program derives a pair from a recovery code, and never makes one by itself."""

import os

from apoa_client.vault.sealing import key_pair_from_seed


def new_key_pair() -> tuple[bytes, bytes]:
    """Return a new key pair: private key and public key, 32 bytes each."""
    return key_pair_from_seed(os.urandom(32))
