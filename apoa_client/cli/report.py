"""`apoa report`: a guest's arrival, the main job."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from apoa_client.cli.arrival import Arrival, Wishes
from apoa_client.cli.base import command, option
from apoa_client.cli.details import guest_details
from apoa_client.cli.language import N_
from apoa_client.cli.session import Session

_EXAMPLE = (
    "apoa report --mrz 'P<GBRSMITH<<JANE<<<<...' --mrz '9250764733GBR8509129F3003301<<...'"
    " --birth-place LONDON --nights 2 --room 7"
)


@command("report", N_("Report a guest's arrival: read the passport, check it, save it, send it."), _EXAMPLE)
@option("--mrz", multiple=True, metavar="LINE", text=N_("A line of the passport's MRZ; give it twice. - reads both."))
@guest_details
@option("--check-in", text=N_("Check-in, 2026-11-24T19:50; now if it is left out."))
@option("--nights", text=N_("Number of nights."))
@option("--planned-check-out", text=N_("Planned check-out, in place of the nights."))
@option("--room", text=N_("Room."))
@option("--purpose", text=N_("Purpose: tourism (wisata), business (bisnis), family (keluarga), ..."))
@option("--note", text=N_("Note that is sent with the report."))
@option(
    "--accept-check-digit",
    is_flag=True,
    text=N_("Accept the MRZ although a check digit does not fit. Compare it with the passport first."),
)
@option("--yes", is_flag=True, text=N_("Ask for no confirmation."))
@option("--dry-run", is_flag=True, text=N_("Check only; save and send nothing."))
@option("--no-send", is_flag=True, text=N_("Save only; send later with: apoa sync"))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def report(session: Session, /, *, mrz: Sequence[str], as_json: bool, **options: Any) -> None:  # noqa: ANN401  click's
    """Take the options apart: what is wished for, and what was typed."""
    session.json = as_json
    names = ("yes", "dry_run", "no_send", "accept_check_digit")
    wishes = Wishes(**{name: options.pop(name) for name in names}, json=as_json)
    typed = {name: text for name, text in options.items() if text is not None}
    lines = sys.stdin.read().splitlines() if tuple(mrz) == ("-",) else mrz
    Arrival(session, wishes).receive(typed, [line for line in lines if line.strip()])
