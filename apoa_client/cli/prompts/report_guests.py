"""The conversation of `apoa report`: a passport, what it does not say, the card, and perhaps another guest.

Everybody who arrives together is saved in one transaction and sent in one go. Until then nothing is in the queue, and
whoever breaks off finds what was typed the next time.
"""

from collections.abc import Mapping
from enum import Enum, auto

from apoa_client.cli.prompts.conversation import HELP, Conversation, Move, Question
from apoa_client.cli.prompts.drafts import DraftStore
from apoa_client.cli.prompts.field_questions import FieldQuestions, field_to_ask
from apoa_client.cli.prompts.passport_question import PassportQuestion
from apoa_client.cli.prompts.report_options import ReportOptions
from apoa_client.cli.prompts.review_card import ReviewCard
from apoa_client.cli.prompts.save_and_send import SaveAndSend, SavedReport
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import NO, YES, ask_line, confirm, discard_typed_ahead
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_line
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import error_line, show_error
from apoa_client.cli.views.report import guest_name
from apoa_client.desk.duplicates import ReportedBefore
from apoa_client.desk.groups import GroupMember, compose_group
from apoa_client.desk.guest_form import GuestForm
from apoa_client.errors import StorageProblem
from apoa_client.report.findings import ReportRefused
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination

_ANOTHER = "+"
_THROWN = frozenset({"b", "buang"}) | NO
_CONTENT = frozenset({""}) | YES
_COMMANDS = _THROWN | _CONTENT | {_ANOTHER, Move.BACK}
_NOT_FOREIGN = "not_foreign"
_KEYS = N_("Enter = yes, + = another guest for this room, number = change that, ? = other fields, b = throw away")


class _Turn(Enum):
    """How one guest's slip was left."""

    CONTENT = auto()
    ANOTHER = auto()
    GIVEN_UP = auto()


class GuestConversation:
    """An arrival at the desk, with somebody at the terminal."""

    def __init__(self, session: Session, wishes: ReportOptions) -> None:
        self._app = session.app
        self._wishes = wishes
        self._filing = SaveAndSend(session, send=not wishes.no_send, as_json=False)
        self._passport = PassportQuestion(self._app.desk, accept_check_digit=wishes.accept_check_digit)
        self._questions = FieldQuestions(self._app)
        self._drafts = DraftStore(self._app)
        self._slips: list[GuestForm] = []

    def receive(self, typed: Mapping[str, str]) -> None:
        """Carry guests from their passports to the outbox, and on to the authority where it can be reached.

        `typed` is what the options say: it stands on a new slip; of the stay, on each that is gone on with.
        """
        self._slips = self._begun(typed)
        print_error_line(
            _("? helps, < goes back, > takes all that is proposed, Ctrl-C breaks off and keeps what was typed.")
        )
        with self._drafts.keep_if_interrupted(lambda: self._slips) as signals:
            content = self._gather()
            filed = self._file(signals) if content and not self._wishes.dry_run else []
            if not content:
                self._drafts.done()
        if filed:
            self._filing.send(filed)
        elif content:
            print_line(_("Everything is in order. Nothing was saved (--dry-run)."))
        else:
            print_error_line(_("Nothing was saved."))

    def _begun(self, typed: Mapping[str, str]) -> list[GuestForm]:
        """The slips to begin with: what was broken off, or a new one."""
        slips = self._drafts.offer()
        for slip in slips:
            slip.take(typed)
        if slips and any(typed[name] != slips[-1].typed.get(name) for name in typed):
            print_error_line(_("What was given of the guest now is not used: what was typed before goes on."))
        return slips or [GuestForm(dict(typed))]

    def _gather(self) -> bool:
        """Guest after guest, until somebody is content; False where all of it was thrown away."""
        while self._slips:
            turn = self._guest(self._slips[-1])
            if turn is _Turn.CONTENT:
                return True
            if turn is _Turn.ANOTHER:
                self._slips.append(self._slips[-1].for_companion())
            else:
                self._slips.pop()  # and the card of the one before comes again
        return False

    def _file(self, signals: Signals) -> list[SavedReport]:
        """Save the party; where the disk fails, as often as somebody wants to try."""
        while True:
            try:
                with signals.delayed():  # nobody breaks off between saving and saying so
                    return self._saved()
            except StorageProblem as exc:
                show_error(exc)
                if not confirm(_("Try again?")):
                    raise

    def _saved(self) -> list[SavedReport]:
        ready = self._party()
        entries = self._app.desk.save_group([(each.report, each.warnings) for each in ready])
        self._slips = []
        self._drafts.done()
        filed = [SavedReport(entry, each.report, each.warnings) for entry, each in zip(entries, ready, strict=True)]
        self._filing.show_saved(filed)
        return filed

    # One guest.

    def _guest(self, slip: GuestForm) -> _Turn:
        """Ask until the slip holds and somebody is content with its card."""
        conversation = self._conversation(slip)
        while slip.begun or self._begin(slip, conversation):
            if not conversation.run():
                slip.begun = False
            elif self._holds(slip):
                self._settle()
                turn = self._card(slip, conversation)
                if turn is not None:
                    return turn
            elif not slip.begun:
                return _Turn.GIVEN_UP
        return _Turn.GIVEN_UP

    def _conversation(self, slip: GuestForm) -> Conversation:
        return Conversation(lambda _answers: self._next(slip), slip.typed, slip.asked)

    def _settle(self) -> None:
        """Ask for what does not hold of those who came before: an option that was given now stands on their slips."""
        for other in self._slips[:-1]:
            conversation = self._conversation(other)
            while not self._holds(other) and conversation.run():
                pass

    def _begin(self, slip: GuestForm, conversation: Conversation) -> bool:
        """Ask for the passport; False where somebody goes back to the guest before."""
        while True:
            passport = self._passport.ask()
            if not isinstance(passport, Move):
                if slip.begin(*passport):
                    conversation.forget_earlier()
                return True
            if len(self._slips) == 1:
                print_error_line(_("This is the first question."))
            elif not slip.has_guest_data or self._throws_away():
                return False

    def _throws_away(self) -> bool:
        return confirm(_("Throw away what was typed of this guest?"), default=False)

    def _next(self, slip: GuestForm) -> tuple[str, Question] | None:
        name = slip.next_field()
        return (name, self._questions.question(slip, name)) if name is not None and slip.may_be_foreign else None

    def _holds(self, slip: GuestForm) -> bool:
        """Whether the slip can be reported; if not, what does not hold is said, and asked again."""
        errors = self._examined(slip).errors
        native = [error for error in errors if error.code == _NOT_FOREIGN]
        if native and len(self._slips) > 1:
            print_error_line(error_line(text(native[0].message)))
            slip.begun = False
            return False
        names = [name for error in errors if (name := field_to_ask(error))]
        if errors and not names:
            self._slips = [each for each in self._slips if each.may_be_foreign]  # there is nothing to go on with
            raise ReportRefused(errors)
        for error in errors:
            print_error_line(error_line(text(error.message)))
        slip.request_fields(*names, *(["given_names"] if "surname" in names else []))
        return not errors

    def _examined(self, slip: GuestForm) -> Examination:
        return self._app.desk.examine(slip.draft())

    def _party(self) -> list[GroupMember]:
        """Every guest's report, examined now: another desk may have saved one of them meanwhile."""
        return compose_group(self._app.desk, [self._examined(slip) for slip in self._slips])

    # The card of the last one.

    def _card(self, slip: GuestForm, conversation: Conversation) -> _Turn | None:
        """What somebody does with the card; None where it is to be shown again, changed perhaps."""
        *others, last = self._party()
        card = ReviewCard(last.report, last.warnings, [each.report for each in others], self._app.settings.zone)
        card.show()
        answer = "" if self._wishes.yes else self._answer(card)
        if answer in _CONTENT:
            return _Turn.CONTENT if self._meant() else None
        if answer == _ANOTHER:
            return _Turn.ANOTHER if self._meant() else None
        if answer in _THROWN:
            return _Turn.GIVEN_UP if self._throws_away() else None
        if answer == Move.BACK:
            slip.begun = conversation.back()
        else:
            self._change(slip, last.report, card.field(answer))
        return None

    def _change(self, slip: GuestForm, report: Report, name: str) -> None:
        """Ask for one field of the card anew. What cannot be is said, and the card stays as it was."""
        before = dict(slip.typed)
        self._questions.change(slip.typed, report, name)
        errors = self._examined(slip).errors
        for error in errors:
            print_error_line(error_line(text(error.message)))
        if errors:
            slip.typed.clear()
            slip.typed.update(before)

    def _answer(self, card: ReviewCard) -> str:
        """One of the keys, or the number of a field."""
        print_error_line()
        print_error_line(_(_KEYS))
        discard_typed_ahead()  # nobody saves what they have not seen
        while True:
            answer = ask_line(self._question()).casefold()
            if answer in _COMMANDS or card.field(answer):
                return answer
            if answer == HELP:
                card.show_empty_fields()
            else:
                print_error_line(_(_KEYS))

    def _question(self) -> str:
        if self._wishes.dry_run:
            return _("This is only a check: is everything right?")
        count, kept = len(self._slips), self._wishes.no_send or self._app.settings.by_hand
        if count == 1:
            return _("Save this report?") if kept else _("Save and send this report?")
        many = _("Save these {count} reports?") if kept else _("Save and send these {count} reports?")
        return many.format(count=count)

    def _meant(self) -> bool:
        """Whether nobody seems to be reported already, unless somebody says that it is meant so."""
        for slip, each in zip(self._slips, self._party(), strict=True):
            if not each.doubts or self._wishes.again or slip.again:
                continue
            if self._wishes.yes:
                raise ReportedBefore(each.doubts, each.notes)
            if each.report.guest is not None and len(self._slips) > 1:
                print_error_line(guest_name(each.report.guest))
            slip.again = confirm(_("The guest seems to be reported already. Report them again?"), default=False)
            if not slip.again:
                return False
        return True
