"""Dates in words, in which day and month cannot be confused."""

import pytest

from apoa_client.cli.views.labels import partial_text
from apoa_client.passport.dates import PartialDate


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
