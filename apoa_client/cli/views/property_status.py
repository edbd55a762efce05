"""Where a property stands, as every status begins and ends: which it is, whether it sends, its last contact, its clock.

Light, because `apoa status` loads it.
"""

from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import bad, careful, clean, result, strong
from apoa_client.cli.views.labels import moment_text, skew_text
from apoa_client.ports import Stop, Summary
from apoa_client.report.deadline import CLOCK_TOLERANCE
from apoa_client.settings.config import Property

_ENVIRONMENTS = {
    "training": N_("training, nothing reaches Immigration"),
    "production": N_("live"),
    "": N_("the connection was never tested: apoa login"),
}


def stop_of(house: Property, summary: Summary) -> Stop | None:
    """Why nothing is sent; None where it is, also because the settings changed since."""
    return summary.stop if summary.stop is not None and summary.stop.settings == house.fingerprint else None


def say_which(house: Property, summary: Summary) -> None:
    """The property, what its reports are, and that its sending has stopped."""
    result(strong(clean(house.name)) + f"  ({_environment(house)})")
    stop = stop_of(house, summary)
    if stop is not None:
        since = moment_text(stop.since, house.zone)
        result(bad(_("SENDING HAS STOPPED since {since}: the authority refused the login.").format(since=since)))
        result(_("Start it again with: apoa login"))


def say_contact(house: Property, summary: Summary) -> None:
    """When the authority last answered, where there is one, and by how much this computer's clock is wrong."""
    contact = summary.last_contact_at
    said = moment_text(contact, house.zone) if contact is not None else _("never yet")
    if contact is not None or not house.by_hand:
        result(_("Last contact with the authority: {moment}").format(moment=said))
    if summary.clock_skew is not None and abs(summary.clock_skew) > CLOCK_TOLERANCE:
        result(careful(skew_text(summary.clock_skew)))


def _environment(house: Property) -> str:
    """What the house's reports are: live, training, or typed by people, whom nobody asks about a connection."""
    return _("by hand: reports are typed into APOA") if house.by_hand else _(_ENVIRONMENTS[house.environment])
