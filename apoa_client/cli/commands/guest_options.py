"""Options for the details of a guest and a stay, the same in every command that takes them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from apoa_client.cli.registry import option
from apoa_client.cli.terminal.input import standard_input
from apoa_client.cli.terminal.language import N_
from apoa_client.messages import msg

_GUEST = (
    option("--surname", text=N_("Surname; the whole name where there is only one.")),
    option("--given-names", text=N_("Given names.")),
    option("--document-number", text=N_("Passport number.")),
    option("--nationality", text=N_("Nationality: the country's name or its three letters.")),
    option("--issuing-state", text=N_("State that issued the passport, if it is not the nationality.")),
    option("--birth-date", text=N_("Date of birth, day first: 12/9/1985; the year alone if no more is known.")),
    option("--sex", text=N_("L (male), P (female) or X.")),
    option("--expiry-date", text=N_("Passport expiry, day first: 30/3/2030.")),
    option("--birth-place", text=N_("Place of birth, from the passport's page; - if it is not stated.")),
    option("--stay-permit", metavar="CODE", text=N_("Visa or stay permit, such as B1 or C1.")),
    option("--stay-permit-number", text=N_("Number of the visa or stay permit.")),
    option("--stay-until", text=N_("The stay permit ends on this date, such as 24/12/2026.")),
    option("--entry-date", text=N_("Date of entry to Indonesia, such as 24/11 or 24/11/2026.")),
    option("--phone", text=N_("Phone.")),
    option("--email", text=N_("E-mail.")),
)
IDENTIFYING_OPTIONS = frozenset({"surname", "given_names", "document_number"})
"""A caller who gives one of these types the guest's details as options and is not asked for the passport's lines."""

MRZ_BESIDE_A_PHOTO = msg("The lines are read from the photo. Give no --mrz beside it.")
"""The message of the usage error."""

_NEW_CHECK_IN = option("--check-in", text=N_("Check-in: 24/11/2026 19:50, or 19.50 for today; now if it is left out."))
_CHECK_IN = option("--check-in", text=N_("Check-in: 24/11/2026 19:50, or 19.50 for today."))
_NEW_NIGHTS = option("--nights", text=N_("Number of nights."))
_NIGHTS = option("--nights", text=N_("Number of nights; +1 for one more than was reported."))
_STAY = (
    option("--planned-check-out", text=N_("Planned check-out, in place of the nights: 27/11, tomorrow or +3.")),
    option("--room", text=N_("Room.")),
    option("--purpose", text=N_("Purpose: tourism (wisata), business (bisnis), family (keluarga), ...")),
    option("--note", text=N_("Note that is sent with the report.")),
    option(
        "--accept-check-digit",
        is_flag=True,
        text=N_("Accept the MRZ although a check digit does not fit. Compare it with the passport first."),
    ),
)
_MRZ = option(
    "--mrz",
    multiple=True,
    metavar="LINE",
    text=N_(
        "The passport's MRZ. - reads its lines from standard input. A line given here is visible to other accounts, "
        "and stays in the shell's history."
    ),
)


def guest_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options of a guest's details. The value of an option that is not given is None."""
    return _declared(function, _GUEST)


def new_report_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options of a new report: the MRZ, the guest's details, the stay's."""
    return _declared(function, (_MRZ, *_GUEST, _NEW_CHECK_IN, _NEW_NIGHTS, *_STAY))


def changed_report_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the same options for a correction: a value that is not given stays as it was reported."""
    return _declared(function, (_MRZ, *_GUEST, _CHECK_IN, _NIGHTS, *_STAY))


def _declared(function: Callable[..., Any], options: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    for declare in reversed(options):  # the last one that is declared comes first in the help
        function = declare(function)
    return function


class GivenDetails(NamedTuple):
    """What `new_report_options` or `changed_report_options` read."""

    typed: dict[str, str]
    lines: list[str]
    accept_check_digit: bool


def given_details(mrz: Sequence[str], *, accept_check_digit: bool, **details: str | None) -> GivenDetails:
    """Return the options that were given. ``--mrz -`` reads the lines from standard input."""
    lines = standard_input().splitlines() if tuple(mrz) == ("-",) else mrz
    typed = {name: value for name, value in details.items() if value is not None}
    return GivenDetails(typed, [line for line in lines if line.strip()], accept_check_digit)
