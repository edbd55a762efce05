"""Options for the details of a guest and a stay, the same in every command that takes them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from apoa_client.cli.registry import option
from apoa_client.cli.terminal.language import N_
from apoa_client.messages import msg
from apoa_client.report.fields import FIELDS, Field

IDENTIFYING_OPTIONS = frozenset({"surname", "given_names", "document_number"})
"""A caller who gives one of these types the guest's details as options and is not asked for the passport's lines."""

MRZ_BESIDE_A_PHOTO = msg("The lines are read from the photo. Give no --mrz beside it.")
"""The message of the usage error."""

_NEW_CHECK_IN = N_("Check-in: 24/11/2026 19:50, or 19.50 for today; now if it is left out.")
_CHANGED_NIGHTS = N_("Number of nights; +1 for one more than was reported.")
_MRZ = option(
    "--mrz",
    multiple=True,
    metavar="LINE",
    text=N_(
        "The passport's MRZ. - reads its lines from standard input. A line given here is visible to other accounts, "
        "and stays in the shell's history."
    ),
)


def _options(fields: Iterable[Field], **texts: str) -> list[Callable[..., Any]]:
    """Return the options of fields, with these texts of some in place of their own."""
    return [
        option(
            f"--{item.name.replace('_', '-')}",
            metavar="CODE" if item.type == "permit" else None,
            text=texts.get(item.name, item.option.template),
        )
        for item in fields
        if item.type != "mrz"
    ]


def guest_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options of a guest's details. The value of an option that is not given is None."""
    return _declared(function, _options(item for item in FIELDS if item.of_guest))


def new_report_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options of a new report: the MRZ, the guest's details, the stay's."""
    return _declared(function, [_MRZ, *_options(FIELDS, check_in=_NEW_CHECK_IN)])


def changed_report_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the same options for a correction: a value that is not given stays as it was reported."""
    return _declared(function, [_MRZ, *_options(FIELDS, nights=_CHANGED_NIGHTS)])


def _declared(function: Callable[..., Any], options: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    for declare in reversed(options):  # the last one that is declared comes first in the help
        function = declare(function)
    return function
