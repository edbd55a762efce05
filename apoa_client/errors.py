"""What can go wrong, for whom, and what to do about it.

Every error that a user can cause is an `ApoaError`. It owns its exit code, says what happened and what to do, and
carries no personal data: its text may reach a log. One handler, in `apoa_client.cli.main`, catches it. Nothing else
decides an exit code.
"""

from enum import IntEnum
from typing import ClassVar

from apoa_client.messages import Message, msg


class Exit(IntEnum):
    """Exit codes of every command, after ``sysexits.h``."""

    DONE = 0
    BUG = 1
    USAGE = 2
    DATA_REFUSED = 65
    AUTHORITY_REFUSES = 69
    NOT_NOW = 75
    CREDENTIALS = 77
    SETTINGS = 78


class ApoaError(Exception):
    """Something a user can cause: what happened (`message`), and what to do (`advice`)."""

    exit_code: ClassVar[Exit] = Exit.BUG
    advice: Message | None = None

    def __init__(self, message: Message, advice: Message | None = None, *, name: str = "") -> None:
        super().__init__(message.template)
        self.message = message
        if advice is not None:
            self.advice = advice
        self._name = name

    @property
    def name(self) -> str:
        """The identifier in JSON, in the outbox and in logs: the `name` given, or the class name in snake case.

        Scripts rely on it, so it never changes. An error that no code catches by its class is raised as one of the
        classes below with a `name` of its own.
        """
        snake_case = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__).lstrip("_")
        return self._name or snake_case


# What the staff give us.


class UsageProblem(ApoaError):
    """A command that cannot be carried out as it was given."""

    exit_code = Exit.USAGE


class DataRefused(ApoaError):
    """Data that must be mended before anything is saved or sent."""

    exit_code = Exit.DATA_REFUSED


class Erased(DataRefused):
    """The guest's data were erased for good; the proof that they were reported is kept."""


# What the machine is like.


class SettingsProblem(ApoaError):
    """The settings, or the machine as it is set up, do not allow it."""

    exit_code = Exit.SETTINGS


class StorageProblem(SettingsProblem):
    """A file of ours cannot be read or written. Nothing is recreated silently."""


class CredentialsProblem(ApoaError):
    """A secret is missing, locked away, or refused."""

    exit_code = Exit.CREDENTIALS


class SecretMissing(CredentialsProblem):
    """No source holds the secret that is needed."""


class SealBroken(StorageProblem):
    """A sealed record was changed, swapped, or sealed to another key."""

    advice: Message | None = msg(
        "It was not sent and not deleted. Ask your IT admin: either the database file was changed, or this computer "
        "has another private key than the one that the report was sealed for."
    )


# What the authority, or the line to it, does. `delivery` sees these through `ports.Authority`.


class NotNow(ApoaError):
    """It did not work this time. What waits stays queued, and goes again later."""

    exit_code = Exit.NOT_NOW
    advice: Message | None = msg(
        "Nothing is lost. The reports stay in the queue; send them again later with: apoa sync"
    )

    def __init__(
        self, message: Message, advice: Message | None = None, *, name: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(message, advice, name=name)
        self.retry_after = retry_after
        """Seconds that the server asked us to wait, or None."""


class Offline(NotNow):
    """No line to the authority: name lookup, connection or TLS handshake failed."""


class NotTheAuthority(NotNow):
    """Something else answered: a captive portal, a redirect, or an answer that is none of the contract."""


class UnknownOutcome(NotNow):
    """The request went out and no usable answer came back: the same ids go again, which is safe."""


class ReportMoved(NotNow):
    """A report that was to be changed or taken back is on its way, or arrived, since somebody looked at it."""

    advice: Message | None = msg("Nothing was changed. Look at it with apoa show, then try again.")


class TimedOut(UnknownOutcome):
    """No answer in time; a smaller batch may do."""


class AuthorityBusy(NotNow):
    """The authority asks us to come back later (429, or 503 with Retry-After)."""


class TooLarge(NotNow):
    """The authority refuses the batch for its size (413); a smaller one may do."""


class AuthorityRefuses(ApoaError):
    """The authority refuses service."""

    exit_code = Exit.AUTHORITY_REFUSES


class CallRefused(AuthorityRefuses):
    """The authority calls our request wrong (400): a bug of ours, or another version of the contract."""

    advice: Message | None = msg(
        "The reports stay in the queue. Please send this message to whoever maintains apoa-client."
    )


class AccountSuspended(AuthorityRefuses):
    """The account is suspended, or is not this property's (403). Sending stops until someone logs in again."""

    advice: Message | None = msg("Sending has stopped. Ask the authority why, then start again with: apoa login")


class WrongPassword(CredentialsProblem):
    """The authority does not know this username and password (401). Sending stops until someone logs in again."""

    advice: Message | None = msg(
        "Sending has stopped, so that the account is not locked. Give the right password with: apoa login"
    )


class UntrustedCertificate(SettingsProblem):
    """The authority's TLS certificate is signed by nobody whom this computer trusts."""
