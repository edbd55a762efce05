"""How commands and their options are declared."""

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from apoa_client.cli.terminal import output
from apoa_client.cli.terminal.command_names import (
    SUBCOMMAND_ALIASES,
    both_names,
    localized_line,
    localized_name,
    localized_option,
    localized_subcommand,
)
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import columns, plain, write
from apoa_client.cli.terminal.wrapping import wrap_line

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class _Formatter(click.HelpFormatter):
    """Lays out help in two columns, or in plain mode as lines with a colon."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        super().__init__(0 if plain() else indent_increment, columns() if plain() else width, max_width)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and their descriptions."""
        if not plain():
            super().write_dl(rows, col_max, col_spacing)
            return
        for name, description in rows:
            line = re.sub(" {2,}", " ", f"{name}: {description}" if description else name)
            self.write("".join(f"{each}\n" for each in wrap_line(line, self.width)))


class _Context(click.Context):
    """The context of every command: it formats help with our formatter."""

    formatter_class: type[click.HelpFormatter] = _Formatter

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  click's
        super().__init__(*arguments, **options)
        self.help_option_names = [localized_option(name) for name in self.help_option_names]


class _TranslatedHelp:
    """Keeps the help text as the catalogue's key and translates it when it is shown."""

    _help: str | None = None

    @property
    def help(self) -> str | None:
        return _(self._help) if self._help else None

    @help.setter
    def help(self, text: str | None) -> None:
        self._help = text


_METAVARS = frozenset(
    {
        *(N_("CODE"), N_("DATE"), N_("DIR"), N_("FILE"), N_("FINGERPRINT"), N_("GUEST"), N_("INTERVAL"), N_("KEY")),
        *(N_("LINE"), N_("LOGIN"), N_("NAME"), N_("NUMBER"), N_("PATH"), N_("SCRIPT"), N_("SECONDS"), N_("TEXT")),
        *(N_("TIME"), N_("VALUE"), N_("YYYY-MM"), N_("ZONE"), N_("NAME|FILE"), N_("FIELD=VALUE")),
        *(N_("[FILE]"), N_("[COMMAND]"), N_("[GUEST]"), N_("[GUEST] [NUMBER]"), N_("[KEY]")),
        *(N_("[TOPIC|GUIDE|COMMAND]..."), N_("[TOPIC|WORDS]...")),
        *(N_("[OPTIONS]"), N_("COMMAND [ARGS]..."), N_("[COMMAND] [ARGS]...")),
    }
)
"""Words that stand for what a user types."""


def _translated_metavar(metavar: str) -> str:
    return _(metavar) if metavar in _METAVARS else metavar


class Option(_TranslatedHelp, click.Option):
    """An option with help and a name in the reader's language; the name in the other language works too."""

    has_all_names = False
    """Whether `opts` has the names in both languages: while a command line is parsed or completed."""

    def __init__(self, *arguments: Any, command: str = "", **more: Any) -> None:  # noqa: ANN401  click's
        """`command` is the command that has its own Indonesian name for this option, if one has."""
        self._command = command
        super().__init__(*arguments, **more)

    @property
    def opts(self) -> list[str]:
        """The names that are shown, or all names."""
        if self.has_all_names:
            return [each for name in self._names for each in both_names(name, self._command)]
        return self.shown_names

    @opts.setter
    def opts(self, names: list[str]) -> None:
        self._names = names

    @property
    def shown_names(self) -> list[str]:
        """The names in the reader's language."""
        return [localized_option(name, self._command) for name in self._names]

    @property
    def declared_name(self) -> str:
        """The longest English name."""
        return max(self._names, key=len)

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:  # noqa: ANN401  a private class of click
        """Make the parser take the names in both languages, and keep every value that is given."""
        several = self.multiple
        self.has_all_names, self.multiple = True, several or self._takes_one
        try:
            super().add_to_parser(parser, ctx)
        finally:
            self.multiple = several
            del self.has_all_names  # the class has it

    @property
    def _takes_one(self) -> bool:
        return not (self.is_flag or self.count or self.multiple)

    def make_metavar(self, ctx: click.Context) -> str:
        """Return the word for the value, in the reader's language."""
        return _translated_metavar(super().make_metavar(ctx))

    def handle_parse_result(self, ctx: click.Context, opts: Any, args: list[str]) -> Any:  # noqa: ANN401  click's
        """Read the option. Fails if one that takes one value was given more often: no value may be lost unsaid."""
        if self._takes_one and (given := opts.get(self.name)):
            if len(given) > 1 and not ctx.resilient_parsing:
                name = localized_option(self.declared_name, self._command)
                ctx.fail(_("{option} takes one value, and was given more than once.").format(option=name))
            opts = {**opts, self.name: given[-1]}
        return super().handle_parse_result(ctx, opts, args)

    def get_help_extra(self, ctx: click.Context) -> Any:  # noqa: ANN401  a private type of click
        """Return what the help adds to the text: not a range, which click writes as a formula."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


class Argument(click.Argument):
    """An argument with a word for it in the reader's language."""

    def make_metavar(self, ctx: click.Context) -> str:
        """Return the word for the usage line."""
        return _translated_metavar(super().make_metavar(ctx))


def argument(name: str, **more: Any) -> Decorator:  # noqa: ANN401  click's
    """Declare an argument; `more` goes to `click.argument`."""
    return click.argument(name, cls=Argument, **more)


def option(*names: str, text: str, **more: Any) -> Decorator:  # noqa: ANN401  click's
    """Declare an option with its help, a sentence marked with `N_`. `more` goes to `click.option`."""
    return click.option(*names, cls=Option, help=text, **more)


def flag(*names: str, text: str, **more: Any) -> Decorator:  # noqa: ANN401  click's
    """Declare an option that is given or not."""
    return option(*names, is_flag=True, text=text, **more)


class _FileName(click.ParamType[Any]):
    """A text that may be the name of a file: shells complete it, and the command looks at it."""

    name = "path"  # click's own type asks gettext for it, which loads `locale` at every start

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Let the shell complete the name."""
        return click.Path().shell_complete(ctx, param, incomplete)


class _Path(_FileName):
    """A path as pathlib has it, which is slow to load."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401  click's
        """Return the path."""
        from pathlib import Path

        return Path(os.fsdecode(click.Path().convert(value, param, ctx)))


FileName = _FileName()


def path_argument(name: str, metavar: str = "FILE", **more: Any) -> Decorator:  # noqa: ANN401  click's
    """Declare an argument whose value is a path."""
    return argument(name, metavar=metavar, type=_Path(), **more)


def path_option(*names: str, text: str, metavar: str = "FILE", **more: Any) -> Decorator:  # noqa: ANN401  click's
    """Declare an option whose value is a path."""
    return option(*names, text=text, metavar=metavar, type=_Path(), **more)


class GuestArgument(Argument):
    """The words by which a user names a guest: an id, a room or part of a name. They need no quotes."""


def guest_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the argument `reference`: what `StayFinder` takes, or "" if nothing is given."""

    def join(_ctx: click.Context, _argument: click.Parameter, words: tuple[str, ...]) -> str:
        return " ".join(words)

    declare = click.argument("reference", metavar="[GUEST]", cls=GuestArgument, nargs=-1, callback=join)
    return declare(function)


def _set_json(ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's
    ctx.obj.json = value
    if value:
        output.set_schema(f"apoa/{'-'.join(command_words(ctx))}/1")


def command_words(ctx: click.Context) -> list[str]:
    """Return the English words of a command, without the program's name."""
    above = command_words(ctx.parent) if ctx.parent is not None and ctx.parent.parent is not None else []
    return [*above, ctx.command.name or ""]


json_option = flag("--json", expose_value=False, callback=_set_json, text=N_("Print one JSON document."))
"""Declares `--json`, which sets `session.json`."""
force_option = flag("--force", text=N_("Replace a file that is there already."))
yes_option = flag("--yes", text=N_("Ask for no confirmation."))
no_send_option = flag("--no-send", text=N_("Save only; send later with: apoa sync"))


class CommandHelp(_TranslatedHelp):
    """What commands and groups of commands add to click's: an example, and `--help` in the reader's language."""

    context_class: type[click.Context] = _Context
    example = ""
    _our_help_option: Option | None = None

    def get_help_option(self: Any, ctx: click.Context) -> click.Option | None:
        """Return the help option. click's own asks gettext for its text, which loads `locale` at every start."""
        found: Option | None = self._our_help_option
        if found is None:
            found = self._our_help_option = Option(
                self.get_help_option_names(ctx),
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_help,
                help=N_("Show this message and exit."),
            )
        return found

    def parse_args(self: Any, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. click's error about an option without its value has no context for the usage line."""
        try:
            rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]  # click's classes come after this one
        except click.BadOptionUsage as exc:
            raise click.BadOptionUsage(exc.option_name, exc.message, exc.ctx or ctx) from None
        return rest

    def shown_commands(self) -> list[str]:
        """Return the names of a group's commands in the reader's language, in the order of its help."""
        return []

    def shell_complete(self: Any, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the names that fit in the reader's language, or if none does, those in the other language."""
        found: list[CompletionItem] = super().shell_complete(ctx, incomplete)  # type: ignore[misc]  # click's classes come after
        options = (each for each in self.get_params(ctx) if isinstance(each, Option))
        shown = {*self.shown_commands(), *(name for each in options for name in each.shown_names)}
        return [each for each in found if each.value in shown] or found

    def collect_usage_pieces(self: Any, ctx: click.Context) -> list[str]:
        """Return the words of the usage line, in the reader's language."""
        pieces: list[str] = super().collect_usage_pieces(ctx)  # type: ignore[misc]  # click's classes come after this one
        return [_translated_metavar(piece) for piece in pieces]

    def format_help_text(self: Any, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help, then the example."""
        click.Command.format_help_text(self, ctx, formatter)
        if any(isinstance(each, GuestArgument) for each in self.params):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(_("GUEST is an ID, enough of it to be unique, a room or part of a name."))
        example = example_of(self)
        if example:
            with formatter.section(_("Example")):
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


def example_of(command: click.Command) -> str:
    """Return the example of a command in the reader's language; empty if it has none."""
    example = command.example if isinstance(command, CommandHelp) else ""
    return localized_line(_(example))


def _show_help(ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's
    if value and not ctx.resilient_parsing:
        write(ctx.get_help())
        ctx.exit()


class Command(CommandHelp, click.Command):
    """A command with help and an example in the reader's language."""


Declared = Callable[[Callable[..., Any]], Command]


def command(name: str, text: str, example: str, kind: type[Command] = Command) -> Declared:
    """Declare a command with its help and an example. The help, and an example with words, are marked with `N_`.

    The function gets the session first, and returns the exit code or None.
    """

    def declare(function: Callable[..., Any]) -> Command:
        found = click.command(name, cls=kind, help=text)(click.pass_obj(function))
        found.example = example
        return found

    return declare


class NamedCommands(CommandHelp, click.Group):
    """Commands that have a name in each language."""

    names: Collection[str] = ()
    """The English names, in the order of the help."""
    aliases: Mapping[str, str] = {}
    """The English names by the Indonesian ones."""
    synonyms: Mapping[str, str] = {}
    """The English names by words that people try."""

    def shown_name(self, name: str) -> str:
        """Return a command's name in the reader's language."""
        return localized_name(name)

    def shown_commands(self) -> list[str]:
        """Return all commands by their names in the reader's language, in the order of the help."""
        return list(map(self.shown_name, self.names))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the shown names; to complete a name, those in the other language too."""
        more = (*self.names, *self.aliases) if ctx.resilient_parsing else ()
        return list(dict.fromkeys((*self.shown_commands(), *more)))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and show it by its name in the reader's language. For an unknown one, suggest another."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from apoa_client.texts import close_matches

            near = close_matches(name, [*self.names, *self.aliases, *self.synonyms], limit=1)
            hint = _("See: apoa {command}").format(command=f"{self.own_words()}--help")
            if near:
                meant = self.synonyms.get(near[0], self.aliases.get(near[0], near[0]))
                hint = _("Did you mean: apoa {command}").format(command=self.own_words() + self.shown_name(meant))
            problem = _("There is no command {command}.").format(command=repr(name))
            ctx.fail(f"{problem} {localized_line(hint)}")
        _name, found, rest = super().resolve_command(ctx, args)
        return self.shown_name(self.aliases.get(name, name)), found, rest

    def own_words(self) -> str:
        """Return the words before a command, with a blank behind them."""
        return ""


class CommandGroup(NamedCommands):
    """Commands that share a first word, such as `apoa key`, in one module. `commands` are in the order of the help."""

    def __init__(self, name: str, text: str, example: str, **more: Any) -> None:  # noqa: ANN401  click's
        super().__init__(name, help=text, **more)
        self.example = example
        self.names = self.commands
        self.aliases = SUBCOMMAND_ALIASES.get(name, {})

    def subcommand(self, name: str, text: str, example: str) -> Declared:
        """Declare a command of the group, as `command` does."""
        declare = command(name, text, example)

        def declare_here(function: Callable[..., Any]) -> Command:
            found = declare(function)
            self.add_command(found)
            return found

        return declare_here

    def shown_name(self, name: str) -> str:
        """Return the second word of a command in the reader's language."""
        return localized_subcommand(self.name or "", name)

    def own_words(self) -> str:
        """Return the group's name."""
        return f"{localized_name(self.name or '')} "

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command by its English or Indonesian name."""
        return self.commands.get(self.aliases.get(cmd_name, cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, each with its whole first sentence."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, each.get_short_help_str(200)) for name, each in found if each is not None])


class WholeNumber(click.ParamType[int]):
    """A whole number from `least` to `most`."""

    name = "number"

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401  click's
        """Return the number. Raises `click.BadParameter` for another one."""
        try:
            number = int(value)
        except ValueError:
            number = self._least - 1
        if not self._least <= number <= self._most:
            text = _("{value} is not allowed here: give a whole number from {least} to {most}.")
            self.fail(text.format(value=value, least=self._least, most=self._most), param, ctx)
        return number


class Seconds(click.ParamType[float]):
    """A number of seconds greater than 0, which may have a fraction."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401  click's
        """Return the number. Raises `click.BadParameter` for another one."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):  # click's FloatRange takes what is no number (nan)
            text = _("{value} is not allowed here: give a number of seconds greater than 0, such as 30 or 2.5.")
            self.fail(text.format(value=value), param, ctx)
        return seconds
