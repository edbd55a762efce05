"""What a call of `apoa report` asks for besides the guest."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What the options say of how to go about it."""

    yes: bool
    dry_run: bool
    no_send: bool
    accept_check_digit: bool
    json: bool
    again: bool = False
    """Report the guest although another report covers the same nights."""
