"""Where a property stands, as every status begins and ends: which it is, whether it sends, its last contact, its clock.

Light, because `apoa status` loads it.
"""

from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_line, sanitize, style_bold, style_error, style_warning
from apoa_client.cli.views.labels import clock_skew_text, moment_text
from apoa_client.ports import Summary, Suspension
from apoa_client.report.deadline import CLOCK_TOLERANCE
from apoa_client.settings.config import PropertySettings

_ENVIRONMENTS = {
    "training": N_("training, nothing reaches Immigration"),
    "production": N_("live"),
    "": N_("the connection was never tested: apoa login"),
}


def current_suspension(settings: PropertySettings, summary: Summary) -> Suspension | None:
    """Why nothing is sent; None where it is, also because the settings changed since."""
    return summary.stop if summary.stop is not None and summary.stop.settings == settings.fingerprint else None


def show_property(settings: PropertySettings, summary: Summary) -> None:
    """The property, what its reports are, and that its sending has stopped."""
    print_line(style_bold(sanitize(settings.name)) + f"  ({_environment(settings)})")
    stop = current_suspension(settings, summary)
    if stop is not None:
        since = moment_text(stop.since, settings.zone)
        print_line(
            style_error(_("SENDING HAS STOPPED since {since}: the authority refused the login.").format(since=since))
        )
        print_line(_("Start it again with: apoa login"))


def show_last_contact(settings: PropertySettings, summary: Summary) -> None:
    """When the authority last answered, where there is one, and by how much this computer's clock is wrong."""
    contact = summary.last_contact_at
    said = moment_text(contact, settings.zone) if contact is not None else _("never yet")
    if contact is not None or not settings.by_hand:
        print_line(_("Last contact with the authority: {moment}").format(moment=said))
    if summary.clock_skew is not None and abs(summary.clock_skew) > CLOCK_TOLERANCE:
        print_line(style_warning(clock_skew_text(summary.clock_skew)))


def _environment(settings: PropertySettings) -> str:
    """What the house's reports are: live, training, or typed by people, whom nobody asks about a connection."""
    return _("by hand: reports are typed into APOA") if settings.by_hand else _(_ENVIRONMENTS[settings.environment])
