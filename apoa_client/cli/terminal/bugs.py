"""How a mistake of this program is shown: its class and its place, never its text, which may hold a guest's data."""

import sys
import threading
from contextlib import suppress
from types import TracebackType

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, style_error


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
