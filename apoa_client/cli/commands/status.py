"""`apoa status`: what waits, what was refused, what is due when, without the key; `apoa` alone adds what to do next."""

import sys
from collections.abc import Mapping
from functools import partial

from apoa_client.app.container import Container
from apoa_client.app.property_status import read_others, read_status
from apoa_client.cli.every_property import all_option, run_for_every_property
from apoa_client.cli.failures import show_also_while_away
from apoa_client.cli.registry import command, flag, json_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_definitions, print_json, print_line
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.views.findings import show_damage, show_doubts, show_unwritable
from apoa_client.cli.views.status import (
    MAX_URGENT,
    show_others,
    show_status,
    status_json,
)
from apoa_client.desk.attention import UrgentReports, most_urgent
from apoa_client.errors import Exit


@command("status", N_("Show what waits, what was refused, and what is due when."), "apoa status --json")
@flag("--tonight", text=N_("The night's summary, for the hand-over to the next shift."))
@json_option
@flag("--alarm", text=N_("For monitoring: a line of what is wrong, and exit code 75."))
@flag("--nagios", text=N_("As a monitoring plugin: one line, and exit code 0, 1, 2 or 3."))
@all_option
def status(session: Session, *, tonight: bool, alarm: bool, nagios: bool, every_property: bool) -> int:
    """Show the counts and the most urgent reports, or the summary of the night."""
    session.shows_environment = True
    # Each of these is loaded when it is used.
    if nagios or (alarm and not session.json):
        from apoa_client.cli.commands.status_of_all import alarm_of  # for monitoring alone

        line, level = alarm_of(session, every_property=every_property)
        print_line(line)
        if nagios:
            return level
    if not every_property:
        return _show_one(session, tonight=tonight, alarm=alarm)
    if tonight:
        show = partial(_show, tonight=True, alarm=alarm)
        return run_for_every_property(session, lambda each: show(each, each.app), has_heading=True)
    from apoa_client.cli.commands.status_of_all import show_status_of_all  # for several properties alone

    return show_status_of_all(session, alarm=alarm)


def _show_one(session: Session, *, tonight: bool = False, alarm: bool = False, most: int = MAX_URGENT) -> int:
    """Show the state of the session's property, also of what waits here while its shared outbox does not answer."""
    show, app = partial(_show, session, tonight=tonight, alarm=alarm, most=most), session.app
    return show_also_while_away(app, show) if app.settings.has_shared_outbox else show(app)


def _show(session: Session, app: Container, *, tonight: bool, alarm: bool, most: int = MAX_URGENT) -> int:
    now = app.clock.now()
    status = read_status(app, now)
    code = status.exit_code(alarm=alarm)
    if status.unwritable is not None:
        show_unwritable(status.unwritable)
    if not session.json:
        show_doubts(status.doubts)
    if tonight:
        from apoa_client.cli.commands.status_tonight import show_night_summary  # opens reports, which counting does not

        return show_night_summary(app, status.summary, as_json=session.json) or code
    urgent = most_urgent(app.outbox, now, most)
    if session.json:
        here = {"stored": "here"} if app.away is not None else {}
        left = {"left": app.handed_over.left} if app.handed_over.problem is not None else {}
        print_json({**status_json(app.settings, status, urgent), **here, **left})
    else:
        show_status(app.settings, status, urgent, _urgent_names(app, urgent), now)
        show_others(read_others(app, now), now)
    if app.handed_over.problem is not None:
        from apoa_client.cli.views.outboxes import show_left  # for a second outbox alone

        return show_damage(urgent.damage) or code or show_left(app.handed_over)
    return show_damage(urgent.damage) or code


def _urgent_names(app: Container, urgent: UrgentReports) -> Mapping[str, str]:
    """Return the names of the guests by their reports' ids, for a user at a terminal, if the key is at hand.

    The keyring is never asked, because it may take long or ask for a password; a program that reads the output gets no
    names. Both keep the command as fast as it is.
    """
    if not (urgent.first and is_terminal(sys.stdout) and app.key_is_at_hand):
        return {}
    from apoa_client.cli.report_reader import guest_names  # only where names are shown

    return guest_names(app, urgent.first)


_MOST = 5
"""Reports that `apoa` alone shows one by one: the rest of the screen is for the commands."""


def welcome(session: Session) -> int:
    """Show what `apoa status` shows, and the next commands. Raises and returns the same exit code."""
    session.shows_environment = True
    if not session.app.config.names:
        print_line(_("Nothing is set up on this computer yet. Begin with:"))
        print_definitions(
            [
                (localized_command("setup"), _("set this computer up; it asks one question at a time")),
                (localized_command("demo"), _("see it at work first; nothing of it is kept")),
                (localized_command("help"), _("what to do when a guest or the line is not as usual")),
            ]
        )
        print_line(_("All commands: apoa --help-all"))
        return Exit.DONE
    code = _show_one(session, most=_MOST)
    print_line()
    print_definitions(
        [
            (localized_command("report"), _("report a guest")),
            (localized_command("checkout"), _("a guest leaves")),
            (localized_command("sync"), _("send what waits, or type it into APOA")),
            (localized_command("status --tonight"), _("who is here, and what is to be done by morning")),
        ]
    )
    print_line(_("All commands: apoa --help-all. Something unusual: apoa help"))
    return code
