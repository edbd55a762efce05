"""Fetches the code tables of a property's authority, at most daily."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta
from functools import cache

from apoa_client.app.code_tables import KeptTables
from apoa_client.app.container import Container
from apoa_client.authority.limits import Timeouts
from apoa_client.delivery.options import Outcome
from apoa_client.delivery.plan import is_ahead
from apoa_client.delivery.single_call import SingleCalls
from apoa_client.errors import ApoaError, NotTheAuthority
from apoa_client.ports.authority import Authority
from apoa_client.report.codes import TABLES, CodeTable

_log = logging.getLogger(__name__)

_EVERY = timedelta(days=1)
_AFTER_FAILURE = timedelta(hours=1)
_CALL_S, _ALL_CALLS_S = 5.0, 15.0
"""How long one call may take, and all of them."""


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
