"""The recovery code in a file: the sheet for the safe, as HTML of A5 or as plain text, and how it is read again.

The sheet is in both languages. A code is read from a sheet or from a text file.
"""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

import click

from apoa_client.cli.registry import option
from apoa_client.cli.terminal.language import N_, in_both_languages, in_language
from apoa_client.errors import CredentialsProblem, UsageProblem
from apoa_client.locale import LANGUAGES
from apoa_client.messages import msg
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.recovery import GROUPS, parse_code, seed_from_code
from apoa_client.vault.sealing import fingerprint, key_pair_from_seed
from apoa_client.vault.store import read_secret_file, write_new_secret_file

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


if TYPE_CHECKING:
    from apoa_client.vault.sources import PropertySecrets

_WRITTEN = re.compile(r"\b(?:[0-9A-Za-z]{5}-){%d}[0-9A-Za-z]{5}\b" % (GROUPS - 1))  # noqa: UP031  braces of its own

recovery_file_option = option(
    "--recovery-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    text=N_("Write the recovery code to this new file: a sheet to print if it ends in .html, else plain text."),
)


class RecoveryCodeReceiver:
    """Receives a new recovery code, as a callable, and writes it to `path`, if there is one.

    Used as a context around the call that stores the key in `secrets`: if that fails, the file is deleted.
    """

    def __init__(self, settings: PropertySettings, secrets: "PropertySecrets", day: date, path: Path | None) -> None:
        self.code = ""
        self.path = path
        self._settings = settings
        self._secrets = secrets
        self._day = day

    def __call__(self, code: str) -> None:
        """Receive the code. Raises `UsageProblem` if the file exists already."""
        if self.path is not None:
            _private, public = key_pair_from_seed(seed_from_code(code))
            settings = self._settings
            server = "" if settings.uses_sandbox or settings.by_hand else settings.api_url.partition("://")[2]
            sheet = RecoverySheet(settings.name, settings.address, server, self._day, fingerprint(public), code)
            is_html = self.path.suffix.lower() in {".html", ".htm"}
            write_new_secret_file(self.path, sheet_html(sheet) if is_html else sheet_text(sheet))
        self.code = code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        if exc is not None and self.path is not None and self.code:
            private_key, _public_key = key_pair_from_seed(seed_from_code(self.code))
            if not self._secrets.stores_key(private_key):
                self.path.unlink(missing_ok=True)


def file_has_code_of(path: Path, public_key: bytes) -> bool:
    """Return whether an existing file holds the code of this key pair, because an earlier attempt wrote it."""
    try:
        return key_pair_from_seed(seed_from_code(read_code_file(path)))[1] == public_key
    except (CredentialsProblem, UsageProblem):
        return False


def read_code_file(path: Path) -> str:
    """Return the code in a recovery sheet, or in a file with only the code. Raises `RecoveryCodeWrong`."""
    # Any mode: the file system of a USB stick may have none, and this may be an emergency.
    content = read_secret_file(path, forbidden=0)
    if content is None:
        raise UsageProblem(msg("There is no file {path}.", path=str(path)))
    found = _WRITTEN.search(content)
    return parse_code(found[0] if found is not None else content)
