"""The recovery code in a file: the sheet or text that a new code is written to, and the code read back from one."""

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
    """Takes a new recovery code, once. With a `path` it writes it there, and leaves no file for a key that is not kept.

    To be entered around whatever is to keep the key in `secrets`.
    """

    def __init__(self, settings: PropertySettings, secrets: "PropertySecrets", day: date, path: Path | None) -> None:
        self.code = ""
        self.path = path
        self._house = settings
        self._secrets = secrets
        self._day = day

    def __repr__(self) -> str:
        return "CodeKeeper(…)"

    def __call__(self, code: str) -> None:
        """Take it. Raises `UsageProblem` where there is such a file already."""
        if self.path is not None:
            write_new_secret_file(self.path, self._sheet(self.path, code))
        self.code = code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        in_vain = exc is not None and self.path is not None and self.code
        if (
            in_vain
            and self.path is not None
            and not self._secrets.stores_key(key_pair_from_seed(seed_from_code(self.code))[0])
        ):
            self.path.unlink(missing_ok=True)

    def _sheet(self, path: Path, code: str) -> str:
        _private, public = key_pair_from_seed(seed_from_code(code))
        sheet = RecoverySheet(self._house.name, self._house.address, self._day, fingerprint(public), code)
        return sheet_html(sheet) if path.suffix.lower() in {".html", ".htm"} else sheet_text(sheet)


def file_has_code_of(path: Path, public_key: bytes) -> bool:
    """Whether a file that is there already holds the code of this key pair: an earlier try wrote it."""
    try:
        return key_pair_from_seed(seed_from_code(read_code_file(path)))[1] == public_key
    except (CredentialsProblem, UsageProblem):
        return False


def read_code_file(path: Path) -> str:
    """The code in a file: one of our sheets, or one that holds the code alone. Raises `RecoveryCodeWrong`."""
    content = read_secret_file(
        path, forbidden=0
    )  # a stick's file system may know no modes, and this may be an emergency
    if content is None:
        raise UsageProblem(msg("There is no file {path}.", path=str(path)))
    found = _WRITTEN.search(content)
    return parse_code(found[0] if found is not None else content)
