"""What a user sees of an error that ended a command, or its work on one property.

No other module turns an error into a message or an exit code. A user's mistake shows no traceback. A bug of ours shows
one with ``-v`` only, and never the exception's text, which may hold a guest's data.
"""

from contextlib import suppress
from typing import Any

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.bugs import bug_text, show_bug
from apoa_client.cli.terminal.output import print_json
from apoa_client.cli.views.findings import error_value, show_error, show_findings
from apoa_client.errors import ApoaError, Exit, SettingsProblem


def show_failure(session: Session, error: Exception) -> Exit:
    """Show an error, with ``--json`` also as the command's document. Return its exit code."""
    if session.json:
        with suppress(SettingsProblem):  # stdout cannot be written: this may be that very error
            print_json(error_value(error) if isinstance(error, ApoaError) else _bug_value(error))
    if not isinstance(error, ApoaError):
        show_bug(type(error), error.__traceback__, verbose=bool(session.verbosity))
        return Exit.BUG
    if not error.shown:
        show_findings(error)
        show_error(error)
    return error.exit_code


def _bug_value(error: Exception) -> dict[str, Any]:
    return {"error": {"class": "bug", "message": bug_text(type(error), error.__traceback__), "advice": ""}}
