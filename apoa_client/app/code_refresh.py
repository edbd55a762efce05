"""Fetches the code tables of a property's authority, at most daily."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from functools import cache

from apoa_client.app.code_tables import KeptTables
from apoa_client.app.container import Container
from apoa_client.authority.limits import Timeouts
from apoa_client.delivery.plan import is_ahead
from apoa_client.delivery.single_call import code_table
from apoa_client.errors import ApoaError, NotTheAuthority
from apoa_client.ports.authority import Authority
from apoa_client.report.codes import TABLES, CodeTable

_log = logging.getLogger(__name__)

_EVERY = timedelta(days=1)
_AFTER_FAILURE = timedelta(hours=1)
_CALL_S, _ALL_CALLS_S = 5.0, 15.0
"""How long one call may take, and all of them."""


def refresh_code_tables(app: Container) -> None:
    """Fetch the tables if a day is over since the last time. Raises nothing: a later run tries again.

    The built-in training authority has the built-in lists, so it is not asked.
    """
    if app.settings.by_hand or app.settings.uses_sandbox:
        return
    kept, now = app.code_file.read(), app.clock.now().astimezone(UTC)
    if is_ahead(kept.ask_after, now, _EVERY):
        return
    tables, complete = _fetch(app, kept.tables)
    try:
        app.code_file.write(KeptTables(tables, now + (_EVERY if complete else _AFTER_FAILURE)))
    except OSError as exc:
        _log.debug("code tables not written: %s", type(exc).__name__)


def _fetch(app: Container, kept: Mapping[str, CodeTable]) -> tuple[dict[str, CodeTable], bool]:
    """Return the tables of now, and whether the authority answered about each of them."""
    connect, found, complete = _connector(app), dict(kept), True
    for name in TABLES:
        try:
            table = code_table(app.outbox, connect, app.clock, app.settings.fingerprint, name, kept.get(name))
        except ApoaError as exc:
            _log.debug("code table %s: %s", name, exc.name)
            complete = False
            if not isinstance(exc, NotTheAuthority):  # otherwise perhaps this table alone breaks the contract
                break
        else:
            found.pop(name, None)
            if table is not None:
                found[name] = table
    return found, complete


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
