"""Automatic sending of this installation: what is installed, and what is to be installed, for a home or a property."""

import hashlib
import platform
import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from apoa_client import SET_VARIABLE
from apoa_client.app.container import Container
from apoa_client.doctor.reports import check_schedule
from apoa_client.doctor.results import Finding
from apoa_client.errors import ApoaError, SettingsProblem, UsageProblem, worst_exit
from apoa_client.installation import background_command, is_own, without_console
from apoa_client.messages import Message, listed, literal, msg
from apoa_client.outbox.sql.metadata import SCHEDULED_RUN
from apoa_client.ports.state import ScheduledRun
from apoa_client.schedule import choice
from apoa_client.schedule.interface import (
    AUTO,
    CRON,
    DEFAULT_EVERY_S,
    SYSTEMD,
    TASK,
    Change,
    Found,
    Job,
    Plan,
    Scheduler,
    folder_variables,
    run_tool,
    variables_of,
)
from apoa_client.settings.folders import user_id
from apoa_client.vault.errors import KeyringProblem, KeyringReason
from apoa_client.vault.keyring_store import session_buses

NAME = "apoa-sync"


class Schedule(NamedTuple):
    """A schedule of this home: what the system has, whether it starts this installation, and its last run."""

    found: Found
    scheduler: Scheduler
    is_own: bool
    program_exists: bool
    next_run_at: datetime | None
    last_run_at: datetime | None
    last_result: int | None

    def check(self) -> Finding:
        """Check that the schedule is active and starts this installation."""
        return check_schedule(self.found, is_own=self.is_own, program_exists=self.program_exists)


class Wish(NamedTuple):
    """What a user wants installed: for the property with this name, or for all of the home if it is empty."""

    kind: str
    every_s: int = DEFAULT_EVERY_S
    property_name: str = ""
    follow: bool = False


class Installation(NamedTuple):
    """The result of an installation, and what the user must know about secrets."""

    change: Change
    kind: str
    notes: Sequence[Message]


def find_schedule(app: Container, property_name: str = "") -> Schedule | None:
    """Return the schedule that sends for the property of `app`: the schedule of the home, or the property's own.

    With `property_name`, the property's own comes first. Raises `SettingsProblem` if the system does not answer.
    """
    for name in reversed(_names(app)) if property_name else _names(app):
        pair = choice.find(_schedulers(app), name)
        if pair is not None:
            return _schedule(app, *pair)
    return None


def plan(app: Container, wish: Wish) -> tuple[str, Plan]:
    """Return the kind that `install` takes and what it does, without doing it. Raises as `install` does.

    A kind that is named may be one that this computer lacks, for an image or for the tool that sets others up.
    """
    if wish.kind == AUTO:
        scheduler = choice.choose(_schedulers(app), AUTO)
    else:
        every = choice.schedulers(app.environ, app.clock.now, choice.ANY_PLATFORM)
        scheduler = next(each for each in every if each.kind == wish.kind)
    _check_follow(wish, scheduler)
    return scheduler.kind, scheduler.plan(_job(app, wish, scheduler.kind))


def install(app: Container, wish: Wish) -> Installation:
    """Install or update the schedule. One of the same name and another kind is removed.

    Raises `UsageProblem` for a kind that this platform does not have, and `SettingsProblem`.
    """
    scheduler = choice.choose(_schedulers(app), wish.kind)
    _check_follow(wish, scheduler)
    job = _job(app, wish, scheduler.kind)
    # Start the program as the system will: elsewhere, and without what a shell may have set for Python.
    environ = {name: value for name, value in app.environ.items() if not name.startswith("PYTHON")}
    program = without_console(job.program)
    if run_tool([*program, "--version"], environ, folder=Path(program[0]).anchor).code != 0:
        raise SettingsProblem(
            msg("This installation cannot be started from another folder: {command}", command=" ".join(program)),
            msg("Install the program, for instance with pipx install apoa-client, and run that one."),
            name="schedule_refused",
        )
    change = scheduler.install(job)
    for other in _schedulers(app):
        if other.kind != scheduler.kind and other.remove(job.name) and change is Change.INSTALLED:
            change = Change.UPDATED
    if change is not Change.UNCHANGED:
        _forget_runs(app, wish.property_name)
    return Installation(change, scheduler.kind, _secret_notes(app, wish, scheduler.kind))


def remove(app: Container, property_name: str) -> bool:
    """Remove the schedule of this property, or if it is empty what `find_schedule` finds; return whether there was one.

    Raises `SettingsProblem`.
    """
    names = [_name(app, property_name)] if property_name else _names(app)
    removed = [each.remove(name) for name in names for each in _schedulers(app)]
    if any(removed):
        _forget_runs(app, property_name)
    return any(removed)


def _forget_runs(app: Container, property_name: str) -> None:
    """Forget when the schedule last ran, so that monitoring does not wait for a run or use the old interval."""
    with suppress(SettingsProblem):  # nothing is set up any more
        for name, settings in app.config.properties.items():
            if property_name in {"", name}:
                with suppress(ApoaError), app.outbox_of(settings) as outbox:
                    outbox.record(SCHEDULED_RUN, None)


def installed(app: Container, property_names: Sequence[str], *, of_home: bool) -> list[Found]:
    """Return the schedules of these properties, and that of the home if wanted. Raises `SettingsProblem`."""
    names = [_name(app, name) for name in (*([""] if of_home else []), *property_names)]
    known = _schedulers(app)
    return [found for name in names for each in known if (found := each.find(name)) is not None]


def remove_named(app: Container, name: str) -> None:
    """Remove the schedules with this name, of whatever kind. Raises `SettingsProblem`."""
    for each in _schedulers(app):
        each.remove(name)


def can_schedule(app: Container) -> bool:
    """Whether this computer has a scheduler that a user could choose."""
    return any(each.problem() is None for each in _schedulers(app))


def _schedulers(app: Container) -> list[Scheduler]:
    return choice.schedulers(app.environ, app.clock.now)


def _names(app: Container) -> list[str]:
    names = [_name(app, "")]
    with suppress(SettingsProblem):  # nothing is set up
        names.append(_name(app, app.settings.name))
    return names


def _name(app: Container, property_name: str) -> str:
    """Return the name of a schedule: each home has another one, and each property of it that has one of its own."""
    places = folder_variables(app.environ)
    digest = hashlib.sha256("\n".join(places.values()).encode(errors="surrogateescape")).hexdigest()[:8]
    home = f"{NAME}-{digest}" if places else NAME
    return f"{home}.{property_name}" if property_name else home


def _schedule(app: Container, scheduler: Scheduler, found: Found) -> Schedule:
    run = _last_run(app)
    last_run_at = found.last_run_at if run is None else run.at
    next_run_at = found.next_run_at
    if next_run_at is None and last_run_at is not None and found.every_s is not None and found.active:
        computed = last_run_at + timedelta(seconds=found.every_s)
        next_run_at = computed if computed > app.clock.now() else None
    program = Path(next(iter(without_console(found.command)), ""))
    return Schedule(
        found,
        scheduler,
        is_own=is_own(found.command),
        program_exists=program.is_file(),
        next_run_at=next_run_at,
        last_run_at=last_run_at,
        last_result=found.last_result if run is None else run.exit_code,
    )


def _last_run(app: Container) -> ScheduledRun | None:
    """Return the last run for the property of `app`, or for all if none of several is chosen: the worst result."""
    with suppress(ApoaError):  # the schedule is shown without it
        return app.outbox.value(SCHEDULED_RUN)
    runs = []
    with suppress(ApoaError):
        for settings in app.config.properties.values():
            with suppress(ApoaError), app.outbox_of(settings) as outbox:
                runs.append(outbox.value(SCHEDULED_RUN))
    known = [run for run in runs if run is not None]
    if not known:
        return None
    latest = max(known, key=lambda run: run.at)
    return latest._replace(exit_code=worst_exit(run.exit_code for run in known))


def _check_follow(wish: Wish, scheduler: Scheduler) -> None:
    if wish.follow and scheduler.kind != SYSTEMD:
        raise UsageProblem(
            msg("Only systemd can keep a service running: this schedule is of the kind {kind}.", kind=scheduler.kind),
            msg("Leave out --follow: the schedule then sends at intervals, such as: --every 5m"),
        )


def _job(app: Container, wish: Wish, kind: str) -> Job:
    words = ["--property", wish.property_name, "sync"] if wish.property_name else ["sync", "--all"]
    words.append("--follow" if wish.follow else "--scheduled")
    program, variables = background_command(), variables_of(app.environ).kept
    if kind == TASK:
        words = [
            word for name, value in sorted(variables.items()) for word in (SET_VARIABLE, f"{name}={value}")
        ] + words
        variables = {}
    for text in (*program, *words, *variables.values()):
        if not text.isprintable():  # a line end would begin another line; bytes that are no text fit no file
            raise SettingsProblem(
                msg("A schedule cannot hold this path or variable: {text}", text=repr(text)),
                msg("Rename the folder, or correct the variable, then install the schedule again."),
                name="schedule_refused",
            )
    place = f"{platform.node()}\n{app.folders.config}".encode(errors="surrogateescape")
    return Job(
        _name(app, wish.property_name),
        tuple(program),
        tuple(words),
        wish.every_s,
        variables,
        offset_s=zlib.crc32(place) % wish.every_s,
        follow=wish.follow,
    )


def _secret_notes(app: Container, wish: Wish, kind: str) -> list[Message]:
    """Return what a scheduled run will lack: secrets that only this session has."""
    variables = variables_of(app.environ)
    notes = []
    if variables.left_out:
        names = listed([literal(name) for name in variables.left_out])
        notes.append(msg("Not given to the schedule, because they hold secrets: {names}.", names=names))
    known, kept = app.config.properties, variables.kept
    covered = [known[wish.property_name]] if wish.property_name in known else known.values()
    has_keyring = any(each.vault == "keyring" for each in covered) and "APOA_PRIVATE_KEY_FILE" not in kept
    without_session = kind == CRON or (kind == SYSTEMD and not session_buses(app.environ, user_id()))
    if has_keyring and without_session:
        notes += filter(None, [KeyringProblem(KeyringReason.NO_BUS).advice])
    return notes
