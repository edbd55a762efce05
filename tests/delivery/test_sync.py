"""Whole runs of delivery: a real outbox, real seals, and a simulated authority with scripted faults."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from authority_simulator import AuthoritySimulator
from basics import NOW
from delivery_helpers import Hotel, report
from outbox_helpers import finding, uuid

from apoa_client.delivery.options import Outcome
from apoa_client.errors import (
    AccountSuspended,
    Exit,
    Offline,
    SettingsProblem,
    StorageProblem,
    TooLarge,
    UntrustedCertificate,
    WrongPassword,
)
from apoa_client.messages import msg
from apoa_client.outbox.errors import DiskFull
from apoa_client.ports.authority import AuthorityIdentity, KeptAnswers, Verdict
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import to_json


def ids(*numbers: int) -> list[str]:
    return [uuid(number) for number in numbers]


# Ordinary runs.


def test_queued_reports_are_delivered(hotel: Hotel) -> None:
    """Once, with the receipt on both sides; later runs have nothing to do."""
    hotel.add(1, 2, 3)
    outcome = hotel.sync()
    assert (outcome.sent, outcome.counts["accepted"], outcome.left, outcome.exit_code) == (3, 3, 0, Exit.DONE)
    assert hotel.authority.order == ids(1, 2, 3)
    for number in (1, 2, 3):
        entry = hotel.entry(number)
        assert (entry.state, entry.receipt) == (State.ACCEPTED, hotel.authority.acquired[uuid(number)])
        assert (entry.attempts, entry.last_error) == (1, None)
    assert outcome.verdicts.keys() == set(ids(1, 2, 3))
    assert (hotel.watcher.begun, len(hotel.watcher.verdicts), hotel.watcher.troubles) == ([3], 3, [])
    hotel.sync()
    assert hotel.connections == 1


def test_the_sealed_bytes_are_sent(hotel: Hotel) -> None:
    """The authority compares content to distinguish a repeated report from a changed one."""
    seen: list[tuple[str, bytes]] = []

    class Recording(AuthoritySimulator):
        def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
            seen.extend(bodies)
            return super().submit(bodies)

    hotel.authority = Recording()
    hotel.authority.script("lost")
    hotel.add(1)
    hotel.sync()
    hotel.sync()
    assert seen == [(uuid(1), to_json(report(1)))] * 2


def test_the_most_urgent_go_first_after_the_requested_one(hotel: Hotel) -> None:
    """The soonest deadline goes first, but after the report of `RunOptions.first`."""
    hotel.authority.max_batch = 1
    hotel.add(1)
    hotel.add(2, due_at=NOW + timedelta(hours=2))
    hotel.add(3, due_at=NOW + timedelta(hours=1))
    hotel.sync(first=uuid(1))
    assert hotel.authority.order == ids(1, 3, 2)


# Batches.


def test_a_call_keeps_the_authoritys_byte_limit(hotel: Hotel) -> None:
    """What does not fit goes in the next call."""
    body = len(to_json(report(1)))
    hotel.authority.max_body_bytes = 2 * body + 40
    hotel.add(*range(5))
    assert hotel.sync().counts["accepted"] == 5
    assert hotel.sizes() == [2, 2, 1]


@pytest.mark.parametrize("step", ["413", "slow=60"])
def test_a_batch_is_halved_down_to_one(hotel: Hotel, step: str) -> None:
    """After "too large" or a timeout the batch is halved, and does not grow again in this run."""
    hotel.authority.script(f"{step}*5")
    hotel.add(*range(50))
    outcome = hotel.sync()
    assert (outcome.counts["accepted"], outcome.exit_code) == (50, Exit.DONE)
    assert hotel.sizes()[:6] == [50, 25, 12, 6, 3, 1]
    assert set(hotel.sizes()[6:]) == {1}
    assert len(hotel.watcher.troubles) == 5
    assert len(hotel.authority.acquired) == 50


def test_a_timeout_of_a_single_report_ends_the_run(hotel: Hotel) -> None:
    """A connection that cannot send one report cannot send the others."""
    hotel.authority.script("slow=60*2")
    hotel.add(1, 2)
    outcome = hotel.sync()
    assert (hotel.sizes(), outcome.left, outcome.exit_code) == ([2, 1], 2, Exit.NOT_NOW)
    assert outcome.error is not None
    assert outcome.error.name == "timed_out"


def test_one_report_that_is_too_large_does_not_delay_others(hotel: Hotel) -> None:
    """It stays queued, the run ends with its error, and the batches grow again."""

    class TooLargeForOne(AuthoritySimulator):
        def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
            if uuid(0) in dict(bodies):
                self.batches.append([each for each, _ in bodies])
                raise TooLarge(msg("No."))
            return super().submit(bodies)

    hotel.authority = TooLargeForOne()
    hotel.add(*range(20))
    outcome = hotel.sync()
    assert (outcome.counts["accepted"], outcome.left, outcome.exit_code) == (19, 1, Exit.NOT_NOW)
    assert isinstance(outcome.error, TooLarge)
    assert (hotel.entry(0).state, hotel.entry(0).last_error) == (State.QUEUED, "too_large")
    assert hotel.sizes() == [20, 10, 5, 2, 1, 1, 4, 14]


def test_the_desk_begins_small(hotel: Hotel) -> None:
    """A run whose time is limited must have its answer soon; any other one takes all in one call."""
    hotel.add(*range(200))
    hotel.sync(wait_s=4)
    hotel.add(*range(200, 400))
    hotel.sync()
    assert hotel.sizes() == [50, 150, 200]


# Backoff, and the authority's own wait.


def test_a_hold_with_nothing_to_do_is_no_failure(hotel: Hotel) -> None:
    """Because no report waits."""
    hotel.outbox.hold(NOW + timedelta(seconds=30))
    assert hotel.sync().exit_code is Exit.DONE


def test_a_hold_stored_by_a_wrong_clock_is_ignored(hotel: Hotel) -> None:
    """A hold of a year cannot be right."""
    hotel.outbox.hold(NOW + timedelta(days=365))
    hotel.add(1)
    assert hotel.sync().counts["accepted"] == 1


# Verdicts.


def test_a_pending_report_that_is_deferred_is_queued_until_then(hotel: Hotel) -> None:
    """As long as the authority said."""
    hotel.authority.script("pending,result:defer=60")
    hotel.add(1)
    hotel.sync()
    assert (hotel.sync().counts["deferred"], hotel.states()) == (1, [State.QUEUED])
    hotel.wait(seconds=60)
    hotel.sync()
    assert hotel.sizes() == [1, 1]


def test_a_pending_report_that_was_lost_is_sent_again(hotel: Hotel) -> None:
    """The authority lost it: it is sent under the same id in the same run."""
    hotel.authority.script("pending")
    hotel.add(1)
    hotel.sync()
    hotel.authority.known.clear()
    outcome = hotel.sync()
    assert (outcome.sent, outcome.counts["accepted"], hotel.authority.order) == (1, 1, ids(1))
    assert hotel.authority.batches == [ids(1)] * 2


class WarningSimulator(AuthoritySimulator):
    """An authority that adds a warning to each verdict."""

    def verdict(self, report_id: str) -> Verdict | None:
        found = super().verdict(report_id)
        return None if found is None else found._replace(warnings=(finding("expired"),))


def test_a_later_verdict_needs_the_key(hotel: Hotel) -> None:
    """Without it the run says so and changes nothing; the next run stores the receipt, and the warnings with ours."""
    hotel.authority = WarningSimulator()
    hotel.authority.script("pending")
    hotel.add(1, warnings=[finding("late")])
    hotel.sync()
    hotel.lock()
    locked = hotel.sync()
    assert (locked.error is not None and locked.error.exit_code, hotel.states()) == (Exit.CREDENTIALS, [State.PENDING])
    hotel.reopen()
    assert (hotel.sync().counts["accepted"], hotel.states()) == (1, [State.ACCEPTED])
    warnings = hotel.outbox.content(hotel.entry(1)).warnings
    assert [warning.code for warning in warnings] == ["late", "expired"]


# Stays.


def test_reports_of_a_stay_go_in_order(hotel: Hotel) -> None:
    """One in each batch, and all in one run."""
    hotel.add(1)
    hotel.add(2, stay=1, kind=Kind.CHECK_OUT)
    hotel.add(3)
    assert hotel.sync().counts["accepted"] == 3
    assert hotel.authority.batches == [ids(1, 3), ids(2)]


@pytest.mark.parametrize("step", ["500", "defer=60"])
def test_a_stay_waits_for_its_first_report_across_runs(hotel: Hotel, step: str) -> None:
    """No report overtakes it; other stays are sent."""
    hotel.authority.script(step)
    hotel.add(1)
    hotel.add(2, stay=1, kind=Kind.CHECK_OUT)
    hotel.sync()
    hotel.add(3)
    hotel.sync(keep_backoff=True)
    assert hotel.authority.order == ids(3)
    hotel.wait(hours=1)
    hotel.sync(keep_backoff=True)
    assert hotel.authority.order == ids(3, 1, 2)


def test_a_verdict_releases_the_rest_of_its_stay(hotel: Hotel) -> None:
    """Pending holds it back; accepted releases it in the same run."""
    hotel.authority.script("pending")
    hotel.add(1)
    hotel.add(2, stay=1, kind=Kind.CHECK_OUT)
    outcome = hotel.sync()
    assert (outcome.counts["pending"], outcome.left, outcome.exit_code) == (1, 1, Exit.NOT_NOW)
    outcome = hotel.sync()
    assert (outcome.counts["accepted"], outcome.left, hotel.authority.order) == (2, 0, ids(1, 2))


# Records and keys.


def test_without_the_key_nothing_is_claimed(hotel: Hotel) -> None:
    """No attempt is counted and nothing is sent; with the key everything is sent."""
    hotel.add(1, 2)
    hotel.lock()
    outcome = hotel.sync()
    assert (outcome.exit_code, outcome.stopped, outcome.left) == (Exit.CREDENTIALS, False, 2)
    assert [(hotel.entry(number).state, hotel.entry(number).attempts) for number in (1, 2)] == [(State.QUEUED, 0)] * 2
    assert hotel.authority.batches == []
    hotel.reopen()
    assert hotel.sync().counts["accepted"] == 2


def test_an_outbox_that_cannot_be_written_raises(hotel: Hotel, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not an error of the connection: a report must not look delivered if that was not stored.

    It is not tried for each report: a server that is away would cost its time limit each time.
    """
    hotel.add(1, 2, 3)
    tries: list[object] = []

    def full(_lease: str, changes: object) -> None:
        tries.append(changes)
        raise DiskFull(msg("The disk is full."))

    monkeypatch.setattr(hotel.outbox, "settle", full)
    with pytest.raises(StorageProblem):
        hotel.sync()
    assert len(tries) == hotel.watcher.ended == 1
    monkeypatch.undo()
    hotel.wait(minutes=5)
    assert hotel.sync().counts["accepted"] == 3
    assert (hotel.authority.order, len(hotel.authority.batches)) == (ids(1, 2, 3), 2)


# Time.


def test_a_run_is_limited(hotel: Hotel) -> None:
    """No call starts after the time is over; the rest waits for a later run."""
    hotel.authority.max_batch = 1
    hotel.delay(1)
    hotel.add(1, 2, 3, 4)
    outcome = hotel.sync(wait_s=1.5)
    assert (outcome.counts["accepted"], outcome.left, outcome.error, outcome.exit_code) == (2, 2, None, Exit.NOT_NOW)
    assert outcome.time_over
    outcome = hotel.sync(wait_s=100)
    assert (outcome.counts["accepted"], outcome.time_over) == (2, False)


def test_asking_is_limited_too(hotel: Hotel) -> None:
    """Pending reports that were not asked about stay pending."""
    hotel.delay(1)
    hotel.authority.script("pending")
    hotel.add(1, 2, 3)
    hotel.sync()
    assert (hotel.sync(wait_s=1.5).counts["accepted"], len(hotel.authority.asked)) == (2, 2)
    assert hotel.states() == [State.ACCEPTED, State.ACCEPTED, State.PENDING]


# The outcome.


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(), 0),
        (Outcome(sent=2, counts=Counter(accepted=1, duplicate=1)), 0),
        (Outcome(counts=Counter(pending=1)), 0),
        (Outcome(left=1), 75),
        (Outcome(counts=Counter(rejected=1)), 65),
        (Outcome(counts=Counter(rejected=1), left=1), 65),
        (Outcome(counts=Counter(rejected=1), left=1, doubts=(Doubt(DoubtKind.STATE, uuid(1)),)), 78),
        (Outcome(error=Offline(msg("x"))), 75),
        (Outcome(error=WrongPassword(msg("x")), counts=Counter(rejected=1)), 77),
        (Outcome(error=AccountSuspended(msg("x"))), 69),
        (Outcome(error=UntrustedCertificate(msg("x"))), 78),
    ],
)
def test_exit_codes(outcome: Outcome, code: int) -> None:
    """As documented for the command line."""
    assert int(outcome.exit_code) == code


def test_the_log_has_the_verdict_of_each_report(hotel: Hotel, caplog: pytest.LogCaptureFixture) -> None:
    """By its id, and the error's class where a run ended early; no personal data."""
    hotel.add(1)
    hotel.authority.script("drop")
    with caplog.at_level("INFO", logger="apoa_client.delivery"):
        hotel.sync()
        hotel.sync()
    assert caplog.messages == ["the run ended: unknown_outcome", f"report {uuid(1)}: accepted"]


def test_a_call_after_the_run_has_a_few_seconds(hotel: Hotel) -> None:
    """On its connection, if it had one."""
    assert hotel.sync().authority is None
    hotel.add(1)
    assert hotel.sync().authority is hotel.authority
    assert 0 < hotel.time_left() <= 15


SIMULATED = AuthorityIdentity("training", "P-1")


@pytest.mark.parametrize(
    "expected", [SIMULATED, AuthorityIdentity(), AuthorityIdentity("training"), AuthorityIdentity("", "P-1")]
)
def test_the_same_authority(hotel: Hotel, expected: AuthorityIdentity) -> None:
    """What is not known yet agrees with everything."""
    hotel.add(1)
    outcome = hotel.sync(expected=expected)
    assert outcome.counts["accepted"] == 1
    assert outcome.meta is not None
    assert outcome.meta.identity == SIMULATED


@pytest.mark.parametrize(
    ("expected", "then", "now"),
    [
        (AuthorityIdentity("production", "P-1"), "live, account P-1", "for training, account P-1"),
        (AuthorityIdentity("training", "P-2"), "for training, account P-2", "for training, account P-1"),
        (AuthorityIdentity("production"), "live", "for training, account P-1"),
    ],
)
def test_another_authority(hotel: Hotel, expected: AuthorityIdentity, then: str, now: str) -> None:
    """No report leaves, none is asked about, and the error says what changed."""
    hotel.authority.script("pending")
    hotel.add(1)
    hotel.sync()
    hotel.add(2)
    hotel.authority.batches.clear()
    outcome = hotel.sync(expected=expected)
    assert isinstance(outcome.error, SettingsProblem)
    assert (outcome.error.name, outcome.exit_code, outcome.left) == ("another_authority", Exit.SETTINGS, 1)
    assert f"Then: {then}. Now: {now}." in outcome.error.message.render()
    assert (hotel.authority.batches, hotel.authority.asked) == ([], [])
    entry = hotel.entry(2)
    assert (entry.state, entry.attempts, entry.calls) == (State.QUEUED, 0, 0)
    assert hotel.sync(expected=SIMULATED).left == 0


def test_an_answer_that_is_kept(hotel: Hotel) -> None:
    """What an earlier run learnt is compared with the set-up too, and its limits hold."""
    kept = KeptAnswers()
    kept.meta, kept.meta_until = hotel.authority.meta()._replace(max_batch=2), math.inf
    hotel.add(1, 2, 3)
    refused = hotel.sync(expected=AuthorityIdentity("production"), kept=kept)
    assert refused.error is not None
    assert (refused.error.name, hotel.authority.batches) == ("another_authority", [])
    assert hotel.sync(expected=SIMULATED, kept=kept).meta == kept.meta
    assert hotel.sizes() == [2, 1]
