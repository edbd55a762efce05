"""The review card of a guest before the report is saved: warnings, then the fields in the order of APOA's form.

Each field has a number by which it can be changed. Empty fields have numbers too, but are shown only on request, so
that the card fits a small screen.
"""

from collections.abc import Sequence
from datetime import tzinfo

from apoa_client.cli.terminal.input import index_of_choice
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, sanitize, style_bold
from apoa_client.cli.terminal.tables import label_lines
from apoa_client.cli.views.findings import show_warnings
from apoa_client.cli.views.labels import nights_text
from apoa_client.cli.views.report import field_texts, guest_name
from apoa_client.report.fields import ON_THE_FORM
from apoa_client.report.findings import Finding
from apoa_client.report.model import Report


class ReviewCard:
    """The review card of one guest. `others` are the reports of the earlier guests of the group."""

    def __init__(self, report: Report, warnings: Sequence[Finding], others: Sequence[Report], zone: tzinfo) -> None:
        texts = {name: sanitize(value) for name, value in field_texts(report, zone).items()}
        if report.stay is not None:
            texts["planned_check_out"] = f"{texts['planned_check_out']} ({nights_text(report.stay.nights)})"
        self._filled = [(item, texts[item.name]) for item in ON_THE_FORM if texts.get(item.name)]
        self._empty = [item for item in ON_THE_FORM if not texts.get(item.name)]
        self._warnings = warnings
        self._others = [guest_name(other.guest) for other in others if other.guest is not None]

    def show(self) -> None:
        """Show the card."""
        title = _("This will be reported")
        if self._others:
            title = _("This will be reported: guest {number}").format(number=len(self._others) + 1)
        print_error_line()
        print_error_line(style_bold(title))
        show_warnings(self._warnings)
        rows = enumerate(self._filled, 1)
        for line in label_lines([(f"{number:>2} {text(item.label)}", value) for number, (item, value) in rows]):
            print_error_line(line)
        if self._others:
            print_error_line("  " + _("Together with: {names}").format(names=", ".join(self._others)))

    def show_empty_fields(self) -> None:
        """Show the empty fields with their numbers."""
        rows = enumerate(self._empty, len(self._filled) + 1)
        fields = ", ".join(f"{number} {text(item.label)}" for number, item in rows)
        print_error_line("  " + _("Empty fields: {fields}").format(fields=fields))

    def field(self, number: str) -> str:
        """Return the name of the field with a typed number; empty if no field has it."""
        names = [item.name for item, _value in self._filled] + [item.name for item in self._empty]
        index = index_of_choice(number, len(names))
        return names[index] if index is not None else ""
