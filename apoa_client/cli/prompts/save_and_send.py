"""The end of every command that makes reports: show that they are saved, then try to send them.

A saved report cannot be lost by what follows. An error in sending is shown, and the command succeeds all the same. A
report that the authority refuses at once is saved too; the exit code says that its data must be corrected.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm, standard_input
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    sanitize,
    style_bold,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.views.findings import finding_line, show_error, show_warnings
from apoa_client.cli.views.labels import KINDS, clock_skew_text, lease_text, moment_text, rebuilt_text, time_over_text
from apoa_client.cli.views.report import guest_name, property_line, report_json, report_lines
from apoa_client.errors import ApoaError, Exit, OutboxDamaged, StorageProblem
from apoa_client.messages import nmsg
from apoa_client.ports.entries import Content, Entry
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind, PhotoState, State, short_id
from apoa_client.report.model import Guest, Report, to_json

if TYPE_CHECKING:
    from apoa_client.app.container import Container
    from apoa_client.ports.authority import Verdict


class ReportOptions(NamedTuple):
    """The options of one call of `apoa report`, without those that describe the guest."""

    yes: bool
    dry_run: bool
    no_send: bool
    again: bool = False
    """Report the guest although another report covers the same nights."""


class GivenDetails(NamedTuple):
    """What `new_report_options` or `changed_report_options` read."""

    typed: dict[str, str]
    lines: list[str]


def given_details(mrz: Sequence[str], **details: str | None) -> GivenDetails:
    """Return the options that were given. ``--mrz -`` reads the lines from standard input."""
    lines = standard_input().splitlines() if tuple(mrz) == ("-",) else mrz
    typed = {name: value for name, value in details.items() if value is not None}
    return GivenDetails(typed, [line for line in lines if line.strip()])


SEND_TIMEOUT_S = 4.0
"""How long each answer of the authority may take while a guest is waiting at the desk."""

SENDING_S = 3 * SEND_TIMEOUT_S
"""How long all of the sending may take then."""

_PHOTOS = {
    PhotoState.KEPT: N_("The photo is not sent yet: it goes with the next apoa sync."),
    PhotoState.SENT: N_("The photo was sent, too."),
    PhotoState.REFUSED: N_("The authority did not take the photo. It stays here."),
}


class SavedReport(NamedTuple):
    """A report that was just saved."""

    entry: Entry
    report: Report
    warnings: Sequence[Finding] = ()
    guest: Guest | None = None
    """The guest of a check-out or cancellation, if the stay could be decrypted."""
    errors: Sequence[Finding] = ()
    """Why the authority refused it."""

    @property
    def name(self) -> str:
        """The guest's name, sanitized; empty if it is not known here."""
        guest = self.report.guest or self.guest
        return guest_name(guest) if guest is not None else ""

    @property
    def content(self) -> Content:
        """What the outbox has of the report."""
        return Content(self.report, to_json(self.report), tuple(self.errors), tuple(self.warnings))

    def decided(self, verdict: "Verdict | None") -> "SavedReport":
        """Return it with what the authority found, if it answered."""
        if verdict is None:
            return self
        return self._replace(errors=verdict.errors, warnings=(*self.warnings, *verdict.warnings))


class SaveAndSend:
    """Shows that reports are saved, sends them, and shows their state."""

    def __init__(
        self,
        session: Session,
        *,
        send: bool,
        may_ask: bool = True,
        shown_id: Callable[[Entry], str] = lambda entry: short_id(entry.id),
    ) -> None:
        """`may_ask` says whether the user wants to be asked, where one can be; `shown_id` returns what names a stay."""
        self._shown_id = shown_id
        self._may_ask = may_ask
        self._session = session
        self._app = session.app
        self._send = send
        self._away: ApoaError | None = None
        """Why what was saved is still on this computer, and not in the shared outbox."""

    def finish(
        self,
        saved: Sequence[SavedReport],
        *,
        several: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> list[Entry]:
        """Show that reports are saved, send them, show their state, and return their new entries.

        With `several`, JSON output is a list, because the command may make any number of reports. `more` are further
        members of the document.
        """
        if not self._session.json:
            self.show_saved(saved)
        return self.send(saved, several=several, more=more)

    def show_saved(self, saved: Sequence[SavedReport]) -> None:
        """Show that each report is saved."""
        for line in property_line(self._app.label_if_several):
            print_line(line)
        for each in saved:
            kind, name, short = each.entry.kind, each.name, style_bold(self._shown_id(each.entry))
            if kind is Kind.CHECK_IN:
                print_line(_("Saved: {name}, report {id}.").format(name=style_bold(name), id=short))
            elif name:
                line = _("Saved: {kind} of {name}, report {id}.")
                print_line(line.format(kind=_(KINDS[kind]), name=style_bold(name), id=short))
            else:
                print_line(_("Saved: {kind}, report {id}.").format(kind=_(KINDS[kind]), id=short))
            if each.entry.photo is not None:
                print_line(_("The photo is kept with the report, encrypted."))

    def send(
        self,
        saved: Sequence[SavedReport],
        *,
        several: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> list[Entry]:
        """Hand saved reports over, try to send them, show their state, and return their new entries."""
        self._away = self._app.hand_over_saved([each.entry.id for each in saved])
        if self._away is not None and not self._session.json:
            from apoa_client.cli.views.outboxes import saved_here_lines  # rarely needed

            for line in saved_here_lines(self._away, checked=self._app.away is None):
                print_line(style_warning(line))
        saved = self._deliver_if_wanted(saved)
        entries = [each.entry for each in saved]
        if not self._session.exit_code and any(entry.state is State.REJECTED for entry in entries):
            self._session.exit_code = Exit.DATA_REFUSED
        if self._session.json:
            here, zone = self._away is not None, self._app.settings.zone
            values = [report_json(each.entry, each.content, zone=zone, is_here=here) for each in saved]
            print_json({"reports": values, **(more or {})} if several else values[0])
        else:
            for each in saved:
                self._show_state(each.entry, each.errors, with_id=len(saved) > 1)
        may_type = self._send and self._may_ask and self._away is None and self._app.settings.by_hand
        if entries and may_type and self._session.interactive and not self._session.types_now:
            self._session.types_now = confirm(_("Type it into APOA now?"))
        return entries

    def show_other_properties(self) -> None:
        """Show the other properties on this computer where something waits."""
        if not self._app.label_if_several:
            return
        from apoa_client.app.property_status import read_others  # start-up: where there are several
        from apoa_client.cli.views.status import show_others

        now = self._app.clock.now()
        show_others(read_others(self._app, now), now, waiting=True)

    def _deliver_if_wanted(self, saved: Sequence[SavedReport]) -> Sequence[SavedReport]:
        """Send saved reports unless they are not to be sent, and return them as they are after that."""
        if not saved or not self._send or self._app.settings.by_hand or self._away is not None:
            return saved
        try:
            verdicts, find = self._deliver(saved[0].report.id), self._app.outbox.find
            saved = [each.decided(verdicts.get(each.report.id)) for each in saved]
            saved = [each._replace(entry=next(iter(find(each.entry.id)), each.entry)) for each in saved]
        except StorageProblem as exc:  # the reports are saved all the same
            show_error(exc)
            if isinstance(exc, OutboxDamaged) and not self._app.settings.has_shared_outbox:
                self._session.exit_code = exc.exit_code
                print_error_line(style_warning(self._read_back_text([each.entry for each in saved])))
        return saved

    def _read_back_text(self, entries: Sequence[Entry]) -> str:
        """Return whether reports that were just saved can be found in the damaged file."""
        with suppress(StorageProblem):
            if all(self._app.outbox.find(entry.id) for entry in entries):
                return _("What was just saved is in the file and can be read.")
        return _("What was just saved cannot be read back now. Keep a note of the guest until the file is repaired.")

    def _deliver(self, first: str) -> Mapping[str, "Verdict"]:
        """Send the waiting reports, the given one first, and return the verdicts by id."""
        from apoa_client.app.sending import send  # not for --no-send
        from apoa_client.authority.address import Timeouts
        from apoa_client.cli.terminal.progress import NoProgress
        from apoa_client.cli.terminal.signals import Signals

        wait = SEND_TIMEOUT_S
        timeouts = Timeouts(connect_s=wait, read_s=wait, total_s=wait)
        with Signals() as signals:
            choices = {"first": first, "wait_s": SENDING_S, "all_photos": False}
            outcome = send(self._app, NoProgress(), signals, timeouts, **choices)
        if outcome.indexes_rebuilt:
            print_error_line(style_warning(rebuilt_text()))
        from apoa_client.cli.views.findings import is_doubt, show_changed  # start-up: only after sending

        show_changed(outcome)  # this run has checked it, so a later one does not find all of it again
        error = None if is_doubt(outcome) else outcome.error
        if error is not None and error.exit_code is not Exit.NOT_NOW:
            show_error(error)
        elif error is not None and not self._session.quiet:
            print_error_line(style_warning(text(error.message)))  # `_show_state` shows what to do
        elif outcome.time_over and not self._session.quiet:
            print_error_line(style_warning(time_over_text()))
        if outcome.clock_skew is not None:
            print_error_line(style_warning(clock_skew_text(outcome.clock_skew)))
        return outcome.verdicts

    def _show_state(self, entry: Entry, errors: Sequence[Finding], *, with_id: bool) -> None:
        lead = f"{self._shown_id(entry)}  " if with_id else ""
        if entry.state is State.ACCEPTED and entry.receipt is not None:
            number = style_bold(sanitize(entry.receipt.number))
            print_line(lead + style_success(_("Sent. Receipt number: {number}").format(number=number)))
            if entry.last_error == "duplicate":
                print_line(_("This guest was already reported for that night; the number is that report's."))
            elif entry.photo is not None and self._app.outbox.wants_photos():
                print_line(_(_PHOTOS[entry.photo]))
        elif entry.state is State.REJECTED:
            print_line(lead + style_error(_("The authority refused this report:")))
            for finding in errors:
                print_line(finding_line(finding))
            print_line(_("Correct it with: apoa fix {id}").format(id=style_bold(short_id(entry.id))))
        elif entry.state is State.PENDING:
            print_line(lead + _("Sent. The authority has not decided yet; the next apoa sync asks again."))
        elif entry.state is State.SENDING and entry.lease_until is not None:  # by another command
            print_line(lead + lease_text(1, entry.lease_until, self._app.settings.zone))
        else:
            print_line(lead + self._queued_text(entry))

    def _queued_text(self, entry: Entry) -> str:
        if entry.kind is not Kind.CHECK_IN:
            earlier = [each for each in self._app.stays.of(entry.stay_id).active_reports if each.seq < entry.seq]
            refused = next((each for each in earlier if each.state is State.REJECTED), None)
            if refused is not None:
                line = _("In the queue. It waits for a report of this stay that was refused. First: apoa fix {id}")
                return line.format(id=style_bold(short_id(refused.id)))
            if any(each.state is State.PENDING for each in earlier):
                return _("In the queue. It is sent when the authority has decided on the stay's earlier report.")
        due = style_bold(moment_text(entry.due_at, self._app.settings.zone)) if entry.due_at is not None else ""
        if self._app.settings.by_hand:
            if not due:
                return _("In the queue. Type it into APOA with: apoa sync --by-hand")
            return _("In the queue. Due by {due}. Type it into APOA with: apoa sync --by-hand").format(due=due)
        if due:
            return _("In the queue, not sent yet. Due by {due}. Send what waits with: apoa sync").format(due=due)
        return _("In the queue, not sent yet. Send what waits with: apoa sync")


def show_not_saved(guests: int = 1) -> None:
    """Show that so many guests are not saved."""
    message = nmsg(
        "This guest is NOT saved. Note the guest's details on paper until apoa works again.",
        "These {count} guests are NOT saved. Note their details on paper until apoa works again.",
        guests,
    )
    print_error_line(style_error(text(message)))


def show_checked(app: "Container", report: Report, warnings: Sequence[Finding]) -> None:
    """Show a report that is not saved yet, below the warnings about it."""
    show_warnings(warnings)
    for line in (*property_line(app.label_if_several), *report_lines(report, app.settings.zone)):
        print_error_line(line)


@contextmanager
def warn_if_not_saved() -> Iterator[None]:
    """If the block cannot read or write the outbox, show that the guest is not saved, unless the error was shown."""
    try:
        yield
    except StorageProblem as exc:
        if not exc.shown:
            show_not_saved()
        raise


@contextmanager
def _warn_if_not_changed() -> Iterator[None]:
    try:
        yield
    except StorageProblem as exc:
        if not exc.shown:
            print_error_line(style_error(_("This change is NOT saved. Make it again when apoa works.")))
        raise


warns_if_not_saved = _warn_if_not_changed()
"""Decorates a command that changes a stay: shows that the change is not saved if the outbox cannot be used."""


@contextmanager
def warn_if_not_stored() -> Iterator[None]:
    """If the block cannot store what was typed, show that it is only on the screen."""
    try:
        yield
    except StorageProblem:
        with suppress(OSError):  # the window is closed
            print_error_line()
            print_error_line(
                style_error(_("What was typed could NOT be stored. It is only on this screen: copy it to paper."))
            )
        raise
