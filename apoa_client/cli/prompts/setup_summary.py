"""How the conversation of `apoa setup` ends: where reports go from here on, who sends what waits, and what to try."""

import shlex
import shutil
import sys
from collections.abc import Mapping

from apoa_client.app.container import App
from apoa_client.cli.registry import as_typed
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import result, strong, write
from apoa_client.settings.config import Property, load

_EVERY_TEN_MINUTES = "*/10 * * * *"


def say_ending(app: App, house: Property) -> None:
    """Say it for the property that was just set up."""
    ours = load(app.folders.config).default_property == house.name
    if house.training:
        result(_("This is practice: try whatever you like, nothing reaches Immigration."))
    elif house.by_hand:
        result(_("Each report is saved here first. Then type it into APOA with: apoa sync --by-hand"))
    else:
        _say_sending(app.environ, "" if ours else house.name)
    chosen = "" if ours else f" --property {house.name}"
    command = as_typed("report").replace(" ", f"{chosen} ", 1)
    result(_("Try it: {command}").format(command=strong(command)))


def _say_sending(environ: Mapping[str, str], name: str) -> None:
    result(_("A report is sent as soon as it is saved. What could not go out waits, and goes with: apoa sync"))
    if sys.platform != "win32":  # which has no cron
        result(_("Your IT admin can have this computer send it by itself, with this line for cron (README says more):"))
        write(f"  {cron_line(environ, name)}")  # to be copied: never broken


def cron_line(environ: Mapping[str, str], name: str) -> str:
    """The line of a crontab that sends what waits: for the property of this name, or for the default one."""
    home = environ.get("APOA_HOME")
    place = f"APOA_HOME={shlex.quote(home)} " if home else ""
    chosen = ["--property", name] if name else []
    program = shutil.which("apoa", path=environ.get("PATH")) or "apoa"
    command = place + shlex.join([program, *chosen, "sync", "--scheduled"])
    return f"{_EVERY_TEN_MINUTES}  " + command.replace("%", r"\%")  # a bare one ends the command for cron
