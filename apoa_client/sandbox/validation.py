"""Every way in which a report breaks the contract, all at once, found by the contract itself.

The rules of form are not written here a second time: they are read from ``openapi.yaml`` (OpenAPI 3.1, whose schemas
are JSON Schema 2020-12). This module only turns what the validator says into the contract's own words.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import date, datetime
from functools import cache
from itertools import islice
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from apoa_client.authority.contract import contract_text
from apoa_client.sandbox.answers import Violation, Violations

MAX_VIOLATIONS = 50
"""More than a person can read, and few enough that a hostile report does not get an endless answer."""

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

formats = FormatChecker(formats=())


@formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or date.fromisoformat(value) is not None


@formats.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@cache
def contract() -> dict[str, Any]:
    """The contract, parsed."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parsed: dict[str, Any] = yaml.load(contract_text(), Loader=loader)  # noqa: S506  both loaders are the safe ones
    return parsed


def report_violations(report: Mapping[str, Any]) -> Violations:
    """What is wrong with the form of one report, whose `kind` chooses the schema that it is held against."""
    kind = report.get("kind")
    if not isinstance(kind, str) or kind not in _SCHEMA_OF_KIND:
        code = "missing" if kind is None else "unknown_value"
        return (Violation("kind", code, _MESSAGES[code]),)
    return violations(_SCHEMA_OF_KIND[kind], report)


def list_violations(body: Any) -> Violations:  # noqa: ANN401  JSON
    """What keeps a body from being a list of reports with ids; what else is wrong in a report is its own matter."""
    return _found(_list_validator(), body)


def violations(schema: str, value: Any) -> Violations:  # noqa: ANN401  JSON
    """What is wrong with `value` as the contract's `schema` has it: one violation a field and code."""
    return _found(_validator(schema), value)


def fits(schema: str, value: Any) -> bool:  # noqa: ANN401  JSON
    """Whether `value` is of the contract's `schema`."""
    return _validator(schema).is_valid(value)


@cache
def _validator(schema: str) -> Draft202012Validator:
    return _compiled({"$ref": f"#/components/schemas/{schema}"})


@cache
def _list_validator() -> Draft202012Validator:
    request = deepcopy(contract()["components"]["schemas"]["ReportsRequest"])
    request["properties"]["reports"]["items"] = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"$ref": "#/components/schemas/Id"}},
    }
    return _compiled(request)


def _compiled(schema: dict[str, Any]) -> Draft202012Validator:
    root = {**schema, "components": contract()["components"]}
    return _Validator(root, format_checker=formats)


def _found(validator: Draft202012Validator, value: Any) -> Violations:  # noqa: ANN401  JSON
    found = {(each.field, each.code): each for each in _readable(validator.iter_errors(value))}
    return tuple(islice(found.values(), MAX_VIOLATIONS))


def _pattern(_validator: object, pattern: str, value: object, _schema: object) -> Iterator[ValidationError]:
    """The keyword ``pattern`` as ECMA 262 means it: there, ``$`` never stands before a last line's end."""
    if isinstance(value, str) and re.search(re.sub(r"\$$", r"\\Z", pattern), value) is None:
        yield ValidationError("does not match")


_extended = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # their stub has none
_Validator: type[Draft202012Validator] = _extended


def _readable(errors: Iterable[ValidationError]) -> Iterator[Violation]:
    for error in islice(errors, 10 * MAX_VIOLATIONS):
        if error.validator == "anyOf":
            yield from _readable(_first_branch(error))
        else:
            yield from _one(error)


def _first_branch(error: ValidationError) -> list[ValidationError]:
    """What is wrong by the branch that is meant: in this contract every other branch is null, or the like of it."""
    return [inner for inner in error.context or () if inner.schema_path[0] == 0]


def _one(error: ValidationError) -> Iterator[Violation]:
    instance, schema = _subject(error)
    if error.validator == "required":
        for name in schema["required"]:
            if name not in instance:
                yield Violation(_path(error, name), "missing", _MESSAGES["missing"])
    elif error.validator == "additionalProperties":
        for name in sorted(instance.keys() - schema["properties"].keys()):
            yield Violation(_path(error, name), "unknown_member", _MESSAGES["unknown_member"])
    else:
        code = _code(str(error.validator), instance, schema)
        yield Violation(_path(error), code, _MESSAGES.get(code) or _length_message(error))


def _subject(error: ValidationError) -> tuple[Any, Any]:
    """What was looked at, and the schema that it was held against: both set, once the validator has spoken."""
    return error.instance, error.schema


def _code(keyword: str, instance: object, schema: Any) -> str:  # noqa: ANN401  a JSON Schema
    if instance is None or instance == "":
        return "missing"
    if keyword in {"pattern", "format"}:
        return _codes_of_form().get(schema.get("pattern"), "bad_character")
    return _CODE_OF_KEYWORD[keyword]


@cache
def _codes_of_form() -> dict[str, str]:
    schemas = contract()["components"]["schemas"]
    return {schemas[name]["pattern"]: code for name, code in _CODE_OF_SCHEMA.items()}


def _length_message(error: ValidationError) -> str:
    bound = "At least" if error.validator in {"minLength", "minItems"} else "At most"
    what = "characters" if error.validator in {"minLength", "maxLength"} else "lines"
    return f"{bound} {error.validator_value} {what}."


def _path(error: ValidationError, *names: str) -> str:
    """The field's path. A member that is no plain name is left out: whatever it is, it is not repeated."""
    plain = (name for name in names if _MEMBER.fullmatch(name))
    return ".".join(str(part) for part in (*error.absolute_path, *plain))
