"""How every command that changes a stay ends: asked or not, saved, sent or not, and how to take it back."""

from collections.abc import Callable, Sequence
from typing import Any

from apoa_client.cli.prompts.save_and_send import SaveAndSend, SavedReport
from apoa_client.cli.registry import option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, text
from apoa_client.cli.terminal.output import print_error_line
from apoa_client.desk.changes import PendingChange, undo_advice
from apoa_client.report.model import Guest

_OPTIONS = (
    option("--yes", is_flag=True, text=N_("Ask for no confirmation.")),
    option("--no-send", is_flag=True, text=N_("Save only; send later with: apoa sync")),
    option("--json", "as_json", is_flag=True, text=N_("Print one JSON document.")),
)


def change_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options that `ChangeCommand` takes."""
    for declare in reversed(_OPTIONS):
        function = declare(function)
    return function


class ChangeCommand:
    """What the call wishes for besides the change itself, and the end of it."""

    def __init__(self, session: Session, *, yes: bool, no_send: bool, as_json: bool) -> None:
        session.json = as_json
        self.app = session.app
        self.yes = yes
        self.as_json = as_json
        self.interactive = session.terminal and not as_json
        self._quiet = session.quiet
        self._filing = SaveAndSend(session, send=not no_send, as_json=as_json)

    def save(self, change: PendingChange, guest: Guest | None) -> None:
        """Save one proposal, and the rest. `guest` is whom it is about, where it does not say so itself."""
        entry = self.app.changes.save(change)
        self.finish([SavedReport(entry, change.report, change.warnings, guest)])

    def finish(self, filed: Sequence[SavedReport], *, several: bool = False) -> None:
        """Tell what became of reports that were saved, and how each is taken back."""
        for entry in self._filing.finish(filed, several=several):
            self.show_hint(text(undo_advice(entry)))

    def show_hint(self, line: str) -> None:
        """How something is taken back: for a person, who does not want to hear only what they must act on."""
        if not self.as_json and not self._quiet:
            print_error_line(line)
