"""Typing into APOA by hand, where no authority speaks the contract yet or the line is down for days.

`apoa sync --by-hand` walks through what waits, one guest a screen, and `apoa received` files a number that came later.
Nobody else sends meanwhile: a report that is being typed must not go to an authority at the same time.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import click

from apoa_client.app.container import Container
from apoa_client.cli.prompts.conversation import Answer, Move, Question, UnclearAnswer, ask
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import YES, confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    clear_screen,
    columns,
    plain,
    print_error_line,
    print_error_unwrapped,
    print_json,
    print_line,
    sanitize,
    side_by_side,
    style_bold,
    style_success,
    style_warning,
)
from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT
from apoa_client.cli.terminal.wrapping import width
from apoa_client.cli.views.apoa_form import TASKS, FormLine, form_line, value_remark
from apoa_client.cli.views.deadlines import deadline_style, deadline_text
from apoa_client.cli.views.labels import KINDS
from apoa_client.cli.views.report import report_json
from apoa_client.cli.views.report_reader import open_if_possible
from apoa_client.delivery.options import Outcome
from apoa_client.desk.by_hand import ByHand, TypingTask, parse_receipt_number
from apoa_client.errors import DataRefused, Erased, ReportMoved, SealBroken
from apoa_client.messages import msg
from apoa_client.outbox.locking import exclusive
from apoa_client.ports import Entry, Summary
from apoa_client.report.deadline import SOON
from apoa_client.report.findings import Unreadable
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.parse_times import date_and_time

_DONE = frozenset({"sudah", "done"}) | YES
_STOP = frozenset({"q", "quit", "berhenti"})
_LATER = "later"
"""The answer of whoever leaves a guest for later; it has no digit, and is no number."""
_ROOM = 36
"""Columns that a date and its meaning take, with what keeps them apart."""


class Sheet(NamedTuple):
    """Where a sheet to be printed is wanted."""

    path: Path
    force: bool


@command(
    "received", N_("File the number that APOA gave for a report that was typed in by hand."), "apoa received ID NO"
)
@click.argument("reference", metavar="ID")
@click.argument("number", metavar="NUMBER")
@option(
    "--issued-at",
    metavar="TIME",
    text=N_("When APOA gave it: 24/11/2026 19:50, or 19.50 for today; now if it is left out."),
)
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def received(session: Session, *, reference: str, number: str, issued_at: str | None, as_json: bool) -> None:
    """Check the number, find the report, file it. Needs no key."""
    session.json = as_json
    app = session.app
    number = parse_receipt_number(number)
    at = _moment(app, issued_at) if issued_at is not None else None
    entry = app.by_hand.find(reference)
    other = app.by_hand.find_same_number(number, entry)
    entry = app.by_hand.record_number(entry, number, at)
    if other is not None:
        print_error_line(style_warning(_twice(other)))
        print_error_line(_("If that is a mistake, file the right number with the same command."))
    if as_json:
        print_json(report_json(entry, open_if_possible(app, entry), zone=app.settings.zone))
    else:
        print_line(_filed(entry, number))


def _moment(app: Container, typed: str) -> datetime:
    try:
        moment = date_and_time(typed, app.settings.zone, now=app.clock.now())
    except Unreadable as exc:
        raise DataRefused(exc.message) from None
    app.by_hand.check_not_future(moment)
    return moment


def _filed(entry: Entry, number: str) -> str:
    said = _("Filed: report {id}, receipt number {number}, typed in by staff.")
    return style_success(said.format(id=short_id(entry.id), number=style_bold(sanitize(number))))


def _twice(other: Entry) -> str:
    return _("Report {id} of another stay has this number already.").format(id=short_id(other.id))


def report_by_hand(session: Session, sheet: Sheet | None, *, asking: bool) -> Outcome:
    """What `apoa sync` does in place of sending: write a sheet, walk through what waits, or tell how much does."""
    app = session.app
    filed = 0
    if sheet is not None:
        from apoa_client.cli.documents.by_hand_sheet import write_sheet  # a page is slow to make

        count = write_sheet(app, sheet.path, force=sheet.force)
        _say_sheet(session, sheet.path, count)
    elif asking:
        filed = Walk(app).go()
    now = app.clock.now()
    summary = app.outbox.summary(now=now, soon=now + SOON)
    left = _waiting(summary)
    if asking and sheet is None:
        print_line(_came_to(filed, left))
    elif sheet is None and not session.json:
        _tell(summary, left, quiet=session.quiet)
    return Outcome(accepted=filed, left=left)


def _waiting(summary: Summary) -> int:
    return summary.counts[State.QUEUED] + summary.counts[State.SENDING]


def _say_sheet(session: Session, path: Path, count: int) -> None:
    """Where it is, and that it must not lie about."""
    if not count:
        print_error_line(_("Nothing is waiting, so no sheet was written."))
        return
    if path != STANDARD_OUTPUT and not session.json:
        print_line(style_success(_("The sheet is written: {file}").format(file=sanitize(str(path)))))
        print_line(_("Reports on it: {count}").format(count=count))
    print_error_line(
        _("It holds guests' personal data: print it, then delete the file. Destroy the paper when all is filed.")
    )


def _tell(summary: Summary, left: int, *, quiet: bool) -> None:
    """How much is to be typed in; to whoever wants to hear little, only where a deadline is near."""
    said = _("Waiting to be typed into APOA: {count}. Type it in with: apoa sync --by-hand").format(count=left)
    if not quiet:
        print_line(said if left else _("Nothing is waiting."))
    elif left and (summary.overdue or summary.due_soon):
        print_error_line(style_warning(said))
        print_error_line(style_warning(_("Overdue: {late}. Due within 6 hours: {soon}.").format(**_near(summary))))


def _near(summary: Summary) -> dict[str, int]:
    return {"late": summary.overdue, "soon": summary.due_soon}


def _came_to(filed: int, left: int) -> str:
    if not filed and not left:
        return _("Nothing is waiting.")
    parts = [style_success(_("filed {count}").format(count=filed))]
    if left:
        parts.append(style_warning(_("still waiting {count}").format(count=left)))
    return ", ".join(parts)


class _Stopped(Exception):
    """Whoever was typing has had enough."""


class Walk:
    """One person at a terminal, who types one report after the other into APOA."""

    def __init__(self, app: Container) -> None:
        self._app = app
        self._hand: ByHand = app.by_hand
        self._later: set[str] = set()
        self._filed = 0
        self._said: list[str] = []

    def go(self) -> int:
        """Walk through what waits; how many numbers were filed. Raises `NotNow` where another process has the queue."""
        advice = msg("Nothing was changed. Wait a minute, then run the command again.")
        with exclusive(self._app.outbox.delivery_lock(0), advice):
            if not self._app.settings.by_hand:
                self._said.append(style_warning(_("A report whose number you file here is not sent to the authority.")))
            self._hand.release_abandoned()
            with suppress(_Stopped):
                while (entry := self._next()) is not None:
                    self._one(entry)
        clear_screen()
        self._say()
        return self._filed

    def _next(self) -> Entry | None:
        return next((entry for entry in self._hand.waiting() if entry.stay_id not in self._later), None)

    def _one(self, entry: Entry) -> None:
        try:
            task = self._hand.task(entry)
        except (SealBroken, Erased) as exc:  # one bad report holds up no other stay
            self._leave(entry, exc)
            return
        self._show(task)
        number = self._number(task)
        if not number:
            self._later.add(entry.stay_id)
            return
        try:
            self._said.append(_filed(self._hand.record_number(entry, number), number))
            self._filed += 1
        except (ReportMoved, DataRefused) as exc:  # somebody else changed it meanwhile
            self._leave(entry, exc)

    def _leave(self, entry: Entry, exc: ReportMoved | DataRefused | SealBroken) -> None:
        self._later.add(entry.stay_id)
        self._said += [style_warning(text(exc.message)), *([text(exc.advice)] if exc.advice is not None else [])]

    def _say(self) -> None:
        """What happened on the screen before, which is gone."""
        for line in self._said:
            print_error_line(line)
        self._said = []

    def _show(self, task: TypingTask) -> None:
        clear_screen()
        self._say()
        for line in self._head(task):
            print_error_line(line)
        print_error_line()
        shown = [form_line(line, self._app.settings.zone) for line in task.lines]
        for line in form_table(shown, columns()):
            print_error_unwrapped(line)
        print_error_line()

    def _head(self, task: TypingTask) -> Iterable[str]:
        entry, now = task.entry, self._app.clock.now()
        due = deadline_text(entry.due_at, now, self._app.settings.zone) if entry.due_at is not None else ""
        count = _waiting(self._app.outbox.summary(now=now, soon=now))
        parts = (style_bold(_(KINDS[entry.kind])), short_id(entry.id), deadline_style(entry.due_at, now)(due))
        yield side_by_side((*parts, _("waiting: {count}").format(count=count)))
        yield _(TASKS[entry.kind])
        if task.sent_before:
            yield style_warning(_("It was sent before, but no answer came. Check in APOA first whether it is there."))

    def _number(self, task: TypingTask) -> str:
        """What to file, or "" for later. Raises `_Stopped`."""
        entry = task.entry
        while True:
            print_error_line(self._question(entry.kind))
            answer = ask(self._asked(entry))
            if answer is Move.ACCEPT_ALL:  # later, all of it
                raise _Stopped
            number = answer.value if isinstance(answer, Answer) else _LATER
            if number == _LATER:
                return ""
            if self._sure(number, entry):
                return number

    def _asked(self, entry: Entry) -> Question:
        return Question(
            _("Receipt number"),
            "\n".join(self._help(entry.kind)),
            lambda typed: self._read(typed, entry),
            default=_LATER,  # what Enter gives
            format_default=lambda _later: _("later"),
        )

    def _question(self, kind: Kind) -> str:
        if kind is Kind.CHECK_IN:
            return _("Type the number of APOA's receipt. Enter = later, ? = help, q = stop")
        return _("Type the number of APOA's receipt, or y if it gave none. Enter = later, ? = help, q = stop")

    def _read(self, typed: str, entry: Entry) -> Answer:
        """The number that was meant, or that it comes later. Raises `UnclearAnswer`, or `_Stopped`."""
        if typed.casefold() in {_LATER, _("later")}:
            return Answer(_LATER)
        if typed.casefold() in _STOP:
            raise _Stopped
        if typed.casefold() in _DONE:
            return Answer(self._without_number(entry))
        try:
            return Answer(parse_receipt_number(typed))
        except DataRefused as exc:
            raise UnclearAnswer(
                " ".join(text(each) for each in (exc.message, exc.advice) if each is not None)
            ) from None

    def _without_number(self, entry: Entry) -> str:
        if entry.kind is not Kind.CHECK_IN:
            return self._hand.stay_receipt_number(entry)
        raise UnclearAnswer(_("APOA gives a number for every check-in: it stands on the Surat Tanda Terima."))

    def _sure(self, number: str, entry: Entry) -> bool:
        other = self._hand.find_same_number(number, entry)
        if other is None or number == self._hand.stay_receipt_number(entry):
            return True
        print_error_line(style_warning(_twice(other)))
        return confirm(_("File it all the same?"), default=False)

    def _help(self, kind: Kind) -> Iterable[str]:
        yield _("Copy each value into APOA's form. What stands in brackets explains it and is not typed.")
        yield _("When it is saved there, type here the number on the Surat Tanda Terima: the report is then done.")
        if kind is not Kind.CHECK_IN:
            yield _("If APOA gives no number for this, type y: the number of the guest's stay is filed again.")
        yield _("A wrong number can be typed again later with: apoa received ID NUMBER")


def form_table(lines: Sequence[FormLine], room: int) -> list[str]:
    """Labels in columns and each value behind them, or on a line of its own where it would not fit; never cut.

    The reader's own labels stand beside APOA's where there is room for them.
    """
    if plain():
        return [f"{'* ' if line.changed else ''}{line.label}: {line.value}{value_remark(line)}" for line in lines]
    wide = max((len(line.label) for line in lines), default=0)
    here = max((len(line.translated_label) for line in lines), default=0)
    here = here if wide + here + _ROOM <= room else 0
    marked = any(line.changed for line in lines)
    rows: list[str] = []
    for line in lines:
        mark = ("* " if line.changed else "  ") if marked else ""
        lead = f"{mark}{line.label:<{wide}}  " + (f"{line.translated_label:<{here}}  " if here else "")
        shown = (style_bold(line.value) if line.value else "") + value_remark(line)
        if width(lead) + width(shown) < room:
            rows.append(lead + shown)
        else:
            rows += [lead.rstrip(), f"    {shown}"]
    return rows
