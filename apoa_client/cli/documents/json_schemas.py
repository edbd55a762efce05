"""A JSON Schema (draft 2020-12) for the document that each command prints with ``--json``.

A guest and a stay have the schemas of the reporting contract. Every other object has exactly the members that are
listed here.
"""

from collections.abc import Mapping
from typing import Any

from apoa_client.authority.contract import contract
from apoa_client.report.kinds import Kind, State

Schema = Mapping[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_OPTIONAL = "__optional"
"""The end of the name of a member that may be missing."""

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "integer"}
_DAY: Schema = {"type": "string", "format": "date"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_VALUE: Schema = {"type": ["string", "integer", "null"]}


def _object(**members: Schema) -> Schema:
    """Return the schema of an object with these members and no others."""
    return {
        "type": "object",
        "properties": {name.removesuffix(_OPTIONAL): schema for name, schema in members.items()},
        "required": [name for name in members if not name.endswith(_OPTIONAL)],
        "additionalProperties": False,
    }


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _map(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def _with(base: Schema, /, **more: Schema) -> Schema:
    """Return the schema of an object with further members."""
    added = _object(**more)
    return {
        **base,
        "properties": {**base["properties"], **added["properties"]},
        "required": [*base["required"], *added["required"]],
    }


def _without(base: Schema, /, *names: str) -> Schema:
    """Return the schema of an object without some members."""
    return {
        **base,
        "properties": {name: each for name, each in base["properties"].items() if name not in names},
        "required": [name for name in base["required"] if name not in names],
    }


def _from_contract(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


_FINDING = _object(field=_TEXT, code=_TEXT, message=_TEXT)
_ERROR = _object(**{"class": _TEXT}, message=_TEXT, advice=_TEXT)
_DOUBT = _object(kind=_TEXT, id=_or_null(_TEXT))
_RECEIPT = _object(number=_TEXT, issued_at=_MOMENT, source=_one_of("authority", "typed"))
_REPORT = _object(
    id=_or_null(_TEXT),
    short_id=_or_null(_TEXT),
    stay_id=_or_null(_TEXT),
    kind=_or_null(_one_of(*Kind)),
    state=_or_null(_one_of(*State)),
    created_at=_or_null(_MOMENT),
    due_at=_or_null(_MOMENT),
    attempts=_COUNT,
    last_error=_or_null(_TEXT),
    authenticated=_FLAG,
    receipt=_or_null(_RECEIPT),
    guest=_or_null(_from_contract("Guest")),
    stay=_or_null(_from_contract("Stay")),
    errors=_list(_FINDING),
    warnings=_list(_FINDING),
    sealed__optional={"const": True},
    erased__optional={"const": True},
)
_FIGURES = _object(
    month=_TEXT,
    guests=_COUNT,
    nights=_COUNT,
    average_stay=_or_null({"type": "number"}),
    by_nationality=_or_null(_list(_object(state=_or_null(_TEXT), guests=_COUNT, nights=_COUNT))),
    punctuality=_object(on_time=_COUNT, late=_COUNT, share=_or_null({"type": "number"})),
    refused=_COUNT,
    sealed__optional={"const": True},
)
_REPORTS = _object(reports=_list(_REPORT))
_EXPORTED = _object(
    property=_TEXT,
    id=_TEXT,
    short_id=_TEXT,
    stay_id=_TEXT,
    kind=_one_of(*Kind),
    state=_one_of(*State),
    created_at=_MOMENT,
    due_at=_or_null(_MOMENT),
    attempts=_COUNT,
    last_error=_or_null(_TEXT),
    receipt=_or_null(_RECEIPT),
    check_out=_or_null(_MOMENT),
    stay_state=_one_of("in_house", "checked_out", "cancelled", "withdrawn"),
)
_EXPORTED_STAY = _with(_EXPORTED, guest=_from_contract("Guest"), stay=_from_contract("Stay"), reason=_or_null(_TEXT))
_EVENT = _object(
    n=_COUNT, at=_MOMENT, who=_TEXT, action=_TEXT, report=_or_null(_TEXT), detail=_or_null(_TEXT), link=_TEXT
)
_CHECKED = _object(
    valid=_FLAG,
    format=_or_null(_TEXT),
    guest={"type": "object"},
    errors=_list(_with(_FINDING, suggestion=_or_null(_TEXT))),
    warnings=_list(_with(_FINDING, suggestion=_or_null(_TEXT))),
    fields=_map(_TEXT),
    suggestions=_list(
        _object(field=_TEXT, line=_COUNT, position=_COUNT, old=_TEXT, new=_TEXT, value=_TEXT, others=_NUMBER)
    ),
    normalised=_list(_TEXT),
    long_number=_or_null(_TEXT),
    printed=_object(surname=_list(_TEXT), given_names=_list(_TEXT)),
)
_STATUS = _object(
    property=_TEXT,
    environment=_or_null(_TEXT),
    counts=_object(**dict.fromkeys(State, _COUNT)),
    overdue=_COUNT,
    due_within_6h=_COUNT,
    next_due_at=_or_null(_MOMENT),
    last_contact_at=_or_null(_MOMENT),
    sending_stopped=_or_null(_object(reason=_TEXT, since=_MOMENT)),
    last_scheduled_run=_or_null(_object(at=_MOMENT, exit_code=_COUNT)),
    last_backup_at=_or_null(_MOMENT),
    clock_skew_s=_or_null(_NUMBER),
    purge_skipped_at=_or_null(_MOMENT),
    drafts=_COUNT,
    unauthenticated=_or_null(_COUNT),
    recovery_code_confirmed=_or_null(_FLAG),
    urgent=_list(
        _object(id=_TEXT, short_id=_TEXT, kind=_one_of(*Kind), state=_one_of(*State), due_at=_or_null(_MOMENT))
    ),
    doubts=_list(_DOUBT),
    alarm=_object(level=_TEXT, problems=_list(_TEXT)),
)
_OF_THE_NIGHT = ("in_house", "arrivals", "leaving", "overdue_departures", "refused", "due_by_morning")
_NIGHT = _object(
    night=_DAY,
    **{name: _list(_REPORT) for name in _OF_THE_NIGHT},
    drafts=_COUNT,
    last_contact_at=_or_null(_MOMENT),
)
_OUTCOME = _object(
    **dict.fromkeys(("sent", "accepted", "pending", "rejected", "duplicate", "deferred", "left"), _COUNT),
    offline=_FLAG,
    stopped=_FLAG,
    error=_or_null(_ERROR),
    busy=_FLAG,
    holder=_or_null(_object(pid=_COUNT, command=_TEXT, since=_MOMENT)),
    clock_skew_s=_or_null(_NUMBER),
    broken_off_until=_or_null(_MOMENT),
    repeated_receipts=_map(_COUNT),
    doubts=_list(_DOUBT),
    repaired=_list(_TEXT),
    closed_without_key=_list(_TEXT),
)
_BACKUP = _object(
    file=_TEXT,
    reports=_COUNT,
    bytes=_COUNT,
    proved=_FLAG,
    created_at=_MOMENT,
    kept__optional=_COUNT,
    deleted__optional=_COUNT,
    same_disk__optional=_or_null(_FLAG),
)
_SETTING = _object(
    key=_TEXT,
    value=_VALUE,
    default=_VALUE,
    source=_TEXT,
    place=_or_null(_TEXT),
    line=_or_null(_COUNT),
    settable=_FLAG,
    type=_TEXT,
    allowed=_or_null({"anyOf": [_list(_TEXT), _object(least=_NUMBER, most=_NUMBER)]}),
    meaning=_TEXT,
)
_CHANGED_SETTING = _with(_SETTING, before=_VALUE, consequences=_list(_TEXT))
_DEFINITION = _with(_without(_SETTING, "value", "source", "place", "line"), example=_TEXT, variable=_or_null(_TEXT))
_ROW_FINDING = _with(_FINDING, row=_COUNT, cell=_or_null(_TEXT), suggestion=_or_null(_TEXT))
_IMPORT = _object(
    **dict.fromkeys(("rows", "saved", "unchanged", "amended", "checked_out", "skipped", "refused", "late"), _COUNT),
    skipped_for=_map(_COUNT),
    problems=_list(_ROW_FINDING),
    warnings=_list(_ROW_FINDING),
    reports=_list(_TEXT),
    dry_run=_FLAG,
)
_HEALTH = _object(
    healthy=_FLAG,
    checks=_list(
        _object(
            name=_TEXT,
            result=_one_of("ok", "note", "warning", "failed", "skipped"),
            message=_TEXT,
            advice=_or_null(_TEXT),
        )
    ),
)
_SCHEDULE = _object(
    installed=_FLAG,
    **dict.fromkeys(("kind", "command", "last_result", "name"), _VALUE),
    every_s=_or_null(_COUNT),
    next_run_at=_or_null(_MOMENT),
    last_run_at=_or_null(_MOMENT),
    follow=_or_null(_FLAG),
    active=_or_null(_FLAG),
    this_installation=_or_null(_FLAG),
)
_FACT = _object(text=_TEXT, series=_or_null(_TEXT), source=_TEXT, as_of=_DAY, outdated=_FLAG)
_TRACE = _object(kind=_TEXT, place=_TEXT, property=_or_null(_TEXT))
_UNINSTALL = _object(
    dry_run=_FLAG,
    removed=_FLAG,
    properties=_list(
        _object(
            property=_TEXT,
            training=_FLAG,
            reports=_or_null(_COUNT),
            undelivered=_or_null(_COUNT),
            drafts=_or_null(_COUNT),
            recovery_code_confirmed=_or_null(_FLAG),
            last_backup_at=_or_null(_MOMENT),
        )
    ),
    found=_list(_TRACE),
    kept=_list(_TRACE),
    remove_program=_or_null(_list(_TEXT)),
)

FORMS: Mapping[str, tuple[Schema, ...]] = {
    "amend": (_REPORT, _REPORTS),
    "backup": (_BACKUP,),
    "cancel": (_REPORT, _REPORTS),
    "check": (_CHECKED, _object(results=_list(_CHECKED))),
    "checkout": (_REPORT, _REPORTS),
    "config-explain": (_DEFINITION, _object(settings=_list(_DEFINITION))),
    "config-get": (_SETTING,),
    "config-list": (_object(settings=_list(_SETTING)),),
    "config-path": (_object(files=_list(_object(file=_TEXT, path=_TEXT, exists=_FLAG))),),
    "config-set": (_CHANGED_SETTING,),
    "config-unset": (_CHANGED_SETTING,),
    "doctor": (_HEALTH,),
    "export": (_object(reports=_list(_EXPORTED)), _object(reports=_list(_EXPORTED_STAY))),
    "fix": (_REPORT, _REPORTS),
    "import": (_IMPORT,),
    "info": (
        _object(
            topics=_list(
                _object(
                    topic=_TEXT,
                    title=_TEXT,
                    facts=_list(_FACT),
                    unconfirmed=_list(_object(text=_TEXT, as_of=_DAY)),
                    here=_or_null(_TEXT),
                )
            )
        ),
    ),
    "key-show": (
        _object(
            property=_TEXT,
            fingerprint=_TEXT,
            place=_TEXT,
            available=_FLAG,
            error=_or_null(_ERROR),
            change_unfinished=_FLAG,
            old_key_kept=_FLAG,
            recovery_code_confirmed=_or_null(_FLAG),
        ),
    ),
    "list": (_REPORTS,),
    "log": (
        _object(entries=_list(_EVENT)),
        _object(
            whole=_FLAG,
            entries=_COUNT,
            link=_TEXT,
            wrong=_or_null(_COUNT),
            missing=_FLAG,
            reports=_object(checked=_COUNT, with_key=_FLAG, unauthenticated=_or_null(_COUNT), doubts=_list(_DOUBT)),
        ),
    ),
    "purge": (
        _object(
            dry_run=_FLAG,
            retention_days=_COUNT,
            stays=_COUNT,
            reports=_list(_TEXT),
            withdrawn=_list(_TEXT),
            may_have_arrived=_list(_TEXT),
            complete=_FLAG,
            draft=_FLAG,
            ended_before=_MOMENT,
        ),
    ),
    "receipt": (
        _object(id=_TEXT, state=_one_of(*State), receipt=_or_null(_RECEIPT), erased__optional={"const": True}),
        _object(folder=_TEXT, written=_COUNT, without_receipt=_COUNT),
    ),
    "received": (_REPORT,),
    "report": (_REPORT, _REPORTS),
    "restore": (
        _object(
            file=_TEXT,
            property=_TEXT,
            created=_FLAG,
            dry_run=_FLAG,
            backup_created_at=_MOMENT,
            **dict.fromkeys(("inserted", "advanced", "unchanged", "only_here"), _COUNT),
            proved=_FLAG,
            to_ask=_COUNT,
            fingerprint=_TEXT,
            api_url=_TEXT,
            other_receipts=_list(_object(id=_TEXT, here=_TEXT, in_backup=_TEXT)),
            needs=_list(_TEXT),
        ),
    ),
    "schedule-install": (
        _with(_SCHEDULE, change=_TEXT, notes=_list(_TEXT)),
        _object(
            kind=_TEXT,
            files=_list(_object(path=_TEXT, text=_TEXT)),
            lines=_list(_TEXT),
            commands=_list(_list(_TEXT)),
        ),
    ),
    "schedule-remove": (_object(removed=_FLAG),),
    "schedule-show": (_SCHEDULE,),
    "show": (_with(_REPORT, story=_list(_with(_without(_REPORT, "guest", "stay"), events=_list(_EVENT)))),),
    "stats": (_FIGURES,),
    "status": (_STATUS, _NIGHT),
    "sync": (_OUTCOME,),
    "uninstall": (_UNINSTALL,),
}
"""The forms of each command's document, by the command's English names with hyphens between."""

_FOR_ALL_PROPERTIES = frozenset({"backup", "doctor", "stats", "status", "sync"})
"""Commands whose ``--all`` puts the document of each property into one."""


_PARTS = ("Guest", "Stay", "Document", "StayPermit", "Instant", "Day", "PartialDate", "State")
"""The schemas of the contract that a guest and a stay need."""


def json_schema(name: str) -> dict[str, Any]:
    """Return the schema of a command's document. A command that fails prints the form with `error`."""
    error = _object(error=_ERROR)
    forms = [*FORMS[name], error]
    if name in _FOR_ALL_PROPERTIES:
        each = [_with(_without(form, "property"), property=_TEXT) for form in forms]
        forms.append(_object(properties=_list({"anyOf": each})))
    marked = [_marked(form, schema_id(name)) for form in forms]
    parts = {part: contract()["components"]["schemas"][part] for part in _PARTS}
    schema = {"$schema": _DIALECT, "$id": schema_id(name), "title": f"apoa {name.replace('-', ' ')} --json"}
    return {**schema, "anyOf": marked, "$defs": _moved(parts)}


def _marked(form: Schema, schema: str) -> Schema:
    """Return a form that begins with the member `schema`."""
    return {
        **form,
        "properties": {"schema": {"const": schema}, **form["properties"]},
        "required": ["schema", *form["required"]],
    }


def schema_id(name: str) -> str:
    """Return the value of the member `schema` in a command's document."""
    return f"apoa/{name}/1"


def _moved(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Return schemas of the contract whose references point to `$defs`."""
    if isinstance(value, dict):
        return {key: _moved(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each) for each in value]
    return value.replace("#/components/schemas/", "#/$defs/") if isinstance(value, str) else value
