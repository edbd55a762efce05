"""Calls outside a delivery run, such as one for the PDF of a receipt, under the same rules as a delivery."""

from collections.abc import Iterator

import pytest
from authority_simulator import AuthoritySimulator
from conftest import FixedClock
from outbox_helpers import report, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.delivery.single_call import code_table, receipt_pdf, validate
from apoa_client.errors import AccountSuspended, ApoaError, AuthorityBusy, Offline, SettingsProblem, WrongPassword
from apoa_client.messages import msg
from apoa_client.ports.authority import Authority, AuthorityIdentity, Status
from apoa_client.report.codes import CodeTable
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


class TestValidation:
    """What the authority would say about reports, which it does not store."""

    IDENTITY = AuthorityIdentity("training", "P-1")
    BODIES = tuple((uuid(number), to_json(report(number))) for number in range(1, 6))

    def test_the_verdicts_of_all_batches(self, outbox: AnyOutbox, clock: FixedClock) -> None:
        """As many calls as the authority's largest batch needs; nothing is acquired."""
        simulator = AuthoritySimulator(max_batch=2)
        found = validate(outbox, lambda: simulator, clock, SETTINGS, self.IDENTITY, self.BODIES)
        assert [each.id for each in found] == [report_id for report_id, _body in self.BODIES]
        assert {each.status for each in found} <= {Status.ACCEPTED, Status.DUPLICATE}
        assert (simulator.order, simulator.batches) == ([], [])

    def test_nothing_goes_to_another_authority(self, outbox: AnyOutbox, clock: FixedClock) -> None:
        """The reports are personal data."""
        simulator = AuthoritySimulator()
        with pytest.raises(SettingsProblem):
            validate(outbox, lambda: simulator, clock, SETTINGS, AuthorityIdentity("production", "P-1"), self.BODIES)
        assert simulator.known == {}

    def test_a_refused_account_is_not_tried_again(self, outbox: AnyOutbox, clock: FixedClock) -> None:
        """As by any other call."""
        refusing = Refusing(WrongPassword(msg("No.")))
        for _call in range(2):
            with pytest.raises(WrongPassword):
                validate(outbox, refusing, clock, SETTINGS, self.IDENTITY, self.BODIES)
        assert refusing.calls == 1


def test_a_code_table_is_fetched_when_it_has_changed(outbox: AnyOutbox, clock: FixedClock) -> None:
    """The kept one stays while its ETag is current; None for a table that the authority does not have."""
    simulator = AuthoritySimulator()

    def fetch(kept: CodeTable | None) -> CodeTable | None:
        return code_table(outbox, lambda: simulator, clock, SETTINGS, "purposes", kept)

    assert fetch(None) is None
    simulator.tables["purposes"] = CodeTable("purposes", "1", (), '"1"')
    kept = fetch(None)
    assert kept is not None
    assert fetch(kept) is kept
    simulator.tables["purposes"] = CodeTable("purposes", "2", (), '"2"')
    assert fetch(kept) == simulator.tables["purposes"]
    assert [etag for _table, etag in simulator.tables_asked] == [None, None, '"1"', '"1"']
