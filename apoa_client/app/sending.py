"""One delivery run of a property, with what its settings say and what they learn from it; then its code tables."""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from apoa_client.app.code_tables import KeptTables
from apoa_client.app.container import Container
from apoa_client.authority.address import Timeouts
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions, TimeLeft
from apoa_client.delivery.plan import is_ahead
from apoa_client.delivery.single_call import SingleCalls
from apoa_client.delivery.sync import deliver
from apoa_client.errors import ApoaError, CredentialsProblem, NotNow, NotTheAuthority, SettingsProblem
from apoa_client.ports.authority import Authority, Meta
from apoa_client.ports.run import Interruptions, Progress
from apoa_client.report.codes import TABLES, CodeTable

if TYPE_CHECKING:
    from apoa_client.authority.address import Timeouts
    from apoa_client.report.model import Document

_log = logging.getLogger(__name__)

_EVERY = timedelta(days=1)
_AFTER_FAILURE = timedelta(hours=1)
_CALL_S, _ALL_CALLS_S = 5.0, 15.0
"""How long one call may take, and all of them."""


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
    if outcome.error is not None and app.kept is not None:
        app.kept.forget()
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
        if not app.settings.uses_sandbox:
            app.secrets.password()  # asked for now, and not while reports are claimed
        return app.connect(timeouts, time_left)

    if timeouts is not None:
        app.guest_waits = True
    # The jitter is not secret: it spreads the load of many properties.
    jitter = random.random
    parts = (app.outbox, connect, app.clock, jitter, progress, interruptions, app.known_version)
    return Dependencies(*parts, overlap=True, kept=app.kept)


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
    if app.settings.by_hand or app.settings.uses_sandbox:
        return
    kept, now = app.code_file.read(), app.clock.now().astimezone(UTC)
    due = [name for name in TABLES if not is_ahead(kept.ask_after.get(name), now, _EVERY)]
    if outcome.authority is not None:
        due = due[:1]
    if not due:
        return
    fetched = _fetch(app, outcome.authority, kept.tables, due)
    tables = {name: table for name, table in {**kept.tables, **fetched}.items() if table is not None}
    times = {name: now + (_EVERY if name in fetched else _AFTER_FAILURE) for name in due}
    try:
        app.code_file.write(KeptTables(tables, {**kept.ask_after, **times}))
    except OSError as exc:
        _log.debug("code tables not written: %s", type(exc).__name__)


def _fetch(
    app: Container, connected: Authority | None, kept: Mapping[str, CodeTable], names: Sequence[str]
) -> dict[str, CodeTable | None]:
    """Return the tables about which the authority answered; None for one that it does not have."""
    connect = _connector(app) if connected is None else lambda: connected
    calls = SingleCalls(app.outbox, connect, app.clock, app.settings.fingerprint)
    found: dict[str, CodeTable | None] = {}
    for name in names:
        try:
            found[name] = calls.code_table(name, kept.get(name))
        except NotTheAuthority as exc:  # perhaps this table alone breaks the contract
            _log.debug("code table %s: %s", name, exc.name)
        except ApoaError as exc:
            _log.debug("code table %s: %s", name, exc.name)
            break
    return found


def _connector(app: Container) -> Callable[[], Authority]:
    """Return what connects at its first call. No person is asked for the password."""
    ends_at = app.clock.monotonic() + _ALL_CALLS_S

    @cache
    def connect() -> Authority:
        secrets = app.secrets_of(app.settings, prompt=False)
        timeouts = Timeouts(_CALL_S, _CALL_S, _CALL_S)
        return app.authorities.connect(
            app.settings, secrets.password, timeouts, lambda: ends_at - app.clock.monotonic()
        )

    return connect
