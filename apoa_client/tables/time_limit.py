"""The processing time that a file may take, and its rows: a small file can be made so that it keeps a computer busy."""

from collections.abc import Iterator
from itertools import count
from time import process_time
from typing import TypeVar

from apoa_client.messages import msg
from apoa_client.tables.errors import TableRefused

_MOST_S = 20.0
_EACH_ROW_S = 0.0005
"""How much longer it may take for each row: a row of a workbook takes 0.12 ms, and more on a slow computer."""
_MOST_ROWS = 250_000

_Row = TypeVar("_Row")


class TimeLimit:
    """Counts the time in which a file is read, and not the time in which its rows are used."""

    def __init__(self) -> None:
        """Start to count."""
        self._left = _MOST_S
        self._since = process_time()

    def check(self) -> None:
        """Raise `TableRefused` if the file took too long. Every loop of a reader calls it."""
        if process_time() - self._since > self._left:
            raise TableRefused(
                msg("The file was not read: that takes longer than for any table of guests."), name="table_too_slow"
            )

    def pause(self) -> None:
        """Stop to count, until the next row is read."""
        self._left -= process_time() - self._since

    def rows(self, rows: Iterator[_Row]) -> Iterator[_Row]:
        """Yield rows, and count while each is read. Raises what `check` does, and `TableRefused` for too many rows."""
        for number in count(1):
            self._since = process_time()
            row = next(rows, None)
            self.check()
            self.pause()
            if row is None:
                return
            if number > _MOST_ROWS:
                raise TableRefused(
                    msg("The table is too large: over {limit} rows.", limit=_MOST_ROWS),
                    msg("Nothing was saved. Split it into several files."),
                    name="table_too_large",
                )
            self._left += _EACH_ROW_S
            yield row
