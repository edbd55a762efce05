"""Options with a number: an error says which numbers are allowed, in the reader's language and in plain words."""

from math import isfinite
from typing import Any

import click

from apoa_client.cli.terminal.language import _


class WholeNumber(click.ParamType[int]):
    """A whole number from `least` to `most`."""

    name = "number"

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401  click's
        """Return the number. Raises `click.BadParameter` for another one."""
        try:
            number = int(value)
        except ValueError:
            number = self._least - 1
        if not self._least <= number <= self._most:
            text = _("{value} is not allowed here: give a whole number from {least} to {most}.")
            self.fail(text.format(value=value, least=self._least, most=self._most), param, ctx)
        return number


class Seconds(click.ParamType[float]):
    """A number of seconds greater than 0, which may have a fraction."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401  click's
        """Return the number. Raises `click.BadParameter` for another one."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not (isfinite(seconds) and seconds > 0):
            text = _("{value} is not allowed here: give a number of seconds greater than 0, such as 30 or 2.5.")
            self.fail(text.format(value=value), param, ctx)
        return seconds
