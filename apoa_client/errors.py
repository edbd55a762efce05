"""The errors that a user can cause, each with its exit code, a message and advice.

Every such error is an `ApoaError`. Its text contains no personal data, because it may reach a log. One handler, in
`apoa_client.cli.main`, catches it. Nothing else decides an exit code.
"""

from collections.abc import Iterable
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


_BY_SEVERITY = (
    *(Exit.BUG, Exit.USAGE, Exit.SETTINGS, Exit.CREDENTIALS, Exit.AUTHORITY_REFUSES, Exit.DATA_REFUSED),
    *(Exit.NOT_NOW, Exit.DONE),
)
"""The exit codes, the worst first: a user must act on all but the last two."""


def worst_exit(codes: Iterable[int]) -> Exit:
    """Return the exit code of work in several parts, each of which has one: the worst, or `DONE` for no part."""
    return min(map(Exit, codes), key=_BY_SEVERITY.index, default=Exit.DONE)


class ApoaError(Exception):
    """An error that a user can cause: `message` says what happened, `advice` what to do."""

    name = "apoa_error"
    """The identifier in JSON, in the outbox and in logs: each class declares one. Scripts rely on it: it never changes.

    An error that no code catches by its class is raised as one of the classes below with a `name` of its own.
    """
    exit_code: ClassVar[Exit] = Exit.BUG
    advice: Message | None = None
    shown = False
    """Whether the user has seen it already: the end of the command does not show it again."""

    def __init__(self, message: Message, advice: Message | None = None, *, name: str = "") -> None:
        super().__init__(message.template)
        self.message = message
        if advice is not None:
            self.advice = advice
        if name:
            self.name = name


# Input.


class UsageProblem(ApoaError):
    """The command cannot run with these arguments."""

    name = "usage_problem"
    exit_code = Exit.USAGE


class DataRefused(ApoaError):
    """The data must be corrected before anything is saved or sent."""

    name = "data_refused"
    exit_code = Exit.DATA_REFUSED


class Erased(DataRefused):
    """The guest's data were erased permanently; the receipt is kept."""

    name = "erased"


# The computer.


class SettingsProblem(ApoaError):
    """The settings or this computer's configuration do not allow the operation."""

    name = "settings_problem"
    exit_code = Exit.SETTINGS


class StorageProblem(SettingsProblem):
    """A file of this program cannot be read or written. It is never recreated silently."""

    name = "storage_problem"


def install_advice(extra: str) -> Message:
    """Return how to install one of the package's extras into this installation."""
    from apoa_client.installation import install_command  # rarely needed

    command = install_command(extra)
    if not command:
        return msg(
            "This copy of the program has no such part. Install apoa-client with Python, or get a complete copy."
        )
    return msg("This installs what is missing: {command}", command=command)


def file_unreadable(path: str, exc: OSError, kind: type[ApoaError], name: str = "") -> ApoaError:
    """Return the error of this kind for a file or folder that cannot be read."""
    return kind(
        msg("{file} cannot be read ({error}).", file=path, error=type(exc).__name__),
        msg("Check the path, and that this user may read the file."),
        name=name,
    )


def file_in_use(path: str, kind: type[ApoaError] = StorageProblem) -> ApoaError:
    """Return the error of this kind for a file that another program has open, or that this user may not use."""
    return kind(
        msg("The file {path} cannot be opened or replaced: another program has it open.", path=path),
        msg(
            "It may be an editor, Excel, a virus scanner, a backup, or a program that synchronises folders, such as "
            "OneDrive. Close it or wait a minute, then try again. If it stays so, ask your IT admin whether this user "
            "may change the file."
        ),
        name="file_in_use",
    )


class CredentialsProblem(ApoaError):
    """A secret is missing, cannot be read, or was refused."""

    name = "credentials_problem"
    exit_code = Exit.CREDENTIALS


class SecretMissing(CredentialsProblem):
    """No source has the secret."""

    name = "secret_missing"


class OutboxDamaged(StorageProblem):
    """The outbox's file is not an outbox, or its content is not valid."""

    name = "outbox_damaged"
    advice: Message | None = msg(
        "Nothing was changed or recreated. Keep the file, and ask your IT admin: apoa doctor shows what is wrong, and "
        "the reports can be restored from a backup."
    )


class SealBroken(StorageProblem):
    """A sealed record was changed, exchanged with another one, or sealed to another key."""

    name = "seal_broken"
    advice: Message | None = msg(
        "It was not sent and not deleted. Ask your IT admin: either the database file was changed, or this computer "
        "has another private key than the one that the report was sealed for. If that key is nowhere, cancel the "
        "report with apoa cancel, and report the guest again."
    )


class NotAuthentic(SealBroken):
    """A report or the audit trail is not as this program wrote it, although it can be read."""

    name = "not_authentic"
    advice: Message | None = msg(
        "A person or a program other than apoa-client changed the database file. Tell your IT admin: apoa log --verify "
        "shows every report, and after a change that is known, apoa log --accept takes them as they are."
    )


# The authority and the connection to it. `ports.Authority` raises these.


class NotNow(ApoaError):
    """A temporary failure. The reports stay in the queue and are sent later."""

    name = "not_now"
    exit_code = Exit.NOT_NOW
    advice: Message | None = msg(
        "Nothing is lost. The reports stay in the queue; send them again later with: apoa sync"
    )

    def __init__(
        self, message: Message, advice: Message | None = None, *, name: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(message, advice, name=name)
        self.retry_after = retry_after
        """Seconds to wait, as the server asked; or None."""


class Offline(NotNow):
    """The authority cannot be reached: name lookup, connection or TLS handshake failed."""

    name = "offline"


class NotTheAuthority(NotNow):
    """Another server answered: a captive portal, a redirect, or an answer that is not in the contract."""

    name = "not_the_authority"


class UnknownOutcome(NotNow):
    """The request was sent but there was no usable answer. Sending the same ids again is safe."""

    name = "unknown_outcome"


class UnreadableAnswer(UnknownOutcome):
    """The authority answered, and what it said about a report does not follow the contract."""

    name = "unreadable_answer"
    advice: Message | None = msg(
        "The report stays in the queue, and the others are sent without it. Each apoa sync asks about it again. If it "
        "stays so, tell the authority the report's ID."
    )


class ReportMoved(NotNow):
    """A report that was to be changed or cancelled is being sent, or was sent, since it was read."""

    name = "report_moved"
    advice: Message | None = msg("Nothing was changed. Look at it with apoa show, then try again.")


class TimedOut(UnknownOutcome):
    """There was no answer in time. A smaller batch may succeed."""

    name = "timed_out"


class AuthorityBusy(NotNow):
    """The authority asks for a later request (429, or 503 with Retry-After)."""

    name = "authority_busy"


class TooLarge(NotNow):
    """The authority refuses the batch for its size (413). A smaller one may succeed."""

    name = "too_large"


class AuthorityRefuses(ApoaError):
    """The authority refuses the request."""

    name = "authority_refuses"
    exit_code = Exit.AUTHORITY_REFUSES


class CallRefused(AuthorityRefuses):
    """The authority calls the request invalid (400): a bug here, or another version of the contract."""

    name = "call_refused"
    advice: Message | None = msg(
        "The reports stay in the queue. Please send this message to the maintainers of apoa-client."
    )


class AccountSuspended(AuthorityRefuses):
    """The account is suspended or belongs to another property (403). Sending stops until the next log-in."""

    name = "account_suspended"
    advice: Message | None = msg("Sending has stopped. Ask the authority why, then start again with: apoa login")


class WrongPassword(CredentialsProblem):
    """The authority refuses the username and password (401). Sending stops until the next log-in."""

    name = "wrong_password"
    advice: Message | None = msg(
        "Sending has stopped, so that the account is not locked. Give the right password with: apoa login"
    )


class UntrustedCertificate(SettingsProblem):
    """The authority's TLS certificate is not signed by an issuer that this computer trusts."""

    name = "untrusted_certificate"
