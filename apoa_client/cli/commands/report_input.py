"""`apoa report --input`: the details of a guest from a JSON document, so that none of them stands in the command."""

import json
from pathlib import Path
from typing import Any

from apoa_client.cli.commands.guest_options import GivenDetails
from apoa_client.cli.terminal.input import MAX_INPUT_BYTES, check_input_size, standard_input
from apoa_client.decoding import decode_text
from apoa_client.errors import DataRefused, UsageProblem, file_unreadable
from apoa_client.messages import msg
from apoa_client.report.report_input import parse_report_input

_STDIN = "-"


def with_input(given: GivenDetails, file: str) -> GivenDetails:
    """Return the details in `file`, or in standard input for "-", and the options that were given, which win.

    Raises `UsageProblem` if lines were given as well, `DataRefused` for a file that is no report.
    """
    if given.lines:
        raise UsageProblem(msg("The input has the lines of the MRZ in it. Give no --mrz beside --input."))
    read = parse_report_input(_load(file))
    typed = {**read.typed, **given.typed}
    if "nights" in given.typed and "planned_check_out" not in given.typed:
        typed.pop("planned_check_out", None)
    return given._replace(typed=typed, lines=[line for line in read.lines if line.strip()])


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        content = opened.read(MAX_INPUT_BYTES + 1)
    check_input_size(content)
    return decode_text(content)


def _load(file: str) -> Any:  # noqa: ANN401  any JSON value
    try:
        return json.loads(standard_input() if file == _STDIN else _read(Path(file)))
    except OSError as exc:
        raise file_unreadable(file, exc, DataRefused) from None
    except (ValueError, RecursionError):
        raise DataRefused(
            msg("The input is no JSON document with one report."),
            msg("It has the form of the contract: an object with guest and stay. See: apoa help contract"),
        ) from None
