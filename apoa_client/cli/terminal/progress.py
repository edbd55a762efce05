"""Watchers of a delivery: a bar on a terminal, a line now and then where nothing may move, or nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import is_static, print_error_line
from apoa_client.errors import ApoaError
from apoa_client.ports import Status, Verdict

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


_FEW = 25
"""So many reports are answered in a moment: nobody need hear of each."""


class NoProgress:
    """Watches and says nothing."""

    def begin(self, waiting: int) -> None:
        """Say nothing."""

    def advance(self, verdict: Verdict) -> None:
        """Say nothing."""

    def failed(self, error: ApoaError) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""


class ProgressLines:
    """Says on stderr how far a delivery is: when it begins, and again at each quarter of a long one."""

    def __init__(self) -> None:
        self._all = 0
        self._done = 0
        self._refused = 0

    def begin(self, waiting: int) -> None:
        """Say how many wait."""
        self._all = waiting
        print_error_line(_("Sending, waiting: {count}").format(count=waiting))

    def advance(self, verdict: Verdict) -> None:
        """Count, and say it at times."""
        self._done += 1
        self._refused += verdict.status is Status.REJECTED
        if self._done % max(self._all // 4, _FEW) == 0 and self._done < self._all:
            said = _("Answered: {done} of {all}. Refused: {refused}")
            print_error_line(said.format(done=self._done, all=self._all, refused=self._refused))

    def failed(self, error: ApoaError) -> None:
        """Leave it to the summary."""

    def end(self) -> None:
        """Leave it to the summary."""


class ProgressBar:
    """A bar on stderr, while a delivery runs: how many of all, how fast, and how many were refused."""

    def __init__(self) -> None:
        self._rich: RichProgress | None = None
        self._task: TaskID | None = None
        self._refused = 0

    def begin(self, waiting: int) -> None:
        """Draw the bar."""
        from rich.console import Console  # rich is slow to load, and only a terminal needs it
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._rich.start()
        self._task = self._rich.add_task(_("Sending"), total=waiting, rate="")

    def advance(self, verdict: Verdict) -> None:
        """Move the bar on."""
        self._refused += verdict.status is Status.REJECTED
        if self._rich is not None and self._task is not None:
            words = _("Sending ({count} refused)").format(count=self._refused) if self._refused else _("Sending")
            self._rich.update(self._task, advance=1, description=words, rate=self._rate())

    def _rate(self) -> str:
        """Reports a second so far; nothing before there are two answers to reckon with."""
        speed = self._rich.tasks[0].speed if self._rich is not None else None
        return "" if speed is None else _("{rate}/s").format(rate=f"{speed:.1f}")

    def failed(self, error: ApoaError) -> None:
        """Leave it to the summary."""

    @contextmanager
    def pause_progress(self) -> Iterator[None]:
        """Take the bar away while somebody is asked something, which it would draw over."""
        self.end()
        yield
        if self._rich is not None:
            self._rich.start()

    def end(self) -> None:
        """Take the bar away."""
        if self._rich is not None:
            self._rich.stop()


def watcher(*, silent: bool) -> ProgressBar | ProgressLines | NoProgress:
    """Return a bar on a terminal, lines where nothing may move, or a silent watcher where `silent` asks for it."""
    if silent:
        return NoProgress()
    return ProgressLines() if is_static() else ProgressBar()
