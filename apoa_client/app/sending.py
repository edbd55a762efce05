"""One delivery run of a property, with what its settings say and what they learn from it."""

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apoa_client.app.container import Container
from apoa_client.delivery.options import Outcome
from apoa_client.delivery.sync import deliver
from apoa_client.errors import CredentialsProblem, SettingsProblem
from apoa_client.ports import Interruptions, Meta, Progress

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
    outcome = deliver(app.delivery_dependencies(progress, interruptions, timeouts), app.run_options(**choices))
    if outcome.meta is not None and not app.settings.property_id and outcome.error is None:
        _save_identity(app, outcome.meta)
    if timeouts is None:  # otherwise a guest is waiting
        with suppress(CredentialsProblem):  # a later run does it
            complete_guest_tags(app)
    return outcome


def complete_guest_tags(app: Container) -> None:
    """Store the guest hashes that restored reports lack. Raises `CredentialsProblem` without the private key."""
    key = bytes.fromhex(app.settings.index_key)

    def hash_of(document: "Document") -> int:
        from apoa_client.report.guest_hash import guest_hash  # start-up: rarely needed

        return guest_hash(key, document)

    if key:
        app.outbox.complete_guest_tags(hash_of)


def _save_identity(app: Container, meta: Meta) -> None:
    from apoa_client.settings.writer import save

    try:
        # Read again: a key rotation may have ended while this process ran.
        settings = app.saved_settings(app.settings).with_meta(meta)
        save(app.folders.config, settings)
    except SettingsProblem as exc:  # the reports are delivered all the same, and the next run tries again
        _log.warning("the authority's identity was not saved: %s", exc.name)
    else:
        app.settings = settings  # the next run of this process compares the authority with it
