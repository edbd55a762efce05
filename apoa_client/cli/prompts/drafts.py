"""Unfinished guest forms: stored, sealed, when the user stops `apoa report`, and offered the next time."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from apoa_client.app.container import Container
from apoa_client.cli.prompts.save_and_send import warn_if_not_stored
from apoa_client.cli.terminal.input import NO, YES, ask_line, confirm, discard_typed_ahead, index_of_choice
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import error_line, show_error
from apoa_client.cli.views.report import OpenedDraft
from apoa_client.desk.guest_form import GuestForm, forms_from_json, forms_to_json
from apoa_client.errors import ApoaError, CredentialsProblem, SealBroken, StorageProblem
from apoa_client.passport.mrz import MrzUnreadable
from apoa_client.ports.state import StoredDraft

_Result = TypeVar("_Result")

_LATER = NO | {"l", "later", "nanti"}
_DISCARD = "b"
"""Followed by a number, if there are several drafts."""


class _Answer(NamedTuple):
    """Which of the drafts is to be continued with or discarded, from 0; None to leave all of them for later."""

    place: int | None
    discard: bool = False


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
        drafts, clock = app.outbox.drafts, app.clock
        while waiting := drafts.waiting(clock.now()):
            opened = open_drafts(app, waiting, show_error)
            answer = self._ask(opened)
            if answer.place is None:
                print_error_line(_("Kept for later. Now another guest:"))
                return
            chosen = opened[answer.place]
            if answer.discard:
                self._discard(app, chosen)
            elif not chosen.is_readable:
                print_error_line(error_line(_("This one cannot be read any more. Discard it with b.")))
            elif not chosen.forms:
                print_error_line(_("It stays stored for now. Begin with another guest."))
                return
            else:
                with signals.delayed():  # the user cannot stop between the two
                    self._taken = drafts.take(chosen.draft, clock.now())
                    forms += chosen.forms if self._taken is not None else ()
                if forms:
                    return
                print_error_line(_("Another desk continues with this guest."))

    def _ask(self, drafts: Sequence[OpenedDraft]) -> _Answer:
        """Show the drafts and ask what to do."""
        print_error_line(_("Not finished yet:"))
        for number, each in enumerate(drafts, 1):
            print_error_line(f"  {number}  {each.text(self._app.settings.zone)}")
        if len(drafts) == 1:
            keys = _("Enter = continue, n = later, b = discard")
            question = _("Continue with this guest?")
        else:
            keys = _("Number = continue, Enter = 1, n = later, b2 = discard 2")
            question = _("Continue with which guest?")
        print_error_line(keys)
        discard_typed_ahead()  # an Enter that was typed before must not continue with anything
        while True:
            answer = _parse(ask_line(question), len(drafts))
            if answer is not None:
                return answer
            print_error_line(f"  {keys}")

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
                            print_error_line(_("The photo is not stored with it: give it again with --photo."))
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


def _parse(answer: str, count: int) -> _Answer | None:
    """Return what an answer to the offer of `count` drafts means; None if it is unclear."""
    typed = answer.casefold()
    if not typed or (typed in YES and count == 1):
        return _Answer(0)
    if typed in _LATER:
        return _Answer(None)
    discard, number = typed.startswith(_DISCARD), typed.removeprefix(_DISCARD).strip()
    index = 0 if discard and not number and count == 1 else index_of_choice(number, count)
    return _Answer(index, discard) if index is not None else None


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
