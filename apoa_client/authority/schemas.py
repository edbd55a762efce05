"""Validators for the schemas of the contract (OpenAPI 3.1, whose schemas are JSON Schema 2020-12).

They are stricter than jsonschema alone: formats are checked, and ``$`` in a pattern matches only the end.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any, NoReturn

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from apoa_client.authority.contract import contract

_formats = FormatChecker(formats=())


@_formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or date.fromisoformat(value) is not None


@_formats.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@cache
def validator(schema: str) -> Draft202012Validator:
    """The validator of one of the contract's schemas, by its name. Raises `KeyError` for an unknown name."""
    return compiled(contract()["components"]["schemas"][schema])


def compiled(schema: dict[str, Any]) -> Draft202012Validator:
    """The validator of a schema that may refer to those of the contract."""
    return _Validator(_resolved(schema), format_checker=_formats)


def _resolved(schema: Any) -> Any:  # noqa: ANN401  part of a JSON Schema
    """A schema whose references are replaced by their targets: to look one up takes longer than a validation."""
    if isinstance(schema, list):
        return [_resolved(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(contract()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return {name: _resolved(each) for name, each in schema.items()}


def _pattern(_validator: object, pattern: str, value: object, _schema: object) -> Iterator[ValidationError]:
    """The keyword ``pattern`` as in ECMA 262, where ``$`` does not match before a final line break."""
    if isinstance(value, str) and re.search(re.sub(r"\$$", r"\\Z", pattern), value) is None:
        yield ValidationError("does not match")


_extended = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # their stub has none
_Validator: type[Draft202012Validator] = _extended


class DoubledMember(ValueError):
    """A member stands twice in one object. `name` is the member's."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def strict_json(body: bytes) -> Any:  # noqa: ANN401  any JSON, until it is validated
    """Parse JSON in UTF-8 without NaN, Infinity and doubled members, which two parsers may read differently.

    Raises `DoubledMember` (RFC 8259 §4), and another `ValueError` or a `RecursionError` for what is no JSON.
    """
    return json.loads(body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_object)


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise DoubledMember(Counter(name for name, _value in pairs).most_common(1)[0][0])
    return value
