"""The end of `apoa setup`: where reports go, how waiting reports are sent, and a command to try."""

from apoa_client.app.container import Container
from apoa_client.cli.prompts.setup_schedule import offer_schedule
from apoa_client.cli.terminal.command_names import localized_command, localized_option
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_line, style_bold
from apoa_client.settings.config import PropertySettings


def show_next_steps(app: Container, settings: PropertySettings, schedule: str | None) -> None:
    """Show the next steps for a property that was just set up. `schedule` is what `--schedule` says about sending."""
    show_how_to_choose(app, settings)
    if settings.uses_sandbox:
        print_line(_("This is practice: try whatever you like, nothing reaches Immigration."))
    elif settings.by_hand:
        print_line(_("Each report is saved here first. Then type it into APOA with: apoa sync --by-hand"))
    else:
        print_line(_("A report is sent as soon as it is saved. What could not be sent waits; send it with: apoa sync"))
        if schedule is None:
            offer_schedule(app)
    print_line(_("Try it: {command}").format(command=style_bold(report_command(app, settings))))


def show_how_to_choose(app: Container, settings: PropertySettings) -> None:
    """Show how a command is given for this property, if there are several."""
    count = len(app.saved_config().names)
    if count > 1:
        line = _("{count} properties are set up here. For this one: {command}")
        print_line(line.format(count=count, command=style_bold(report_command(app, settings))))
        print_line(_("In a window for one property alone, set APOA_PROPERTY. All at once: apoa sync --all"))


def report_command(app: Container, settings: PropertySettings) -> str:
    """Return the command that reports a guest of this property."""
    is_default = app.saved_config().default_property == settings.name
    option = "" if is_default else f" {localized_option('--property')} {settings.name}"
    return localized_command("report").replace(" ", f"{option} ", 1)
