"""The conversation of `apoa sync --by-hand`: what waits is shown, one report a screen, and typed into APOA.

The report on the screen is claimed: no other process sends it, and no other desk shows it, at the same time.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from apoa_client.app.container import Container
from apoa_client.cli.prompts.conversation import Answer, Move, Question, UnclearAnswer, ask
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.desktop import copy_to_clipboard
from apoa_client.cli.terminal.input import YES, confirm
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    clear_screen,
    columns,
    print_error_line,
    print_error_unwrapped,
    side_by_side,
    style_bold,
    style_success,
    style_warning,
)
from apoa_client.cli.views.apoa_form import (
    OUR_ORDER,
    SENT_BEFORE,
    TASKS,
    FormLine,
    form_line,
    form_table,
    lines_to_type,
    recorded_line,
    value_note,
)
from apoa_client.cli.views.labels import KINDS
from apoa_client.cli.views.status import deadline_style, deadline_text
from apoa_client.desk.by_hand import NOT_SENT, TypingTask, parse_receipt_number
from apoa_client.errors import DataRefused, Erased, ReportMoved, SealBroken
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import NO_NUMBER, Kind, short_id

_DONE = frozenset({"sudah", "done"}) | YES
_QUIT = frozenset({"q", "quit", "berhenti"})
_LATER = "later"
"""The answer that leaves a report for later. It has no digit, so it is no receipt number."""
_NEXT = "next"
"""The answer that copies the next value."""


class _Quit(Exception):
    """The user ends the conversation."""


class ByHandConversation:
    """One user at a terminal, who types one report after the other into APOA."""

    def __init__(self, app: Container) -> None:
        self._app = app
        self._desk = app.by_hand
        self._later: set[str] = set()
        self._recorded = 0
        self._has_clipboard = True
        self._messages: list[str] = []
        """What happened on the last screen, to be shown on the next one."""

    def run(self) -> int:
        """Go through what waits and return how many numbers were recorded. Raises `NotNow` during maintenance."""
        if not self._app.settings.by_hand:
            self._messages.append(style_warning(text(NOT_SENT)))
        self._desk.release_abandoned()
        with suppress(_Quit):
            while waiting := [each for each in self._desk.waiting() if each.stay_id not in self._later]:
                self._type_in(waiting[0])
        clear_screen()
        self._show_messages()
        return self._recorded

    def _type_in(self, entry: Entry) -> None:
        """Show one report and record its number. A report with an error is left for later, with its stay."""
        try:
            task = self._desk.task(entry)
            with self._desk.claimed(entry) as lease:
                lines = [form_line(line, self._app.settings.zone) for line in task.lines]
                if lease:
                    self._show(task, lines)
                number = self._ask_number(entry, lines) if lease else _LATER
                if number == _LATER:
                    self._later.add(entry.stay_id)
                else:
                    recorded = self._desk.record_number(entry, number, lease=lease)
                    self._messages.append(recorded_line(recorded, number))
                    self._recorded += 1
        except (SealBroken, Erased, ReportMoved, DataRefused) as exc:
            self._later.add(entry.stay_id)
            self._messages.append(style_warning(text(exc.message)))
            if exc.advice is not None:
                self._messages.append(text(exc.advice))

    def _show_messages(self) -> None:
        for line in self._messages:
            print_error_line(line)
        self._messages = []

    def _show(self, task: TypingTask, lines: Sequence[FormLine]) -> None:
        entry, zone, now = task.entry, self._app.settings.zone, self._app.clock.now()
        waiting = self._app.outbox.summary(now=now, soon=now).waiting
        due = deadline_text(entry.due_at, now, zone) if entry.due_at is not None else ""
        parts = (style_bold(_(KINDS[entry.kind])), short_id(entry.id), deadline_style(entry.due_at, now)(due))
        clear_screen()
        self._show_messages()
        print_error_line(side_by_side((*parts, _("waiting: {count}").format(count=waiting))))
        print_error_line(_(TASKS[entry.kind]))
        if task.sent_before:
            print_error_line(style_warning(_(SENT_BEFORE)))
        print_error_line()
        for line in form_table(lines, columns()):
            print_error_unwrapped(line)
        print_error_line()

    def _next_text(self, line: FormLine) -> str:
        return (_("copy {field}") if self._has_clipboard else _("show {field}")).format(field=line.label)

    def _copy(self, line: FormLine) -> None:
        """Put a value on the clipboard, exactly as it is typed, and show it; without a clipboard only show it."""
        was_there, self._has_clipboard = self._has_clipboard, self._has_clipboard and copy_to_clipboard(line.value)
        if was_there and not self._has_clipboard:
            command = localized_command("sync --by-hand --page")
            sentence = _("There is no clipboard here, so the values are only shown. A browser can copy: {command}")
            print_error_line(style_warning(sentence.format(command=command)))
        label = _("{field} (copied)").format(field=line.label) if self._has_clipboard else line.label
        print_error_line(f"\n  {style_success(label) if self._has_clipboard else label}")
        print_error_unwrapped(f"\n      {style_bold(line.value)}{value_note(line)}\n")

    def _ask_number(self, entry: Entry, lines: Sequence[FormLine]) -> str:
        """Ask for the receipt number, copying a value for each Enter; return it, or `_LATER`. Raises `_Quit`."""
        left = [line for line in lines_to_type(lines) if line.value]
        help_lines = [
            _("Enter copies one value after the other: paste each into APOA's form. Enter after the last one = later."),
            _("Text in brackets explains the value and is not typed."),
            *([] if self._app.settings.typing_order else [_(OUR_ORDER)]),
            _("When it is saved there, type here the number on the Surat Tanda Terima: the report is then done."),
            _("A wrong number can be typed again later with: apoa received ID NUMBER"),
        ]
        if entry.kind is not Kind.CHECK_IN:
            no_number = _("If APOA gives no number for this, type y: the number of the guest's stay is recorded again.")
            help_lines.insert(-1, no_number)
        question = Question(
            _("Receipt number"),
            "\n".join(help_lines),
            lambda typed: self._parse(typed, entry),
            format_default=lambda each: self._next_text(left[0]) if each == _NEXT else _("later"),
        )
        print_error_line(_("Enter = copy the next value, < = later, ? = help, q = stop"))
        print_error_line(_("Saved in APOA? Type the number of its receipt, or y if it gave none."))
        while True:
            answer = ask(replace(question, default=_NEXT if left else _LATER))
            if answer is Move.ACCEPT_ALL:  # leaves all of them for later
                raise _Quit
            number = answer.value if isinstance(answer, Answer) else _LATER
            if number == _NEXT:
                if left:
                    self._copy(left.pop(0))
                continue
            doubt = self._desk.doubt(number, entry) if number not in {_LATER, NO_NUMBER} else None
            if doubt is None and (number != NO_NUMBER or entry.kind is not Kind.CHECK_IN):
                return number
            reason = _("APOA gives a number for every check-in: it is on the Surat Tanda Terima.")
            print_error_line(style_warning(reason if doubt is None else text(doubt)))
            if confirm(_("Record it all the same?"), default=False):
                return number

    def _parse(self, typed: str, entry: Entry) -> Answer:
        """Return the number that was typed, or `_LATER`. Raises `UnclearAnswer`, or `_Quit`."""
        word = typed.casefold()
        if word in {_LATER, _NEXT, _("later")}:
            return Answer(_NEXT if word == _NEXT else _LATER)
        if word in _QUIT:
            raise _Quit
        if word in _DONE:
            return Answer(self._desk.stay_receipt_number(entry))
        try:
            return Answer(parse_receipt_number(typed))
        except DataRefused as exc:
            parts = [text(part) for part in (exc.message, exc.advice) if part is not None]
            raise UnclearAnswer(" ".join(parts)) from None
