"""How the conversation of `apoa setup` ends: where reports go from here on, who sends what waits, and what to try."""

import shlex
import shutil
import sys
from collections.abc import Mapping

from apoa_client.app.container import Container
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_line, style_bold, write
from apoa_client.settings.config import PropertySettings, load

_EVERY_TEN_MINUTES = "*/10 * * * *"


def show_next_steps(app: Container, settings: PropertySettings) -> None:
    """Say it for the property that was just set up."""
    ours = load(app.folders.config).default_property == settings.name
    if settings.uses_sandbox:
        print_line(_("This is practice: try whatever you like, nothing reaches Immigration."))
    elif settings.by_hand:
        print_line(_("Each report is saved here first. Then type it into APOA with: apoa sync --by-hand"))
    else:
        _say_sending(app.environ, "" if ours else settings.name)
    chosen = "" if ours else f" --property {settings.name}"
    command = localized_command("report").replace(" ", f"{chosen} ", 1)
    print_line(_("Try it: {command}").format(command=style_bold(command)))


def _say_sending(environ: Mapping[str, str], name: str) -> None:
    print_line(_("A report is sent as soon as it is saved. What could not go out waits, and goes with: apoa sync"))
    if sys.platform != "win32":  # which has no cron
        print_line(
            _("Your IT admin can have this computer send it by itself, with this line for cron (README says more):")
        )
        write(f"  {cron_line(environ, name)}")  # to be copied: never broken


def cron_line(environ: Mapping[str, str], name: str) -> str:
    """The line of a crontab that sends what waits: for the property of this name, or for the default one."""
    home = environ.get("APOA_HOME")
    place = f"APOA_HOME={shlex.quote(home)} " if home else ""
    chosen = ["--property", name] if name else []
    program = shutil.which("apoa", path=environ.get("PATH")) or "apoa"
    command = place + shlex.join([program, *chosen, "sync", "--scheduled"])
    return f"{_EVERY_TEN_MINUTES}  " + command.replace("%", r"\%")  # a bare one ends the command for cron
