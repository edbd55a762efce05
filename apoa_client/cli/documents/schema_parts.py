"""The parts of JSON Schemas: types, objects, and what is made of them."""

import types
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, get_args, get_type_hints

Schema = Mapping[str, Any]

_OPTIONAL = "__optional"
"""The end of the name of a member that may be missing."""

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "integer"}
SHARE: Schema = {"type": "number"}
DAY: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
VALUE: Schema = {"type": ["string", "integer", "null"]}
TRUE: Schema = {"const": True}
_OF_TYPES = {str: TEXT, bool: FLAG, int: COUNT, datetime: MOMENT}


def object_of(**members: Schema) -> Schema:
    """Return the schema of an object with these members and no others."""
    return {
        "type": "object",
        "properties": {name.removesuffix(_OPTIONAL): schema for name, schema in members.items()},
        "required": [name for name in members if not name.endswith(_OPTIONAL)],
        "additionalProperties": False,
    }


def each(schema: Schema, names: str) -> dict[str, Schema]:
    """Return members of one schema, by their names with blanks between."""
    return dict.fromkeys(names.split(), schema)


def or_null(schema: Schema) -> Schema:
    """Return the schema of a value that may be null."""
    return {"anyOf": [schema, {"type": "null"}]}


def list_of(schema: Schema) -> Schema:
    """Return the schema of an array of such elements."""
    return {"type": "array", "items": schema}


def map_of(schema: Schema) -> Schema:
    """Return the schema of an object with any members of this form."""
    return {"type": "object", "additionalProperties": schema}


def one_of(*values: str) -> Schema:
    """Return the schema of one of these texts."""
    return {"enum": list(values)}


def plus(base: Schema, /, **more: Schema) -> Schema:
    """Return the schema of an object with further members."""
    added = object_of(**more)
    properties, required = {**base["properties"], **added["properties"]}, [*base["required"], *added["required"]]
    return {**base, "properties": properties, "required": required}


def without(base: Schema, /, *names: str) -> Schema:
    """Return the schema of an object without some members."""
    properties = {name: each for name, each in base["properties"].items() if name not in names}
    return {**base, "properties": properties, "required": [name for name in base["required"] if name not in names]}


def of_type(kind: Any) -> Schema:  # noqa: ANN401  a type, or a union of one with None
    """Return the schema of a value of this type: a text, a number, a time, one of an enumeration, or null."""
    if isinstance(kind, types.UnionType):
        return or_null(of_type(get_args(kind)[0]))
    return one_of(*kind) if issubclass(kind, Enum) else _OF_TYPES[kind]


def of_tuple(kind: type) -> dict[str, Schema]:
    """Return the members of a named tuple of such values."""
    return {name: of_type(hint) for name, hint in get_type_hints(kind).items()}
