"""Options with a number: an error says which numbers are allowed."""

import click
import pytest

from apoa_client.cli.registry import Seconds, WholeNumber


@pytest.mark.parametrize("value", ["1", "30", " 7 "])
def test_a_whole_number_within_its_limits(value: str) -> None:
    """It is returned as a number."""
    assert WholeNumber(1, 30).convert(value, None, None) == int(value)


@pytest.mark.parametrize("value", ["0", "31", "1.5", "", "many"])
def test_another_whole_number(value: str) -> None:
    """The error names both limits."""
    with pytest.raises(click.BadParameter, match="from 1 to 30"):
        WholeNumber(1, 30).convert(value, None, None)


def test_seconds() -> None:
    """Any number greater than 0, with a fraction or without."""
    assert [Seconds().convert(value, None, None) for value in ("30", "2.5", 1)] == [30, 2.5, 1]
    for value in ("0", "-1", "nan", "inf", "soon"):
        with pytest.raises(click.BadParameter, match="greater than 0"):
            Seconds().convert(value, None, None)
