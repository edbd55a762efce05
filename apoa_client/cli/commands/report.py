"""`apoa report`: report a guest's arrival, from questions, options, a photo or a JSON document.

Without details of the guest, `apoa_client.cli.prompts.report_guests` asks one question at a time; options are read and
checked here, and a user is asked only for what is missing.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apoa_client.cli.commands.guest_options import IDENTIFYING_OPTIONS, new_report_options
from apoa_client.cli.prompts.save_and_send import (
    GivenDetails,
    ReportOptions,
    SaveAndSend,
    SavedReport,
    given_details,
    show_checked,
    warn_if_not_saved,
)
from apoa_client.cli.registry import command, flag, json_option, no_send_option, option, path_option, yes_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import (
    MAX_INPUT_BYTES,
    READING_S,
    check_input_size,
    confirm,
    discard_typed_ahead,
    standard_input,
)
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_error_line
from apoa_client.cli.views.findings import show_warnings
from apoa_client.desk.arrivals import ReportedBefore, compose_group
from apoa_client.errors import DataRefused, UsageProblem, file_unreadable
from apoa_client.messages import msg
from apoa_client.report.parse_fields import Draft
from apoa_client.report.rules import Examination, in_form_order
from apoa_client.texts import decode_text

_EXAMPLE = "apoa report --nights 2 --room 7"
_STDIN = "-"


@command("report", N_("Report a guest's arrival: read the passport, check it, save it, send it."), _EXAMPLE)
@new_report_options
@option(
    "--input",
    "input_file",
    metavar="FILE",
    text=N_("For programs: one report in the contract's JSON, from this file; - for standard input."),
)
@path_option(
    "--photo",
    "photos",
    multiple=True,
    text=N_("Read the MRZ from a photo of the passport's page, on this computer. Several photos are a group."),
)
@path_option(
    "--photo-from",
    "photo_folder",
    metavar="FOLDER",
    text=N_("Take each new photo in this folder, to which a phone sends them, as the next guest, until Ctrl-C."),
)
@flag("--again", text=N_("Report the guest although they seem to be reported already."))
@yes_option
@flag("--dry-run", text=N_("Check only, with the authority if it can be reached; save nothing."))
@no_send_option
@json_option
def report(
    session: Session,
    /,
    *,
    input_file: str | None,
    photos: Sequence[Path],
    photo_folder: Path | None,
    **details: Any,  # noqa: ANN401  click's
) -> None:
    """Report the guest from the options, or ask question by question if nothing identifies the guest."""
    yes, dry_run, no_send, again = (details.pop(name) for name in ("yes", "dry_run", "no_send", "again"))
    if (bool(photos), photo_folder is not None, input_file is not None).count(True) > 1:
        raise UsageProblem(msg("Give one of --photo, --photo-from and --input."))
    given = given_details(**details)
    if input_file is not None:
        given = _with_input(given, input_file)
    options = ReportOptions(yes, dry_run, no_send, again)
    with warn_if_not_saved():
        session.app.ask(lambda each: each.outbox)
        if photo_folder is not None:
            from apoa_client.cli.commands.report_photos import report_photos_from  # for photos alone

            report_photos_from(session, options, given, photo_folder)
        elif photos:
            from apoa_client.cli.commands.report_photos import report_photos  # for photos alone

            report_photos(session, options, given, photos)
        elif session.interactive and not (
            input_file is not None or given.lines or IDENTIFYING_OPTIONS & given.typed.keys()
        ):
            from apoa_client.cli.prompts.report_guests import GuestConversation  # asks a user

            GuestConversation(session, options).run(given.typed)
        else:
            _report_from_options(session, options, given)


def _report_from_options(session: Session, options: ReportOptions, given: GivenDetails) -> None:
    """Report one guest.

    Raises `ReportRefused` for details with errors, `ReportedBefore` for a likely duplicate.
    """
    app = session.app
    examination = _examined(session, given)
    [member] = app.ask(lambda each: compose_group(each.desk, [examination], each.report_at_hand))
    report, duplicates, other_warnings = member.report, member.duplicates, in_form_order(member.other_warnings)
    warnings = (*other_warnings, *duplicates)
    if options.dry_run:
        from apoa_client.cli.prompts.online_check import finish_dry_run  # not to save a report

        if not session.json:
            show_checked(session.app, report, warnings)
        finish_dry_run(session, options, [report], [warnings])
        return
    likely_duplicate = bool(duplicates) and not options.again
    if likely_duplicate and (options.yes or not session.interactive):
        raise ReportedBefore(duplicates, other_warnings)
    if not session.interactive:
        show_warnings(warnings)
    else:
        show_checked(session.app, report, warnings)
        if likely_duplicate:
            wanted = confirm(_("The guest seems to be reported already. Report them again?"), default=False)
        else:
            if not options.yes:
                discard_typed_ahead(READING_S)
            sends = not app.settings.by_hand
            wanted = options.yes or confirm(_("Save and send this report?") if sends else _("Save this report?"))
        if not wanted:
            print_error_line(_("Nothing was saved."))
            return
    [entry] = app.save_new([app.reachable_desk.new_report(report, warnings)])
    saved = SavedReport(entry, report, warnings)
    SaveAndSend(session, send=not options.no_send, may_ask=not options.yes).finish([saved])


def _examined(session: Session, given: GivenDetails) -> Examination:
    """Check the details. At a terminal, ask for what is missing or wrong until everything is right."""
    mrz = session.app.reachable_desk.read_typed(given.lines)
    while True:
        examination = session.app.reachable_desk.examine(Draft(given.typed, mrz))
        if not examination.errors or not session.interactive:
            return examination
        from apoa_client.cli.prompts.field_questions import FieldQuestions  # asks a user

        if not FieldQuestions(session.app).ask_invalid_fields(given.typed, examination.errors):
            return examination


def _with_input(given: GivenDetails, file: str) -> GivenDetails:
    """Return the details in `file`, or in standard input for "-", and the options that were given, which win.

    Raises `UsageProblem` if lines were given as well, `DataRefused` for a file that is no report.
    """
    from apoa_client.report.report_input import parse_report_input  # for programs

    if given.lines:
        raise UsageProblem(msg("The input has the lines of the MRZ in it. Give no --mrz beside --input."))
    read = parse_report_input(_load(file))
    typed = {**read.typed, **given.typed}
    if "nights" in given.typed and "planned_check_out" not in given.typed:
        typed.pop("planned_check_out", None)
    return given._replace(typed=typed, lines=[line for line in read.lines if line.strip()])


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        content = opened.read(MAX_INPUT_BYTES + 1)
    check_input_size(content)
    return decode_text(content)


def _load(file: str) -> Any:  # noqa: ANN401  any JSON value
    try:
        return json.loads(standard_input() if file == _STDIN else _read(Path(file)))
    except OSError as exc:
        raise file_unreadable(file, exc, DataRefused) from None
    except (ValueError, RecursionError):
        raise DataRefused(
            msg("The input is no JSON document with one report."),
            msg("It has the form of the contract: an object with guest and stay. See: apoa help contract"),
        ) from None
