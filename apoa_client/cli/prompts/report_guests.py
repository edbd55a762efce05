"""The conversation of `apoa report`: the passport, the other fields, the review card, and perhaps another guest.

Each of several photos is a guest of the group, in order.

The guests of a group are saved in one transaction and sent together. Until then nothing is in the outbox; if the user
stops, what was typed is stored as a draft and offered the next time.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from apoa_client.cli.prompts.conversation import HELP, Conversation, Move, Question
from apoa_client.cli.prompts.drafts import DraftStore
from apoa_client.cli.prompts.field_questions import FieldQuestions, field_to_ask
from apoa_client.cli.prompts.mrz_lines import is_mrz_line, name_unreported, photo_pages, read_named_photo, unreported
from apoa_client.cli.prompts.passport_question import PassportQuestion, propose_from_last_stay
from apoa_client.cli.prompts.review_card import ReviewCard
from apoa_client.cli.prompts.save_and_send import ReportOptions, SaveAndSend, SavedReport, show_not_saved
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import NO, READING_S, YES, ask_line, confirm, discard_typed_ahead
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import error_line, show_error
from apoa_client.cli.views.report import guest_name
from apoa_client.desk.arrivals import GroupMember, ReportedBefore, compose_group
from apoa_client.desk.guest_form import GuestForm
from apoa_client.errors import StorageProblem
from apoa_client.passport.normalise import normalise
from apoa_client.report.fields import ON_THE_FORM
from apoa_client.report.findings import ReportRefused
from apoa_client.report.model import Report

if TYPE_CHECKING:
    from pathlib import Path

    from apoa_client.scan.photo_reading import PhotoReading

_ANOTHER = "+"
_DISCARD = frozenset({"b", "buang"}) | NO
_ACCEPT = frozenset({""}) | YES
_COMMANDS = _DISCARD | _ACCEPT | {_ANOTHER, Move.BACK}
_NOT_FOREIGN = "not_foreign"
_KEYS = N_("Enter = yes, + = another guest, number = change that, ? = other fields, < = back, b = discard")
_KEYS_OF_GROUP = N_(
    "Enter = yes, + = another guest, number = change that, ? = other fields, < = back, b = discard, g1 = change guest 1"
)


class _Decision(Enum):
    """What the user decided about the form of a guest."""

    ACCEPTED = auto()
    ANOTHER_GUEST = auto()
    DISCARDED = auto()


class GuestConversation:
    """Asks for the guests of a group, one after the other, and saves and sends their reports."""

    def __init__(self, session: Session, options: ReportOptions) -> None:
        self._session = session
        self._app = session.app
        self._options = options
        self._finish = SaveAndSend(session, send=not options.no_send, may_ask=not options.yes)
        self._passport = PassportQuestion(self._app.reachable_desk, self._read_photos)
        self._questions = FieldQuestions(self._app)
        self._drafts = DraftStore(self._app)
        self._forms: list[GuestForm] = []
        self._scanned: list[str] = []
        """The lines of the next guest's passport, if it was scanned at the card of the previous one."""
        self._photos: list[PhotoReading] = []
        """What was read from the photos of guests who are not asked about yet."""
        self.photos_saved: list[PhotoReading] = []
        """Those of guests who are saved, also where the user stops while their reports are sent."""
        self._named: dict[Path, PhotoReading | None] = {}
        """What was read last from each of several photos that were named at once at the question."""
        self._photo: PhotoReading | None = None
        """What was read from the photo of the guest who is asked about next."""
        self._photographed: list[tuple[GuestForm, PhotoReading]] = []
        """The forms of guests on photos."""
        self._typed: Mapping[str, str] = {}

    def run(self, typed: Mapping[str, str], photos: "Sequence[PhotoReading]" = ()) -> None:
        """Ask for the guests, and save and send their reports.

        `typed` holds the command's options, which go into new forms. Each of the `photos` is one guest; those who are
        saved are in `photos_saved`. With photos, an unfinished group stays for the next call without any.
        """
        self._typed, self._photos = typed, list(photos)
        checked: list[Report] = []

        def converse(signals: Signals) -> tuple[bool, list[SavedReport]]:
            self._begin(signals)
            accepted = self._ask_group()
            if accepted and self._options.dry_run:
                checked.extend(each.report for each in self._group())
            saved = self._save(signals) if accepted and not self._options.dry_run else []
            if not accepted:
                self._drafts.delete_resumed()
            self._drafts.put_back(self._forms)  # after a dry run
            return accepted, saved

        try:
            accepted, saved = self._drafts.keep_typed(lambda: self._forms, converse)
        finally:
            if not self._options.dry_run:
                name_unreported(unreported([(read, [file]) for file, read in self._named.items()], self.photos_saved))
        if saved:
            self._finish.send(saved)
            self._finish.show_other_properties()
        elif accepted:
            from apoa_client.cli.prompts.online_check import finish_dry_run  # not to save a report

            finish_dry_run(self._session, self._options, checked)
        else:
            print_error_line(_("Nothing was saved."))

    def _begin(self, signals: Signals) -> None:
        """Continue with a draft that the user chooses, or begin a new form."""
        typed = self._typed
        self._take_photo()
        if self._photo is None:
            self._drafts.offer(self._forms, signals)
        else:
            self._drafts.show_waiting()
        if self._forms and typed:
            print_error_line(_("The details given now are not used: the unfinished form is continued."))
        self._forms = self._forms or [GuestForm(dict(typed))]
        print_error_line(
            _("? shows help, < goes back, > accepts all suggestions, Ctrl-C stops and keeps what was typed.")
        )

    def _read_photos(self, files: "Sequence[Path]") -> "PhotoReading | None":
        """Read the photos that were named at the question: the first is this guest's, the others are the next ones'."""
        if files[1:]:
            self._named |= dict.fromkeys(files)
        shots: list[tuple[Path, PhotoReading]] = []
        for file in files:
            if files[1:]:
                print_error_line(f"  {sanitize(file.name)}")
            reading = read_named_photo(self._session, file)
            shots += [(file, reading)] if reading is not None else []
        pages = photo_pages(shots)
        self._named |= {file: page for page, shown in pages for file in shown if file in self._named}
        read = [page for page, _files in pages]
        self._photos[:0] = read[1:]
        return read[0] if read else None

    def _take_photo(self) -> None:
        """Read the next form's passport from the next photo, if there is one."""
        self._photo = self._photos.pop(0) if self._photos else None

    def _ask_group(self) -> bool:
        """Ask for guest after guest until the user accepts; False if all guests were discarded."""
        while self._forms:
            decision = self._ask_guest(self._forms[-1])
            if decision is _Decision.ACCEPTED:
                return True
            if decision is _Decision.DISCARDED:
                discarded = self._forms.pop()  # and the card of the previous guest is shown again
                if self._forms or not self._photos:
                    continue
                self._forms.append(discarded.for_companion(self._typed))
            else:
                has_photo = bool(self._photos) and not self._scanned
                self._forms.append(self._forms[-1].for_companion(self._typed if has_photo else None))
            if not self._scanned:
                self._take_photo()
        return False

    def _save(self, signals: Signals) -> list[SavedReport]:
        """Save the group. After a storage error, try again as often as the user wants."""
        while True:
            try:
                with signals.delayed():  # the user cannot stop between saving and the message that it is saved
                    group, desk = self._group(), self._app.reachable_desk
                    members = zip(group, self._forms, strict=True)
                    entries = self._app.save_new(
                        [desk.new_report(each.report, each.warnings, photo=form.photo) for each, form in members]
                    )
                    self.photos_saved = [
                        photo for form, photo in self._photographed if any(form is each for each in self._forms)
                    ]
                    self._forms = []
                    self._drafts.delete_resumed()
                    pairs = zip(entries, group, strict=True)
                    saved = [SavedReport(entry, each.report, each.warnings) for entry, each in pairs]
                    self._finish.show_saved(saved)
                    return saved
            except StorageProblem as exc:
                show_not_saved(len(self._forms))
                show_error(exc)
                exc.shown = True
                if not confirm(_("Try again?")):
                    raise

    def _group(self) -> list[GroupMember]:
        """Return every guest's report, checked now: another desk may have saved one of them meanwhile."""
        examinations = [self._app.reachable_desk.examine(form.draft()) for form in self._forms]
        return self._app.ask(lambda each: compose_group(each.desk, examinations, each.report_at_hand))

    # The form of one guest.

    def _ask_guest(self, form: GuestForm) -> _Decision:
        """Ask until the form is valid and the user decides at its review card."""
        conversation = self._field_conversation(form)
        while form.mrz_asked or self._ask_passport(form, conversation):
            if not conversation.run():
                form.mrz_asked = False
            elif self._is_valid(form):
                decision = self._review(form, conversation)
                if decision is not None:
                    return decision
            elif not form.mrz_asked:
                return _Decision.DISCARDED
        return _Decision.DISCARDED

    def _field_conversation(self, form: GuestForm) -> Conversation:
        def next_question(_answers: dict[str, str]) -> tuple[str, Question] | None:
            propose_from_last_stay(self._app, form)
            form.permit_of_group = self._forms[0].typed.get("stay_permit", "") if form is not self._forms[0] else ""
            name = form.next_field()
            return (name, self._questions.question(form, name)) if name is not None and form.may_be_foreign else None

        return Conversation(next_question, form.typed, form.answered_fields)

    def _ask_passport(self, form: GuestForm, conversation: Conversation) -> bool:
        """Ask for the passport. Return False if the user goes back to the previous guest."""
        while True:
            lines, self._scanned = self._scanned or list(form.wrong_lines), []
            photo, self._photo = self._photo, None
            passport = self._passport.ask(lines, photo)
            if not isinstance(passport, Move):
                if form.set_passport(passport.mrz, passport.suggested, passport.wrong_lines):
                    conversation.forget_earlier()
                    self._photographed = [each for each in self._photographed if each[0] is not form]
                self._keep_photo(form, passport.photo)
                return True
            if photo is not None and not self._photo_left_out():
                self._photo = photo
            elif photo is not None and self._photos:
                self._take_photo()
            elif len(self._forms) == 1:
                print_error_line(_("This is the first question."))
            elif photo is not None or not form.has_guest_data or self._confirm_discard():
                return False

    def _keep_photo(self, form: GuestForm, photo: "PhotoReading | None") -> None:
        if photo is not None:
            form.photo = photo.evidence
            self._photographed.append((form, photo))

    def _photo_left_out(self) -> bool:
        """Return whether the guest of a photo is not to be reported. The user is asked in a group alone."""
        is_group = bool(self._photos) or len(self._forms) > 1
        return not is_group or confirm(_("Leave this photo out?"), default=False)

    def _confirm_discard(self) -> bool:
        return confirm(_("Discard what was typed for this guest?"), default=False)

    def _is_valid(self, form: GuestForm) -> bool:
        """Return whether the guest can be reported. If not, show the errors and request their fields.

        Raises `ReportRefused` if no question can correct the errors.
        """
        errors = self._app.reachable_desk.examine(form.draft()).errors
        not_foreign = [error for error in errors if error.code == _NOT_FOREIGN]
        if not_foreign and (len(self._forms) > 1 or self._photos):
            print_error_line(error_line(text(not_foreign[0].message)))
            form.mrz_asked = False
            return False
        names = [name for error in errors if (name := field_to_ask(error))]
        if errors and not names:
            self._forms = [each for each in self._forms if each.may_be_foreign]  # no draft of an Indonesian guest
            if not self._forms:
                self._drafts.delete_resumed()
            raise ReportRefused(errors)
        for error in errors:
            print_error_line(error_line(text(error.message)))
        form.request_fields(*names, *(["given_names"] if "surname" in names else []))
        return not errors

    # The review card of the last guest.

    def _review(self, form: GuestForm, conversation: Conversation) -> _Decision | None:
        """Show the review card and return what the user decides; None if the card is to be shown again."""
        *others, last = self._group()
        card = self._card(last, len(others), [each.report for each in others])
        card.show()
        answer = "" if self._options.yes else self._ask_decision(card)
        if is_mrz_line(answer):
            self._scanned = self._another_passport(form, answer)
            if not self._scanned:
                return None
            answer = _ANOTHER
        if answer in _ACCEPT or answer == _ANOTHER:
            if self._duplicates_confirmed():
                goes_on = answer == _ANOTHER or self._photos
                return _Decision.ANOTHER_GUEST if goes_on else _Decision.ACCEPTED
            self._scanned = []
            return None
        if answer in _DISCARD:
            return _Decision.DISCARDED if self._confirm_discard() else None
        if answer == Move.BACK:
            form.mrz_asked = conversation.go_back()
        elif (index := card.other_guest(answer)) is not None:
            self._correct_earlier_guest(index)
        else:
            self._change_field(form, last.report, card.field(answer))
        return None

    def _card(self, member: GroupMember, index: int, others: Sequence[Report] = ()) -> ReviewCard:
        number = index + 1 if len(self._forms) > 1 or self._photos else None
        zone, label = self._app.settings.zone, self._app.label_if_several
        return ReviewCard(member.report, member.warnings, others, zone, number=number, property_label=label)

    def _another_passport(self, form: GuestForm, first_line: str) -> list[str]:
        """Return the lines of a passport that was scanned at the card; empty if they are not of another guest."""
        lines = self._passport.rest_of_scan(first_line)
        if form.mrz is not None and normalise(lines).lines == form.mrz.lines:
            print_error_line(_("This passport is on the card already."))
            return []
        is_another = bool(lines) and confirm(_("A passport was scanned. Report it as another guest for this room?"))
        return lines if is_another else []

    def _correct_earlier_guest(self, index: int) -> None:
        """Show the card of an earlier guest of the group, and ask for fields by their numbers until Enter alone."""
        while True:
            member = self._group()[index]
            card = self._card(member, index)
            card.show()
            print_error_line()
            discard_typed_ahead()
            while not card.field(answer := ask_line(_("Number = change that, Enter = done"))):
                if answer in {"", Move.BACK}:
                    return
                self._show_wrong_key()
            self._change_field(self._forms[index], member.report, card.field(answer))

    def _show_wrong_key(self) -> None:
        problem = _("Type one of these keys, or a number from 1 to {last}.")
        print_error_line("  " + error_line(problem.format(last=len(ON_THE_FORM))))

    def _change_field(self, form: GuestForm, report: Report, name: str) -> None:
        """Ask for one field of the card again. An answer that makes the form invalid is shown and undone."""
        before = dict(form.typed)
        self._questions.ask_change(form.typed, report, name)
        errors = self._app.reachable_desk.examine(form.draft()).errors
        for error in errors:
            print_error_line(error_line(text(error.message)))
        if errors:
            form.typed.clear()
            form.typed.update(before)

    def _ask_decision(self, card: ReviewCard) -> str:
        """Return one of the keys, the number of a field or of an earlier guest, or the first line of a passport."""
        question = self._decision_question()
        print_error_line()
        keys = _(_KEYS_OF_GROUP) if len(self._forms) > 1 else _(_KEYS)
        print_error_line(keys)
        discard_typed_ahead(READING_S)  # an Enter by habit must not save a card that was not read
        while True:
            typed = ask_line(question)
            answer = typed.casefold()
            if is_mrz_line(typed):
                return typed
            if answer in _COMMANDS or card.field(answer) or card.other_guest(answer) is not None:
                return answer
            if answer == HELP:
                card.show_other_fields()
            else:
                self._show_wrong_key()
            print_error_line(keys)

    def _decision_question(self) -> str:
        count = len(self._forms)
        if self._photos:
            return _("Is everything right? Photos that follow: {left}.").format(left=len(self._photos))
        if self._options.dry_run:
            return _("This is only a check: is everything right?")
        if self._options.no_send or self._app.settings.by_hand:
            question = _("Save this report?") if count == 1 else _("Save these {count} reports?")
        else:
            question = _("Save and send this report?") if count == 1 else _("Save and send these {count} reports?")
        return question.format(count=count)

    def _duplicates_confirmed(self) -> bool:
        """Return whether no guest seems to be reported already, or the user confirms another report."""
        for form, member in zip(self._forms, self._group(), strict=True):
            if not member.duplicates or self._options.again or form.allow_duplicate:
                continue
            if self._options.yes:
                raise ReportedBefore(member.duplicates, member.other_warnings)
            if member.report.guest is not None and len(self._forms) > 1:
                print_error_line(guest_name(member.report.guest))
            form.allow_duplicate = confirm(
                _("The guest seems to be reported already. Report them again?"), default=False
            )
            if not form.allow_duplicate:
                return False
        return True
