"""The questions of `apoa setup` about a property, one at a time, the language first.

This module only asks. Nothing is stored before all questions are answered.
"""

import re
from collections.abc import Mapping
from itertools import count
from typing import Any

from apoa_client.app.container import Container
from apoa_client.app.scheduling import Wish, can_schedule, find_schedule, install
from apoa_client.authority.address import check_base_url, is_apoa_website
from apoa_client.cli.prompts.conversation import Answer, Choice, Conversation, Question, UnclearAnswer, ask
from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.input import confirm, edit_line
from apoa_client.cli.terminal.language import N_, _, in_both_languages, text
from apoa_client.cli.terminal.output import print_error_line, print_line, sanitize, style_bold
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.schedule import how_often_text, show_installed
from apoa_client.doctor.results import Result
from apoa_client.errors import SettingsProblem
from apoa_client.locale import parse_language
from apoa_client.messages import Message, msg
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_fields import one_line
from apoa_client.schedule.interface import AUTO
from apoa_client.settings.config import Config, PropertySettings
from apoa_client.settings.folders import is_device, valid_name
from apoa_client.settings.zones import ZONES, Place, place_in, zone_name
from apoa_client.texts import without_accents

PRACTICE, SERVER, HAND = "practice", "server", "hand"
_MAX_LENGTH = 200
_ALWAYS_ASKED = ("language", "name", "address", "timezone", "destination")
_SERVER_QUESTIONS = ("api_url", "username")

_LISTS: Mapping[str, tuple[Message, ...]] = {
    "timezone": (
        msg("1 = WIB: Sumatra, Java, West and Central Kalimantan"),
        msg("2 = WITA: Bali, Nusa Tenggara, Sulawesi, South, East and North Kalimantan"),
        msg("3 = WIT: Maluku, Papua"),
    ),
    "destination": (
        msg("1 = Practice: nothing is sent to an authority, and no account is needed"),
        msg("2 = To a server: the authority gave you an address and an account"),
        msg("3 = By hand: no server takes reports here yet, you type them into APOA"),
    ),
}
"""The choices that are listed before a question."""

_ZONES = {"1": "WIB", "2": "WITA", "3": "WIT"}
"""Time zones by their number in the list."""

_DESTINATIONS = {
    **dict.fromkeys(("1", PRACTICE, "training", "latihan"), PRACTICE),
    **dict.fromkeys(("2", SERVER), SERVER),
    **dict.fromkeys(("3", HAND, "by hand", "manual"), HAND),
}
_DESTINATION_TEXTS = {PRACTICE: msg("practice"), SERVER: msg("to a server"), HAND: msg("by hand")}


def ask_setup_questions(config: Config, default_language: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for what `apoa setup` needs and was not given, and return all options; `name` is the property's.

    The property's short name is derived from the name that guests know, which becomes `display_name`.
    `default_language` is the default if the settings name no language. Raises `click.Abort` if the user stops.
    """
    known = {name: given[name] for name in ("language", "name", "timezone", *_SERVER_QUESTIONS) if given[name]}
    if given["address"] is not None:  # an empty one is an answer, too
        known["address"] = given["address"]
    if given["training"]:
        known["destination"] = PRACTICE
    elif given["api_url"]:
        known["destination"] = SERVER
    elif given["by_hand"]:
        known["destination"] = HAND
    questions = _SetupQuestions(config, default_language, given["office"])
    conversation = Conversation(questions.ask_next, known, read=edit_line)  # no scanner types here: arrow keys may work
    while not conversation.run():
        print_error_line(_("This is the first question."))
    answers = dict(conversation.answers)
    answers["timezone"] = questions.timezone_name(answers["timezone"])
    if given["display_name"] is None:
        answers |= questions.display_name(answers["name"])
    destination = answers.pop("destination")
    return {**given, **answers, "training": destination == PRACTICE, "by_hand": destination == HAND}


def ask_username(username: str) -> str:
    """Ask for the username again after the authority refused the login. The default is `username`."""
    answer = ask(_username_question(username))
    return answer.value if isinstance(answer, Answer) else username


class _SetupQuestions:
    """Decides what to ask next. The defaults come from the settings if the property exists already."""

    def __init__(self, config: Config, default_language: str, office: str | None) -> None:
        self._config = config
        self._default_language = default_language
        self._office = office
        self._before: PropertySettings | None = None
        self._last_question = ""
        self._introduced_in = ""
        self._called = dict[str, str]()
        """The name that guests know, as typed, by the short name that was derived from it."""

    def ask_next(self, answers: dict[str, str]) -> tuple[str, Question] | None:
        """Return the first question without an answer, in the chosen language."""
        if "language" in answers:
            language.set_language(answers["language"])
        self._before = self._config.properties.get(answers.get("name", ""))
        if answers.get("api_url") == HAND:  # chosen instead of an address
            del answers["api_url"]
            answers["destination"] = HAND
        server_questions = _SERVER_QUESTIONS if answers.get("destination") == SERVER else ()
        name = next((name for name in (*_ALWAYS_ASKED, *server_questions) if name not in answers), None)
        if name is None:
            return None
        if name != "language" and self._introduced_in != language.current_language():
            print_error_line(
                _("Enter accepts the value in [ ]. ? shows help, < goes back, Ctrl-C stops and changes nothing.")
            )
            self._introduced_in = language.current_language()
        if name != self._last_question:
            for line in _LISTS.get(name, ()):
                print_error_line(f"  {text(line)}")
            place = self._place(answers) if name == "timezone" else None
            if place is not None:
                where = _("{place} is in the time zone {zone}.")
                print_error_line(f"  {where.format(place=sanitize(place.name), zone=place.zone)}")
        self._last_question = name
        return name, self._question(name, answers)

    def timezone_name(self, abbreviation: str) -> str:
        """Return the zone of the earlier settings if it has this abbreviation: Pontianak is WIB too, like Jakarta."""
        zone = zone_name(abbreviation)
        if self._before is not None and zone is not None and ZONES[zone] is self._before.zone:
            return self._before.timezone
        return abbreviation

    def display_name(self, name: str) -> dict[str, str]:
        """Return the option for the name that guests know; empty if none was typed, or the property has one already."""
        has_one = self._before is not None and self._before.display_name
        return {"display_name": self._called[name]} if name in self._called and not has_one else {}

    def _question(self, name: str, answers: Mapping[str, str]) -> Question:
        """Return a question in the current language, with its default."""
        before, destination = self._before, _destination_of(self._before)
        questioned: list[str] = []
        address = before.address if before is not None else ""
        questions = {
            "language": Question(
                "Bahasa / Language",
                in_both_languages(N_("The language of the program: id for Indonesian, en for English.")),
                _parse_language,
                default=self._config.language or self._default_language,
            ),
            "name": Question(
                _("Name of the property"),
                _("As guests know it, such as Wisma Melati Ubud. It is printed on receipts and notices.")
                + "\n"
                + _("A short name for commands and folders is made from it, such as wisma-melati-ubud."),
                self._parse_name,
                default=self._config.default_property or "hotel",
            ),
            "address": Question(
                _("Address of the property (optional)"),
                _("Street and town. They are printed on receipts and sheets.")
                + ("" if address else "\n" + _("Enter leaves it out.")),
                _parse_text,
                default=address,
                required=False,
            ),
            "timezone": Question(
                _("Time zone"),
                _("Check-in times and deadlines are shown in the time of your island."),
                _parse_zone,
                default=self._likely_zone(answers),
            ),
            "destination": Question(
                _("Where do reports go"),
                _("Begin with practice if you are not sure. Set up again later for real reports: both stay apart."),
                lambda answer: _parse_destination(answer, before),
                default=destination,
                format_default=lambda value: text(_DESTINATION_TEXTS[value]),
            ),
            "api_url": Question(
                _("Address of the authority"),
                _("The authority gives it with the account. It begins with https://, such as https://host/path/v1"),
                lambda answer: _parse_url(answer, questioned),
                default=before.api_url if before is not None and destination == SERVER else "",
            ),
            "username": _username_question(before.username if before is not None else ""),
        }
        return questions[name]

    def _likely_zone(self, answers: Mapping[str, str]) -> str:
        """Return the zone of the earlier settings, or that of the address if it is a new one, or the most common."""
        before, place = self._before, self._place(answers)
        if place is not None and (before is None or answers.get("address") != before.address):
            return place.zone
        return str((before.zone if before is not None else ZONES["Asia/Jakarta"]).tzname(None))

    def _place(self, answers: Mapping[str, str]) -> Place | None:
        """Return the place where the property is, by its address or else by its immigration office."""
        office = self._office or (self._before.office if self._before is not None else "")
        return place_in(answers.get("address", "")) or place_in(office)

    def _parse_name(self, answer: str) -> Answer:
        known = _("It is already set up: what you do not change stays as it is.")
        if valid_name(answer):
            return Answer(answer, known if answer in self._config.properties else "")
        if is_device(answer):
            raise UnclearAnswer(_("Windows keeps this name for a device. Choose another one, such as: melati"))
        try:
            title = one_line(answer, _MAX_LENGTH)
        except Unreadable as exc:
            raise UnclearAnswer(text(exc.message)) from None
        ascii_name = without_accents(title).encode("ascii", "ignore").decode()
        short = "-".join(re.findall(r"[a-z0-9]+", ascii_name))[:32].rstrip("-")
        if not valid_name(short):
            raise UnclearAnswer(_("No short name can be made from this. Write it in Latin letters, such as: melati"))
        properties = self._config.properties
        same = properties.get(short)
        if same is not None and same.display_name.casefold() not in {"", title.casefold()}:
            other = next(each for each in (f"{short[:29]}-{number}" for number in count(2)) if each not in properties)
            self._called[other] = title
            problem = _("{title} has the short name {name} here already. To change that one, type {name}.")
            raise UnclearAnswer(problem.format(name=short, title=sanitize(same.display_name)), [Choice(other, other)])
        self._called[short] = title
        shown = _("Short name, for commands and folders: {name}").format(name=short)
        return Answer(short, f"{shown}. {known}" if same is not None else shown)


def _username_question(default: str) -> Question:
    return Question(
        _("Username"),
        _("The authority gives it with the address. It is not secret; the password is asked next."),
        _parse_text,
        default=default,
    )


def _destination_of(settings: PropertySettings | None) -> str:
    if settings is None or settings.uses_sandbox or not (settings.api_url or settings.by_hand):
        return PRACTICE
    return HAND if settings.by_hand else SERVER


def _parse_language(answer: str) -> Answer:
    known = parse_language(answer)
    if not known:
        raise UnclearAnswer(in_both_languages(N_("Type id or en.")))
    return Answer(known)


def _parse_text(answer: str) -> Answer:
    try:
        return Answer(one_line(answer, _MAX_LENGTH))
    except Unreadable as exc:
        raise UnclearAnswer(text(exc.message)) from None


def _parse_zone(answer: str) -> Answer:
    name = zone_name(_ZONES.get(answer, answer))
    if name is None and (place := place_in(answer)) is not None:
        name = zone_name(place.zone)
    if name is None:
        raise UnclearAnswer(_("Type WIB, WITA or WIT, or its number."))
    short = str(ZONES[name].tzname(None))
    return Answer(short, short if answer.upper() != short else "")


def _parse_destination(answer: str, before: PropertySettings | None) -> Answer:
    destination = _DESTINATIONS.get(answer.casefold())
    if destination is None:
        raise UnclearAnswer(_("Type 1, 2 or 3."))
    if destination == PRACTICE and before is not None and not before.is_training:
        raise UnclearAnswer(_("This property has real reports. Practise apart from them with: apoa --practice report"))
    return Answer(destination, text(_DESTINATION_TEXTS[destination]) if answer != destination else "")


def _parse_url(answer: str, questioned: list[str]) -> Answer:
    """Parse the address of the authority. APOA's website is questioned, and accepted when it is typed again.

    `HAND` is the answer that is offered instead of it.
    """
    if answer == HAND:
        return Answer(HAND, text(_DESTINATION_TEXTS[HAND]))
    if is_apoa_website(answer) and questioned[-1:] != [answer]:
        questioned.append(answer)
        problem = _("This is APOA's website for people. No server there takes reports from programs.")
        raise UnclearAnswer(problem, [Choice(HAND, _("by hand: you type the reports into APOA"))])
    try:
        return Answer(check_base_url(answer))
    except SettingsProblem as exc:
        raise UnclearAnswer(text(exc.message)) from None


def install_chosen(app: Container) -> None:
    """Install the best schedule of this computer for this home. Raises `SettingsProblem`, `UsageProblem`."""
    installation = install(app, Wish(AUTO))
    show_installed(installation)
    if (found := find_schedule(app)) is not None:
        print_line(text(found.scheduler.note()))
    for note in installation.notes:
        print_error_line(text(note))


def offer_schedule(app: Container) -> None:
    """Ask whether this computer is to send what could not be sent at once. A failure does not undo the set-up."""
    try:
        found = find_schedule(app)
        if found is not None and found.check().result is Result.OK:
            print_line(
                _("What waits is sent automatically: {how_often}.").format(how_often=how_often_text(found.found))
            )
            return
        if can_schedule(app) and confirm(_("Let this computer send automatically what could not be sent at once?")):
            install_chosen(app)
            return
    except SettingsProblem as exc:
        show_error(exc)
    print_line(_("To let this computer send automatically: apoa schedule install"))


def show_next_steps(app: Container, settings: PropertySettings, schedule: str | None) -> None:
    """Show the next steps for a property that was just set up. `schedule` is what `--schedule` says about sending."""
    show_how_to_choose(app)
    if settings.uses_sandbox:
        print_line(_("This is practice: try whatever you like, nothing reaches Immigration."))
    elif settings.by_hand:
        print_line(_("Each report is saved here first. Then type it into APOA with: apoa sync --by-hand"))
    else:
        print_line(_("A report is sent as soon as it is saved. What could not be sent waits; send it with: apoa sync"))
        if schedule is None:
            offer_schedule(app)
    report = style_bold(localized_command("report"))
    print_line(_("Try it: {command}").format(command=report))


def show_how_to_choose(app: Container) -> None:
    """Show how a command is given for this property, if there are several."""
    count = len(app.config.names)
    if count > 1:
        report = style_bold(localized_command("report"))
        line = _("{count} properties are set up here. For this one: {command}")
        print_line(line.format(count=count, command=report))
        print_line(_("In a window for one property alone, set APOA_PROPERTY. All at once: apoa sync --all"))
