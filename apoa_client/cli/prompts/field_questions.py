"""The questions about one guest: what each field asks, how it helps, and what it understands.

What can be mistyped into something else is said back in words: a day with its month's name, a state, a permit by its.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from functools import cached_property, partial
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.prompts.conversation import Answer, Choice, Move, Question, UnclearAnswer, ask
from apoa_client.cli.prompts.mrz_lines import reject_mrz_line
from apoa_client.cli.prompts.rooms_in_use import known_spelling, rooms_in_use
from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.cli.views.findings import error_line
from apoa_client.cli.views.labels import PURPOSES, SEXES, day_text, moment_text, nights_text, partial_text
from apoa_client.cli.views.report import state_text
from apoa_client.desk.correction_draft import typed_texts
from apoa_client.desk.guest_form import GuestForm
from apoa_client.passport import states
from apoa_client.report import choices, parse_fields
from apoa_client.report.deadline import instant
from apoa_client.report.fields import BY_NAME, FIELDS
from apoa_client.report.findings import Finding
from apoa_client.report.model import Report
from apoa_client.report.permits import Permit
from apoa_client.report.rules import INDONESIA

_HELP: Mapping[str, str] = {
    "surname": N_("As on the passport's page, in Latin letters. A single name stands here."),
    "given_names": N_("All given names, as on the passport's page. Enter alone where there are none."),
    "sex": N_("L for male, P for female, X where the passport says X."),
    "birth_place": N_("It is printed on the passport's page. Enter alone where it is not stated there."),
    "birth_date": N_("Day first: 12/9/1985, 12 sep 1985 or 12091985. The year alone if the passport says no more."),
    "nationality": N_("The country in Indonesian or English, a part of its name, or the passport's three letters."),
    "document_number": N_("As printed on the passport's page: letters and digits, usually 8 or 9 of them."),
    "issuing_state": N_("The state whose passport it is; nearly always that of the nationality."),
    "expiry_date": N_("The day on which the passport expires, day first: 30/3/2030 or 30 mar 2030."),
    "stay_permit": N_("On the visa or the stamp in the passport: B1, C1, KITAS. Enter alone where you do not know it."),
    "stay_permit_number": N_("The number printed on the visa or stay permit."),
    "stay_until": N_("The last day on which the guest may stay in Indonesia, day first."),
    "entry_date": N_("The date of the stamp of arrival in Indonesia, day first."),
    "check_in": N_("The date and time of arrival: 24/11/2026 19:50, or a time alone, 19.50, for today."),
    "nights": N_("How many nights, such as 2; or the date of departure, such as 27/11."),
    "room": N_("The room's number or name. Enter alone where rooms have none."),
    "purpose": N_("tourism, business, family, work, study, transit, government or other; the beginning is enough."),
    "phone": N_("The guest's telephone number, if they gave one."),
    "email": N_("The guest's e-mail address, if they gave one."),
    "note": N_("Anything that the officer should know. It is sent with the report."),
}
_NEEDED = frozenset(
    {"sex", "birth_place", "birth_date", "nationality", "document_number", "expiry_date", "check_in", "nights"}
)
_NONE_SUCH = {
    "nationality": N_("No country has this code or name."),
    "issuing_state": N_("No country has this code or name."),
    "purpose": N_("There is no such purpose."),
}
"""What is said where the choices below it say what may have been meant."""
# Typing that field anew does not help: the lines themselves are wrong, or nothing is to be reported.
_NOT_BY_TYPING = frozenset({"check_digit", "not_foreign", "unknown_format"})
_NAMES = {item.path: item.name for item in FIELDS if item.name not in {"planned_check_out", "mrz"}}
_OFFERED = 5
"""How many choices are offered after a doubt."""


def field_to_ask(error: Finding) -> str:
    """The name of the field that is asked for where this error is; empty where typing does not help."""
    return "" if error.code in _NOT_BY_TYPING else _NAMES.get(error.field, "")


class _Moment(NamedTuple):
    """When this is asked, in the property's zone, and when the guest came."""

    now: datetime
    check_in: datetime

    @property
    def today(self) -> date:
        return self.now.date()


class FieldQuestions:
    """The questions of one property, asked about any guest."""

    def __init__(self, app: Container) -> None:
        self._app = app

    @cached_property
    def _rooms(self) -> list[str]:
        return rooms_in_use(self._app)

    def question(self, slip: GuestForm, name: str, default: str = "") -> Question:
        """The question about a field; Enter gives what is `default`, or else what the slip proposes."""
        default = default or slip.proposal(name)
        read = self._readers(slip)[name]
        return Question(
            label=text(BY_NAME[name].label),
            help=self._help(name),
            read=_doubting(name, read),
            default=default,
            show=partial(_shown, name, self._app.settings.zone),
            required=name in _NEEDED or (name == "given_names" and slip.typed.get("surname") == ""),
        )

    def ask_invalid_fields(self, typed: dict[str, str], errors: Sequence[Finding]) -> bool:
        """Ask for each field that an error is about; False where typing would not help."""
        if not all(map(field_to_ask, errors)):
            return False
        for error in errors:
            self.ask_invalid_field(typed, error)
        return True

    def ask_invalid_field(self, typed: dict[str, str], error: Finding) -> None:
        """Say what is wrong, and ask for that field, which has a name; what would mend it is a key away."""
        print_error_line(error_line(text(error.message)))
        name = field_to_ask(error)
        _note(typed, name, ask(self.question(GuestForm(typed), name, error.suggestion or "")))
        if name == "surname" and error.code == "missing":
            _note(typed, "given_names", ask(self.question(GuestForm(typed), "given_names")))

    def change(self, typed: dict[str, str], report: Report, name: str) -> None:
        """Ask for one field of a report anew, and note the answer; Enter leaves it as it is."""
        said = {**typed_texts(report), **typed}
        default = said.get(name, "")
        if name == "planned_check_out" and report.stay is not None:
            name, default = "nights", str(report.stay.nights)
        answer = ask(self.question(GuestForm(said), name, default))
        _note(typed, name, answer)
        if name == "check_in" and isinstance(answer, Answer) and report.stay is not None:
            came = parse_fields.moment(answer.value, self._app.settings.zone).date()
            nights = (report.stay.planned_check_out - came).days
            if nights >= 1:  # whoever comes later leaves no later
                _note(typed, "nights", Answer(str(nights)))

    def _help(self, name: str) -> str:
        told = _(_HELP[name])
        if name == "room" and self._rooms:
            told += "\n" + _("Rooms in use: {rooms}").format(rooms=", ".join(map(sanitize, self._rooms)))
        return told

    def _readers(self, slip: GuestForm) -> Mapping[str, Callable[[str], Answer]]:
        zone = self._app.settings.zone
        now = self._app.clock.now().astimezone(zone)
        at = _Moment(now, _check_in(slip, now, zone))
        return {
            **_READERS,
            "birth_date": lambda answer: _born(answer, at),
            "expiry_date": lambda answer: _day(parse_fields.day(answer, today=at.today)),
            "stay_until": lambda answer: _day(parse_fields.day(answer, today=at.today)),
            "entry_date": lambda answer: _day(parse_fields.past_day(answer, today=at.today)),
            "check_in": lambda answer: _arrival(parse_fields.moment(answer, zone, now=at.now), zone),
            "nights": lambda answer: _nights(answer, at),
            "room": lambda answer: _as_typed(known_spelling(parse_fields.one_line(answer), self._rooms), answer),
            "nationality": _NationalityReader(),
            "stay_permit": _PermitReader(),
        }


def _note(typed: dict[str, str], name: str, answer: Answer | Move) -> None:
    """Note an answer; whoever would rather go back leaves the field as it was."""
    if isinstance(answer, Answer):
        typed[name] = answer.value
        if name == "nights":
            typed.pop("planned_check_out", None)


def _check_in(slip: GuestForm, now: datetime, zone: tzinfo) -> datetime:
    typed = slip.typed.get("check_in")
    try:
        return parse_fields.moment(typed, zone, now=now) if typed else now
    except parse_fields.Unreadable:  # it was given as an option, and is asked about later
        return now


def _doubting(name: str, read: Callable[[str], Answer]) -> Callable[[str], Answer]:
    """What a field understands; what it does not becomes a doubt, with what may have been meant."""

    def reading(answer: str) -> Answer:
        reject_mrz_line(answer)
        try:
            return read(answer)
        except parse_fields.Unreadable as exc:
            meant = _meant(name, answer, exc.suggestion)
            raise UnclearAnswer(
                _(_NONE_SUCH[name]) if meant and name in _NONE_SUCH else text(exc.message), meant
            ) from None

    return reading


def _meant(name: str, answer: str, suggestion: str | None) -> Sequence[Choice]:
    if name in {"nationality", "issuing_state"}:
        return [Choice(state.code, state_text(state.code)) for state in states.close_matches(answer, _OFFERED)]
    if name == "purpose":
        return [Choice(each.value, _(PURPOSES[each.value])) for each in choices.purposes(answer, _OFFERED)]
    return [Choice(suggestion, suggestion)] if suggestion else []


def _shown(name: str, zone: tzinfo, default: str) -> str:
    """How a proposal is read by a person, where its text is our own form of it."""
    if name == "check_in":
        return moment_text(parse_fields.moment(default, zone), zone)
    if name in {"birth_date", "expiry_date", "stay_until", "entry_date"}:
        return partial_text(parse_fields.partial_date(default))
    if name in {"nationality", "issuing_state"}:
        return state_text(default)
    if name == "sex":
        return _(SEXES[default])
    return _(PURPOSES[default]) if name == "purpose" else default


def _as_typed(value: str, answer: str) -> Answer:
    """A text; it is said back only where it is not what was typed."""
    return Answer(value, sanitize(value) if value != answer else "")


def _one_line(answer: str) -> Answer:
    return _as_typed(parse_fields.one_line(answer), answer)


def _name(answer: str) -> Answer:
    return _as_typed(parse_fields.person_name(answer), answer)


def _sex(answer: str) -> Answer:
    value = parse_fields.sex(answer)
    return Answer(value, _(SEXES[value]))


def _birth_place(answer: str) -> Answer:
    value = parse_fields.one_line(answer).upper()
    return Answer(value, _("not stated")) if value == "-" else _as_typed(value, answer)


def _born(answer: str, at: _Moment) -> Answer:
    value = parse_fields.partial_date(answer, today=at.today)
    if value.earliest > at.today:
        raise UnclearAnswer(_("This date is still to come. Compare it with the passport."))
    return Answer(str(value), partial_text(value))


def _state(answer: str) -> Answer:
    code = parse_fields.state(answer)
    return Answer(code, state_text(code))


class _NationalityReader:
    """Understands nationalities. An Indonesian's is doubted once: it ends the report, and may have been mistyped."""

    def __init__(self) -> None:
        self._insists = False

    def __call__(self, answer: str) -> Answer:
        reading = _state(answer)
        if reading.value == INDONESIA and not self._insists:
            self._insists = True
            raise UnclearAnswer(_("Indonesians are not reported. Is the guest one? Then type it again."))
        return reading


def _number(answer: str) -> Answer:
    return _as_typed(parse_fields.document_number(answer), answer)


def _day(day: date) -> Answer:
    return Answer(day.isoformat(), day_text(day))


def _arrival(moment: datetime, zone: tzinfo) -> Answer:
    return Answer(instant(moment), moment_text(moment, zone))


def _nights(answer: str, at: _Moment) -> Answer:
    """A number of nights, or the day of departure, which is kept as the nights until then."""
    try:
        leaves = parse_fields.nights(answer, at.check_in)
    except parse_fields.Unreadable:
        if answer.isdigit():
            raise
        leaves = parse_fields.stay_day(answer, today=at.today, near=at.check_in.date())
    count = (leaves - at.check_in.date()).days
    if count < 1:
        raise UnclearAnswer(_("The planned check-out must be after the check-in. Give at least one night."))
    parse_fields.nights(str(count), at.check_in)  # years of nights are a mistake, too
    return Answer(str(count), _("{nights}, until {day}").format(nights=nights_text(count), day=day_text(leaves)))


def _purpose(answer: str) -> Answer:
    value = parse_fields.purpose(answer).value
    return Answer(value, _(PURPOSES[value]))


class _PermitReader:
    """Understands stay permits. Any text may be one: an unknown one is doubted once, and believed when repeated."""

    def __init__(self) -> None:
        self._insisted: str | None = None

    def __call__(self, answer: str) -> Answer:
        known = choices.stay_permit(answer)
        if known is not None:
            return Answer(known.code, _permit_text(known))
        near = choices.stay_permits(answer, _OFFERED)
        if not near or answer == self._insisted:
            return _one_line(answer)
        self._insisted = answer
        asked = _("This permit is not in the list. Type it again if it is printed so.")
        raise UnclearAnswer(asked, [Choice(each.code, _permit_text(each)) for each in near])


def _permit_text(permit: Permit) -> str:
    name = permit.indonesian if current_language() == "id" else permit.english
    return f"{permit.code}: {name}"


_READERS: Mapping[str, Callable[[str], Answer]] = {
    "surname": _name,
    "given_names": _name,
    "sex": _sex,
    "birth_place": _birth_place,
    "issuing_state": _state,
    "document_number": _number,
    "stay_permit_number": _one_line,
    "purpose": _purpose,
    "phone": lambda answer: _as_typed(parse_fields.phone(answer), answer),
    "email": lambda answer: _as_typed(parse_fields.email(answer), answer),
    "note": lambda answer: _as_typed(parse_fields.one_line(answer, parse_fields.LONGEST_NOTE), answer),
}
