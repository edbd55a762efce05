"""`apoa contract`: print the reporting contract, or the schema of what a command prints with ``--json``."""

from typing import Literal

import click

from apoa_client.cli.registry import CommandGroup, Option
from apoa_client.cli.terminal.language import N_
from apoa_client.cli.terminal.output import print_line, write
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg

_ALL = ""


@click.pass_context
def _print(ctx: click.Context, name: str | None, form: Literal["yaml", "json"]) -> None:
    """Print the contract as it is, or a schema; nothing before a command of the group."""
    if ctx.invoked_subcommand is not None:
        return
    if name is None:
        from apoa_client.authority.contract import contract_text

        write(contract_text(form).rstrip("\n"))
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
    {"test": "apoa_client.cli.commands.contract_test:test"},
    _print,
    [
        Option(
            ["--format", "form"],
            type=click.Choice(["yaml", "json"]),
            default="yaml",
            help=N_("The form in which the contract is printed; both say the same."),
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
