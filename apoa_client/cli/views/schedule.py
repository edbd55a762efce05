"""How automatic sending looks: the schedule, its runs, and what is wrong with it."""

from datetime import tzinfo
from typing import Any

from apoa_client.app.scheduling import Installation, Schedule
from apoa_client.cli.terminal.command_names import quote_words
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    print_definitions,
    print_error_line,
    print_line,
    sanitize,
    style_success,
    style_warning,
)
from apoa_client.cli.views.findings import moment_value
from apoa_client.cli.views.labels import moment_text
from apoa_client.doctor.results import Result
from apoa_client.errors import Exit
from apoa_client.messages import msg, nmsg
from apoa_client.schedule.interface import CRON, HOUR, LAUNCHD, MINUTE, SYSTEMD, TASK, Change, Found

_KINDS = {
    SYSTEMD: msg("systemd of this user"),
    CRON: msg("this user's crontab"),
    LAUNCHD: msg("launchd of this user"),
    TASK: msg("the Task Scheduler of Windows"),
}
_CHANGES = {
    Change.INSTALLED: msg("Automatic sending is installed."),
    Change.UPDATED: msg("Automatic sending is updated."),
    Change.UNCHANGED: msg("Automatic sending was installed already; nothing is changed."),
}


def schedule_value(schedule: Schedule | None, zone: tzinfo) -> dict[str, Any]:
    """Return the JSON of a schedule; all null if there is none."""
    names = ("kind", "every_s", "command", "next_run_at", "last_run_at", "last_result", "name", "follow")
    if schedule is None:
        return {"installed": False, **dict.fromkeys((*names, "active", "this_installation"))}
    found = schedule.found
    values = (
        *(found.kind, found.every_s, quote_words(found.command)),
        *(moment_value(moment, zone) for moment in (schedule.next_run_at, schedule.last_run_at)),
        *(schedule.last_result, found.name, found.follow),
    )
    ours = {"active": found.active, "this_installation": schedule.is_own}
    return {"installed": True, **dict(zip(names, values, strict=True)), **ours}


def show_installed(installation: Installation) -> None:
    """Show what an installation did."""
    print_line(style_success(text(_CHANGES[installation.change])))


def show_schedule(schedule: Schedule, zone: tzinfo) -> None:
    """Show the schedule, when it runs, and what is wrong with it."""
    found = schedule.found
    rows = [
        (_("How often"), how_often_text(found)),
        (_("Started by"), text(_KINDS[found.kind])),
        (_("Command"), sanitize(quote_words(found.command))),
    ]
    if schedule.next_run_at is not None:
        rows.append((_("Next run"), moment_text(schedule.next_run_at, zone)))
    if schedule.last_run_at is not None:
        result = schedule.last_result
        ended: dict[int, str] = {Exit.DONE: _("without a problem"), Exit.NOT_NOW: _("something still waits")}
        words = "" if result is None else ended.get(result) or _("exit code {code}").format(code=result)
        rows.append((_("Last run"), ", ".join(filter(None, (moment_text(schedule.last_run_at, zone), words)))))
    print_definitions(rows)
    print_line(text(schedule.scheduler.note()))
    checked = schedule.check()
    if checked.result is not Result.OK:
        lines = [text(each) for each in (checked.message, checked.advice) if each is not None]
        print_error_line(style_warning(" ".join(lines)))


def how_often_text(found: Found) -> str:
    """Return how often a schedule that is installed sends."""
    if found.follow:
        return _("all the time, as a service")
    if found.every_s is None:
        return _("by its own times")
    if found.every_s % HOUR == 0:
        return text(nmsg("every hour", "every {count} hours", found.every_s // HOUR))
    return text(nmsg("every minute", "every {count} minutes", found.every_s // MINUTE))
