"""What one call of the program carries from command to command: its environment, its clock, its global options."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import ask_secret, print_error_line, style_warning

if TYPE_CHECKING:
    from apoa_client.app.container import Container
    from apoa_client.ports import Clock


def ask_password() -> str:
    """Ask for the password at the terminal, unseen, until something is typed."""
    while not (password := ask_secret(_("Password"), may_be_empty=True)):
        print_error_line(style_warning(_("The password is needed.")))
    return password


@dataclass
class Session:
    """One call of the program."""

    environ: Mapping[str, str] = field(repr=False)
    fixed_clock: "Clock | None" = None
    """The clock; None for the real one."""
    property_name: str = ""
    verbosity: int = 0
    quiet: bool = False
    json: bool = False
    terminal: bool = False
    """Whether somebody is there who can be asked."""
    pause_progress: Callable[[], AbstractContextManager[object]] = nullcontext
    """Keeps whatever moves on the screen out of the way, while somebody is asked."""

    @cached_property
    def app(self) -> "Container":
        """The program's parts for the chosen property."""
        from apoa_client.app.container import Container, SystemClock  # not needed for --version and --help

        name = self.property_name or self.environ.get("APOA_PROPERTY", "")
        clock = self.fixed_clock or SystemClock()
        return Container(self.environ, clock, name, self._ask_password if self.terminal and not self.json else None)

    def _ask_password(self) -> str:
        with self.pause_progress():
            return ask_password()

    def close(self) -> None:
        """Let go of whatever was opened."""
        if "app" in self.__dict__:
            self.app.close()
