"""`apoa completion`: click's scripts for the Tab key, and the answers to them: commands, options, choices and files.

A completion is never an error, a question, a lock or a change, whatever state the files are in. It opens no outbox,
and it imports only the command on the line.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import click
from click.shell_completion import get_completion_class, split_arg_string

from apoa_client.cli.registry import Command, Option, argument, command
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import localized_line
from apoa_client.cli.terminal.language import N_, _, set_language
from apoa_client.cli.terminal.output import plain, write
from apoa_client.errors import Exit
from apoa_client.installation import COMPLETION_SCRIPTS, POWERSHELL_SCRIPT

VARIABLE = "_APOA_COMPLETE"
"""The variable in which a shell's script asks what can stand at the cursor."""
SHELLS = ("bash", "zsh", "fish", "powershell")

_SCRIPTS = {
    shell: f"mkdir -p ~/{path.rpartition('/')[0]} && apoa completion {shell} > ~/{path}"
    for shell, path in COMPLETION_SCRIPTS.items()
}
INSTALL = {
    "bash": _SCRIPTS["bash"],
    "zsh": f"{_SCRIPTS['zsh']} && echo 'fpath+=~/.zfunc; autoload -Uz compinit; compinit' >> ~/.zshrc",
    "fish": _SCRIPTS["fish"],
    "powershell": "mkdir -Force (Split-Path $PROFILE) | Out-Null; "
    f"if (-not (Select-String -Quiet '{POWERSHELL_SCRIPT}' $PROFILE -EA Ignore)) "
    "{ apoa completion powershell | Add-Content $PROFILE }",
}
"""The line that installs the script of each shell for one user."""


class _CompletionCommand(Command):
    """The command, with the lines that install each script in its help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        """Write a line for each shell, unwrapped, so that it can be copied."""
        with formatter.section(_("To install it for this user, then open a new window")):
            indent = "" if plain() else "  "
            for shell, line in INSTALL.items():
                formatter.write(f"{indent}{shell}:\n{2 * indent}{localized_line(line)}\n")


@command(
    "completion",
    N_("Print the script with which a shell completes commands and options on the Tab key."),
    "apoa completion bash",
    _CompletionCommand,
)
@argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def completion(_session: Session, shell: str) -> None:
    """Print the script of one shell."""
    write(script(shell).rstrip("\n"))


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
