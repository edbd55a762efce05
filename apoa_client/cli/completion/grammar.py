"""The commands, options and arguments, as completion needs them.

Importing all commands takes longer than a user waits for a completion, so the build writes what they declare into
`grammar.json` beside this module. Without that file, as in a checkout, the commands themselves are asked.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from apoa_client.cli.program import all_commands, names_in, subcommand_context, top_context
from apoa_client.cli.terminal.command_names import both_names

FILE = Path(__file__).with_name("grammar.json")
_HELP_LENGTH = 200


class Parameter(NamedTuple):
    """An option or an argument. `names` are its English names, as it is declared."""

    names: tuple[str, ...]
    help: str
    takes_value: bool
    repeatable: bool
    choices: tuple[str, ...]
    is_path: bool


class CommandGrammar(NamedTuple):
    """A command or group: its help in one sentence, its parameters, and the English names of its commands."""

    help: str
    options: tuple[Parameter, ...]
    arguments: tuple[Parameter, ...]
    commands: tuple[str, ...]


class Grammar:
    """The grammar of the whole program, whose group of commands is `root`."""

    def __init__(self, root: click.Group) -> None:
        self._root = root
        self._written = _read(FILE)

    def command(self, path: Sequence[str]) -> CommandGrammar | None:
        """Return the grammar of the command with these English names; none of them for the program itself."""
        if self._written is not None:
            return self._written.get(" ".join(path))
        context = top_context(self._root)
        for name in path:
            found = subcommand_context(context, name)
            if found is None:
                return None
            context = found
        return _grammar_of(context)


def described(root: click.Group) -> dict[str, CommandGrammar]:
    """Return the grammar of the program and of each command, by the command's English names with blanks between."""
    return {" ".join(path): _grammar_of(context) for path, context in all_commands(root)}


def _grammar_of(context: click.Context) -> CommandGrammar:
    parameters = [each for each in context.command.get_params(context) if not getattr(each, "hidden", False)]
    return CommandGrammar(
        context.command.get_short_help_str(_HELP_LENGTH),
        tuple(_parameter(each) for each in parameters if isinstance(each, click.Option)),
        tuple(_parameter(each) for each in parameters if isinstance(each, click.Argument)),
        tuple(names_in(context)),
    )


def _parameter(declared: click.Parameter) -> Parameter:
    is_option = isinstance(declared, click.Option)
    return Parameter(
        tuple(both_names(name)[0] for name in declared.opts),
        (declared.help or "") if isinstance(declared, click.Option) else "",
        takes_value=not (isinstance(declared, click.Option) and (declared.is_flag or declared.count)),
        repeatable=declared.multiple or declared.nargs != 1 or (is_option and getattr(declared, "count", False)),
        choices=tuple(map(str, declared.type.choices)) if isinstance(declared.type, click.Choice) else (),
        is_path=isinstance(declared.type, click.Path),
    )


def write(root: click.Group, file: Path) -> None:
    """Write the grammar of the program into a file that `Grammar` reads. The language must be English."""
    import json

    file.write_text(json.dumps(described(root), separators=(",", ":")), encoding="utf-8")


def _read(file: Path) -> dict[str, CommandGrammar] | None:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    import json

    return {path: _from_json(*value) for path, value in json.loads(text).items()}


def _from_json(text: str, options: Any, arguments: Any, commands: Any) -> CommandGrammar:  # noqa: ANN401  JSON
    return CommandGrammar(
        text,
        tuple(map(_parameter_from_json, options)),
        tuple(map(_parameter_from_json, arguments)),
        tuple(commands),
    )


def _parameter_from_json(value: Sequence[Any]) -> Parameter:
    names, text, takes_value, repeatable, choices, is_path = value
    return Parameter(tuple(names), text, takes_value, repeatable, tuple(choices), is_path)
