"""Which files in the program's folders are the program's: `APOA_HOME` may be a folder that has others' files, too."""

import json
from contextlib import suppress
from pathlib import Path

from apoa_client.outbox.sqlite.migrations import APPLICATION_ID
from apoa_client.vault.store import NAMES

_SQLITE = b"SQLite format 3\0"
_APPLICATION_ID = slice(68, 72)
"""Where a database says whose it is, in the first bytes of the file: see SQLite's "Database File Format"."""
_HEADER_BYTES = 100
_MAX_KEY_FILE = 1 << 20


def is_outbox(path: Path) -> bool:
    """Return whether a file is a database of this program. A damaged one may not be recognized."""
    header = _beginning(path, _HEADER_BYTES)
    return header.startswith(_SQLITE) and header[_APPLICATION_ID] == APPLICATION_ID.to_bytes(4, "big")


def is_key_file(path: Path) -> bool:
    """Return whether a file has secrets of this program, and nothing else."""
    with suppress(ValueError):
        value = json.loads(_beginning(path, _MAX_KEY_FILE))
        return isinstance(value, dict) and bool(value) and set(NAMES).issuperset(value)
    return False


def _beginning(path: Path, size: int) -> bytes:
    with suppress(OSError):
        if path.is_file():  # reading from a named pipe would wait for a writer
            with path.open("rb") as file:
                return file.read(size)
    return b""
