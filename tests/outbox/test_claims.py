"""Several processes at one queue: each report is sent by one of them, and a dead process blocks nothing forever."""

from datetime import timedelta

from basics import raises_error
from outbox_helpers import HOUR, NOON, PUBLIC_KEY, receipt, report, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import SecretMissing
from apoa_client.messages import msg
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import State
from apoa_client.vault.sealing import PropertySealer


def test_an_expired_lease_is_taken_over(outbox: AnyOutbox) -> None:
    """Not earlier; and the previous holder can settle nothing any more."""
    outbox.add(report(1), due_at=None)
    old, _ = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    early = NOON + HOUR - timedelta(milliseconds=1)
    assert outbox.claim([uuid(1)], now=early, lease_until=NOON + 9 * HOUR)[1] == []
    new, [entry] = outbox.claim([uuid(1)], now=NOON + HOUR, lease_until=NOON + 2 * HOUR)
    assert (entry.attempts, entry.lease_until) == (2, NOON + 2 * HOUR)
    outbox.settle(old, [Change(uuid(1), State.REJECTED)])
    assert outbox.find(uuid(1))[0].state is State.SENDING
    outbox.settle(new, [Change(uuid(1), State.ACCEPTED, receipt=receipt())])
    assert outbox.find(uuid(1))[0].state is State.ACCEPTED


def test_a_report_is_claimed_after_the_one_before_it(outbox: AnyOutbox) -> None:
    """Not while an earlier report of the stay is open, whatever the caller saw when it looked."""
    for number in (1, 2):
        outbox.add(report(number, stay=1), due_at=None)
    assert [entry.id for entry in outbox.claim([uuid(1), uuid(2)], now=NOON, lease_until=NOON + HOUR)[1]] == [uuid(1)]
    lease, _ = outbox.claim([uuid(2), uuid(1)], now=NOON + HOUR, lease_until=NOON + 2 * HOUR)
    outbox.settle(lease, [Change(uuid(1), State.PENDING)])
    assert outbox.claim([uuid(2)], now=NOON, lease_until=NOON + HOUR)[1] == []
    outbox.settle_pending([Change(uuid(1), State.ACCEPTED, receipt=receipt())])
    assert len(outbox.claim([uuid(2)], now=NOON, lease_until=NOON + HOUR)[1]) == 1


def test_a_lease_is_renewed_by_its_token(outbox: AnyOutbox) -> None:
    """For all its reports, also when it is over already; not once another process has taken them over."""
    for number in (1, 2):
        outbox.add(report(number), due_at=None)
    lease, _ = outbox.claim([uuid(1), uuid(2)], now=NOON, lease_until=NOON + HOUR)
    assert outbox.renew(lease, now=NOON, lease_until=NOON + 3 * HOUR)
    assert [entry.lease_until for entry in outbox.heads()] == [NOON + 3 * HOUR] * 2
    assert outbox.authenticate(ask=True).doubts == ()  # no code is over a lease
    assert outbox.renew(lease, now=NOON + 3 * HOUR, lease_until=NOON + 4 * HOUR)
    assert outbox.claim([uuid(1)], now=NOON + 3 * HOUR, lease_until=NOON + 5 * HOUR)[1] == []
    later, claimed = outbox.claim([uuid(1), uuid(2)], now=NOON + 4 * HOUR, lease_until=NOON + 5 * HOUR)
    assert len(claimed) == 2
    assert not outbox.renew(lease, now=NOON + 4 * HOUR, lease_until=NOON + 9 * HOUR)
    assert [entry.lease_until for entry in outbox.heads()] == [NOON + 5 * HOUR] * 2
    outbox.settle(later, [Change(uuid(1), State.QUEUED), Change(uuid(2), State.QUEUED)])
    assert not outbox.renew(later, now=NOON, lease_until=NOON + HOUR)


def missing_key() -> bytes:
    raise SecretMissing(msg("The keyring is locked."))


def test_a_released_report_is_as_before(outbox: AnyOutbox) -> None:
    """What another process has taken over, or was settled, is left alone."""
    outbox.add(report(1), due_at=None)
    [before] = outbox.find(uuid(1))
    lease, _ = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    outbox.release(lease)
    assert outbox.find(uuid(1)) == [before]
    assert outbox.authenticate(ask=True).doubts == ()
    old, _ = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    outbox.claim([uuid(1)], now=NOON + HOUR, lease_until=NOON + 2 * HOUR)
    outbox.release(old)
    assert outbox.find(uuid(1))[0].state is State.SENDING


def test_nothing_is_claimed_or_released_without_the_key(outbox: AnyOutbox, store: Store) -> None:
    """A lease that a process without the key cannot end expires; what it says is needed."""
    outbox.add(report(1), due_at=None)
    lease, _ = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    with store.open(PropertySealer(PUBLIC_KEY, missing_key)) as keyless:
        with raises_error("key_needed"):
            keyless.claim([uuid(1)], now=NOON + HOUR, lease_until=NOON + 2 * HOUR)
        with raises_error("key_needed"):
            keyless.release(lease)
    assert outbox.find(uuid(1))[0].state is State.SENDING
    assert outbox.authenticate(ask=True).doubts == ()
