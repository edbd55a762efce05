"""`apoa uninstall`: list what the program left on this computer, and remove it when a person asks twice."""

from collections.abc import Sequence

from apoa_client.app.uninstall import Traces, Uninstall
from apoa_client.cli.registry import command, flag, json_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import ask_line, confirm
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_done, print_error_line, print_json, print_line, sanitize
from apoa_client.cli.views.uninstall import show_traces, traces_json
from apoa_client.errors import NotNow, UsageProblem
from apoa_client.messages import msg


@command(
    "uninstall",
    N_("List or remove all that apoa keeps on this computer, or one property's."),
    "apoa uninstall --dry-run",
)
@flag("--dry-run", text=N_("Only say what would be removed and lost."))
@flag("--yes", text=N_("Do not ask."))
@flag("--force", text=N_("With --yes: also what was not delivered, and keys without a recovery code."))
@json_option
def uninstall(session: Session, *, dry_run: bool, yes: bool, force: bool) -> None:
    """Show what is there and what would be lost; remove it unless a person or an option says no."""
    if force and not yes:
        raise UsageProblem(msg("--force goes with --yes only."), msg("See: apoa uninstall --help"))
    chosen = session.property_name or session.environ.get("APOA_PROPERTY", "")
    work = Uninstall(session.app, lambda name: session.for_property(name).app, chosen)
    traces = work.find()
    if not session.json:
        show_traces(traces, session.app.config)
    removed = bool(traces.found) and not dry_run and _agreed(session, traces, yes=yes, force=force)
    if removed:
        work.remove(traces)
    if session.json:
        print_json(traces_json(traces, dry_run=dry_run, removed=removed))
        return
    _show_end(traces, chosen, dry_run=dry_run, removed=removed)


def _show_end(traces: Traces, chosen: str, *, dry_run: bool, removed: bool) -> None:
    """Show what was removed, of all or of one `chosen` property."""
    if traces.found and not (removed or dry_run):
        print_error_line(_("Nothing was removed."))
        return
    if removed and chosen:
        done = _("All of {name} is removed; other properties and the program stay.").format(name=sanitize(chosen))
        print_done(done)
    elif removed:
        print_done(_("All of this is removed."))
    elif traces.found:
        print_line(_("Nothing was removed (--dry-run)."))


def _agreed(session: Session, traces: Traces, *, yes: bool, force: bool) -> bool:
    """Return whether everything may be removed. Raises an error where no person can be asked, or more is needed."""
    if yes:
        if traces.grave and not force:
            raise NotNow(
                msg("Something would be lost that nothing brings back. Nothing was removed."),
                msg("Look at it with apoa uninstall --dry-run. If it may be lost, give --yes and --force."),
                name="would_be_lost",
            )
        return True
    if not session.interactive:
        raise UsageProblem(
            msg("Removing must be confirmed, and there is no terminal to ask at. Nothing was removed."),
            msg("Look first with --dry-run, then give --yes."),
        )
    if not confirm(_("Remove all of this from this computer? It cannot be undone."), default=False):
        return False
    return _named([loss.property_name for loss in traces.losses])


def _named(names: Sequence[str]) -> bool:
    """Return whether the user types each property's name."""
    return all(ask_line(_("Type {name} to remove it").format(name=sanitize(name))) == name for name in names)
