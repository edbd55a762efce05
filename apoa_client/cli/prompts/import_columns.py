"""The questions about the columns of a table: what is doubtful, whether they are right, and a name for the mapping."""

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from datetime import date
from itertools import zip_longest

from apoa_client.cli.prompts.conversation import Answer, Move, Question, UnclearAnswer, ask
from apoa_client.cli.terminal.input import confirm, discard_typed_ahead, index_of_choice
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import columns as screen_width
from apoa_client.cli.terminal.output import plain, print_error_line, sanitize, style_bold, style_warning
from apoa_client.cli.terminal.wrapping import pad, width
from apoa_client.cli.views.imports import ORDERS, cell_text, show_columns, unread_headings
from apoa_client.cli.views.labels import partial_text
from apoa_client.errors import DataRefused
from apoa_client.messages import Message, listed, msg, nmsg
from apoa_client.report.findings import Unreadable
from apoa_client.settings.column_mappings import IGNORE, TARGETS, ColumnMapping, label_of_target
from apoa_client.settings.folders import NAME_FORM, valid_name
from apoa_client.tables.cells import NAME_ORDER, split_full_name
from apoa_client.tables.columns import ColumnMap, Doubt, guest_rows, match_columns
from apoa_client.tables.dates import readings, split_time
from apoa_client.tables.row_reading import SEVERAL, column_letters
from apoa_client.tables.rows import Row, Table
from apoa_client.texts import fold

_HEADINGS = 3
"""Headings that a row of headings has at the least among those that are known."""
_HALF = 38
"""Columns of the left half of a long list of choices."""
_SHOWN_ROWS = 8
_NAME_ORDERS = {
    "surname_first": msg("the surname comes first, and is one word"),
    "given_first": msg("the given names come first, and the last word is the surname"),
}
NAME_ORDER_BY_STATE = "name_order_by_state"
_NAME_ORDERS_BY_STATE = {
    "by_nationality": msg("in this and similar countries the surname comes first"),
    "given_first_always": msg("the given names come first for these guests, too"),
    "given_first": msg("it differs: refuse these guests until a comma is behind each surname"),
}
_SETTLED_BY = {
    "no_columns": msg(
        "The table needs a row of headings above the guests, such as Surname or Nama keluarga. If it has one, say what "
        "the columns are: --map FILE.toml. See: apoa help import"
    ),
    "name_order": msg(
        "Say it with --name-order surname-first or given-first, or in a mapping. Two columns are better, one for the "
        "surname and one for the given names. See: apoa help import"
    ),
}
_BY_MAPPING = msg("Say what the columns are in a mapping: --map FILE.toml. See: apoa help import")


def doubt_error(doubt: Doubt, table: Table) -> DataRefused:
    """Return the error for a doubt where no user can be asked: it says which option or mapping settles it."""
    advice = _SETTLED_BY.get(doubt.kind, _BY_MAPPING)
    if doubt.kind == "date_order":
        orders = listed([msg("{order} ({words})", order=each, words=ORDERS[each]) for each in doubt.choices])
        advice = msg("Say it with --date-order, or in a mapping: {orders}. See: apoa help import", orders=orders)
    if len(doubt.columns) > 1 and len({fold(table.headings[column]) for column in doubt.columns}) == 1:
        advice = msg("Give one of the columns another heading, or delete it, and save the file.")
    return DataRefused(doubt.message, advice, name="doubtful_columns")


def missing_error(columns: ColumnMap, table: Table) -> DataRefused:
    """Return the error for a table that lacks columns which each guest needs. It names the columns that are not read.

    A row of a guest in the place of the headings is not named: it has hardly a cell that is a heading.
    """
    names = listed([label_of_target(name) for name in columns.missing])
    unread = unread_headings(table, columns) if len(columns.fields) >= _HEADINGS else ()
    problem = msg("The table has no column for: {names}.", names=names)
    if unread:
        headings = ", ".join(unread)
        problem = msg("The table has no column for: {names}. Not read: {headings}.", names=names, headings=headings)
    return DataRefused(
        problem,
        msg(
            "Add the column, or say which one it is with --map. For a field that no row has, give --default "
            "FIELD=VALUE, such as birth_place=- (not stated). See: apoa help import"
        ),
        name="missing_columns",
    )


def sheets_error(names: Sequence[str]) -> DataRefused:
    """Return the error for sheets with guests that would not be read."""
    return DataRefused(
        msg("Sheets with guests would not be read, because their headings differ: {names}", names=", ".join(names)),
        msg("Nothing was saved. Give them the same headings, or import each by itself with --sheet NAME."),
        name="sheets_left",
    )


def confirm_left_sheets(names: Sequence[str]) -> bool:
    """Ask whether to import without these sheets, which have guests. Return True if there are none."""
    if not names:
        return True
    error = sheets_error(names)
    print_error_line(style_warning(text(error.message)))
    return confirm(_("Import without them? Each can be imported with --sheet NAME."), default=False)


def ask_heading_row(table: Table) -> int:
    """Ask which row has the headings. A row with a guest would be lost. 0 if none has, or if the user goes back."""
    rows = table.read_first()
    print_error_line(_("The headings of the table are not known. Its first rows:"))
    for row in rows[:_SHOWN_ROWS]:
        cells = ", ".join(filter(None, map(cell_text, row.values)))
        print_error_line(f"{row.number:>4}  {cells}"[: screen_width() - 1])

    def parse(answer: str) -> Answer:
        if answer not in {str(row.number) for row in rows}:
            raise UnclearAnswer(_("Type the number of one of these rows."))
        return Answer(answer)

    help_text = _("A guest in the row of the headings is not reported.") + "\n" + _stops()
    found = _asked(_("Which row has the headings? Its number; Enter = none"), help_text, parse, required=False)
    if not found:
        print_error_line(_("Add a row of headings above the guests in the file, and import it again."))
    return int(found or 0)


class ColumnQuestions:
    """Asks about the columns of one table, at a terminal. `mapping` is what was said about them already."""

    def __init__(self, table: Table, mapping: ColumnMapping, today: date) -> None:
        self._table = table
        self._today = today
        self._first = next(iter(table.read_rows()), Row(0, ()))
        self.mapping = mapping
        self._asked_for: set[str] = set()
        self._has_asked_by_state = False
        self.answered = False
        """Whether the user said something that the table does not say, so that it is worth to be kept."""

    def run(self) -> ColumnMap | None:
        """Ask until nothing is in doubt and the user says that the columns are right. None if the user goes back."""
        discard_typed_ahead()
        shown: object = None
        while True:
            columns = match_columns(self._table, self.mapping, self._today)
            if columns.fields != shown:
                self._show(columns)
                shown = columns.fields
            print_error_line()
            doubts = columns.doubts or self._doubt_by_state(columns)
            if doubts:
                if not self._settle(columns, doubts[0]):
                    return None
            elif self._finds_absent_field(columns):
                continue
            else:
                _warn_of_absent(columns)
                if confirm(_("Are the columns right?"), default=not columns.missing):
                    return columns
                column = self._ask_column(_("Which column is wrong? Its letter; Enter = stop"))
                if column is None or not self._ask_field(column):
                    return None

    def _show(self, columns: ColumnMap) -> None:
        """Show the columns, and what is missing if another question comes before that about it."""
        show_columns(self._table, columns, self._first.values)
        if columns.doubts and columns.fields:
            _warn_of_absent(columns)

    def _finds_absent_field(self, columns: ColumnMap) -> bool:
        """Ask once about each field that no column has: which column it is. Return whether the mapping was changed."""
        name = next((each for each in columns.missing if each not in self._asked_for), None)
        if name is None:
            return False
        self._asked_for.add(name)
        label = style_bold(text(label_of_target(name)))
        column = self._ask_column(_("Which column has this: {field}? Its letter; Enter = none").format(field=label))
        if column is not None:
            self._say(column, name)
        elif name != "birth_place":
            return self._finds_absent_field(columns)
        elif confirm(_("Report all these guests without their place of birth (-, not stated)?")):
            self.mapping = self.mapping._replace(defaults={**self.mapping.defaults, name: "-"})
        else:
            return False
        self.answered = True
        return True

    def _settle(self, columns: ColumnMap, doubt: Doubt) -> bool:
        """Ask about one doubt, and add the answer to the mapping. Return False if the user goes back."""
        print_error_line(text(doubt.message))
        if doubt.kind == "date_order":
            order = self._choose([(each, self._date_in_words(doubt, each)) for each in doubt.choices])
            self.mapping = self.mapping._replace(date_order=order or "")
        elif doubt.kind == "name_order":
            column = doubt.columns[0]
            name = cell_text(self._first.values[column]) if column < len(self._first.values) else ""
            order = self._choose([(each, _name_in_words(_NAME_ORDERS, each, name)) for each in doubt.choices])
            self.mapping = self.mapping._replace(name_order=order or "")
        elif doubt.kind == NAME_ORDER_BY_STATE:
            guest = [str(doubt.message.values[key]) for key in ("name", "nationality")]
            words = [_name_in_words(_NAME_ORDERS_BY_STATE, each, *guest) for each in doubt.choices]
            order = self._choose(list(zip(doubt.choices, words, strict=True)))
            self.mapping = self.mapping._replace(name_order=order or "")
        elif doubt.kind == "two_columns":
            if len({fold(self._table.headings[each]) for each in doubt.columns}) == 1:
                raise doubt_error(doubt, self._table)
            order = self._choose(
                [
                    (str(each), f"{column_letters(each)} {sanitize(self._table.headings[each])}")
                    for each in doubt.columns
                ]
            )
            if order is not None:
                self._say(int(order), columns.fields[int(order)])
        elif doubt.kind == "no_columns":
            return self._finds_absent_field(columns)
        else:
            order = self._choose([(each, text(label_of_target(each))) for each in doubt.choices])
            self._say(doubt.columns[0], order or IGNORE)
        return order is not None

    def _doubt_by_state(self, columns: ColumnMap) -> tuple[Doubt, ...]:
        """Return the doubt about the first guest of whom it is not enough that the given names come first; once."""
        whole = columns.columns_of("full_name")
        if not whole or columns.name_order != "given_first" or self._has_asked_by_state:
            return ()
        self._has_asked_by_state = True
        for guest in guest_rows(self._table, columns).read_rows():
            if any(finding.code == NAME_ORDER for finding in guest.findings):
                row = next(
                    row for row in self._table.read_rows() if (row.sheet, row.number) == (guest.sheet, guest.number)
                )
                message = msg(
                    "{name}, {nationality}: the surname often comes first there. Say it for these guests.",
                    name=cell_text(row.values[whole[0]]),
                    nationality=sanitize(guest.typed.get("nationality", "")),
                )
                return (Doubt(NAME_ORDER_BY_STATE, whole, message, tuple(_NAME_ORDERS_BY_STATE)),)
        return ()

    def _date_in_words(self, doubt: Doubt, order: str) -> str:
        """Return an order of dates, with a date of the table as an example."""
        for row in self._table.read_rows():
            for column in doubt.columns:
                value = row.values[column] if column < len(row.values) else None
                found = readings(split_time(value)[0]) if isinstance(value, str) else {}
                if len(set(found.values())) > 1 and order in found:
                    example = _("{text} is {date}").format(text=cell_text(value), date=partial_text(found[order]))
                    return f"{text(ORDERS[order])}: {example}"
        return text(ORDERS[order])

    def _choose(self, choices: Sequence[tuple[str, str]]) -> str | None:
        """Show these with numbers, and return the key of the one that the user chooses. None if the user goes back."""
        for number, (_key, shown) in enumerate(choices, 1):
            print_error_line(f"{number:>4}  {shown}")
        return self._number_of(choices)

    def _number_of(self, choices: Sequence[tuple[str, str]]) -> str | None:
        def parse(answer: str) -> Answer:
            index = index_of_choice(answer, len(choices))
            if index is None:
                raise UnclearAnswer(_("Type a number from 1 to {last}.").format(last=len(choices)))
            return Answer(choices[index][0])

        chosen = _asked(_("Number"), _stops(), parse)
        self.answered = self.answered or chosen is not None
        return chosen

    def _ask_column(self, question: str) -> int | None:
        """Ask for a column by its letter or its heading. None for Enter alone, or if the user goes back."""
        letters = [column_letters(each) for each in range(len(self._table.headings))]

        def parse(answer: str) -> Answer:
            if answer.upper() in letters:
                return Answer(str(letters.index(answer.upper())))
            same = [index for index, heading in enumerate(self._table.headings) if fold(heading) == fold(answer)]
            if not same:
                problem = _("There is no such column. Type a letter from A to {last}, or a heading.")
                raise UnclearAnswer(problem.format(last=letters[-1]))
            return Answer(str(same[0]), sanitize(self._table.headings[same[0]]))

        found = _asked(question, _stops(), parse, required=False)
        return int(found) if found else None

    def _ask_field(self, column: int) -> bool:
        """Ask what a column is, and add that to the mapping. Return False if the user goes back."""
        heading = style_bold(f"{column_letters(column)} {sanitize(self._table.headings[column])}")
        print_error_line(_("What is in column {heading}?").format(heading=heading))
        choices = [(target, text(label_of_target(target))) for target in TARGETS]
        for line in _side_by_side([f"{number:>4}  {label}" for number, (_target, label) in enumerate(choices, 1)]):
            print_error_line(line)
        target = self._number_of(choices)
        if target is not None:
            self._say(column, target)
        return target is not None

    def _say(self, column: int, target: str) -> None:
        """Add to the mapping what a column is. Another column that was the same is not read then."""
        said = {self._table.headings[column]: target}
        if target != IGNORE and target not in SEVERAL:
            others = match_columns(self._table, self.mapping).columns_of(target)
            said |= {self._table.headings[other]: IGNORE for other in others if other != column}
        self.mapping = self.mapping._replace(columns={**self.mapping.columns, **said})


def _warn_of_absent(columns: ColumnMap) -> None:
    """Show the fields that each guest needs and that no column has."""
    absent = columns.missing
    if absent:
        names = text(listed([label_of_target(name) for name in absent]))
        warning = nmsg(
            "No column has: {names}. Without it, each row is refused.",
            "No column has: {names}. Without them, each row is refused.",
            len(absent),
            names=names,
        )
        print_error_line(style_warning(text(warning)))


def _name_in_words(orders: Mapping[str, Message], order: str, name: str, nationality: str = "") -> str:
    """Return an order of names in words, with a name as an example, if that shows it."""
    words = text(orders[order])
    with suppress(Unreadable):
        surname, given_names = split_full_name(name, order, nationality)
        if given_names:
            example = _("surname {surname}, given names {given_names}")
            return f"{words}: {example.format(surname=surname, given_names=given_names)}"
    return words


def _side_by_side(lines: Sequence[str]) -> Sequence[str]:
    """Return a long list in two halves beside each other, if the screen is wide enough and shows columns."""
    half = (len(lines) + 1) // 2
    pairs = [
        f"{pad(left, _HALF)}{right}".rstrip() for left, right in zip_longest(lines[:half], lines[half:], fillvalue="")
    ]
    return lines if plain() or max(map(width, pairs)) >= screen_width() else pairs


def ask_mapping_name(taken: Container[str]) -> str:
    """Offer to keep the answers under a name, which may be `taken` already. Empty if the user does not want it."""
    print_error_line()
    print_error_line(_("Keep these answers for the next file of this kind? Then nothing is asked."))

    def parse(answer: str) -> Answer:
        if not valid_name(answer):
            raise UnclearAnswer(_("Allowed: {values}").format(values=text(NAME_FORM)))
        if answer in taken:
            return Answer(answer, _("This replaces the earlier answers of this name."))
        return Answer(answer)

    question = Question(
        _("A short name for it, such as cloudbeds; Enter = no"),
        _("The next time: apoa import FILE --map NAME"),
        parse,
        required=False,
    )
    answer = ask(question)
    return answer.value if isinstance(answer, Answer) else ""


def _stops() -> str:
    return _("< stops, and nothing is saved.")


def _asked(label: str, help_text: str, parse: Callable[[str], Answer], *, required: bool = True) -> str | None:
    """Ask a question that has no default. None if the user goes back."""
    while (answer := ask(Question(label, help_text, parse, required=required))) is Move.ACCEPT_ALL:
        print_error_line(_("This must be answered first. ? shows help."))
    return answer.value if isinstance(answer, Answer) else None
