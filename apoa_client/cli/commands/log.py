"""`apoa log`: who did what to which report when, and the proof that nothing of it was changed."""

from datetime import timedelta

import click

from apoa_client.app.container import Container
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_json, print_line, sanitize, style_success
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.audit_events import action_text, detail_text, event_value
from apoa_client.cli.views.labels import moment_text
from apoa_client.cli.views.report_reader import parse_day_start
from apoa_client.errors import Exit, StorageProblem
from apoa_client.messages import Message, msg
from apoa_client.outbox.audit_chain import AuditCheck, AuditEntry
from apoa_client.report.kinds import short_id

_RECENT = timedelta(days=30)


@command("log", N_("Show who did what to which report, in the last 30 days."), "apoa log --report 2e8b11aa")
@option("--report", "reference", metavar="ID", text=N_("What was done to this report's stay, at any time."))
@option("--since", metavar="DATE", text=N_("On this day or later."))
@option("--verify", is_flag=True, text=N_("Prove that no entry was changed, cut out or moved, from the first on."))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def log(session: Session, *, reference: str | None, since: str | None, verify: bool, as_json: bool) -> int:
    """Read the trail, or check it."""
    session.json = as_json
    app = session.app
    if verify:
        return _verify(app, as_json=as_json)
    entries = _chosen(app, reference, since)
    if as_json:
        print_json({"entries": [event_value(entry, app.settings.zone) for entry in entries]})
    elif entries:
        heads = [_("Time"), _("Who"), _("Action"), _("Report"), _("Details")]
        show_table(heads, [_cells(app, entry) for entry in entries])
    else:
        print_line(_("No entries."))
    return Exit.DONE


def _chosen(app: Container, reference: str | None, since: str | None) -> list[AuditEntry]:
    reports = None if reference is None else [entry.id for entry in app.stays.find(reference)[0].entries]
    began = parse_day_start(app, since) if since else None
    if began is None and reports is None:
        began = app.clock.now() - _RECENT
    return app.outbox.audit_trail.entries(reports=reports, since=began)


def _cells(app: Container, entry: AuditEntry) -> list[str]:
    return [
        moment_text(entry.at, app.settings.zone),
        sanitize(entry.who),
        action_text(entry),
        sanitize(short_id(entry.report)) if entry.report is not None else "",
        detail_text(entry),
    ]


def _verify(app: Container, *, as_json: bool) -> int:
    check = app.outbox.audit_trail.verify()
    if as_json:
        print_json(
            {
                "whole": check.wrong is None,
                "entries": check.entries,
                "link": check.link,
                "wrong": check.wrong,
                "missing": check.missing,
            }
        )
        return Exit.DONE if check.wrong is None else Exit.SETTINGS
    if check.wrong is not None:
        raise StorageProblem(
            _what_is_wrong(check.wrong, check),
            msg(
                "Somebody or something else than apoa-client changed the database file. Keep it, and compare it with "
                "a backup."
            ),
            name="trail_broken",
        )
    print_line(style_success(_("The log is whole. Entries: {count}").format(count=check.entries)))
    if check.entries:
        link = check.link
        print_line(_("Last fingerprint, to be noted elsewhere: {link}").format(link=link))
    return Exit.DONE


def _what_is_wrong(number: int, check: AuditCheck) -> Message:
    if check.missing:
        return msg("Entry {number} of the log is missing. Those before it are as they were written.", number=number)
    return msg(
        "Entry {number} of the log was changed, moved or put in. Those before it are as they were written.",
        number=number,
    )
