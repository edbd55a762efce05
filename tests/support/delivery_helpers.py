"""A property that delivers: a real outbox with real seals, the simulated authority, and a recorder of the progress."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from authority_simulator import AuthoritySimulator
from basics import FixedClock
from outbox_helpers import report as plain_report
from outbox_helpers import sealer_without_key, uuid
from outbox_stores import SqliteStore, Store

from apoa_client.delivery.options import Dependencies, Outcome, RunOptions, TimeLeft, Uninterrupted
from apoa_client.delivery.sync import deliver
from apoa_client.errors import ApoaError
from apoa_client.ports.authority import Authority, AuthorityIdentity, KeptAnswers, Verdict
from apoa_client.ports.entries import Entry, NewReport, Selection
from apoa_client.ports.run import Interruptions
from apoa_client.ports.state import Actor
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Report

SETTINGS = "fingerprint"
UNKNOWN_AUTHORITY = AuthorityIdentity()


def report(number: int, stay: int | None = None, kind: Kind = Kind.CHECK_IN, document: int | None = None) -> Report:
    """The report with this number. Each guest has its own document, or the one with the number `document`."""
    plain = plain_report(number, stay, kind)
    if plain.guest is None:
        return plain
    papers = plain.guest.document._replace(number=f"X{number if document is None else document:07}")
    return plain._replace(guest=plain.guest._replace(document=papers))


class ProgressRecorder:
    """`ports.Progress` that records its calls."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.verdicts: list[Verdict] = []
        self.troubles: list[str] = []
        self.ended = 0

    def begin(self, waiting: int) -> None:
        self.begun.append(waiting)

    def advance(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)

    def failed(self, error: ApoaError) -> None:
        self.troubles.append(error.name)

    def end(self) -> None:
        self.ended += 1


class Hotel:
    """One property. `sync` is one run of delivery with a new connection to the authority."""

    def __init__(self, store: Store, clock: FixedClock, authority: AuthoritySimulator | None = None) -> None:
        self.store = store
        self.clock = clock
        self.authority = authority or AuthoritySimulator()
        self._actor = Actor(lambda: "-", clock.now)
        self.outbox = store.open(actor=self._actor)
        self.watcher = ProgressRecorder()
        self.connections = 0
        self.chance = 0.5

    @property
    def path(self) -> Path:
        """The file of an outbox in SQLite."""
        assert isinstance(self.store, SqliteStore)
        return self.store.path

    def close(self) -> None:
        self.outbox.close()

    def connect(self, time_left: TimeLeft) -> Authority:
        self.connections += 1
        self.time_left = time_left
        return self.authority

    def add(
        self,
        *numbers: int,
        stay: int | None = None,
        kind: Kind = Kind.CHECK_IN,
        due_at: datetime | None = None,
        warnings: Sequence[Finding] = (),
    ) -> None:
        for number in numbers:
            self.outbox.add(report(number, stay, kind), due_at=due_at, warnings=warnings)

    def add_with_photo(self, *numbers: int, photo: bytes) -> None:
        self.outbox.add_all([NewReport(report(number), None, photo=photo) for number in numbers])

    def sync(
        self,
        *,
        settings: str = SETTINGS,
        keep_backoff: bool = False,
        wait_s: float | None = None,
        first: str = "",
        connect: Callable[[], Authority] | None = None,
        interruptions: Interruptions | None = None,
        expected: AuthorityIdentity = UNKNOWN_AUTHORITY,
        all_photos: bool = True,
        kept: KeptAnswers | None = None,
    ) -> Outcome:
        self.watcher = ProgressRecorder()
        dependencies = Dependencies(
            self.outbox,
            self.connect if connect is None else lambda _time_left: connect(),
            self.clock,
            lambda: self.chance,
            self.watcher,
            interruptions or Uninterrupted(),
            kept=kept,
        )
        choices = {"first": first, "keep_backoff": keep_backoff, "wait_s": wait_s, "all_photos": all_photos}
        options = RunOptions(settings, expected, **choices)  # type: ignore[arg-type]  # each has its own type
        outcome = deliver(dependencies, options)
        assert self.watcher.ended == 1
        return outcome

    def entry(self, number: int) -> Entry:
        [entry] = self.outbox.find(uuid(number))
        return entry

    def states(self) -> list[State]:
        """The states of the reports, in the order in which they were made."""
        return [entry.state for entry in self.outbox.entries(Selection())]

    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.authority.batches]

    def wait(self, **time: float) -> None:
        self.clock.forward(timedelta(**time))

    def delay(self, seconds: float) -> None:
        """Let each call with reports, and each question about one, take so long."""

        def slow(call: Callable[..., Any]) -> Callable[..., Any]:
            def answer(*given: Any) -> Any:
                self.wait(seconds=seconds)
                return call(*given)

            return answer

        authority: Any = self.authority
        authority.submit, authority.verdict = slow(authority.submit), slow(authority.verdict)

    def lock(self) -> None:
        """Make the private key unavailable."""
        self.outbox.close()
        self.outbox = self.store.open(sealer_without_key(), self._actor)

    def reopen(self) -> None:
        self.outbox.close()
        self.outbox = self.store.open(actor=self._actor)

    def tamper(self, number: int) -> None:
        """Change a sealed record directly in the database."""
        [[content]] = self.store.rows("SELECT content FROM reports WHERE id = ?", uuid(number))
        self.store.change("UPDATE reports SET content = ? WHERE id = ?", content + b"\0", uuid(number))
