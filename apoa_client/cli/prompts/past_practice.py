"""Asks which stays are practice and which are real, where an outbox of version 0.1.0 does not say it."""

from apoa_client.app.past_practice import decide, move_past_practice
from apoa_client.cli.prompts.find_stays import guest_line, open_current_report
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import ask_line, discard_typed_ahead
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_done, print_error_line, print_warning
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.status import undecided_line
from apoa_client.errors import ApoaError
from apoa_client.outbox.sql.metadata import PRACTICE_UNDECIDED


def settle_past_practice(session: Session) -> None:
    """Move what is practice, for which a keyring may be asked; then ask about each stay in doubt, if a user is there.

    What cannot be decided now is asked again. Raises `StorageProblem`.
    """
    app = session.app
    move_past_practice(app, app.outbox, ask=True)
    undecided = app.outbox.value(PRACTICE_UNDECIDED) if session.interactive else None
    if undecided:
        print_error_line(_("Saved before the last set-up: in practice, or for real? None of it is sent meanwhile."))
    for stay in undecided or ():
        print_error_line(guest_line(open_current_report(app, app.stays.of(stay))))
        discard_typed_ahead()
        while (answer := ask_line(_("1 = practice, 2 = a real guest, Enter = later"))) not in {"1", "2", ""}:
            pass
        if answer:
            try:
                decide(app, stay, is_practice=answer == "1")
            except ApoaError as exc:  # the real guests are sent all the same
                show_error(exc)
                continue
            print_done(
                _("It is practice now.")
                if answer == "1"
                else _("It stays real: what Immigration does not have waits to be reported.")
            )
    left = app.outbox.value(PRACTICE_UNDECIDED)
    if left and not session.quiet:
        print_warning(undecided_line(len(left)))
