"""Calls outside a delivery run: the PDF of a receipt, under the same rules as a delivery."""

from collections.abc import Iterator

import pytest
from authority_simulator import AuthoritySimulator
from conftest import FixedClock
from outbox_helpers import report, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.delivery.single_call import receipt_pdf
from apoa_client.errors import AccountSuspended, ApoaError, AuthorityBusy, Offline, WrongPassword
from apoa_client.messages import msg
from apoa_client.ports.authority import Authority
from apoa_client.report.wire import to_json

SETTINGS = "0123456789abcdef"


@pytest.fixture
def outbox(store: Store) -> Iterator[AnyOutbox]:
    """An empty outbox."""
    with store.open() as opened:
        yield opened


class Refusing:
    """A `connect` for an authority that is offline or refuses; counts the calls."""

    def __init__(self, error: ApoaError) -> None:
        self.error = error
        self.calls = 0

    def __call__(self) -> Authority:
        self.calls += 1
        raise self.error


def test_the_pdf_is_returned(outbox: AnyOutbox, clock: FixedClock) -> None:
    """The PDF of an acquired report, and None for another."""
    simulator = AuthoritySimulator()
    simulator.submit([(uuid(1), to_json(report(1)))])
    with outbox:
        assert (receipt_pdf(outbox, lambda: simulator, clock, SETTINGS, uuid(1)) or b"").startswith(b"%PDF-")
        assert receipt_pdf(outbox, lambda: simulator, clock, SETTINGS, uuid(2)) is None


@pytest.mark.parametrize("kind", [WrongPassword, AccountSuspended])
def test_a_refused_account_is_not_tried_again(outbox: AnyOutbox, clock: FixedClock, kind: type[ApoaError]) -> None:
    """The same error without a call, until the settings change."""
    refusing = Refusing(kind(msg("No.")))
    with outbox:
        for settings, calls in ((SETTINGS, 1), (SETTINGS, 1), ("fedcba9876543210", 2)):
            with pytest.raises(kind):
                receipt_pdf(outbox, refusing, clock, settings, uuid(1))
            assert refusing.calls == calls


def test_a_hold_applies_to_deliveries_too(outbox: AnyOutbox, clock: FixedClock) -> None:
    """The wait asked for here is stored for all runs; after it the call is made again."""
    refusing = Refusing(AuthorityBusy(msg("Busy."), retry_after=60))
    with outbox:
        for calls in (1, 1):
            with pytest.raises(AuthorityBusy):
                receipt_pdf(outbox, refusing, clock, SETTINGS, uuid(1))
            assert refusing.calls == calls
        assert outbox.summary(now=clock.now(), soon=clock.now()).hold_until is not None


def test_offline_does_not_suspend(outbox: AnyOutbox, clock: FixedClock) -> None:
    """The next call tries again."""
    refusing = Refusing(Offline(msg("No line.")))
    with outbox:
        for calls in (1, 2):
            with pytest.raises(Offline):
                receipt_pdf(outbox, refusing, clock, SETTINGS, uuid(1))
            assert refusing.calls == calls
