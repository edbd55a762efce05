"""One delivery by several workers of a shared outbox, each in a thread with connections of its own.

The first worker runs in the thread of the caller, and the others wait for its first answer: a refused password is sent
once, and secrets are read once.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from apoa_client.app.container import Container
from apoa_client.app.sending import delivery_dependencies, send
from apoa_client.delivery.options import Outcome, RunOptions
from apoa_client.delivery.sync import deliver
from apoa_client.errors import ApoaError
from apoa_client.ports.authority import Verdict
from apoa_client.ports.entries import Share
from apoa_client.ports.run import Interruptions, Progress
from apoa_client.timeouts import BackgroundCall

_LAST_CALLS_S = 5.0
"""How long an interrupted delivery waits for the calls of the other workers."""


def send_with_workers(
    apps: Sequence[Container],
    progress: Progress,
    interruptions: Interruptions,
    **choices: Any,  # noqa: ANN401  the fields of `RunOptions`
) -> Outcome:
    """Deliver what waits, as `send` describes, with a worker for each of these containers of one property."""
    shared, stop = _SharedProgress(progress), _Stop()
    shares = [Share(number, len(apps)) for number in range(len(apps))]
    calls = [
        BackgroundCall(partial(_help, app, shared, stop, share, choices))
        for app, share in zip(apps[1:], shares[1:], strict=True)
    ]
    try:
        try:
            outcome = send(apps[0], shared, interruptions, share=shares[0], **choices)
        finally:
            shared.first_ended.set()
        for call in calls:
            helped = call.result()
            if helped is not None:
                outcome.add(helped)
    except BaseException:
        stop.asked.set()
        for call in calls:
            call.wait(_LAST_CALLS_S)
        raise
    finally:
        progress.end()
    return outcome


def _help(
    app: Container,
    progress: "_SharedProgress",
    stop: "_Stop",
    share: Share,
    choices: dict[str, Any],
) -> Outcome | None:
    """Deliver with the first worker as soon as that has an answer; None if it gets none."""
    progress.first_ended.wait()
    if not progress.answered:
        return None
    options = RunOptions(app.settings.fingerprint, app.settings.identity, share=share, with_photos=False, **choices)
    return deliver(delivery_dependencies(app, progress, stop), options)


class _SharedProgress:
    """One `ports.Progress` for the workers."""

    def __init__(self, progress: Progress) -> None:
        self.answered = False
        self.first_ended = threading.Event()
        """Set when the first worker has an answer, or has ended without one."""
        self._progress = progress
        self._lock = threading.Lock()
        self._begun = False

    def begin(self, waiting: int) -> None:
        with self._lock:
            if not self._begun:
                self._progress.begin(waiting)
            self._begun = True

    def advance(self, verdict: Verdict) -> None:
        with self._lock:
            self._progress.advance(verdict)
        self.answered = True
        self.first_ended.set()

    def failed(self, error: ApoaError) -> None:
        with self._lock:
            self._progress.failed(error)

    def end(self) -> None:
        """The caller ends the progress when all have ended."""


class _Stop:
    """`ports.Interruptions` of a thread, to which no signal comes: it ends after the call that it is making."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    @contextmanager
    def delayed(self) -> Iterator[None]:
        yield
        if self.asked.is_set():
            raise KeyboardInterrupt

    allowed = staticmethod(nullcontext)
