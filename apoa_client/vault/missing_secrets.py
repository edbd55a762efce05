"""Which secrets a property still needs before it can send and read: a restore brings back files, but no secret."""

from typing import TYPE_CHECKING

from apoa_client.errors import CredentialsProblem, SettingsProblem
from apoa_client.vault.sealing import encode_key, public_key_of

if TYPE_CHECKING:
    from apoa_client.ports.vault import Secrets


def find_missing_secrets(secrets: "Secrets", public_key: str, *, password: bool) -> list[str]:
    """Return "private_key" if no private key fits, and "password" if `password` is needed and none is found."""
    missing = []
    try:
        fits = encode_key(public_key_of(secrets.private_key())) == public_key
    except CredentialsProblem:
        fits = False
    if not fits:
        missing.append("private_key")
    if password:
        try:
            secrets.password()
        except CredentialsProblem:
            missing.append("password")
        except SettingsProblem:  # the password is there, and the certificates that it is bound to are not
            pass
    return missing
