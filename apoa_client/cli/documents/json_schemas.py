"""A JSON Schema (draft 2020-12) for the document that each command prints with ``--json``.

A guest and a stay have the schemas of the reporting contract. Every other object has exactly the members that are
listed here.
"""

from collections.abc import Mapping
from typing import Any

from apoa_client.authority.contract import contract
from apoa_client.cli.documents.schema_parts import (
    BACKUP,
    CHANGED_SETTING,
    CONFORMANCE,
    COUNT,
    DAY,
    DEFINITION,
    ERROR,
    FLAG,
    HEALTH,
    MOMENT,
    NUMBER,
    OUTBOX,
    SCHEDULE,
    SETTING,
    TEXT,
    UNINSTALL,
    Schema,
    list_of,
    map_of,
    object_of,
    one_of,
    or_null,
    plus,
    without,
)
from apoa_client.ports.authority import Status
from apoa_client.report.kinds import Kind, PhotoState, State
from apoa_client.settings.config import TRAINING

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _from_contract(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


_FINDING = object_of(field=TEXT, code=TEXT, message=TEXT)
_DOUBT = object_of(kind=TEXT, id=or_null(TEXT))
_RECEIPT = object_of(number=or_null(TEXT), issued_at=MOMENT, source=one_of("authority", "typed"))
_ONLINE = object_of(
    asked=FLAG,
    status=or_null(one_of(*Status)),
    errors=list_of(_FINDING),
    warnings=list_of(_FINDING),
    missing=list_of(TEXT),
    error=or_null(ERROR),
)
_REPORT = object_of(
    id=or_null(TEXT),
    short_id=or_null(TEXT),
    stay_id=or_null(TEXT),
    kind=or_null(one_of(*Kind)),
    state=or_null(one_of(*State)),
    created_at=or_null(MOMENT),
    due_at=or_null(MOMENT),
    attempts=COUNT,
    last_error=or_null(TEXT),
    authenticated=FLAG,
    receipt=or_null(_RECEIPT),
    photo=or_null(one_of(*PhotoState)),
    guest=or_null(_from_contract("Guest")),
    stay=or_null(_from_contract("Stay")),
    errors=list_of(_FINDING),
    warnings=list_of(_FINDING),
    sealed__optional={"const": True},
    erased__optional={"const": True},
    stored__optional={"const": "here"},
    online__optional=or_null(_ONLINE),
)
_FIGURES = object_of(
    month=TEXT,
    guests=COUNT,
    arrivals=COUNT,
    nights=COUNT,
    average_stay=or_null({"type": "number"}),
    by_nationality=or_null(list_of(object_of(state=or_null(TEXT), guests=COUNT, arrivals=COUNT, nights=COUNT))),
    punctuality=object_of(on_time=COUNT, late=COUNT, share=or_null({"type": "number"})),
    refused=COUNT,
    rooms=or_null(
        object_of(
            count=or_null(COUNT),
            available_nights=or_null(COUNT),
            occupied_nights=COUNT,
            occupancy=or_null({"type": "number"}),
            guest_nights_without_room=COUNT,
        )
    ),
    sealed__optional={"const": True},
)
_REPORTS = object_of(reports=list_of(_REPORT))
_EXPORTED = object_of(
    property=TEXT,
    id=TEXT,
    short_id=TEXT,
    stay_id=TEXT,
    kind=one_of(*Kind),
    state=one_of(*State),
    created_at=MOMENT,
    due_at=or_null(MOMENT),
    attempts=COUNT,
    last_error=or_null(TEXT),
    receipt=or_null(_RECEIPT),
    check_out=or_null(MOMENT),
    stay_state=one_of("in_house", "checked_out", "cancelled", "withdrawn"),
)
_EXPORTED_STAY = plus(_EXPORTED, guest=_from_contract("Guest"), stay=_from_contract("Stay"), reason=or_null(TEXT))
_EVENT = object_of(n=COUNT, at=MOMENT, who=TEXT, action=TEXT, report=or_null(TEXT), detail=or_null(TEXT), link=TEXT)
_CHECKED = object_of(
    valid=FLAG,
    format=or_null(TEXT),
    guest={"type": "object"},
    errors=list_of(plus(_FINDING, suggestion=or_null(TEXT))),
    warnings=list_of(plus(_FINDING, suggestion=or_null(TEXT))),
    fields=map_of(TEXT),
    suggestions=list_of(
        object_of(field=TEXT, line=COUNT, position=COUNT, old=TEXT, new=TEXT, value=TEXT, others=NUMBER)
    ),
    normalised=list_of(TEXT),
    long_number=or_null(TEXT),
    printed=object_of(surname=list_of(TEXT), given_names=list_of(TEXT)),
    online__optional=or_null(_ONLINE),
)
_PHOTO = object_of(
    file=TEXT,
    zones=COUNT,
    sure=FLAG,
    lines=list_of(TEXT),
    doubtful=list_of({"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}),
    elapsed_ms=COUNT,
    hint=or_null(TEXT),
    error=or_null(ERROR),
)
_CHECKED_PHOTO = plus(_CHECKED, photo=_PHOTO)
_REPORTED_PHOTO = object_of(
    file=TEXT,
    zones=COUNT,
    report=or_null(TEXT),
    error=or_null(ERROR),
    errors=list_of(_FINDING),
    warnings=list_of(_FINDING),
)
_STATUS = object_of(
    property=TEXT,
    environment=or_null(TEXT),
    counts=object_of(**dict.fromkeys(State, COUNT)),
    overdue=COUNT,
    due_within_6h=COUNT,
    next_due_at=or_null(MOMENT),
    last_contact_at=or_null(MOMENT),
    sending_stopped=or_null(object_of(reason=TEXT, since=MOMENT)),
    last_scheduled_run=or_null(object_of(at=MOMENT, exit_code=COUNT)),
    last_backup_at=or_null(MOMENT),
    clock_skew_s=or_null(NUMBER),
    purge_skipped_at=or_null(MOMENT),
    drafts=COUNT,
    without_number=COUNT,
    unauthenticated=or_null(COUNT),
    recovery_code_confirmed=or_null(FLAG),
    urgent=list_of(object_of(id=TEXT, short_id=TEXT, kind=one_of(*Kind), state=one_of(*State), due_at=or_null(MOMENT))),
    doubts=list_of(_DOUBT),
    alarm=object_of(level=TEXT, problems=list_of(TEXT)),
    stored__optional={"const": "here"},
    left__optional=COUNT,
)
_OF_THE_NIGHT = ("in_house", "arrivals", "leaving", "overdue_departures", "refused", "due_by_morning")
_NIGHT = object_of(
    night=DAY,
    **{name: list_of(_REPORT) for name in _OF_THE_NIGHT},
    drafts=COUNT,
    last_contact_at=or_null(MOMENT),
)
_OUTCOME = object_of(
    **dict.fromkeys(("sent", *(each.value for each in Status), "left"), COUNT),
    **dict.fromkeys(("photos_sent", "photos_refused", "photos_left"), COUNT),
    offline=FLAG,
    stopped=FLAG,
    error=or_null(ERROR),
    clock_skew_s=or_null(NUMBER),
    leased_until=or_null(MOMENT),
    repeated_receipts=map_of(COUNT),
    doubts=list_of(_DOUBT),
    unchecked=FLAG,
    repaired=list_of(TEXT),
)
_ROW_FINDING = plus(_FINDING, sheet=or_null(TEXT), row=COUNT, cell=or_null(TEXT), suggestion=or_null(TEXT))
_SHEETS = list_of(object_of(name=TEXT, rows=or_null(COUNT), read=FLAG))
_IMPORT = object_of(
    **dict.fromkeys(
        (
            *("rows", "saved", "unchanged", "already_reported", "amended", "checked_out"),
            *("skipped", "refused", "late"),
        ),
        COUNT,
    ),
    skipped_for=map_of(COUNT),
    sheets=_SHEETS,
    problems=list_of(_ROW_FINDING),
    warnings=list_of(_ROW_FINDING),
    reports=list_of(TEXT),
    unread_columns=list_of(TEXT),
    dry_run=FLAG,
)
_FOLDER_IMPORT = object_of(
    files=list_of(
        object_of(
            file=TEXT,
            where=one_of("done", "refused", "left"),
            **dict.fromkeys(("rows", "saved", "unchanged", "amended", "skipped", "refused"), COUNT),
            skipped_for=map_of(COUNT),
            sheets=_SHEETS,
            warnings=list_of(_ROW_FINDING),
            error=or_null(ERROR),
        )
    ),
    reports=list_of(TEXT),
)
_FACT = object_of(text=TEXT, series=or_null(TEXT), source=TEXT, source_date=or_null(TEXT), as_of=DAY, outdated=FLAG)

FORMS: Mapping[str, tuple[Schema, ...]] = {
    "amend": (_REPORT, _REPORTS),
    "backup": (BACKUP,),
    "cancel": (_REPORT, _REPORTS),
    "check": (
        _CHECKED,
        object_of(results=list_of(_CHECKED)),
        _CHECKED_PHOTO,
        object_of(results=list_of(_CHECKED_PHOTO)),
    ),
    "checkout": (_REPORT, _REPORTS),
    "config-explain": (DEFINITION, object_of(settings=list_of(DEFINITION))),
    "config-get": (SETTING,),
    "config-list": (object_of(settings=list_of(SETTING)),),
    "config-path": (object_of(files=list_of(object_of(file=TEXT, path=TEXT, exists=FLAG))),),
    "config-set": (CHANGED_SETTING,),
    "config-unset": (CHANGED_SETTING,),
    "contract-test": (CONFORMANCE,),
    "doctor": (HEALTH,),
    "export": (object_of(reports=list_of(_EXPORTED)), object_of(reports=list_of(_EXPORTED_STAY))),
    "fix": (_REPORT, _REPORTS),
    "import": (_IMPORT, _FOLDER_IMPORT),
    "info": (
        object_of(
            topics=list_of(
                object_of(
                    topic=TEXT,
                    title=TEXT,
                    facts=list_of(_FACT),
                    unconfirmed=list_of(object_of(text=TEXT, as_of=DAY)),
                    here=or_null(TEXT),
                )
            )
        ),
    ),
    "key-show": (
        object_of(
            property=TEXT,
            fingerprint=TEXT,
            place=TEXT,
            available=FLAG,
            error=or_null(ERROR),
            change_unfinished=FLAG,
            old_key_kept=FLAG,
            recovery_code_confirmed=or_null(FLAG),
        ),
    ),
    "list": (_REPORTS,),
    "log": (
        object_of(entries=list_of(_EVENT)),
        object_of(
            whole=FLAG,
            entries=COUNT,
            link=TEXT,
            wrong=or_null(COUNT),
            missing=FLAG,
            reports=object_of(checked=COUNT, with_key=FLAG, unauthenticated=or_null(COUNT), doubts=list_of(_DOUBT)),
        ),
    ),
    "purge": (
        object_of(
            dry_run=FLAG,
            retention_days=COUNT,
            stays=COUNT,
            reports=list_of(TEXT),
            complete=FLAG,
            draft=FLAG,
            ended_before=MOMENT,
        ),
    ),
    "outbox-init": (
        object_of(
            place=TEXT,
            version_before=COUNT,
            members=list_of(object_of(login=TEXT, property=TEXT, role=one_of("sender"))),
            public_schema__optional=one_of("open", "closed"),
        ),
    ),
    "outbox-move": (object_of(property=TEXT, outbox=TEXT, reports=COUNT, left=COUNT, error=or_null(ERROR)),),
    "outbox-show": (OUTBOX,),
    "receipt": (
        object_of(
            id=TEXT,
            state=one_of(*State),
            receipt=or_null(_RECEIPT),
            unchecked=FLAG,
            erased__optional={"const": True},
        ),
        object_of(folder=TEXT, written=COUNT, without_receipt=COUNT),
        object_of(
            day=DAY,
            property=TEXT,
            **dict.fromkeys(("from", "to", "issued_at"), MOMENT),
            **dict.fromkeys(("accepted", "confirmed"), COUNT),
            **dict.fromkeys(("missing", "different", "waiting", "unknown"), list_of(TEXT)),
        ),
    ),
    "received": (_REPORT,),
    "report": (_REPORT, plus(_REPORTS, photos=list_of(_REPORTED_PHOTO))),
    "restore": (
        object_of(
            file=TEXT,
            property=TEXT,
            created=FLAG,
            dry_run=FLAG,
            backup_created_at=MOMENT,
            **dict.fromkeys(("inserted", "advanced", "unchanged", "only_here"), COUNT),
            proved=FLAG,
            left_out=COUNT,
            fingerprint=TEXT,
            api_url=TEXT,
            other_receipts=list_of(object_of(id=TEXT, here=TEXT, in_backup=TEXT)),
            needs=list_of(TEXT),
        ),
    ),
    "schedule-install": (
        plus(SCHEDULE, change=TEXT, notes=list_of(TEXT)),
        object_of(
            kind=TEXT,
            files=list_of(object_of(path=TEXT, text=TEXT)),
            lines=list_of(TEXT),
            commands=list_of(list_of(TEXT)),
        ),
    ),
    "schedule-remove": (object_of(removed=FLAG),),
    "schedule-show": (SCHEDULE,),
    "show": (plus(_REPORT, story=list_of(plus(without(_REPORT, "guest", "stay"), events=list_of(_EVENT)))),),
    "stats": (_FIGURES,),
    "status": (_STATUS, _NIGHT),
    "sync": (_OUTCOME,),
    "uninstall": (UNINSTALL,),
}
"""The forms of each command's document, by the command's English names with hyphens between."""

_FOR_ALL_PROPERTIES = frozenset({"backup", "doctor", "outbox-show", "stats", "status", "sync"})
"""Commands whose ``--all`` puts the document of each property into one."""


_PARTS = ("Guest", "Stay", "Document", "StayPermit", "Instant", "Day", "PartialDate", "State")
"""The schemas of the contract that a guest and a stay need."""


def json_schema(name: str) -> dict[str, Any]:
    """Return the schema of a command's document. A command that fails prints the form with `error`."""
    error = object_of(error=ERROR)
    forms = [_with_environment(form) for form in (*FORMS[name], error)]
    if name in _FOR_ALL_PROPERTIES:
        each = [plus(without(form, "property"), property=TEXT) for form in forms]
        forms.append(_with_environment(object_of(properties=list_of({"anyOf": each}))))
    marked = [_marked(form, schema_id(name)) for form in forms]
    parts = {part: contract()["components"]["schemas"][part] for part in _PARTS}
    schema = {"$schema": _DIALECT, "$id": schema_id(name), "title": f"apoa {name.replace('-', ' ')} --json"}
    return {**schema, "anyOf": marked, "$defs": _moved(parts)}


def _with_environment(form: Schema) -> Schema:
    """Return a form that may have the member `environment`: a training property's has it."""
    return {**form, "properties": {"environment": {"const": TRAINING}, **form["properties"]}}


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
