"""The rest of a stay's life: the guest leaves, something is put right, it never was.

What the authority may have gets a further report behind it in the same stay. What it does not have, for certain, is
replaced or withdrawn without traffic. A proposal is made first and shown; filing it is a step of its own.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.desk.correction_draft import CorrectionDraft
from apoa_client.desk.ids import RandomBytes, new_id
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import DataRefused
from apoa_client.messages import Message, msg
from apoa_client.ports import Clock, Entry, ReportQueue
from apoa_client.report.fields import label_of
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Report, Stay
from apoa_client.report.parse_fields import Unreadable, moment
from apoa_client.report.parse_fields import reason as in_words
from apoa_client.report.rules import EARLIEST_AHEAD, Examination


class PendingChange(NamedTuple):
    """A report that may be filed, and the ids of those in whose place it would be."""

    report: Report
    active_reports: tuple[str, ...]
    """The stay's reports as they were when this was made: it may be filed as long as they are the same."""
    warnings: tuple[Finding, ...] = ()
    replaces: tuple[str, ...] = ()


class Changes:
    """Where a stay that was reported is changed."""

    def __init__(
        self, desk: Desk, outbox: ReportQueue, clock: Clock, settings: ReportingRules, random: RandomBytes
    ) -> None:
        self._desk = desk
        self._outbox = outbox
        self._clock = clock
        self._house = settings
        self._random = random

    def moment(self, text: str) -> datetime:
        """A time of check-out as it was typed, in the property's zone. Raises `ReportRefused`."""
        try:
            return moment(text, self._house.zone, now=self._clock.now())
        except Unreadable as exc:
            raise _refused("check_out", exc.code, exc.message) from None

    def check_out(self, story: StayHistory, at: datetime | None = None, stay: Stay | None = None) -> PendingChange:
        """The guest leaves at a time (None: now). Raises `DataRefused` where they cannot.

        `stay` is what was last said of it, where that could be read: without it, only the day of arrival is known.
        """
        require_current_report(story)
        if story.check_out is not None:
            raise _left_already(story.check_out, self._house.zone)
        left = self._departure(story, at, stay)
        return _proposal(story, self._report(story, Kind.CHECK_OUT, check_out=left))

    def _departure(self, story: StayHistory, at: datetime | None, stay: Stay | None) -> datetime:
        now = self._clock.now().astimezone(self._house.zone).replace(microsecond=0)
        left = at or now
        if left > now + EARLIEST_AHEAD:
            remark = msg("it is more than a day ahead. Check guests out when they leave, or correct the time.")
            raise _refused("check_out", "implausible", remark)
        if _before_arrival(left, story, stay):
            remark = msg("it is before the check-in. Correct the time, or first the check-in with: apoa amend")
            raise _refused("check_out", "order", remark)
        return left

    def examine(self, redraft: CorrectionDraft) -> Examination:
        """What a correction amounts to, by the rules of an arrival."""
        today = self._clock.now().astimezone(self._house.zone).date()
        return redraft.with_document_type(self._desk.examine(redraft.draft(today)))

    def amend(self, story: StayHistory, examination: Examination, reason: str | None) -> PendingChange:
        """The whole, said again: behind what left, and in the place of what did not.

        After a check-out it says that the guest is there again (contract: it replaces what was last said). Raises
        `ReportRefused` where the examination has errors, or the reason is missing that a correction needs.
        """
        told = require_current_report(story)
        kind = told.kind if told.withdrawable else Kind.AMEND
        later = story.active_reports[story.active_reports.index(told) :]
        return self._whole(story, kind, examination, reason)._replace(replaces=_retractable(later))

    def cancel(self, story: StayHistory, reason: str | None) -> PendingChange:
        """The stay is void; later reports of it that never left need not go. Raises `DataRefused`."""
        require_current_report(story)
        report = self._report(story, Kind.CANCEL, reason=validated_reason(reason))
        return _proposal(story, report, _retractable(story.active_reports))

    def fix_check_out(self, story: StayHistory, refused: Entry, at: datetime, stay: Stay | None) -> PendingChange:
        """Another time of check-out, in the place of a refused one."""
        left = self._departure(story, at, stay)
        return _proposal(story, self._report(story, Kind.CHECK_OUT, check_out=left), (refused.id,))

    def fix_cancel(self, story: StayHistory, refused: Entry, reason: str | None) -> PendingChange:
        """Another reason, in the place of a refused cancellation."""
        report = self._report(story, Kind.CANCEL, reason=validated_reason(reason))
        return _proposal(story, report, (refused.id,))

    def fix(self, story: StayHistory, refused: Entry, examination: Examination, reason: str | None) -> PendingChange:
        """The successor of a refused check-in or correction, of its kind and in its place."""
        return self._whole(story, refused.kind, examination, reason)._replace(replaces=(refused.id,))

    def _whole(self, story: StayHistory, kind: Kind, examination: Examination, reason: str | None) -> PendingChange:
        """Guest and stay, said whole. A correction has a reason, and no deadline to be late for."""
        if examination.guest is None or examination.stay is None:
            raise ReportRefused(examination.errors, examination.warnings)
        amends = kind is Kind.AMEND
        words = validated_reason(reason) if amends else None
        report = self._report(story, kind, guest=examination.guest, stay=examination.stay, reason=words)
        warnings = tuple(w for w in examination.warnings if not amends or w.code != "late")
        return _proposal(story, report)._replace(warnings=warnings)

    def file(self, proposal: PendingChange) -> Entry:
        """Save it. Raises `StorageProblem`; or `ReportMoved` where what it replaces left, or the stay was changed."""
        return self._desk.file(proposal.report, proposal.warnings, proposal.replaces, proposal.active_reports)

    def withdraw(self, story: StayHistory, entries: Sequence[Entry]) -> None:
        """Take back what never left. Raises `ReportMoved` as `file` does, and then nothing changed."""
        self._outbox.withdraw(_ids(entries), _ids(story.active_reports))

    def _report(self, story: StayHistory, kind: Kind, **says: object) -> Report:
        now = self._clock.now()
        made = now.astimezone(self._house.zone).replace(microsecond=0)  # as it is sent
        return Report(new_id(now, self._random), story.stay_id, kind, made, **says)  # type: ignore[arg-type]  # its fields


def reports_to_withdraw(story: StayHistory, meant: Entry) -> tuple[Entry, ...]:
    """What is withdrawn, without traffic, when a report is taken back; nothing where a cancellation must say it.

    One later report that never left goes alone; with its check-in the whole stay, if nothing of it left. Raises
    `DataRefused` for what was taken back already, and for what a later check-out is built upon.
    """
    if meant.kind is not Kind.CHECK_IN:
        _refuse_gone(meant)
        if meant.withdrawable:
            _refuse_before_check_out(story, meant)
            return (meant,)
    if (
        story.current_report is not None and story.withdrawable
    ):  # a cancellation may be among it: nobody need ever hear of it
        return story.active_reports
    require_current_report(story)
    return ()


def _refuse_gone(meant: Entry) -> None:
    """Refuse a later report that was taken back or replaced already."""
    if meant.state in {State.SUPERSEDED, State.WITHDRAWN}:
        raise DataRefused(
            msg("Report {id} was withdrawn or replaced already.", id=short_id(meant.id)),
            msg("Look at the stay with: apoa show {id}", id=short_id(meant.id)),
        )


def _refuse_before_check_out(story: StayHistory, meant: Entry) -> None:
    """Refuse what stands between two check-outs: without it the guest would leave twice."""
    place = story.active_reports.index(meant)
    around = (*story.active_reports[:place][-1:], *story.active_reports[place + 1 :][:1])
    if [entry.kind for entry in around] == [Kind.CHECK_OUT] * 2:
        later = short_id(around[1].id)
        raise DataRefused(
            msg("The guest was checked out again after this correction: report {id}.", id=later),
            msg("Take that back first: apoa cancel {id}", id=later),
        )


def require_current_report(story: StayHistory) -> Entry:
    """The report that tells how things are; `DataRefused` for a stay that was cancelled, or of which nothing stands."""
    if story.cancel is not None:
        raise DataRefused(msg("The stay of report {id} was cancelled.", id=_id(story)), undo_advice(story.cancel))
    if story.current_report is None:
        raise DataRefused(
            msg("Report {id} was withdrawn: nothing of the stay is left.", id=_id(story)),
            msg("Report the guest again with: apoa report"),
        )
    return story.current_report


def undo_advice(entry: Entry) -> Message:
    """How a report of these kinds is taken back: without traffic as long as it did not leave."""
    short = short_id(entry.id)
    if entry.kind is Kind.CHECK_IN and entry.withdrawable:
        return msg("It can still be changed with apoa amend {id}, or withdrawn with apoa cancel {id}.", id=short)
    if entry.withdrawable:
        return msg("To take it back: apoa cancel {id}", id=short)
    if entry.kind is Kind.CHECK_OUT:
        return msg("If the guest is still here, say so with: apoa amend {id} --reason ...", id=short)
    if entry.kind is Kind.CANCEL:
        return msg("It was sent and stays. If the guest did come, report them again with: apoa report")
    return msg("To correct it again: apoa amend {id}", id=short)


def validated_reason(reason: str | None) -> str:
    """A reason that can be sent. Raises `ReportRefused`, also where there is none."""
    if reason is None or not reason.strip():
        raise _refused("reason", "missing", msg("say why, for the authority: --reason TEXT"))
    try:
        return in_words(reason)
    except Unreadable as exc:
        raise _refused("reason", exc.code, exc.message) from None


def find_refused(story: StayHistory, meant: Entry) -> Entry:
    """The refused report of a stay that is meant: the one named, or the first. Raises `DataRefused` without any."""
    refused = [entry for entry in story.active_reports if entry.state is State.REJECTED]
    if meant in refused:
        return meant
    if refused:
        return refused[0]
    last = story.active_reports[-1:] or story.entries[-1:]
    advice = msg("Change what was reported with: apoa amend {id}", id=short_id(last[0].id))
    if not story.is_active:
        advice = msg("Look at the stay with: apoa show {id}", id=short_id(last[0].id))
    raise DataRefused(msg("No report of this stay is refused now: {id}.", id=short_id(meant.id)), advice)


def _left_already(check_out: Entry, zone: tzinfo) -> DataRefused:
    if check_out.state is State.REJECTED:
        return DataRefused(
            msg("The guest was checked out already, but the authority refused that report."),
            msg("Correct it with: apoa fix {id}", id=short_id(check_out.id)),
        )
    when = check_out.ends_at.astimezone(zone) if check_out.ends_at is not None else None
    said = f"{when:%Y-%m-%d %H:%M} {when.tzname()}" if when is not None else "-"
    return DataRefused(
        msg("The guest was checked out already, at {moment}: report {id}.", moment=said, id=short_id(check_out.id)),
        undo_advice(check_out),
    )


def _before_arrival(left: datetime, story: StayHistory, stay: Stay | None) -> bool:
    if stay is not None:
        return left < stay.check_in
    first = story.current_report.first_night if story.current_report is not None else None
    return first is not None and left.date() < first


def _proposal(story: StayHistory, report: Report, replaces: tuple[str, ...] = ()) -> PendingChange:
    return PendingChange(report, _ids(story.active_reports), replaces=replaces)


def _retractable(entries: Sequence[Entry]) -> tuple[str, ...]:
    return _ids([entry for entry in entries if entry.withdrawable])


def _ids(entries: Sequence[Entry]) -> tuple[str, ...]:
    return tuple(entry.id for entry in entries)


def _id(story: StayHistory) -> str:
    return short_id(story.entries[0].id)


def _refused(path: str, code: str, remark: Message) -> ReportRefused:
    return ReportRefused([Finding(path, code, msg("{field}: {remark}", field=label_of(path), remark=remark))])
