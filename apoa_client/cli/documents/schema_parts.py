"""Parts of JSON Schemas, and the forms of documents for the IT admin and for developers of authorities."""

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


BACKUP = object_of(
    file=TEXT,
    reports=COUNT,
    bytes=COUNT,
    proved=FLAG,
    created_at=MOMENT,
    kept__optional=COUNT,
    deleted__optional=COUNT,
    same_disk__optional=or_null(FLAG),
)
SETTING = object_of(
    key=TEXT,
    value=VALUE,
    default=VALUE,
    source=TEXT,
    place=or_null(TEXT),
    line=or_null(COUNT),
    settable=FLAG,
    type=TEXT,
    allowed=or_null({"anyOf": [list_of(TEXT), object_of(least=NUMBER, most=NUMBER)]}),
    meaning=TEXT,
)
CHANGED_SETTING = plus(SETTING, before=VALUE, consequences=list_of(TEXT))
DEFINITION = plus(without(SETTING, "value", "source", "place", "line"), example=TEXT, variable=or_null(TEXT))
HEALTH = object_of(
    healthy=FLAG,
    checks=list_of(
        object_of(
            name=TEXT,
            result=one_of("ok", "note", "warning", "failed", "skipped"),
            message=TEXT,
            advice=or_null(TEXT),
        )
    ),
)
SCHEDULE = object_of(
    installed=FLAG,
    **dict.fromkeys(("kind", "command", "last_result", "name"), VALUE),
    every_s=or_null(COUNT),
    next_run_at=or_null(MOMENT),
    last_run_at=or_null(MOMENT),
    follow=or_null(FLAG),
    active=or_null(FLAG),
    this_installation=or_null(FLAG),
)
TRACE = object_of(kind=TEXT, place=TEXT, property=or_null(TEXT))
OUTBOX = object_of(
    property=TEXT,
    place=TEXT,
    shared=FLAG,
    engine=or_null(TEXT),
    version=or_null(COUNT),
    **dict.fromkeys(("waiting", "oldest_waiting_s"), or_null(COUNT)),
    left=COUNT,
    error=or_null(ERROR),
)
UNINSTALL = object_of(
    dry_run=FLAG,
    removed=FLAG,
    properties=list_of(
        object_of(
            property=TEXT,
            training=FLAG,
            reports=or_null(COUNT),
            undelivered=or_null(COUNT),
            drafts=or_null(COUNT),
            recovery_code_confirmed=or_null(FLAG),
            last_backup_at=or_null(MOMENT),
        )
    ),
    found=list_of(TRACE),
    kept=list_of(TRACE),
)
_RECORDED = object_of(line=TEXT, headers=map_of(TEXT), body=TEXT)
CONFORMANCE = object_of(
    url=TEXT,
    started_at=MOMENT,
    contract=or_null(TEXT),
    environment=or_null(TEXT),
    conforms=FLAG,
    passed=COUNT,
    failed=COUNT,
    skipped=COUNT,
    checks=list_of(
        object_of(
            id=TEXT,
            title=TEXT,
            result=one_of("passed", "failed", "skipped"),
            reason=or_null(TEXT),
            paragraph=object_of(pointer=TEXT, text=TEXT),
            requests=COUNT,
            exchanges=list_of(object_of(request=_RECORDED, answer=or_null(_RECORDED), problem=or_null(TEXT))),
        )
    ),
)
