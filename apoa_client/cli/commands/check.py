"""`apoa check`: is this passport as it should be? Nothing is stored, and nothing need be set up."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from apoa_client.cli.commands.guest_options import guest_options
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import standard_input
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, style_bold
from apoa_client.cli.views.checked_document import document_value, show_document
from apoa_client.desk.arrivals import DocumentChecker
from apoa_client.errors import Exit, SettingsProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.report.checking import CheckedDocument, documents
from apoa_client.settings.zones import WIB

_EXAMPLE = "apoa check --mrz 'P<GBRSMITH<<JANE<<...' --mrz '9250764733GBR8509129F3003...'"
_STDIN = "-"


@command("check", N_("Check a passport's MRZ or typed details, and say how to mend them. Nothing is stored."), _EXAMPLE)
@option(
    "--mrz",
    multiple=True,
    metavar="LINE",
    text=N_("A line of the MRZ; once for each line. - reads one document, or several with blank lines between."),
)
@guest_options
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def check(session: Session, /, *, mrz: Sequence[str], as_json: bool, **details: Any) -> int:  # noqa: ANN401  click's
    """Check each document; the exit code is whether all are valid."""
    session.json = as_json
    typed = {name: text for name, text in details.items() if text is not None}
    desk = _desk(session)
    checked = [desk.check(typed, lines) for lines in _given(session, mrz, typed)]
    if as_json:
        values = [document_value(one) for one in checked]
        print_json(values if len(values) > 1 else values[0])
    else:
        _show(checked)
    return Exit.DONE if all(one.valid for one in checked) else Exit.DATA_REFUSED


def _desk(session: Session) -> DocumentChecker:
    """A desk in the property's zone; in western Indonesia's where nothing is set up, or not known which property."""
    try:
        zone = session.app.settings.zone
    except SettingsProblem:
        if session.property_name:  # which was asked for, and is not there
            raise
        zone = WIB
    return DocumentChecker(session.app.clock, zone)


def _given(session: Session, mrz: Sequence[str], typed: Mapping[str, str]) -> Sequence[Sequence[str]]:
    """The lines of each document; those of none, where only details were typed or nothing was given at all."""
    given = _documents(session, mrz, typed)
    if len(given) > 1 and typed:
        raise UsageProblem(msg("The typed details are one guest's, and the lines are those of several documents."))
    return given or [()]


def _documents(session: Session, mrz: Sequence[str], typed: Mapping[str, str]) -> Sequence[Sequence[str]]:
    if _STDIN in mrz and len(mrz) > 1:
        raise UsageProblem(msg("--mrz - reads all lines. Give no other --mrz beside it."))
    if mrz and _STDIN not in mrz:
        return [mrz]
    if typed and not mrz:
        return []
    if mrz or not session.terminal:
        return documents(standard_input(lenient=True))  # of many, one may be damaged
    return [] if session.json else [_asked_for()]


def _asked_for() -> list[str]:
    from apoa_client.cli.prompts.conversation import Move  # only for a person
    from apoa_client.cli.prompts.mrz_lines import ask_mrz_lines

    print_error_line(_("Type the two lines at the foot of the passport's photo page, or the three of a card."))
    lines = ask_mrz_lines()
    return [] if isinstance(lines, Move) else lines


def _show(checked: Sequence[CheckedDocument]) -> None:
    if len(checked) == 1:
        show_document(checked[0])
        return
    for number, one in enumerate(checked, 1):
        show_document(one, number)
        print_line()
    valid = sum(one.valid for one in checked)
    print_line(style_bold(_("{valid} of {count} documents are valid.").format(valid=valid, count=len(checked))))
