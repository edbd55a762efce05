"""The drafts of unfinished guests on the screen: each with its guests' names if it can be opened, and its time."""

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import moment_text
from apoa_client.desk.guest_form import GuestForm, forms_from_json
from apoa_client.errors import ApoaError, CredentialsProblem, SealBroken
from apoa_client.passport.mrz import MrzUnreadable
from apoa_client.ports.state import StoredDraft


class OpenedDraft(NamedTuple):
    """A draft with its guests' forms; without forms if it cannot be opened.

    `is_readable` is False for a draft that no key opens any more; without the key it is not known.
    """

    draft: StoredDraft
    forms: Sequence[GuestForm] = ()
    is_readable: bool = True

    @property
    def names(self) -> str:
        """The guests' names and document numbers, sanitized; empty if the draft cannot be opened."""
        return ", ".join(sanitize(form.name) for form in self.forms)

    def text(self, zone: tzinfo) -> str:
        """Return the draft on one line, with the time at which it was stored."""
        moment = moment_text(self.draft.saved_at, zone)
        names = self.names if self.is_readable else _("cannot be read any more")
        return f"{names}, {moment}" if names else moment


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
