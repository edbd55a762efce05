"""`apoa uninstall`: list what the program left on this computer, and remove it when a person asks twice."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apoa_client.app.uninstall import Kind, Loss, Trace, Traces, Uninstall
from apoa_client.cli.registry import command, flag, json_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import ask_line, confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_done,
    print_error_line,
    print_json,
    print_line,
    sanitize,
    style_bold,
    style_error,
    style_warning,
)
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import moment_text
from apoa_client.errors import NotNow, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.report.kinds import instant
from apoa_client.settings.config import Config


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
    names = (loss.property_name for loss in traces.losses)
    return all(ask_line(_("Type {name} to remove it").format(name=sanitize(name))) == name for name in names)


KINDS = {
    Kind.SCHEDULE: N_("schedule of automatic sending"),
    Kind.OUTBOX: N_("queue and history of reports"),
    Kind.TRAINING: N_("records of the training authority"),
    Kind.CODES: N_("code lists of the authority"),
    Kind.KEY_FILE: N_("key file"),
    Kind.KEYRING: N_("entry in the keyring"),
    Kind.LOCK: N_("lock of a running command"),
    Kind.UNFINISHED: N_("file that was never finished"),
    Kind.LOG: N_("log"),
    Kind.LINK: N_("link to a folder, whose files stay"),
    Kind.SETTINGS: N_("settings"),
    Kind.FOREIGN: N_("not made by apoa"),
    Kind.UNNAMED: N_("folder of a property that the settings do not name"),
    Kind.COMPLETION: N_("script for the Tab key"),
}

_IN_A_FOLDER = frozenset({Kind.OUTBOX, Kind.TRAINING, Kind.CODES, Kind.KEY_FILE, Kind.LOCK, Kind.LOG, Kind.SETTINGS})
"""Files that the program has in a folder of its own."""


def traces_json(traces: Traces, *, dry_run: bool, removed: bool) -> dict[str, Any]:
    """Return the document of `uninstall --json`."""
    return {
        "dry_run": dry_run,
        "removed": removed,
        "properties": [
            {
                "property": loss.property_name,
                "training": loss.training,
                "reports": loss.reports,
                "undelivered": loss.undelivered,
                "drafts": loss.drafts,
                "recovery_code_confirmed": loss.code_confirmed,
                "last_backup_at": None if loss.last_backup is None else instant(loss.last_backup),
            }
            for loss in traces.losses
        ],
        "found": [_trace_value(trace) for trace in traces.found],
        "kept": [_trace_value(trace) for trace in traces.kept],
    }


def _trace_value(trace: Trace) -> dict[str, Any]:
    return {"kind": trace.kind.value, "place": trace.place, "property": trace.property_name or None}


def show_traces(traces: Traces, config: Config) -> None:
    """Show what was found, what is kept, and what would be lost."""
    if not traces.found:
        print_line(_("Nothing of apoa is left on this computer."))
    else:
        print_line(style_bold(_("On this computer:")))
        _show_places(traces.found)
    if traces.kept:
        print_line(style_bold(_("Not removed in any case:")))
        _show_places(traces.kept)
    for loss in traces.losses:
        _show_loss(loss, config)
    for problem in traces.problems:
        show_error(problem)


def _show_places(traces: Sequence[Trace]) -> None:
    """Show a line for each folder with the program's files, and for each other place. Locks there are left out."""
    places: dict[str, list[Trace]] = {}
    for trace in traces:
        folder = str(Path(trace.place).parent) if trace.kind in _IN_A_FOLDER else trace.place
        places.setdefault(folder, []).append(trace)
    for folder, of_place in places.items():
        named = [trace for trace in of_place if trace.kind is not Kind.LOCK] or of_place
        kinds = dict.fromkeys(
            _("settings of {name}").format(name=sanitize(trace.property_name))
            if trace.kind is Kind.SETTINGS and trace.property_name
            else _(KINDS[trace.kind])
            for trace in named
        )
        print_line(f"  {', '.join(kinds)}: {sanitize(named[0].place if len(named) == 1 else folder)}")


def _show_loss(loss: Loss, config: Config) -> None:
    name = sanitize(loss.property_name)
    if loss.training:
        print_line(_("{name} is for training: nothing of it was ever reported.").format(name=name))
        return
    print_line(style_bold(_("What would be lost with {name}:").format(name=name)))
    lines = [f"  {line}" for line in _losses(loss)]
    for line in lines:
        print_line(style_error(line))
    if not lines:
        done = _("The history of reports. All that was reported has reached the authority or was withdrawn.")
        print_line(f"  {done}")
    if loss.last_backup is not None:
        moment = moment_text(loss.last_backup, config.properties[loss.property_name].zone)
        print_line("  " + _("Last backup: {moment}").format(moment=moment))
    elif loss.reports:
        print_line("  " + style_warning(_("No backup of the history is known.")))


def _losses(loss: Loss) -> list[str]:
    if loss.undelivered is None:
        return [_("The reports cannot be read: it is not known whether all were sent.")]
    lines = []
    if loss.undelivered:
        unsent = nmsg(
            "{count} report that is not delivered, and would never be.",
            "{count} reports that are not delivered, and would never be.",
            loss.undelivered,
        )
        lines.append(text(unsent))
    if loss.drafts:
        unfinished = nmsg("{count} unfinished guest.", "{count} unfinished guests.", loss.drafts)
        lines.append(text(unfinished))
    if loss.code_confirmed is False:
        lines.append(_("The key of all backups: the recovery code is not confirmed, and nothing else opens them."))
    return lines
