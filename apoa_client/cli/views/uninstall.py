"""What `apoa uninstall` shows: what is on the computer, what would be lost with it, and how the program is removed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apoa_client.app.uninstall import Kind, Loss, Trace, Traces
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_line, sanitize, style_bold, style_error, style_warning
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import moment_text
from apoa_client.messages import nmsg
from apoa_client.report.kinds import instant
from apoa_client.settings.config import Config

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
