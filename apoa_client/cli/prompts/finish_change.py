"""The common end of every command that changes a stay: confirm, save, send, and show how to undo it."""

from collections.abc import Callable, Sequence
from typing import Any

from apoa_client.cli.prompts.save_and_send import SaveAndSend, SavedReport
from apoa_client.cli.registry import json_option, no_send_option, yes_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import text
from apoa_client.cli.terminal.output import print_error_line
from apoa_client.desk.changes import PendingChange, undo_advice
from apoa_client.ports.entries import Entry
from apoa_client.report.model import Guest


def change_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options that `ChangeCommand` takes, and `--json`."""
    return yes_option(no_send_option(json_option(function)))


class ChangeCommand:
    """The common options of the commands that change a stay, and the end of these commands."""

    def __init__(self, session: Session, *, yes: bool, no_send: bool) -> None:
        self.session = session
        self.app = session.app
        self.yes = yes
        self.as_json = session.json
        self.interactive = session.interactive
        """Whether the user can be asked."""
        self._quiet = session.quiet
        self._save_and_send = SaveAndSend(session, send=not no_send)

    def save(self, change: PendingChange, guest: Guest | None) -> None:
        """Save one change, send it, and show how to undo it. `guest` is for reports without a guest of their own."""
        entry = self.app.changes.save(change)
        self.finish([SavedReport(entry, change.report, change.warnings, guest)])

    def finish(self, saved: Sequence[SavedReport], *, several: bool = False, withdrawn: Sequence[Entry] = ()) -> None:
        """Send saved reports, show their state, and show how to undo each.

        JSON output of `several` reports also has those that were `withdrawn`.
        """
        for entry in self._save_and_send.finish(saved, several=several, withdrawn=withdrawn):
            self.show_hint(text(undo_advice(entry)))

    def show_hint(self, line: str) -> None:
        """Show a hint on stderr, unless the command prints JSON or is quiet."""
        if not self.as_json and not self._quiet:
            print_error_line(line)
