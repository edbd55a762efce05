"""What `apoa` without a command shows at a terminal: what waits, and the commands for what comes next.

It needs no key, and counts as `apoa status` does.
"""

from apoa_client.app.container import Container
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_definitions, print_line, style_error, style_success, style_warning
from apoa_client.cli.views.doubts import show_doubts
from apoa_client.cli.views.findings import show_damage, show_unwritable
from apoa_client.cli.views.recovery_code import show_code_reminder
from apoa_client.cli.views.status import show_deadlines, show_drafts, show_property, show_urgent
from apoa_client.desk.attention import find_doubts, most_urgent
from apoa_client.errors import Exit
from apoa_client.ports.state import Summary
from apoa_client.report.deadline import SOON
from apoa_client.report.kinds import State
from apoa_client.settings.config import PropertySettings

_MOST = 5
"""Reports shown one by one: the rest of the screen is for the commands."""


def welcome(session: Session) -> int:
    """Show the state of the queue and the next commands. Raises and returns the same exit code as `apoa status`."""
    if not session.app.config.names:
        print_line(_("Nothing is set up on this computer yet. Begin with:"))
        print_definitions(
            [
                (localized_command("setup"), _("set this computer up; it asks one question at a time")),
                (localized_command("demo"), _("see it at work first; nothing of it is kept")),
                (localized_command("help"), _("what to do when a guest or the line is not as usual")),
            ]
        )
        print_line(_("All commands: apoa --help"))
        return Exit.DONE
    session.app.on_unwritable = show_unwritable
    code = _show_state(session.app)
    print_line()
    print_definitions(
        [
            (localized_command("report"), _("report a guest")),
            (localized_command("checkout"), _("a guest leaves")),
            (localized_command("status --tonight"), _("who is here, and what is to be done by morning")),
        ]
    )
    print_line(_("All commands: apoa --help. Something unusual: apoa help"))
    return code


def _show_state(app: Container) -> Exit:
    now = app.clock.now()
    summary = app.outbox.summary(now=now, soon=now + SOON)
    urgent = most_urgent(app.outbox, now, _MOST)
    show_property(app.settings, summary)
    _show_counts(app.settings, summary)
    show_deadlines(app.settings, summary, now)
    show_urgent(app.settings, urgent, now, {})
    show_code_reminder(app.settings, summary)
    doubts = find_doubts(
        summary,
        app.settings.public_key,
        lambda: app.outbox.integrity.doubts(),  # noqa: PLW0108  loading the check is put off
    )
    return show_damage(urgent.damage) or show_doubts(doubts)


def _show_counts(settings: PropertySettings, summary: Summary) -> None:
    """Show what the user must do first, and last what needs no action."""
    counts = summary.counts
    refused, pending = counts[State.REJECTED], counts[State.PENDING]
    waiting = counts[State.QUEUED] + counts[State.SENDING]
    if refused:
        print_line(style_error(_("Refused: {count}. Correct each with: apoa fix ID").format(count=refused)))
    if waiting and settings.by_hand:
        print_line(
            style_warning(_("To be typed into APOA: {count}. Begin with: apoa sync --by-hand").format(count=waiting))
        )
    elif waiting:
        print_line(style_warning(_("Waiting: {count}. Send them with: apoa sync").format(count=waiting)))
    show_drafts(summary)
    if pending:
        print_line(
            _("Waiting for the authority to decide: {count}. The next apoa sync asks again.").format(count=pending)
        )
    if not (refused or waiting or pending or summary.drafts):
        print_line(style_success(_("Nothing waits.") if any(counts.values()) else _("No guest was reported yet.")))
