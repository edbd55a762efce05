"""The conversation of `apoa amend`: what was said, what is typed on top, both side by side, saved, sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from apoa_client.cli.ask import agree, ask_line, place_of
from apoa_client.cli.endings import Ending
from apoa_client.cli.field_questions import FieldQuestions
from apoa_client.cli.findings import show_warnings
from apoa_client.cli.forms import differences, field_texts, guest_name
from apoa_client.cli.language import _, text
from apoa_client.cli.reading import opened
from apoa_client.cli.screen import clean, plain, remark, strong
from apoa_client.desk.changes import Proposal, last_said
from apoa_client.desk.redraft import Redraft
from apoa_client.desk.stays import Story
from apoa_client.errors import CredentialsProblem, DataRefused, UsageProblem
from apoa_client.passport.mrz import MrzUnreadable
from apoa_client.ports import Entry
from apoa_client.report.fields import BY_NAME, ON_THE_FORM
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind, short_id
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination
from apoa_client.texts import msg


class Correcting:
    """What amending and fixing have in common: something is typed on top of what was said."""

    def __init__(
        self, ending: Ending, typed: Mapping[str, str], lines: Sequence[str], *, accept_check_digit: bool
    ) -> None:
        self.ending = ending
        self.app = ending.app
        self.typed = dict(typed)
        self.lines = lines
        self._accept = accept_check_digit

    @cached_property
    def questions(self) -> FieldQuestions:
        """How each field is asked for."""
        return FieldQuestions(self.app)

    def read(self, entry: Entry) -> Report:
        """What a report says. Raises `CredentialsProblem` where the key that it is sealed to cannot be had."""
        try:
            return opened(self.app, entry)
        except CredentialsProblem as exc:
            remark(_("A correction begins with what was reported, and that can be read only with this property's key."))
            raise exc from None

    def redraft(self, before: Report) -> Redraft:
        """What was said, and what was given on top. Raises `ReportRefused` for lines that cannot be read."""
        try:
            mrz = self.app.desk.read(self.lines) if self.lines else None
        except MrzUnreadable as exc:
            path = BY_NAME["mrz"].path
            raise ReportRefused([Finding(path, exc.problem.code, exc.problem.message)]) from None
        return Redraft(before, self.typed, mrz, self._accept)

    def examined(self, redraft: Redraft) -> Examination:
        """Examine, and at a terminal ask again for what does not hold, until all does."""
        while True:
            examination = self.app.changes.examine(redraft)
            if not examination.errors or not self.ending.asking:
                return examination
            typed = dict(redraft.typed)
            if not self.questions.ask_again(typed, examination.errors):
                return examination
            redraft = replace(redraft, typed=typed)

    def show(self, before: Report, proposal: Proposal) -> None:
        """Each field that changes, before and after; at a terminal, and for whoever reads stderr otherwise."""
        show_warnings(proposal.warnings)
        if not self.ending.asking:
            return
        if before.guest is not None:
            remark(strong(guest_name(before.guest)))
        for line in differences(before, proposal.report, self.app.house.zone):
            remark(f"  {line}")

    def save(self, proposal: Proposal, before: Report) -> None:
        """Ask, unless told not to, and save."""
        if self.ending.asking and not self.ending.yes and not agree(_("Save and send this correction?")):
            remark(_("Nothing was saved."))
            return
        self.ending.file(proposal, before.guest)


class Amending(Correcting):
    """A correction that nobody asked for."""

    def amend(self, reference: str, reason: str | None) -> None:
        """Carry a correction from the options to the outbox, and on to the authority where it can be reached."""
        story, _meant = self.app.stays.find(reference)
        told = last_said(story)
        before = self.read(told)
        if story.check_out is not None:
            self.ending.hint(_("The guest was checked out. By this, they are in house again."))
        redraft = self._redraft(story, before)
        examination = self.examined(redraft)
        if story.check_out is None and (examination.guest, examination.stay) == (before.guest, before.stay):
            raise DataRefused(
                msg("Nothing would change: that is what was reported."),
                msg("See what was reported with: apoa show {id}", id=short_id(told.id)),
            )
        proposal = self.app.changes.amend(story, examination, self._reason(told, before, examination, reason))
        self.show(before, proposal)
        self._say_what_it_does(proposal)
        self.save(proposal, before)

    def _redraft(self, story: Story, before: Report) -> Redraft:
        """What was given; where that is nothing, what somebody types."""
        if not self.typed and not self.lines and story.check_out is None:
            if self.ending.asking:
                self._ask_for_fields(before)
            if not self.typed:
                raise UsageProblem(
                    msg("Nothing was given that should change."), msg("See the options with: apoa amend --help")
                )
        return self.redraft(before)

    def _ask_for_fields(self, before: Report) -> None:
        texts = field_texts(before, self.app.house.zone)
        for number, item in enumerate(ON_THE_FORM, 1):
            said = f"{text(item.label)}: {clean(texts.get(item.name, '')) or '-'}"
            remark(f"{number}. {said}" if plain() else f"{number:>3}  {said}")
        while answer := ask_line(_("Number of the field that is wrong; Enter when done")):
            place = place_of(answer, len(ON_THE_FORM))
            if place is None:
                remark(_("Type one of the numbers."))
            else:
                self.questions.change(self.typed, before, ON_THE_FORM[place].name)

    def _reason(self, told: Entry, before: Report, examination: Examination, reason: str | None) -> str | None:
        """Why, as it was given, typed, or said before in a correction that is said again."""
        if told.retractable:
            return reason or before.reason
        if reason is None and self.ending.asking and not examination.errors:
            return ask_line(_("Why is it changed? One sentence for the authority"))
        return reason

    def _say_what_it_does(self, proposal: Proposal) -> None:
        for old in proposal.replaces:
            self.ending.hint(_("Report {id} never arrived. This one takes its place.").format(id=short_id(old)))
        if proposal.report.kind is Kind.AMEND and not proposal.replaces:
            self.ending.hint(_("The whole report is sent again, as a correction."))
