"""Completion on the Tab key: click's scripts and click's answers, with the values of this program's options.

A completion is never an error, a question, a lock or a change, whatever state the files are in. It opens no outbox,
and it imports only the command on the line.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from click.shell_completion import CompletionItem, get_completion_class, split_arg_string

from apoa_client.cli.registry import Option, command_words
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import ALIASES, localized_name, localized_state
from apoa_client.cli.terminal.command_names import STATES as INDONESIAN_STATES
from apoa_client.cli.terminal.language import _, current_language, set_language, text
from apoa_client.cli.terminal.output import sanitize
from apoa_client.errors import Exit, SettingsProblem
from apoa_client.locale import LANGUAGES
from apoa_client.matching import without_accents
from apoa_client.report.kinds import State

if TYPE_CHECKING:
    from apoa_client.settings.definitions import Definition

VARIABLE = "_APOA_COMPLETE"
"""The variable in which a shell's script asks what can stand at the cursor."""
SHELLS = ("bash", "zsh", "fish", "powershell")

_PLAIN = re.compile(r"[\w+=./-]+", re.ASCII)
"""A value that each shell reads as it is: the scripts insert it without quotes."""


def script(shell: str) -> str:
    """Return the script that makes a shell complete `apoa`."""
    found = get_completion_class(shell)
    if found is None:
        raise ValueError(shell)
    # zsh loads the file `_apoa`, and calls a function of another name at every second time only.
    names = {"complete_func": "_apoa", "complete_var": VARIABLE, "prog_name": "apoa"}
    return found.source_template % names


def complete(task: str, root: click.Group, session: Session, choose_language: Callable[[Sequence[str]], str]) -> int:
    """Answer a script of a shell, which asks with the `task` SHELL_complete, and return the exit code.

    If anything is wrong, no word fits: a message would be written into the line that the user types.
    """
    shell, _underscore, verb = task.partition("_")
    found = get_completion_class(shell)
    if found is None or verb != "complete":
        return Exit.USAGE
    answer = b""
    session.values_of = _values_of
    Option.has_all_names = True
    try:
        set_language(choose_language(split_arg_string(session.environ.get("COMP_WORDS", ""))))
        said = found(root, {"obj": session}, "apoa", VARIABLE).complete()
        if shell != "powershell" or not said.startswith(("file\n", "dir\n")):  # its own completion quotes blanks
            answer = said.encode(errors="surrogateescape")  # the beginning of a file's name, as it was typed
    except Exception:  # noqa: BLE001, S110  a message would be written into the line that the user types
        pass
    finally:
        Option.has_all_names = False
    stream = getattr(sys.stdout, "buffer", None)
    if stream is not None:
        with suppress(OSError):  # the shell does not read the answer
            stream.write(answer + b"\n")  # bytes: the scripts expect this end of a line on Windows, too
            stream.flush()
    return Exit.DONE


_Choice: TypeAlias = tuple[str, ...]
"""A value that may be offered, its description, and its other names."""


def _values_of(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem] | None:
    """Return the values of an option or argument that begin with what was typed; None: its type knows them.

    Upper case and accents do not matter. Each value is offered once, under the first of its names that fits; a name
    with a blank stands for the value.
    """
    context.obj.property_name = context.find_root().params.get("property_name") or ""
    choices, beginning = _choices(context, parameter), without_accents(typed)
    if choices is None:
        return None
    items: dict[str, CompletionItem] = {}  # a command may have the name of a guide
    for value, description, *others in choices:
        fitting = next((name for name in (value, *others) if without_accents(name).startswith(beginning)), None)
        if fitting is not None:
            shown = fitting if _PLAIN.fullmatch(fitting) else value
            items.setdefault(shown, CompletionItem(shown, help=sanitize(description)))
    return [item for value, item in items.items() if _PLAIN.fullmatch(value)]


def _choices(context: click.Context, parameter: click.Parameter) -> Iterable[_Choice] | None:
    name, command = parameter.name or "", " ".join(command_words(context))
    if isinstance(parameter, Option):
        found = OPTIONS.get(parameter.declared_name)
    elif command.startswith("config ") and name == "value":
        return _setting_values(str(context.params.get("key") or ""))
    else:
        found = ARGUMENTS.get(command) if not context.params.get(name) else None
    return found(context.obj) if found is not None else None


def _in_both(versions: Callable[[str], Iterable[Any]]) -> Iterator[_Choice]:
    """Yield what has an `id`, and a `name` and a `title` in each language."""
    language = current_language()
    others = [{each.id: each.name for each in versions(tag)} for tag in LANGUAGES if tag != language]
    for each in versions(language):
        yield each.name, each.title, *(names[each.id] for names in others)


def _properties(session: Session) -> Iterator[_Choice]:
    return ((settings.name, settings.display_name) for settings in session.app.config.properties.values())


def _mappings(session: Session) -> Iterator[_Choice]:
    return ((name, "") for name in session.app.config.maps)


def _states_of_the_world(_session: Session) -> Iterator[_Choice]:
    from apoa_client.passport.states import all_states

    for state in all_states():
        yield state.code, state.name(current_language()), *map(state.name, LANGUAGES)


def _purposes(_session: Session) -> Iterator[_Choice]:
    from apoa_client.report.purposes import PURPOSES

    step = -1 if current_language() == "id" else 1
    for purpose, names in PURPOSES.items():
        value, other = (purpose.value, names.indonesian)[::step]
        yield value, "", other


def _permits(session: Session) -> Iterator[_Choice]:
    from apoa_client.report.codes import valid_codes
    from apoa_client.report.permits import by_code, permits

    yield from ((permit.code, permit.name(current_language())) for permit in permits())
    with suppress(SettingsProblem):  # the authority's own, if a property is set up
        for row in valid_codes(session.app.code_tables.stay_permits, session.app.today):
            if by_code(row.code) is None:
                yield row.code, row.name(current_language())


def _report_states(_session: Session) -> Iterator[_Choice]:
    from apoa_client.cli.views.labels import STATES

    for name, indonesian in INDONESIAN_STATES.items():
        yield localized_state(name), _(STATES[State(name)]), name, indonesian


def _help_topics(_session: Session) -> Iterator[_Choice]:
    """Yield the situations, the guides and the commands."""
    from apoa_client.cli.guide.guides import all_guides, guides, situations
    from apoa_client.cli.program import COMMANDS

    language, indonesian = current_language(), {name: alias for alias, name in ALIASES.items()}
    yield from _in_both(situations)
    for guide in guides(language):
        yield guide.name, guide.title_in(language), *(each.name for each in all_guides() if each.id == guide.id)
    for name in COMMANDS:
        yield localized_name(name), "", name, indonesian.get(name, name)


def _fact_topics(_session: Session) -> Iterator[_Choice]:
    from apoa_client.cli.guide.facts import topics

    return _in_both(topics)


def _settings(chosen: "Callable[[Definition], bool]") -> "Callable[[Session], Iterator[_Choice]]":
    """Return what yields the names of the settings that are chosen."""
    return lambda _session: ((each.name, text(each.meaning)) for each in _definitions() if chosen(each))


def _setting_values(key: str) -> Iterable[_Choice] | None:
    """Return the values of a setting, whose name may begin with its property; None for a file's name."""
    from apoa_client.settings.definitions import PATH

    for setting in _definitions():
        if setting.name == key.rpartition(".")[2]:
            return None if setting.kind == PATH else [(each, "") for each in setting.choices if each]
    return ()


def _definitions() -> "list[Definition]":
    from apoa_client.settings.config import GENERAL, OF_A_PROPERTY

    return [*GENERAL.values(), *OF_A_PROPERTY.values()]


_Values: TypeAlias = Callable[[Session], Iterable[_Choice]]

OPTIONS: Mapping[str, _Values] = {
    "--issuing-state": _states_of_the_world,
    "--map": _mappings,
    "--nationality": _states_of_the_world,
    "--property": _properties,
    "--purpose": _purposes,
    "--state": _report_states,
    "--stay-permit": _permits,
}
"""By the English name of an option, whatever the command."""

ARGUMENTS: Mapping[str, _Values] = {
    "config explain": _settings(lambda _each: True),
    "config get": _settings(lambda each: not each.is_hidden),
    "config set": _settings(lambda each: each.set_instead is None),
    "config unset": _settings(lambda each: each.set_instead is None),
    "help": _help_topics,
    "info": _fact_topics,
}
"""By the command whose first argument they are."""
