"""Changes to a reported stay: check-out, correction, cancellation, and the fix of a refused report.

A correction is the report with newly typed values in place of its own. It is checked by the rules of a check-in. If
nothing new is typed, the result is what was reported.

If the authority may have the stay, a change is a further report of the stay. What the authority certainly does not have
is replaced or withdrawn without traffic. A change is made and shown first; saving it is a separate step.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from apoa_client.desk.arrivals import Desk
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import DataRefused
from apoa_client.messages import Message, moment_message, msg
from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.ports.entries import Entry, NewReport
from apoa_client.report.fields import BY_NAME, IN_AN_MRZ, field_values, label_of, with_label
from apoa_client.report.findings import Finding, ReportRefused, Unreadable
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Report, Stay
from apoa_client.report.parse_dates import date_and_time
from apoa_client.report.parse_fields import Draft, changed_nights
from apoa_client.report.parse_fields import reason as parse_reason
from apoa_client.report.rules import EARLIEST_AHEAD, Examination


class Changes:
    """Makes changes to reported stays, each of which `Desk.save` saves as long as the stay has the same reports."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._zone = desk.rules.zone

    def parse_time(self, text: str) -> datetime:
        """Return a typed time of check-out, in the property's zone. Raises `ReportRefused`."""
        try:
            return date_and_time(text, self._zone, now=self._desk.clock.now())
        except Unreadable as exc:
            raise _refused("check_out", exc.code, exc.message) from None

    def check_out(
        self, history: StayHistory, at: datetime | None = None, stay: Stay | None = None, refused: Entry | None = None
    ) -> NewReport:
        """Return the check-out of a guest at a time, in place of a refused one; None means now.

        `stay` is the current stay if it can be decrypted; without it, only the day of arrival is known and checked.
        Raises `DataRefused` or `ReportRefused`.
        """
        if refused is None:
            require_current_report(history)
            if history.check_out is not None:
                raise _already_checked_out_error(history, history.check_out, self._zone)
        now = self._desk.now
        left = at or now
        if left > now + EARLIEST_AHEAD:
            problem = msg("it is more than a day in the future. Check guests out when they leave, or correct the time.")
            raise _refused("check_out", "implausible", problem)
        first_night = history.current_report.first_night if history.current_report is not None else None
        if left < stay.check_in if stay is not None else first_night is not None and left.date() < first_night:
            problem = msg("it is before the check-in. Correct the time, or first the check-in with: apoa amend")
            raise _refused("check_out", "order", problem)
        return self._change(history, Kind.CHECK_OUT, () if refused is None else (refused.id,), check_out=left)

    def examine(self, before: Report, typed: Mapping[str, str], mrz: Mrz | None = None) -> Examination:
        """Check the correction of a report: newly typed texts, which may be empty, and new MRZ lines."""
        return self._desk.examine(correction_draft(before, typed, mrz, today=self._desk.today))

    def amend(
        self, history: StayHistory, examination: Examination, reason: str | None, refused: Entry | None = None
    ) -> NewReport:
        """Return the corrected report. It replaces reports that were never sent, and follows reports that were.

        In place of a refused report it is of the same kind. After a check-out it says that the guest is in house again
        (contract: it replaces the current report). A correction needs a reason, and has no deadline to be late for.
        Raises `ReportRefused` if the examination has errors, or if the reason is missing.
        """
        if refused is None:
            current = require_current_report(history)
            kind = current.kind if current.withdrawable else Kind.AMEND
            later = history.active_reports[history.active_reports.index(current) :]
            replaces = _withdrawable_ids(later)
        else:
            kind, replaces = refused.kind, (refused.id,)
        if examination.guest is None or examination.stay is None:
            raise ReportRefused(examination.errors, examination.warnings)
        content: dict[str, Any] = {"guest": examination.guest, "stay": examination.stay}
        warnings = examination.warnings
        if kind is Kind.AMEND:
            content["reason"] = validated_reason(reason)
            warnings = tuple(each for each in warnings if each.field != BY_NAME["check_in"].path)
        return self._change(history, kind, replaces, warnings, **content)

    def cancel(self, history: StayHistory, reason: str | None, refused: Entry | None = None) -> NewReport:
        """Return the cancellation of a stay, in place of a refused one or of its reports that were never sent.

        Raises `DataRefused` or `ReportRefused`.
        """
        if refused is None:
            require_current_report(history)
        replaces = _withdrawable_ids(history.active_reports) if refused is None else (refused.id,)
        return self._change(history, Kind.CANCEL, replaces, reason=validated_reason(reason))

    def withdraw(self, history: StayHistory, entries: Sequence[Entry]) -> None:
        """Withdraw reports that were never sent. Raises `ReportMoved` as `Desk.save` does; nothing has changed then."""
        self._desk.outbox.withdraw(_ids(entries), _ids(history.active_reports))

    def _change(
        self,
        history: StayHistory,
        kind: Kind,
        replaces: tuple[str, ...],
        warnings: tuple[Finding, ...] = (),
        **content: Any,  # noqa: ANN401  the last four fields of a `Report`
    ) -> NewReport:
        report = self._desk.report(kind, history.stay_id, **content)
        return self._desk.new_report(report, warnings, replaces, _ids(history.active_reports))


def correction_draft(before: Report, typed: Mapping[str, str], mrz: Mrz | None = None, *, today: date) -> Draft:
    """Return the complete draft of a correction. Without new MRZ lines, valid reported lines are read, as of `today`.

    A number of nights such as ``+1`` is added to the reported one.
    """
    values = field_values(before)
    document_type = ""
    if mrz is not None:
        values = {name: value for name, value in values.items() if name not in IN_AN_MRZ}
    elif before.guest is not None:
        document_type = before.guest.document.type  # no field has it
        reported = read_mrz(before.guest.document.mrz, today=today) if before.guest.document.mrz else None
        mrz = reported if reported is not None and reported.valid else None
    if typed.get("nights") and before.stay is not None:
        values = {name: value for name, value in values.items() if name != "planned_check_out"}
        typed = {**typed, "nights": changed_nights(typed["nights"], before.stay.nights)}
    return Draft(typed, mrz, values=values, document_type=document_type)


def reports_to_withdraw(history: StayHistory, selected: Entry) -> tuple[Entry, ...]:
    """Return the reports to withdraw, without traffic, when a report is cancelled; none if a cancellation must be sent.

    A later report that was never sent is withdrawn alone. For a check-in, the whole stay is withdrawn if none of it was
    sent. Raises `DataRefused` for a report that was withdrawn or replaced, and for one that a later check-out needs.
    """
    if selected.kind is not Kind.CHECK_IN:
        if selected.state in {State.SUPERSEDED, State.WITHDRAWN}:
            raise DataRefused(
                msg("Report {id} was already withdrawn or replaced.", id=short_id(selected.id)),
                msg("Look at the stay with: apoa show {id}", id=short_id(selected.id)),
            )
        if selected.withdrawable:
            _refuse_between_check_outs(history, selected)
            return (selected,)
    if history.current_report is not None and history.withdrawable:  # a cancellation too: the authority needs none
        return history.active_reports
    require_current_report(history)
    return ()


def _refuse_between_check_outs(history: StayHistory, selected: Entry) -> None:
    """Raise `DataRefused` for a correction between two check-outs: without it, the guest would leave twice."""
    index = history.active_reports.index(selected)
    neighbours = (*history.active_reports[:index][-1:], *history.active_reports[index + 1 :][:1])
    if [entry.kind for entry in neighbours] == [Kind.CHECK_OUT] * 2:
        later = short_id(neighbours[1].id)
        raise DataRefused(
            msg("The guest was checked out again after this correction: report {id}.", id=later),
            msg("Cancel that report first: apoa cancel {id}", id=later),
        )


def require_current_report(history: StayHistory) -> Entry:
    """Return the stay's current report. Raises `DataRefused` for a stay that was cancelled or withdrawn."""
    first = history.shown_id
    if history.cancel is not None:
        raise DataRefused(msg("The stay of report {id} was cancelled.", id=first), undo_advice(history.cancel, first))
    if history.current_report is None:
        raise DataRefused(
            msg("Report {id} was withdrawn, and the stay has no other report.", id=first),
            msg("Report the guest again with: apoa report"),
        )
    return history.current_report


def undo_advice(entry: Entry, stay: str) -> Message:
    """Return how a saved report can be undone, of the stay with this short id: without traffic if it was not sent."""
    short = short_id(entry.id) if entry.withdrawable and entry.kind is not Kind.CHECK_IN else stay
    if entry.kind is Kind.CHECK_IN and entry.withdrawable:
        return msg("It can still be changed with apoa amend {id}, or withdrawn with apoa cancel {id}.", id=short)
    if entry.withdrawable:
        return msg("To undo it: apoa cancel {id}", id=short)
    if entry.kind is Kind.CHECK_OUT:
        return msg("If the guest is still here, correct this with: apoa amend {id} --reason ...", id=short)
    if entry.kind is Kind.CANCEL:
        return msg("It was sent and cannot be undone. If the guest did come, report them again with: apoa report")
    return msg("To correct it again: apoa amend {id}", id=short)


def validated_reason(reason: str | None) -> str:
    """Return a reason that can be sent. Raises `ReportRefused`, also if there is none."""
    if reason is None or not reason.strip():
        raise _refused("reason", "missing", msg("give a reason for the authority: --reason TEXT"))
    try:
        return parse_reason(reason)
    except Unreadable as exc:
        raise _refused("reason", exc.code, exc.message) from None


def find_refused(history: StayHistory, selected: Entry) -> Entry:
    """Return the refused report of a stay: the selected one, or the first. Raises `DataRefused` if none is."""
    refused = [entry for entry in history.active_reports if entry.state is State.REJECTED]
    if selected in refused:
        return selected
    if refused:
        return refused[0]
    last = history.active_reports[-1:] or history.entries[-1:]
    advice = msg("Change what was reported with: apoa amend {id}", id=short_id(last[0].id))
    if not history.is_active:
        advice = msg("Look at the stay with: apoa show {id}", id=short_id(last[0].id))
    raise DataRefused(msg("No report of this stay is refused: {id}.", id=short_id(selected.id)), advice)


def _already_checked_out_error(history: StayHistory, check_out: Entry, zone: tzinfo) -> DataRefused:
    if check_out.state is State.REJECTED:
        return DataRefused(
            msg("The guest was checked out already, but the authority refused that report."),
            msg("Correct it with: apoa fix {id}", id=short_id(check_out.id)),
        )
    left = check_out.ends_at
    return DataRefused(
        msg(
            "The guest was checked out already, at {moment}: report {id}.",
            moment=moment_message(left.astimezone(zone)) if left is not None else "-",
            id=short_id(check_out.id),
        ),
        undo_advice(check_out, history.shown_id),
    )


def _withdrawable_ids(entries: Sequence[Entry]) -> tuple[str, ...]:
    return _ids([entry for entry in entries if entry.withdrawable])


def _ids(entries: Sequence[Entry]) -> tuple[str, ...]:
    return tuple(entry.id for entry in entries)


def _refused(path: str, code: str, problem: Message) -> ReportRefused:
    return ReportRefused([Finding(path, code, with_label(label_of(path), problem))])
