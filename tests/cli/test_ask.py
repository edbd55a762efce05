"""The plainest questions: what counts as a number of a list."""

import pytest

from apoa_client.cli.ask import place_of


@pytest.mark.parametrize(
    ("answer", "place"),
    [("1", 0), ("3", 2), ("03", 2), ("0", None), ("4", None), ("-1", None), ("", None), ("1 2", None), ("²", None)],
)
def test_the_number_of_one_of_three(answer: str, place: int | None) -> None:
    """As they are shown, from 1; a digit that is no plain one means nothing, and breaks nothing."""
    assert place_of(answer, 3) == place
