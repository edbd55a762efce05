"""Checks of the secrets: the keyring or key file, the private key, the recovery code. No secret is in a result."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from apoa_client.doctor.results import Finding, failed, failed_with, ok, skipped, warning
from apoa_client.errors import CredentialsProblem, Erased, Exit, NotAuthentic
from apoa_client.messages import msg
from apoa_client.outbox.interface import Outbox
from apoa_client.ports.entries import Selection
from apoa_client.ports.state import Summary
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.sealing import encode_key, public_key_of
from apoa_client.vault.sources import PropertySecrets

_RECOVER = msg("Restore it with: apoa key recover")
_RECENT = timedelta(days=30)
"""A report of this time was sealed to the present key, or sealed again to it."""


def check_store(secrets: PropertySecrets, *, needs_password: bool) -> Finding:
    """Find out where the secrets are, and whether they can be read now. No person is asked to unlock anything."""
    places = [secrets.private_key_from_environment(), secrets.password_from_environment() if needs_password else "-"]
    if all(places):
        given = ", ".join(dict.fromkeys(place for place in places if place and place != "-"))
        return ok(msg("The environment gives the secrets: {store}", store=given))
    return ok(msg("It can be read: {store}", store=secrets.describe_store()))


def check_private_key(
    secrets: PropertySecrets, settings: PropertySettings, outbox: Outbox | None, now: datetime
) -> Finding:
    """Check that the private key belongs to the public key of the settings, and opens a report.

    `outbox` is None if it cannot be opened.
    """
    private_key = secrets.private_key()
    if encode_key(public_key_of(private_key)) != settings.public_key.strip():
        return failed(
            msg("The private key does not belong to the public key in the settings."),
            _RECOVER,
            Exit.CREDENTIALS,
        )
    if secrets.private_key_from_environment() is None and secrets.keys.next() is not None:
        return warning(msg("A change of the key was broken off."), msg("Finish it with: apoa key rotate"))
    if outbox is None:
        return ok(msg("It belongs to the settings."))
    try:
        opened = _opens_a_report(outbox, now - _RECENT)
    except NotAuthentic:  # the key opened it; what was changed is a check of its own
        opened = True
    return ok(
        msg("It opens the saved reports.")
        if opened
        else msg("It belongs to the settings. There is no new report to try it with.")
    )


def _opens_a_report(outbox: Outbox, since: datetime) -> bool:
    """Open one report that is open or was saved since then. Returns False if there is none. Raises as opening does."""
    readable = (entry for entry in outbox.entries(Selection(since=since)) if entry.erased_at is None)
    newest = next(readable, None)
    if newest is None:
        return False
    with suppress(Erased):  # by another process, at this moment
        outbox.content(newest)
    return True


def check_recovery_code(settings: PropertySettings, summary: Summary) -> Finding:
    """Check that the recovery code is on paper: a person has typed it back."""
    confirmed = settings.is_code_confirmed(summary.code_confirmed_for)
    if confirmed is None:
        return skipped(msg("For training no recovery code is needed."))
    if confirmed:
        return ok(msg("It was typed back, so it is on paper."))
    return warning(
        msg("It is not confirmed: if this computer breaks, nothing else opens the saved reports."),
        msg("Type it back from the paper: apoa key recover. If there is no paper, make a new code: apoa key rotate"),
    )


def check_password(password: Callable[[], str]) -> Finding:
    """Check that a password is there, and was given for these settings. It is not sent."""
    try:
        password()
    except CredentialsProblem as exc:
        return failed_with(exc)
    return ok(msg("It is stored, and it was given for these settings."))
