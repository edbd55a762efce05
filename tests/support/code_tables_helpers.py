"""Code tables of invented authorities, as JSON values and as the client has them."""

from datetime import date
from typing import Any

from apoa_client.report.codes import Code, CodeTables

NOMAD = {
    "code": "N7",
    "id": "Visa pekerja jarak jauh",
    "en": "Remote worker visa",
    "valid_from": None,
    "valid_to": None,
}
ON_ARRIVAL = {"code": "B-1", "id": "Visa saat kedatangan", "en": "On arrival", "valid_from": None, "valid_to": None}


def table(name: str, *rows: dict[str, Any], version: str = "1") -> dict[str, Any]:
    """Return a table in the contract's form."""
    return {"table": name, "version": version, "codes": list(rows)}


def code(name: str, valid_from: date | None = None, valid_to: date | None = None, **names: str) -> Code:
    """Return a code that is valid on these days; without names it is its own."""
    return Code(name, names.get("id", name), names.get("en", name), valid_from, valid_to)


PERMITS = CodeTables(
    stay_permits=(
        code("B-1", en="On arrival", id="Saat kedatangan"),
        code("N7", en="Remote worker visa", id="Visa pekerja jarak jauh"),
        code("C1", valid_to=date(2026, 6, 30)),
        code("C9", valid_from=date(2027, 1, 1)),
    )
)
"""Of an authority that takes two permits today, one no more, and one not yet."""
