"""What a property still needs before it can send and read: a restore brings back its files, and no secret."""

from apoa_client.errors import CredentialsProblem
from apoa_client.ports import Secrets
from apoa_client.vault.sealing import encode_key, public_key_of


def missing(secrets: Secrets, public_key: str, *, password: bool) -> list[str]:
    """Which secrets are not to be had, or do not fit: "private_key", and where one is needed at all "password"."""
    lacking = [] if _fits(secrets, public_key) else ["private_key"]
    if password:
        try:
            secrets.password()
        except CredentialsProblem:
            lacking.append("password")
    return lacking


def _fits(secrets: Secrets, public_key: str) -> bool:
    try:
        return encode_key(public_key_of(secrets.private_key())) == public_key
    except CredentialsProblem:
        return False
