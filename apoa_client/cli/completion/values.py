"""The values of options and arguments: those of fixed lists, and those of this installation's settings.

No outbox is opened for them: a key press must not touch what is being sent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from apoa_client.cli.completion.grammar import Grammar, Parameter
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import STATES as INDONESIAN_STATES
from apoa_client.cli.terminal.command_names import aliases_in, localized_line, localized_state
from apoa_client.cli.terminal.language import _, current_language, text
from apoa_client.errors import SettingsProblem
from apoa_client.locale import LANGUAGES
from apoa_client.matching import without_accents

if TYPE_CHECKING:
    from apoa_client.settings.definitions import Definition


class Choice(NamedTuple):
    """A value that may be offered. `other` are its names in other languages, offered if none in the reader's fits."""

    value: str
    description: str = ""
    other: tuple[str, ...] = ()


def beginning_with(typed: str, choices: Iterable[Choice]) -> Iterator[tuple[str, str]]:
    """Yield the names that begin with what was typed, whatever their case and accents, with their descriptions.

    Those in the reader's language come first; only if there are none, those in other languages.
    """
    wanted = without_accents(typed)
    known = list(choices)
    found = [(each.value, each.description) for each in known if without_accents(each.value).startswith(wanted)]
    if not found:
        names = ((name, each.description) for each in known for name in each.other)
        found = [(name, description) for name, description in names if without_accents(name).startswith(wanted)]
    yield from dict(found).items()


Values: TypeAlias = Callable[[Session], Iterable[Choice]]


def named(english: str, indonesian: str, description: str = "") -> Choice:
    """Return the choice with a name in each language."""
    value, other = (indonesian, english) if current_language() == "id" else (english, indonesian)
    return Choice(value, description, (other,))


def commands(grammar: Grammar, path: tuple[str, ...]) -> Iterator[Choice]:
    """Yield the commands of the program or of a group, each with its help."""
    found = grammar.command(path)
    aliases = {name: alias for alias, name in aliases_in(" ".join(path)).items()}
    for name in found.commands if found is not None else ():
        command = grammar.command((*path, name))
        yield named(name, aliases.get(name, name), _(command.help) if command is not None else "")


def _properties(session: Session) -> Iterator[Choice]:
    for settings in session.app.config.properties.values():
        yield Choice(settings.name, settings.display_name)


def _mappings(session: Session) -> Iterator[Choice]:
    yield from map(Choice, session.app.config.maps)


def _states_of_the_world(_session: Session) -> Iterator[Choice]:
    from apoa_client.passport.states import all_states

    language = current_language()
    for state in all_states():
        others = tuple(state.name(other) for other in LANGUAGES if other != language)
        yield Choice(state.name(language), state.code, (*others, state.code))


def _sexes(_session: Session) -> Iterator[Choice]:
    from apoa_client.cli.views.labels import SEXES

    yield from (Choice(letter, _(SEXES[sex])) for letter, sex in (("L", "M"), ("P", "F"), ("X", "X")))


def _purposes(_session: Session) -> Iterator[Choice]:
    from apoa_client.report.purposes import PURPOSES

    for purpose, names in PURPOSES.items():
        yield named(purpose.value, names.indonesian)


def _permits(session: Session) -> Iterator[Choice]:
    from apoa_client.report.codes import valid_codes
    from apoa_client.report.permits import by_code, permits

    yield from (Choice(permit.code, permit.name(current_language())) for permit in permits())
    with suppress(SettingsProblem):  # the authority's own, if a property is set up
        for row in valid_codes(session.app.code_tables.stay_permits, session.app.today):
            if by_code(row.code) is None:
                yield Choice(row.code, row.name(current_language()))


def _zones(_session: Session) -> Iterator[Choice]:
    from apoa_client.settings.zones import ZONES

    yield from (Choice(name, str(zone), (str(zone),)) for name, zone in ZONES.items())


def _intervals(_session: Session) -> Iterator[Choice]:
    yield from map(Choice, ("5m", "15m", "30m", "1h"))


def _faults(_session: Session) -> Iterator[Choice]:
    from apoa_client.sandbox.faults import possible_steps

    yield from map(Choice, possible_steps())


def _servers(_session: Session) -> Iterator[Choice]:
    """Yield the usual address of `apoa sandbox`, to try the test on."""
    yield Choice("http://127.0.0.1:8765/v1", localized_line("apoa sandbox"))


def _report_states(_session: Session) -> Iterator[Choice]:
    from apoa_client.cli.views.labels import STATES
    from apoa_client.report.kinds import State

    for state in State:
        yield Choice(localized_state(state.value), _(STATES[state]), (state.value, INDONESIAN_STATES[state.value]))


def _help_topics(_session: Session) -> Iterator[Choice]:
    from apoa_client.cli.guide.guides import all_guides, guides, situations

    language = current_language()
    other = {each.id: (each.name,) for tag in LANGUAGES if tag != language for each in situations(tag)}
    yield from (Choice(each.name, each.title, other.get(each.id, ())) for each in situations(language))
    for guide in guides(language):
        names = tuple(each.name for each in all_guides() if each.id == guide.id)
        yield Choice(guide.name, guide.title_in(language), names)


def _outbox_addresses(session: Session) -> Iterator[Choice]:
    for settings in session.app.config.properties.values():
        if settings.has_shared_outbox:
            yield Choice(settings.outbox)


def _outboxes(session: Session) -> Iterator[Choice]:
    """Yield the file on this computer, and the addresses in the settings."""
    yield Choice("sqlite")
    yield from _outbox_addresses(session)


def _fact_topics(_session: Session) -> Iterator[Choice]:
    from apoa_client.cli.guide.facts import topics

    language = current_language()
    other = {each.id: (each.name,) for tag in LANGUAGES if tag != language for each in topics(tag)}
    yield from (Choice(each.name, each.title, other.get(each.id, ())) for each in topics(language))


def _schemas(_session: Session) -> Iterator[Choice]:
    from apoa_client.cli.documents.json_schemas import FORMS

    yield from map(Choice, FORMS)


def _months(session: Session) -> Iterator[Choice]:
    """Yield the current month and those of the year before it."""
    from apoa_client.cli.views.figures import month_text
    from apoa_client.tables.statistics import Month

    now = session.app.today
    for back in range(12):
        years, number = divmod(now.month - 1 - back, 12)
        month = Month(now.year + years, number + 1)
        yield Choice(str(month), month_text(month))


def _settings(_session: Session) -> Iterator[Choice]:
    yield from (Choice(each.name, text(each.meaning)) for each in _definitions())


def _settings_to_show(_session: Session) -> Iterator[Choice]:
    """Yield the settings whose values may be shown."""
    yield from (Choice(each.name, text(each.meaning)) for each in _definitions() if not each.is_hidden)


def _settings_to_change(_session: Session) -> Iterator[Choice]:
    """Yield the settings that may be changed by hand."""
    yield from (Choice(each.name, text(each.meaning)) for each in _definitions() if each.set_instead is None)


def _definitions() -> list["Definition"]:
    from apoa_client.settings.definitions import GENERAL, OF_A_PROPERTY

    return [*GENERAL.values(), *OF_A_PROPERTY.values()]


def _setting(given: Sequence[str]) -> "Definition | None":
    """Return the setting whose name was given before its value, which may be one of a property."""
    name = given[0].rpartition(".")[2] if given else ""
    return next((each for each in _definitions() if each.name == name), None)


OPTIONS: Mapping[str, Values] = {
    "--every": _intervals,
    "--fault": _faults,
    "--issuing-state": _states_of_the_world,
    "--json-schema": _schemas,
    "--map": _mappings,
    "--month": _months,
    "--nationality": _states_of_the_world,
    "--property": _properties,
    "--purpose": _purposes,
    "--sex": _sexes,
    "--state": _report_states,
    "--stay-permit": _permits,
    "--timezone": _zones,
}
"""By the English name of an option, whatever the command."""

COMMAND_OPTIONS: Mapping[tuple[str, str], Values] = {
    ("outbox move", "--to"): _outboxes,
}
"""By command and option, where the option means something else in other commands."""

ARGUMENTS: Mapping[str, Values] = {
    "config explain": _settings,
    "config get": _settings_to_show,
    "config set": _settings_to_change,
    "config unset": _settings_to_change,
    "contract test": _servers,
    "help": _help_topics,
    "info": _fact_topics,
    "outbox init": _outbox_addresses,
}
"""By the command whose first argument they are."""

PATHS = frozenset({"--backup", "--ca-bundle", "--import", "--log-file"})
"""Options whose value is a file, although they take any text."""

LISTS = {"--fault": ","}
"""Options that take several values in one word, and what stands between them."""

_VALUE_OF_A_SETTING = ("config set", ("value",))
"""The argument whose values depend on the one before: by its command and its name."""


def values_of(parameter: Parameter, command: str, session: Session, given: Sequence[str]) -> Iterable[Choice]:
    """Return what can stand for an option or an argument of a command, after the arguments that were given.

    The command is given by its English name.
    """
    for name in parameter.names:
        found = COMMAND_OPTIONS.get((command, name)) or OPTIONS.get(name)
        if found is not None:
            return found(session)
    if parameter.choices:
        return map(Choice, parameter.choices)
    if (command, parameter.names) == _VALUE_OF_A_SETTING:
        setting = _setting(given)
        return map(Choice, filter(None, setting.choices)) if setting is not None else ()
    is_first = not parameter.names[0].startswith("-") and not given
    return ARGUMENTS[command](session) if is_first and command in ARGUMENTS else ()


def is_path(parameter: Parameter, command: str = "", given: Sequence[str] = ()) -> bool:
    """Return whether an option or argument takes the path of a file or a folder."""
    if (command, parameter.names) == _VALUE_OF_A_SETTING:
        from apoa_client.settings.definitions import PATH

        setting = _setting(given)
        return setting is not None and setting.kind == PATH
    return parameter.is_path or not PATHS.isdisjoint(parameter.names)
