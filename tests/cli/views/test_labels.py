"""States, times, dates, deadlines and events in words, in the three zones of Indonesia."""

from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from basics import NOW
from cli_helpers import LANGUAGES

from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.output import style_error, style_warning
from apoa_client.cli.views.labels import clock_skew_text, duration_text, partial_text, state_cell
from apoa_client.cli.views.status import deadline_lines, deadline_style, deadline_text
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import Kind, State
from apoa_client.settings.zones import WIB, WIT, WITA

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LEFT = {
    timedelta(): "due now",
    MINUTE - SECOND: "due now",
    MINUTE: "1 minute left",
    2 * MINUTE - SECOND: "1 minute left",
    HOUR - SECOND: "59 minutes left",
    HOUR: "1 hour left",
    3 * HOUR - SECOND: "2 hours left",
    6 * HOUR - SECOND: "5 hours left",
}
LATE = {
    timedelta(microseconds=1): "late just now",
    MINUTE - SECOND: "late just now",
    MINUTE: "1 minute late",
    HOUR - SECOND: "59 minutes late",
    HOUR: "1 hour late",
    4 * HOUR - SECOND: "3 hours late",
    47 * HOUR + 59 * MINUTE: "47 hours late",
    2 * DAY: "2 days late",
    40 * DAY: "40 days late",
}


def entry(seq: int, due: datetime | None, state: State = State.QUEUED) -> Entry:
    return Entry(seq, f"0199c2a4-0000-7000-8000-{seq:012x}", f"stay-{seq}", Kind.CHECK_IN, state, NOW, due)


@pytest.fixture(autouse=True)
def _english() -> None:
    language.set_language("en")


@pytest.mark.parametrize("time", LEFT)
def test_time_left(time: timedelta) -> None:
    """Within six hours the time left is shown, rounded down, so that it never exceeds the real time."""
    assert deadline_text(NOW + time, NOW, WIB) == LEFT[time]


@pytest.mark.parametrize("time", LATE)
def test_lateness(time: timedelta) -> None:
    """Lateness is shown in hours for two days, then in days."""
    assert deadline_text(NOW - time, NOW, WIB) == LATE[time]


@pytest.mark.parametrize(
    ("zone", "now", "due", "words"),
    [
        # One instant is another hour in each zone, and near midnight another day.
        (WIB, "2026-11-24T06:00+07:00", "2026-11-24T22:30+07:00", "today 22:30"),
        (WITA, "2026-11-24T06:00+07:00", "2026-11-24T22:30+07:00", "today 23:30"),
        (WIT, "2026-11-24T06:00+07:00", "2026-11-24T22:30+07:00", "tomorrow 00:30"),
        # It is tomorrow already in Jayapura, and in Makassar at midnight itself.
        (WIB, "2026-11-24T23:00+07:00", "2026-11-25T20:00+07:00", "tomorrow 20:00"),
        (WITA, "2026-11-24T23:00+07:00", "2026-11-25T20:00+07:00", "today 21:00"),
        (WIT, "2026-11-24T23:00+07:00", "2026-11-25T20:00+07:00", "today 22:00"),
        (WITA, "2026-11-24T23:00+07:00", "2026-11-25T23:00+07:00", "tomorrow 00:00"),
        # Month ends, the year's, and leap days.
        (WIB, "2026-11-30T20:00+07:00", "2026-12-01T20:00+07:00", "tomorrow 20:00"),
        (WIT, "2026-12-31T20:00+09:00", "2027-01-01T20:00+09:00", "tomorrow 20:00"),
        (WIB, "2027-02-28T09:00+07:00", "2027-03-01T09:00+07:00", "tomorrow 09:00"),
        (WIB, "2028-02-28T09:00+07:00", "2028-02-29T09:00+07:00", "tomorrow 09:00"),
        (WITA, "2028-02-28T09:00+08:00", "2028-03-01T09:00+08:00", "1 Mar 2028 09:00"),
        (WIT, "2028-02-28T23:59+09:00", "2028-02-29T23:59+09:00", "tomorrow 23:59"),
        (WIT, "2028-02-29T00:00+09:00", "2028-02-29T23:59+09:00", "today 23:59"),
        (WIB, "2026-11-24T20:00+07:00", "2026-11-27T08:00+07:00", "27 Nov 2026 08:00"),
        # Six hours away, across midnight: no longer counted in hours, and rightly another day.
        (WIB, "2026-11-24T18:00+07:00", "2026-11-25T00:00+07:00", "tomorrow 00:00"),
        (WIB, "2026-11-24T18:01+07:00", "2026-11-25T00:00+07:00", "5 hours left"),
    ],
)
def test_the_day_in_the_propertys_zone(zone: tzinfo, now: str, due: str, words: str) -> None:
    """Today, tomorrow or a date: by the calendar of Jakarta, Makassar or Jayapura, whatever the computer's zone is."""
    due_at, at = datetime.fromisoformat(due), datetime.fromisoformat(now)
    assert deadline_text(due_at, at, zone) == words
    assert deadline_text(due_at.astimezone(UTC), at.astimezone(UTC), zone) == words


@pytest.mark.parametrize(
    ("due", "style"),
    [
        (-SECOND, style_error),
        (timedelta(), style_warning),
        (6 * HOUR - SECOND, style_warning),
        (6 * HOUR, str),
        (DAY, str),
    ],
)
def test_style(due: timedelta, style: object) -> None:
    """A passed deadline is red, a near one yellow, and a later one or none plain."""
    assert deadline_style(NOW + due, NOW) is style
    assert deadline_style(None, NOW) is str


def test_lines_are_in_columns() -> None:
    """Lines are in columns, whatever the length of the words and their colours."""
    entries = [entry(1, NOW - HOUR), entry(2, NOW + DAY), entry(3, None, State.REJECTED)]
    lines = list(deadline_lines(entries, NOW, WIB, lambda each: each.state.value))
    assert lines[0] == "  " + style_error("1 hour late") + "     00000001  queued"
    assert lines[1] == "  tomorrow 20:00  00000002  queued"
    assert lines[2] == "  -               00000003  rejected"
    assert list(deadline_lines([], NOW, WIB, lambda _each: "")) == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (PartialDate(1985), "1985"),
        (PartialDate(1985, 9), "Sep 1985"),
        (PartialDate(1985, 9, 12), "12 Sep 1985"),
    ],
)
def test_a_birth_date_in_words(value: PartialDate, words: str) -> None:
    """A date of birth is shown as far as it is known."""
    assert partial_text(value) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        *((0, "1 minute"), (1, "1 minute"), (119, "119 minutes"), (120, "2 hours"), (47 * 60, "47 hours")),
        *((2880, "2 days"), (144_000, "100 days")),
    ],
)
def test_a_length_of_time_has_a_unit_that_fits(minutes: int, words: str) -> None:
    """A long time is shown in days: no user converts 2880 minutes."""
    language.set_language("en")
    assert duration_text(timedelta(minutes=minutes)) == words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_clock_that_is_days_off(lang: str) -> None:
    """The warning counts in days."""
    language.set_language(lang)
    assert ("2 hari" if lang == "id" else "2 days") in clock_skew_text(timedelta(days=-2))
    language.set_language("en")


def test_only_a_refused_report_is_coloured_in_a_table() -> None:
    """The others need nothing from the user now."""
    entries = [Entry(1, "1", "1", Kind.CHECK_IN, state, NOW, None) for state in State]
    assert [entry.state for entry in entries if "\x1b" in state_cell(entry)] == [State.REJECTED]
