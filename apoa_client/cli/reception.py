"""The conversation of `apoa report`: a passport, what it does not say, the card, and perhaps another guest.

Everybody who arrives together is saved in one transaction and sent in one go. Until then nothing is in the queue, and
whoever breaks off finds what was typed the next time.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from apoa_client.cli.ask import NO, YES, agree, ask_line
from apoa_client.cli.cards import Card
from apoa_client.cli.conversation import HELP, Conversation, Move, Question
from apoa_client.cli.drafts import Drafts
from apoa_client.cli.field_questions import FieldQuestions, name_of
from apoa_client.cli.filing import Filed, Filing
from apoa_client.cli.findings import wrong
from apoa_client.cli.language import N_, _, text
from apoa_client.cli.mrz_questions import PassportQuestion
from apoa_client.cli.screen import remark, result
from apoa_client.cli.session import Session
from apoa_client.cli.wishes import Wishes
from apoa_client.desk.duplicates import ReportedBefore, about_duplicates, twice_in_group
from apoa_client.desk.slips import Slip
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.model import Report
from apoa_client.report.party import children_alone
from apoa_client.report.rules import Examination

_ANOTHER = "+"
_THROWN = frozenset({"b", "buang"}) | NO
_CONTENT = frozenset({""}) | YES
_NOT_FOREIGN = "not_foreign"
_KEYS = N_("Enter = yes, + = another guest for this room, number = change that, ? = other fields, b = throw away")


class _Turn(Enum):
    """How one guest's slip was left."""

    CONTENT = auto()
    ANOTHER = auto()
    GIVEN_UP = auto()


class _Ready(NamedTuple):
    """A slip that holds: its report, and what is worth knowing about it."""

    report: Report
    notes: tuple[Finding, ...]
    doubts: tuple[Finding, ...]
    """Why the guest seems to be reported already."""

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """All of it, the doubts first."""
        return (*self.doubts, *self.notes)


class Reception:
    """An arrival at the desk, with somebody at the terminal."""

    def __init__(self, session: Session, wishes: Wishes) -> None:
        self._app = session.app
        self._wishes = wishes
        self._filing = Filing(session, send=not wishes.no_send, as_json=False)
        self._passport = PassportQuestion(self._app.desk, accept_check_digit=wishes.accept_check_digit)
        self._questions = FieldQuestions(self._app)
        self._slips: list[Slip] = []

    def receive(self, typed: Mapping[str, str]) -> None:
        """Carry guests from their passports to the outbox, and on to the authority where it can be reached.

        `typed` is what the options say of the stay; the first slip begins with it.
        """
        drafts = Drafts(self._app)
        self._slips = drafts.offered() or [Slip(dict(typed))]
        remark(_("? helps, < goes back, > takes all that is proposed, Ctrl-C breaks off and keeps what was typed."))
        with drafts.kept_if_broken_off(lambda: self._slips) as signals:
            content = self._gather()
            with signals.held():
                filed = self._file() if content and not self._wishes.dry_run else []
                self._slips = []
                drafts.done()
        if filed:
            self._filing.finish(filed)
        elif content:
            result(_("Everything is in order. Nothing was saved (--dry-run)."))
        else:
            remark(_("Nothing was saved."))

    def _gather(self) -> bool:
        """Guest after guest, until somebody is content; False where all of it was thrown away."""
        while self._slips:
            turn = self._guest(self._slips[-1])
            if turn is _Turn.CONTENT:
                return True
            if turn is _Turn.ANOTHER:
                self._slips.append(self._slips[-1].companion())
            else:
                self._slips.pop()  # and the card of the one before comes again
        return False

    def _file(self) -> list[Filed]:
        ready = self._ready()
        entries = self._app.desk.file_group([(each.report, each.warnings) for each in ready])
        return [Filed(entry, each.report, each.warnings) for entry, each in zip(entries, ready, strict=True)]

    # One guest.

    def _guest(self, slip: Slip) -> _Turn:
        """Ask until the slip holds and somebody is content with its card."""
        conversation = Conversation(lambda _answers: self._next(slip), slip.typed)
        while slip.begun or self._begin(slip):
            if not conversation.go_on():
                slip.begun = False
            elif self._holds(slip):
                turn = self._card(slip, conversation)
                if turn is not None:
                    return turn
            elif not slip.begun:
                return _Turn.GIVEN_UP
        return _Turn.GIVEN_UP

    def _begin(self, slip: Slip) -> bool:
        """Ask for the passport; False where somebody goes back to the guest before."""
        while True:
            passport = self._passport.ask()
            if not isinstance(passport, Move):
                slip.begin(*passport)
                return True
            if len(self._slips) > 1:
                return False
            remark(_("This is the first question."))

    def _next(self, slip: Slip) -> tuple[str, Question] | None:
        name = slip.next_field()
        if name is None or self._not_foreign(slip):
            return None
        return name, self._questions.question(slip, name)

    def _not_foreign(self, slip: Slip) -> bool:
        return "IDN" in {slip.typed.get("nationality"), slip.mrz.nationality if slip.mrz is not None else ""}

    def _holds(self, slip: Slip) -> bool:
        """Whether the slip can be reported; if not, what does not hold is said, and asked again."""
        errors = self._examined(slip).errors
        if len(self._slips) > 1 and any(error.code == _NOT_FOREIGN for error in errors):
            remark(wrong(text(errors[0].message)))
            slip.begun = False
            return False
        names = [name for error in errors if (name := name_of(error))]
        if errors and not names:
            raise ReportRefused(errors)  # typing does not help, or there is nothing to report
        for error in errors:
            remark(wrong(text(error.message)))
        slip.want(*names, *(["given_names"] if "surname" in names else []))
        return not errors

    def _examined(self, slip: Slip) -> Examination:
        return self._app.desk.examine(slip.draft(accept_check_digit=self._wishes.accept_check_digit))

    # Its card.

    def _card(self, slip: Slip, conversation: Conversation) -> _Turn | None:
        """What somebody does with the card; None where it is to be shown again, changed perhaps."""
        ready = self._ready()[-1]
        card = Card(ready.report, ready.warnings, self._app.house.zone, len(self._slips))
        card.show()
        answer = "" if self._wishes.yes else self._answer(card)
        if answer in _CONTENT:
            return self._content(ready)
        if answer == _ANOTHER:
            return _Turn.ANOTHER
        if answer in _THROWN:
            return _Turn.GIVEN_UP if agree(_("Throw away what was typed of this guest?"), unless_told=False) else None
        if answer == Move.BACK:
            conversation.back()
        elif name := card.field(answer):
            self._questions.change(slip.typed, ready.report, name)
        else:
            remark(_("Type one of the numbers."))
        return None

    def _answer(self, card: Card) -> str:
        remark()
        remark(_(_KEYS))
        while (answer := ask_line(self._question()).casefold()) == HELP:
            card.show_open()
        return answer

    def _question(self) -> str:
        count, kept = len(self._slips), self._wishes.no_send or self._app.house.by_hand
        if count == 1:
            return _("Save this report?") if kept else _("Save and send this report?")
        many = _("Save these {count} reports?") if kept else _("Save and send these {count} reports?")
        return many.format(count=count)

    def _content(self, ready: _Ready) -> _Turn | None:
        """Content, unless the guest seems to be reported already and nobody says that it is meant so."""
        if not ready.doubts or self._wishes.again:
            return _Turn.CONTENT
        if self._wishes.yes:
            raise ReportedBefore(ready.doubts, ready.notes)
        question = _("The guest seems to be reported already. Report them again?")
        return _Turn.CONTENT if agree(question, unless_told=False) else None

    # The party.

    def _ready(self) -> list[_Ready]:
        """Every guest's report, examined now, with what is worth knowing about each and about the party."""
        desk = self._app.desk
        examinations = [self._examined(slip) for slip in self._slips]
        reports = [desk.compose(examination) for examination in examinations]
        lodgers = [(report.guest, report.stay) for report in reports]
        alone = children_alone([(guest, stay) for guest, stay in lodgers if guest is not None and stay is not None])
        ready = []
        for place, report in enumerate(reports):
            doubts = (
                *about_duplicates(desk.reported_before(report)),
                *twice_in_group(report, reports[:place]),
            )
            ready.append(_Ready(report, (*alone[place], *examinations[place].warnings), doubts))
        return ready
