"""The sheet for the safe: a recovery code on paper, in both languages, as HTML for a page of A5 or as plain text."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from apoa_client.cli.terminal.language import N_, in_both_languages, in_language
from apoa_client.locale import LANGUAGES

_TITLE = N_("Recovery code")
_ROWS = (N_("Property"), N_("Address"), N_("Server for reports"), N_("Made on"), N_("Fingerprint of the key"))
_SENTENCES = (
    N_("With this code the guests' reports that apoa-client saved can be read again, also on a new computer."),
    N_("How: restore the backup there with this code, then type the code again at: apoa key recover"),
    N_("If the restore shows a fingerprint and a server, they must be those on this sheet: otherwise do not go on."),
    N_("Keep this sheet in the safe, not beside the computer. Do not photograph it, and do not send it by e-mail."),
    N_("Anyone who has this code and a copy of the data can read every report: names, passports, rooms."),
    N_("There is no letter I, L, O or U in the code: what looks like one is the digit 1 or 0, or a V."),
    N_("apoa key rotate makes a new code. This one still opens older backups."),
)


class RecoverySheet(NamedTuple):
    """The contents of the sheet. `code` has the form that `apoa_client.vault.recovery.new_code` returns."""

    property_name: str
    address: str
    server: str
    """The address of the server without its scheme; empty if no server receives the reports."""
    made_on: date
    fingerprint: str
    code: str

    def __repr__(self) -> str:
        """Return the property only: the code is a secret."""
        return f"Sheet({self.property_name!r}, …)"

    @property
    def details(self) -> Sequence[tuple[str, str]]:
        """Labels and values of what the code belongs to, without empty values."""
        values = (self.property_name, self.address, self.server, self.made_on.isoformat(), self.fingerprint)
        return [(in_both_languages(label), value) for label, value in zip(_ROWS, values, strict=True) if value]


def sheet_text(sheet: RecoverySheet) -> str:
    """Return the sheet as plain text, with the code on its own line."""
    details = "".join(f"{label}: {value}\n" for label, value in sheet.details)
    sections = ["".join(f"{in_language(each, sentence)}\n" for sentence in _SENTENCES) for each in LANGUAGES]
    sentences = "\n".join(sections)
    return f"apoa-client. {in_both_languages(_TITLE)}\n\n{details}\n{sheet.code}\n\n{sentences}"


def sheet_html(sheet: RecoverySheet) -> str:
    """Return the sheet as an HTML page to print."""
    from apoa_client.cli.documents.pages import render_page  # slow to load, and not needed for text

    return render_page("sheet.html", title=_TITLE, details=sheet.details, code=sheet.code, sentences=_SENTENCES)
