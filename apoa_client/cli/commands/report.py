"""`apoa report`: a guest's arrival, the main job."""

from collections.abc import Sequence
from typing import Any

import click

from apoa_client.cli.commands.guest_options import IDENTIFYING_OPTIONS, mrz_lines_given, new_report_options
from apoa_client.cli.prompts.report_options import ReportOptions
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_

_EXAMPLE = (
    "apoa report --mrz 'P<GBRSMITH<<JANE<<<<...' --mrz '9250764733GBR8509129F3003301<<...'"
    " --birth-place LONDON --nights 2 --room 7"
)


@command("report", N_("Report a guest's arrival: read the passport, check it, save it, send it."), _EXAMPLE)
@new_report_options
@option("--again", is_flag=True, text=N_("Report the guest although they seem to be reported already."))
@option("--yes", is_flag=True, text=N_("Ask for no confirmation."))
@option("--dry-run", is_flag=True, text=N_("Check only; save and send nothing."))
@option("--no-send", is_flag=True, text=N_("Save only; send later with: apoa sync"))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def report(session: Session, /, *, mrz: Sequence[str], as_json: bool, **options: Any) -> None:  # noqa: ANN401  click's
    """Take the options apart: what is wished for, and what was typed."""
    session.json = as_json
    names = ("yes", "dry_run", "no_send", "accept_check_digit", "again")
    wishes = ReportOptions(**{name: options.pop(name) for name in names}, json=as_json)
    typed = {name: text for name, text in options.items() if text is not None}
    lines = mrz_lines_given(mrz)
    if session.terminal and not as_json and not lines and not IDENTIFYING_OPTIONS & typed.keys():
        from apoa_client.cli.prompts.report_guests import GuestConversation  # only for a person

        GuestConversation(session, wishes).run(typed)
    else:
        from apoa_client.cli.commands.report_from_options import ReportFromOptions

        ReportFromOptions(session, wishes).receive(typed, lines)
