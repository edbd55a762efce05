"""A guest's details as options, the same in every command that takes them."""

from collections.abc import Callable
from typing import Any

from apoa_client.cli.base import option
from apoa_client.cli.language import N_

_DETAILS = (
    option("--surname", text=N_("Surname; empty for a guest with a single name.")),
    option("--given-names", text=N_("Given names.")),
    option("--document-number", text=N_("Passport number.")),
    option("--nationality", text=N_("Nationality: the country's name or its three letters.")),
    option("--issuing-state", text=N_("State that issued the passport, if it is not the nationality.")),
    option("--birth-date", text=N_("Date of birth, 1985-09-12 or 12/09/1985; the year alone if no more is known.")),
    option("--sex", text=N_("L (male), P (female) or X.")),
    option("--expiry-date", text=N_("Passport expiry, 2030-03-30 or 30/03/2030.")),
    option("--birth-place", text=N_("Place of birth, from the passport's page; - if it is not stated.")),
    option("--stay-permit", metavar="CODE", text=N_("Visa or stay permit, such as B1 or C1.")),
    option("--stay-permit-number", text=N_("Number of the visa or stay permit.")),
    option("--stay-until", text=N_("The stay permit ends on this date.")),
    option("--entry-date", text=N_("Date of entry to Indonesia.")),
    option("--phone", text=N_("Phone.")),
    option("--email", text=N_("E-mail.")),
)


def guest_details(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options of a guest's details, each None where it is not given, in the order of the table."""
    for declare in reversed(_DETAILS):
        function = declare(function)
    return function
