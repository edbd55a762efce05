"""The card of a guest before the report is saved: warnings first, then every field in the order of APOA's form.

Each field has a number by which it is changed; those that were left open have one too, and are shown when asked for,
so that the card fits the smallest screen.
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
from apoa_client.report.fields import ON_THE_FORM, Field
from apoa_client.report.findings import Finding
from apoa_client.report.model import Report


class ReviewCard:
    """One guest's card; `others` are those of a party who came before."""

    def __init__(self, report: Report, warnings: Sequence[Finding], others: Sequence[Report], zone: tzinfo) -> None:
        self._filled, self._open = _apart(report, zone)
        self._warnings = warnings
        self._others = [guest_name(other.guest) for other in others if other.guest is not None]

    def show(self) -> None:
        """Show it."""
        title = _("This will be reported")
        if self._others:
            title = _("This will be reported: guest {number}").format(number=len(self._others) + 1)
        print_error_line()
        print_error_line(style_bold(title))
        show_warnings(self._warnings)
        rows = enumerate(self._filled, 1)
        for line in label_lines([(f"{place:>2} {text(item.label)}", value) for place, (item, value) in rows]):
            print_error_line(line)
        if self._others:
            print_error_line("  " + _("Together with: {names}").format(names=", ".join(self._others)))

    def show_empty_fields(self) -> None:
        """Show the fields that were left open, which can be filled by their numbers."""
        rows = enumerate(self._open, len(self._filled) + 1)
        print_error_line(
            "  " + _("Left open: {fields}").format(fields=", ".join(f"{n} {text(item.label)}" for n, item in rows))
        )

    def field(self, number: str) -> str:
        """The name of the field with a number that somebody typed; empty where none has it."""
        names = [item.name for item, _value in self._filled] + [item.name for item in self._open]
        place = index_of_choice(number, len(names))
        return names[place] if place is not None else ""


def _apart(report: Report, zone: tzinfo) -> tuple[list[tuple[Field, str]], list[Field]]:
    """The fields that have a value, with it, safe for a screen; and those that were left open."""
    texts = {name: sanitize(value) for name, value in field_texts(report, zone).items()}
    if report.stay is not None:
        texts["planned_check_out"] = f"{texts['planned_check_out']} ({nights_text(report.stay.nights)})"
    filled = [(item, texts[item.name]) for item in ON_THE_FORM if texts.get(item.name)]
    return filled, [item for item in ON_THE_FORM if not texts.get(item.name)]
