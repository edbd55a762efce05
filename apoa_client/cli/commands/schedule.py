"""`apoa schedule`: the group of commands for automatic sending, with `show` and `remove`."""

import click

from apoa_client.app.scheduling import find_schedule
from apoa_client.app.scheduling import remove as remove_schedule
from apoa_client.cli.registry import CommandGroup, command, json_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_json, print_line, style_success
from apoa_client.cli.views.schedule import schedule_value, show_schedule

schedule = CommandGroup(
    "schedule",
    N_("Automatic sending: let this computer send what waits, at intervals."),
    "apoa schedule install",
    {
        "install": "apoa_client.cli.commands.schedule_install:install",
        "show": "apoa_client.cli.commands.schedule:show",
        "remove": "apoa_client.cli.commands.schedule:remove",
    },
)


@command("show", N_("Show whether reports are sent automatically, and when next."), "apoa schedule show")
@json_option
@click.pass_obj
def show(session: Session) -> None:
    """Show the schedule of this home or property, its next run, and how the last one ended."""
    session.may_ask = False  # the schedule serves all properties: none is to be chosen
    found = find_schedule(session.app, session.property_name)
    if session.json:
        print_json(schedule_value(session.app, found))
    elif found is None:
        print_line(_("No schedule is installed: nothing is sent automatically."))
        print_line(_("Install one with: apoa schedule install"))
    else:
        show_schedule(session.app, found)


@command("remove", N_("Stop automatic sending. What waits stays in the queue."), "apoa schedule remove")
@json_option
@click.pass_obj
def remove(session: Session) -> None:
    """Remove the schedule. It is no error if there is none."""
    session.may_ask = False
    removed = remove_schedule(session.app, session.property_name)
    if session.json:
        print_json({"removed": removed})
    elif removed and find_schedule(session.app, session.property_name) is not None:
        print_line(
            style_success(_("The schedule of this property is removed; the one for all properties still sends."))
        )
    elif removed:
        print_line(style_success(_("The schedule is removed: nothing is sent automatically any more.")))
        print_line(_("Send what waits with: apoa sync"))
    else:
        print_line(_("No schedule is installed: nothing is sent automatically."))
