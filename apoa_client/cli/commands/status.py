"""`apoa status`: what waits, what was refused, what is due when. Needs no key."""

from functools import partial

import click

from apoa_client.app.container import Container
from apoa_client.app.property_status import read_status
from apoa_client.cli.every_property import run_for_every_property
from apoa_client.cli.registry import command, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_
from apoa_client.cli.terminal.output import print_json, print_line
from apoa_client.cli.views.doubts import show_doubts
from apoa_client.cli.views.findings import show_damage, show_unwritable
from apoa_client.cli.views.status import MAX_URGENT, show_status, status_json
from apoa_client.desk.attention import most_urgent


@command("status", N_("Show what waits, what was refused, and what is due when."), "apoa status --json")
@option("--tonight", is_flag=True, text=N_("The night's summary, for the hand-over to the next shift."))
@json_option
@option("--alarm", is_flag=True, text=N_("For monitoring: a line of what is wrong, and exit code 75."))
@option("--nagios", is_flag=True, text=N_("As a monitoring plugin: one line, and exit code 0, 1, 2 or 3."))
@option(
    "--all",
    "every_property",
    is_flag=True,
    text=N_("For every property of this computer, and any other that a login of its shared outboxes may read."),
)
@click.pass_obj
def status(session: Session, *, tonight: bool, alarm: bool, nagios: bool, every_property: bool) -> int:
    """Show the counts and the most urgent reports, or the summary of the night."""
    # Each of these is loaded when it is used.
    if nagios or (alarm and not session.json):
        from apoa_client.cli.commands.status_alarm import alarm_of  # for monitoring alone

        found = alarm_of(session, every_property=every_property)
        print_line(found.line)
        if nagios:
            return found.level
    if not every_property:
        return _show_property(session, tonight=tonight, alarm=alarm)
    if tonight:
        show = partial(_show, tonight=True, alarm=alarm)
        return run_for_every_property(session, lambda each: show(each, each.app), has_heading=True)
    from apoa_client.cli.commands.status_of_all import show_status_of_all  # for several properties alone

    return show_status_of_all(session, alarm=alarm)


def _show_property(session: Session, *, tonight: bool, alarm: bool) -> int:
    if session.app.settings.has_shared_outbox:
        from apoa_client.cli.views.away import show_also_while_away  # for a shared outbox alone

        return show_also_while_away(session.app, lambda each: _show(session, each, tonight=tonight, alarm=alarm))
    return _show(session, session.app, tonight=tonight, alarm=alarm)


def _show(session: Session, app: Container, *, tonight: bool, alarm: bool) -> int:
    now = app.clock.now()
    status = read_status(app, now)
    code = status.exit_code(alarm=alarm)
    if status.unwritable is not None:
        show_unwritable(status.unwritable)
    if not session.json:
        show_doubts(status.doubts)
    if tonight:
        from apoa_client.cli.views.night_summary import show_night_summary  # opens reports, which counting does not

        return show_night_summary(app, status.summary, as_json=session.json) or code
    urgent = most_urgent(app.outbox, now, MAX_URGENT)
    if session.json:
        here = {"stored": "here"} if app.away is not None else {}
        left = {"left": app.handed_over.left} if app.handed_over.problem is not None else {}
        print_json({**status_json(app.settings, status, urgent), **here, **left})
    else:
        show_status(app, status.summary, urgent, now)
    if app.handed_over.problem is not None:
        from apoa_client.cli.views.away import show_left  # for a second outbox alone

        return show_damage(urgent.damage) or code or show_left(app)
    return show_damage(urgent.damage) or code
