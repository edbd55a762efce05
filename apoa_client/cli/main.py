"""The program's door: the group with its global options, and the one handler of every error.

Nothing else turns an error into a message or an exit code. A traceback is shown for no user's mistake; for a mistake of
ours, only where ``-v`` asks for it, and never with the exception's text, which may hold a guest's data.
"""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from apoa_client import __version__
from apoa_client.cli.registry import LazyGroup, Option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal import encodings, language, output
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import at_a_terminal, print_error_line, print_json, sanitize, style_error
from apoa_client.errors import ApoaError, Exit, SettingsProblem
from apoa_client.messages import LANGUAGES

if TYPE_CHECKING:
    from apoa_client.ports import Clock

_INTERRUPTED, _TERMINATED = 130, 143
"""What a shell makes of SIGINT and SIGTERM."""

_NEVER_MEANT = frozenset({"--again", "--yes", "--force", "--accept-check-digit"})
"""Options that set a question or a check aside: whoever wants one spells it."""


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    help=N_("Register foreign guests for immigration reporting: checked here, queued offline, sent once."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--property", "property_name", cls=Option, metavar="NAME", help=N_("Which property. [APOA_PROPERTY]"))
@click.option("--lang", cls=Option, type=click.Choice(LANGUAGES), help=N_("Language: id or en. [APOA_LANG]"))
@click.option(
    "--plain", cls=Option, is_flag=True, help=N_("For a screen reader: no columns, colours or signs. [APOA_PLAIN]")
)
@click.option("-v", "--verbose", cls=Option, count=True, help=N_("Say more of what is done; twice for details."))
@click.option("-q", "--quiet", cls=Option, is_flag=True, help=N_("Say only what a person must act on."))
@click.option("--log-file", cls=Option, type=click.Path(), help=N_("Write the log to this file."))
@click.version_option(
    __version__, prog_name="apoa", message="%(prog)s %(version)s", cls=Option, help=N_("Show the version and exit.")
)
@click.pass_context
def apoa(
    ctx: click.Context,
    /,
    property_name: str | None,
    verbose: int,
    *,
    quiet: bool,
    log_file: str | None,
    **looks: Any,  # noqa: ANN401  click's
) -> int | None:
    """Take the global options; the command follows, or whoever is at a terminal is told which ones there are."""
    del looks  # the language, and whether plain lines are wanted: read before click, which speaks and draws too
    session: Session = ctx.obj
    session.property_name = property_name or ""
    session.verbosity = verbose
    session.quiet = quiet
    if verbose or log_file is not None:
        from apoa_client.cli.logging import start_logging  # logging is slow to load, and rarely wanted

        start_logging(verbose, log_file)
    if ctx.invoked_subcommand is not None:
        return None
    if not (session.terminal and sys.stdout.isatty()):
        raise click.exceptions.NoArgsIsHelpError(ctx)
    from apoa_client.cli.commands.welcome import welcome  # only for whoever types nothing else

    return welcome(session)


def main() -> int:
    """Run the program as the installed command does; the exit code is the result."""
    return run(sys.argv[1:], dict(os.environ), None)  # noqa: TID251  read once, here


def run(arguments: Sequence[str], environ: Mapping[str, str], clock: "Clock | None") -> int:
    """Run one call of the program in an environment, at a clock (None: the real one). Returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        encodings.adapt_stream(stream, environ)
    looks, rest = _parted(arguments)
    arguments = [*looks, *rest]
    output.use(plain="--plain" in looks or environ.get("APOA_PLAIN", "0") not in {"", "0"})
    language.use(_language(arguments, environ))
    session = Session(environ, clock, terminal=at_a_terminal())
    try:
        return _call(session, arguments)
    finally:
        session.close()


def _parted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """What says how everything looks, and the rest. The former may stand behind the command, too, but no bare `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    looks: list[str] = []
    rest: list[str] = []
    given = iter(arguments[:end])
    for argument in given:
        if argument == "--plain" or argument.startswith("--lang="):
            looks.append(argument)
        elif argument == "--lang":
            looks += [argument, *islice(given, 1)]
        else:
            rest.append(argument)
    return looks, [*rest, *arguments[end:]]


def _call(session: Session, arguments: Sequence[str]) -> int:
    try:
        answer = apoa.main(list(arguments), prog_name="apoa", standalone_mode=False, obj=session)
        return answer if isinstance(answer, int) else Exit.DONE
    except click.ClickException as exc:
        _complain(exc)
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt) as exc:
        with suppress(OSError):  # the window may be closed
            print_error_line()
            print_error_line(_("Stopped. What was saved is kept."))
        return _TERMINATED if _was_terminated(exc) else _INTERRUPTED
    except ApoaError as exc:
        _explain(session, exc)
        return exc.exit_code
    except (BrokenPipeError, SystemExit):  # which click makes of a broken pipe
        _nobody_reads()
        return Exit.DONE
    except Exception as exc:  # noqa: BLE001  the last handler there is
        _confess(session, exc)
        return Exit.BUG


def _was_terminated(exc: BaseException | None) -> bool:
    """Whether SIGTERM or SIGHUP is behind it: click hides that in a context, where it came while somebody was asked."""
    from apoa_client.cli.terminal.signals import Terminated  # only for whoever was

    while exc is not None and not isinstance(exc, Terminated):
        exc = exc.__cause__ or exc.__context__
    return exc is not None


def _complain(exc: click.ClickException) -> None:
    """Show click's own complaint, which repeats what was typed, or pasted."""
    if isinstance(exc, click.NoSuchOption) and exc.possibilities:
        exc.possibilities[:] = [option for option in exc.possibilities if option not in _NEVER_MEANT]
    complaint = io.StringIO()
    exc.show(complaint)
    for line in complaint.getvalue().splitlines():
        print_error_line(sanitize(line))


def _nobody_reads() -> None:
    """Whoever read our output has left (head, less); Python would complain once more while it shuts down."""
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  closed by the exit


def _language(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    asked = language.wanted(arguments, environ)
    if asked or "--version" in arguments:  # which is the same in every language
        return asked or language.FALLBACK
    from apoa_client.settings import config  # not needed for --version
    from apoa_client.settings.folders import find_folders

    try:
        setting = config.load(find_folders(environ).config).language
    except SettingsProblem:
        setting = ""  # the command itself will say what is wrong with the settings
    return setting or language.system_language(environ)


def _explain(session: Session, error: ApoaError) -> None:
    from apoa_client.cli.views.findings import error_value, show_error, show_findings  # only when something is wrong

    try:
        if session.json:
            with suppress(SettingsProblem):  # stdout cannot be written: perhaps that is the very error
                print_json(error_value(error))
        show_findings(error)
        show_error(error)
    except BrokenPipeError:
        _nobody_reads()


def _confess(session: Session, exc: Exception) -> None:
    import traceback  # only for a bug

    frames = traceback.extract_tb(exc.__traceback__)
    where = ", ".join([type(exc).__name__, *(f"{f.name}:{f.lineno}" for f in frames[-1:])])
    print_error_line(style_error(_("This is a mistake in apoa-client itself ({where}).").format(where=where)))
    print_error_line(_("What was saved is kept. Please report it, with what this shows: apoa -v ..."))
    if session.verbosity:
        print_error_line("".join(traceback.format_list(frames)))
