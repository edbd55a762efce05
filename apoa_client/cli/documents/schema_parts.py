"""Parts of JSON Schemas, from which the forms of the commands' documents are made."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_OPTIONAL = "__optional"
"""The end of the name of a member that may be missing."""

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "integer"}
DAY: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
VALUE: Schema = {"type": ["string", "integer", "null"]}


def object_of(**members: Schema) -> Schema:
    """Return the schema of an object with these members and no others."""
    return {
        "type": "object",
        "properties": {name.removesuffix(_OPTIONAL): schema for name, schema in members.items()},
        "required": [name for name in members if not name.endswith(_OPTIONAL)],
        "additionalProperties": False,
    }


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
    return {
        **base,
        "properties": {**base["properties"], **added["properties"]},
        "required": [*base["required"], *added["required"]],
    }


def without(base: Schema, /, *names: str) -> Schema:
    """Return the schema of an object without some members."""
    return {
        **base,
        "properties": {name: each for name, each in base["properties"].items() if name not in names},
        "required": [name for name in base["required"] if name not in names],
    }


ERROR: Schema = object_of(**{"class": TEXT}, message=TEXT, advice=TEXT)
"""What a command that fails prints in the member `error`."""
