"""A JSON Schema (draft 2020-12) for the document that each command prints with ``--json``.

A guest and a stay have the schemas of the reporting contract, the columns of a report those of `REPORT_COLUMNS`. Every
other object has exactly the members that are listed here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from apoa_client.authority.contract import contract
from apoa_client.cli.documents.exported_table import EXPORTED_COLUMNS, STAY_STATES
from apoa_client.cli.documents.schema_parts import (
    COUNT,
    DAY,
    FLAG,
    MOMENT,
    NUMBER,
    SHARE,
    TEXT,
    TRUE,
    VALUE,
    Schema,
    each,
    list_of,
    map_of,
    object_of,
    of_tuple,
    of_type,
    one_of,
    or_null,
    plus,
    without,
)
from apoa_client.cli.views.findings import EMPTY_REPORT, REPORT_COLUMNS
from apoa_client.outbox.sql.audit import AuditEntry
from apoa_client.ports.authority import Status
from apoa_client.report.kinds import Receipt, State
from apoa_client.settings.config import TRAINING

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _from_contract(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


_ERROR = object_of(**{"class": TEXT}, **each(TEXT, "message advice"))
"""What a command that fails prints in the member `error`."""

_RECEIPT = object_of(number=or_null(TEXT), issued_at=MOMENT, source=one_of("authority", "typed"))


def _columns(names: Iterable[str], *, saved: bool = True) -> dict[str, Schema]:
    """Return the members of these columns. Of a report that is not saved, those without a value are null."""
    found = {}
    for name in names:
        kind = REPORT_COLUMNS[name]
        schema = or_null(_RECEIPT) if kind == Receipt | None else of_type(kind)
        found[name] = or_null(schema) if not saved and EMPTY_REPORT[name] is None and "anyOf" not in schema else schema
    return found


_FINDING = object_of(**each(TEXT, "field code message"))
_SUGGESTED = plus(_FINDING, suggestion=or_null(TEXT))
_DOUBT = object_of(kind=TEXT, id=or_null(TEXT))
_ONLINE = object_of(
    asked=FLAG,
    status=or_null(one_of(*Status)),
    **each(list_of(_FINDING), "errors warnings"),
    missing=list_of(TEXT),
    error=or_null(_ERROR),
)
_REPORT = object_of(
    **_columns(REPORT_COLUMNS, saved=False),
    guest=or_null(_from_contract("Guest")),
    stay=or_null(_from_contract("Stay")),
    **each(list_of(_FINDING), "errors warnings"),
    **each(TRUE, "sealed__optional erased__optional"),
    stored__optional={"const": "here"},
    online__optional=or_null(_ONLINE),
)
_REPORTS = object_of(reports=list_of(_REPORT))
_FIGURES = object_of(
    month=TEXT,
    **each(COUNT, "guests arrivals nights refused"),
    average_stay=or_null(SHARE),
    by_nationality=or_null(list_of(object_of(state=or_null(TEXT), **each(COUNT, "guests arrivals nights")))),
    punctuality=object_of(**each(COUNT, "on_time late"), share=or_null(SHARE)),
    rooms=or_null(
        object_of(
            **each(or_null(COUNT), "count available_nights"),
            **each(COUNT, "occupied_nights guest_nights_without_room"),
            occupancy=or_null(SHARE),
        )
    ),
    sealed__optional=TRUE,
)
_EXPORTED = object_of(
    property=TEXT, **_columns(EXPORTED_COLUMNS), check_out=or_null(MOMENT), stay_state=one_of(*STAY_STATES)
)
_EXPORTED_STAY = plus(_EXPORTED, guest=_from_contract("Guest"), stay=_from_contract("Stay"), reason=or_null(TEXT))
_EVENT = object_of(**of_tuple(AuditEntry))
_CHECKED = object_of(
    valid=FLAG,
    **each(or_null(TEXT), "format long_number"),
    guest={"type": "object"},
    **each(list_of(_SUGGESTED), "errors warnings"),
    fields=map_of(TEXT),
    suggestions=list_of(object_of(**each(TEXT, "field old new value"), **each(COUNT, "line position"), others=NUMBER)),
    normalised=list_of(TEXT),
    printed=object_of(**each(list_of(TEXT), "surname given_names")),
    online__optional=or_null(_ONLINE),
)
_PHOTO = object_of(
    file=TEXT,
    **each(COUNT, "zones elapsed_ms"),
    sure=FLAG,
    lines=list_of(TEXT),
    doubtful=list_of({"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}),
    hint=or_null(TEXT),
    error=or_null(_ERROR),
)
_CHECKED_PHOTO = plus(_CHECKED, photo=_PHOTO)
_REPORTED_PHOTO = object_of(
    file=TEXT,
    zones=COUNT,
    report=or_null(TEXT),
    error=or_null(_ERROR),
    **each(list_of(_FINDING), "errors warnings"),
)
_STATUS = object_of(
    property=TEXT,
    environment=or_null(TEXT),
    counts=object_of(**dict.fromkeys(State, COUNT)),
    **each(COUNT, "overdue due_within_6h drafts without_number practice_moved practice_undecided"),
    **each(or_null(MOMENT), "next_due_at last_contact_at last_backup_at purge_skipped_at"),
    sending_stopped=or_null(object_of(reason=TEXT, since=MOMENT)),
    last_scheduled_run=or_null(object_of(at=MOMENT, exit_code=COUNT)),
    clock_skew_s=or_null(NUMBER),
    unauthenticated=or_null(COUNT),
    recovery_code_confirmed=or_null(FLAG),
    urgent=list_of(object_of(**_columns(("id", "short_id", "kind", "state", "due_at")))),
    doubts=list_of(_DOUBT),
    alarm=object_of(level=TEXT, problems=list_of(TEXT)),
    stored__optional={"const": "here"},
    left__optional=COUNT,
)
_NIGHT = object_of(
    night=DAY,
    **each(list_of(_REPORT), "in_house arrivals leaving overdue_departures refused due_by_morning"),
    drafts=COUNT,
    last_contact_at=or_null(MOMENT),
)
_OUTCOME = object_of(
    **dict.fromkeys((each.value for each in Status), COUNT),
    **each(COUNT, "sent left photos_sent photos_refused photos_left"),
    **each(FLAG, "offline stopped unchecked"),
    error=or_null(_ERROR),
    clock_skew_s=or_null(NUMBER),
    leased_until=or_null(MOMENT),
    repeated_receipts=map_of(COUNT),
    doubts=list_of(_DOUBT),
    repaired=list_of(TEXT),
)
_ROW_FINDING = plus(_SUGGESTED, row=COUNT, **each(or_null(TEXT), "sheet cell"))
_SHEETS = list_of(object_of(name=TEXT, rows=or_null(COUNT), read=FLAG))
_IMPORT = object_of(
    **each(COUNT, "rows saved unchanged already_reported amended checked_out skipped refused late"),
    skipped_for=map_of(COUNT),
    sheets=_SHEETS,
    **each(list_of(_ROW_FINDING), "problems warnings"),
    **each(list_of(TEXT), "reports unread_columns"),
    dry_run=FLAG,
)
_IMPORTED_FILE = object_of(
    file=TEXT,
    where=one_of("done", "refused", "left"),
    **each(COUNT, "rows saved unchanged amended skipped refused"),
    skipped_for=map_of(COUNT),
    sheets=_SHEETS,
    warnings=list_of(_ROW_FINDING),
    error=or_null(_ERROR),
)
_FACT = object_of(**each(TEXT, "text source"), **each(or_null(TEXT), "series source_date"), as_of=DAY, outdated=FLAG)
_TOPIC = object_of(
    **each(TEXT, "topic title"),
    facts=list_of(_FACT),
    unconfirmed=list_of(object_of(text=TEXT, as_of=DAY)),
)
_SETTING = object_of(
    **each(TEXT, "key source type meaning"),
    **each(VALUE, "value default"),
    place=or_null(TEXT),
    line=or_null(COUNT),
    settable=FLAG,
    allowed=or_null({"anyOf": [list_of(TEXT), object_of(least=NUMBER, most=NUMBER)]}),
)
_CHANGED_SETTING = plus(_SETTING, before=VALUE, consequences=list_of(TEXT))
_DEFINITION = plus(without(_SETTING, "value", "source", "place", "line"), example=TEXT, variable=or_null(TEXT))
_CHECK = object_of(
    **each(TEXT, "name message"),
    result=one_of("ok", "note", "warning", "failed", "skipped"),
    advice=or_null(TEXT),
)
_SCHEDULE = object_of(
    installed=FLAG,
    **each(VALUE, "kind command last_result name"),
    every_s=or_null(COUNT),
    **each(or_null(MOMENT), "next_run_at last_run_at"),
    **each(or_null(FLAG), "follow active this_installation"),
)
_LOSS = object_of(
    property=TEXT,
    training=FLAG,
    **each(or_null(COUNT), "reports undelivered drafts"),
    recovery_code_confirmed=or_null(FLAG),
    last_backup_at=or_null(MOMENT),
)
_TRACES = list_of(object_of(**each(TEXT, "kind place"), property=or_null(TEXT)))
_RECORDED = object_of(line=TEXT, headers=map_of(TEXT), body=TEXT)
_CONFORMANCE_CHECK = object_of(
    **each(TEXT, "id title"),
    result=one_of("passed", "failed", "skipped"),
    **each(or_null(TEXT), "reason same_cause_as"),
    paragraph=object_of(pointer=TEXT, text=TEXT),
    requests=COUNT,
    exchanges=list_of(object_of(request=_RECORDED, answer=or_null(_RECORDED), problem=or_null(TEXT))),
)

FORMS: Mapping[str, tuple[Schema, ...]] = {
    "amend": (_REPORT, _REPORTS),
    "backup": (
        object_of(
            file=TEXT,
            **each(COUNT, "reports bytes kept__optional deleted__optional"),
            proved=FLAG,
            created_at=MOMENT,
            same_disk__optional=or_null(FLAG),
        ),
    ),
    "cancel": (_REPORT, _REPORTS),
    "check": (
        _CHECKED,
        object_of(results=list_of(_CHECKED)),
        _CHECKED_PHOTO,
        object_of(results=list_of(_CHECKED_PHOTO)),
    ),
    "checkout": (_REPORT, _REPORTS),
    "config-explain": (_DEFINITION, object_of(settings=list_of(_DEFINITION))),
    "config-get": (_SETTING,),
    "config-list": (object_of(settings=list_of(_SETTING)),),
    "config-path": (object_of(files=list_of(object_of(**each(TEXT, "file path"), exists=FLAG))),),
    "config-set": (_CHANGED_SETTING,),
    "config-unset": (_CHANGED_SETTING,),
    "contract-test": (
        object_of(
            url=TEXT,
            started_at=MOMENT,
            **each(or_null(TEXT), "contract environment"),
            conforms=FLAG,
            **each(COUNT, "passed failed skipped"),
            checks=list_of(_CONFORMANCE_CHECK),
        ),
    ),
    "doctor": (object_of(healthy=FLAG, checks=list_of(_CHECK)),),
    "export": (object_of(reports=list_of(_EXPORTED)), object_of(reports=list_of(_EXPORTED_STAY))),
    "fix": (_REPORT, _REPORTS),
    "import": (_IMPORT, object_of(files=list_of(_IMPORTED_FILE), reports=list_of(TEXT))),
    "info": (object_of(topics=list_of(_TOPIC)),),
    "key-show": (
        object_of(
            **each(TEXT, "property fingerprint place"),
            **each(FLAG, "available change_unfinished old_key_kept"),
            error=or_null(_ERROR),
            recovery_code_confirmed=or_null(FLAG),
        ),
    ),
    "list": (_REPORTS,),
    "log": (
        object_of(entries=list_of(_EVENT)),
        object_of(
            **each(FLAG, "whole missing"),
            entries=COUNT,
            link=TEXT,
            wrong=or_null(COUNT),
            reports=object_of(checked=COUNT, with_key=FLAG, unauthenticated=or_null(COUNT), doubts=list_of(_DOUBT)),
        ),
    ),
    "purge": (
        object_of(
            **each(FLAG, "dry_run complete draft"),
            **each(COUNT, "retention_days stays"),
            reports=list_of(TEXT),
            ended_before=MOMENT,
        ),
    ),
    "outbox-init": (
        object_of(
            place=TEXT,
            version_before=COUNT,
            members=list_of(object_of(**each(TEXT, "login property"), role=one_of("sender"))),
            public_schema__optional=one_of("open", "closed"),
        ),
    ),
    "outbox-move": (object_of(**each(TEXT, "property outbox"), **each(COUNT, "reports left"), error=or_null(_ERROR)),),
    "outbox-show": (
        object_of(
            **each(TEXT, "property place"),
            shared=FLAG,
            engine=or_null(TEXT),
            **each(or_null(COUNT), "version waiting oldest_waiting_s"),
            left=COUNT,
            error=or_null(_ERROR),
        ),
    ),
    "receipt": (
        object_of(
            id=TEXT,
            state=one_of(*State),
            receipt=or_null(_RECEIPT),
            unchecked=FLAG,
            erased__optional=TRUE,
        ),
        object_of(folder=TEXT, **each(COUNT, "written without_receipt")),
        object_of(
            day=DAY,
            property=TEXT,
            **each(MOMENT, "from to issued_at"),
            **each(COUNT, "accepted confirmed"),
            **each(list_of(TEXT), "missing different waiting unknown"),
        ),
    ),
    "received": (_REPORT,),
    "report": (_REPORT, plus(_REPORTS, photos=list_of(_REPORTED_PHOTO))),
    "restore": (
        object_of(
            **each(TEXT, "file property fingerprint api_url"),
            **each(FLAG, "created dry_run proved"),
            backup_created_at=MOMENT,
            **each(COUNT, "inserted advanced unchanged only_here left_out"),
            other_receipts=list_of(object_of(**each(TEXT, "id here in_backup"))),
            needs=list_of(TEXT),
        ),
    ),
    "schedule-install": (
        plus(_SCHEDULE, change=TEXT, notes=list_of(TEXT)),
        object_of(
            kind=TEXT,
            files=list_of(object_of(**each(TEXT, "path text"))),
            lines=list_of(TEXT),
            commands=list_of(list_of(TEXT)),
        ),
    ),
    "schedule-remove": (object_of(removed=FLAG),),
    "schedule-show": (_SCHEDULE,),
    "show": (plus(_REPORT, story=list_of(plus(without(_REPORT, "guest", "stay"), events=list_of(_EVENT)))),),
    "stats": (_FIGURES,),
    "status": (_STATUS, _NIGHT),
    "sync": (_OUTCOME,),
    "uninstall": (
        object_of(**each(FLAG, "dry_run removed"), properties=list_of(_LOSS), **each(_TRACES, "found kept")),
    ),
}
"""The forms of each command's document, by the command's English names with hyphens between."""

_FOR_ALL_PROPERTIES = frozenset({"backup", "doctor", "stats", "status", "sync"})
"""Commands whose ``--all`` puts the document of each property into one."""

_PARTS = ("Guest", "Stay", "Document", "StayPermit", "Instant", "Day", "PartialDate", "State")
"""The schemas of the contract that a guest and a stay need."""


def json_schema(name: str) -> dict[str, Any]:
    """Return the schema of a command's document. A command that fails prints the form with `error`."""
    error = object_of(error=_ERROR)
    forms = [_with_environment(form) for form in (*FORMS[name], error)]
    if name in _FOR_ALL_PROPERTIES:
        of_each = [plus(without(form, "property"), property=TEXT) for form in forms]
        forms.append(_with_environment(object_of(properties=list_of({"anyOf": of_each}))))
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
