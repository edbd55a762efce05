"""What another program changed in the outbox, and what a check of it returns."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import ApoaError, CredentialsProblem, NotAuthentic
from apoa_client.messages import msg
from apoa_client.report.kinds import short_id

if TYPE_CHECKING:
    from apoa_client.ports.run import OutboxVersion

_OTHER_KEY = msg(
    "If the key was changed on another computer: apoa key export FILE there, and apoa key import FILE here. Otherwise "
    "a person or a program other than apoa-client changed the database: tell your IT admin. If all reports open with "
    "the key of this computer, apoa log --accept names that again."
)
_NEW_KEY = msg("The key was changed on another computer: apoa key export FILE there, and apoa key import FILE here.")


class DoubtKind(StrEnum):
    """What is wrong with a report, or with the outbox as a whole."""

    STATE = "state"
    """The report is not what was written last: its content, state, receipt or times, or its code was removed."""
    MISSING = "missing"
    """The report is in the audit trail and nowhere else."""
    NUMBERS = "numbers"
    """Reports were removed, or put back as they were before, and it is not known which."""
    OLDER_COPY = "older_copy"
    """The whole file is an older copy of itself."""
    KEY = "key"
    """The outbox names a public key whose private key is not one of this property's."""
    UNCHECKED = "unchecked"
    """As `KEY`, or a key rotation was interrupted: without the private key it is not known which."""
    SENDING = "sending"
    """Whether reports are sent, or when, is not what was written last."""


class Doubt(NamedTuple):
    """Something in the outbox that this program did not write. `report` is an id, or empty for the whole outbox."""

    kind: DoubtKind
    report: str = ""

    def error(self, *, certain: bool = False) -> ApoaError:
        """Return the error that says so: `NotAuthentic`, or `CredentialsProblem` for what could not be checked.

        `certain` says that the key was really changed on another computer.
        """
        if self.kind is DoubtKind.UNCHECKED:
            return CredentialsProblem(
                msg("The outbox names another key than the settings, and the reports could not be checked."),
                msg("The private key is not at hand. Unlock the keyring, then check them with: apoa log --verify"),
                name="key_needed",
            )
        texts = {
            DoubtKind.STATE: msg("Report {id} is not as apoa-client here wrote it.", id=self._id),
            DoubtKind.MISSING: msg("Report {id} was removed from the database.", id=self._id),
            DoubtKind.NUMBERS: msg("Reports were removed from the database, or put back as they were before."),
            DoubtKind.OLDER_COPY: msg("The database file is an older copy: what was recorded after it is not in it."),
            DoubtKind.KEY: msg("The outbox names a key that this computer does not have. Nothing is checked or sent."),
            DoubtKind.SENDING: msg("Whether reports are sent, or the time to wait for, was changed in the database."),
        }
        advice = {
            DoubtKind.KEY: _NEW_KEY if certain else _OTHER_KEY,
            DoubtKind.STATE: msg(
                "It is not sent and counts for nothing. Compare it with your paper: apoa show ID. If it is right: apoa "
                "log --accept ID. If not, report the guest again."
            ),
        }
        return NotAuthentic(texts[self.kind], advice.get(self.kind))

    @property
    def _id(self) -> str:
        return short_id(self.report)


class Authentication(NamedTuple):
    """The result of checking the outbox before and after a delivery."""

    doubts: Sequence[Doubt] = ()
    """What needs a person: it is kept as it is, and found again by the next check."""
    version: "OutboxVersion | None" = None
    """What the vault is to know of the outbox. None without the key, or in doubt about the outbox as a whole."""
    unchecked: bool = False
    """Whether the private key was not at hand: these are the doubts of the last check."""
