"""What a desk sees while the shared outbox cannot be reached: what is saved, and waits, on this computer."""

from collections.abc import Callable

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, style_warning
from apoa_client.cli.views.findings import show_error
from apoa_client.errors import ApoaError, Exit
from apoa_client.messages import nmsg
from apoa_client.outbox.errors import OutboxServerUnreachable


def saved_here_lines(away: ApoaError) -> list[str]:
    """Return the lines below what was saved in this computer's own file, because of the error `away`."""
    if away.exit_code is Exit.NOT_NOW:
        return [_("The shared outbox does not answer. This waits on this computer; apoa moves it there by itself.")]
    # What only an IT admin can correct, such as a wrong password or a full disk, is said.
    return [text(away.message), _("This waits on this computer; apoa moves it to the shared outbox by itself.")]


def show_also_while_away(app: Container, show: Callable[[], int]) -> int:
    """Show what `show` reads from the property's outbox, or while that does not answer, from this computer's own file.

    Returns the exit code. Raises `OutboxServerUnreachable` if nothing waits on this computer.
    """
    try:
        _outbox = app.outbox
    except OutboxServerUnreachable as exc:
        waiting, _others = app.outbox_opener(app.settings).waiting_here()
        if not waiting:
            raise
        app.use_own_file(exc)
        show_error(exc)
        show_only_here(waiting)
        show()
        return exc.exit_code
    return show()


def show_only_here(waiting: int) -> None:
    """Show that only so many reports are shown, those that wait on this computer."""
    line = nmsg(
        "Only what waits on this computer is shown: {count} report.",
        "Only what waits on this computer is shown: {count} reports.",
        waiting,
    )
    print_error_line(style_warning(text(line)))
