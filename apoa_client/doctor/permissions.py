"""Checks of who can read the program's files, and of the secrets: the keyring or key file, private key, recovery code.

No secret is in a result.
"""

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from shlex import quote

from apoa_client.doctor.results import Finding, failed, ok, skipped, warning
from apoa_client.errors import Erased, Exit, NotAuthentic
from apoa_client.messages import Message, literal, msg, nmsg
from apoa_client.outbox.sql.store import Outbox
from apoa_client.permissions import find_fault
from apoa_client.ports.entries import Selection
from apoa_client.ports.state import Summary
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import OUTBOX_NAME, is_own
from apoa_client.vault.sealing import encode_key, public_key_of
from apoa_client.vault.sources import PropertySecrets

_MAX_FILES = 500
_POSIX = os.name == "posix"


def check_permissions_below(folders: Iterable[Path]) -> Finding:
    """Check that only this user can change and read the program's files, and that this user can.

    Of very many files, the first are checked. A user may have named other files there after guests: their names are in
    the result for the screen, and not in a support file.
    """
    folders = list(dict.fromkeys(folders))
    finding, file = _check_permissions_of(list(islice(_files_below(folders), _MAX_FILES)))
    if file is None or _is_named_by_us(file, folders):
        return finding
    return finding._replace(message=_hidden(finding.message), advice=finding.advice and _hidden(finding.advice))


def _check_permissions_of(files: Sequence[Path]) -> tuple[Finding, Path | None]:
    """Return a finding, and the file that it names, if it names one."""
    for path in files:
        fault = find_fault(path)
        if fault is not None:
            return failed(*fault), path
    foreign = next((path for path in files if not path.is_symlink() and not os.access(path, os.R_OK | os.W_OK)), None)
    if foreign is not None:
        finding = failed(
            msg("This user cannot read and change {path}.", path=str(foreign)),
            msg("Give it to this user: {command}", command=_own_command(foreign)),
        )
        return finding, foreign
    readable = [path for path in files if _is_readable_by_others(path)]
    if readable:
        finding = warning(
            nmsg(
                "Other users can read {count} file, such as {path}.",
                "Other users can read {count} files, such as {path}.",
                len(readable),
                path=str(readable[0]),
            ),
            _advice_about_readers(readable[0]),
        )
        return finding, readable[0]
    if not files:
        return ok(msg("There are no files yet.")), None
    return ok(nmsg("{count} file is this user's alone.", "{count} files are this user's alone.", len(files))), None


def _is_named_by_us(path: Path, folders: Sequence[Path]) -> bool:
    """Return whether a file or folder has a name that the program gives, and so does the folder that it is in."""
    folder = next((each for each in folders if path.is_relative_to(each)), None)
    if folder is None:
        return False
    ours = {"logs", *(each.parent.name for each in folder.glob(f"*/{OUTBOX_NAME}"))}
    *before, last = path.relative_to(folder).parts or ("logs",)
    return len(before) <= 1 and ours.issuperset(before) and (last in ours or is_own(last))


def _hidden(message: Message) -> Message:
    """Return the message with its texts as those of others, which `apoa_client.doctor.masking` masks."""
    values = {name: literal(value) if isinstance(value, str) else value for name, value in message.values.items()}
    return Message(message.template, values, message.plural, message.count)


def _files_below(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if not folder.is_dir():
            continue
        yield folder
        for root, inner, names in os.walk(folder):
            yield from (Path(root, name) for name in [*sorted(inner), *sorted(names)])


def _is_readable_by_others(path: Path) -> bool:
    if not _POSIX:
        return find_fault(path, secret=True) is not None
    try:
        mode = path.lstat().st_mode
    except OSError:  # gone meanwhile
        return False
    return not stat.S_ISLNK(mode) and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def _advice_about_readers(path: Path) -> Message:
    """Return the command that takes the right to read away from others."""
    fault = None if _POSIX else find_fault(path, secret=True)
    if fault is not None:
        return fault.advice
    command = f"chmod -R go= {quote(str(path))}"
    return msg("Take that right away from them: {command}", command=command)


def _own_command(path: Path) -> str:
    if sys.platform == "win32":
        return f'takeown /F "{path}"'
    if path.stat().st_uid == os.geteuid():
        return f"chmod u+rwX {quote(str(path))}"
    return f"sudo chown {os.geteuid()} {quote(str(path))}"


_RECOVER = msg("Restore it with: apoa key recover")
_RECENT = timedelta(days=30)
"""A report of this time was sealed to the present key, or sealed again to it."""


def check_store(secrets: PropertySecrets, *, needs_password: bool) -> Finding:
    """Find out where the secrets are, and whether they can be read now. No person is asked to unlock anything."""
    places = [secrets.private_key_from_environment(), secrets.password_from_environment() if needs_password else "-"]
    if all(places):
        given = ", ".join(dict.fromkeys(place for place in places if place and place != "-"))
        return ok(msg("The environment gives the secrets: {store}", store=given))
    return ok(msg("It can be read: {store}", store=secrets.describe_store()))


def check_private_key(
    secrets: PropertySecrets, settings: PropertySettings, outbox: Outbox | None, now: datetime
) -> Finding:
    """Check that the private key belongs to the public key of the settings, and opens a report.

    `outbox` is None if it cannot be opened.
    """
    private_key = secrets.private_key()
    if encode_key(public_key_of(private_key)) != settings.public_key.strip():
        return failed(
            msg("The private key does not belong to the public key in the settings."),
            _RECOVER,
            Exit.CREDENTIALS,
        )
    if secrets.private_key_from_environment() is None and secrets.keys.next() is not None:
        return warning(msg("A change of the key was broken off."), msg("Finish it with: apoa key rotate"))
    if outbox is None:
        return ok(msg("It belongs to the settings."))
    try:
        opened = _opens_a_report(outbox, now - _RECENT)
    except NotAuthentic:  # the key opened it; what was changed is a check of its own
        opened = True
    return ok(
        msg("It opens the saved reports.")
        if opened
        else msg("It belongs to the settings. There is no new report to try it with.")
    )


def _opens_a_report(outbox: Outbox, since: datetime) -> bool:
    """Open one report that is open or was saved since then. Returns False if there is none. Raises as opening does."""
    readable = (entry for entry in outbox.entries(Selection(since=since)) if entry.erased_at is None)
    newest = next(readable, None)
    if newest is None:
        return False
    with suppress(Erased):  # by another process, at this moment
        outbox.content(newest)
    return True


def check_recovery_code(settings: PropertySettings, summary: Summary) -> Finding:
    """Check that the recovery code is on paper: a person has typed it back."""
    confirmed = settings.is_code_confirmed(summary.code_confirmed_for)
    if confirmed is None:
        return skipped(msg("For training no recovery code is needed."))
    if confirmed:
        return ok(msg("It was typed back, so it is on paper."))
    return warning(
        msg("It is not confirmed: if this computer breaks, nothing else opens the saved reports."),
        msg("Type it back from the paper: apoa key recover. If there is no paper, make a new code: apoa key rotate"),
    )
