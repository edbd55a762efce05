"""Checks that the reports in a SQLite file are as this program wrote them, and that the file is not damaged."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

from apoa_client.outbox.sql.integrity import Integrity

if TYPE_CHECKING:
    from collections.abc import Callable

    from apoa_client.outbox.contents import Contents
    from apoa_client.outbox.sql.codes import RowCodes
    from apoa_client.outbox.sql.integrity import FileCheck
    from apoa_client.outbox.sqlite.database import SqliteDatabase
    from apoa_client.ports.audit import Actor


class SqliteIntegrity(Integrity):
    """The `Integrity` of one file; `actor` is the user of this command."""

    def __init__(self, db: SqliteDatabase, codes: RowCodes, contents: Contents, actor: Actor) -> None:
        super().__init__(db, codes, contents, actor)
        self._sqlite = db

    def check_file(self, is_over: Callable[[], bool]) -> FileCheck:
        """As `Integrity`."""
        from apoa_client.outbox.sqlite.file_check import check_file

        return check_file(self._sqlite, is_over)
