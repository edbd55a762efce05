"""A container made with bubblewrap: no user of that number, nothing can be written but a volume."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from cli_helpers import CallResult
from system_helpers import needs_tool

_USER = "12345"
_VOLUME = "/srv"
"""Where the volume is mounted: a folder that every Linux has, because none can be made in a read-only root."""


def box(*mounts: str) -> tuple[str, ...]:
    """Return the words that run a command in a container with these mounts. Skips where none can be made."""
    needs_tool("bubblewrap", found=shutil.which("bwrap") is not None)
    if not _can_make_one():
        pytest.skip("this system lets no user make a container")
    system = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
    user = ("--unshare-user", "--unshare-pid", "--uid", _USER, "--gid", _USER, "--die-with-parent")
    return ("bwrap", *system, *mounts, *user)


@cache
def _can_make_one() -> bool:
    command = ["bwrap", "--ro-bind", "/", "/", "--unshare-user", "--uid", _USER, "--gid", _USER, "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@dataclass
class ContainerCommand:
    """The installed command in a container with a volume for its files and secrets in /run/secrets."""

    command: list[str]
    volume: Path
    secrets: Path

    def __call__(self, *arguments: str, stdin: str = "", **environ: str) -> CallResult:
        """Run one call in a container of its own, with nothing in the environment but what a container file sets."""
        mounts = ["--tmpfs", "/run", "--bind", str(self.volume), _VOLUME]
        for secret in sorted(self.secrets.iterdir()):
            mounts += ["--ro-bind", str(secret), f"/run/secrets/{secret.name}"]
        given: Mapping[str, str] = {"APOA_HOME": f"{_VOLUME}/apoa", "APOA_LANG": "en", **environ}
        settings = [word for name, value in given.items() for word in ("--setenv", name, value)]
        done = subprocess.run(
            [*box(*mounts), "--clearenv", *settings, "--chdir", "/", *self.command, *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return CallResult(done.returncode, done.stdout, done.stderr)
