"""Unfinished guest forms: stored, sealed, when the user stops `apoa report`, and offered the next time."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from apoa_client.app.container import Container
from apoa_client.cli.prompts.not_saved import warn_if_not_stored
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import moment_text
from apoa_client.desk.guest_form import GuestForm, forms_from_json, forms_to_json
from apoa_client.errors import CredentialsProblem, SealBroken, StorageProblem
from apoa_client.passport.mrz import MrzUnreadable

_Result = TypeVar("_Result")


class DraftStore:
    """The draft of a property: the forms of a group of guests that was not finished. There is at most one draft."""

    def __init__(self, app: Container) -> None:
        self._app = app
        self._resumed_at: datetime | None = None
        """When the draft that the user resumed was stored."""

    def offer(self) -> list[GuestForm]:
        """Ask whether to resume the draft, and return its forms; none if there is none or the user declines."""
        stored_at = self._app.outbox.drafts.saved_at()
        if stored_at is None:
            return []
        moment = moment_text(stored_at, self._app.settings.zone)
        print_error_line(_("A guest of {moment} was not finished.").format(moment=moment))
        if confirm(_("Continue with that guest? No deletes what was typed.")):
            return self._open(stored_at)
        self._app.outbox.drafts.delete(stored_at)
        return []

    def _open(self, stored_at: datetime) -> list[GuestForm]:
        """Return the forms of the draft. Without the key it stays stored; if it cannot be read, it is deleted later."""
        try:
            text = self._app.outbox.drafts.open()
            forms = forms_from_json(text, self._app.desk.read) if text is not None else []
        except CredentialsProblem as exc:
            show_error(exc)
            print_error_line(_("It stays stored for now. Begin with another guest."))
            return []
        except SealBroken as exc:
            show_error(exc)
            forms = []
        except (ValueError, MrzUnreadable):  # written by another version
            forms = []
        self._resumed_at = stored_at
        for form in forms:
            print_error_line("  " + sanitize(form.name))
        return forms

    def delete_resumed(self) -> None:
        """Delete the draft that the user resumed, but not one that another desk has stored since."""
        if self._resumed_at is None:
            return
        try:
            self._app.outbox.drafts.delete(self._resumed_at)
        except StorageProblem as exc:  # the reports are saved, so this is not a failure of the command
            show_error(exc)

    def keep_typed(self, forms: Callable[[], Sequence[GuestForm]], converse: Callable[[Signals], _Result]) -> _Result:
        """Return what `converse` returns. If it raises, whatever the reason, store the forms before anything is shown.

        The reasons are Ctrl-C, log-off, a closed window, a storage error, refused data, and mistakes of ours.
        """
        started_at = self._app.clock.now().astimezone(self._app.settings.zone)
        stored = False

        def store() -> None:
            nonlocal stored
            with signals.delayed():  # a closing window sends several signals
                if not stored:
                    self._store(forms(), started_at)
                    stored = True

        with Signals() as signals:
            try:
                try:
                    return converse(signals)
                except BaseException:
                    store()
                    raise
            except KeyboardInterrupt:  # or a signal after an error of input, before `store` could delay it
                store()
                raise

    def _store(self, forms: Sequence[GuestForm], started_at: datetime) -> None:
        filled = [form for form in forms if form.has_guest_data]
        if not filled:
            return
        with warn_if_not_stored():
            self._app.outbox.drafts.save(forms_to_json(filled, started_at), self._app.clock.now())
        with suppress(OSError):  # the window is closed
            print_error_line()
            print_error_line(_("What was typed is stored, encrypted. To continue with it: apoa report"))
