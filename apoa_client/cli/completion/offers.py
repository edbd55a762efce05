"""Finds what can stand at the cursor of an unfinished command line."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from apoa_client.cli.completion import values
from apoa_client.cli.completion.grammar import CommandGrammar, Grammar, Parameter
from apoa_client.cli.completion.values import Choice, beginning_with
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import ALIASES, aliases_in, both_names
from apoa_client.cli.terminal.language import _

_ANYWHERE = ("--lang", "--plain")
"""Options of the program that may also follow a command."""
_HELP = "help"


class Offers(NamedTuple):
    """The words that fit, with their descriptions, or that any file does. `prefix` is the part of the word before."""

    words: Sequence[tuple[str, str]] = ()
    files: bool = False
    prefix: str = ""


class _Position:
    """What the finished arguments of a command line say about the word that follows."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self.path: tuple[str, ...] = ()
        self.command: CommandGrammar | None = grammar.command(())
        self.given: list[Parameter] = []
        self.property_name = ""
        self.arguments: list[str] = []
        self.pending: Parameter | None = None
        """The option whose value comes next."""
        self.only_arguments = False
        self._anywhere = [option for option in self._options() if not set(option.names).isdisjoint(_ANYWHERE)]

    def _options(self) -> tuple[Parameter, ...]:
        return self.command.options if self.command is not None else ()

    @property
    def options(self) -> list[Parameter]:
        """The options that may be given here, first those of the command."""
        more = self._anywhere if self.path else ()
        return [*self._options(), *(option for option in more if option not in self._options())]

    def option(self, name: str) -> Parameter | None:
        """Return the option with this name in either language."""
        return next((each for each in self.options if name in _all_names(each)), None)

    def read(self, arguments: Iterable[str]) -> None:
        """Read the finished arguments, in order."""
        for argument in arguments:
            if self.pending is not None:
                self._read_value(self.pending, argument)
                self.pending = None
            elif argument == "--" and not self.only_arguments:
                self.only_arguments = True
            elif argument.startswith("-") and len(argument) > 1 and not self.only_arguments:
                self._read_option(argument)
            else:
                self._read_word(argument)

    def _read_option(self, argument: str) -> None:
        name, equals, value = argument.partition("=")
        option = self.option(name)
        if option is None:
            return
        self.given.append(option)
        if option.takes_value and not equals:
            self.pending = option
        elif option.takes_value:
            self._read_value(option, value)

    def _read_value(self, option: Parameter, value: str) -> None:
        if "--property" in option.names and not self.path:
            self.property_name = value

    def _read_word(self, word: str) -> None:
        if self.command is None or not self.command.commands:
            self.arguments.append(word)
            return
        name = aliases_in(" ".join(self.path)).get(word, word)
        self.path = (*self.path, name)
        self.command = self._grammar.command(self.path)
        self.given = []

    def argument(self) -> Parameter | None:
        """Return the argument that comes next, if there may be one."""
        declared = self.command.arguments if self.command is not None else ()
        following = declared[len(self.arguments) :][:1] or tuple(each for each in declared[-1:] if each.repeatable)
        return following[0] if following else None


def find_offers(grammar: Grammar, session: Session, arguments: Sequence[str], current: str) -> Offers:
    """Return what can stand for the word `current`, of which only the beginning may be typed, after `arguments`."""
    position = _Position(grammar)
    position.read(arguments)
    session.property_name = position.property_name
    if position.command is None:
        return Offers()
    if position.pending is not None:
        return _values(position.pending, position, session, current)
    if current.startswith("-") and not position.only_arguments:
        name, equals, value = current.partition("=")
        option = position.option(name) if equals else None
        if option is not None and option.takes_value:
            return _values(option, position, session, value, prefix=f"{name}=")
        return Offers(list(beginning_with(current, _option_names(position))))
    return _words(grammar, position, session, current)


def _words(grammar: Grammar, position: _Position, session: Session, current: str) -> Offers:
    """Return the commands or arguments that fit; the options of a command that takes neither."""
    argument = position.argument()
    if position.path == (_HELP,):
        topics: Iterable[Choice] = (
            values.values_of(argument, _HELP, session, ()) if argument and not position.arguments else ()
        )
        path = tuple(ALIASES.get(word, word) for word in position.arguments)
        return Offers(list(beginning_with(current, [*topics, *values.commands(grammar, path)])))
    if position.command is not None and position.command.commands:
        return Offers(list(beginning_with(current, values.commands(grammar, position.path))))
    if argument is not None:
        return _values(argument, position, session, current)
    return Offers() if position.only_arguments else Offers(list(beginning_with(current, _option_names(position))))


def _values(parameter: Parameter, position: _Position, session: Session, current: str, *, prefix: str = "") -> Offers:
    command, given = " ".join(position.path), position.arguments
    if values.is_path(parameter, command, given):
        return Offers(files=True, prefix=prefix)
    before = ""
    for name in parameter.names:
        separator = values.LISTS.get(name)
        if separator is not None:
            before = current[: current.rfind(separator) + 1]
    typed = current.removeprefix(before)
    words = beginning_with(typed, values.values_of(parameter, command, session, given))
    return Offers([(before + word, description) for word, description in words], prefix=prefix)


def _option_names(position: _Position) -> Iterator[Choice]:
    """Yield the options that may still be given: the long names in the reader's language, and all others as others."""
    for option in position.options:
        if option in position.given and not option.repeatable:
            continue
        names = both_names(max(option.names, key=len))
        choice = values.named(names[0], names[-1], _(option.help))
        yield choice._replace(other=(*choice.other, *option.names))


def _all_names(option: Parameter) -> list[str]:
    return [each for name in option.names for each in both_names(name)]
