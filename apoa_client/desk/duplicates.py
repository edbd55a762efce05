"""Guests who seem to be reported twice for a night: the warnings, and the error when no user can be asked.

A warning names the earlier report and its nights, but not the guest: only the user can tell whether it is the same
guest. Guests are compared by their travel documents: those of a group that is not saved yet by issuing state and
number, stored stays by a short keyed hash, which shows that a guest was reported before without storing the document.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from apoa_client.desk.stay_history import StayHistory
from apoa_client.messages import Message, day_message, msg
from apoa_client.passport.states import canonical_code
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import State, short_id
from apoa_client.report.model import Document, Report

_BYTES = 3
_PERSON = b"apoa-guest-1"


def guest_hash(key: bytes, document: Document) -> int:
    """Return 24 bits of keyed BLAKE2b (RFC 7693) over issuing state and number; `key` has up to 64 bytes.

    Hyphens and blanks in the number and the two codes of Germany make no difference.

    The key is in the settings, so the database alone reveals nothing. The hash is short on purpose: of a billion
    document numbers sixty share each hash, so database and key together do not reveal the number. Hashes are compared
    only among stays of the same nights, where two guests have the same hash by chance once in seventeen million times.
    """
    state, number = document_identity(document)
    digest = blake2b(f"{state}\0{number}".encode(), digest_size=_BYTES, key=key, person=_PERSON).digest()
    return int.from_bytes(digest, "big")


def same_document(one: Document, other: Document) -> bool:
    """Return whether two documents have the issuing state and number that `guest_hash` uses in common."""
    return document_identity(one) == document_identity(other)


def document_identity(document: Document) -> tuple[str, str]:
    """Return issuing state and number in the form in which documents are compared."""
    number = document.number.upper()
    if not number.isalnum():
        number = "".join(filter(str.isalnum, number))
    return canonical_code(document.issuing_state), number


DUPLICATE = "duplicate"


class ReportedBefore(ReportRefused):
    """The guest is already reported for these nights, and the user did not confirm another report."""

    name = "reported_before"
    advice: Message | None = msg(
        "If it is the same stay, do not report it again. If it is another stay, report the guest with: --again"
    )

    def __init__(self, found: Sequence[Finding], warnings: Sequence[Finding] = ()) -> None:
        super().__init__(found, warnings)
        self.message = msg("Nothing was saved: this guest is already reported.")
        self.advice = type(self).advice


def duplicate_warnings(histories: Iterable[StayHistory]) -> list[Finding]:
    """Return a warning for each stay that `Desk.overlapping_stays` found."""
    findings = []
    for history in histories:
        report = history.display_report
        details = {
            "id": short_id(report.id),
            "first": day_message(report.first_night) if report.first_night is not None else "-",
            "last": day_message(report.last_morning) if report.last_morning is not None else "-",
        }
        message = msg("This passport is already reported for these nights: report {id}, {first} to {last}.", **details)
        if report.state is State.REJECTED:
            message = msg(
                "This passport is already reported for these nights, {first} to {last}, and was refused. Correct that: "
                "apoa fix {id}",
                **details,
            )
        findings.append(Finding(BY_NAME["document_number"].path, DUPLICATE, message))
    return findings


def group_duplicate_warnings(report: Report, others: Iterable[Report]) -> list[Finding]:
    """Return a warning if another report of the same group has the same travel document."""
    guest = report.guest
    known = (other.guest.document for other in others if other.guest is not None)
    if guest is None or not any(same_document(document, guest.document) for document in known):
        return []
    message = msg("This passport is already in this group. If it is the same guest, remove one of the two.")
    return [Finding(BY_NAME["document_number"].path, DUPLICATE, message)]
