"""Values for what rows without headings do not say: a passport reader's log has no place of birth and no nights."""

from collections.abc import Iterator, Mapping

from apoa_client.report.fields import IN_AN_MRZ
from apoa_client.tables.rows import GuestRow, Records

_SAME = {"nights": "planned_check_out", "planned_check_out": "nights"}
"""Fields that say the same in two ways."""


def with_defaults(records: Records, defaults: Mapping[str, str]) -> Records:
    """Return the rows with these values, by field, where a row has none. An MRZ says its fields itself."""

    def complete(row: GuestRow) -> GuestRow:
        given = {*row.typed, *(_SAME.get(name, name) for name in row.typed), *(IN_AN_MRZ if row.lines else ())}
        missing = {name: value for name, value in defaults.items() if name not in given}
        return row._replace(typed={**row.typed, **missing}) if missing else row

    def read_rows() -> Iterator[GuestRow]:
        return map(complete, records.read_rows())

    return records._replace(read_rows=read_rows) if defaults else records
