"""States and times in words, and dates in words, in which day and month cannot be confused."""

from datetime import UTC, datetime, timedelta

import pytest
from cli_helpers import LANGUAGES

from apoa_client.cli.terminal import language
from apoa_client.cli.views.labels import clock_skew_text, duration_text, partial_text, state_cell
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import Kind, State

NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)


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
