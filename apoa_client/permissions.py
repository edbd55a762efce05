"""Who else can change this program's files: owner and mode, checked as OpenSSH's StrictModes does, or access lists.

A user who can write to the settings, to the outbox, or to a folder above them decides where reports are sent and who
can read them. So a file is used only if it and each folder above it belong to this user or to root, and no other user
can write there. A folder above it may be writable if it is sticky, as /tmp is: others cannot replace what is in it. On
Windows the access lists are read: the system and administrators count as root does, and others may add to a folder
above, as to the root of a drive, but may not delete it or what is in it.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from apoa_client.errors import SettingsProblem
from apoa_client.files import is_link
from apoa_client.messages import Message, msg

if sys.platform == "win32":
    from apoa_client import windows_access

UNSAFE = "unsafe_permissions"
"""The name of the error, in JSON and in logs."""

_OTHER_FOLDER = msg(
    "Use a folder that only this user can change, such as one in this user's own folder, with APOA_HOME."
)
"""The advice about a folder above, on Windows: other programs and users may need the rights there."""

_ROOT = 0
_GROUP_OR_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_POSIX = os.name == "posix"


class Fault(NamedTuple):
    """Why a file is not used, and the command that corrects it."""

    message: Message
    advice: Message


def check_permissions(path: Path, *, beside: tuple[str, ...] = ()) -> None:
    """Raise `SettingsProblem` if another user can change the file at `path` or its folder, or replace them.

    Neither needs to exist: no other user may put one there, either. `beside` are endings of the names of files that
    belong to it.
    """
    fault = find_fault(path, own_levels=2, beside=beside)
    if fault is not None:
        raise SettingsProblem(*fault, name=UNSAFE)


def open_own_folder(folder: Path) -> int | None:
    """Open a folder that is no link and that no other user can change. Return its descriptor; on Windows None.

    The folders above are not checked: who can write there can exchange this one, but not what is open. Raises
    `SettingsProblem`, or `OSError` if it is no folder or cannot be opened.
    """
    name = str(folder)
    if is_link(folder):
        raise SettingsProblem(
            msg("{path} is a link to another place, so it is not used.", path=name),
            msg("Remove the link: a folder is made in its place."),
            name=UNSAFE,
        )
    if _POSIX:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        fault = _fault_in(name, os.fstat(descriptor), is_own=True)
    else:
        os.scandir(name).close()
        descriptor, fault = None, _fault_on_windows(name, is_own=True, secret=False)
    if fault is None:
        return descriptor
    if descriptor is not None:
        os.close(descriptor)
    raise SettingsProblem(*fault, name=UNSAFE)


def find_fault(path: Path, *, own_levels: int = 1, beside: tuple[str, ...] = (), secret: bool = False) -> Fault | None:
    """Return why the file at `path` must not be used, or None.

    Of the file and the folders above it, the first `own_levels` may not be writable even if they are sticky. With
    `secret`, a file that others may read on Windows has a fault, too: elsewhere its mode says that.
    """
    try:
        name = os.path.abspath(path)  # noqa: PTH100  text: every command does this, and `Path` takes longer
    except FileNotFoundError:  # nothing is in a working directory that was deleted
        return None
    linked = False
    for level, each in enumerate(_with_parents(name)):
        fault, is_link = _fault_of(each, is_own=level < own_levels, secret=secret and level == 0)
        if fault is not None:
            return fault
        linked = linked or is_link
    if linked and (real := os.path.realpath(name)) != name:  # the folders that the links lead through
        return find_fault(Path(real), own_levels=own_levels, beside=beside, secret=secret)
    faults = (_fault_of(name + ending, is_own=True)[0] for ending in beside)
    return next(filter(None, faults), None)


def _with_parents(name: str) -> Iterator[str]:
    yield name
    while (parent := os.path.dirname(name)) != name:  # noqa: PTH120  as above
        yield (name := parent)


def _fault_of(name: str, *, is_own: bool, secret: bool = False) -> tuple[Fault | None, bool]:
    """Return the fault of one file or folder, or of the one that a link names, and whether it is a link."""
    try:
        state = os.lstat(name)
        if not _POSIX:  # a link or a junction has a tag there
            return _fault_on_windows(name, is_own=is_own, secret=secret), bool(getattr(state, "st_reparse_tag", 0))
        is_link = stat.S_ISLNK(state.st_mode)
        if is_link and _is_trusted(state):  # otherwise the owner of the link can let it name another file
            state = os.stat(name)  # noqa: PTH116  as above
    except OSError:  # it is missing, or it cannot be reached: then the file cannot be opened either
        return None, False
    return _fault_in(name, state, is_own=is_own), is_link


def _fault_in(name: str, state: os.stat_result, *, is_own: bool) -> Fault | None:
    if not _is_trusted(state):
        return _of_another_user(name, state)
    is_sticky_folder = stat.S_ISDIR(state.st_mode) and bool(state.st_mode & stat.S_ISVTX)
    if not _others_can_write(name, state) or (is_sticky_folder and not is_own):
        return None
    return Fault(
        msg("Other users of this computer can change {path}, so it is not used.", path=name),
        msg("Take that right away from them: {command}", command=_command("chmod go-w", name, state)),
    )


def _fault_on_windows(name: str, *, is_own: bool, secret: bool) -> Fault | None:
    from apoa_client import windows_access  # not needed elsewhere

    descriptor, user = _read_access_list(name)
    if descriptor is None:
        if not is_own:  # the system's folders may not be readable for this user
            return None
        return Fault(
            msg("Who can change {path} cannot be found out, so it is not used.", path=name),
            msg("Keep it on a disk of this computer with access rights (NTFS), and let this user read them."),
        )
    if not windows_access.owner_is_trusted(descriptor, user):
        command = f'takeown /F "{name}"'
        return Fault(
            msg("{path} belongs to another user, so it is not used.", path=name),
            msg("Give it to this user: {command}", command=command),
        )
    if windows_access.others_may(windows_access.WRITE if is_own else windows_access.REPLACE, descriptor, user):
        message = msg("Other users of this computer can change {path}, so it is not used.", path=name)
    elif secret and windows_access.others_may(windows_access.READ, descriptor, user):
        message = msg("Other users of this computer can read {path}, so it is not used.", path=name)
    else:
        return None
    return Fault(message, _advice_on_windows(name, user) if is_own else _OTHER_FOLDER)


def _read_access_list(name: str) -> tuple[str | None, str]:
    """Return the owner and access list of a file, or None if they cannot be read; and this user (Windows)."""
    if sys.platform == "win32":
        with suppress(OSError):  # this user is not known
            return windows_access.descriptor_of(name), windows_access.user()
    return None, ""


def _advice_on_windows(name: str, user: str) -> Message:
    """Return the commands that give a file to this user, the system and administrators only."""
    inherited = "(OI)(CI)" if os.path.isdir(name) else ""  # noqa: PTH112  as above
    grants = " ".join(f'"*{sid}:{inherited}F"' for sid in (user, "S-1-5-18", "S-1-5-32-544"))
    first = f'icacls "{name}" /reset'
    second = f'icacls "{name}" /inheritance:r /grant:r {grants}'
    return msg("Take that right away from them: {first} and then: {second}", first=first, second=second)


def _is_trusted(state: os.stat_result) -> bool:
    """Return whether a file or link belongs to this user or to root."""
    return state.st_uid in {_ROOT, os.geteuid()}


def _others_can_write(name: str, state: os.stat_result) -> bool:
    if not state.st_mode & _GROUP_OR_OTHERS_WRITE:
        return False
    return bool(state.st_mode & stat.S_IWOTH) or _has_access_list(name) or not _is_private_group(state)


def _has_access_list(name: str) -> bool:
    """Return whether the group's bits are only the limit of an access list, which may name any user (Linux)."""
    try:
        return bool(os.getxattr(name, "system.posix_acl_access"))  # type: ignore[attr-defined,unused-ignore]  # Linux
    except (AttributeError, OSError):
        return False


def _is_private_group(state: os.stat_result) -> bool:
    """Return whether the group of a file has no member but its owner, as where each user has a group of the same name.

    A group without a name, as a container's volume has, counts as private if this process is in it.
    """
    import grp  # for a rare case, and missing on Windows
    import pwd

    try:
        group = grp.getgrgid(state.st_gid)
    except KeyError:
        return state.st_gid in {os.getegid(), *os.getgroups()}
    try:
        owner = pwd.getpwuid(state.st_uid)
    except KeyError:
        return False
    return owner.pw_gid == state.st_gid and {owner.pw_name}.issuperset(group.gr_mem)


def _of_another_user(name: str, state: os.stat_result) -> Fault:
    message = msg("{path} belongs to another user (number {uid}), so it is not used.", path=name, uid=state.st_uid)
    if os.geteuid() != _ROOT:
        words = "chown -h" if stat.S_ISLNK(state.st_mode) else "chown"  # the link itself, not what it names
        command = _command(f"{words} {os.geteuid()}", name, state)
        return Fault(message, msg("Give it to this user: {command}", command=command))
    command = f"sudo -u '#{state.st_uid}' apoa ..."
    return Fault(
        message,
        msg(
            "Run the command as that user, not as root: {command} In a container, set the user with --user {uid}.",
            command=command,
            uid=state.st_uid,
        ),
    )


def _command(words: str, name: str, state: os.stat_result) -> str:
    """Return a shell command about the file, with sudo if only root can run it."""
    import shlex  # for an error only

    sudo = "" if words.startswith("chmod") and state.st_uid == os.geteuid() else "sudo "
    return f"{sudo}{words} {shlex.quote(name)}"
