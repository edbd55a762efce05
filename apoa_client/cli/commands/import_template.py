"""`apoa import --template`: an empty workbook for guests."""

from pathlib import Path

from apoa_client.cli.terminal.language import _, current_language
from apoa_client.cli.terminal.output import print_error_line, sanitize, style_success
from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_ending, check_writable, write_output
from apoa_client.errors import Exit
from apoa_client.tables.template import template_book


def write_template(path: Path, *, force: bool) -> int:
    """Write the workbook, and say what to do with it. Raises `TablesMissing`, and what `write_output` raises."""
    check_writable(path, force=force)
    check_ending(path, [".xlsx"])
    write_output(path, template_book(current_language()), force=force)
    if path != STANDARD_OUTPUT:
        print_error_line(style_success(_("Written: {path}").format(path=sanitize(str(path)))))
        line = _("Fill it in, one row for each guest, and import it with: apoa import {path}")
        print_error_line(line.format(path=sanitize(str(path))))
    return Exit.DONE
