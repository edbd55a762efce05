"""Validates reports against the schemas of the contract, and returns all violations at once.

This module converts the errors of the schemas' validators to the contract's ``Violation``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from apoa_client.authority.contract import contract
from apoa_client.authority.schemas import compiled, validator
from apoa_client.sandbox.answers import Violation, Violations

MAX_VIOLATIONS = 50
"""Enough for a person, and few enough that a hostile report does not get an endless answer."""

_SCHEMA_OF_KIND = {"check_in": "CheckIn", "check_out": "CheckOut", "amend": "Amend", "cancel": "Cancel"}
KINDS = tuple(_SCHEMA_OF_KIND)
_CODE_OF_SCHEMA = {
    "PartialDate": "bad_date",
    "Day": "bad_date",
    "Instant": "bad_date",
    "State": "unknown_state",
    "Id": "bad_id",
}
_CODE_OF_KEYWORD = {
    "enum": "unknown_value",
    "const": "unknown_value",
    "minLength": "bad_length",
    "maxLength": "bad_length",
    "minItems": "bad_length",
    "maxItems": "bad_length",
    "type": "bad_type",
}
_MESSAGES = {
    "missing": "This is required.",
    "bad_type": "This is of the wrong type.",
    "bad_date": "This is no date that the calendar has, in the form that the contract wants.",
    "bad_character": "This has characters, or a form, that the contract does not allow.",
    "bad_id": "This is no UUID in lower case.",
    "unknown_state": "This is no code of ICAO Doc 9303-3 section 5.",
    "unknown_value": "This is none of the values that the contract allows.",
    "unknown_member": "The contract has no such member here.",
}
_MEMBER = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def report_violations(report: Mapping[str, Any]) -> Violations:
    """The violations of one report against the schema of its `kind`."""
    kind = report.get("kind")
    if not isinstance(kind, str) or kind not in _SCHEMA_OF_KIND:
        code = "missing" if kind is None else "unknown_value"
        return (Violation("kind", code, _MESSAGES[code]),)
    return violations(_SCHEMA_OF_KIND[kind], report)


def list_violations(body: Any) -> Violations:  # noqa: ANN401  JSON
    """Why a body is not a list of reports with ids. Other violations in a report are not included."""
    return _found(_list_validator(), body)


def violations(schema: str, value: Any) -> Violations:  # noqa: ANN401  JSON
    """The violations of `value` against the contract's `schema`: one for each field and code."""
    return _found(validator(schema), value)


def fits(schema: str, value: Any) -> bool:  # noqa: ANN401  JSON
    """Whether `value` is valid for the contract's `schema`."""
    return validator(schema).is_valid(value)


@cache
def _list_validator() -> Draft202012Validator:
    request = deepcopy(contract()["components"]["schemas"]["ReportsRequest"])
    request["properties"]["reports"]["items"] = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"$ref": "#/components/schemas/Id"}},
    }
    return compiled(request)


def _found(schema: Draft202012Validator, value: Any) -> Violations:  # noqa: ANN401  JSON
    found = {(each.field, each.code): each for each in _converted(schema.iter_errors(value))}
    return tuple(islice(found.values(), MAX_VIOLATIONS))


def _converted(errors: Iterable[ValidationError]) -> Iterator[Violation]:
    for error in islice(errors, 10 * MAX_VIOLATIONS):
        instance: Any = error.instance
        schema: Any = error.schema
        if error.validator == "anyOf":
            # Only the first branch counts: in this contract every other branch is null or a variant of it.
            yield from _converted(inner for inner in error.context or () if inner.schema_path[0] == 0)
        elif error.validator == "required":
            for name in schema["required"]:
                if name not in instance:
                    yield Violation(_path(error, name), "missing", _MESSAGES["missing"])
        elif error.validator == "additionalProperties":
            for name in sorted(instance.keys() - schema["properties"].keys()):
                yield Violation(_path(error, name), "unknown_member", _MESSAGES["unknown_member"])
        else:
            code = _code(str(error.validator), instance, schema)
            yield Violation(_path(error), code, _MESSAGES.get(code) or _length_message(error))


def _code(keyword: str, instance: object, schema: Any) -> str:  # noqa: ANN401  a JSON Schema
    if instance is None or instance == "":
        return "missing"
    if keyword in {"pattern", "format"}:
        return _codes_by_pattern().get(schema.get("pattern"), "bad_character")
    return _CODE_OF_KEYWORD[keyword]


@cache
def _codes_by_pattern() -> dict[str, str]:
    schemas = contract()["components"]["schemas"]
    return {schemas[name]["pattern"]: code for name, code in _CODE_OF_SCHEMA.items()}


def _length_message(error: ValidationError) -> str:
    bound = "At least" if error.validator in {"minLength", "minItems"} else "At most"
    what = "characters" if error.validator in {"minLength", "maxLength"} else "lines"
    return f"{bound} {error.validator_value} {what}."


def _path(error: ValidationError, *names: str) -> str:
    """The field's path. A member whose name is not a plain word is left out, because it may hold personal data."""
    plain = (name for name in names if _MEMBER.fullmatch(name))
    return ".".join(str(part) for part in (*error.absolute_path, *plain))
