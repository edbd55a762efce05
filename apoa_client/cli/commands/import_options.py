"""The options of `apoa import` that are about a file."""

from pathlib import Path
from typing import NamedTuple

from apoa_client.tables.columns import ColumnMap


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

    def with_answers(self, columns: ColumnMap, kept: str = "") -> "ImportOptions":
        """Return the options that say the same of another file with these columns, which a mapping may keep."""
        if kept or self.mapping:
            return self._replace(mapping=kept or self.mapping)
        return self._replace(
            date_order=columns.date_order or None,
            name_order=columns.name_order.replace("_", "-") or None,
            defaults=tuple(f"{name}={value}" for name, value in columns.defaults.items()),
        )

    def about_columns(self) -> list[str]:
        """Return the words of the options that say what the columns are, for another file with the same ones."""
        given = (("--map", self.mapping), ("--date-order", self.date_order), ("--name-order", self.name_order))
        words = [word for name, value in given if value for word in (name, value)]
        return words + [word for default in self.defaults for word in ("--default", default)]
