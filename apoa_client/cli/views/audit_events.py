"""Events of the audit trail, in words and as JSON values."""

from datetime import tzinfo
from typing import Any

from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import sanitize
from apoa_client.outbox.audit_chain import AuditEntry
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import short_id

_ACTIONS = {
    "saved": N_("saved"),
    "accepted": N_("accepted by the authority"),
    "pending": N_("received, decision later"),
    "rejected": N_("refused by the authority"),
    "deferred": N_("deferred by the authority"),
    "queued": N_("not delivered, waiting again"),
    "received": N_("receipt number typed in"),
    "sending": N_("taken to be sent"),
    "repaired": N_("state corrected: another program had changed it"),
    "reopened": N_("sent again: its receipt is not proven"),
    "vouched": N_("reports taken as they are"),
    "photo_kept": N_("passport photo saved"),
    "photo_sent": N_("passport photo sent"),
    "photo_refused": N_("passport photo not accepted"),
    "superseded": N_("replaced"),
    "withdrawn": N_("withdrawn"),
    "imported": N_("table imported"),
    "photo_written": N_("passport photo written to a file"),
    "erased": N_("guest's data erased"),
    "draft_erased": N_("draft erased"),
    "date_confirmed": N_("date confirmed"),
    "sending_stopped": N_("sending stopped"),
    "sending_resumed": N_("sending allowed again"),
    "asked_to_wait": N_("the authority asked to wait"),
    "set_up": N_("set up"),
    "logged_in": N_("password stored"),
    "logged_out": N_("password removed"),
    "key_rotated": N_("key replaced"),
    "key_recovered": N_("key recovered"),
    "key_exported": N_("key exported"),
    "key_imported": N_("key imported"),
    "code_confirmed": N_("recovery code confirmed"),
    "backed_up": N_("backup made"),
    "indexes_rebuilt": N_("damaged index rebuilt"),
    "exported": N_("guests' data exported"),
    "restored": N_("restored from a backup"),
    "taken_over": N_("open reports taken over from a backup that nothing proves"),
    "moved_in": N_("moved here from a desk's own file"),
    "moved_out": N_("moved to the shared outbox"),
}
"""Words for actions; other actions are shown by their codes."""

_DETAILS = {
    "offline": N_("no connection"),
    "timed_out": N_("no answer in time"),
    "unknown_outcome": N_("no usable answer"),
    "unreadable_answer": N_("the authority's answer cannot be read"),
    "not_the_authority": N_("the answer was not from the authority"),
    "authority_busy": N_("the authority is busy"),
    "duplicate": N_("was already reported"),
    "retention": N_("retention period over"),
    "request": N_("at the guest's request"),
    "may_have_arrived": N_("but the authority may have received it"),
    "unreadable": N_("could no longer be opened"),
    "again": N_("in place of an earlier number"),
    "untested": N_("connection not tested"),
}
"""Words for details; other details, such as classes of errors, are shown by their codes."""

_IMPORT_BLANKS = 2
"""The detail of an import is the format, the number of rows, and the number of reports."""

STAFF_ACTIONS = frozenset({"saved", "imported", "received", "superseded", "withdrawn", "erased", "photo_written"})
"""Actions that a user decided on, shown with the user's name."""


def action_text(entry: AuditEntry) -> str:
    """Return what was done, sanitized."""
    return _(_ACTIONS[entry.action]) if entry.action in _ACTIONS else sanitize(entry.action)


def detail_text(entry: AuditEntry) -> str:
    """Return the detail of an event, sanitized; empty if there is none."""
    if entry.action == "saved" and entry.detail:
        return _("together with {id}").format(id=sanitize(short_id(entry.detail)))
    if entry.action == "imported" and entry.detail and entry.detail.count(" ") == _IMPORT_BLANKS:
        name, rows, reports = sanitize(entry.detail).split(" ")
        return _("{format}: rows {rows}, reports {reports}").format(format=name.upper(), rows=rows, reports=reports)
    return _(_DETAILS[entry.detail]) if entry.detail in _DETAILS else sanitize(entry.detail or "")


def event_value(entry: AuditEntry, zone: tzinfo) -> dict[str, Any]:
    """Return an event as JSON values, its time in the property's zone."""
    return {**entry._asdict(), "at": instant(entry.at.astimezone(zone))}
