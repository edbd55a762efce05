"""The forms of the documents of commands for the IT admin and for developers of authorities."""

from apoa_client.cli.documents.schema_parts import (
    COUNT,
    ERROR,
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    VALUE,
    list_of,
    map_of,
    object_of,
    one_of,
    or_null,
    plus,
    without,
)
from apoa_client.conformance.results import Result

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
    replication=or_null(object_of(standbys=COUNT, synchronous=or_null(COUNT), lag_s=or_null({"type": "number"}))),
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
    remove_program=or_null(list_of(TEXT)),
)
_RECORDED = object_of(line=TEXT, headers=map_of(TEXT), body=TEXT)
CONFORMANCE = object_of(
    url=TEXT,
    started_at=MOMENT,
    contract=or_null(TEXT),
    environment=or_null(TEXT),
    conforms=FLAG,
    **dict.fromkeys(Result, COUNT),
    checks=list_of(
        object_of(
            id=TEXT,
            title=TEXT,
            result=one_of(*Result),
            reason=or_null(TEXT),
            paragraph=object_of(pointer=TEXT, text=TEXT),
            requests=COUNT,
            exchanges=list_of(object_of(request=_RECORDED, answer=or_null(_RECORDED), problem=or_null(TEXT))),
        )
    ),
)
