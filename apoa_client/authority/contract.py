"""The reporting contract as it ships: OpenAPI 3.1, as YAML for readers and as JSON for the program, and its rules.

The rules that a schema cannot say are data, in ``contract_rules.toml``, so that the sandbox, the tests and the guide
follow one list.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

_FOLDER = files("apoa_client.authority")


def contract_text(form: Literal["yaml", "json"] = "yaml") -> str:
    """The whole OpenAPI file: as YAML with its comments, or the same document as JSON."""
    return _FOLDER.joinpath(f"openapi.{form}").read_text(encoding="utf-8")


@cache
def contract() -> dict[str, Any]:
    """The parsed contract, from ``openapi.json``. Do not change it: all callers share it."""
    parsed: dict[str, Any] = json.loads(contract_text("json"))
    return parsed


_RULES: dict[str, Any] = tomllib.loads(_FOLDER.joinpath("contract_rules.toml").read_text(encoding="utf-8"))


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
    {(kind, state): _stay_rule(state, row) for state, kinds in _RULES["stays"].items() for kind, row in kinds.items()}
)
"""By the kind of the report and the state of its stay: none, pending, refused, in_house, left, cancelled."""

FIELD_RULES: Sequence[FieldRule] = tuple(FieldRule(**row) for row in _RULES["fields"])
