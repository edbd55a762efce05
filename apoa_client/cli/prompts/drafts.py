"""Unfinished guest forms: stored, sealed, when the user stops `apoa report`, and offered the next time."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from apoa_client.app.container import Container
from apoa_client.cli.prompts.save_and_send import warn_if_not_stored
from apoa_client.cli.terminal.input import NO, YES, ask_line, confirm, discard_typed_ahead
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.report import OpenedDraft
from apoa_client.desk.guest_form import GuestForm, forms_from_json, forms_to_json
from apoa_client.errors import ApoaError, CredentialsProblem, SealBroken, StorageProblem
from apoa_client.passport.mrz import MrzUnreadable
from apoa_client.ports.state import StoredDraft

_Result = TypeVar("_Result")

_LATER = NO | {"l", "later", "nanti"}
_DISCARD = "b"
_ANSWERS = YES | _LATER | {_DISCARD, ""}


class DraftStore:
    """The drafts of a property: each holds the forms of a group of guests that was not finished."""

    def __init__(self, app: Container) -> None:
        self._app = app
        self._started_at = app.clock.now().astimezone(app.settings.zone)
        self._taken: StoredDraft | None = None
        """The draft that the user continues with."""

    def offer(self, forms: list[GuestForm], signals: Signals) -> None:
        """Offer the drafts that wait, and add the forms of the one that the user continues with to `forms`."""
        self._app.ask(lambda each: self._offer(each, forms, signals))

    def _offer(self, app: Container, forms: list[GuestForm], signals: Signals) -> None:
        opened = open_drafts(app, app.outbox.drafts.waiting(app.clock.now()), show_error)
        for each in opened:
            answer = self._ask(each)
            if answer == _DISCARD:
                self._discard(app, each)
            elif answer in _LATER:
                print_error_line(_("Kept for later."))
            elif not each.forms:
                print_error_line(_("It stays stored for now. Begin with another guest."))
            else:
                with signals.delayed():  # the user cannot stop between the two
                    self._taken = app.outbox.drafts.take(each.draft, app.clock.now())
                    forms += each.forms if self._taken is not None else ()
                if forms:
                    return
                print_error_line(_("Another desk continues with this guest."))
        if opened:
            print_error_line(_("Now another guest:"))

    def _ask(self, opened: OpenedDraft) -> str:
        """Show a draft and ask what to do with it. One that cannot be read can only be discarded."""
        print_error_line(_("Not finished yet:"))
        print_error_line(f"  {opened.text(self._app.settings.zone)}")
        if not opened.is_readable:
            return _DISCARD
        keys = _("Enter = continue, n = later, b = discard")
        print_error_line(keys)
        discard_typed_ahead()  # an Enter that was typed before must not continue with anything
        while (answer := ask_line(_("Continue with this guest?")).casefold()) not in _ANSWERS:
            print_error_line(f"  {keys}")
        return answer

    def show_waiting(self) -> None:
        """Say that unfinished forms wait, if there are any."""
        if self._app.ask(lambda each: each.outbox.drafts.waiting(each.clock.now())):
            print_error_line(_("Another guest is not finished yet. To continue with them later: apoa report"))

    def _discard(self, app: Container, chosen: OpenedDraft) -> None:
        question = _("Discard what was typed for this guest?")
        if chosen.names:
            question = _("Discard what was typed for {guest}?").format(guest=chosen.names)
        if confirm(question, default=False):
            app.outbox.drafts.delete(chosen.draft)

    def delete_resumed(self) -> None:
        """Delete the draft that the user resumed, but not one that another desk has taken since."""
        if self._taken is None:
            return
        try:
            taken = self._taken
            self._app.ask(lambda each: each.outbox.drafts.delete(taken))
            self._taken = None
        except StorageProblem as exc:  # the reports are saved, so this is not a failure of the command
            show_error(exc)

    def put_back(self, forms: Sequence[GuestForm]) -> None:
        """Store the forms in place of the draft that the user resumed, if there is one: nothing was saved."""
        if self._taken is not None:
            self._store(forms)

    def keep_typed(self, forms: Callable[[], Sequence[GuestForm]], converse: Callable[[Signals], _Result]) -> _Result:
        """Return what `converse` returns. If it raises, whatever the reason, store the forms before anything is shown.

        The reasons are Ctrl-C, log-off, a closed window, a storage error, refused data, and mistakes of ours.
        """
        stored = False

        def store() -> None:
            nonlocal stored
            with signals.delayed():  # a closing window sends several signals
                if not stored and self._store(forms()):
                    with suppress(OSError):  # the window is closed
                        print_error_line()
                        print_error_line(_("What was typed is stored, encrypted. To continue with it: apoa report"))
                        if any(form.photo is not None for form in forms()):
                            print_error_line(
                                _("The photo is not stored with it. To add it, go back to the passport with <.")
                            )
                stored = True

        with Signals() as signals:
            try:
                try:
                    return converse(signals)
                except BaseException as exc:
                    try:
                        store()
                    except StorageProblem as failure:
                        failure.shown = isinstance(exc, StorageProblem) and exc.shown
                        raise
                    raise
            except KeyboardInterrupt:  # or a signal after an error of input, before `store` could delay it
                store()
                raise

    def _store(self, forms: Sequence[GuestForm]) -> bool:
        """Store the forms as a draft, in place of the resumed one. Return whether there is anything to store."""
        filled = [form for form in forms if form.has_guest_data]
        if filled:
            text = forms_to_json(filled, self._started_at)
            now = self._app.clock.now()
            with warn_if_not_stored():
                self._app.ask(lambda each: each.outbox.drafts.save(text, now, self._taken))
        return bool(filled)


def open_drafts(
    app: Container, drafts: Iterable[StoredDraft], show_problem: Callable[[ApoaError], object]
) -> list[OpenedDraft]:
    """Open each draft. If the key is not available, show that once and return the rest without names."""
    opened: list[OpenedDraft] = []
    has_key = True
    for draft in drafts:
        if not has_key:
            opened.append(OpenedDraft(draft))
            continue
        try:
            text = app.outbox.drafts.open(draft)
            forms = forms_from_json(text, app.desk.read) if text is not None else []
            opened.append(OpenedDraft(draft, forms))
        except CredentialsProblem as exc:
            show_problem(exc)
            has_key = False
            opened.append(OpenedDraft(draft))
        except (SealBroken, ValueError, MrzUnreadable):  # damaged, or written by another version
            opened.append(OpenedDraft(draft, is_readable=False))
    return opened
