"""The delivery machine: a property to which everything happens, and the promises that are kept whatever it was.

Lines that fail in every way of the contract, processes that die at any step of any run or are at work two at a time,
clocks that jump both ways, passwords that expire, settings that change; and guests who come, leave, are there again or
never were, of whom people at two desks think better at any moment. Whatever happened, once it is over all is delivered
that was not taken back, and both sides hold the same receipts.
"""

import logging
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from conftest import FixedClock
from delivery_helpers import Hotel, ProgressRecorder
from delivery_processes import FAULTS, Death, Fragile, Killed, Line, Meanwhile, Process, Reader, Run, Tactless, made
from delivery_staff import CHANGES, Chance, Decision, Staff
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from outbox_helpers import PERSONAL, open_outbox, stay_id

from apoa_client.delivery import plan
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.delivery.sync import deliver
from apoa_client.errors import AuthorityBusy, ReportMoved
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Entry, Selection, Status, Summary
from apoa_client.report.kinds import State

MOST_REPORTS = 24
DAY = timedelta(days=1)

ROUTES = st.sampled_from(["", "", "", "result:", "result:", "meta:", "token:"])
STEPS = st.just("ok") | ROUTES.flatmap(lambda route: st.sampled_from([f"{route}{step}" for step in FAULTS[route]]))
OFTEN = st.sampled_from(["pending*3", "413*3", "slow=60*3", "401*2", "lost", "defer=60", "reject", "429=30"])
SCRIPTS = st.lists(STEPS | OFTEN, min_size=1, max_size=3)
JUMPS = st.sampled_from([timedelta(hours=hours) for hours in (0, 0, 0, 0.1, 1, 25, 60, -2, -60)])
KILLS = st.builds(Death, st.integers(1, 30), st.booleans())
DEATHS = KILLS | st.builds(Death, st.integers(1, 4), st.booleans(), st.just(KeyboardInterrupt))
EVENTS = st.builds(
    Meanwhile,
    call=st.integers(1, 5),
    after=st.booleans(),
    what=st.sampled_from(
        ["sync", "overtake", "report", "ahead", "back", "log_in", "change_settings", "shrink", *CHANGES]
    ),
    death=st.none() | KILLS,
    lockless=st.booleans(),
)
WHAT = st.sampled_from(CHANGES)
WHICH = st.integers(0, 5)
GONE = frozenset({State.SUPERSEDED, State.WITHDRAWN})

RUNS = st.builds(
    Run,
    script=SCRIPTS,
    later=JUMPS,
    keep_backoff=st.booleans(),
    wait_s=st.none() | st.just(2.5),
    first=st.none() | st.integers(0, MOST_REPORTS),
    death=st.none() | st.none() | DEATHS,
    events=st.lists(EVENTS, max_size=2),
)


class DeliveryMachine(RuleBasedStateMachine):
    """One property with a real outbox; `made` is what the staff were told is saved, in that order."""

    @initialize(max_batch=st.integers(1, 4))
    def begin(self, max_batch: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FixedClock()
        self.authority = Tactless(max_batch=max_batch)
        self.hotel = Hotel(Path(self.folder.name) / "outbox.db", self.clock, self.authority)
        self.second = open_outbox(self.hotel.path)
        self.log = Reader()
        logging.getLogger("apoa_client").addHandler(self.log)
        self.settings = "first"
        self.third = open_outbox(self.hotel.path)
        """At a desk where people think it over."""
        self.chance = Chance()
        self.made: list[str] = []
        self.stays: set[int] = set()
        self.gone: dict[str, int] = {}
        """What was taken back or replaced, and how often it had come to the authority's door by then."""
        self.sent: dict[str, bytes] = {}
        self.hold: datetime | None = None
        self.orphans: set[str] = set()
        """What processes that were killed left in `sending`."""
        self.attempts: Counter[str] = Counter()
        self.happened: list[str] = []
        for stay in (0, 1, 2, 0, 1):
            self.saved(self.hotel.outbox, stay)

    def teardown(self) -> None:
        if not hasattr(self, "hotel"):
            return
        try:
            self.recovered()
        finally:
            logging.getLogger("apoa_client").removeHandler(self.log)
            self.third.close()
            self.second.close()
            self.hotel.close()
            self.folder.cleanup()

    # Guests.

    @property
    def total(self) -> int:
        return len(self.made)

    def saved(
        self,
        outbox: SqliteOutbox,
        stay: int,
        what: str = "",
        which: int = 0,
        *,
        same: bool = False,
        death: Death | None = None,
    ) -> None:
        """A guest arrives; with one who is here already happens `what`, or they leave, or are there again."""
        process = Process(death)
        staff = Staff(outbox, self.clock, self.chance, process)
        try:
            if stay in self.stays:
                decision = self.decided(staff, stay_id(stay), what, which)
            else:
                decision = self.only_if_there_is_room(staff.welcomes(made(self.total, stay, 0 if same else None)))
        except Killed:  # before anything was done
            return
        if decision is not None:
            self.done(decision)
        self.stays |= {stay} if self.second.find(stay_id(stay)) else set()

    def decided(self, staff: Staff, stay: str, what: str, which: int) -> Decision | None:
        if what:
            return self.only_if_there_is_room(staff.decides(stay, what, which))
        return self.only_if_there_is_room(staff.decides(stay, "check_out") or staff.decides(stay, "amend"))

    def only_if_there_is_room(self, decision: Decision | None) -> Decision | None:
        return None if decision is not None and decision.saves and self.total >= MOST_REPORTS else decision

    def done(self, decision: Decision, *, at_once: bool = True) -> None:
        """It is carried out, wholly or not at all: for it is too late, or the process dies of it."""
        before, stale = self.entries(), self.is_stale(decision)
        assert not (stale and at_once)
        came = self.submitted()
        try:
            decision.carry_out()
            assert not stale
        except ReportMoved:
            assert stale
            assert self.entries() == before
            return
        except Killed:
            if self.entries() == before:  # and nobody was told that it is saved
                return
        self.made += [decision.saves] if decision.saves else []
        self.gone |= {report_id: came[report_id] for report_id in decision.retires}
        states = {entry.id: entry.state for entry in self.entries()}
        assert [states[report_id] for report_id in decision.retires] == [decision.retired] * len(decision.retires)
        assert decision.saves is None or states[decision.saves] is State.QUEUED

    def is_stale(self, decision: Decision) -> bool:
        """Whether the stay is not what it was when somebody decided, or what would be replaced has left since."""
        if not decision.active_reports:
            return False
        entries = {entry.id: entry for entry in self.entries()}
        stay = entries[decision.active_reports[0]].stay_id
        active_reports = tuple(e.id for e in entries.values() if e.stay_id == stay and e.state not in GONE)
        return active_reports != decision.active_reports or not all(
            entries[each].withdrawable for each in decision.retires
        )

    @rule(stay=st.integers(0, 5), what=WHAT, which=WHICH, same=st.booleans(), death=st.none() | KILLS)
    def report(self, stay: int, what: str, which: int, *, same: bool, death: Death | None) -> None:
        """Any kind of report of any stay; a new stay may be one that another report covers already."""
        death = None if death is None else replace(death, step=death.step % 4 + 1)
        self.saved(self.hotel.outbox, stay, what, which, same=same, death=death)

    @rule(stay=st.integers(0, 3), what=WHAT, which=WHICH, run=RUNS, other=st.none() | WHAT)
    def think_it_over(self, stay: int, what: str, which: int, run: Run, other: str | None) -> None:
        """Somebody is asked whether they mean it, and answers when a sync, or another desk, has come between."""
        if stay not in self.stays:
            return
        staff = Staff(self.third, self.clock, self.chance)
        decision = staff.decides(stay_id(stay), what, which)
        self.run(run)
        if other is not None:
            self.saved(self.hotel.outbox, stay, other)
        decision = self.only_if_there_is_room(decision)
        if decision is not None:
            self.done(decision, at_once=False)

    # Runs.

    @rule(runs=st.lists(RUNS, min_size=1, max_size=3))
    def sync(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self.run(run)

    @rule(stay=st.integers(0, 5), run=RUNS)
    def report_and_sync(self, stay: int, run: Run) -> None:
        """Somebody who is let in again, and for whom there is something to send."""
        self.log_in()
        self.saved(self.hotel.outbox, stay)
        self.run(run)

    def run(self, run: Run) -> Process:
        """One run, by a process of its own, with something to do: a new guest comes where nothing waits."""
        if not any(entry.state in {State.QUEUED, State.SENDING, State.PENDING} for entry in self.entries()):
            self.saved(self.hotel.outbox, self.total)
        self.clock.time += run.later
        self.authority.script(",".join(run.script))
        self.jumped = self.disturbed = False
        settings = self.settings
        quiet, others, since = self.is_quiet(settings), self.in_hand(), len(self.authority.batches)
        process, lines = Process(run.death), list[Line]()
        outcome = self.carried_out(self.hotel.outbox, run, settings, process, lines)
        calls = sum(line.calls for line in lines)
        assert not quiet or (calls, lines) == (0, [])
        assert self.jumped or others.isdisjoint(self.submitted(since))
        if process.dead:
            self.hotel.unlock()  # another process opens the outbox
            self.orphans |= self.sending()
        else:
            self.nothing_is_left_behind(interrupted=outcome is None)
        self.heeded(outcome, settings, already=quiet)
        return process

    def carried_out(
        self, outbox: SqliteOutbox, run: Run, settings: str, process: Process, lines: list[Line]
    ) -> Outcome | None:
        """What the run came to, or None where it was killed or interrupted."""

        def connect() -> Line:
            self.authority.greet()
            lines.append(
                Line(
                    self.authority,
                    process,
                    takes_time=self.a_second_passes,
                    witness=lambda bodies: self.witness(bodies, run),
                    happen=self.happens,
                    events=run.events,
                )
            )
            return lines[-1]

        fragile: Any = Fragile(outbox, process, lockless=run.lockless)
        terms = RunOptions(
            settings,
            first="" if run.first is None else self.made[run.first % self.total],
            keep_backoff=run.keep_backoff,
            wait_s=run.wait_s,
        )
        try:
            return deliver(Dependencies(fragile, connect, self.clock, lambda: 0.5, ProgressRecorder()), terms)
        except (Killed, KeyboardInterrupt):
            return None

    def a_second_passes(self) -> None:
        self.clock.seconds += 1

    def witness(self, bodies: Sequence[tuple[str, bytes]], run: Run) -> None:
        """What another process sees in the file at the moment in which a batch leaves."""
        now = self.clock.time
        submitted = self.submitted()
        for report_id, body in bodies:
            [entry] = self.second.find(report_id)
            assert entry.state is State.SENDING
            assert entry.attempts > submitted[report_id]
            assert self.sent.setdefault(report_id, body) == body
            if self.jumped or self.disturbed:
                continue
            assert entry.lease_until == now + plan.LEASE
            assert not plan.is_ahead(entry.not_before, now, plan.LONGEST_WAIT)
            # What a dead process left is taken up as soon as its lease is over, whatever its last backoff.
            patient = run.keep_backoff and report_id not in self.orphans
            assert not (patient and plan.is_ahead(entry.next_attempt_at, now, plan.BACKOFF_LAST))

    # What happens while one process awaits an answer.

    def happens(self, event: Meanwhile) -> None:
        self.happened.append(event.what)
        if event.what == "sync":
            self.another_run(event)
        elif event.what == "overtake":
            self.jumped = True
            self.clock.time += plan.LEASE
            self.another_run(replace(event, lockless=True))
        elif event.what == "report":
            self.saved(self.second, self.total % 8, same=event.lockless)
        elif event.what in CHANGES:
            self.what_is_being_sent_is_changed(event)
        elif event.what in {"ahead", "back"}:
            self.jumped = True
            self.clock.time += timedelta(hours=3 if event.what == "ahead" else -3)
        else:
            getattr(self, event.what)()

    def another_run(self, event: Meanwhile) -> None:
        """A second process delivers: it has to leave the turn to the first, unless the folder knows no locks."""
        before, others, since = self.entries(), self.in_hand(), len(self.authority.batches)
        run, process, lines = Run(death=event.death, lockless=event.lockless), Process(event.death), list[Line]()
        outcome = self.carried_out(self.second, run, self.settings, process, lines)
        if process.dead:
            self.second.close()
            self.second = open_outbox(self.hotel.path)
        if event.lockless:
            self.disturbed = True
            assert others.isdisjoint(self.submitted(since))
            self.orphans |= self.sending() if process.dead else set()
            return
        assert lines == []
        assert self.entries() == before
        assert process.dead or (outcome is not None and outcome.busy and outcome.exit_code == 0)

    def what_is_being_sent_is_changed(self, event: Meanwhile) -> None:
        """Somebody at another desk thinks better of it, as far as that is still to be had."""
        entries = self.entries()
        stays = [entry.stay_id for entry in entries if entry.state in {State.SENDING, State.PENDING}]
        staff = Staff(self.second, self.clock, self.chance)
        decision = self.decided(staff, stays[0] if stays else entries[0].stay_id, event.what, event.call)
        if decision is not None:
            self.done(decision)

    # What holds after a run.

    def in_hand(self) -> set[str]:
        """What is left alone, because its process may still be alive."""
        now = self.clock.time
        return {entry.id for entry in self.entries() if plan.is_ahead(entry.lease_until, now, plan.LEASE)}

    def is_quiet(self, settings: str) -> bool:
        """Whether the authority must not be called."""
        summary = self.summary()
        stopped = summary.suspension is not None and summary.suspension.settings == settings
        return stopped or plan.is_ahead(summary.hold_until, self.clock.time, DAY)

    def nothing_is_left_behind(self, *, interrupted: bool) -> None:
        """A run that ended, even by Ctrl-C, has written down what became of all that it took."""
        left = self.sending()
        assert left <= self.orphans, interrupted
        self.orphans = left

    def heeded(self, outcome: Outcome | None, settings: str, *, already: bool) -> None:
        """The authority's word to the whole property is written down, and nobody else's."""
        summary = self.summary()
        if outcome is not None and not self.disturbed:
            assert not outcome.busy
            assert outcome.left == summary.counts[State.QUEUED] + summary.counts[State.SENDING]
            assert (None if summary.suspension is None else summary.suspension.settings) == (
                settings if outcome.stopped else None
            )
            assert summary.hold_until == self.held_until(outcome, already=already)
        self.hold = summary.hold_until

    def held_until(self, outcome: Outcome, *, already: bool) -> datetime | None:
        error = outcome.error
        if already or not isinstance(error, AuthorityBusy) or error.retry_after is None:
            return self.hold
        return self.clock.time + timedelta(seconds=error.retry_after)

    # What people do.

    @rule(
        what=st.sampled_from(["log_in", "change_settings", "password_expires", "authority_forgets"]),
        max_batch=st.integers(1, 6),
        max_body_bytes=st.sampled_from([1 << 20, 2200, 1100, 300]),
    )
    def elsewhere(self, what: str, max_batch: int, max_body_bytes: int) -> None:
        """Something happens between two runs; and the authority takes more or less at a time, or too little for any."""
        self.authority.max_batch, self.authority.max_body_bytes = max_batch, max_body_bytes
        getattr(self, what)()

    def log_in(self) -> None:
        """`apoa login`, with the right password."""
        self.authority.password_is_right = True
        self.second.set_suspension(None)

    def change_settings(self) -> None:
        self.settings = "second" if self.settings == "first" else "first"

    def password_expires(self) -> None:
        self.authority.password_is_right = False

    def authority_forgets(self) -> None:
        """It loses what it has not judged yet."""
        for report_id, kept in list(self.authority.known.items()):
            if kept.verdict.status is Status.PENDING:
                del self.authority.known[report_id]

    def shrink(self) -> None:
        self.authority.max_batch, self.authority.max_body_bytes = 1, 2200

    @rule(ahead=st.booleans())
    def killed_while_delivering(self, *, ahead: bool) -> None:
        """A process is gone for good while it sent, and another comes before or after its lease is over."""
        self.run(Run(death=Death(9, after=True)))
        self.run(Run(later=plan.LEASE if ahead else timedelta(seconds=1), keep_backoff=True))

    def recovered(self) -> None:
        """The line is good again and time goes on: within three days all is there that no person must correct.

        And when that was corrected, too, then all that was not taken back.
        """
        self.authority.calm()
        self.log_in()
        self.three_days_pass()
        entries = [entry for entry in self.entries() if entry.state not in GONE]
        refused = {entry.stay_id for entry in entries if entry.state is State.REJECTED}
        assert {entry.stay_id for entry in entries if entry.state is not State.ACCEPTED} == refused
        self.both_sides_have_the_same()
        self.what_was_refused_is_mended()
        assert {entry.state for entry in self.entries()} <= {State.ACCEPTED, *GONE}
        self.both_sides_have_the_same()
        self.nothing_personal_is_readable()

    def three_days_pass(self) -> None:
        for _ in range(3):
            self.clock.time += timedelta(days=1, minutes=1)
            self.hotel.sync(settings=self.settings)

    def both_sides_have_the_same(self) -> None:
        accepted = {entry.id for entry in self.entries() if entry.state is State.ACCEPTED}
        assert self.authority.acquired.keys() <= accepted
        assert all(
            entry.last_error == "duplicate"
            for entry in self.entries()
            if entry.id in accepted - {*self.authority.order}
        )

    def what_was_refused_is_mended(self) -> None:
        """`apoa fix`, until nothing is left to mend."""
        staff = Staff(self.hotel.outbox, self.clock, self.chance)
        for entry in self.entries():
            if entry.state is State.REJECTED:
                decision = staff.decides(entry.stay_id, "fix")
                assert decision is not None
                self.done(decision)
        self.three_days_pass()

    def nothing_personal_is_readable(self) -> None:
        """Neither in the log nor in any byte of any file."""
        assert self.log.personal == []
        content = b"".join(path.read_bytes() for path in Path(self.folder.name).iterdir())
        assert [word for word in PERSONAL if word.encode() in content] == []
        assert b"X000000" not in content  # the documents' numbers

    # What holds at any moment.

    def entries(self) -> list[Entry]:
        return list(self.second.entries(Selection()))

    def of(self, stay: int) -> list[Entry]:
        return list(self.second.entries(Selection(stay_id=stay_id(stay))))

    def submitted(self, since: int = 0) -> Counter[str]:
        """How often each report was submitted, from a batch on."""
        return Counter(report_id for batch in self.authority.batches[since:] for report_id in batch)

    def sending(self) -> set[str]:
        return {entry.id for entry in self.entries() if entry.state is State.SENDING}

    def summary(self) -> Summary:
        return self.second.summary(now=self.clock.time, soon=self.clock.time)

    @invariant()
    def nothing_that_was_saved_disappears(self) -> None:
        assert sorted(entry.id for entry in self.entries()) == sorted(self.made)

    @invariant()
    def nothing_is_acquired_twice(self) -> None:
        assert all(times <= 1 for times in self.authority.times.values())

    @invariant()
    def nothing_overtakes_within_its_stay(self) -> None:
        """What was refused and then replaced came, too, and counts for nothing."""
        came = [known for known in self.authority.known if known not in self.gone]
        for stay in self.stays:
            ids = [entry.id for entry in self.of(stay) if entry.state not in GONE]
            arrived = [known for known in came if known in ids]
            assert arrived == ids[: len(arrived)]

    @invariant()
    def what_was_taken_back_never_arrives(self) -> None:
        """Replaced or withdrawn: so it stays; the authority has it not, or refused it, and gets it no more."""
        states = {entry.id: entry.state for entry in self.entries()}
        assert {report_id for report_id, state in states.items() if state in GONE} == self.gone.keys()
        submitted = self.submitted()
        for report_id, came in self.gone.items():
            kept = self.authority.known.get(report_id)
            assert kept is None or kept.verdict.status is Status.REJECTED
            assert kept is not None or submitted[report_id] == came

    @invariant()
    def both_sides_know_who_is_in_house(self) -> None:
        """Of a stay on which nothing waits and nothing was refused, both tell the same."""
        for stay in self.stays:
            active_reports = [entry for entry in self.of(stay) if entry.state not in GONE]
            if all(entry.state is State.ACCEPTED for entry in active_reports):
                assert self.authority.kinds(stay_id(stay)) == [entry.kind.value for entry in active_reports]

    @invariant()
    def only_the_authority_makes_receipts(self) -> None:
        for entry in self.entries():
            assert (entry.receipt is None) == (entry.state is not State.ACCEPTED)
            assert entry.receipt is None or entry.receipt == self.authority.known[entry.id].verdict.receipt

    @invariant()
    def nothing_is_refused_for_a_fault_of_ours(self) -> None:
        for entry in self.entries():
            if entry.state is State.REJECTED:
                assert [error.code for error in self.second.content(entry).errors] == ["scripted"]

    @invariant()
    def attempts_and_leases_are_sane(self) -> None:
        submitted = self.submitted()
        for entry in self.entries():
            assert (entry.lease_until is None) == (entry.state is not State.SENDING)
            assert entry.attempts >= max(submitted[entry.id], self.attempts[entry.id])
            self.attempts[entry.id] = entry.attempts
