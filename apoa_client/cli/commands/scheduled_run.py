"""Automatic sending: one run by the schedule or by `apoa sync --follow`; no user reads at once what it prints.

A run imports the tables in a folder if the settings name one, delivers, erases old guest data and shows notices. What a
user must act on is printed once, and not at each run. The log gets one line a run, and the outbox the time and the exit
code.

`apoa sync --follow` keeps sending until the process is asked to end, as a service or in a window. Between two runs no
file is open: see `apoa_client.app.follower`. Each run gets a new session, and so reads settings and secrets as they are
then.
"""

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from apoa_client.app.backups import back_up_daily
from apoa_client.app.container import Container
from apoa_client.app.follower import Follower, file_states
from apoa_client.app.unattended import Attention, ShownBefore, find_attention, is_repeated
from apoa_client.cli.commands.sync_delivery import deliver, near_text, report_by_hand, waiting_text
from apoa_client.cli.every_property import refuse_one_property, run_for_every_property
from apoa_client.cli.failures import show_failure
from apoa_client.cli.logging import start_rotating_log
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.desktop import Notice, show_notice
from apoa_client.cli.terminal.language import _, commands_completed, current_language, text
from apoa_client.cli.terminal.output import error_heading, print_error_line, print_line, print_warning, sanitize
from apoa_client.cli.terminal.signals import ServiceManager, Signals
from apoa_client.cli.terminal.streams import discard_output
from apoa_client.cli.views.findings import show_error, show_findings
from apoa_client.cli.views.labels import clock_skew_text, moment_text
from apoa_client.cli.views.outcome import outcome_counts, outcome_text, without_quotation
from apoa_client.delivery.options import Outcome
from apoa_client.errors import ApoaError, CredentialsProblem, Exit, worst_exit
from apoa_client.outbox.sql.metadata import NOTICE
from apoa_client.ports.run import Interruptions
from apoa_client.report.kinds import CLOCK_TOLERANCE, MAX_BELIEVED_SKEW
from apoa_client.settings.config import ON, nothing_set_up
from apoa_client.settings.folders import LOG_NAME, SHOWN_NAME, user_id, valid_name

_log = logging.getLogger(__name__)


def notify(app: Container, attention: Attention) -> None:
    """Show a notice if there is something new to show and the settings allow it. A failure is only logged."""
    try:
        settings, now = app.settings, app.clock.now()
        if not attention.code or settings.notify != ON:
            return
        last = app.outbox.value(NOTICE)
        if last is not None and last[0] == attention.code and is_repeated(last[1], now):
            return
        title = _("apoa, {name}: training") if settings.uses_sandbox else _("apoa, {name}: please look")
        lines = [*attention_lines(attention), _("What to do: apoa status")]
        urgent = bool(attention.refused or attention.overdue)
        if show_notice(Notice(title.format(name=settings.name), "\n".join(lines), urgent), app.environ, user_id()):
            app.outbox.record(NOTICE, (attention.code, now))
    except ApoaError as exc:
        _log.info("no notice: %s", exc.name)


def attention_lines(attention: Attention) -> list[str]:
    """Return a line for each kind of report that a user must act on."""
    lines = (
        (attention.refused, _("Refused: {count}")),
        (attention.overdue, _("Overdue: {count}")),
        (attention.due_soon, _("Due within 6 hours: {count}")),
    )
    return [line.format(count=count) for count, line in lines if count]


def start_log(session: Session) -> None:
    """Write the log of automatic sending, unless the user has asked for another one."""
    if not session.logs:
        with suppress(ApoaError):  # the run itself says what is wrong with the folders
            session.logs = start_rotating_log(session.app.folders.logs / LOG_NAME)


class ScheduledResult(NamedTuple):
    """How a run ended: its exit code, and the outcome of its delivery or the error that ended it."""

    code: Exit
    outcome: Outcome | ApoaError


def run_scheduled(
    session: Session, interruptions: Interruptions, wait_s: float | None = None, *, keep_backoff: bool = True
) -> ScheduledResult:
    """Do one run for the property of the session. Errors are shown and returned, not raised."""
    app = session.app
    started = app.clock.monotonic()
    try:
        with shown_once(session, _name(session)) as shown:
            imported = _import(session, shown)
            outcome = _deliver(session, interruptions, shown, keep_backoff=keep_backoff, wait_s=wait_s)
            purged = _purge_daily(session, shown)
            _show_attention(session, shown)
        result = ScheduledResult(worst_exit([outcome.exit_code or purged, imported]), outcome)
    except ApoaError as exc:
        result = ScheduledResult(exc.exit_code, exc)
    except Exception:
        _record(session, Exit.BUG, "error=bug", app.clock.monotonic() - started)
        raise
    _record(session, result.code, _log_text(result.outcome), app.clock.monotonic() - started)
    return result


def _log_text(outcome: Outcome | ApoaError) -> str:
    """Return the class of the error and the counts: no personal data."""
    error, counts = (outcome, {}) if isinstance(outcome, ApoaError) else (outcome.error, outcome_counts(outcome))
    return " ".join([f"error={error.name if error is not None else '-'}", *(f"{k}={v}" for k, v in counts.items())])


@contextmanager
def shown_once(session: Session, name: str = "") -> Iterator[ShownBefore]:
    """Show an error from inside unless it was shown within the last hours, and raise it. `name` is the property's."""
    file: Path | None = None
    with suppress(ApoaError):
        file = session.app.folders.logs / f"{name}.{SHOWN_NAME}".lstrip(".")
    shown = ShownBefore(file, session.app.clock.now())
    try:
        yield shown
    except ApoaError as exc:
        error = exc

        def show() -> None:
            show_findings(error)
            show_error(error)

        shown.show(f"error:{exc.name}", show)
        exc.shown = True
        raise
    finally:
        shown.save()


def _name(session: Session) -> str:
    """Return the property's name; empty where neither the settings nor the call say it."""
    try:
        return session.app.settings.name
    except ApoaError:
        return session.property_name if valid_name(session.property_name) else ""  # it becomes a file's name


def _import(session: Session, shown: ShownBefore) -> Exit:
    """Import the tables in the folder of the settings. What fails there is shown, and holds up no report."""
    if not session.app.settings.import_folder:
        return Exit.DONE
    from apoa_client.cli.commands.import_folder import import_waiting  # for a folder alone

    try:
        return import_waiting(session, shown.show)
    except ApoaError as exc:
        error = exc  # as `exc` ends with this block
        shown.show(f"import:{exc.name}", lambda: show_error(error))
        return exc.exit_code


def _deliver(
    session: Session, interruptions: Interruptions, shown: ShownBefore, *, keep_backoff: bool, wait_s: float | None
) -> Outcome:
    if session.app.settings.by_hand:
        return report_by_hand(session, scheduled=True)
    outcome = deliver(session, interruptions, keep_backoff=keep_backoff, wait_s=wait_s, show_unattended=shown.show)
    if outcome.error is None and outcome.meta is not None:
        shown.forget("error")
    return outcome


def _purge_daily(session: Session, shown: ShownBefore) -> Exit:
    """Erase old guest data once a day. Show in one line why they were not erased, or that the clock is wrong."""
    retention, now = session.app.retention, session.app.clock.now()
    try:
        skipped = retention.purge_daily()
    except CredentialsProblem:  # the keyring is locked: a later run erases them
        line = _("Old guest data are not erased before the private key is at hand. Unlock the keyring.")
        shown.show("purge:key_needed", lambda: print_warning(line))
        return Exit.DONE
    except ApoaError as exc:
        error = exc  # as `exc` ends with this block
        shown.show(f"error:{exc.name}", lambda: show_error(error))
        return exc.exit_code
    skew = session.app.outbox.summary(now=now, soon=now).clock_skew if retention.asked_authority else None
    if skipped is not None and skipped.advice is not None:  # at most once a day
        print_warning(f"{text(skipped.message)} {text(skipped.advice)}")
    if skew is not None and abs(skew) > (CLOCK_TOLERANCE if skipped is None else MAX_BELIEVED_SKEW):
        shown.show("clock", lambda: print_warning(clock_skew_text(skew)))
    return Exit.DONE


def _show_attention(session: Session, shown: ShownBefore) -> None:
    """Show on the desktop and in print which reports a user must act on, once for each change."""
    app = session.app
    try:
        attention = find_attention(app.outbox, app.clock.now())
    except ApoaError as exc:
        _log.info("no notice: %s", exc.name)
        return
    notify(app, attention)
    if attention.code and not session.json:
        lines = [". ".join([*attention_lines(attention), _("What to do: apoa status")])]
        if app.settings.by_hand:
            near = attention.overdue + attention.due_soon
            lines = [waiting_text(near), near_text(attention.overdue, attention.due_soon)]
        shown.show(f"attention:{attention.code}", lambda: list(map(print_warning, lines)))


def _record(session: Session, code: Exit, text: str, duration_s: float) -> None:
    """Write the line of the log, and record the run in the outbox, where that can be written."""
    try:
        session.app.outbox.record_scheduled_run(session.app.clock.now(), code)
    except ApoaError as exc:
        _log.info("run not recorded: %s", exc.name)
    _log.info("run property=%s exit=%d %s duration_s=%.1f", _name(session) or "-", code, text, duration_s)


@contextmanager
def daily_backups(session: Session, *, every_property: bool) -> Iterator[None]:
    """Write the day's backups after what is done inside, also if that raises an error, and not if it is interrupted."""
    try:
        yield
    except ApoaError:
        _write_backups(session, every_property=every_property)
        raise
    _write_backups(session, every_property=every_property)


def _write_backups(session: Session, *, every_property: bool) -> None:
    if not every_property:
        show_daily_backup(session)
        return
    each = session.for_property(session.property_name)
    each.quiet, each.json = True, False  # the document is about sending
    with suppress(ApoaError):  # of the settings file: sending has shown it
        run_for_every_property(each, show_daily_backup)
    each.close()


def show_daily_backup(session: Session) -> Exit:
    """Write the day's backup of the session's property, if one is due. Return `DONE`, also if it was not written."""
    app = session.app
    try:
        problem = back_up_daily(app, {**app.environ, "APOA_LANG": current_language()})
    except ApoaError as exc:  # of the settings or the outbox: sending has shown it
        _log.info("no backup: %s", exc.name)
        return Exit.DONE
    if problem is not None:
        print_warning(_("No backup was written today. It is tried again by itself."))
        lines = [text(each) for each in (problem.message, problem.advice) if each is not None]
        for line in lines:
            print_error_line(line)
        if app.settings.notify == ON:
            title = _("apoa, {name}: no backup today").format(name=app.settings.name)
            show_notice(Notice(title, "\n".join(lines), urgent=False), app.environ, user_id())
    return Exit.DONE


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
