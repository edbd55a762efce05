"""The vault of a computer without a keyring: one JSON file, readable by its owner alone.

It protects from other users of the computer, and from nobody who holds its disk. It is used only where the settings
say ``vault = "file"``.
"""

import json
from pathlib import Path

from apoa_client.messages import msg
from apoa_client.vault.errors import SecretFileRefused
from apoa_client.vault.secret_files import read_secret_file, write_secret_file
from apoa_client.vault.store import SecretStore


class KeyFileStore(SecretStore):
    """Secrets by name in the file at `path`. Raises `SecretFileRefused`, also where others can read the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"KeyFileStore({str(self._path)!r})"

    @property
    def place(self) -> str:
        """The file's path."""
        return str(self._path)

    def get(self, name: str) -> str | None:
        """The secret of that name; None where there is none."""
        return self._read().get(name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret. The file is replaced whole, and is durable when this returns."""
        self._write({**self._read(), name: value})

    def delete(self, name: str) -> None:
        """Forget a secret."""
        kept = self._read()
        if kept.pop(name, None) is not None:
            self._write(kept)

    def _read(self) -> dict[str, str]:
        text = read_secret_file(self._path, follow=False)
        if text is None:
            return {}
        try:
            kept = json.loads(text)
        except ValueError:
            raise self._damaged() from None  # the error would carry the content
        if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
            raise self._damaged()
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        write_secret_file(self._path, json.dumps(kept, indent=1) + "\n")

    def _damaged(self) -> SecretFileRefused:
        return SecretFileRefused(
            msg("The key file {path} is damaged.", path=str(self._path)),
            msg("Nothing was changed. Keep the file, and ask your IT admin to repair or restore it."),
            name="key_file_damaged",
        )
