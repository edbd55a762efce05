"""`apoa sync`: send what waits, or type it into APOA by hand."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from apoa_client.cli.every_property import all_option, run_for_every_property
from apoa_client.cli.registry import Seconds, command, flag, force_option, json_option, option, path_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_line, print_warning
from apoa_client.cli.terminal.signals import Signals, Terminated
from apoa_client.errors import ApoaError, Exit, UsageProblem
from apoa_client.messages import msg

_LONGEST_PAUSE_S = 60
_LONGEST_FOR_ALL_S = 1200.0
"""How long the runs of all properties may take together: the schedule ends the process after half an hour."""


@command("sync", N_("Send what waits. Safe to run at any time, and as often as you like."), "apoa sync")
@flag("--scheduled", text=N_("For automatic sending: wait between tries, start at a random moment, say little."))
@flag("--follow", text=N_("Keep running, and send at once what is saved: for a service."))
@option(
    "--wait",
    "wait_s",
    type=Seconds(),
    metavar="SECONDS",
    text=N_("Stop after this many seconds; what is left goes next time."),
)
@flag("--by-hand", text=N_("Send nothing: show the reports to type into APOA, and record their numbers."))
@flag("--page", text=N_("With --by-hand: show a page in the browser, with a button that copies each value."))
@flag("--no-browser", text=N_("Open no browser: copy at the terminal, or with --page print the page's address."))
@path_option("--sheet", text=N_("With --by-hand: write a sheet to print."))
@force_option
@flag("--quiet", "-q", text=N_("Say only what a person must act on."))
@all_option
@json_option
def sync(session: Session, /, *, quiet: bool, every_property: bool, **options: Any) -> int:  # noqa: ANN401  click's
    """Run one delivery, or the conversation for typing by hand, and show the outcome."""
    choices = _Choices(**options)
    session.quiet = session.quiet or quiet or choices.scheduled
    # A question that no user sees would hold up every other run.
    session.terminal = session.terminal and not choices.scheduled
    _check_choices(session, choices, every_property=every_property)
    if choices.follow:
        from apoa_client.cli.commands.scheduled_run import follow  # for a service alone

        return follow(session, every_property=every_property, quiet=session.quiet)
    if choices.scheduled:
        return _run_scheduled(session, choices, every_property=every_property)
    if every_property:
        return run_for_every_property(session, lambda each: _sync(each, choices, interactive=False))
    return _sync(session, choices, interactive=session.interactive)


class _Choices(NamedTuple):
    """The options that say what one property's run does."""

    scheduled: bool
    follow: bool
    wait_s: float | None
    by_hand: bool
    page: bool
    no_browser: bool
    sheet: Path | None
    force: bool


def _check_choices(session: Session, choices: _Choices, *, every_property: bool) -> None:
    """Raise `UsageProblem` for options that exclude each other."""
    by_hand = choices.by_hand or choices.page or choices.sheet is not None
    if choices.page and choices.sheet is not None:
        raise UsageProblem(msg("--page and --sheet exclude each other."))
    if by_hand and (choices.scheduled or choices.follow or every_property):
        raise UsageProblem(
            msg("Typing reports into APOA needs a user, and one property."),
            msg("Choose one property with --property NAME, and leave out --all, --scheduled and --follow."),
        )
    if choices.follow and (choices.scheduled or choices.wait_s is not None or session.json):
        raise UsageProblem(
            msg("--follow never ends by itself."), msg("Leave out --scheduled, --wait and --json, or --follow.")
        )


def _sync(session: Session, choices: _Choices, *, interactive: bool) -> Exit:
    """Do what was chosen for the session's property. A conversation is held only if `interactive`."""
    from apoa_client.cli.commands.sync_delivery import deliver, report_by_hand, write_sheet

    if choices.sheet is not None:
        return write_sheet(session, choices.sheet, force=choices.force).exit_code
    if session.app.settings.by_hand or choices.by_hand or choices.page:
        way = _way_to_type(session, page=choices.page, browser=not choices.no_browser, interactive=interactive)
        return report_by_hand(session, way).exit_code
    with Signals() as signals:
        return deliver(session, signals, wait_s=choices.wait_s).exit_code


def type_by_hand(session: Session) -> None:
    """Let the user type what waits into APOA, at the end of a command that saved it."""
    from apoa_client.cli.commands.sync_delivery import report_by_hand

    session.app.guest_waits = False
    report_by_hand(session, _way_to_type(session, page=False, browser=True, interactive=True))


def _way_to_type(session: Session, *, page: bool, browser: bool, interactive: bool) -> Callable[[Session], int] | None:
    """Return how the user types reports into APOA: from a page, from the terminal, or (None) not now."""
    from apoa_client.cli.terminal.desktop import can_open_browser

    if page or (interactive and browser and can_open_browser(session.environ)):
        return lambda each: _serve_page(each, browser=browser)
    if interactive:
        from apoa_client.cli.prompts.by_hand import ByHandConversation  # start-up: only at a terminal

        return lambda each: ByHandConversation(each.app).run()
    return None


def _serve_page(session: Session, *, browser: bool) -> int:
    """Show the page until its end, in the user's browser if wanted and possible; return how many reports were closed.

    Ctrl-C is the usual way to end it early. Raises what `ByHandPage.serve` does.
    """
    from apoa_client.app.by_hand_page import ByHandPage  # start-up: slow to load
    from apoa_client.cli.documents.by_hand import page_files
    from apoa_client.cli.terminal.desktop import can_open_browser, open_browser

    page = ByHandPage(session.app, page_files(session.app))

    def announce(url: str, url_once: str) -> None:
        line = _("The page for typing into APOA: {url}").format(url=url)
        (print_error_line if session.json else print_line)(line)
        opens = browser and can_open_browser(session.environ)
        print_error_line(_("It opens in the browser now.") if opens else _("Open this address in a browser here."))
        print_error_line(_("It shows guests' data, and ends with the last report, with Ctrl-C, or 15 minutes unused."))
        if opens:
            open_browser(url_once)

    try:
        with Signals():
            page.serve(announce)
    except KeyboardInterrupt as exc:
        if isinstance(exc, Terminated):
            raise
    for message in page.messages:
        print_warning(text(message))
    return page.recorded


def _run_scheduled(session: Session, choices: _Choices, *, every_property: bool) -> Exit:
    from apoa_client.cli.commands.scheduled_run import daily_backups, run_scheduled, shown_once, start_log
    from apoa_client.delivery.plan import LONGEST_RUN_S

    wait_s = choices.wait_s

    def run(each: Session) -> Exit:
        with Signals() as signals:
            result = run_scheduled(each, signals, wait_s)
        if isinstance(result.outcome, ApoaError):
            raise result.outcome
        return result.code

    start_log(session)
    if every_property or _has_authority(session):
        # cron starts the programs of all computers in the same second. On Windows, Ctrl-C interrupts `sleep` alone.
        time.sleep(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311  jitter, not a secret
    with daily_backups(session, every_property=every_property):
        if not every_property:
            return run(session)
        with shown_once(session):
            count = len(session.names)
            if wait_s is None and count * LONGEST_RUN_S > _LONGEST_FOR_ALL_S:
                wait_s = _LONGEST_FOR_ALL_S / count  # a slow authority must not take the time of the others
            return run_for_every_property(session, run)


def _has_authority(session: Session) -> bool:
    """Return whether something is sent to an authority. If the settings cannot be read, the run says why."""
    try:
        return not session.app.settings.by_hand
    except ApoaError:
        return False
