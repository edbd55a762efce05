"""What a desk sees while the shared outbox cannot be reached: what is saved, and waits, on this computer."""

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, style_warning
from apoa_client.cli.views.findings import show_error
from apoa_client.errors import ApoaError, Exit
from apoa_client.messages import nmsg
from apoa_client.ports.state import HandedOver


def saved_here_lines(away: ApoaError, *, checked: bool) -> list[str]:
    """Return the lines below what was saved in this computer's own file, because of the error `away`.

    `checked` says whether the guest was compared with the reports of the other desks.
    """
    if away.exit_code is Exit.NOT_NOW:
        lines = [_("The shared outbox does not answer. This waits on this computer; apoa moves it there by itself.")]
    else:  # what only an IT admin can correct, such as a wrong password or a full disk, is said
        lines = [text(away.message), _("This waits on this computer; apoa moves it to the shared outbox by itself.")]
    return lines if checked else [*lines, _("Whether another desk has reported the guest was not checked.")]


def show_left(handed_over: HandedOver) -> int:
    """Show why another outbox still has reports of the property. Returns the exit code, 0 if nothing is wrong."""
    left, problem = handed_over.left, handed_over.problem
    if problem is None:
        return 0
    show_error(problem)
    if left:
        line = nmsg(
            "{count} report was left where it is, and is not sent.",
            "{count} reports were left where they are, and are not sent.",
            left,
        )
        print_error_line(style_warning(text(line)))
    return problem.exit_code


def show_only_here(waiting: int) -> None:
    """Show that only so many reports are shown, those that wait on this computer."""
    line = nmsg(
        "Only what waits on this computer is shown: {count} report.",
        "Only what waits on this computer is shown: {count} reports.",
        waiting,
    )
    print_error_line(style_warning(text(line)))
