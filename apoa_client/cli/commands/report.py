"""`apoa report`: report a guest's arrival."""

from pathlib import Path
from typing import Any

import click

from apoa_client.cli.commands.guest_options import (
    IDENTIFYING_OPTIONS,
    GivenDetails,
    given_details,
    new_report_options,
)
from apoa_client.cli.prompts.not_saved import warn_if_not_saved
from apoa_client.cli.prompts.report_options import ReportOptions
from apoa_client.cli.registry import command, json_option, no_send_option, option, yes_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg

_EXAMPLE = "apoa report --nights 2 --room 7"


@command("report", N_("Report a guest's arrival: read the passport, check it, save it, send it."), _EXAMPLE)
@new_report_options
@option(
    "--input",
    "input_file",
    metavar="FILE",
    text=N_("For programs: one report in the contract's JSON, from this file; - for standard input."),
)
@option(
    "--photo",
    type=click.Path(path_type=Path),
    metavar="FILE",
    text=N_("Read the MRZ from this photo of the passport's page, on this computer."),
)
@option(
    "--delete-original",
    is_flag=True,
    text=N_("Offer to delete the file of --photo once the report is saved; with --yes delete it."),
)
@option("--again", is_flag=True, text=N_("Report the guest although they seem to be reported already."))
@yes_option
@option("--dry-run", is_flag=True, text=N_("Check only, with the authority if it can be reached; save nothing."))
@no_send_option
@json_option
@click.pass_obj
def report(
    session: Session,
    /,
    *,
    input_file: str | None,
    photo: Path | None,
    delete_original: bool,
    **details: Any,  # noqa: ANN401  click's
) -> None:
    """Report the guest from the options, or ask question by question if nothing identifies the guest."""
    yes, dry_run, no_send, again = (details.pop(name) for name in ("yes", "dry_run", "no_send", "again"))
    if delete_original and photo is None:
        raise UsageProblem(msg("--delete-original deletes the file of --photo. Give both."))
    if photo is not None and input_file is not None:
        raise UsageProblem(msg("Give either --photo or --input."))
    given = given_details(**details)
    if input_file is not None:
        from apoa_client.cli.commands.report_input import with_input  # for programs

        given = with_input(given, input_file)
    options = ReportOptions(yes, dry_run, no_send, given.accept_check_digit, again)
    with warn_if_not_saved():
        session.app.ask(lambda each: each.outbox)
        if photo is not None:
            from apoa_client.cli.commands import report_photo  # its libraries are an extra

            if report_photo.report_photo(session, options, given, photo) and delete_original:
                report_photo.delete_original(session, photo, yes=yes)
        elif session.interactive and not (input_file is not None or _identify_a_guest(given)):
            from apoa_client.cli.prompts.report_guests import GuestConversation  # asks a user

            GuestConversation(session, options).run(given.typed)
        else:
            from apoa_client.cli.commands.report_from_options import report_from_options

            report_from_options(session, options, given)


def _identify_a_guest(given: GivenDetails) -> bool:
    return bool(given.lines or IDENTIFYING_OPTIONS & given.typed.keys())
