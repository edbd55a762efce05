"""Says that a guest is not saved, so that the receptionist keeps a note on paper."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import ParamSpec, TypeVar

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, style_error
from apoa_client.errors import StorageProblem
from apoa_client.messages import nmsg

_P = ParamSpec("_P")
_T = TypeVar("_T")


def show_not_saved(guests: int = 1) -> None:
    """Show that so many guests are not saved."""
    message = nmsg(
        "This guest is NOT saved. Note the guest's details on paper until apoa works again.",
        "These {count} guests are NOT saved. Note their details on paper until apoa works again.",
        guests,
    )
    print_error_line(style_error(text(message)))


@contextmanager
def warn_if_not_saved() -> Iterator[None]:
    """If the block cannot read or write the outbox, show that the guest is not saved, unless the error was shown."""
    try:
        yield
    except StorageProblem as exc:
        if not exc.shown:
            show_not_saved()
        raise


def warns_if_not_saved(command: Callable[_P, _T]) -> Callable[_P, _T]:
    """Return a command that changes a stay, and shows that the change is not saved if the outbox cannot be used."""

    @wraps(command)
    def run(*arguments: _P.args, **options: _P.kwargs) -> _T:
        try:
            return command(*arguments, **options)
        except StorageProblem as exc:
            if not exc.shown:
                print_error_line(style_error(_("This change is NOT saved. Make it again when apoa works.")))
            raise

    return run


@contextmanager
def warn_if_not_stored() -> Iterator[None]:
    """If the block cannot store what was typed, show that it is only on the screen."""
    try:
        yield
    except StorageProblem:
        with suppress(OSError):  # the window is closed
            print_error_line()
            print_error_line(
                style_error(_("What was typed could NOT be stored. It is only on this screen: copy it to paper."))
            )
        raise
