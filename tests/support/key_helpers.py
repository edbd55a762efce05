"""Key pairs, a store and a keyring in memory, and a desktop session of the test's own with a real gnome-keyring.

The program derives a pair from a recovery code, and never makes one by itself. Tests of a session are skipped if the
tools are missing, unless APOA_REQUIRE_TOOLS is set.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from apoa_client.vault.errors import KeyringProblem, KeyringReason
from apoa_client.vault.sealing import key_pair_from_seed
from apoa_client.vault.store import SecretStore


def new_key_pair() -> tuple[bytes, bytes]:
    """Return a new key pair: private key and public key, 32 bytes each."""
    return key_pair_from_seed(os.urandom(32))


TOOLS = ("gnome-keyring-daemon", "dbus-run-session")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]

needs_keyring = [
    pytest.mark.keyring,
    pytest.mark.skipif(
        bool(MISSING) and not os.environ.get("APOA_REQUIRE_TOOLS"), reason=f"not installed: {', '.join(MISSING)}"
    ),
]


@dataclass
class MemoryStore(SecretStore):
    """A store in memory, which may be locked or lose what it stores."""

    kept: dict[str, str] = field(default_factory=dict)
    locked: bool = False
    loses_secrets: bool = False
    asked: int = 0
    place: str = "memory"

    def get(self, name: str) -> str | None:
        self.asked += 1
        if self.locked:
            raise KeyringProblem(KeyringReason.LOCKED)
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        if not self.loses_secrets:
            self.kept[name] = value

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


class MemoryKeyring(SecretStore):
    """A keyring in memory, which all its stores share."""

    secrets: ClassVar[dict[str, str]] = {}
    locked: ClassVar[bool] = False
    place = "keyring"

    def __init__(self, service: str, **_options: object) -> None:
        self._service = service

    def get(self, name: str) -> str | None:
        if self.locked:
            raise KeyringProblem(KeyringReason.LOCKED)
        return self.secrets.get(f"{self._service}/{name}")

    def set(self, name: str, value: str) -> None:
        self.secrets[f"{self._service}/{name}"] = value

    def delete(self, name: str) -> None:
        self.secrets.pop(f"{self._service}/{name}", None)


# The newline is the password of the collection: an empty one.
UNLOCKED = "echo '' | gnome-keyring-daemon --unlock --components=secrets >&2; "
STARTED = "gnome-keyring-daemon --start --components=secrets >&2; "

PREAMBLE = """
import json
from contextlib import closing
import secretstorage

def lock():
    with closing(secretstorage.dbus_init()) as bus:
        secretstorage.get_default_collection(bus).lock()

def output(*answers):
    print(json.dumps(answers))
"""


def run_in_session(
    folder: Path, script: str, *, start: str = UNLOCKED, config: str | None = None, environ: Mapping[str, str] = {}
) -> list[Any]:
    """Run a script in a session with its home in `folder`. Returns what it prints. `config` configures the bus."""
    home = folder / "session"
    (home / "run").mkdir(parents=True, exist_ok=True, mode=0o700)
    plain = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "XDG_DATA_HOME": str(home / "data")}
    program = folder / "program.py"
    program.write_text(PREAMBLE + script, encoding="utf-8")
    options = []
    if config is not None:
        (folder / "bus.conf").write_text(config)
        options = [f"--config-file={folder / 'bus.conf'}"]
    done = subprocess.run(
        ["dbus-run-session", *options, "--", "sh", "-c", f"{start}exec {sys.executable} {program}"],
        env={**plain, **own, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    printed: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return printed
