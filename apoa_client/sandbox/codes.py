"""The code tables that the authority publishes.

Stay permits are suggestions: the official index changes by decree, so a report may have any text. A table's version is
a hash of its content, so it changes only when the table changes.
"""

import hashlib
import json
from functools import cache
from typing import Any

from apoa_client.passport import states
from apoa_client.report.permits import permits
from apoa_client.report.purposes import PURPOSES


@cache
def table(name: str) -> dict[str, Any] | None:
    """The contract's ``CodeTable`` of that name, or None where there is none."""
    rows: list[tuple[str, str, str]]
    if name == "stay_permits":
        rows = [(permit.code, permit.names["id"], permit.names["en"]) for permit in permits()]
    elif name == "purposes":
        rows = [
            (each.value, names.indonesian.capitalize(), each.value.capitalize()) for each, names in PURPOSES.items()
        ]
    elif name == "nationalities":
        rows = [(state.code, state.names["id"], state.names["en"]) for state in states.all_states()]
    else:
        return None
    codes = [{"code": code, "id": id_, "en": en, "valid_from": None, "valid_to": None} for code, id_, en in rows]
    version = hashlib.sha256(json.dumps(codes).encode()).hexdigest()[:12]
    return {"table": name, "version": version, "codes": codes}
