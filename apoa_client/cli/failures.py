"""What a user sees of an error that ended a command, or its work on one property, or that kept the shared outbox away.

No other module turns an error into a message or an exit code. A user's mistake shows no traceback. A bug of ours shows
one with ``-v`` only, and never the exception's text, which may hold a guest's data.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.bugs import bug_text, show_bug
from apoa_client.cli.terminal.output import print_json
from apoa_client.cli.views.findings import error_value, show_error, show_findings
from apoa_client.errors import ApoaError, CredentialsProblem, Exit, SettingsProblem, StorageProblem

if TYPE_CHECKING:
    from apoa_client.app.container import Container


def show_failure(session: Session, error: Exception) -> Exit:
    """Show an error, with ``--json`` also as the command's document. Return its exit code."""
    if session.json:
        with suppress(SettingsProblem):  # stdout cannot be written: this may be that very error
            if isinstance(error, ApoaError):
                print_json(error_value(error))
            else:
                text = bug_text(type(error), error.__traceback__)
                print_json({"error": {"class": "bug", "message": text, "advice": ""}})
    if not isinstance(error, ApoaError):
        show_bug(type(error), error.__traceback__, verbose=bool(session.verbosity))
        return Exit.BUG
    if not error.shown:
        show_findings(error)
        show_error(error)
    return error.exit_code


def show_also_while_away(app: "Container", show: Callable[["Container"], int]) -> int:
    """Show what `show` reads from the property's outbox, or if that does not answer, from this computer's own file.

    Returns the exit code. Raises the error of the shared outbox if nothing waits on this computer.
    """
    try:
        _outbox = app.outbox
    except (StorageProblem, CredentialsProblem, SettingsProblem) as exc:
        waiting = app.outbox_opener(app.settings).waiting_here()
        if not waiting:
            raise
        from apoa_client.cli.views.outboxes import show_only_here  # for a shared outbox alone

        app.on_desk.away = exc
        show_error(exc)
        show_only_here(waiting)
        show(app.on_desk)
        return exc.exit_code
    return show(app)
