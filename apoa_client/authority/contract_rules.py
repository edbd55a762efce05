"""The rules of the reporting contract that a schema cannot say: `STAY_RULES` and `FIELD_RULES`.

They are data, in ``contract_rules.toml``, so that the sandbox, the tests and the guide follow one list.
"""

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

_FILE: dict[str, Any] = tomllib.loads(
    files("apoa_client.authority").joinpath("contract_rules.toml").read_text(encoding="utf-8")
)


class StayRule(NamedTuple):
    """What becomes of a report of one kind in one state of its stay. `then` is the state afterwards.

    `status` is "accepted", "rejected" with a `code`, or "deferred".
    """

    accepted: bool
    status: str
    code: str | None
    then: str


class FieldRule(NamedTuple):
    """A rule for a field. A report that breaks a refusal is rejected, and for a warning it never is.

    `example` is JSON whose members replace those of a good report of the kind `kind`, level by level. The answer then
    has the `code` at the `field`.
    """

    field: str
    code: str
    severity: Literal["refusal", "warning"]
    rule: str
    example: str
    kind: str = "check_in"


def _stay_rule(state: str, row: Mapping[str, Any]) -> StayRule:
    code, then = row.get("code"), row.get("then", state)
    status = "rejected" if code else "deferred" if row.get("deferred") else "accepted"
    return StayRule(status == "accepted", status, code, then)


STAY_RULES: Mapping[tuple[str, str], StayRule] = MappingProxyType(
    {(kind, state): _stay_rule(state, row) for state, kinds in _FILE["stays"].items() for kind, row in kinds.items()}
)
"""By the kind of the report and the state of its stay: none, pending, refused, in_house, left, cancelled."""

FIELD_RULES: Sequence[FieldRule] = tuple(FieldRule(**row) for row in _FILE["fields"])
