"""Shows at the desk what was read from a photo, and asks about each line with doubtful characters."""

import sys
from typing import TYPE_CHECKING

from apoa_client.cli.prompts.conversation import Move
from apoa_client.cli.prompts.mrz_lines import ask_lines_again
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, print_error_unwrapped, style_warning
from apoa_client.cli.views.photo import NOT_SURE, READ_SURELY, doubt_message, doubtful_lines, line_with_picture

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading


def confirmed_lines(reading: "PhotoReading") -> list[str] | None:
    """Return the lines of a photo, the doubtful ones as the user confirms or types them.

    Empty if no lines were found, or to scan or type all of them; None for the details by hand.
    """
    _show_certainty(reading)
    lines = list(reading.lines)
    for index in doubtful_lines(reading):
        print_error_line()
        for line in line_with_picture(reading, index, sys.stderr):
            print_error_unwrapped(line)
        print_error_line(text(doubt_message(reading, index)))
        if confirm(_("Is line {number} the same on the page?").format(number=index + 1), default=False):
            continue
        again = ask_lines_again(lines, [index])
        if isinstance(again, Move):
            return []
        if again.scanned or not again.lines:
            return again.lines or None
        lines = again.lines
    if lines:
        print_error_line(_("Compare the name, the nationality and the sex with the page: they have no check digit."))
    return lines


def _show_certainty(reading: "PhotoReading") -> None:
    if reading.lines:
        print_error_line(text(READ_SURELY) if reading.sure else style_warning(text(NOT_SURE)))
    if reading.hint is not None:
        print_error_line(text(reading.hint))
