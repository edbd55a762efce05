"""One delivery run of a property, with what its settings say and what they learn from it; then its code tables.

The token and the limits of the authority are kept from one command to the next: then a report costs one call. They are
encrypted and authenticated with a key that is derived from the private key, the address, the username and the password.
The wall clock says how old they are. After it was set back they are not believed: only an answer of `/meta` shows that
it is wrong.
"""

import json
import logging
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from apoa_client.app.code_tables import KeptTables
from apoa_client.app.container import Container
from apoa_client.authority.address import Timeouts
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions, TimeLeft
from apoa_client.delivery.plan import is_ahead
from apoa_client.delivery.sync import deliver
from apoa_client.errors import ApoaError, CredentialsProblem, NotNow, NotTheAuthority, SettingsProblem, StorageProblem
from apoa_client.outbox.sql.metadata import SESSION
from apoa_client.ports.authority import META_VALID_S, Authority, KeptAnswers, Meta
from apoa_client.ports.run import Interruptions, Progress
from apoa_client.report.codes import TABLES
from apoa_client.vault.sealing import Purpose, decrypt, encrypt, mac, mac_key

if TYPE_CHECKING:
    from apoa_client.authority.address import Timeouts
    from apoa_client.report.model import Document

_log = logging.getLogger(__name__)

_EVERY = timedelta(days=1)
_AFTER_FAILURE = timedelta(hours=1)
_ALL_CALLS_S = 10.0
"""How long the calls for the tables may take together."""
_ROUNDING_S = 1


def send(
    app: Container,
    progress: Progress,
    interruptions: Interruptions,
    timeouts: "Timeouts | None" = None,
    **choices: Any,  # noqa: ANN401  the fields of `RunOptions`
) -> Outcome:
    """Deliver what waits, as `deliver` describes. `choices` are fields of `RunOptions`.

    A property that was set up without a connection learns here which authority it has.
    """
    options = RunOptions(app.settings.fingerprint, app.settings.identity, **choices)
    outcome = deliver(delivery_dependencies(app, progress, interruptions, timeouts), options)
    if outcome.meta is not None and not app.settings.property_id and outcome.error is None:
        _save_identity(app, outcome.meta)
    if app.kept is not None and (outcome.authority is not None or outcome.error is not None):
        if outcome.error is not None or outcome.clock_skew is not None:  # the next run says it again
            app.kept.forget()
        with suppress(CredentialsProblem, StorageProblem):  # the reports are sent, which the caller has to know
            keep(app, app.kept)
    if timeouts is None:  # otherwise a guest is waiting
        with suppress(CredentialsProblem):  # a later run does it
            complete_guest_tags(app)
    return outcome


def delivery_dependencies(
    app: Container, progress: Progress, interruptions: Interruptions, timeouts: "Timeouts | None" = None
) -> Dependencies:
    """Return what one delivery run works with.

    `timeouts` are given if a guest is waiting; then the time-out of the keyring is short, too.
    """

    def connect(time_left: TimeLeft) -> Authority:
        if app.settings.uses_sandbox:
            return app.connect(timeouts, time_left)
        app.secrets.password()  # asked for now, and not while reports are claimed
        authority = app.connect(timeouts, time_left)
        if app.kept is not None:
            recall(app, app.kept)
        return authority

    if timeouts is not None:
        app.guest_waits = True
    app.kept = app.kept or KeptAnswers()
    # The jitter is not secret: it spreads the load of many properties.
    jitter = random.random
    parts = (app.outbox, connect, app.clock, jitter, progress, interruptions, app.known_version)
    return Dependencies(*parts, kept=app.kept)


def complete_guest_tags(app: Container) -> None:
    """Store the guest hashes that restored reports lack. Raises `CredentialsProblem` without the private key."""
    key = bytes.fromhex(app.settings.index_key)

    def hash_of(document: "Document") -> int:
        from apoa_client.desk.ids import guest_hash  # start-up: rarely needed

        return guest_hash(key, document)

    if key:
        app.outbox.complete_guest_tags(hash_of)


def _save_identity(app: Container, meta: Meta) -> None:
    settings = app.settings.with_meta(meta)
    try:
        app.save_settings(settings, app.settings)
    except (SettingsProblem, NotNow) as exc:  # the reports are delivered all the same, and the next run tries again
        _log.warning("the authority's identity was not saved: %s", exc.name)
    else:
        app.settings = settings  # the next run of this process compares the authority with it


def refresh_code_tables(app: Container, outcome: Outcome) -> None:
    """Fetch the tables that were not fetched for a day. Raises nothing: a later run tries again.

    After a run that sent reports, which a person may watch, only one is fetched, over its connection. The built-in
    training authority has the built-in lists, so it is not asked.
    """
    kept, now = app.code_file.read(), app.clock.now().astimezone(UTC)
    due = [name for name in TABLES if not is_ahead(kept.ask_after.get(name), now, _EVERY)]
    due = due if outcome.authority is None else due[:1]
    if not due or app.settings.by_hand or app.settings.uses_sandbox:
        return
    calls, connected = app.calls(_ALL_CALLS_S, prompt=False), outcome.authority
    calls = calls if connected is None else calls._replace(connect=lambda: connected)
    tables, times = dict(kept.tables), {**kept.ask_after, **dict.fromkeys(due, now + _AFTER_FAILURE)}
    for name in due:
        try:
            table = calls.code_table(name, tables.get(name))
        except ApoaError as exc:
            _log.debug("code table %s: %s", name, exc.name)
            if not isinstance(exc, NotTheAuthority):  # that table alone may break the contract
                break
        else:
            times[name] = now + _EVERY
            if table is None:  # the authority has no such table
                tables.pop(name, None)
            else:
                tables[name] = table
    try:
        app.code_file.write(KeptTables(tables, times))
    except OSError as exc:
        _log.debug("code tables not written: %s", type(exc).__name__)


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
