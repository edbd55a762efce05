"""The questions about the log of a passport reader: what no MRZ says, for all guests in it."""

from collections.abc import Mapping

from apoa_client.cli.prompts.conversation import Answer, Question, UnclearAnswer, ask
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _
from apoa_client.report.parse_fields import MAX_NIGHTS
from apoa_client.tables.rows import GuestRow, Records


def ask_page_and_stay(records: Records, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the defaults with the place of birth and the nights of all guests, as far as the user says them."""
    first = next(iter(records.read_rows()), GuestRow(0))
    given, said = {*first.typed, *defaults}, dict(defaults)
    if "birth_place" not in given and confirm(
        _("Report all these guests without their place of birth (-, not stated)?")
    ):
        said["birth_place"] = "-"
    if not {"nights", "planned_check_out"} & given:
        question = Question(_("How many nights do all these guests stay?"), _("A number, such as 2."), _nights)
        answer = ask(question)
        if isinstance(answer, Answer):
            said["nights"] = answer.value
    return said


def _nights(answer: str) -> Answer:
    if not (answer.isascii() and answer.isdecimal() and 1 <= int(answer) <= MAX_NIGHTS):
        raise UnclearAnswer(_("Type a number from 1 to {last}.").format(last=MAX_NIGHTS))
    return Answer(answer)
