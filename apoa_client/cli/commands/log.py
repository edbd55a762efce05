"""`apoa log`: show the audit trail, or verify that it was not changed."""

from collections.abc import Sequence
from datetime import timedelta, tzinfo

from apoa_client.cli.prompts.find_stays import StayFinder, all_stays, in_house, recent
from apoa_client.cli.registry import argument, command, flag, json_option, option
from apoa_client.cli.report_reader import parse_day_start
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_done, print_json, print_line, sanitize
from apoa_client.cli.terminal.tables import show_long_table
from apoa_client.cli.views.findings import Readable, doubt_values, show_damage, show_doubts, show_unwritable
from apoa_client.cli.views.labels import day_text
from apoa_client.cli.views.stay_history import action_text, detail_text, event_value
from apoa_client.errors import Exit, StorageProblem, UsageProblem
from apoa_client.messages import msg, time_message
from apoa_client.outbox.sql.audit import AuditEntry
from apoa_client.report.kinds import short_id

_RECENT = timedelta(days=30)


_ADVICE = msg(
    "A person or a program other than apoa-client changed the database file. Keep it, and compare it with a backup."
)


@command("log", N_("Show who did what to which report, in the last 30 days."), "apoa log --report 2e8b11aa")
@option("--report", "reference", metavar="GUEST", text=N_("What was done to this report's stay, at any time."))
@option("--since", metavar="DATE", text=N_("On this day or later."))
@flag("--verify", text=N_("Prove that no entry and no report was changed or removed."))
@flag(
    "--accept",
    text=N_("After --verify found a change that you know of: take these reports, or without ID all else, as they are."),
)
@argument("references", metavar="[ID]...", nargs=-1)
@json_option
def log(
    session: Session,
    /,
    *,
    reference: str | None,
    since: str | None,
    verify: bool,
    accept: bool,
    references: Sequence[str],
) -> int:
    """Show the entries of one stay, since a day, or of the last 30 days."""
    if references and not accept:
        raise UsageProblem(
            msg("Reports are named for --accept only."), msg("One guest's entries: apoa log --report ID")
        )
    if (verify or accept) and (reference or since):
        raise UsageProblem(
            msg("--verify and --accept are about all entries and reports."), msg("Give no --report and no --since.")
        )
    if accept:
        return _accept(session, references)
    session.app.on_unwritable = show_unwritable
    return _verify(session) if verify else _show_entries(session, reference, since)


def _show_entries(session: Session, reference: str | None, since: str | None) -> int:
    app = session.app
    reports = None
    if reference is not None:
        found = StayFinder(session, recent, in_house, recent, all_stays).one(reference)
        if found is None:
            return Exit.DONE
        reports = [entry.id for entry in app.stays.find(found)[0].entries]
    start = parse_day_start(app, since) if since else None
    if start is None and reports is None:
        start = app.clock.now() - _RECENT
    entries = Readable(app.outbox.audit_trail.entries(reports=reports, since=start))
    zone = app.settings.zone
    if session.json:
        print_json({"entries": (event_value(entry, zone) for entry in entries)})
    else:
        heads = [_("Time") + f" ({zone.tzname(None)})", _("Who"), _("Action"), _("Report"), _("Details")]
        if not show_long_table(heads, (_row(entry, zone) for entry in entries)):
            print_line(_("No entries."))
    return show_damage(entries.damage)


def _row(entry: AuditEntry, zone: tzinfo) -> list[str]:
    local = entry.at.astimezone(zone)
    return [
        f"{day_text(local)} {text(time_message(local))}",
        sanitize(entry.who),
        action_text(entry),
        sanitize(short_id(entry.report)) if entry.report is not None else "",
        detail_text(entry),
    ]


def _verify(session: Session) -> int:
    """Check the whole trail and every report. Raises `StorageProblem` if the trail was changed, unless `--json`."""
    check = session.app.outbox.audit_trail.verify()
    found = session.app.outbox.integrity.verify(session.app.known_version.read)
    if session.json:
        value = {"entries": check.entries, "link": check.link, "wrong": check.wrong, "missing": check.missing}
        reports = {
            "checked": found.reports,
            "with_key": found.with_key,
            "unauthenticated": found.unauthenticated,
            "doubts": doubt_values(found.doubts),
        }
        print_json({"whole": check.wrong is None, **value, "reports": reports})
        return Exit.DONE if check.wrong is None and not found.doubts else Exit.SETTINGS
    code = show_doubts(found.doubts)
    if check.wrong is not None:
        problem = msg(
            "Entry {number} of the log is missing. Those before it are as they were written.", number=check.wrong
        )
        if not check.missing:
            problem = msg(
                "Entry {number} of the log was changed, moved or inserted. Those before it are as they were written.",
                number=check.wrong,
            )
        raise StorageProblem(problem, _ADVICE, name="trail_broken")
    print_done(_("The log is whole. Entries: {count}").format(count=check.entries))
    if check.entries:
        print_line(_("Last fingerprint, to be kept in another place: {link}").format(link=check.link))
    if found.with_key and not found.doubts:
        print_done(_("The reports are as they were recorded: {count}").format(count=found.reports))
    if not found.with_key:
        print_line(_("Not checked for changes by other programs: the private key is not at hand."))
    elif found.unauthenticated:
        line = _("Saved without the key or by an earlier version, and not proven yet: {count}. Run: apoa sync")
        print_line(line.format(count=found.unauthenticated))
    return code


def _accept(session: Session, references: Sequence[str]) -> int:
    """Take these reports as they are, or the outbox as a whole: a restored disk image, for example, is an older copy.

    With `--json`, the answer is that of `--verify` afterwards. Raises `NotNow` during maintenance.
    """
    app = session.app
    ids = [app.stays.find(each)[1].id for each in references]
    version = app.outbox.integrity.accept(ids, app.known_version.read)
    if version is not None:
        app.known_version.write(version)
    if session.json:
        return _verify(session)
    print_done(_("The reports are taken as they are now, and the log says by whom."))
    return show_doubts(app.outbox.integrity.verify(app.known_version.read).doubts)
