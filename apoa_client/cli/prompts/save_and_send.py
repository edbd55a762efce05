"""What every command does that made a report: say that it is saved, and only then try to send it.

What comes after "saved" can no longer lose it, and what goes wrong there is told and is no failure of the command.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _, text
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
from apoa_client.cli.views.findings import finding_line, show_error
from apoa_client.cli.views.labels import KINDS, clock_skew_text, moment_text
from apoa_client.cli.views.report import guest_name, report_json
from apoa_client.errors import Exit, StorageProblem
from apoa_client.ports import Content, Entry, Verdict
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Guest, Report
from apoa_client.report.wire import to_json

SENDING_PATIENCE_S = 4.0
"""How long the desk waits for each answer of the authority: a guest is standing there."""


class SavedReport(NamedTuple):
    """A report that was just saved."""

    entry: Entry
    report: Report
    warnings: Sequence[Finding] = ()
    guest: Guest | None = None
    """Whom it is about, where the report does not say it itself and the key could be had."""

    @property
    def name(self) -> str:
        """The guest's name, safe for a screen; empty where nobody here knows it."""
        guest = self.report.guest or self.guest
        return guest_name(guest) if guest is not None else ""


class SaveAndSend:
    """The end of a command that made reports."""

    def __init__(self, session: Session, *, send: bool, as_json: bool) -> None:
        self._session = session
        self._app = session.app
        self._send = send
        self._json = as_json

    def finish(self, filed: Sequence[SavedReport], *, several: bool = False) -> list[Entry]:
        """Tell what became of reports that were made, and return how they stand now.

        `several` is for a command that may make any number of them.
        """
        if not self._json:
            self.show_saved(filed)
        return self.send(filed, several=several)

    def show_saved(self, filed: Sequence[SavedReport]) -> None:
        """Say of each that it is saved: nothing that comes after it can lose it any more."""
        for each in filed:
            self._say_saved(each)

    def send(self, filed: Sequence[SavedReport], *, several: bool = False) -> list[Entry]:
        """Try to send what was saved, tell where each stands, and return how they stand now."""
        entries = [each.entry for each in filed]
        contents = [Content(each.report, to_json(each.report), warnings=tuple(each.warnings)) for each in filed]
        if filed and self._send and not self._app.settings.by_hand:
            entries, contents = self._sent(entries, contents)
        pairs = list(zip(entries, contents, strict=True))
        if self._json:
            values = [report_json(entry, content, zone=self._app.settings.zone) for entry, content in pairs]
            print_json({"reports": values} if several else values[0])
        else:
            for entry, content in pairs:
                self._say_where(entry, content, naming=len(pairs) > 1)
        return entries

    def _say_saved(self, filed: SavedReport) -> None:
        kind, name, short = filed.entry.kind, filed.name, style_bold(short_id(filed.entry.id))
        if kind is Kind.CHECK_IN:
            print_line(_("Saved: {name}, report {id}.").format(name=style_bold(name), id=short))
        elif name:
            said = _("Saved: {kind} of {name}, report {id}.")
            print_line(said.format(kind=_(KINDS[kind]), name=style_bold(name), id=short))
        else:
            print_line(_("Saved: {kind}, report {id}.").format(kind=_(KINDS[kind]), id=short))

    def _sent(self, entries: list[Entry], contents: list[Content]) -> tuple[list[Entry], list[Content]]:
        """What sending made of them. A disk that fails from here on is told, and they are saved all the same."""
        try:
            verdicts = self._deliver(contents[0].report.id)
            contents = [_judged(content, verdicts.get(content.report.id)) for content in contents]
            return [next(iter(self._app.outbox.find(entry.id)), entry) for entry in entries], contents
        except StorageProblem as exc:
            show_error(exc)
            return entries, contents

    def _deliver(self, first: str) -> Mapping[str, Verdict]:
        from apoa_client.authority.limits import Timeouts  # not for --no-send
        from apoa_client.cli.terminal.progress import NoProgress
        from apoa_client.cli.terminal.signals import Signals
        from apoa_client.delivery.options import RunOptions
        from apoa_client.delivery.sync import deliver

        wait = SENDING_PATIENCE_S
        terms = RunOptions(self._app.settings.fingerprint, first=first, wait_s=wait, lock_wait_s=wait)
        with Signals() as signals:
            timeouts = Timeouts(connect_s=wait, read_s=wait, total_s=wait)
            outcome = deliver(self._app.delivery_dependencies(NoProgress(), signals, timeouts), terms)
        if outcome.error is not None and outcome.error.exit_code is not Exit.NOT_NOW:
            show_error(outcome.error)
        elif outcome.error is not None and not self._session.quiet:
            print_error_line(style_warning(text(outcome.error.message)))  # its advice is what `_say_where` says
        if outcome.clock_skew is not None:
            print_error_line(style_warning(clock_skew_text(outcome.clock_skew)))
        if outcome.busy and not self._session.quiet:
            print_error_line(_("Another apoa command is sending at this moment. It sends what waits here, too."))
        return outcome.verdicts

    def _say_where(self, entry: Entry, content: Content, *, naming: bool) -> None:
        lead = f"{short_id(entry.id)}  " if naming else ""
        if entry.state is State.ACCEPTED and entry.receipt is not None:
            said = _("Sent. Receipt number: {number}").format(number=style_bold(sanitize(entry.receipt.number)))
            print_line(lead + style_success(said))
            if entry.last_error == "duplicate":
                print_line(_("This guest was already reported for that night; the number is that report's."))
        elif entry.state is State.REJECTED:
            print_line(lead + style_error(_("The authority refused this report:")))
            for finding in content.errors:
                print_line(finding_line(finding))
            print_line(_("Correct it with: apoa fix {id}").format(id=style_bold(short_id(entry.id))))
        elif entry.state is State.PENDING:
            print_line(lead + _("Sent. The authority has not decided yet; the next apoa sync asks again."))
        else:
            print_line(lead + self._waiting(entry))

    def _waiting(self, entry: Entry) -> str:
        refused = self._refused_before(entry)
        if refused is not None:
            said = _("In the queue. It waits for a report of this stay that was refused. First: apoa fix {id}")
            return said.format(id=style_bold(short_id(refused.id)))
        due = style_bold(moment_text(entry.due_at, self._app.settings.zone)) if entry.due_at is not None else ""
        if self._app.settings.by_hand:
            if not due:
                return _("In the queue. Type it into APOA with: apoa sync --by-hand")
            return _("In the queue. Due by {due}. Type it into APOA with: apoa sync --by-hand").format(due=due)
        if due:
            return _("In the queue, not sent yet. Due by {due}. Send what waits with: apoa sync").format(due=due)
        return _("In the queue, not sent yet. Send what waits with: apoa sync")

    def _refused_before(self, entry: Entry) -> Entry | None:
        """What holds up a report of a stay that is not its first."""
        if entry.kind is Kind.CHECK_IN:
            return None
        stay = self._app.stays.of(entry.stay_id).active_reports
        return next((other for other in stay if other.state is State.REJECTED and other.seq < entry.seq), None)


def _judged(content: Content, verdict: Verdict | None) -> Content:
    """A report's content with what the authority found about it."""
    if verdict is None:
        return content
    return Content(content.report, content.body, verdict.errors, (*content.warnings, *verdict.warnings))
