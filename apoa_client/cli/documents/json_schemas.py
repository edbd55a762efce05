"""A JSON Schema (draft 2020-12) for the document that each command prints with ``--json``.

The documents are described in ``json_schemas.toml`` beside this module. A guest and a stay have the schemas of the
reporting contract; the columns of a report, states, verdicts and events those of the types from which they are printed.
"""

import tomllib
import types
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

from apoa_client.authority.contract import contract
from apoa_client.cli.documents.exported_table import EXPORTED_COLUMNS, STAY_STATES
from apoa_client.cli.views.findings import EMPTY_REPORT, REPORT_COLUMNS
from apoa_client.outbox.sql.audit import AuditEntry
from apoa_client.ports.authority import Status
from apoa_client.report.kinds import Receipt, State
from apoa_client.settings.config import TRAINING

Schema = Mapping[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FROM_CONTRACT = ("Guest", "Stay", "Document", "StayPermit", "Instant", "Day", "PartialDate", "State")
"""The schemas of the contract that a guest and a stay need."""
_FOR_ALL_PROPERTIES = frozenset({"backup", "doctor", "stats", "status", "sync"})
"""Commands whose ``--all`` puts the document of each property into one."""

_COUNT: Schema = {"type": "integer", "minimum": 0}
_NULL: Schema = {"type": "null"}
_WORDS: Mapping[str, Schema] = {
    "text": {"type": "string"},
    "flag": {"type": "boolean"},
    "count": _COUNT,
    "number": {"type": "integer"},
    "share": {"type": "number"},
    "day": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "value": {"type": ["string", "integer", "null"]},
    "true": {"const": True},
    "pair": {"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2},
    "object": {"type": "object"},
    "null": _NULL,
    "State": {"enum": list(State)},
    "Verdict": {"enum": list(Status)},
    "StayState": {"enum": list(STAY_STATES)},
    "Guest": {"$ref": "#/$defs/Guest"},
    "Stay": {"$ref": "#/$defs/Stay"},
}
_OF_TYPES = {str: "text", bool: "flag", int: "count", datetime: "moment"}

_DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FORMS: Mapping[str, str] = _DATA["commands"]
"""The forms of each command's document, by the command's English names with hyphens between."""


def json_schema(name: str) -> dict[str, Any]:
    """Return the schema of a command's document. A command that fails prints the form with `error`."""
    error = _object_of({"error": _schema("Error")})
    forms = [_with_environment(form) for form in (*map(_schema, FORMS[name].split()), error)]
    if name in _FOR_ALL_PROPERTIES:
        of_each = {"anyOf": [_object_of({**form["properties"], "property": _WORDS["text"]}, form) for form in forms]}
        forms.append(_with_environment(_object_of({"properties": {"type": "array", "items": of_each}})))
    schema_id = f"apoa/{name}/1"
    marked = [_object_of({"schema": {"const": schema_id}, **form["properties"]}, form) for form in forms]
    parts = {part: contract()["components"]["schemas"][part] for part in _FROM_CONTRACT}
    schema = {"$schema": _DIALECT, "$id": schema_id, "title": f"apoa {name.replace('-', ' ')} --json"}
    return {**schema, "anyOf": marked, "$defs": _moved(parts)}


def _object_of(members: Mapping[str, Schema], base: Schema | None = None) -> Schema:
    """Return the schema of an object with these members and no others; those that are optional in `base` stay so."""
    optional = set() if base is None else base["properties"].keys() - set(base["required"])
    required = [name for name in members if name not in optional]
    return {"type": "object", "properties": members, "required": required, "additionalProperties": False}


def _with_environment(form: Schema) -> Schema:
    """Return a form that may have the member `environment`: a training property's has it."""
    return {**form, "properties": {"environment": {"const": TRAINING}, **form["properties"]}}


def _schema(kind: str) -> Schema:
    """Return the schema of a type as the data write it."""
    if " or " in kind:
        return {"anyOf": [_schema(each) for each in kind.split(" or ")]}
    if kind.endswith("?"):
        return {"anyOf": [_schema(kind[:-1]), _NULL]}
    if kind.startswith("["):
        return {"type": "array", "items": _schema(kind[1:-1])}
    if kind.startswith("{"):
        return {"type": "object", "additionalProperties": _schema(kind[1:-1])}
    if kind.startswith("="):
        return {"enum": kind[1:].split("|")}
    return _WORDS[kind] if kind in _WORDS else _object(kind)


@cache
def _object(name: str) -> Schema:
    """Return the schema of an object of the data, or of one that follows from the program's own types."""
    if name in _DERIVED:
        return _object_of(_DERIVED[name]())
    members: dict[str, Schema] = {}
    optional: set[str] = set()
    for names, kind in _DATA["types"][name].items():
        if names == "+":
            for base in map(_object, kind.split()):
                members |= base["properties"]
                optional |= base["properties"].keys() - set(base["required"])
        elif names == "-":
            members = {each: schema for each, schema in members.items() if each not in kind.split()}
        else:
            members |= {each.rstrip("?"): _schema(kind) for each in names.split()}
            optional |= {each.rstrip("?") for each in names.split() if each.endswith("?")}
    return {**_object_of(members), "required": [each for each in members if each not in optional]}


def _of_type(kind: Any) -> Schema:  # noqa: ANN401  a type, or a union of one with None
    """Return the schema of a value of this type: a text, a number, a time, one of an enumeration, or null."""
    if isinstance(kind, types.UnionType):
        return {"anyOf": [_of_type(get_args(kind)[0]), _NULL]}
    if kind is Receipt:
        return _schema("Receipt")
    return {"enum": list(kind)} if issubclass(kind, Enum) else _schema(_OF_TYPES[kind])


def _columns(names: Iterable[str], *, saved: bool = True) -> dict[str, Schema]:
    """Return the members of these columns. Of a report that is not saved, those without a value are null."""
    found = {name: _of_type(REPORT_COLUMNS[name]) for name in names}
    if saved:
        return found
    return {
        name: {"anyOf": [schema, _NULL]} if EMPTY_REPORT[name] is None and "anyOf" not in schema else schema
        for name, schema in found.items()
    }


_DERIVED: Mapping[str, Callable[[], Mapping[str, Schema]]] = {
    "ReportColumns": lambda: _columns(REPORT_COLUMNS, saved=False),
    "ExportedColumns": lambda: _columns(EXPORTED_COLUMNS),
    "UrgentColumns": lambda: _columns(("id", "short_id", "kind", "state", "due_at")),
    "Event": lambda: {name: _of_type(hint) for name, hint in get_type_hints(AuditEntry).items()},
    "StateCounts": lambda: dict.fromkeys(State, _COUNT),
    "VerdictCounts": lambda: dict.fromkeys(Status, _COUNT),
}
"""Objects whose members follow from the program's own types."""


def _moved(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Return schemas of the contract whose references point to `$defs`."""
    if isinstance(value, dict):
        return {key: _moved(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each) for each in value]
    return value.replace("#/components/schemas/", "#/$defs/") if isinstance(value, str) else value
