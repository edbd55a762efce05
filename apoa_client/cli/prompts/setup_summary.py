"""The end of `apoa setup`: where reports go, how waiting reports are sent, and a command to try."""

import os
import shlex
from collections.abc import Mapping

from apoa_client.app.container import Container
from apoa_client.cli.terminal.command_names import localized_command, localized_option
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_line, style_bold, write
from apoa_client.cli.terminal.quoting import quote_words
from apoa_client.installation import own_command
from apoa_client.settings.config import PropertySettings

_EVERY_MINUTES = 10
_ON_WINDOWS = os.name == "nt"


def show_next_steps(app: Container, settings: PropertySettings) -> None:
    """Show the next steps for a property that was just set up."""
    is_default = app.saved_config().default_property == settings.name
    if settings.uses_sandbox:
        print_line(_("This is practice: try whatever you like, nothing reaches Immigration."))
    elif settings.by_hand:
        print_line(_("Each report is saved here first. Then type it into APOA with: apoa sync --by-hand"))
    else:
        print_line(_("A report is sent as soon as it is saved. What could not be sent waits; send it with: apoa sync"))
        _show_automatic_sending(app.environ, "" if is_default else settings.name)
    option = "" if is_default else f" {localized_option('--property')} {settings.name}"
    command = localized_command("report").replace(" ", f"{option} ", 1)
    print_line(_("Try it: {command}").format(command=style_bold(command)))


def _show_automatic_sending(environ: Mapping[str, str], name: str) -> None:
    """Show how the system sends what waits. The lines are to be copied, so they are never wrapped."""
    if _ON_WINDOWS:
        print_line(_("Your IT admin can make this computer send automatically. Type this in a command prompt:"))
        for line in task_lines(environ, name):
            write(f"  {line}")
    else:
        print_line(_("Your IT admin can make this computer send automatically, with this line for cron (see README):"))
        write(f"  {cron_line(environ, name)}")


def task_lines(environ: Mapping[str, str], name: str) -> list[str]:
    """Return the commands that make a task of Windows' Task Scheduler; `name` as in `cron_line`.

    `schtasks` reads single quotes inside its double quotes as double quotes, and both cmd and PowerShell pass them on.
    A task has the variables of the account, not those of a window.
    """
    program, *words = own_command()
    quote = "'" if "'" not in program else r"\""
    words += [*_property_option(name), "sync", "--scheduled"]
    task = f"apoa-{name}" if name else "apoa"
    home = environ.get("APOA_HOME")
    variable = [quote_words(["setx", "APOA_HOME", home], windows=True)] if home else []
    run = " ".join([f"{quote}{program}{quote}", *words])
    return [*variable, f'schtasks /Create /F /TN {task} /SC MINUTE /MO {_EVERY_MINUTES} /TR "{run}"']


def _property_option(name: str) -> list[str]:
    return ["--property", name] if name else []


def cron_line(environ: Mapping[str, str], name: str) -> str:
    """Return the crontab line that sends waiting reports of the property `name`, or of the default one if empty."""
    home = environ.get("APOA_HOME")
    variable = f"APOA_HOME={shlex.quote(home)} " if home else ""
    command = variable + shlex.join([*own_command(), *_property_option(name), "sync", "--scheduled"])
    return f"*/{_EVERY_MINUTES} * * * *  " + command.replace("%", r"\%")  # cron ends a command at an unescaped %
