"""`apoa status`: what waits, what was refused, what is due when. Needs no key."""

from collections.abc import Sequence

import click

from apoa_client.cli.every_property import all_option, run_for_every_property
from apoa_client.cli.registry import command, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_
from apoa_client.cli.terminal.output import print_json
from apoa_client.cli.views.doubts import doubt_values, show_doubts
from apoa_client.cli.views.findings import show_damage, show_unwritable
from apoa_client.cli.views.status import show_status, status_json
from apoa_client.desk.attention import find_doubts, most_urgent
from apoa_client.errors import Exit, StorageProblem
from apoa_client.ports.doubts import Doubt
from apoa_client.ports.state import Summary
from apoa_client.report.deadline import SOON
from apoa_client.report.kinds import State

_MAX_SHOWN = 10
"""Reports shown one by one: with the lines above and below they fit on a screen of 24 lines."""


@command("status", N_("Show what waits, what was refused, and what is due when."), "apoa status --json")
@option("--tonight", is_flag=True, text=N_("The night's summary, for the hand-over to the next shift."))
@json_option
@option("--alarm", is_flag=True, text=N_("Exit with 75 where anything is overdue or refused (for monitoring)."))
@all_option
@click.pass_obj
def status(session: Session, *, tonight: bool, alarm: bool, every_property: bool) -> int:
    """Show the counts and the most urgent reports, or the summary of the night."""
    if not every_property:
        return _show(session, tonight=tonight, alarm=alarm)
    if session.json or tonight:
        return run_for_every_property(session, lambda each: _show(each, tonight=tonight, alarm=alarm))
    return _show_properties(session, alarm=alarm)


def _show_properties(session: Session, *, alarm: bool) -> int:
    """Show all properties in one table, below what is wrong with any of them."""
    from apoa_client.cli.views.properties import PropertyState, show_properties  # for several properties alone

    states: list[PropertyState] = []

    def work(each: Session) -> int:
        states.append(PropertyState(each.property_name))  # if it cannot be read
        settings = each.app.settings
        states[-1] = PropertyState(settings.label)
        summary, doubts, code = _examine(each, alarm=alarm)
        states[-1] = PropertyState(settings.label, settings, summary)
        show_doubts(doubts)
        return code

    session.quiet = True  # so that a name is above what is wrong alone
    code = run_for_every_property(session, work)
    show_properties(states)
    return code


def _examine(session: Session, *, alarm: bool) -> tuple[Summary, Sequence[Doubt], Exit]:
    """Return the summary, what is doubtful, and the exit code for both. Shows why nothing can be saved, if so."""
    app = session.app

    def warn(problem: StorageProblem) -> None:
        show_unwritable(problem)
        if alarm:
            session.exit_code = problem.exit_code

    app.on_unwritable = warn
    now = app.clock.now()
    summary = app.outbox.summary(now=now, soon=now + SOON)
    pressing = summary.overdue or summary.counts[State.REJECTED]
    doubts = find_doubts(summary, lambda: app.outbox.integrity.doubts())  # noqa: PLW0108  loading the check is put off
    code = session.exit_code or (doubts[0].error().exit_code if doubts else Exit.DONE)
    return summary, doubts, code or (Exit.NOT_NOW if alarm and pressing else Exit.DONE)


def _show(session: Session, *, tonight: bool, alarm: bool) -> int:
    app, now = session.app, session.app.clock.now()
    summary, doubts, code = _examine(session, alarm=alarm)
    if not session.json:
        show_doubts(doubts)
    if tonight:
        from apoa_client.cli.views.night_summary import show_night_summary  # opens reports, which counting does not

        return show_night_summary(app, summary, as_json=session.json) or code
    urgent = most_urgent(app.outbox, now, _MAX_SHOWN)
    if session.json:
        value = status_json(app.settings, summary, urgent, app.outbox.last_scheduled_run(), app.outbox.last_backup())
        print_json({**value, "doubts": doubt_values(doubts)})
    else:
        show_status(app, summary, urgent, now)
    return show_damage(urgent.damage) or code
