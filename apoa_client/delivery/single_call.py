"""Calls to the authority outside a delivery run, under the same rules, and what its receipts of a day confirm.

While sending is suspended or the authority asked us to wait, no call is made: a user who repeats the command must not
lock the account.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from apoa_client.delivery import plan
from apoa_client.errors import ApoaError, CallRefused
from apoa_client.ports.authority import Authority, AuthorityIdentity, DailyReceipt, Meta, Status, Verdict
from apoa_client.ports.entries import Entry
from apoa_client.ports.run import Clock
from apoa_client.ports.state import Suspension
from apoa_client.report.codes import CodeTable
from apoa_client.report.kinds import OPEN_STATES

if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox

T = TypeVar("T")


def remember(outbox: "Outbox", error: ApoaError, now: datetime, settings: str) -> None:
    """Record what applies to later calls too: a suspension, or the time to wait."""
    if plan.suspends_sending(error):
        outbox.set_suspension(Suspension(error.name, now, settings))
    until = plan.hold_after(error, now)
    if until is not None:
        outbox.hold(until)


class SingleCalls(NamedTuple):
    """What calls outside a run work with. Each method raises the error of its call.

    `settings` is the fingerprint of the property's settings: a suspension holds until it changes. Another authority
    than `expected` gets nothing, and raises `SettingsProblem`.
    """

    outbox: "Outbox"
    connect: Callable[[], Authority]
    clock: Clock
    settings: str
    expected: AuthorityIdentity = AuthorityIdentity()

    def call(self, ask: Callable[[Authority], T]) -> T:
        """What `ask` gets from the authority, whichever it is, unless the call is forbidden now."""
        now = self.clock.now().astimezone(UTC)
        forbidden = plan.forbidden_call(self.outbox.restrictions(), self.settings, now)
        if forbidden is not None:
            raise forbidden
        try:
            return ask(self.connect())
        except ApoaError as exc:
            remember(self.outbox, exc, now, self.settings)
            raise

    def meta(self) -> Meta:
        """What the authority is, which also tests the account."""
        return self.call(self._expected_meta)

    def record_time(self) -> None:
        """Ask the authority for its time, and record the contact."""
        meta = self.meta()
        self.outbox.record_contact(self.clock.now(), meta.server_time)

    def of_a_day(self, ask: Callable[[Authority], T | None]) -> T | None:
        """What `ask` gets from the authority; None if the authority has no receipts for whole days."""
        return self.call(lambda authority: ask(authority) if self._expected_meta(authority).daily_receipts else None)

    def validate(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """What the authority would say about reports, each an id and its JSON bytes. Nothing is stored."""

        def ask(authority: Authority) -> list[Verdict]:
            most = self._expected_meta(authority).max_batch
            batches = [bodies[at : at + most] for at in range(0, len(bodies), most)]
            return [verdict for batch in batches for verdict in authority.validate(batch)]

        return self.call(ask)

    def code_table(self, name: str, kept: CodeTable | None) -> CodeTable | None:
        """A code table of the authority: the one that is `kept` where it is still current; None if it has no such."""
        etag = kept.etag if kept is not None else None
        try:
            return self.call(lambda authority: authority.codes(name, etag)) or kept
        except CallRefused:
            return None

    def _expected_meta(self, authority: Authority) -> Meta:
        meta = authority.meta()
        mismatch = plan.identity_error(self.expected, meta.identity)
        if mismatch is not None:
            raise mismatch
        return meta


class DayComparison(NamedTuple):
    """Where the two agree, and where they do not. Each report is in one place."""

    confirmed: tuple[Entry, ...]
    """In both, with the same number."""
    missing: tuple[Entry, ...]
    """With a receipt of that day here, and not in the authority's list."""
    different: tuple[Entry, ...]
    """In both, with different numbers."""
    unknown: tuple[str, ...]
    """The ids of reports in the authority's list that this outbox does not have."""
    waiting: tuple[Entry, ...]
    """Saved before the day was over, and without a receipt: not sent, not decided, or refused."""

    @property
    def agrees(self) -> bool:
        """Whether the authority has every receipt that is here."""
        return not self.missing and not self.different


def compare(daily: DailyReceipt, entries: Iterable[Entry]) -> DayComparison:
    """Compare the list of a day with `entries`, which are all reports of the outbox.

    Typed numbers are not compared, and neither are the numbers of duplicates, which are those of other reports.
    """
    confirmed: list[Entry] = []
    missing: list[Entry] = []
    different: list[Entry] = []
    waiting: list[Entry] = []
    unknown = dict.fromkeys(daily.receipts)
    for entry in entries:
        unknown.pop(entry.id, None)
        listed, own = daily.receipts.get(entry.id), entry.receipt
        if entry.state in OPEN_STATES:
            if entry.created_at < daily.end:
                waiting.append(entry)
        elif own is None or own.typed or entry.last_error == Status.DUPLICATE.meaning.last_error:
            continue
        elif listed is not None:
            (confirmed if listed.number == own.number else different).append(entry)
        elif daily.begin <= own.issued_at < daily.end:
            missing.append(entry)
    return DayComparison(tuple(confirmed), tuple(missing), tuple(different), tuple(unknown), tuple(waiting))
