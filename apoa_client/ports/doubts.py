"""What another program changed in the outbox, and what a check of it returns."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from apoa_client.errors import ApoaError, CredentialsProblem, NotAuthentic
from apoa_client.messages import msg
from apoa_client.report.kinds import short_id

_OTHER_KEY = msg(
    "If the key was changed on another computer: apoa key export FILE there, and apoa key import FILE here. Otherwise "
    "a person or a program other than apoa-client changed the database: tell your IT admin. If all reports open with "
    "the key of this computer, apoa log --accept names that again."
)


class DoubtKind(StrEnum):
    """What is wrong with a report, or with the outbox as a whole."""

    STATE = "state"
    """Its state, receipt or times are not what was written last."""
    CONTENT = "content"
    """Its sealed content was exchanged, or its code was removed."""
    MISSING = "missing"
    """The report is in the audit trail and nowhere else."""
    TRAIL = "trail"
    """The audit trail itself was changed, shortened or counted wrongly."""
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

    def error(self) -> ApoaError:
        """Return the error that says so: `NotAuthentic`, or `CredentialsProblem` for what could not be checked."""
        if self.kind is DoubtKind.UNCHECKED:
            return CredentialsProblem(
                msg("The outbox names another key than the settings, and the reports could not be checked."),
                msg("The private key is not at hand. Unlock the keyring, then check them with: apoa log --verify"),
                name="key_needed",
            )
        texts = {
            DoubtKind.STATE: msg(
                "Report {id} was changed: its state or its receipt is not what was recorded.", id=self._id
            ),
            DoubtKind.CONTENT: msg(
                "The guest's data of report {id} were not written by apoa-client here.", id=self._id
            ),
            DoubtKind.MISSING: msg("Report {id} was removed from the database.", id=self._id),
            DoubtKind.TRAIL: msg("The log of what was done was changed or shortened."),
            DoubtKind.OLDER_COPY: msg("The database file is an older copy: what was recorded after it is not in it."),
            DoubtKind.KEY: msg("The outbox names a key that this computer does not have. Nothing is checked or sent."),
            DoubtKind.SENDING: msg("Whether reports are sent, or the time to wait for, was changed in the database."),
        }
        return NotAuthentic(texts[self.kind], _OTHER_KEY if self.kind is DoubtKind.KEY else None)

    @property
    def _id(self) -> str:
        return short_id(self.report)


class Authentication(NamedTuple):
    """The result of checking what is open, and what was changed without the key."""

    doubts: Sequence[Doubt] = ()
    """What needs a person: it is kept as it is, and found again by the next check."""
    repaired: Sequence[str] = ()
    """Reports whose state is again what the audit trail says; those that are open again will be sent again."""
    closed: Sequence[str] = ()
    """Reports that were closed without the key since the last check: a person must know of these."""
    counter: int | None = None
    """How often the outbox was found right with something new in it: for the vault. None without key, or in doubt."""
    unchecked: bool = False
    """Whether the private key was not at hand: only the audit events were compared."""
