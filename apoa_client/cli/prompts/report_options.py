"""The options of `apoa report` that do not describe the guest."""

from typing import NamedTuple


class ReportOptions(NamedTuple):
    """The options of one call of `apoa report`, without those that describe the guest."""

    yes: bool
    dry_run: bool
    no_send: bool
    accept_check_digit: bool
    again: bool = False
    """Report the guest although another report covers the same nights."""
