"""What a user sees of an error that ended a command, or its work on one property, or that kept the shared outbox away.

No other module turns an error into a message or an exit code. A user's mistake shows no traceback. A bug of ours shows
its class and its place, with ``-v`` a traceback, and never the exception's text, which may hold a guest's data.
"""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, print_json, style_error
from apoa_client.errors import ApoaError, CredentialsProblem, Exit, SettingsProblem, StorageProblem

if TYPE_CHECKING:
    from apoa_client.app.container import Container


def show_failure(session: Session, error: Exception) -> Exit:
    """Show an error, with ``--json`` also as the command's document. Return its exit code."""
    from apoa_client.cli.views.findings import error_value, show_error, show_findings  # start-up: only for an error

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
        from apoa_client.cli.views.findings import show_error  # start-up: as above
        from apoa_client.cli.views.outboxes import show_only_here  # for a shared outbox alone

        app.on_desk.away = exc
        show_error(exc)
        show_only_here(waiting)
        show(app.on_desk)
        return exc.exit_code
    return show(app)


def show_bug(kind: type[BaseException], trace: TracebackType | None, *, verbose: bool = False) -> None:
    """Print the class of an exception and where it was raised; the whole way there if `verbose`."""
    print_error_line(style_error(bug_text(kind, trace)))
    print_error_line(_("What was saved is kept. Please report it, with what this shows: apoa -v ..."))
    if verbose:
        import traceback  # as in `bug_text`

        print_error_line("".join(traceback.format_tb(trace)))


def bug_text(kind: type[BaseException], trace: TracebackType | None) -> str:
    """Return the sentence that names the class of an exception and the function and line that raised it."""
    import traceback  # only for a bug

    where = ", ".join([kind.__name__, *(f"{f.name}:{f.lineno}" for f in traceback.extract_tb(trace)[-1:])])
    return _("This is a mistake in apoa-client itself ({where}).").format(where=where)


def hide_tracebacks() -> None:
    """Show every exception that no handler catches as `show_bug` does: Python's own hooks print its text."""
    sys.excepthook = lambda kind, _error, trace: _uncaught(kind, trace)
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_traceback)
    sys.unraisablehook = lambda args: _uncaught(args.exc_type, args.exc_traceback)


def _uncaught(kind: type[BaseException], trace: TracebackType | None) -> None:
    # Nothing may be raised here: Python would print both exceptions. After Ctrl-C the exit code says enough.
    with suppress(BaseException):
        if not issubclass(kind, KeyboardInterrupt):
            show_bug(kind, trace)
