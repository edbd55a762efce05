"""`apoa doctor`: is everything fit to send? What is wrong, and the one command that corrects it."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from apoa_client.cli.every_property import all_option, run_for_every_property
from apoa_client.cli.registry import command, flag, force_option, json_option, path_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, current_language
from apoa_client.cli.terminal.output import columns, print_error_line, print_json, print_line, sanitize, style_success
from apoa_client.cli.terminal.progress import current_step
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.views.health import CHECKS, health_exit, health_json, show_details, show_failures, show_health
from apoa_client.cli.views.status import show_property_name
from apoa_client.errors import ApoaError, UsageProblem
from apoa_client.messages import msg

if TYPE_CHECKING:
    from apoa_client.app.health_checks import HealthResults


@command("doctor", N_("Check whether everything is fit to send, and say what to do."), "apoa doctor")
@flag("--offline", text=N_("Check only what needs no internet."))
@path_option("--report", "file", text=N_("Write a support file, without guests' data and secrets; - for the screen."))
@force_option
@json_option
@all_option
def doctor(session: Session, *, offline: bool, file: Path | None, force: bool, every_property: bool) -> int:
    """Run the checks of one property or of all, show their results, and write the support file."""
    from apoa_client.cli.documents.support_file import SupportFile  # not for --help
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, write_output

    _check_file(session, file, force=force)
    session.quiet = session.quiet or file == STANDARD_OUTPUT
    session.may_ask = False  # a question would change what is checked: a locked keyring would be open then
    support = SupportFile()

    def work(each: Session) -> int:
        examined = _examine(each, offline=offline)
        if file is not None:
            support.add(each.app, examined)
        if each.json:
            print_json(health_json(examined.results))
        elif file != STANDARD_OUTPUT:
            _show(each, examined, offline=offline, every_property=every_property)
        return health_exit(examined.results)

    code = run_for_every_property(session, work) if every_property else work(session)
    if every_property and not (session.json or session.quiet or session.verbosity):
        print_line()
        print_line(_("Each check in full: apoa -v doctor --all"))
    if file is not None:
        write_output(file, support.text().encode(), force=force)
    if file not in {None, STANDARD_OUTPUT}:
        print_error_line(style_success(_("The support file is written: {file}").format(file=sanitize(str(file)))))
        print_error_line(_("It has no guests' data and no secret. Read it before you send it to anyone."))
    return code


def _check_file(session: Session, file: Path | None, *, force: bool) -> None:
    """Raise `UsageProblem` if the support file cannot be written, before the checks take their time."""
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_writable

    if session.json and file == STANDARD_OUTPUT:
        raise UsageProblem(
            msg("The support file and the JSON document cannot both go to standard output."),
            msg("Name a file: apoa doctor --report FILE"),
        )
    if file is not None:
        check_writable(file, force=force)


def _examine(session: Session, *, offline: bool) -> "HealthResults":
    """Run the checks of one property."""
    from apoa_client.app.health_checks import HealthChecks, HealthResults
    from apoa_client.doctor.computer import Screen
    from apoa_client.doctor.results import run_checks

    encoding = getattr(sys.stdout, "encoding", None) or ""
    screen = Screen(encoding, columns(), is_terminal(sys.stdout), current_language())
    health = HealthChecks(session.app, screen, offline=offline)
    with current_step(_("Checking ..."), silent=session.json or session.quiet) as show:
        results = run_checks(health.all(), lambda check: show(_(CHECKS[check.name])))
    return HealthResults(results, health.engine)


def _show(session: Session, examined: "HealthResults", *, offline: bool, every_property: bool) -> None:
    if session.quiet:
        show_failures(examined.results)
        return
    by_hand = False
    with suppress(ApoaError):  # the first check says why there are no settings
        by_hand = session.app.settings.by_hand
        if not every_property:  # else its name is shown already
            show_property_name(session.app.settings)
    show_health(examined.results, by_hand=by_hand, offline=offline)
    if session.verbosity:
        show_details(examined.results)
    elif not every_property:
        print_line(_("Each check in full: apoa -v doctor"))
