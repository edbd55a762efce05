"""A sending run that was killed: why its reports still wait, and until when."""

from contextlib import closing
from datetime import timedelta

import pytest
from app_helpers import app_of
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa, spoken, spoken_count, time_in

from apoa_client.delivery.plan import LEASE

UNTIL = "24 Nov 2026 20:05 WIB"
BEING_SENT = (
    "{count} report is being sent. If that was broken off, it can be sent again after {until}.",
    "{count} reports are being sent. If that was broken off, they can be sent again after {until}.",
)


@pytest.fixture
def killed(configured: Apoa) -> Apoa:
    """A property with reports that a killed run was sending."""
    ids = [configured.save(guest)["id"] for guest in (QUENTIN, XIMENA)]
    now = configured.clock.now()
    with closing(app_of(configured.home, configured.clock, "melati")) as app:
        app.outbox.claim(ids, now=now, lease_until=now + LEASE)
    return configured


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sync_tells_the_reason(killed: Apoa, lang: str) -> None:
    """It names the time after which the reports are sent again; then they are, and nothing is said."""
    said = killed("sync", lang=lang)
    assert said.code == 75
    assert spoken_count(lang, *BEING_SENT, 2, until=time_in(lang, UNTIL)) in said.out
    killed.clock.forward(LEASE)
    again = killed("sync", lang=lang)
    assert (again.code, again.out) == (0, spoken(lang, "sent {count}", count=2) + "\n")


def test_sync_as_json(killed: Apoa) -> None:
    """The time is in the document, in the property's zone; it is null where nothing is being sent."""
    assert killed("sync", "--json").json["leased_until"] == "2026-11-24T20:05:00+07:00"
    killed.clock.forward(LEASE)
    assert killed("sync", "--json").json["leased_until"] is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_status_and_show(killed: Apoa, lang: str) -> None:
    """They say that reports are being sent, or until when these wait."""
    assert spoken_count(lang, *BEING_SENT, 2, until=time_in(lang, UNTIL)) in killed("status", lang=lang).out
    assert (
        spoken_count(lang, *BEING_SENT, 1, until=time_in(lang, UNTIL))
        in killed("show", killed.reports()[0]["id"], lang=lang).out
    )
    killed.clock.forward(LEASE)
    assert time_in(lang, UNTIL) not in killed("status", lang=lang).out
    assert time_in(lang, UNTIL) not in killed("show", killed.reports()[0]["id"], lang=lang).out


def test_a_lease_from_a_wrong_clock(killed: Apoa) -> None:
    """A lease that ends later than any can is over: the reports are sent."""
    killed.clock.forward(-timedelta(days=1))
    said = killed("sync", "--json").json
    assert (said["accepted"], said["leased_until"]) == (2, None)
