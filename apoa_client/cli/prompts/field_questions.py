"""The questions about one guest: the label and help of each field, and how its answers are parsed.

Answers that are easily mistyped are shown in words: a date with the name of its month, a country, a stay permit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, tzinfo
from functools import cached_property
from typing import TypeAlias

from apoa_client.app.container import Container
from apoa_client.cli.prompts.conversation import Answer, Choice, Move, Question, UnclearAnswer, ask
from apoa_client.cli.prompts.find_stays import open_current_report
from apoa_client.cli.prompts.mrz_lines import reject_mrz_line
from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.cli.views.findings import error_line
from apoa_client.cli.views.labels import SEXES, day_text, moment_text, nights_text, partial_text
from apoa_client.cli.views.report import purpose_text, state_text
from apoa_client.desk.guest_form import GuestForm
from apoa_client.passport import states
from apoa_client.report import codes, parse_dates, parse_fields, permits, purposes
from apoa_client.report.codes import Code
from apoa_client.report.fields import BY_NAME, DATE_TYPES, FIELDS, NAMES, UNREADABLE, as_typed, typed_texts
from apoa_client.report.findings import Finding, Unreadable
from apoa_client.report.kinds import Purpose
from apoa_client.report.model import Report, normalized_room, room_name
from apoa_client.report.parse_dates import date_and_time
from apoa_client.report.parse_fields import Given, is_not_stated, without_not_stated
from apoa_client.report.permits import Permit
from apoa_client.report.rules import INDONESIA

_MAX_CHOICES = 5
_MAX_LISTED = 8


def permit_help(nationality: str, listed: Sequence[Code]) -> Iterator[str]:
    """Yield what is usual for a nationality, and which permits the authority lists beside the built-in ones."""
    usual = [permit for permit in permits.likely(nationality) if _is_taken(permit, listed)]
    if usual:
        line = _("Usual for this nationality (list of {day}): {permits}.")
        yield line.format(day=day_text(permits.as_of()), permits=", ".join(map(_permit_text, usual)))
    own = [row for row in listed if permits.by_code(row.code) is None]
    if own:
        yield _("In the authority's list, too: {codes}").format(codes=_several(own))


def parse_permit(answer: str, nationality: str, listed: Sequence[Code], questioned: list[str]) -> str | Answer:
    """Parse a stay permit. An unknown one is questioned, and accepted when it is typed again.

    `listed` are the authority's codes for the day of arrival, empty if they are not known. A word that several permits
    have, such as "wisata", is no permit.
    """
    known = permits.find(answer)
    if known is not None and _is_taken(known, listed):
        return Answer(known.code, _permit_text(known))
    own = codes.find(answer, listed)
    if own is not None:
        return Answer(own.code, _code_text(own))
    similar = _similar_permits(answer, nationality, listed)
    is_ambiguous = permits.is_ambiguous(answer)
    if (not similar and not listed) or (questioned[-1:] == [answer] and not is_ambiguous):
        return parse_fields.stay_permit(answer)
    questioned.append(answer)
    problem = _("This permit is not in the list. Type it again if it is correct.")
    if is_ambiguous:
        day = day_text(permits.as_of())
        problem = _("Several permits fit (list of {day}). The visa or stamp in the passport decides.").format(day=day)
    elif listed:
        problem = _("This permit is not in the authority's list. Type it again if it is correct.")
    raise UnclearAnswer(problem, similar)


def _is_taken(permit: Permit, listed: Sequence[Code]) -> bool:
    """Return whether the authority lists a permit; True if its list is not known."""
    return not listed or bool(codes.rows_of(listed, permit.code))


def _similar_permits(answer: str, nationality: str, listed: Sequence[Code]) -> list[Choice]:
    """Return the permits that an answer may mean, of the built-in list, then of the authority's own.

    Those that are usual for a nationality have a note.
    """
    state, usual = states.by_code(nationality), permits.likely(nationality)
    choices = []
    for permit in permits.suggest(answer, _MAX_CHOICES, nationality=nationality):
        shown = _permit_text(permit)
        if permit in usual and state is not None:
            shown = _("{permit} (usual for {state})").format(permit=shown, state=state.name(current_language()))
        if _is_taken(permit, listed):
            choices.append(Choice(permit.code, shown))
    own = [row for row in codes.suggest(answer, listed, _MAX_CHOICES) if permits.by_code(row.code) is None]
    return [*choices, *(Choice(row.code, _code_text(row)) for row in own)][:_MAX_CHOICES]


def purpose_help(listed: Sequence[Code]) -> Iterator[str]:
    """Yield the authority's purposes with its names, if these are others than the built-in ones."""
    rows = [row for row in listed if row.code in set(Purpose)]
    usual = [row for row in rows if purposes.find(row.name(current_language())) == row.code]
    if len(usual) < len(Purpose) and rows:
        yield _("In the authority's list: {codes}").format(codes=_several(rows))


def parse_purpose(answer: str, listed: Sequence[Code]) -> Purpose:
    """Return the purpose that a text means, by the authority's name for it, too. Raises `Unreadable`."""
    own = codes.find(answer, listed)
    return Purpose(own.code) if own is not None and own.code in set(Purpose) else parse_fields.purpose(answer)


def _several(rows: Sequence[Code]) -> str:
    more = [f"+{len(rows) - _MAX_LISTED}"] if len(rows) > _MAX_LISTED else []
    return ", ".join([*map(_code_text, rows[:_MAX_LISTED]), *more])


def _code_text(row: Code) -> str:
    """Return a code with its name, sanitized: both are the authority's texts."""
    name = row.name(current_language())
    return sanitize(f"{row.code}: {name}" if name else row.code)


def _permit_text(permit: Permit) -> str:
    return f"{permit.code}: {permit.name(current_language())}"


_CUT_OFF = N_(
    "This name may be cut off in the passport's lines. Type it in full, as on the passport's page. Press Enter only if "
    "the page has no more."
)
_NO_MATCH: Mapping[str, str] = {
    "state": N_("No country has this code or name."),
    "purpose": N_("There is no such purpose."),
}
"""Messages by the type of a field whose possible values are offered as choices below the message."""
_NOT_BY_TYPING = frozenset({"check_digit", "not_foreign", "unknown_format"})
"""Errors that typing the field again does not correct: the MRZ itself is wrong, or the guest is not reported."""
_NAMES = {item.path: item.name for item in FIELDS if item.name not in {"planned_check_out", "mrz"}}
Parser: TypeAlias = Callable[[str], str | Answer]
"""Returns the value of a typed text, or an answer with its own text for users."""


def field_to_ask(error: Finding) -> str:
    """Return the name of the field to ask for so that an error is corrected; empty if typing does not help."""
    return "" if error.code in _NOT_BY_TYPING else _NAMES.get(error.field, "")


class FieldQuestions:
    """The questions of one property about any guest."""

    def __init__(self, app: Container) -> None:
        self._app = app

    @cached_property
    def _rooms(self) -> dict[str, str]:
        """The rooms of guests in house as they were written, by their form for comparison.

        Rooms are sealed. Because a guest is waiting, they are known only if the key is at hand.
        """
        if not self._app.key_is_at_hand:
            return {}
        rooms = self._app.ask(_rooms_in_house)
        return {normalized_room(room): room_name(room) for room in rooms}

    def question(self, form: GuestForm, name: str, default: str = "") -> Question:
        """Return the question about a field. The default is `default`, or else what the form suggests."""
        help_text = text(BY_NAME[name].question)
        if name == "stay_permit":
            help_text = "\n".join([help_text, *permit_help(_nationality_on(form), self._listed(form, "stay_permits"))])
        elif name == "purpose":
            help_text = "\n".join([help_text, *purpose_help(self._listed(form, "purposes"))])
        required = BY_NAME[name].missing is not None and name not in NAMES
        required = required or (name == "given_names" and form.typed.get("surname") == "")
        if name == "room" and self._rooms:
            help_text += "\n" + _("Rooms in use: {rooms}").format(rooms=", ".join(map(sanitize, self._rooms.values())))
        return Question(
            label=text(BY_NAME[name].label),
            help=help_text,
            parse=self._parser(form, name, required=required),
            default=default or form.suggestion(name),
            format_default=lambda value: _value_text(name, self._app.settings.zone, value) or value,
            required=required,
            notice=_(_CUT_OFF) if name == form.truncated_field else "",
        )

    def ask_invalid_fields(self, typed: dict[str, str], errors: Sequence[Finding]) -> bool:
        """Ask for each field that has an error, and store the answers. Return False if typing does not help."""
        if not all(map(field_to_ask, errors)):
            return False
        for error in errors:
            self.ask_invalid_field(typed, error)
        return True

    def ask_invalid_field(self, typed: dict[str, str], error: Finding) -> None:
        """Show an error, ask for its field, and store the answer. The error's suggestion is the default."""
        print_error_line(error_line(text(error.message)))
        name = field_to_ask(error)
        _store(typed, name, ask(self.question(GuestForm(typed), name, error.suggestion or "")))
        if name == "surname" and error.code == "missing":
            _store(typed, "given_names", ask(self.question(GuestForm(typed), "given_names")))

    def ask_change(self, typed: dict[str, str], report: Report, name: str) -> None:
        """Ask for one field of a report, and store the answer. The reported value is the default."""
        values = {**typed_texts(report), **typed}
        default = values.get(name, "")
        if name == "planned_check_out" and report.stay is not None:
            name, default = "nights", typed.get("nights") or str(report.stay.nights)
        question = self.question(GuestForm(values), name, default)
        if name == "nights" and report.stay is not None:
            question = _with_changed_nights(question, int(default) if default.isdecimal() else report.stay.nights)
        answer = ask(question)
        _store(typed, name, answer)
        if name == "check_in" and isinstance(answer, Answer) and report.stay is not None:
            check_in = date_and_time(answer.value, self._app.settings.zone).date()
            nights = (report.stay.planned_check_out - check_in).days
            if nights >= 1:  # a later check-in does not change the day of departure
                _store(typed, "nights", Answer(str(nights)))

    def _parser(self, form: GuestForm, name: str, *, required: bool) -> Callable[[str], Answer]:
        parse = self._field_parser(form, name)

        def parse_stated(typed: str) -> Answer:
            if not is_not_stated(name, typed):
                return _parse(name, self._app.settings.zone, parse, typed)
            value = without_not_stated(name, typed)
            if required and not value:
                raise UnclearAnswer(_("An answer is needed here. ? shows help."))
            return Answer(value, _("not readable") if value == UNREADABLE else _("not stated"))

        return parse_stated

    def _arrival(self, form: GuestForm) -> datetime:
        """Return the check-in that was typed, or now, in the property's zone."""
        zone = self._app.settings.zone
        now = self._app.clock.now().astimezone(zone)
        if form.typed.get("check_in"):
            with suppress(Unreadable):  # a wrong option is asked about later
                return date_and_time(form.typed["check_in"], zone, now=now)
        return now

    def _listed(self, form: GuestForm, table: str) -> list[Code]:
        """Return the codes that the authority lists for the day of arrival; empty if its table is not known."""
        return codes.valid_codes(getattr(self._app.code_tables, table), self._arrival(form).date())

    def _field_parser(self, form: GuestForm, name: str) -> Parser:
        """Return the parser of a field: that of its type, or one that asks about what is likely to be mistyped."""
        zone = self._app.settings.zone
        now, check_in = self._app.clock.now().astimezone(zone), self._arrival(form)
        given = Given(now.date(), zone, now, check_in.date())
        questioned: list[str] = []
        special: Mapping[str, Parser] = {
            "birth_date": lambda answer: _birth_date(answer, given.today),
            "nights": lambda answer: _nights(answer, check_in.date(), given.today),
            "room": self._parse_room,
            "nationality": lambda answer: _nationality(answer, questioned),
            "stay_permit": lambda answer: parse_permit(
                answer, _nationality_on(form), self._listed(form, "stay_permits"), questioned
            ),
            "purpose": lambda answer: parse_purpose(answer, self._listed(form, "purposes")).value,
        }
        return special.get(name) or (lambda answer: as_typed(parse_fields.parse(name, answer, given)))

    def _parse_room(self, answer: str) -> str:
        """Return a room as it was written before, so that 7a and 7A are one room; unchanged if it is new."""
        room = parse_fields.room(answer)
        return self._rooms.get(normalized_room(room), room)


def _rooms_in_house(app: Container) -> list[str]:
    stays = (open_current_report(app, history).stay for history in app.stays.in_house(app.today))
    return [stay.room for stay in stays if stay is not None and stay.room]


def _store(typed: dict[str, str], name: str, answer: Answer | Move) -> None:
    """Store an answer; a move leaves the field as it was."""
    if isinstance(answer, Answer):
        typed[name] = answer.value
        if name == "nights":
            typed.pop("planned_check_out", None)


def _parse(name: str, zone: tzinfo, parse: Parser, typed: str) -> Answer:
    """Parse the answer about a field. Raises `UnclearAnswer`, with possible meanings, for what the field cannot be."""
    reject_mrz_line(typed)
    try:
        value = parse(typed)
    except Unreadable as exc:
        choices = [Choice(exc.suggestion, exc.suggestion)] if exc.suggestion else []
        kind = BY_NAME[name].type
        if kind == "state":
            matches = states.close_matches(typed, _MAX_CHOICES)
            choices = [Choice(state.code, state_text(state.code)) for state in matches]
        elif kind == "purpose":
            similar = purposes.suggest(typed, _MAX_CHOICES)
            choices = [Choice(purpose.value, purpose_text(purpose)) for purpose in similar]
        problem = _(_NO_MATCH[kind]) if choices and kind in _NO_MATCH else text(exc.message)
        raise UnclearAnswer(problem, choices) from None
    if isinstance(value, Answer):
        return value
    return Answer(value, _value_text(name, zone, value) or (sanitize(value) if value != typed else ""))


def _value_text(name: str, zone: tzinfo, value: str) -> str:
    """Return the text that shows a value which is a code or an ISO date; empty for other values."""
    if value == UNREADABLE:
        return _("not readable")
    kind = BY_NAME[name].type
    if kind == "moment":
        return moment_text(date_and_time(value, zone), zone)
    if kind in DATE_TYPES:
        return partial_text(parse_dates.partial_date(value))
    if kind == "state":
        return state_text(value)
    if kind == "sex":
        return _(SEXES[value])
    return purpose_text(Purpose(value)) if kind == "purpose" else ""


def _birth_date(answer: str, today: date) -> str:
    value = parse_dates.partial_date(answer, today=today)
    if value.earliest > today:
        raise UnclearAnswer(_("This date is in the future. Compare it with the passport."))
    return str(value)


def _nationality(answer: str, questioned: list[str]) -> str:
    """Parse a nationality. "Indonesia" is questioned once: it ends the report, and may be a typing error."""
    code = parse_fields.state(answer)
    if code == INDONESIA and not questioned:
        questioned.append(answer)
        raise UnclearAnswer(_("Indonesians are not reported. If the guest is Indonesian, type it again."))
    return code


def _with_changed_nights(question: Question, before: int) -> Question:
    """Return the question about nights, with ``+1`` as one more than before."""
    return replace(
        question,
        help=question.help + "\n" + _("+1 adds a night, and -1 takes one away."),
        parse=lambda answer: question.parse(parse_fields.changed_nights(answer, before)),
    )


def _nights(answer: str, arrival: date, today: date) -> Answer:
    """Parse a number of nights, or a day of departure, which is converted to nights."""
    try:
        departure = parse_fields.nights(answer, arrival)
    except Unreadable:
        if answer.isdigit():
            raise
        try:
            departure = parse_dates.stay_date(answer, today=today, near=arrival)
        except Unreadable:
            if any(map(str.isdigit, answer)):
                raise
            raise UnclearAnswer(text(BY_NAME["nights"].question)) from None
    count = (departure - arrival).days
    if count < 1:
        raise UnclearAnswer(_("The planned check-out must be after the check-in. Give at least one night."))
    parse_fields.nights(str(count), arrival)  # refuses a stay of several years
    return Answer(str(count), _("{nights}, until {day}").format(nights=nights_text(count), day=day_text(departure)))


def _nationality_on(form: GuestForm) -> str:
    """Return the code of the nationality on a form; empty where none is known yet."""
    state = states.find(form.typed.get("nationality") or form.suggestion("nationality"))
    return state.code if state is not None else ""
