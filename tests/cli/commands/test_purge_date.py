"""A clock that is wrong erases no data of guests in house: by age, data are erased only if the date is confirmed."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cli_helpers import QUENTIN, XIMENA, Apoa, Serve, spoken

DAY = timedelta(days=1)
JUMP = 100 * DAY
GUESTS = 5
SKIPPED = "Old guest data were not erased: nothing confirms this computer's date, {day}."
ADVICE = "If the date is right, run: apoa purge --today {date}. If not, set the clock."
IN_STATUS = "Old guest data wait to be erased, until the date is confirmed: apoa purge"


@pytest.fixture
def house(configured: Apoa) -> Apoa:
    """A property with delivered guests in house; the authority has this computer's time."""
    for number in range(GUESTS):
        configured.send(replace(QUENTIN, number=f"ZX123456{number}"))
    return configured


@pytest.fixture
def manual(apoa: Apoa) -> Apoa:
    """A property whose staff type reports into APOA, with guests in house."""
    assert apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", "--by-hand").code == 0
    for number in range(GUESTS):
        report = apoa.save(replace(QUENTIN, number=f"ZX123456{number}"))
        assert apoa("received", report["id"], f"STT-{number}").code == 0
    return apoa


def erased(apoa: Apoa) -> int:
    return sum(report.get("erased", False) for report in apoa.reports())


def spoken_day(day: datetime) -> str:
    return f"{day.day} {day:%b} {day.year}"


def each_day(apoa: Apoa, days: int) -> None:
    """Let days pass, with a scheduled run in each."""
    for _day in range(days):
        apoa.clock.forward(DAY)
        assert apoa("sync", "--scheduled").code == 0


def test_a_locked_keyring_puts_it_off(manual: Apoa) -> None:
    """The scheduled run does not fail: it says so once, and a run with the key erases the data."""
    manual.clock.forward(JUMP)
    keys = manual.home / "melati" / "keys.json"
    keys.rename(keys.with_name("away.json"))
    assert manual("purge", "--today", f"{manual.clock.now():%Y-%m-%d}").code == 77
    said = manual("sync", "--scheduled")
    line = "Old guest data are not erased before the private key is at hand. Unlock the keyring."
    assert (said.code, said.out, said.err) == (0, "", f"{line}\n")
    assert (manual("sync", "--scheduled").all, erased(manual)) == ("", 0)
    keys.with_name("away.json").rename(keys)
    assert (manual("sync", "--scheduled").code, erased(manual)) == (0, GUESTS)


class TestClockFarAhead:
    """The clock is 100 days ahead for a while, and then right again."""

    def test_offline(self, house: Apoa, authority: Any) -> None:
        """A scheduled run erases nothing and says so in one line, once a day; `status` says it, too."""
        authority.stop()
        before = house.reports()
        house.clock.forward(JUMP)
        day = house.clock.now()
        said = house("sync", "--scheduled")
        assert (said.code, said.out) == (0, "")
        sentence, advice = (
            spoken("en", SKIPPED, day=spoken_day(day)),
            spoken("en", ADVICE, date=f"{day:%Y-%m-%d}"),
        )
        assert said.err == f"{sentence} {advice}\n"
        house.clock.forward(timedelta(minutes=15))
        assert house("sync", "--scheduled").all == ""
        assert spoken("en", IN_STATUS) in house("status").out
        assert house("status", "--json").json["purge_skipped_at"] == "2027-03-04T20:00:00+07:00"
        house.clock.forward(DAY)
        assert spoken("en", SKIPPED, day=spoken_day(day + DAY)) in house("sync", "--scheduled").err
        house.clock.forward(timedelta(minutes=-15) - DAY - JUMP)
        assert house("sync", "--scheduled").all == ""
        assert house.reports() == before

    def test_with_the_authoritys_time(self, apoa: Apoa, serve: Serve) -> None:
        """The authority's time counts: nothing is erased, and the run says that the clock is wrong."""
        time = apoa.clock.now()
        apoa.set_up(serve(now=lambda: time).base_url)
        apoa.send()
        apoa.clock.forward(JUMP)
        said = apoa("sync", "--scheduled")
        assert (said.code, said.out) == (0, "")
        assert "This computer's clock is 100 days ahead of the authority's." in said.err
        assert apoa("sync", "--scheduled").all == ""
        assert apoa("purge").code == 0
        apoa.clock.forward(-JUMP)
        assert (apoa("sync", "--scheduled").all, erased(apoa)) == ("", 0)

    @pytest.mark.parametrize("years", [-1000, 900])
    def test_with_an_authority_that_is_years_off(self, apoa: Apoa, serve: Serve, years: int) -> None:
        """Its time does not keep guests' data for ever: the difference is said, and a user confirms the date."""
        off = timedelta()
        apoa.set_up(serve(now=lambda: apoa.clock.now() + off).base_url)
        apoa.send()
        off = timedelta(days=365 * years)
        apoa.clock.forward(JUMP)
        said = apoa("sync", "--scheduled")
        assert (said.code, said.out, erased(apoa)) == (0, "", 0)
        assert "Old guest data were not erased" in said.err
        days = abs(365 * years)
        assert f"The clocks of this computer and of the authority differ by {days} days" in said.err
        assert apoa("purge", "--today", f"{apoa.clock.now():%Y-%m-%d}").code == 0
        assert erased(apoa) == 1

    def test_by_hand(self, manual: Apoa) -> None:
        """Without an authority, a gap of more than a day needs a user's answer."""
        manual.clock.forward(JUMP)
        assert "Old guest data were not erased" in manual("sync", "--scheduled").err
        manual.clock.forward(-JUMP)
        assert manual("sync", "--scheduled").all == ""
        assert erased(manual) == 0

    @pytest.mark.parametrize("arguments", [[], ["--yes", "--json"]])
    @pytest.mark.parametrize("by_hand", [False, True])
    def test_purge_without_a_terminal(
        self, request: pytest.FixtureRequest, authority: Any, arguments: list[str], *, by_hand: bool
    ) -> None:
        """It erases nothing, says why, and exits with 75; the JSON is one document."""
        apoa: Apoa = request.getfixturevalue("manual" if by_hand else "house")
        authority.stop()
        apoa.clock.forward(JUMP)
        said = apoa("purge", *arguments)
        assert said.code == 75
        assert "Old guest data were not erased: nothing confirms this computer's date, 4 Mar 2027." in said.err
        assert "apoa purge --today 2027-03-04" in said.err
        if "--json" in arguments:
            assert said.json["error"]["class"] == "date_not_confirmed"
        assert erased(apoa) == 0

    def test_a_report_saved_meanwhile_does_not_confirm_the_date(self, manual: Apoa) -> None:
        """The gap before it remains, also if the clock goes on from there."""
        manual.clock.forward(JUMP)
        manual.save(XIMENA)
        assert "Old guest data were not erased" in manual("sync", "--scheduled").err
        manual.clock.forward(DAY)
        assert manual("purge").code == 75
        assert erased(manual) == 0

    @pytest.mark.slow
    def test_a_clock_that_was_set_back_since_a_report(self, manual: Apoa) -> None:
        """Either the report's time was wrong or this one is."""
        each_day(manual, 92)
        manual.clock.forward(timedelta(hours=20))
        manual.save(XIMENA)
        manual.clock.forward(timedelta(hours=-10))
        assert manual("purge").code == 75


class TestRightClock:
    """Data are erased as before when the date is confirmed."""

    def test_after_a_skip(self, house: Apoa, authority: Any) -> None:
        """When the authority answers again, data are erased, and `status` does not mention it any more."""
        authority.stop()
        house.clock.forward(JUMP)
        house("sync", "--scheduled")
        authority.start()
        assert house("sync", "--scheduled").all == ""
        assert erased(house) == GUESTS
        assert house("status", "--json").json["purge_skipped_at"] is None
        assert IN_STATUS not in house("status").out


class TestUserConfirms:
    """A user confirms the date, at a terminal or with --today."""

    @pytest.mark.parametrize(("key", "count"), [("", 0), ("n", 0), ("y", GUESTS)])
    def test_at_a_terminal(self, manual: Apoa, key: str, count: int) -> None:
        """Enter alone erases nothing; a yes is in the log."""
        manual.clock.forward(JUMP)
        said = manual("purge", keys=[key])
        assert f"Today is {spoken_day(manual.clock.now())}. Is that right?" in said.err
        assert (said.code, erased(manual)) == (0 if count else 75, count)
        if count:
            assert "date_confirmed" in [entry["action"] for entry in manual("log", "--json").json["entries"]]
            manual.clock.forward(DAY)
            assert manual("purge", keys=[]).code == 0

    @pytest.mark.parametrize("by_hand", [False, True])
    def test_with_an_option(self, request: pytest.FixtureRequest, authority: Any, *, by_hand: bool) -> None:
        """The date must be this computer's date; then data are erased, also if the authority cannot be asked."""
        apoa: Apoa = request.getfixturevalue("manual" if by_hand else "house")
        authority.stop()
        apoa.clock.forward(JUMP)
        wrong = apoa("purge", "--today", "2026-11-24", "--json")
        assert (wrong.code, wrong.json["error"]["class"], erased(apoa)) == (78, "wrong_date", 0)
        assert "This computer's date is 4 Mar 2027, not 24 Nov 2026." in wrong.err
        assert apoa("purge", "--today", "2027-03-04").code == 0
        assert erased(apoa) == GUESTS

    def test_the_authority_has_the_last_word(self, apoa: Apoa, serve: Serve) -> None:
        """If it can be asked, no user is, and what a user says does not matter."""
        time = apoa.clock.now()
        apoa.set_up(serve(now=lambda: time).base_url)
        apoa.send()
        apoa.clock.forward(JUMP)
        assert apoa("purge", keys=[]).code == 0
        assert apoa("purge", "--today", "2027-03-04").code == 0
        assert erased(apoa) == 0

    @pytest.mark.slow
    def test_an_outbox_of_an_earlier_version(self, manual: Apoa) -> None:
        """It does not say when the clock was right: the date is asked for once."""
        each_day(manual, 93)
        manual.change_database("DELETE FROM memo WHERE key = 'clock_checked'")
        manual.change_database("UPDATE reports SET erased_at = NULL")
        assert manual("purge").code == 75
        assert manual("purge", keys=["y"]).code == 0
        manual.change_database("UPDATE reports SET erased_at = NULL")
        assert manual("purge").code == 0
