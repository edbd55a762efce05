"""The authority's time is asked for where nothing is sent, and a refusal counts as in a delivery."""

from datetime import timedelta

import pytest
from conftest import NOW, raises_error
from delivery_helpers import SETTINGS, UNKNOWN_AUTHORITY, Hotel

from apoa_client.delivery.single_call import record_authority_time
from apoa_client.ports.authority import AuthorityIdentity
from apoa_client.ports.state import Summary


def ask(hotel: Hotel, settings: str = SETTINGS, expected: AuthorityIdentity = UNKNOWN_AUTHORITY) -> None:
    record_authority_time(hotel.outbox, lambda: hotel.authority, hotel.clock, settings, expected)


def summary(hotel: Hotel) -> Summary:
    return hotel.outbox.summary(now=hotel.clock.now(), soon=hotel.clock.now())


def test_the_time_is_recorded(hotel: Hotel) -> None:
    """As a contact, with the difference to this computer's clock."""
    hotel.authority.now = NOW - timedelta(days=100)
    ask(hotel)
    assert summary(hotel).last_contact_at == hotel.clock.now()
    assert summary(hotel).clock_skew == hotel.authority.now - hotel.clock.now()


def test_a_wrong_password_stops_sending(hotel: Hotel) -> None:
    """The authority is not asked again until a user logs in, or the settings change."""
    hotel.authority.password_is_right = False
    with raises_error("wrong_password"):
        ask(hotel)
    suspension = summary(hotel).suspension
    assert suspension is not None
    assert (suspension.reason, suspension.settings) == ("wrong_password", SETTINGS)
    hotel.authority.password_is_right = True
    with raises_error("wrong_password"):
        ask(hotel)
    ask(hotel, "other settings")
    assert summary(hotel).last_contact_at == hotel.clock.now()


def test_a_time_to_wait_is_respected(hotel: Hotel) -> None:
    """It is stored for deliveries, too."""
    hotel.authority.script("meta:429=60")
    for _call in range(2):
        with raises_error("authority_busy"):
            ask(hotel)
    hotel.wait(seconds=61)
    ask(hotel)
    assert summary(hotel).last_contact_at == hotel.clock.now()


@pytest.mark.parametrize("fault", ["drop", "portal", "400"])
def test_any_other_failure_changes_nothing(hotel: Hotel, fault: str) -> None:
    """It is raised."""
    hotel.authority.script(f"meta:{fault}")
    with raises_error("unknown_outcome", "not_the_authority", "call_refused"):
        ask(hotel)
    assert (summary(hotel).suspension, summary(hotel).last_contact_at) == (None, None)


def test_another_authority(hotel: Hotel) -> None:
    """Its time confirms nothing, also in a delivery."""
    expected = AuthorityIdentity("production", "P-1")
    with raises_error("another_authority"):
        ask(hotel, expected=expected)
    hotel.add(1)
    assert hotel.sync(expected=expected).error is not None
    assert summary(hotel).last_contact_at is None
    assert hotel.outbox.clock_checked_at(hotel.clock.now()) is None
