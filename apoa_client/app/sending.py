"""One delivery run of a property, with what its settings say and what they learn from it."""

import logging
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apoa_client.app.container import Container
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions, TimeLeft
from apoa_client.delivery.sync import deliver
from apoa_client.errors import CredentialsProblem, NotNow, SettingsProblem
from apoa_client.ports.authority import Authority, Meta
from apoa_client.ports.run import Interruptions, Progress

if TYPE_CHECKING:
    from apoa_client.authority.limits import Timeouts
    from apoa_client.report.model import Document

_log = logging.getLogger(__name__)


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
        from apoa_client.report.guest_hash import guest_hash  # start-up: rarely needed

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
