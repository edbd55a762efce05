"""`apoa contract`: print the reporting contract, or the schema of what a command prints with ``--json``."""

import secrets
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click

from apoa_client import __version__
from apoa_client.cli.registry import (
    CommandGroup,
    Option,
    argument,
    flag,
    force_option,
    json_option,
    option,
    path_option,
    yes_option,
)
from apoa_client.cli.session import Session, read_password
from apoa_client.cli.terminal.input import ask_line, ask_secret, confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, sanitize, style_success, write
from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_writable, write_output
from apoa_client.cli.terminal.signals import Signals
from apoa_client.errors import Exit, UsageProblem
from apoa_client.messages import Message, msg

if TYPE_CHECKING:
    from apoa_client.cli.views.conformance import ConformanceReport

_ALL = ""


@click.pass_context
def _print(ctx: click.Context, name: str | None, form: Literal["yaml", "json", "python"]) -> None:
    """Print the contract as it is, or a schema; nothing before a command of the group."""
    if ctx.invoked_subcommand is not None:
        return
    if name is None:
        from apoa_client.authority.contract import contract_text
        from apoa_client.cli.guide.guides import reference_server

        write((reference_server() if form == "python" else contract_text(form)).rstrip("\n"))
        return
    import json

    from apoa_client.cli.documents.json_schemas import FORMS, json_schema

    if name == _ALL:
        for each in FORMS:
            print_line(each)
        return
    if name not in FORMS:
        raise UsageProblem(
            msg("No command {command} prints JSON.", command=name), msg("All: apoa contract --json-schema")
        )
    write(json.dumps(json_schema(name), indent=2))


contract = CommandGroup(
    "contract",
    N_("Print the reporting contract (OpenAPI 3.1). It is ours and open; APOA publishes none."),
    "apoa contract > openapi.yaml",
    callback=_print,
    invoke_without_command=True,
    params=[
        Option(
            ["--format", "form"],
            type=click.Choice(["yaml", "json", "python"]),
            default="yaml",
            help=N_("The contract as YAML or as JSON, or in Python: the small server of its guide."),
        ),
        Option(
            ["--json-schema", "name"],
            is_flag=False,
            flag_value=_ALL,
            metavar="[COMMAND]",
            help=N_("Print the JSON Schema of what a command prints with --json; without a command, the names of all."),
        ),
    ],
)


@contract.subcommand(
    "test",
    N_("Test whether a server implements the contract, with a test account and invented guests."),
    "apoa contract test https://host/path/v1 --username melati --html result.html",
)
@argument("url", metavar="URL")
@option("--username", required=True, metavar="NAME", text=N_("Username of a test account."))
@option("--username2", metavar="NAME", text=N_("Username of another property's test account, which must see nothing."))
@flag(
    "--password-stdin", text=N_("Read the password from standard input, and the second account's from the next line.")
)
@option("--restart-command", metavar="COMMAND", text=N_("Command line that restarts the server, which is tested then."))
@path_option("--junit", text=N_("Write the results as JUnit XML, for a CI system."))
@path_option("--html", text=N_("Write the results as a page to read or print."))
@force_option
@yes_option
@json_option
def test(session: Session, /, **options: Any) -> int:  # noqa: ANN401  click's
    """Run the checks and show their results as they come, or write them into files."""
    files = {name: options[name] for name in ("junit", "html") if options[name] is not None}
    for file in files.values():  # before the checks take their time
        check_writable(file, force=options["force"])
    if list(files.values()).count(STANDARD_OUTPUT) + session.json > 1:
        raise UsageProblem(msg("Only one of --json, --junit - and --html - can go to standard output."))
    _confirm(session, options["url"], yes=options["yes"])
    names = [options[each] for each in ("username", "username2") if options[each] is not None]
    accounts = [(name, _password(session, name, from_stdin=options["password_stdin"])) for name in names]
    silent = session.json or STANDARD_OUTPUT in files.values()
    report = _run(session, options, accounts, silent=silent)
    for name, file in files.items():
        write_output(file, _content(name, report), force=options["force"])
        if file != STANDARD_OUTPUT:
            print_error_line(style_success(_("The results are written: {file}").format(file=sanitize(str(file)))))
    if session.json:
        from apoa_client.cli.views.conformance import report_value

        print_json(report_value(report))
    return Exit.DONE if report.conforms else Exit.DATA_REFUSED


def _confirm(session: Session, url: str, *, yes: bool) -> None:
    """Say what will be done, and ask. Raises `UsageProblem` if no user can be asked, and `click.Abort`."""
    print_error_line(_("This tests the server {url} with a test account.").format(url=sanitize(url)))
    print_error_line(
        _(
            "It sends reports about invented guests named APOA TEST, wrong reports, too large ones, and one wrong "
            "password. At the end it cancels every report that was accepted: the account keeps cancelled reports only."
        )
    )
    print_error_line(_("The contract is our own. No official APOA interface exists; never test with a real account."))
    if yes:
        return
    if not session.interactive:
        raise UsageProblem(
            msg("Nothing was sent, because it was not confirmed."), msg("Confirm it in advance with: --yes")
        )
    if not confirm(_("Start the test?"), default=False):
        raise click.Abort


def _password(session: Session, username: str, *, from_stdin: bool) -> str:
    question = _("Password of {username}").format(username=sanitize(username))
    return read_password(session, lambda: ask_secret(question), from_stdin=from_stdin)


def _run(
    session: Session, options: Mapping[str, Any], accounts: Sequence[tuple[str, str]], *, silent: bool
) -> "ConformanceReport":
    from apoa_client.cli.views.conformance import ConformanceReport, show_result, show_verdict
    from apoa_client.conformance.check import Context
    from apoa_client.conformance.run import open_server, run_checks
    from apoa_client.conformance.samples import Samples

    clock = session.app.clock
    started: datetime = clock.now()
    restart: Callable[[], object] | None = None
    if options["restart_command"] is not None:
        restart = partial(_restart, options["restart_command"])
    elif session.interactive and not options["yes"]:
        restart = partial(ask_line, _("Restart the server now, then press Enter."))
    with (
        Signals() as signals,
        open_server(
            options["url"],
            accounts,
            user_agent=f"apoa-client/{__version__}",
            pause=_pause,
            monotonic=clock.monotonic,
        ) as (server, *others),
    ):
        context = Context(server, Samples(clock.now, secrets.token_bytes), clock.now, restart, next(iter(others), None))
        results = run_checks(context, signals, (lambda _result: None) if silent else show_result)
        report = ConformanceReport(options["url"], started, server.meta, results)
    if not silent:
        show_verdict(report)
    return report


def _pause(seconds: float, reason: Message) -> None:
    print_error_line(text(reason))
    time.sleep(seconds)


def _restart(command: str) -> None:
    """Run a command line of the user's, as the system's shell reads it. Raises `Failed` if it fails."""
    from apoa_client.conformance.exchange import Failed

    print_error_line(_("Restarting the server: {command}").format(command=sanitize(command)))
    silent = subprocess.DEVNULL
    done = subprocess.run(command, shell=True, check=False, stdin=silent, stdout=silent)  # noqa: S602  the user's own
    if done.returncode != 0:
        raise Failed(msg("The command to restart the server failed with the exit code {code}.", code=done.returncode))


def _content(name: str, report: "ConformanceReport") -> bytes:
    from apoa_client.cli.documents.conformance_page import conformance_page, junit_xml

    return junit_xml(report) if name == "junit" else conformance_page(report).encode()
