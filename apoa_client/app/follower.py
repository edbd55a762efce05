"""Decides when a property's reports are delivered next by a process that keeps running.

It notices by their sizes and times that another process has changed a file. So between two looks it has no file open:
a backup, a restore, a change of keys and a checkpoint need not wait for it, and a file may be replaced. A shared
outbox, which other computers change, is looked at every few seconds.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from apoa_client.app.container import Container
from apoa_client.delivery import plan
from apoa_client.delivery.options import Jitter, Outcome
from apoa_client.errors import ApoaError
from apoa_client.ports.authority import KeptAnswers
from apoa_client.ports.run import Clock

_LOOK_EVERY_S = 5.0
"""How long after a look at a shared outbox the next one is made."""
_AFTER_FAILURE_S = 60.0
"""The same after a look that failed: each may take a second."""


class Follower:
    """Decides when the property that `open_container` opens is delivered next.

    Between two looks it has nothing open.
    """

    def __init__(self, open_container: Callable[[], Container], clock: Clock, jitter: Jitter) -> None:
        self._open_container = open_container
        self._clock = clock
        self._jitter = jitter
        self.kept = KeptAnswers()
        """What the runs received from the authority."""
        self._files: Sequence[Path] = ()
        self._seen: object = None
        self._is_new = False
        """Whether a change was seen just now: a second one might have the same time, so there is another look."""
        self._failures = 0
        self._last: plan.LastRun | None = None
        self._next: datetime | None = None
        self._is_shared = False
        self._next_look = 0.0
        """When to look at a shared outbox again (`Clock.monotonic`)."""
        self._latest = 0.0
        """When to deliver at the latest (`Clock.monotonic`), whatever the wall clock shows."""

    def is_due(self) -> bool:
        """Return whether to deliver now. Costs next to nothing unless a file was changed, or the outbox is shared."""
        if self._last is None:
            return True
        seen = file_states(self._files)
        if seen != self._seen:
            self._seen, self._is_new, self._next = seen, True, None
        elif self._is_new:
            self._is_new, self._next = False, None
        if self._is_shared and self._clock.monotonic() >= self._next_look:
            self._next = None
        if self._next is None:
            self._next = self._look(self._last)
        return self._clock.now() >= self._next or self._clock.monotonic() >= self._latest

    @property
    def keep_backoff(self) -> bool:
        """Whether the next run keeps the backoff of each report."""
        return self._last is None or self._last.keep_backoff

    def ran(self, result: Outcome | ApoaError | None) -> None:
        """Take note of a run that has ended: with its outcome, the error that it raised, or (None) by a bug."""
        error, left = (result.error, result.left) if isinstance(result, Outcome) else (result, 0)
        failed = result is None or error is not None
        is_back = bool(self._failures) and not failed
        self._failures = self._failures + 1 if failed else 0
        pause = plan.pause_after(error, left, self._failures, self._jitter())
        self._last = plan.LastRun(self._clock.now(), pause, keep_backoff=not is_back)
        self._latest = self._clock.monotonic() + plan.KEEP_UP / timedelta(seconds=1)
        with closing(self._open_container()) as app:
            self._files, self._is_shared = _files_of(app), _is_shared(app)
        self._seen = file_states(self._files)  # before the outbox is read, so that no change is missed
        # After a refused password now, so that a login right after it is not missed.
        self._next = self._look(self._last) if error is not None and plan.suspends_sending(error) else None

    def _look(self, last: plan.LastRun) -> datetime:
        now = self._clock.now()
        self._next_look = self._clock.monotonic() + _AFTER_FAILURE_S
        try:
            with closing(self._open_container()) as app:
                outbox = app.outbox
                summary = outbox.summary(now=now, soon=now)
                self._next_look = self._clock.monotonic() + _LOOK_EVERY_S
                heads = () if app.settings.by_hand else outbox.heads()
                settings = app.settings.fingerprint
                if plan.suspension_error(summary.suspension, settings) is not None:
                    # After the login nothing is waited for. Without the key a suspension is not kept, and the pause is.
                    last = self._last = last._replace(pause=timedelta())
                return plan.next_run(heads, summary, settings, now, last)
        except ApoaError:  # the next run says what is wrong
            return last.at + plan.KEEP_UP


def _is_shared(app: Container) -> bool:
    try:
        return app.settings.has_shared_outbox
    except ApoaError:
        return False


def _files_of(app: Container) -> Sequence[Path]:
    """Return the files whose change may be a reason to deliver."""
    try:
        folders = app.folders
    except ApoaError:
        return ()
    settings = (folders.config,)
    try:
        name = app.settings.name
    except ApoaError:
        return settings
    outbox = folders.outbox(name)
    return *settings, outbox, outbox.with_name(f"{outbox.name}-wal"), folders.keys(name)


def file_states(files: Sequence[Path]) -> object:
    """Return what changes when one of the files is changed, made or removed."""
    return [_state(file) for file in files]


def _state(file: Path) -> object:
    """Return what changes with the content of a file; None for one that is empty or cannot be read."""
    try:
        state = file.stat()
    except OSError:
        return None
    # With mode and owner: a file that was not used because others could change it is read when that is corrected.
    return (state.st_ino, state.st_size, state.st_mtime_ns, state.st_mode, state.st_uid) if state.st_size else None
