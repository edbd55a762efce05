"""The conversation of `apoa setup`: what has to be known of a property, one question at a time, the language first.

It only asks. Nothing is stored before all is answered, so whoever stops leaves nothing behind.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from apoa_client.authority.address import check_base_url
from apoa_client.cli.prompts.conversation import Answer, Choice, Conversation, Question, UnclearAnswer, ask
from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.language import N_, _, in_both_languages, text
from apoa_client.cli.terminal.output import print_error_line
from apoa_client.errors import SettingsProblem
from apoa_client.matching import without_accents
from apoa_client.messages import Message, msg
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_fields import one_line
from apoa_client.settings.config import Config, PropertySettings, valid_name
from apoa_client.settings.zones import ZONES, zone_name

PRACTICE, SERVER, HAND = "practice", "server", "hand"
_LONGEST = 200
_ALWAYS = ("language", "name", "address", "office", "timezone", "destination")
_OF_A_SERVER = ("api_url", "username")

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
"""What can be chosen from, shown before the question."""

_ZONES = {
    **dict.fromkeys(("1", "sumatra", "sumatera", "jawa", "java", "jakarta"), "WIB"),
    **dict.fromkeys(("2", "bali", "lombok", "sulawesi", "nusa tenggara", "ntb", "ntt"), "WITA"),
    **dict.fromkeys(("3", "maluku", "papua"), "WIT"),
}
"""By the number in the list, or by an island that lies in one zone whole."""

_DESTINATIONS = {
    **dict.fromkeys(("1", PRACTICE, "training", "latihan"), PRACTICE),
    **dict.fromkeys(("2", SERVER), SERVER),
    **dict.fromkeys(("3", HAND, "by hand", "manual"), HAND),
}
_SAID = {PRACTICE: msg("practice"), SERVER: msg("to a server"), HAND: msg("by hand")}


def ask_setup_questions(config: Config, spoken: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for whatever the options leave out, and give all of it back in their form; `name` is the property's.

    `spoken` is the language that is proposed where the settings name none. Raises `click.Abort` where somebody stops.
    """
    asking = _Interview(config, spoken)
    conversation = Conversation(asking.ask_next, _known(given))
    while not conversation.run():
        print_error_line(_("This is the first question."))
    asking.settle(conversation.answers)
    answers = dict(conversation.answers)
    destination = answers.pop("destination")
    return {**given, **answers, "training": destination == PRACTICE, "by_hand": destination == HAND}


def ask_username(username: str) -> str:
    """The username once more, where the authority refused it or its password; Enter keeps it."""
    answer = ask(_username(username))
    return answer.value if isinstance(answer, Answer) else username


def _known(given: Mapping[str, Any]) -> dict[str, str]:
    """What the options say already, by the names of the questions. An empty one says that there is none."""
    known = {name: given[name] for name in ("address", "office") if given[name] is not None}
    known |= {name: given[name] for name in ("language", "name", "timezone", *_OF_A_SERVER) if given[name]}
    said = {PRACTICE: given["training"], SERVER: given["api_url"], HAND: given["by_hand"]}
    destination = next((one for one, so in said.items() if so), "")
    return known | ({"destination": destination} if destination else {})


class _Interview:
    """What comes next, and what is proposed for it: the settings' own where the property is there already."""

    def __init__(self, config: Config, spoken: str) -> None:
        self._config = config
        self._spoken = spoken
        self._before: PropertySettings | None = None
        self._last = ""
        self._opened = ""
        self._questions: Mapping[str, Callable[[], Question]] = {
            "language": self._language,
            "name": self._name,
            "address": self._address,
            "office": self._office,
            "timezone": self._timezone,
            "destination": self._destination,
            "api_url": self._api_url,
            "username": lambda: _username(self._of_before("username")),
        }

    def ask_next(self, answers: dict[str, str]) -> tuple[str, Question] | None:
        """The first question that is not answered yet, in the language that was chosen."""
        if "language" in answers:
            language.set_language(answers["language"])
        self._before = self._config.properties.get(answers.get("name", ""))
        wanted = (*_ALWAYS, *(_OF_A_SERVER if answers.get("destination") == SERVER else ()))
        name = next((name for name in wanted if name not in answers), None)
        if name is None:
            return None
        self._introduce(name)
        return name, self._questions[name]()

    def settle(self, answers: dict[str, str]) -> None:
        """Keep the zone's name where only its time was said: WIB is Pontianak's time as well as Jakarta's."""
        zone = zone_name(answers["timezone"])
        if self._before is not None and zone is not None and ZONES[zone] is self._before.zone:
            answers["timezone"] = self._before.timezone

    def _introduce(self, name: str) -> None:
        """How to answer, in each language that is chosen; and a question's list, where it was not just shown."""
        if name != "language" and self._opened != language.current_language():
            print_error_line(
                _("Enter takes what stands in [ ]. ? explains, < goes back, Ctrl-C stops and changes nothing.")
            )
            self._opened = language.current_language()
        if name != self._last:
            for line in _LISTS.get(name, ()):
                print_error_line(f"  {text(line)}")
        self._last = name

    def _of_before(self, name: str) -> str:
        return str(getattr(self._before, name)) if self._before is not None else ""

    def _language(self) -> Question:
        return Question(
            "Bahasa / Language",
            in_both_languages(N_("The language of what the program says: id for Indonesian, en for English.")),
            _read_language,
            default=self._config.language or self._spoken,
        )

    def _name(self) -> Question:
        return Question(
            _("Short name of the property"),
            _("What commands and folders call the property, such as melati: small letters, digits, - and _."),
            self._read_name,
            default=self._config.default_property or "hotel",
        )

    def _read_name(self, answer: str) -> Answer:
        if not valid_name(answer):
            raise UnclearAnswer(
                _("A short name has small letters, digits, - and _, such as: melati"),
                [Choice(slug, slug) for slug in (_slug(answer),) if slug],
            )
        known = answer in self._config.properties
        return Answer(answer, _("It is set up already: what you do not change stays as it is.") if known else "")

    def _address(self) -> Question:
        return Question(
            _("Address of the property (optional)"),
            _open(_("Street and town. It stands on receipts and sheets that you print."), self._of_before("address")),
            _read_text,
            default=self._of_before("address"),
            required=False,
        )

    def _office(self) -> Question:
        return Question(
            _("Immigration office (optional)"),
            _open(
                _("The immigration office for your district. It stands on printed receipts."), self._of_before("office")
            ),
            _read_text,
            default=self._of_before("office"),
            required=False,
        )

    def _timezone(self) -> Question:
        zone = self._before.zone if self._before is not None else ZONES["Asia/Jakarta"]
        return Question(
            _("Time zone"),
            _("Check-in times and deadlines are shown in the time of your island."),
            _read_zone,
            default=str(zone.tzname(None)),
        )

    def _destination(self) -> Question:
        proposed = _destination_of(self._before)
        return Question(
            _("Where do reports go"),
            _("Begin with practice if you are not sure. Set up again later to change it."),
            _read_destination,
            default=proposed,
            format_default=lambda value: text(_SAID[value]),
        )

    def _api_url(self) -> Question:
        kept = self._before is not None and _destination_of(self._before) == SERVER
        return Question(
            _("Address of the authority"),
            _("The authority gives it with the account. It begins with https://, such as https://host/path/v1"),
            _read_url,
            default=self._of_before("api_url") if kept else "",
        )


def _username(proposed: str) -> Question:
    return Question(
        _("Username"),
        _("The authority gives it with the address. It is no secret; the password is asked after it."),
        _read_text,
        default=proposed,
    )


def _open(help_: str, proposed: str) -> str:
    """The help of a question that may be left open, with what Enter does."""
    return help_ if proposed else "\n".join([help_, _("Enter leaves it out.")])


def _destination_of(settings: PropertySettings | None) -> str:
    if settings is None or settings.uses_sandbox:
        return PRACTICE
    return HAND if settings.by_hand else SERVER


def _read_language(answer: str) -> Answer:
    known = language.parse_language(answer)
    if not known:
        raise UnclearAnswer(in_both_languages(N_("Type id or en.")))
    return Answer(known)


def _slug(name: str) -> str:
    """The short name that a name of a house makes; empty for one of which none can be made."""
    plain = without_accents(name).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))[:32].rstrip("-")
    return slug if valid_name(slug) else ""


def _read_text(answer: str) -> Answer:
    try:
        return Answer(one_line(answer, _LONGEST))
    except Unreadable as exc:
        raise UnclearAnswer(text(exc.message)) from None


def _read_zone(answer: str) -> Answer:
    word = _ZONES.get(answer.casefold(), answer)
    name = zone_name(word)
    if name is None:
        raise UnclearAnswer(_("Type WIB, WITA or WIT, or its number."))
    short = str(ZONES[name].tzname(None))
    return Answer(short, short if answer.upper() != short else "")


def _read_destination(answer: str) -> Answer:
    destination = _DESTINATIONS.get(answer.casefold())
    if destination is None:
        raise UnclearAnswer(_("Type 1, 2 or 3."))
    return Answer(destination, text(_SAID[destination]) if answer != destination else "")


def _read_url(answer: str) -> Answer:
    try:
        return Answer(check_base_url(answer))
    except SettingsProblem as exc:
        raise UnclearAnswer(text(exc.message), _with_scheme(answer)) from None


def _with_scheme(answer: str) -> list[Choice]:
    """The address as it is written on paper often enough, without its beginning."""
    if "://" in answer:
        return []
    try:
        url = check_base_url(f"https://{answer}")
    except SettingsProblem:
        return []
    return [Choice(url, url)]
