"""The token and the limits of the authority, kept from one command to the next: then a report costs one call.

They are encrypted and authenticated with a key that is derived from the private key, the address, the username and the
password. The wall clock says how old they are. After it was set back they are not believed: only an answer of `/meta`
shows that it is wrong.
"""

import json
from contextlib import suppress
from datetime import datetime

from apoa_client.app.container import Container
from apoa_client.errors import CredentialsProblem
from apoa_client.outbox.sql.metadata import SESSION
from apoa_client.ports.authority import META_VALID_S, KeptAnswers, Meta
from apoa_client.vault.sealing import Purpose, decrypt, encrypt, mac, mac_key

_ROUNDING_S = 1


def recall(app: Container, kept: KeptAnswers) -> None:
    """Fill `kept` with what an earlier command left, if the token is still valid."""
    stored = app.outbox.value(SESSION)
    if stored is None or kept.token is not None:
        return
    with suppress(CredentialsProblem, ValueError, TypeError, KeyError):
        value = json.loads(decrypt(bytes.fromhex(stored), _key(app)) or b"null")
        now = app.clock.monotonic()
        ahead = app.clock.now().timestamp() - now
        token_until, meta_until = value["token_until"] - ahead, value["meta_until"] - ahead
        if now < token_until and meta_until < now + META_VALID_S + _ROUNDING_S:
            server_time = datetime.fromisoformat(value["meta"]["server_time"])
            kept.meta, kept.meta_until = Meta(**{**value["meta"], "server_time": server_time}), meta_until
            kept.token, kept.token_until = value["token"], token_until
            kept.stored = kept.token, kept.meta


def keep(app: Container, kept: KeptAnswers) -> None:
    """Store what `kept` has for later commands, or remove what they would find.

    Raises `StorageProblem`, and `CredentialsProblem` without the private key.
    """
    if kept.token is None or kept.meta is None:
        if app.outbox.value(SESSION) is not None:
            app.outbox.record(SESSION, None)
    elif kept.stored != (kept.token, kept.meta):
        ahead = app.clock.now().timestamp() - app.clock.monotonic()
        meta = {**kept.meta._asdict(), "server_time": kept.meta.server_time.isoformat()}
        value = {"token": kept.token, "token_until": kept.token_until + ahead}
        content = json.dumps({**value, "meta": meta, "meta_until": kept.meta_until + ahead}).encode()
        app.outbox.record(SESSION, encrypt(content, _key(app)).hex())
        kept.stored = kept.token, kept.meta


def _key(app: Container) -> bytes:
    key = mac_key(app.secrets.private_key(), Purpose.SESSION)
    return mac(key, app.settings.fingerprint.encode(), app.secrets.password().encode())
