"""The conversation of `apoa report`: read, ask for what is missing, show, save, try to send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apoa_client.cli.ask import agree, ask_again, ask_for_mrz
from apoa_client.cli.filing import Filed, Filing
from apoa_client.cli.findings import show_warnings
from apoa_client.cli.forms import card, checked_value
from apoa_client.cli.language import _
from apoa_client.cli.screen import document, remark, result
from apoa_client.cli.session import Session
from apoa_client.desk.duplicates import ReportedBefore, about_duplicates
from apoa_client.passport.mrz import Mrz, MrzUnreadable
from apoa_client.report.draft import Draft
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.model import Report
from apoa_client.report.party import lone_child
from apoa_client.report.rules import Examination, as_on_the_form

_OF_THE_GUEST = frozenset({"surname", "given_names", "document_number"})
"""Whoever gives one of these as an option types the guest's details, and is not asked for an MRZ."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the call asks for besides the guest."""

    yes: bool
    dry_run: bool
    no_send: bool
    accept_check_digit: bool
    json: bool
    again: bool = False
    """Report the guest although another report covers the same nights."""


class Arrival:
    """One guest's registration at the command line."""

    def __init__(self, session: Session, wishes: Wishes) -> None:
        self._session = session
        self._app = session.app
        self._wishes = wishes
        self._asking = session.terminal and not wishes.json
        self._filing = Filing(session, send=not wishes.no_send, as_json=wishes.json)

    def receive(self, typed: Mapping[str, str], lines: Sequence[str]) -> None:
        """Carry the guest from the options to the outbox, and on to the authority where it can be reached."""
        examination = self._examine(dict(typed), self._read(lines, typed))
        report = self._app.desk.compose(examination)
        found = about_duplicates(self._app.desk.reported_before(report))
        remarks = as_on_the_form([*examination.warnings, *lone_child(examination)])
        warnings = (*remarks, *found)
        if self._wishes.dry_run:
            self._show_checked(report, warnings)
            return
        doubtful = bool(found) and not self._wishes.again
        if doubtful and (self._wishes.yes or not self._asking):
            raise ReportedBefore(found, remarks)
        if self._wanted(report, warnings, doubtful=doubtful):
            self._filing.finish([Filed(self._app.desk.file(report, warnings), report, warnings)])
        else:
            remark(_("Nothing was saved."))

    def _wanted(self, report: Report, warnings: Sequence[Finding], *, doubtful: bool) -> bool:
        """Show it, and ask whether to save it; one that is doubtful, because it was reported, only if they say so."""
        if not self._asking:
            show_warnings(warnings)
            return True
        self._show(report, warnings)
        if doubtful:
            return agree(_("The guest seems to be reported already. Report them again?"), unless_told=False)
        return self._wishes.yes or agree(_("Save and send this report?"))

    def _read(self, lines: Sequence[str], typed: Mapping[str, str]) -> Mrz | None:
        if not lines:
            return ask_for_mrz(self._app.desk) if self._asking and not _OF_THE_GUEST & typed.keys() else None
        try:
            return self._app.desk.read(lines)
        except MrzUnreadable as exc:
            path = BY_NAME["mrz"].path
            raise ReportRefused([Finding(path, exc.problem.code, exc.problem.message)]) from None

    def _examine(self, typed: dict[str, str], mrz: Mrz | None) -> Examination:
        """Examine, and at a terminal ask for what is missing or does not hold, until all does."""
        while True:
            examination = self._app.desk.examine(Draft(typed, mrz, self._wishes.accept_check_digit))
            if not examination.errors or not self._asking or not ask_again(typed, examination.errors):
                return examination

    def _show_checked(self, report: Report, warnings: Sequence[Finding]) -> None:
        if self._wishes.json:
            document(checked_value(report, warnings))
            return
        self._show(report, warnings)
        result(_("Everything is in order. Nothing was saved (--dry-run)."))

    def _show(self, report: Report, warnings: Sequence[Finding]) -> None:
        show_warnings(warnings)
        for line in card(report, self._app.house.zone):
            remark(line)
