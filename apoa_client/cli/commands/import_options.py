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
