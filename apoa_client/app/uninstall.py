"""What this program left on the computer, and its removal. What it did not make is listed and never removed.

The program itself is removed by what installed it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.app.property_stores import KEYRING_SERVICE
from apoa_client.app.scheduling import installed, remove_named
from apoa_client.delivery import plan
from apoa_client.errors import ApoaError, CredentialsProblem, NotNow, SettingsProblem, StorageProblem, file_in_use
from apoa_client.files import FileInUse, drafts_in, is_link, wait_while_in_use
from apoa_client.installation import COMPLETION_SCRIPTS, POWERSHELL_SCRIPT
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxMissing
from apoa_client.outbox.sql.metadata import LAST_BACKUP
from apoa_client.report.kinds import OPEN_STATES, SOON
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import (
    CODES_NAME,
    KEYS_NAME,
    LOCK_FILES,
    OUTBOX_FILES,
    OUTBOX_NAME,
    SANDBOX_FILES,
    Folders,
    account_home,
    belongs_to_log,
    documents_folder,
    valid_name,
)


class Kind(StrEnum):
    """What something on the computer is. JSON has these values."""

    SCHEDULE = "schedule"
    """It goes first, so that nothing starts to send meanwhile."""
    OUTBOX = "outbox"
    TRAINING = "training"
    CODES = "codes"
    """The code tables of the authority."""
    KEY_FILE = "key_file"
    KEYRING = "keyring"
    LOCK = "lock"
    UNFINISHED = "unfinished"
    """A file that was being written when its process was killed."""
    LOG = "log"
    LINK = "link"
    """A link in place of one of the program's folders."""
    SETTINGS = "settings"
    FOREIGN = "foreign"
    """A file in the program's folders that the program did not make."""
    UNNAMED = "unnamed"
    """A folder with reports or keys of a property that the settings do not name."""
    COMPLETION = "completion"
    """A script that the user wrote with `apoa completion`."""


class Trace(NamedTuple):
    """One thing on the computer: where it is, and of which property, if it is one's."""

    kind: Kind
    place: str
    property_name: str = ""

    def is_key_of(self, property_name: str) -> bool:
        """Return whether a private key of this property may be in it."""
        return self.property_name == property_name and self.kind in {Kind.KEY_FILE, Kind.KEYRING}


class Loss(NamedTuple):
    """What would be lost with a property. The numbers are None if the outbox cannot be read."""

    property_name: str
    training: bool
    undelivered: int | None = 0
    drafts: int | None = 0
    reports: int | None = 0
    code_confirmed: bool | None = None
    """Whether the recovery code is on paper; None where no key is removed, none is needed, or nothing was saved."""
    last_backup: datetime | None = None
    sending: bool = False
    """Whether reports are being sent now."""

    @property
    def is_grave(self) -> bool:
        """Whether something would be lost that nothing brings back."""
        if self.training:
            return False
        return bool(self.undelivered is None or self.undelivered or self.drafts or self.code_confirmed is False)


class Traces(NamedTuple):
    """What is on the computer: what would be removed, in the order of its removal, and what is kept."""

    found: Sequence[Trace]
    kept: Sequence[Trace]
    losses: Sequence[Loss]
    problems: Sequence[ApoaError] = ()
    """Why a keyring or the system's schedules could not be searched."""

    @property
    def grave(self) -> list[Loss]:
        """The properties with which something would be lost that nothing brings back."""
        return [loss for loss in self.losses if loss.is_grave]


_FILES = {
    **dict.fromkeys(OUTBOX_FILES, Kind.OUTBOX),
    **dict.fromkeys(SANDBOX_FILES, Kind.TRAINING),
    **dict.fromkeys(LOCK_FILES, Kind.LOCK),
    CODES_NAME: Kind.CODES,
    KEYS_NAME: Kind.KEY_FILE,
}
"""The files that the program makes in a property's folder. The private key goes last."""
_OF_A_PROPERTY = (OUTBOX_NAME, KEYS_NAME)
"""A property has one of these files at least; with a shared outbox, only the key file."""
_ORDER = list(Kind)
_KEPT = frozenset({Kind.FOREIGN, Kind.UNNAMED, Kind.COMPLETION})


class Uninstall:
    """Finds and removes what is on this computer, of one property or of all.

    `container_of` returns the parts of the program for a property; the caller closes them.
    """

    def __init__(self, app: Container, container_of: Callable[[str], Container], chosen: str = "") -> None:
        self._app = app
        self._container_of = container_of
        self._chosen = chosen
        self._folders = app.folders

    def find(self) -> Traces:
        """Return what is on the computer. Raises `SettingsProblem` for settings that are not right."""
        known = self._app.config.properties
        if self._chosen:
            known = {self._app.settings.name: self._app.settings}
        elif self._app.config.invalid:  # what would be lost with that property is not known
            raise next(iter(self._app.config.invalid.values()))
        traces, losses, problems = list[Trace](), list[Loss](), list[ApoaError]()
        try:
            traces += [
                Trace(Kind.SCHEDULE, each.name) for each in installed(self._app, [*known], of_home=not self._chosen)
            ]
        except SettingsProblem as exc:
            problems.append(exc)
        for name, settings in known.items():
            traces += _traces_in(self._folders.data / name, _kind_of, name)
            with closing(self._container_of(name)) as app:
                try:
                    traces += _keyring_entries(app, settings)
                except CredentialsProblem as exc:
                    if settings.vault == "keyring":
                        problems.append(exc)
                losses.append(_loss(app, settings, has_key=any(each.is_key_of(name) for each in traces)))
        traces += self._shared(self._folders)
        traces += self._practice()
        if not self._chosen:
            unnamed = (each for each in _property_folders(self._folders.data) if each.name not in known)
            traces += [Trace(Kind.UNNAMED, str(each)) for each in unnamed]
            home = Path(self._app.environ.get("HOME") or account_home() or "/")
            traces += [Trace(Kind.COMPLETION, str(each)) for each in _completion_scripts(home)]
        found = sorted((t for t in traces if t.kind not in _KEPT), key=lambda trace: _ORDER.index(trace.kind))
        return Traces(found, [trace for trace in traces if trace.kind in _KEPT], losses, problems)

    def remove(self, agreed: Traces) -> None:
        """Remove what was found, after a last look that nothing more would be lost than the user agreed to.

        Raises `NotNow` if there is more by now or if reports are being sent, and the error of the first thing that
        cannot be removed; what comes before it in the list is removed then.
        """
        if agreed.problems:
            raise agreed.problems[0]
        now = self.find()
        sending = next((loss.property_name for loss in now.losses if loss.sending), None)
        if sending is not None:
            raise NotNow(
                msg("Reports of {name} are being sent. Nothing was removed.", name=sending),
                msg("Wait for the end of apoa sync, then try again; if it was stopped or killed, five minutes later."),
                name="being_sent",
            )
        agreed_losses, losses = (
            [loss._replace(last_backup=None, sending=False) for loss in found.losses] for found in (agreed, now)
        )
        if losses != agreed_losses:
            raise NotNow(
                msg("The reports changed meanwhile. Nothing was removed."),
                msg("Look at what would be lost once more: apoa uninstall --dry-run"),
                name="changed_meanwhile",
            )
        for trace in now.found:
            self._remove(trace)
        self._remove_empty_folders({trace.property_name for trace in now.found if trace.property_name})

    def _shared(self, folders: Folders) -> Iterator[Trace]:
        """Yield what no single property has: the settings and the logs. With one property chosen, its settings only."""
        config = folders.config
        if self._chosen:
            yield Trace(Kind.SETTINGS, str(config), self._app.settings.name)
            return
        yield from _traces_in(folders.logs, lambda path: Kind.LOG if belongs_to_log(path.name) else Kind.FOREIGN)
        with suppress(OSError):
            yield from (Trace(Kind.UNFINISHED, str(each)) for each in drafts_in(config.parent, config))
        for kind, path in ((Kind.LOCK, config.with_suffix(".lock")), (Kind.SETTINGS, config)):
            if path.is_file():
                yield Trace(kind, str(path))

    def _practice(self) -> Iterator[Trace]:
        """Yield what the practice home has, of the chosen property or of all. Without it nothing is lost."""
        place = self._folders.practice
        for folder in [place / self._app.settings.name] if self._chosen else _property_folders(place):
            yield from _traces_in(folder, _kind_of)
        home = Folders(place, place, place / "logs")
        if home.config.is_file():
            yield from self._shared(home)

    def _remove(self, trace: Trace) -> None:
        if trace.kind is Kind.SCHEDULE:
            remove_named(self._app, trace.place)
        elif trace.kind is Kind.KEYRING:
            with closing(self._container_of(trace.property_name)) as app:
                keyring = app.settings._replace(vault="keyring")
                app.secrets_of(keyring, prompt=False).delete_stored(trace.place.rpartition("/")[2])
        elif trace.kind is Kind.SETTINGS and trace.property_name:
            from apoa_client.settings.writer import remove_property

            remove_property(Path(trace.place), trace.property_name)
        else:
            path = Path(trace.place)
            try:
                wait_while_in_use(path, lambda: path.unlink(missing_ok=True))
            except FileInUse:
                raise file_in_use(str(path)) from None
            except OSError as exc:
                raise SettingsProblem(
                    msg("The file {path} cannot be removed: {reason}.", path=str(path), reason=exc.strerror or ""),
                    msg("Run the command as the user who set up the property."),
                ) from None

    def _remove_empty_folders(self, names: set[str]) -> None:
        """Remove the program's folders that are empty now. Others' files, and a mounted volume, keep theirs."""
        folders = [self._folders.data / name for name in sorted(names)]
        with suppress(OSError):
            folders += [each for each in self._folders.practice.iterdir() if each.is_dir()]
        folders.append(self._folders.practice)
        if not self._chosen:
            folders += [self._folders.logs, self._folders.data, self._folders.settings]
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()


def _traces_in(folder: Path, kind_of: Callable[[Path], Kind], name: str = "") -> Iterator[Trace]:
    """Yield what is in a folder of the program. A link in its place is not followed: others' files may be there."""
    if is_link(folder):
        yield Trace(Kind.LINK, str(folder), name)
        return
    with suppress(OSError):  # there is no such folder
        unfinished = {file for files in drafts_in(folder).values() for file in files}
        for path in sorted(folder.iterdir()):
            kind = Kind.UNFINISHED if path in unfinished else kind_of(path)
            regular = path.is_file() and not path.is_symlink()
            yield Trace(kind if regular else Kind.FOREIGN, str(path), name)


def _property_folders(home: Path) -> list[Path]:
    """Return the folders with the files of a property: others may have folders of such names."""
    with suppress(OSError):
        return sorted(
            each
            for each in home.iterdir()
            if valid_name(each.name)
            and not is_link(each)
            and any(os.path.isfile(each / name) for name in _OF_A_PROPERTY)  # noqa: PTH113  no error for a closed folder
        )
    return []


def _completion_scripts(home: Path) -> Iterator[Path]:
    """Yield the scripts for the Tab key that the user wrote, and the profiles of PowerShell that contain one."""
    yield from (home / name for name in COMPLETION_SCRIPTS.values() if os.path.isfile(home / name))  # noqa: PTH113  no error for a closed folder
    folders = [home / ".config" / "powershell"]
    with suppress(RuntimeError):  # an account without a home folder, as in a container
        folders += [documents_folder() / name for name in ("WindowsPowerShell", "PowerShell")]
    for folder in folders:
        with suppress(OSError):
            yield from (path for path in folder.glob("*profile.ps1") if _has_script(path))


def _has_script(path: Path) -> bool:
    try:
        return path.is_file() and POWERSHELL_SCRIPT.encode() in path.read_bytes().replace(b"\0", b"")  # or UTF-16
    except OSError:
        return False


def _kind_of(path: Path) -> Kind:
    """Return what a file in a property's folder is."""
    return _FILES.get(path.name, Kind.FOREIGN)


def _keyring_entries(app: Container, settings: PropertySettings) -> list[Trace]:
    """Return the property's entries in the keyring. Raises `CredentialsProblem`.

    A property that keeps its secrets in a file may have had them in the keyring before.
    """
    names = app.secrets_of(settings._replace(vault="keyring"), prompt=False).stored_names()
    return [Trace(Kind.KEYRING, f"{KEYRING_SERVICE}/{settings.name}/{name}", settings.name) for name in names]


def _loss(app: Container, settings: PropertySettings, *, has_key: bool) -> Loss:
    """Return what would be lost with a property, whose private key would be removed too if it `has_key`.

    Needs no key. What is in a shared outbox is not lost.
    """
    loss = Loss(settings.name, settings.is_training)
    try:
        # A full disk is a reason to remove something.
        with app.outbox_opener(settings).file_for_reading(lambda _problem: None) as outbox:
            now = app.clock.now()
            summary = outbox.summary(now=now, soon=now + SOON)
            last_backup = outbox.value(LAST_BACKUP)
    except OutboxMissing:
        return loss
    except StorageProblem:
        return loss._replace(undelivered=None, drafts=None, reports=None)
    reports = sum(summary.counts.values())
    needs_code = has_key and not settings.is_training and (reports or last_backup is not None)
    confirmed = summary.code_confirmed_for == settings.public_key
    return loss._replace(
        undelivered=sum(summary.counts[state] for state in OPEN_STATES),
        drafts=summary.drafts,
        reports=reports,
        code_confirmed=confirmed if needs_code else None,
        last_backup=last_backup,
        sending=plan.is_ahead(summary.lease_until, now, plan.LEASE),
    )
