"""The token and the limits of the authority, kept from one command to the next: then a report costs one call.

They are encrypted and authenticated with a key that is derived from the private key, and hold for the same address,
username and password. The wall clock says how old they are: where it jumps, the authority refuses the token.
"""

import json
from contextlib import suppress
from datetime import datetime

from apoa_client.app.container import Container
from apoa_client.errors import CredentialsProblem
from apoa_client.outbox.sql.metadata import SESSION
from apoa_client.ports.authority import KeptAnswers, Meta
from apoa_client.vault.sealing import Purpose, decrypt, encrypt, mac, mac_key

_LONGEST_S = 24 * 3600.0
"""No token is believed for longer."""


def recall(app: Container, kept: KeptAnswers) -> None:
    """Fill `kept` with what an earlier command left, if it is still valid."""
    stored = app.outbox.value(SESSION)
    if stored is None or kept.token is not None:
        return
    with suppress(CredentialsProblem, ValueError, TypeError, KeyError):
        value = json.loads(decrypt(bytes.fromhex(stored), _key(app)) or b"null")
        if value["basis"] != _basis(app):
            return
        now, moment = app.clock.monotonic(), app.clock.now().timestamp()
        token_left, meta_left = (value[name] - moment for name in ("token_until", "meta_until"))
        if 0 < token_left <= _LONGEST_S:
            meta = Meta(**{**value["meta"], "server_time": datetime.fromisoformat(value["meta"]["server_time"])})
            kept.token, kept.token_until = value["token"], now + token_left
            kept.meta, kept.meta_until = meta, now + min(meta_left, token_left)
            kept.stored = kept.token, meta


def keep(app: Container, kept: KeptAnswers) -> None:
    """Store what `kept` has for later commands, or remove what they would find."""
    if kept.token is None or kept.meta is None:
        if app.outbox.value(SESSION) is not None:
            app.outbox.record(SESSION, None)
        return
    if kept.stored == (kept.token, kept.meta):
        return
    ahead = app.clock.now().timestamp() - app.clock.monotonic()
    value = {
        "basis": _basis(app),
        "token": kept.token,
        "token_until": kept.token_until + ahead,
        "meta": {**kept.meta._asdict(), "server_time": kept.meta.server_time.isoformat()},
        "meta_until": kept.meta_until + ahead,
    }
    with suppress(CredentialsProblem):
        app.outbox.record(SESSION, encrypt(json.dumps(value).encode(), _key(app)).hex())
        kept.stored = kept.token, kept.meta


def _key(app: Container) -> bytes:
    return mac_key(app.secrets.private_key(), Purpose.SESSION)


def _basis(app: Container) -> str:
    """Return a code over what the token was given for."""
    return mac(_key(app), app.settings.fingerprint.encode(), app.secrets.password().encode()).hex()
