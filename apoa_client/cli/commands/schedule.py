"""`apoa schedule`: the group of commands for automatic sending, with `show` and `remove`."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

import click

from apoa_client.app.container import Container
from apoa_client.app.scheduling import Installation, Wish, find_schedule, installed, plan
from apoa_client.app.scheduling import install as install_schedule
from apoa_client.app.scheduling import remove as remove_schedule
from apoa_client.cli.registry import CommandGroup, FileName, flag, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import quote_words
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_done,
    print_error_line,
    print_json,
    print_line,
    print_warning,
    sanitize,
    write,
)
from apoa_client.cli.views.schedule import schedule_value, show_installed, show_schedule
from apoa_client.errors import SettingsProblem, UsageProblem
from apoa_client.files import full_path
from apoa_client.messages import msg
from apoa_client.schedule.interface import AUTO, DAY, DEFAULT_EVERY_S, HOUR, INTERVALS, KINDS, MINUTE, SYSTEMD, Plan
from apoa_client.settings.config import PropertySettings, nothing_set_up

schedule = CommandGroup(
    "schedule", N_("Automatic sending: let this computer send what waits, at intervals."), "apoa schedule install"
)


_UNITS = {"m": MINUTE, "min": MINUTE, "menit": MINUTE, "h": HOUR, "j": HOUR, "jam": HOUR, "d": DAY, "hari": DAY}


@schedule.subcommand(
    "install",
    N_("Let this computer send what waits automatically. Run it again to change it."),
    "apoa schedule install --every 15m",
)
@option(
    "--every", metavar="INTERVAL", text=N_("How often: from 1m to 24h, such as 5m, 15m or 1h. [as installed, or 15m]")
)
@option(
    "--kind",
    type=click.Choice((AUTO, *KINDS)),
    default=AUTO,
    text=N_("What starts the program: the best that this computer has, or one by name."),
)
@option("--backup", "folder", metavar="DIR", type=FileName, text=N_("Also write a backup into this folder once a day."))
@option(
    "--import",
    "imported",
    metavar="DIR",
    type=FileName,
    text=N_("Also import the tables that another program puts into this folder."),
)
@option("--map", "mapping", metavar="NAME|FILE", text=N_("With --import: the columns' fields, as for apoa import."))
@flag("--follow", text=N_("Keep a service running that sends at once (systemd only)."))
@flag("--print", "only_print", text=N_("Change nothing: print what would be installed."))
@json_option
def install(session: Session, /, *, every: str | None, kind: str, **flags: Any) -> None:  # noqa: ANN401  click's
    """Install or update the schedule of this home, or with `--property` of one property."""
    session.may_ask = False  # the schedule serves all properties: none is to be chosen
    app, follow = session.app, flags["follow"]
    if every is not None and follow:
        raise UsageProblem(
            msg("With --follow the service sends at once: it has no interval."), msg("Leave out --every or --follow.")
        )
    every_s = None if every is None else parse_interval(every)
    nothing_yet = flags["only_print"] and not app.config.properties  # for an image, in which set-up comes later
    if not app.config.properties and not nothing_yet:
        raise nothing_set_up()
    properties = [app.settings] if session.property_name and not nothing_yet else list(app.config.properties.values())
    backup, imported = _full_path(flags["folder"]), _full_path(flags["imported"])
    mapping = _checked_mapping(app, flags["mapping"], properties, imported)
    wish = Wish(kind, every_s or DEFAULT_EVERY_S, session.property_name, follow=follow)
    if every_s is None and not follow:
        wish = _as_installed(app, wish)
    if flags["only_print"]:
        _print_plan(session, *plan(app, wish))
        return
    installation = install_schedule(app, wish)
    for settings in properties:
        changed = settings if backup is None else settings._replace(backup_folder=str(backup))
        if imported is not None:
            changed = changed._replace(import_folder=str(imported), import_map=mapping)
        if changed != settings:
            app.save_settings(changed, settings)
    _show(session, installation, backup, imported)


def _full_path(folder: str | None) -> Path | None:
    return None if folder is None else full_path(Path(folder).expanduser())


def _checked_mapping(
    app: Container, mapping: str | None, properties: Sequence[PropertySettings], imported: Path | None
) -> str:
    """Return the mapping for the imports, a file with its full path. Raises `UsageProblem` for what cannot be kept."""
    if imported is not None and len(properties) > 1:
        raise UsageProblem(
            msg("The guests of a folder belong to one property."),
            msg("Name it: apoa --property NAME schedule install --import DIR"),
        )
    if mapping is None:
        return ""
    if imported is None:
        raise UsageProblem(msg("--map is about the tables of --import."), msg("Give --import with it."))
    from apoa_client.tables.headings import find_mapping  # for this option alone

    find_mapping(mapping, app.config)
    return str(full_path(Path(mapping).expanduser())) if mapping.casefold().endswith(".toml") else mapping


def _as_installed(app: Container, wish: Wish) -> Wish:
    """Return the wish with the interval or the service that is installed, if there is one: only the rest changes."""
    name = wish.property_name
    with suppress(SettingsProblem):  # the installation itself says why the system does not answer
        for found in installed(app, [name] if name else [], of_home=not name):
            if found.follow:
                return wish._replace(follow=wish.kind in {AUTO, SYSTEMD})
            if found.every_s in INTERVALS:
                return wish._replace(every_s=found.every_s)
    return wish


def _show(session: Session, installation: Installation, backup: Path | None, imported: Path | None) -> None:
    app = session.app
    found = find_schedule(app, session.property_name)
    if session.json:
        notes = [] if found is None else [found.scheduler.note()]
        value = {"change": installation.change.value, **schedule_value(found, _zone(app))}
        print_json({**value, "notes": [text(note) for note in (*notes, *installation.notes)]})
        return
    show_installed(installation)
    if found is not None:
        show_schedule(found, _zone(app))
    if backup is not None:
        print_line(_("A backup is written once a day into: {folder}").format(folder=sanitize(str(backup))))
        if not backup.is_dir():
            print_warning(_("This folder is not there now. The first run that finds it writes one."))
    if imported is not None:
        print_line(_("Tables are imported at each run from: {folder}").format(folder=sanitize(str(imported))))
        if not imported.is_dir():
            print_warning(_("This folder is not there now. Make it, and its files are imported."))
    for note in installation.notes:
        print_error_line(text(note))


def parse_interval(given: str) -> int:
    """Return the seconds of an interval such as 15m or 1h. Raises `UsageProblem` for what no schedule can keep."""
    found = re.fullmatch(r"\s*([0-9]{1,6})\s*([a-z]+)\s*", given, re.ASCII | re.IGNORECASE)
    unit = _UNITS.get(found[2].lower()) if found is not None else None
    if found is None or unit is None:
        raise UsageProblem(
            msg("{interval} is no interval.", interval=repr(given)),
            msg("Give minutes or hours with their unit, such as: --every 15m"),
        )
    seconds = int(found[1]) * unit
    if seconds not in INTERVALS:
        raise UsageProblem(
            msg("No schedule can keep this interval: {interval}", interval=repr(given)),
            msg("It must divide an hour or a day, such as: --every 15m or --every 4h"),
        )
    return seconds


def _zone(app: Container) -> tzinfo:
    """Return the time zone of the property, or of the first one, in which times are shown."""
    with suppress(SettingsProblem):  # nothing is set up, or none of several is chosen
        return app.settings.zone
    with suppress(SettingsProblem):
        return next((each.zone for each in app.config.properties.values()), UTC)
    return UTC


def _print_plan(session: Session, kind: str, planned: Plan) -> None:
    """Print the files, lines and commands word for word: they are to be copied, so they are never wrapped."""
    commands = [list(words) for words in planned.commands]
    if session.json:
        files = [{"path": path, "text": content} for path, content in planned.files]
        print_json({"kind": kind, "files": files, "lines": list(planned.lines), "commands": commands})
        return
    for path, content in planned.files:
        write(f"# {path}\n{content}")
    for line in planned.lines:
        write(line)
    for words in commands:
        write(f"$ {quote_words(words)}")


@schedule.subcommand("show", N_("Show whether reports are sent automatically, and when next."), "apoa schedule show")
@json_option
def show(session: Session) -> None:
    """Show the schedule of this home or property, its next run, and how the last one ended."""
    session.may_ask = False  # the schedule serves all properties: none is to be chosen
    found = find_schedule(session.app, session.property_name)
    if session.json:
        print_json(schedule_value(found, _zone(session.app)))
    elif found is None:
        print_line(_("No schedule is installed: nothing is sent automatically."))
        print_line(_("Install one with: apoa schedule install"))
    else:
        show_schedule(found, _zone(session.app))


@schedule.subcommand("remove", N_("Stop automatic sending. What waits stays in the queue."), "apoa schedule remove")
@json_option
def remove(session: Session) -> None:
    """Remove the schedule. It is no error if there is none."""
    session.may_ask = False
    removed = remove_schedule(session.app, session.property_name)
    if session.json:
        print_json({"removed": removed})
    elif removed and find_schedule(session.app, session.property_name) is not None:
        print_done(_("The schedule of this property is removed; the one for all properties still sends."))
    elif removed:
        print_done(_("The schedule is removed: nothing is sent automatically any more."))
        print_line(_("Send what waits with: apoa sync"))
    else:
        print_line(_("No schedule is installed: nothing is sent automatically."))
