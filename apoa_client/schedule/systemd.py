"""A service and a timer of systemd's user manager.

The directives are those that a user manager can apply on every distribution. Private file systems (ProtectSystem= and
its like) need unprivileged user namespaces there, which Ubuntu forbids, and in which root's files seem to belong to
another user, so that our own check of owners would refuse them.
"""

import re
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from apoa_client.messages import Message, msg
from apoa_client.schedule.interface import (
    DAY,
    DESCRIPTION,
    HOUR,
    INTERVALS,
    MADE_BY,
    MINUTE,
    SYSTEMD,
    Change,
    Found,
    Job,
    Plan,
    Scheduler,
    ToolResult,
    read_file,
    remove_file,
    write_file,
)

_LONGEST_RUN = "30min"
"""More than a delivery run, a backup and the time-outs of a dead line together."""

_LINGER = Path("/var/lib/systemd/linger")
"""Has a file for each user whose manager runs without a session."""
_ENV = "/usr/bin/env"
_QUOTES = frozenset("\"'\\")
_PLAIN = re.compile(r"[\w./:=@,+-]+", re.ASCII)

_HARDENING = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
UMask=0077
"""


class Systemd(Scheduler):
    """The user manager of systemd. `user` is the name whose lingering counts."""

    kind = SYSTEMD
    tool = "systemctl"
    missing = (
        msg("There is no systemd user manager here that answers."),
        msg("Log in as this user, not with sudo or su, or choose another kind: --kind cron"),
    )

    def __init__(self, environ: Mapping[str, str], home: Path, user: str, uid: int | None) -> None:
        self._folder = home / ".config" / "systemd" / "user"
        self._user = user
        runtime = Path(f"/run/user/{uid}")
        # A shell of sudo or su lacks the variable, and so does cron.
        at_hand = {} if "XDG_RUNTIME_DIR" in environ or not runtime.is_dir() else {"XDG_RUNTIME_DIR": str(runtime)}
        super().__init__({**environ, **at_hand, "TZ": "UTC"})  # the times that systemctl prints have no other form

    def _answers(self) -> bool:
        return self._systemctl("show", "--property=Version").code == 0

    def find(self, name: str) -> Found | None:
        """Return the schedule as its unit files and the manager have it."""
        service, timer = read_file(self._service(name)), read_file(self._timer(name))
        if service is None:
            return None
        values = _values(service)
        follow = values.get("Type") == "notify"
        if not follow and timer is None:
            return None
        unit = self._service(name).name if follow else self._timer(name).name
        state = self._state(unit, "ActiveState", "UnitFileState", "NextElapseUSecRealtime", "LastTriggerUSec")
        main = self._state(self._service(name).name, "ExecMainStatus", "ExecMainExitTimestamp")
        ended = _moment(main.get("ExecMainExitTimestamp", ""))
        calendar = _values(timer or "").get("OnCalendar", "")
        return Found(
            SYSTEMD,
            name,
            _command(values.get("ExecStart", "")),
            None if follow else next((each for each in INTERVALS if _calendar(each) == calendar), None),
            dict(word.partition("=")[::2] for word in _unquoted(values.get("Environment", ""))),
            follow=follow,
            active=state.get("ActiveState") == "active" and state.get("UnitFileState") == "enabled",
            next_run_at=_moment(state.get("NextElapseUSecRealtime", "")),
            last_run_at=_moment(state.get("LastTriggerUSec", "")),
            last_result=int(main["ExecMainStatus"]) if ended is not None else None,
        )

    def plan(self, job: Job) -> Plan:
        """Return the unit files and the calls of systemctl."""
        return Plan(
            [(str(path), text) for path, text in self._units(job).items()],
            commands=[["systemctl", "--user", *words] for words in self._activation(job)],
        )

    def install(self, job: Job) -> Change:
        """Write the units, and start the timer, or with `follow` the service."""
        before = self.find(job.name)
        changed = [write_file(path, text) for path, text in self._units(job).items()]
        if before is not None and before.follow != job.follow:
            self._stop(before)
        if job.follow:
            remove_file(self._timer(job.name))
        if before is not None and before.active and before.follow == job.follow and not any(changed):
            return Change.UNCHANGED
        for words in self._activation(job):
            self._do("--user", *words)
        return Change.INSTALLED if before is None else Change.UPDATED

    def remove(self, name: str) -> bool:
        """Stop the units and remove their files. Drop-ins of the admin's stay."""
        found = self.find(name)
        if found is not None:
            self._stop(found)
        removed = [remove_file(path) for path in (self._timer(name), self._service(name))]
        if any(removed):
            self._systemctl("daemon-reload")
        return any(removed)

    def note(self) -> Message:
        """Return whether it runs without a session: whether lingering is on."""
        if (_LINGER / self._user).exists():
            return msg("It runs whenever the computer is on: lingering is on for this user.")
        command = f"loginctl enable-linger {shlex.quote(self._user)}"
        return msg(
            "It runs while this user is logged in. To let it run whenever the computer is on, type this once: "
            "{command}",
            command=command,
        )

    def _service(self, name: str) -> Path:
        return self._folder / f"{name}.service"

    def _timer(self, name: str) -> Path:
        return self._folder / f"{name}.timer"

    def _units(self, job: Job) -> dict[Path, str]:
        units = {self._service(job.name): service_text(job)}
        return units if job.follow else {**units, self._timer(job.name): timer_text(job)}

    def _activation(self, job: Job) -> list[list[str]]:
        unit = (self._service(job.name) if job.follow else self._timer(job.name)).name
        return [["daemon-reload"], ["enable", unit], ["restart", unit]]

    def _stop(self, found: Found) -> None:
        """Stop and disable the service that follows, or the timer, without ending a run that is under way."""
        unit = self._service(found.name) if found.follow else self._timer(found.name)
        self._systemctl("disable", "--now", unit.name)

    def _state(self, unit: str, *properties: str) -> dict[str, str]:
        shown = self._systemctl("show", unit, *(f"--property={each}" for each in properties))
        return _values(shown.out) if shown.code == 0 else {}

    def _systemctl(self, *words: str) -> ToolResult:
        return self._call("--user", *words)


def service_text(job: Job) -> str:
    """Return the unit file of the service."""
    variables = " ".join(_quoted(f"{name}={value}") for name, value in sorted(job.variables.items()))
    environment = f"Environment={variables}\n" if variables else ""
    # Without the colon systemd would replace $NAME in the words. It refuses a program with a quote in its path.
    words = job.command if _QUOTES.isdisjoint(job.command[0]) else (_ENV, *job.command)
    start = (":" if any("$" in word for word in words) else "") + " ".join(map(_quoted, words))
    kind = "Type=notify\nRestart=on-failure\nRestartSec=60\n" if job.follow else "Type=oneshot\n"
    limit = "" if job.follow else f"TimeoutStartSec={_LONGEST_RUN}\n"
    install = "\n[Install]\nWantedBy=default.target\n" if job.follow else ""
    return (
        f"# {MADE_BY}\n[Unit]\nDescription={DESCRIPTION}\n\n"
        f"[Service]\n{kind}{environment}ExecStart={start}\n{limit}"
        # 75: something is left for the next run, which is no failure.
        f"SuccessExitStatus=75\n{_HARDENING}{install}"
    )


def timer_text(job: Job) -> str:
    """Return the unit file of the timer: caught up after sleep, and at another moment on each computer."""
    return (
        f"# {MADE_BY}\n[Unit]\nDescription={DESCRIPTION}\n\n"
        f"[Timer]\nOnCalendar={_calendar(job.every_s)}\nPersistent=yes\nAccuracySec=10s\n"
        f"RandomizedDelaySec={job.every_s // 2}\nFixedRandomDelay=yes\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )


def _calendar(every_s: int) -> str:
    if every_s == DAY:
        return "*-*-* 00:00:00"
    return f"*-*-* *:00/{every_s // MINUTE}:00" if every_s < HOUR else f"*-*-* 00/{every_s // HOUR}:00:00"


def _quoted(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _command(start: str) -> tuple[str, ...]:
    words = _unquoted(start.removeprefix(":"))
    return tuple(words[1:] if words[:1] == [_ENV] else words)


def _unquoted(text: str) -> list[str]:
    try:
        return [word.replace("%%", "%") for word in shlex.split(text)]
    except ValueError:  # it was changed by hand
        return []


def _values(text: str) -> dict[str, str]:
    """Return the values of a unit file, or of what `systemctl show` prints, by their keys."""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith(("#", "[")))
    return {key: value for key, equals, value in lines if equals}


def _moment(text: str) -> datetime | None:
    """Return a time as systemctl prints it in UTC, such as "Thu 2026-11-26 20:30:00 UTC"; None for none."""
    words = text.split()
    try:
        return datetime.strptime(" ".join(words[1:3]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
