"""`apoa contract`: print the reporting contract, for implementers of the other side."""

from apoa_client.cli.registry import command
from apoa_client.cli.terminal.language import N_
from apoa_client.cli.terminal.output import write


@command(
    "contract",
    N_("Print the reporting contract (OpenAPI 3.1). It is ours and open; APOA publishes none."),
    "apoa contract > openapi.yaml",
)
def contract() -> None:
    """Print the file as it is."""
    from apoa_client.authority.contract import contract_text

    write(contract_text().rstrip("\n"))
