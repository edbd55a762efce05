"""What was typed of a guest and not finished: kept, sealed, when somebody breaks off, and offered the next time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

import click

from apoa_client.app.container import Container
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import moment_text
from apoa_client.desk.guest_form import GuestForm, forms_from_json, forms_to_json
from apoa_client.errors import CredentialsProblem, SealBroken, StorageProblem
from apoa_client.passport.mrz import MrzUnreadable
from apoa_client.report.findings import ReportRefused


class DraftStore:
    """The property's one draft: the guests of an arrival that was broken off."""

    def __init__(self, app: Container) -> None:
        self._app = app
        self._gone_on_with: datetime | None = None
        """When the draft was kept that somebody goes on with."""

    def offer(self) -> list[GuestForm]:
        """The slips that somebody wants to go on with; none where there are none, or nobody wants to."""
        kept_at = self._app.outbox.drafts.saved_at()
        if kept_at is None:
            return []
        print_error_line(
            _("A guest of {moment} was not finished.").format(moment=moment_text(kept_at, self._app.settings.zone))
        )
        if confirm(_("Go on with that guest? No throws away what was typed.")):
            return self._opened(kept_at)
        self._app.outbox.drafts.delete(kept_at)
        return []

    def _opened(self, kept_at: datetime) -> list[GuestForm]:
        """The draft, opened. One that never will be is dropped, one whose key cannot be had now is kept."""
        try:
            text = self._app.outbox.drafts.open()
            slips = forms_from_json(text, self._app.desk.read) if text is not None else []
        except CredentialsProblem as exc:
            show_error(exc)
            print_error_line(_("It stays kept for now. Begin with another guest."))
            return []
        except SealBroken as exc:
            show_error(exc)
            slips = []
        except (ValueError, MrzUnreadable):  # of another version
            slips = []
        self._gone_on_with = kept_at
        for slip in slips:
            print_error_line("  " + sanitize(slip.name))
        return slips

    def done(self) -> None:
        """Nobody needs any more what was gone on with. What another desk kept meanwhile is not ours to drop."""
        if self._gone_on_with is None:
            return
        try:
            self._app.outbox.drafts.delete(self._gone_on_with)
        except StorageProblem as exc:  # what was saved is saved: this is no failure of that
            show_error(exc)

    @contextmanager
    def keep_if_interrupted(self, slips: Callable[[], Sequence[GuestForm]]) -> Iterator[Signals]:
        """Within it, whoever breaks off, logs off or closes the window finds what was typed again.

        So does whoever could not save, or is told that a guest cannot be reported so.
        """
        began = self._app.clock.now().astimezone(self._app.settings.zone)
        with Signals() as signals:
            try:
                yield signals
            except (StorageProblem, ReportRefused):
                with signals.delayed(), suppress(StorageProblem):
                    self._keep(slips(), began)
                raise
            except (click.Abort, KeyboardInterrupt):
                with signals.delayed():  # a window that closes says so more than once
                    self._keep(slips(), began)
                raise

    def _keep(self, slips: Sequence[GuestForm], began: datetime) -> None:
        has_guest_data = [slip for slip in slips if slip.has_guest_data]
        if not has_guest_data:
            return
        self._app.outbox.drafts.save(forms_to_json(has_guest_data, began), self._app.clock.now())
        with suppress(OSError):  # the window is gone
            print_error_line()
            print_error_line(_("What was typed is kept, sealed. To go on with it: apoa report"))
