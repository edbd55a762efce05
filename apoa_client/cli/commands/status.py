"""`apoa status`: what waits, what was refused, what is due when. Needs no key."""

import click

from apoa_client.app.property_status import PropertyStatus, read_status
from apoa_client.cli.every_property import all_option, run_for_every_property
from apoa_client.cli.registry import command, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_
from apoa_client.cli.terminal.output import print_json, print_line
from apoa_client.cli.views.doubts import show_doubts
from apoa_client.cli.views.findings import show_damage, show_unwritable
from apoa_client.cli.views.status import show_status, status_json
from apoa_client.desk.attention import most_urgent
from apoa_client.errors import Exit

_MAX_SHOWN = 10
"""Reports shown one by one: with the lines above and below they fit on a screen of 24 lines."""


@command("status", N_("Show what waits, what was refused, and what is due when."), "apoa status --json")
@option("--tonight", is_flag=True, text=N_("The night's summary, for the hand-over to the next shift."))
@json_option
@option("--alarm", is_flag=True, text=N_("For monitoring: a line of what is wrong, and exit code 75."))
@option("--nagios", is_flag=True, text=N_("As a monitoring plugin: one line, and exit code 0, 1, 2 or 3."))
@all_option
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
    if session.json or tonight:
        return run_for_every_property(session, lambda each: _show(each, tonight=tonight, alarm=alarm), has_heading=True)
    return _show_properties(session, alarm=alarm)


def _show_property(session: Session, *, tonight: bool, alarm: bool) -> int:
    if session.app.settings.has_shared_outbox:
        from apoa_client.cli.views.away import show_also_while_away  # for a shared outbox alone

        return show_also_while_away(session.app, lambda: _show(session, tonight=tonight, alarm=alarm))
    return _show(session, tonight=tonight, alarm=alarm)


def _show_properties(session: Session, *, alarm: bool) -> int:
    """Show all properties in one table, below what is wrong with any of them."""
    from apoa_client.cli.views.properties import PropertyState, show_properties  # for several properties alone

    states: list[PropertyState] = []

    def work(each: Session) -> int:
        states.append(PropertyState(each.property_name))  # if it cannot be read
        settings = each.app.settings
        states[-1] = PropertyState(settings.label)
        status, code = _examine(each, alarm=alarm)
        states[-1] = PropertyState(settings.label, settings, status.summary)
        show_doubts(status.doubts)
        return code

    session.quiet = True  # so that a name is above what is wrong alone
    code = run_for_every_property(session, work)
    show_properties(states)
    return code


def _examine(session: Session, *, alarm: bool) -> tuple[PropertyStatus, Exit]:
    """Return the status of the property, and the exit code for it. Shows why nothing can be saved, if so."""
    status = read_status(session.app, session.app.clock.now())
    if status.unwritable is not None:
        show_unwritable(status.unwritable)
    if alarm:
        return status, status.problems[0].exit_code if status.problems else Exit.DONE
    return status, status.doubts[0].error().exit_code if status.doubts else Exit.DONE


def _show(session: Session, *, tonight: bool, alarm: bool) -> int:
    app, now = session.app, session.app.clock.now()
    status, code = _examine(session, alarm=alarm)
    if not session.json:
        show_doubts(status.doubts)
    if tonight:
        from apoa_client.cli.views.night_summary import show_night_summary  # opens reports, which counting does not

        return show_night_summary(app, status.summary, as_json=session.json) or code
    urgent = most_urgent(app.outbox, now, _MAX_SHOWN)
    if session.json:
        here = {"stored": "here"} if app.away is not None else {}
        print_json({**status_json(app.settings, status, urgent), **here})
    else:
        show_status(app, status.summary, urgent, now)
    return show_damage(urgent.damage) or code
