"""`apoa sync --follow`: keep sending until the process is asked to end, as a service or in a window.

Between two runs no file is open: see `apoa_client.app.follower`. Each run gets a new session, and so reads settings and
secrets as they are then.
"""

import random
import time
from contextlib import nullcontext
from functools import partial

import click

from apoa_client.app.follower import Follower, file_states
from apoa_client.cli.commands.scheduled_run import run_scheduled, show_daily_backup, shown_once, start_log
from apoa_client.cli.every_property import refuse_one_property
from apoa_client.cli.failures import show_failure
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _, commands_completed, text
from apoa_client.cli.terminal.output import error_heading, print_line, sanitize
from apoa_client.cli.terminal.signals import ServiceManager, Signals
from apoa_client.cli.terminal.streams import discard_output
from apoa_client.cli.views.labels import moment_text
from apoa_client.cli.views.outcome import outcome_text, without_quotation
from apoa_client.delivery.options import Outcome
from apoa_client.errors import ApoaError, Exit
from apoa_client.ports.run import Interruptions
from apoa_client.settings.config import nothing_set_up

LOOK_EVERY_S = 0.5
"""How often the files are looked at: what another process saves is sent a second or two later."""

_LONGEST_RUN_S = 60.0
"""How long a run may take while other properties wait for theirs."""


def follow(session: Session, *, every_property: bool, quiet: bool) -> Exit:
    """Deliver whenever something waits, until Ctrl-C, SIGTERM or a closed window. Then return `DONE`.

    With `quiet`, nothing is shown but what a user must act on. Raises `SettingsProblem` if nothing is set up.
    """
    manager = ServiceManager(session.environ)
    start_log(session)
    with Signals() as signals:
        try:
            sender = Sender(session, signals, manager, every_property=every_property, quiet=quiet)
            if not quiet:
                print_line(_("Sending what is saved here, until Ctrl-C ends it."))
            manager.ready()
            while not signals.received:  # what is raised while an object is deleted, Python only prints
                sender.send_due()
                time.sleep(LOOK_EVERY_S)  # which Ctrl-C interrupts on Windows, too
        except KeyboardInterrupt:
            pass
        finally:
            manager.stopping()
    return Exit.DONE


class Sender:
    """Sends for the property of a session, or for every property of the settings."""

    def __init__(
        self,
        session: Session,
        interruptions: Interruptions,
        manager: ServiceManager,
        *,
        every_property: bool,
        quiet: bool,
    ) -> None:
        self._session = session
        self._interruptions = interruptions
        self._manager = manager
        self._quiet = quiet
        self._every_property = every_property
        self._settings_seen: object = None
        self._followers: dict[str, Follower] = {}
        if every_property:
            refuse_one_property(session)
        with nullcontext() if session.terminal else shown_once(session):  # a user who starts it sees why it ends
            self._find_properties()

    def send_due(self) -> None:
        """Deliver for each property for which it is time."""
        if self._every_property and file_states([self._session.app.folders.config]) != self._settings_seen:
            try:
                with shown_once(self._session):
                    self._find_properties()
            except ApoaError:  # it was shown; the properties that are known go on
                pass
        for name, follower in self._followers.items():
            if follower.is_due():
                self._run(name, follower)

    def _find_properties(self) -> None:
        """Find which properties there are now. Raises `SettingsProblem`."""
        with self._for_property(self._session.property_name) as session:
            self._settings_seen = file_states([session.app.folders.config])
            names = session.names if self._every_property else [session.app.settings.name]
        if not names:
            raise nothing_set_up()
        known = self._followers
        self._followers = {name: known.get(name) or self._new_follower(name) for name in names}

    def _for_property(self, name: str) -> Session:
        session = self._session.for_property(name)
        session.quiet, session.terminal = True, False
        return session

    def _new_follower(self, name: str) -> Follower:
        clock = self._session.app.clock
        return Follower(lambda: self._for_property(name).app, clock, random.random)

    def _run(self, name: str, follower: Follower) -> None:
        heading = sanitize(name) if self._every_property else ""
        result: Outcome | ApoaError | None = None
        session = self._for_property(name)
        with (
            self._interruptions.delayed(),  # files and connections are closed whole
            error_heading(partial(str, heading)),
            commands_completed(session.complete_commands),
        ):
            try:
                with session, self._interruptions.allowed():
                    session.app.kept = follower.kept
                    wait_s = _LONGEST_RUN_S if len(self._followers) > 1 else None
                    run = run_scheduled(session, self._interruptions, wait_s, keep_backoff=follower.keep_backoff)
                    result = run.outcome
                    show_daily_backup(session)
                    if isinstance(result, Outcome):
                        self._show(session, heading, result)
            except BrokenPipeError:
                discard_output()  # who read it has ended, and the sending goes on
            except Exception as exc:  # noqa: BLE001  a bug of ours must not end the sending for good
                show_failure(session, exc)
            follower.ran(result)  # when its own files are closed, which changes them

    def _show(self, session: Session, heading: str, outcome: Outcome) -> None:
        """Show what was sent, and tell the service manager how the run ended."""
        result = outcome_text(outcome) if outcome.error is None else text(without_quotation(outcome.error).message)
        words = [moment_text(session.app.clock.now(), session.app.settings.zone), heading, result]
        line = ": ".join(filter(None, words))
        self._manager.status(click.unstyle(line))
        if outcome.verdicts and not self._quiet:
            print_line(line)
