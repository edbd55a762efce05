"""The review card of a guest before the report is saved: warnings, then the fields in our order.

Each field has a number by which it can be changed: its place on the form, as in `apoa amend`. Empty fields that are not
asked for, and an issuing state that is the nationality, have no row: `?` shows their numbers.
"""

from collections.abc import Sequence
from datetime import tzinfo

from apoa_client.cli.terminal.input import index_of_choice
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import label_lines, print_error_line, sanitize, style_bold
from apoa_client.cli.views.findings import warning_line
from apoa_client.cli.views.labels import nights_text
from apoa_client.cli.views.report import field_texts, guest_name, property_line
from apoa_client.desk.guest_form import ASKED_FIELDS
from apoa_client.passport.states import canonical_code
from apoa_client.report.fields import ON_THE_FORM, Field
from apoa_client.report.findings import Finding
from apoa_client.report.model import Report

_NO_BREAK = "\N{NO-BREAK SPACE}"
_GUEST_LETTERS = frozenset({"g", "t"})
"""For guest and for tamu."""


class ReviewCard:
    """The review card of one guest. `others` are the reports of the earlier guests of the group.

    `number` is the guest's place in the group, if there are several guests. `property_label` names the property, if
    there are several.
    """

    def __init__(
        self,
        report: Report,
        warnings: Sequence[Finding],
        others: Sequence[Report],
        zone: tzinfo,
        *,
        number: int | None = None,
        property_label: str = "",
    ) -> None:
        texts = {name: sanitize(value) for name, value in field_texts(report, zone).items()}
        if report.stay is not None:
            texts["planned_check_out"] = f"{texts['planned_check_out']} ({nights_text(report.stay.nights)})"
        guest = report.guest
        if guest is not None and canonical_code(guest.document.issuing_state) == canonical_code(guest.nationality):
            del texts["issuing_state"]
        self._texts = texts
        self._warnings = warnings
        self._others = [guest_name(other.guest) for other in others if other.guest is not None]
        self._number = number
        self._property = property_label

    def show(self) -> None:
        """Show the card."""
        title = _("This will be reported")
        if self._number is not None:
            title = _("This will be reported: guest {number}").format(number=self._number)
        rows = [
            (f"{number:>2} {text(item.label)}", self._texts.get(item.name) or "-")
            for number, item in enumerate(ON_THE_FORM, 1)
            if self._has_row(item)
        ]
        lines = [
            style_bold(title),
            *property_line(self._property),
            *(warning_line(_with_number(each)) for each in self._warnings),
            *label_lines(rows),
        ]
        if self._others:
            names = (
                _("g{number} {name}").format(number=index, name=name) for index, name in enumerate(self._others, 1)
            )
            lines.append("  " + _("Together with: {names}").format(names=", ".join(names)))
        print_error_line()
        for line in lines:
            print_error_line(line)

    def show_other_fields(self) -> None:
        """Show the fields that have no row of their own."""
        numbered = enumerate(ON_THE_FORM, 1)
        others = [f"{number}{_NO_BREAK}{text(item.label)}" for number, item in numbered if not self._has_row(item)]
        if others:
            print_error_line("  " + _("Other fields: {fields}").format(fields=", ".join(others)))

    def _has_row(self, item: Field) -> bool:
        return bool(self._texts.get(item.name)) or item.name in ASKED_FIELDS

    def field(self, number: str) -> str:
        """Return the name of the field with a typed number; empty if no field has it."""
        index = index_of_choice(number, len(ON_THE_FORM))
        return ON_THE_FORM[index].name if index is not None else ""

    def other_guest(self, key: str) -> int | None:
        """Return the index of the earlier guest with a typed key, such as g1; None if no guest has it."""
        return index_of_choice(key[1:], len(self._others)) if key[:1] in _GUEST_LETTERS else None


def _with_number(warning: Finding) -> str:
    """Return a warning with the number of its field, if it is about one."""
    message = text(warning.message)
    number = next((number for number, item in enumerate(ON_THE_FORM, 1) if item.path == warning.field), 0)
    return _("{message} (number {number})").format(message=message, number=number) if number else message
