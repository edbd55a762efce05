"""A container made with bubblewrap, and a namespace in which real schedulers run; both leave this computer alone.

The container has no user of its number, and nothing in it can be written but a volume. The namespace needs root. It has
its own processes, crontabs, ``/run`` and view of the control groups; network and files are this computer's.
"""

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

import pytest
from basics import needs_tool
from cli_helpers import CallResult

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


_CGROUPS = Path("/sys/fs/cgroup")
_HOLD = """
set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/spool/cron
mkdir -p /var/spool/cron/crontabs
chgrp crontab /var/spool/cron/crontabs 2>/dev/null || true
chmod 1730 /var/spool/cron/crontabs
[ ! -d /etc/cron.d ] || mount -t tmpfs tmpfs /etc/cron.d
[ ! -f /etc/crontab ] || mount --bind /dev/null /etc/crontab
if [ -n "$GROUP" ]; then
    umount --lazy /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir "/sys/fs/cgroup/$GROUP"
    echo $$ >"/sys/fs/cgroup/$GROUP/cgroup.procs"
    umount /sys/fs/cgroup
    exec unshare --cgroup sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup; echo ready; exec cat'
fi
echo ready
exec cat
"""
_JOIN = 'echo $$ >/sys/fs/cgroup/cgroup.procs; exec "$@"'
"""Moves a process into the control group of the namespace that it entered."""


class Namespace(NamedTuple):
    """A running namespace: `enter` are the words before a command that runs in it."""

    enter: list[str]

    def start(self, *command: str, environ: Mapping[str, str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start a command in it, with its output in a file, and do not wait for its end."""
        return subprocess.Popen(
            [*self.enter, *command], env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )


@contextmanager
def namespace(*, group: str = "") -> Iterator[Namespace]:
    """Make a namespace, with a control group of this name if it is given; all that runs in it ends with it."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs root on Linux")
    needs_tool("util-linux", found=all(map(shutil.which, ("unshare", "nsenter", "mount"))))
    words = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "--propagation", "private"]
    holder = subprocess.Popen(
        [*words, "sh", "-c", _HOLD],
        env={**os.environ, "GROUP": group},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != "ready\n":
            _out, err = holder.communicate(timeout=20)
            pytest.skip(f"no namespace can be made here: {err.strip()}")
        (inside,) = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
        flags = ["--mount", "--pid", *(["--cgroup"] if group else [])]
        join = ["sh", "-c", _JOIN, "sh"] if group else []
        yield Namespace(["nsenter", f"--target={inside}", *flags, "--", *join])
    finally:
        holder.kill()
        holder.communicate(timeout=20)
        for folder in (_CGROUPS / group, _CGROUPS / "unified" / group) if group else ():
            remove_group(folder)


def remove_group(folder: Path) -> None:
    """Remove a control group, with those below it, when the last process in it has ended."""
    if not folder.exists():
        return
    with (folder / "cgroup.events").open() as events:
        changed = select.poll()
        changed.register(events, select.POLLPRI)
        while "populated 0" not in events.read():
            assert changed.poll(20_000), "processes of the namespace are still there"
            events.seek(0)
    for path, _folders, _files in os.walk(folder, topdown=False):
        os.rmdir(path)  # noqa: PTH106  beside os.walk, whose links are none
