"""A state machine of delivery: one property, all kinds of faults and events, and promises that always hold.

Connections fail in every way of the contract, processes die at any step or run two at a time, clocks jump both ways,
passwords expire, settings change; guests come and leave, and users at two desks change the reports of a stay at any
time. At the end everything is delivered that was not withdrawn, and both sides have the same receipts.

"""

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from basics import FixedClock
from delivery_helpers import Hotel, ProgressRecorder
from delivery_processes import (
    CHANGES,
    FAULTS,
    ConcurrentEvent,
    Connection,
    Death,
    Decision,
    Killed,
    LogReader,
    MortalOutbox,
    Process,
    Run,
    Staff,
    StrictSimulator,
    UniqueBytes,
    arrival,
    photo_of,
)
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from outbox_helpers import PERSONAL, stay_id
from outbox_stores import AnyOutbox, NewStore

from apoa_client.delivery import plan
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions, TimeLeft
from apoa_client.delivery.sync import deliver
from apoa_client.errors import AuthorityBusy, ReportMoved
from apoa_client.ports.authority import Status
from apoa_client.ports.entries import Entry, Selection
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import PhotoState, State

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
    ConcurrentEvent,
    call=st.integers(1, 5),
    after=st.booleans(),
    what=st.sampled_from(
        ["sync", "overtake", "report", "ahead", "back", "log_in", "change_settings", "shrink", *CHANGES]
    ),
    death=st.none() | KILLS,
)
WHAT = st.sampled_from(CHANGES)
WHICH = st.integers(0, 5)
RETIRED = frozenset({State.SUPERSEDED, State.WITHDRAWN})

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
    """One property with a real outbox. `made` has the ids that the staff saw as saved, in order."""

    def __init__(self, new_store: NewStore) -> None:
        super().__init__()
        self.new_store = new_store

    @initialize(max_batch=st.integers(1, 4))
    def begin(self, max_batch: int) -> None:
        self.stack = ExitStack()
        self.store = self.stack.enter_context(self.new_store())
        self.clock = FixedClock()
        self.authority = StrictSimulator(max_batch=max_batch)
        self.hotel = Hotel(self.store, self.clock, self.authority)
        self.second = self.store.open()
        self.log = LogReader()
        logging.getLogger("apoa_client").addHandler(self.log)
        self.settings = "first"
        self.third = self.store.open()
        """The outbox at a desk where users take time to decide."""
        self.chance = UniqueBytes()
        self.made: list[str] = []
        self.stays: set[int] = set()
        self.retired: dict[str, int] = {}
        """Withdrawn and superseded reports, and how often each had been submitted by then."""
        self.sent: dict[str, bytes] = {}
        self.hold: datetime | None = None
        self.orphans: set[str] = set()
        """Reports that killed processes left in `sending`."""
        self.attempts: Counter[str] = Counter()
        self.events_seen: list[str] = []
        for stay in (0, 1, 2, 0, 1):
            self.save_report(self.hotel.outbox, stay)

    def teardown(self) -> None:
        if not hasattr(self, "hotel"):
            return
        try:
            self.recover()
        finally:
            logging.getLogger("apoa_client").removeHandler(self.log)
            self.third.close()
            self.second.close()
            self.hotel.close()
            self.stack.close()

    # Guests.

    @property
    def total(self) -> int:
        return len(self.made)

    def save_report(
        self,
        outbox: AnyOutbox,
        stay: int,
        what: str = "",
        which: int = 0,
        *,
        same: bool = False,
        death: Death | None = None,
    ) -> None:
        """A new guest arrives; for a known stay do `what`, by default a check-out or an amendment."""
        process = Process(death)
        staff = Staff(outbox, self.clock, self.chance, process)
        try:
            if stay in self.stays:
                decision = self.decide_or_leave(staff, stay_id(stay), what, which)
            else:
                decision = self.within_limit(staff.check_in(arrival(self.total, stay, 0 if same else None)))
        except Killed:  # before anything was stored
            return
        if decision is not None:
            self.act_on(decision)
        self.stays |= {stay} if self.second.find(stay_id(stay)) else set()

    def decide_or_leave(self, staff: Staff, stay: str, what: str, which: int) -> Decision | None:
        if what:
            return self.within_limit(staff.decide_change(stay, what, which))
        return self.within_limit(staff.decide_change(stay, "check_out") or staff.decide_change(stay, "amend"))

    def within_limit(self, decision: Decision | None) -> Decision | None:
        return None if decision is not None and decision.saves and self.total >= MOST_REPORTS else decision

    def act_on(self, decision: Decision, *, at_once: bool = True) -> None:
        """Carry out a decision completely or not at all: it may be stale, or the process dies."""
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
            if self.entries() == before:  # and the user did not see it as saved
                return
        self.made += [decision.saves] if decision.saves else []
        self.retired |= {report_id: came[report_id] for report_id in decision.retires}
        states = {entry.id: entry.state for entry in self.entries()}
        assert [states[report_id] for report_id in decision.retires] == [decision.retired] * len(decision.retires)
        assert decision.saves is None or states[decision.saves] is State.QUEUED

    def is_stale(self, decision: Decision) -> bool:
        """Whether the stay changed since the decision, or a report to be replaced was sent since."""
        if not decision.active_reports:
            return False
        entries = {entry.id: entry for entry in self.entries()}
        stay = entries[decision.active_reports[0]].stay_id
        active_reports = tuple(e.id for e in entries.values() if e.stay_id == stay and e.state not in RETIRED)
        return active_reports != decision.active_reports or not all(
            entries[each].withdrawable for each in decision.retires
        )

    @rule(stay=st.integers(0, 5), what=WHAT, which=WHICH, same=st.booleans(), death=st.none() | KILLS)
    def report(self, stay: int, what: str, which: int, *, same: bool, death: Death | None) -> None:
        """Any kind of report of any stay. A new stay may be one that another report covers already."""
        death = None if death is None else replace(death, step=death.step % 4 + 1)
        self.save_report(self.hotel.outbox, stay, what, which, same=same, death=death)

    @rule(stay=st.integers(0, 3), what=WHAT, which=WHICH, run=RUNS, other=st.none() | WHAT)
    def decide_then_act_later(self, stay: int, what: str, which: int, run: Run, other: str | None) -> None:
        """A user decides, and acts after a sync or a change at another desk."""
        if stay not in self.stays:
            return
        staff = Staff(self.third, self.clock, self.chance)
        decision = staff.decide_change(stay_id(stay), what, which)
        self.run(run)
        if other is not None:
            self.save_report(self.hotel.outbox, stay, other)
        decision = self.within_limit(decision)
        if decision is not None:
            self.act_on(decision, at_once=False)

    # Runs.

    @rule(runs=st.lists(RUNS, min_size=1, max_size=3))
    def sync(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self.run(run)

    @rule(stay=st.integers(0, 5), run=RUNS)
    def report_and_sync(self, stay: int, run: Run) -> None:
        """The user has logged in again, and there is something to send."""
        self.log_in()
        self.save_report(self.hotel.outbox, stay)
        self.run(run)

    def run(self, run: Run) -> Process:
        """One run in a separate process, with something to do: where nothing waits, a new guest comes."""
        if not any(entry.state in {State.QUEUED, State.SENDING, State.PENDING} for entry in self.entries()):
            self.save_report(self.hotel.outbox, self.total)
        self.clock.time += run.later
        self.authority.script(",".join(run.script))
        self.jumped = self.disturbed = False
        settings = self.settings
        no_call, others, since = self.must_not_call(settings), self.leased(), len(self.authority.batches)
        process, lines = Process(run.death), list[Connection]()
        outcome = self.deliver_once(self.hotel.outbox, run, settings, process, lines)
        calls = sum(line.calls for line in lines)
        assert not no_call or (calls, lines) == (0, [])
        assert self.jumped or others.isdisjoint(self.submitted(since))
        if process.dead:
            self.hotel.reopen()  # another process opens the outbox
            self.orphans |= self.sending()
        else:
            self.assert_nothing_left_sending(interrupted=outcome is None)
        self.assert_suspension_and_hold(outcome, settings, already=no_call)
        return process

    def deliver_once(
        self, outbox: AnyOutbox, run: Run, settings: str, process: Process, lines: list[Connection]
    ) -> Outcome | None:
        """The outcome of the run, or None where it was killed or interrupted."""

        def connect(_time_left: TimeLeft) -> Any:
            self.authority.drop_token()
            lines.append(
                Connection(
                    self.authority,
                    process,
                    takes_time=self.a_second_passes,
                    check_before_sending=lambda bodies: self.check_before_sending(bodies, run),
                    on_event=self.concurrent_event,
                    events=run.events,
                )
            )
            return lines[-1]

        mortal: Any = MortalOutbox(outbox, process)
        options = RunOptions(
            settings,
            first="" if run.first is None else self.made[run.first % self.total],
            keep_backoff=run.keep_backoff,
            wait_s=run.wait_s,
        )
        try:
            return deliver(Dependencies(mortal, connect, self.clock, lambda: 0.5, ProgressRecorder()), options)
        except (Killed, KeyboardInterrupt):
            return None

    def a_second_passes(self) -> None:
        self.clock.seconds += 1

    def check_before_sending(self, bodies: Sequence[tuple[str, bytes]], run: Run) -> None:
        """Check what another process reads in the file when a batch is sent."""
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
            # What a dead process left may be sent as soon as its lease is over, whatever its last backoff.
            keeps_backoff = run.keep_backoff and report_id not in self.orphans
            assert not (keeps_backoff and plan.is_ahead(entry.next_attempt_at, now, plan.BACKOFF_LAST))

    # Events while one process waits for an answer.

    def concurrent_event(self, event: ConcurrentEvent) -> None:
        self.events_seen.append(event.what)
        if event.what == "sync":
            self.another_run(event)
        elif event.what == "overtake":
            self.jumped = True
            self.clock.time += plan.LEASE
            self.another_run(event)
        elif event.what == "report":
            self.save_report(self.second, self.total % 8, same=event.after)
        elif event.what in CHANGES:
            self.change_report_being_sent(event)
        elif event.what in {"ahead", "back"}:
            self.jumped = True
            self.clock.time += timedelta(hours=3 if event.what == "ahead" else -3)
        else:
            getattr(self, event.what)()

    def another_run(self, event: ConcurrentEvent) -> None:
        """A second process delivers. It sends nothing that the first one has claimed."""
        others, since = self.leased(), len(self.authority.batches)
        process = Process(event.death)
        self.deliver_once(self.second, Run(death=event.death), self.settings, process, list[Connection]())
        if process.dead:
            self.second.close()
            self.second = self.store.open()
        self.disturbed = True
        assert others.isdisjoint(self.submitted(since))
        self.orphans |= self.sending() if process.dead else set()

    def change_report_being_sent(self, event: ConcurrentEvent) -> None:
        """A user at another desk changes a report while it is sent, where the desk allows it."""
        entries = self.entries()
        stays = [entry.stay_id for entry in entries if entry.state in {State.SENDING, State.PENDING}]
        staff = Staff(self.second, self.clock, self.chance)
        decision = self.decide_or_leave(staff, stays[0] if stays else entries[0].stay_id, event.what, event.call)
        if decision is not None:
            self.act_on(decision)

    # Checks after a run.

    def leased(self) -> set[str]:
        """The reports with a valid lease: their process may still be alive."""
        now = self.clock.time
        return {entry.id for entry in self.entries() if plan.is_ahead(entry.lease_until, now, plan.LEASE)}

    def must_not_call(self, settings: str) -> bool:
        """Whether a run must not call the authority."""
        summary = self.summary()
        stopped = summary.suspension is not None and summary.suspension.settings == settings
        return stopped or plan.is_ahead(summary.hold_until, self.clock.time, DAY)

    def assert_nothing_left_sending(self, *, interrupted: bool) -> None:
        """A run that ended, even by Ctrl-C, has stored the result of all that it claimed."""
        left = self.sending()
        assert left <= self.orphans, interrupted
        self.orphans = left

    def assert_suspension_and_hold(self, outcome: Outcome | None, settings: str, *, already: bool) -> None:
        """A suspension and a hold are stored if, and only if, the authority caused them."""
        summary = self.summary()
        if outcome is not None and not self.disturbed:
            assert outcome.left == summary.counts[State.QUEUED] + summary.counts[State.SENDING]
            assert (None if summary.suspension is None else summary.suspension.settings) == (
                settings if outcome.stopped else None
            )
            assert summary.hold_until == self.expected_hold(outcome, already=already)
        self.hold = summary.hold_until

    def expected_hold(self, outcome: Outcome, *, already: bool) -> datetime | None:
        error = outcome.error
        if already or not isinstance(error, AuthorityBusy) or error.retry_after is None:
            return self.hold
        return self.clock.time + timedelta(seconds=error.retry_after)

    # What users do.

    @rule(
        what=st.sampled_from(["log_in", "change_settings", "password_expires", "authority_loses_pending"]),
        max_batch=st.integers(1, 6),
        max_body_bytes=st.sampled_from([1 << 20, 2200, 1100, 300]),
    )
    def change_surroundings(self, what: str, max_batch: int, max_body_bytes: int) -> None:
        """An event between two runs; the authority's limits change, also to less than one report."""
        self.authority.max_batch, self.authority.max_body_bytes = max_batch, max_body_bytes
        getattr(self, what)()

    def log_in(self) -> None:
        """`apoa login` with the right password."""
        self.authority.password_is_right = True
        self.second.set_suspension(None)

    def change_settings(self) -> None:
        self.settings = "second" if self.settings == "first" else "first"

    def password_expires(self) -> None:
        self.authority.password_is_right = False

    def authority_loses_pending(self) -> None:
        """The authority loses its pending reports."""
        for report_id, kept in list(self.authority.known.items()):
            if kept.verdict.status is Status.PENDING:
                del self.authority.known[report_id]

    def shrink(self) -> None:
        self.authority.max_batch, self.authority.max_body_bytes = 1, 2200

    @rule(ahead=st.booleans())
    def killed_while_delivering(self, *, ahead: bool) -> None:
        """A process is killed while it sends, and another runs before or after its lease is over."""
        self.run(Run(death=Death(9, after=True)))
        self.run(Run(later=plan.LEASE if ahead else timedelta(seconds=1), keep_backoff=True))

    def recover(self) -> None:
        """Without faults, everything is delivered within three days except what a user must correct.

        After the correction all the rest is delivered that was not withdrawn.

        """
        self.authority.clear_faults()
        self.log_in()
        self.three_days_pass()
        entries = [entry for entry in self.entries() if entry.state not in RETIRED]
        refused = {entry.stay_id for entry in entries if entry.state is State.REJECTED}
        assert {entry.stay_id for entry in entries if entry.state is not State.ACCEPTED} == refused
        self.assert_same_on_both_sides()
        self.fix_rejected()
        assert {entry.state for entry in self.entries()} <= {State.ACCEPTED, *RETIRED}
        self.assert_same_on_both_sides()
        self.assert_photos_arrived()
        self.assert_nothing_personal_is_readable()

    def three_days_pass(self) -> None:
        for _ in range(3):
            self.clock.time += timedelta(days=1, minutes=1)
            self.hotel.sync(settings=self.settings)

    def assert_same_on_both_sides(self) -> None:
        accepted = {entry.id for entry in self.entries() if entry.state is State.ACCEPTED}
        assert self.authority.acquired.keys() <= accepted
        assert all(
            entry.last_error == "duplicate"
            for entry in self.entries()
            if entry.id in accepted - {*self.authority.order}
        )

    def assert_photos_arrived(self) -> None:
        """Each photo that was not refused is at the authority, once its stay is accepted there and not cancelled."""
        assert list(self.hotel.outbox.photos_to_send()) == []
        of_stay = {entry.stay_id: photo_of(entry.id) for entry in self.entries() if entry.photo is not None}
        stay_of = {entry.id: entry.stay_id for entry in self.entries()}
        assert all(jpeg == of_stay[stay_of[report_id]] for report_id, jpeg in self.authority.photos.items())
        arrived = {stay_of[report_id] for report_id in self.authority.photos}
        assert {entry.stay_id for entry in self.entries() if entry.photo is PhotoState.SENT} <= arrived

    def fix_rejected(self) -> None:
        """`apoa fix` for each rejected report."""
        staff = Staff(self.hotel.outbox, self.clock, self.chance)
        for entry in self.entries():
            if entry.state is State.REJECTED:
                decision = staff.decide_change(entry.stay_id, "fix")
                assert decision is not None
                self.act_on(decision)
        self.three_days_pass()

    def assert_nothing_personal_is_readable(self) -> None:
        """Neither in the log nor in any byte that is stored."""
        assert self.log.personal == []
        content = self.store.raw()
        assert [word for word in PERSONAL if word.encode() in content] == []
        assert b"X000000" not in content  # the documents' numbers

    # Promises that always hold.

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
        """Rejected reports that were superseded also arrived, and do not count."""
        came = [known for known in self.authority.known if known not in self.retired]
        for stay in self.stays:
            ids = [entry.id for entry in self.of(stay) if entry.state not in RETIRED]
            arrived = [known for known in came if known in ids]
            assert arrived == ids[: len(arrived)]

    @invariant()
    def superseded_and_withdrawn_never_arrive(self) -> None:
        """They stay so; the authority does not have them or rejected them, and never gets them again."""
        states = {entry.id: entry.state for entry in self.entries()}
        assert {report_id for report_id, state in states.items() if state in RETIRED} == self.retired.keys()
        submitted = self.submitted()
        for report_id, came in self.retired.items():
            kept = self.authority.known.get(report_id)
            assert kept is None or kept.verdict.status is Status.REJECTED
            assert kept is not None or submitted[report_id] == came

    @invariant()
    def same_stays_on_both_sides(self) -> None:
        """For a stay without waiting or rejected reports both sides have the same reports."""
        for stay in self.stays:
            active_reports = [entry for entry in self.of(stay) if entry.state not in RETIRED]
            if all(entry.state is State.ACCEPTED for entry in active_reports):
                assert self.authority.kinds(stay_id(stay)) == [entry.kind.value for entry in active_reports]

    @invariant()
    def only_the_authority_makes_receipts(self) -> None:
        for entry in self.entries():
            assert (entry.receipt is None) == (entry.state is not State.ACCEPTED)
            assert entry.receipt is None or entry.receipt == self.authority.known[entry.id].verdict.receipt

    @invariant()
    def nothing_is_rejected_because_of_us(self) -> None:
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
