"""The entry point: the group of the commands, with its global options, and the one handler of every error.

What it shows for an error is in `apoa_client.cli.failures`.
"""

import io
import os
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from apoa_client import SET_VARIABLE, __version__, processes
from apoa_client.cli.failures import hide_tracebacks, show_bug, show_failure
from apoa_client.cli.registry import FileName, NamedCommands, flag, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal import language, output
from apoa_client.cli.terminal.command_names import (
    ALIASES,
    COMMANDS,
    DAILY,
    NOT_PRACTISED,
    OPTIONS,
    SECTIONS,
    SYNONYMS,
    both_names,
    localized_name,
    localized_option,
)
from apoa_client.cli.terminal.input import at_a_terminal
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_error_line, sanitize, write
from apoa_client.cli.terminal.streams import (
    adapt_stream,
    discard_output,
    escape_codes,
    is_terminal,
    occupy_descriptors,
)
from apoa_client.errors import ApoaError, Exit, SettingsProblem, UsageProblem
from apoa_client.locale import LANGUAGES, SOURCE_LANGUAGE, parse_language
from apoa_client.messages import msg

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from apoa_client.ports.run import Clock

_COMPLETION = "_APOA_COMPLETE"  # as `apoa_client.cli.commands.completion.VARIABLE`, which is not loaded otherwise
_INTERRUPTED, _TERMINATED = 130, 143
"""The exit codes of a shell for SIGINT and SIGTERM."""
_CAUGHT = (Exception, KeyboardInterrupt, SystemExit)
"""What ends a call with an exit code."""

_PLAIN_NAMES, _LANGUAGE_NAMES = ({name, OPTIONS[name]} for name in ("--plain", "--lang"))
_NOT_SUGGESTED = frozenset(word for name in ("--again", "--yes", "--force") for word in (name, OPTIONS[name]))
"""Options that skip a question or a check: a misspelled option never suggests one."""

_ALL_SECTIONS = "apoa_client.all_sections"
"""The key of `click.Context.meta` that is set where the help shows all sections."""
_ELSEWHERE = {
    **dict.fromkeys(("amend", "cancel", "checkout", "fix"), "stay"),
    "demo": "sandbox",
    "import": "import_table",
    "logout": "login",
    "restore": "backup",
    "show": "list",
}
"""The modules of commands that are in another one."""


class Program(NamedCommands):
    """The program: its commands by name, in sections."""

    names: Collection[str] = COMMANDS
    aliases: Mapping[str, str] = ALIASES
    synonyms: Mapping[str, str] = SYNONYMS

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the names that fit. Before a letter is typed they have no help: it would import each command."""
        if incomplete:
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem

        return list(map(CompletionItem, self.shown_commands()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the global options; `--help all` is `--help-all`, as people say it."""
        if args in (["--help", "all"], ["--bantuan", "semua"]):
            args = ["--help-all"]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command by its English or Indonesian name."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = import_module(f"apoa_client.cli.commands.{_ELSEWHERE.get(name, name)}")
        return next(each for each in vars(module).values() if isinstance(each, click.Command) and each.name == name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of daily work, or all in their sections; in English with their Indonesian names."""
        indonesian = {name: alias for alias, name in ALIASES.items()}
        shows_all = _ALL_SECTIONS in ctx.meta
        for title, names in SECTIONS if shows_all else ((SECTIONS[0][0], DAILY),):
            rows = []
            for name in names:
                found, shown = self.get_command(ctx, name), localized_name(name)
                if shown == name and name in indonesian:
                    shown = f"{name} [{indonesian[name]}]"
                rows.append((shown, found.get_short_help_str(200) if found is not None else ""))
            with formatter.section(_(title)):
                formatter.write_dl(rows)
        if not shows_all:
            formatter.write_paragraph()
            formatter.write_text(_("All commands: apoa --help-all. What to do when: apoa help"))


def _show_version(ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's
    if value and not ctx.resilient_parsing:
        write(f"apoa {__version__}")
        ctx.exit()


def _show_all_commands(ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's
    if value and not ctx.resilient_parsing:
        ctx.meta[_ALL_SECTIONS] = True
        write(ctx.get_help())
        ctx.exit()


@click.group(
    cls=Program,
    invoke_without_command=True,
    help=N_("Register foreign guests for immigration reporting: checked here, queued offline, sent once."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@option("--property", "property_name", metavar="NAME", text=N_("Which property. [APOA_PROPERTY]"))
@flag("--practice", text=N_("Practise: a property of its own for training; nothing is reported."))
@option("--lang", type=click.Choice(LANGUAGES), text=N_("Language: id or en. [APOA_LANG]"))
@flag("--plain", text=N_("For a screen reader: no columns, colours or signs. [APOA_PLAIN]"))
@option("-v", "--verbose", count=True, text=N_("Say more of what is done; twice for details."))
@flag("-q", "--quiet", text=N_("Say only what a person must act on."))
@option("--log-file", metavar="PATH", type=FileName, text=N_("Write the log to this file."))
# click's own option asks gettext for its help, which loads `locale` at every start.
@flag("--version", is_eager=True, expose_value=False, callback=_show_version, text=N_("Show the version and exit."))
@flag(
    "--help-all", is_eager=True, expose_value=False, callback=_show_all_commands, text=N_("Show all commands and exit.")
)
@click.pass_context
def apoa(
    ctx: click.Context,
    /,
    property_name: str | None,
    verbose: int,
    *,
    practice: bool,
    quiet: bool,
    log_file: str | None,
    **display: Any,  # noqa: ANN401  click's
) -> int | None:
    """Read the global options. Without a command, show an overview at a terminal, elsewhere the help."""
    del display  # --lang and --plain: `run` reads them before click, which prints and translates too
    session: Session = ctx.obj
    session.property_name = property_name or ""
    session.is_one_chosen = bool(property_name)
    session.practice = practice
    if practice and ALIASES.get(ctx.invoked_subcommand or "", ctx.invoked_subcommand) in NOT_PRACTISED:
        raise UsageProblem(
            msg("This command is not practised."),
            msg("Give it without {option}.", option=localized_option("--practice")),
        )
    session.verbosity = verbose
    session.quiet = quiet
    if verbose or log_file is not None:
        from apoa_client.cli.logging import start_logging  # slow to load, and rarely wanted

        start_logging(verbose, log_file)
        session.logs = True
    if ctx.invoked_subcommand is not None:
        return None
    if not (session.terminal and is_terminal(sys.stdout)):
        raise click.exceptions.NoArgsIsHelpError(ctx)
    from apoa_client.cli.commands.status import welcome  # only without a command

    return welcome(session)


def main() -> int:
    """Run the program as the installed command does and return the exit code."""
    hide_tracebacks()
    processes.forbid_core_files()
    occupy_descriptors()
    arguments = _take_variables(sys.argv[1:])
    with escape_codes() as are_drawn:
        output.set_colours_drawn(drawn=are_drawn)
        code = run(arguments, dict(os.environ), None)  # noqa: TID251  read once, here
        if sys.platform == "win32" and not arguments:
            from apoa_client.cli.terminal.desktop import ask_for_commands, is_own_window  # only after a double click

            if is_own_window():
                ask_for_commands()
    if sys.platform == "win32" and threading.active_count() > 1:
        os._exit(code)  # after an interruption a thread still reads from the console, where Python's own end crashes
    return code


def _take_variables(arguments: Sequence[str]) -> Sequence[str]:
    """Set the variables that a task of Windows gives as first arguments, and return the others.

    A task has no other way to say where the files are: its environment is that of the account. Other variables than
    those that a schedule has, above all secrets, which others could see in the list of processes, are not taken: then
    the words are left to be refused as unknown ones.
    """
    while arguments[:1] == [SET_VARIABLE]:
        from apoa_client.schedule.interface import variables_of  # only a task needs it

        name, _equals, value = "".join(arguments[1:2]).partition("=")
        kept = variables_of({name: value}).kept
        if name not in kept:
            break
        os.environ[name] = kept[name]  # noqa: TID251  libraries read it there, too
        arguments = arguments[2:]
    return arguments


def run(arguments: Sequence[str], environ: Mapping[str, str], clock: "Clock | None") -> int:
    """Run one call of the program and return the exit code. `clock` is None for the real one."""
    if environ.get(_COMPLETION):
        return _complete(environ, clock)
    session, code = Session(environ, clock), 0
    with language.commands_completed(session.complete_commands), output.error_heading(session.first_line):
        try:
            with session:
                code = _call(session, arguments)
                session.json = False  # the document is printed: an error while files are closed goes to stderr alone
        except _CAUGHT as exc:
            code = code or _end(session, exc)
    return code


def _complete(environ: Mapping[str, str], clock: "Clock | None") -> int:
    """Answer a shell that asks what can stand at the cursor; click would do it later, and with English names alone."""
    from apoa_client.cli.commands.completion import complete  # not needed by the commands themselves

    session = Session(environ, clock)
    try:
        return complete(environ[_COMPLETION], apoa, session, lambda words: _choose_language(words, environ))
    finally:
        with suppress(Exception):
            session.close()


def _split_display_options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split off `--plain` and `--lang`, in either language, which may also follow the command, but not a bare `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    display: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments[:end])
    for argument in remaining:
        name, equals, value = argument.partition("=")
        if name in _PLAIN_NAMES:
            display.append(argument)
        elif name in _LANGUAGE_NAMES:
            display += ["--lang", *([value] if equals else islice(remaining, 1))]
        else:
            rest.append(argument)
    return display, [*rest, *arguments[end:]]


def _choose_language(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    requested = _requested_language(arguments, environ)
    if requested or "--version" in arguments:  # which is the same in every language
        return requested or SOURCE_LANGUAGE
    from apoa_client.settings import reading  # not needed for --version
    from apoa_client.settings.folders import find_folders

    try:
        folders = find_folders(environ)
        setting = reading.load(folders.config).language
    except SettingsProblem:
        setting = ""  # the command itself says what is wrong with the settings
    return setting or language.system_language(environ)


def _requested_language(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the language that ``--lang`` or ``APOA_LANG`` asks for; empty if neither is given.

    The option is read before click reads it, because click's own errors must already be in that language.
    """
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            return parse_language(arguments[position + 1])
        if argument.startswith("--lang="):
            return parse_language(argument.removeprefix("--lang="))
    return parse_language(environ.get("APOA_LANG", ""))


def _call(session: Session, arguments: Sequence[str]) -> int:
    session.terminal = at_a_terminal()
    for stream in (sys.stdout, sys.stderr):
        adapt_stream(stream, session.environ)
    display, rest = _split_display_options(arguments)
    arguments = [*display, *rest]
    plain = not _PLAIN_NAMES.isdisjoint(display) or session.environ.get("APOA_PLAIN", "0") not in {"", "0"}
    output.set_plain(plain=plain)
    language.set_language(_choose_language(arguments, session.environ))
    answer = apoa.main(arguments, prog_name="apoa", standalone_mode=False, obj=session)
    if session.types_now:
        from apoa_client.cli.commands.sync import type_by_hand  # start-up: rarely needed

        type_by_hand(session)
    return answer if isinstance(answer, int) else session.exit_code


def _end(session: Session, error: Exception | KeyboardInterrupt | SystemExit) -> int:
    """Show the error that ended the call. Return its exit code, also where it cannot be shown."""
    code: int = Exit.BUG
    try:
        code = _exit_code(error)
        _show(session, error)
    except _CAUGHT as exc:
        code = _TERMINATED if session.terminal and not at_a_terminal() else code  # the window was closed
        if not isinstance(exc, BrokenPipeError | KeyboardInterrupt):
            with suppress(*_CAUGHT):
                show_bug(type(exc), exc.__traceback__)
        discard_output()
    return code


def _exit_code(error: BaseException) -> int:
    if isinstance(error, click.ClickException | ApoaError):
        return error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return _TERMINATED if _is_termination(error) else _INTERRUPTED
    return Exit.DONE if isinstance(error, BrokenPipeError | SystemExit) else Exit.BUG


def _show(session: Session, error: Exception | KeyboardInterrupt | SystemExit) -> None:
    if isinstance(error, click.ClickException):
        _show_usage_error(error)
    elif isinstance(error, click.Abort | KeyboardInterrupt):
        print_error_line()
        print_error_line(_("Stopped. What was saved is kept."))
    elif isinstance(error, BrokenPipeError | SystemExit):  # click makes the latter of a broken pipe
        discard_output()
    else:
        show_failure(session, error)


def _show_usage_error(exc: click.ClickException) -> None:
    """Show click's error, sanitized because it repeats what was typed or pasted."""
    if isinstance(exc, click.NoSuchOption) and exc.possibilities:
        near = dict.fromkeys(map(localized_option, exc.possibilities))
        exc.possibilities[:] = [option for option in near if option not in _NOT_SUGGESTED]
    shown = io.StringIO()
    exc.show(shown)
    for line in shown.getvalue().splitlines():
        print_error_line(sanitize(line.expandtabs(2)))
    if isinstance(exc, click.NoSuchOption) and exc.ctx is not None:
        _show_place(exc.option_name, exc.ctx)


def _show_place(option: str, ctx: click.Context) -> None:
    """Show where an option stands that a command does not have, if it is one of the program's."""
    root = ctx.find_root()
    program, _blank, words = ctx.command_path.partition(" ")
    for parameter in root.command.params:
        name = next((name for name in parameter.opts if option in both_names(name)), "")
        if words and name:
            takes_value = isinstance(parameter, click.Option) and not (parameter.is_flag or parameter.count)
            value = [parameter.make_metavar(root)] if takes_value else []
            command = " ".join([program, localized_option(name), *value, words])
            print_error_line(_("This option comes before the command: {command}").format(command=command))


def _is_termination(exc: BaseException | None) -> bool:
    """Whether SIGTERM or SIGHUP is the cause. During a question, click hides it in the exception's context."""
    from apoa_client.cli.terminal.signals import Terminated  # rarely needed

    while exc is not None and not isinstance(exc, Terminated):
        exc = exc.__cause__ or exc.__context__
    return exc is not None
