"""The value of `--state`: a state of a report, by its name in either language."""

import click

from apoa_client.cli.terminal.command_names import localized_state
from apoa_client.report.kinds import State


class StateChoice(click.Choice[str]):
    """The states by their names in either language, shown in the reader's."""

    def __init__(self) -> None:
        super().__init__([state.value for state in State])

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:  # noqa: ARG002  click's
        """Return the name in the reader's language."""
        return localized_state(str(choice))
