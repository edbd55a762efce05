"""The secret store of a computer without a keyring: one JSON file that only its owner can read.

It protects against other users of the computer, not against a thief of its disk. It is used only with
``vault = "file"`` in the settings.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from apoa_client.errors import file_in_use
from apoa_client.files import make_private_folder
from apoa_client.messages import msg
from apoa_client.vault.errors import SecretFileRefused
from apoa_client.vault.secret_files import read_secret_file, unwritable, write_secret_file
from apoa_client.vault.store import SecretStore

_LOCK_WAIT_S = 10.0
"""How long to wait for another process that changes the file."""


class KeyFileStore(SecretStore):
    """Secrets by name in the file at `path`. Raises `SecretFileRefused`, also if other users can read the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = str(path)

    def get(self, name: str) -> str | None:
        """Return the secret with this name, or None if there is none."""
        return self._read().get(name)

    def set(self, name: str, value: str) -> None:
        """Store a secret. The file is replaced atomically, and is durable when this returns."""
        with self._changed() as secrets:
            secrets[name] = value

    def delete(self, name: str) -> None:
        """Delete a secret. Does nothing if there is none."""
        if name in self._read():
            with self._changed() as secrets:
                secrets.pop(name, None)

    def _read(self) -> dict[str, str]:
        text = read_secret_file(self._path, follow=False)
        if text is None:
            return {}
        try:
            secrets = json.loads(text)
        except ValueError:
            secrets = None
        if not isinstance(secrets, dict) or not all(isinstance(value, str) for value in secrets.values()):
            # Never overwritten: the private key may be in it.
            raise SecretFileRefused(
                msg("The key file {path} is damaged.", path=self.place),
                msg("Nothing was changed. Keep the file, and ask your IT admin to repair or restore it."),
                name="key_file_damaged",
            )
        return secrets

    @contextmanager
    def _changed(self) -> Iterator[dict[str, str]]:
        """Yield the secrets to be changed, under a lock: senders count their runs here while keys are replaced."""
        from apoa_client.file_lock import exclusive  # start-up: only to change secrets

        with ExitStack() as stack:
            try:
                make_private_folder(self._path.parent)
                is_held = stack.enter_context(exclusive(self._path.with_suffix(".lock"), _LOCK_WAIT_S))
            except OSError as exc:
                raise unwritable(self._path) from exc
            if not is_held:
                raise file_in_use(str(self._path), SecretFileRefused)
            secrets = self._read()
            yield secrets
            write_secret_file(self._path, json.dumps(secrets, indent=1) + "\n")
