"""Whether the recovery code is safe on paper: a person typed it back once since the property has its present key."""

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_line, style_warning
from apoa_client.ports.state import Summary
from apoa_client.settings.config import PropertySettings


def show_code_reminder(settings: PropertySettings, summary: Summary) -> None:
    """Remind of the recovery code, unless it is confirmed or not needed."""
    if settings.is_code_confirmed(summary.code_confirmed_for) is False:
        for line in unconfirmed_code_lines():
            print_line(line)


def unconfirmed_code_lines() -> list[str]:
    """Return that the recovery code is not confirmed, and what to do."""
    return [
        style_warning(
            _("The recovery code is not confirmed: if this computer breaks, nothing else opens the saved reports.")
        ),
        _("Is it on paper? Type it back once: apoa key recover"),
        _("If not, make a new one: apoa key rotate"),
    ]
