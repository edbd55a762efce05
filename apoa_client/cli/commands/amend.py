"""`apoa amend` and `apoa fix`: what was reported is put right, before or after the authority complains.

Both begin with what the last report said, and send the whole again: that can be read only with the key.
"""

from collections.abc import Sequence
from typing import Any

import click

from apoa_client.cli.commands.guest_options import changed_report_options, mrz_lines_given
from apoa_client.cli.prompts.finish_change import ChangeCommand, change_options
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_


@command(
    "amend", N_("Correct what was reported of a guest or a stay."), "apoa amend 2e8b11aa --room 8 --reason 'moved'"
)
@click.argument("reference", metavar="ID")
@option("--reason", text=N_("Why, for the authority; not needed for what never left."))
@changed_report_options
@change_options
@click.pass_obj
def amend(session: Session, /, *, reference: str, reason: str | None, **options: Any) -> None:  # noqa: ANN401  click's
    """Take the options apart, and correct the stay."""
    from apoa_client.cli.prompts.amend_stay import AmendConversation  # help needs none of it

    wishes, given = _apart(options)
    AmendConversation(ChangeCommand(session, **wishes), **given).amend(reference, reason)


@command("fix", N_("Correct a report that the authority refused."), "apoa fix 2e8b11aa --document-number X1234567")
@click.argument("reference", metavar="ID")
@option("--at", metavar="TIME", text=N_("When they left, for a check-out that was refused."))
@option("--reason", text=N_("Another reason, for a correction or cancellation that was refused."))
@changed_report_options
@change_options
@click.pass_obj
def fix(session: Session, /, *, reference: str, at: str | None, reason: str | None, **options: Any) -> None:  # noqa: ANN401  click's
    """Take the options apart, and mend the refused report."""
    from apoa_client.cli.prompts.fix_report import FixConversation  # as above

    wishes, given = _apart(options)
    FixConversation(ChangeCommand(session, **wishes), **given).fix(reference, at, reason)


def _apart(options: dict[str, Any]) -> tuple[dict[str, bool], dict[str, Any]]:
    """The options of the ending; and what was typed, the lines, and whether a wrong check digit is accepted."""
    wishes = {name: options.pop(name) for name in ("yes", "no_send", "as_json")}
    mrz: Sequence[str] = options.pop("mrz")
    accept = options.pop("accept_check_digit")
    typed = {name: given for name, given in options.items() if given is not None}
    return wishes, {"typed": typed, "lines": mrz_lines_given(mrz), "accept_check_digit": accept}
