"""The recovery code in a file: writes the sheet for a new code, and reads the code from a sheet or a text file."""

import re
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from apoa_client.cli.documents.recovery_sheet import RecoverySheet, sheet_html, sheet_text
from apoa_client.cli.registry import option
from apoa_client.cli.terminal.language import N_
from apoa_client.errors import CredentialsProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.recovery import GROUPS, parse_code, seed_from_code
from apoa_client.vault.sealing import fingerprint, key_pair_from_seed
from apoa_client.vault.secret_files import read_secret_file, write_new_secret_file

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
