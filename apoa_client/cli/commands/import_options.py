"""The options of `apoa import` that are about a file."""

from pathlib import Path
from typing import NamedTuple


class ImportOptions(NamedTuple):
    """The options of `apoa import` that are about a file."""

    file: Path
    check: bool
    file_format: str | None
    sheet: str | None
    mapping: str | None
    date_order: str | None
    name_order: str | None
    defaults: tuple[str, ...]
    all_or_nothing: bool
    write_errors: Path | None
    force: bool
    yes: bool
    no_send: bool

    def about_columns(self) -> list[str]:
        """Return the words of the options that say what the columns are, for another file with the same ones."""
        given = (("--map", self.mapping), ("--date-order", self.date_order), ("--name-order", self.name_order))
        words = [word for name, value in given if value for word in (name, value)]
        return words + [word for default in self.defaults for word in ("--default", default)]
