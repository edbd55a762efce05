"""Progress of a delivery or of other long work on stderr: a bar, or lines where nothing on the screen may move."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import is_static, print_error_line
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.errors import ApoaError
from apoa_client.ports.authority import Verdict

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_T = TypeVar("_T")

_LEAST_STEP = 25
"""Fewer reports are answered in a moment, and a line for each would be too much."""


class NoProgress:
    """Shows nothing."""

    def begin(self, waiting: int) -> None:
        """Begin a delivery of this many reports."""

    def advance(self, verdict: Verdict) -> None:
        """Count a report that was answered."""

    def failed(self, error: ApoaError) -> None:
        """Show nothing: the summary says what went wrong."""

    def end(self) -> None:
        """End the delivery."""

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Show nothing while the user is asked something."""
        yield


class DeliveryProgress(NoProgress):
    """A bar while a delivery runs, with reports a second; where nothing may move, a line at each quarter."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._all = 0
        self._done = 0
        self._refused = 0

    def begin(self, waiting: int) -> None:
        """Draw the bar, or print how many reports wait."""
        self._all = waiting
        if is_static():
            print_error_line(_("Sending, waiting: {count}").format(count=waiting))
        else:
            self._bar = _start_bar(_("Sending"), waiting)

    def advance(self, verdict: Verdict) -> None:
        """Move the bar on, or print a line at each quarter."""
        self._done += 1
        self._refused += verdict.refused
        if self._bar is not None:
            (task,) = self._bar.tasks
            label = _("Sending ({count} refused)").format(count=self._refused) if self._refused else _("Sending")
            # The speed is None before the second answer.
            rate = "" if task.speed is None else _("{rate}/s").format(rate=f"{task.speed:.1f}")
            self._bar.update(task.id, advance=1, description=label, rate=rate)
        elif self._done % max(self._all // 4, _LEAST_STEP) == 0 and self._done < self._all:
            line = _("Answered: {done} of {all}. Refused: {refused}")
            print_error_line(line.format(done=self._done, all=self._all, refused=self._refused))

    def end(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Remove the bar while the user is asked something: it would overwrite the question."""
        self.end()
        yield
        if self._bar is not None:
            self._bar.start()


def _start_bar(label: str, total: int) -> "RichProgress":
    """Draw a bar: a label, how many of all are done, the field `rate` and the time so far."""
    from rich.console import Console  # rich is slow to load, and only a terminal needs it
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    bar = RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.start()
    bar.add_task(label, total=total, rate="")
    return bar


def track(items: Sequence[_T], label: str, *, silent: bool) -> Iterator[_T]:
    """Yield the items while a bar or lines show how many are done. For a few items, show nothing."""
    if silent or len(items) < 2 * _LEAST_STEP:
        yield from items
    elif is_static():
        step = max(len(items) // 4, _LEAST_STEP)
        for number, item in enumerate(items):
            if number % step == 0:
                print_error_line(_("{label}: {done} of {all}").format(label=label, done=number, all=len(items)))
            yield item
    else:
        bar = _start_bar(label, len(items))
        try:
            for item in items:
                yield item
                bar.advance(bar.task_ids[0])
        finally:
            bar.stop()


@contextmanager
def current_step(label: str, *, silent: bool) -> Iterator[Callable[[str], object]]:
    """Show on stderr what is being done, at a terminal only. Yields what shows the next step.

    Where nothing may move, the label is printed once.
    """
    if silent or not is_terminal(sys.stderr):
        yield str
    elif is_static():
        print_error_line(label)
        yield str
    else:
        from rich.console import Console  # as in `_start_bar`

        # The usual spinner has signs that the font of Windows' console lacks.
        with Console(stderr=True).status(label, spinner="line") as status:
            yield lambda step: status.update(f"{label} {step}")


def watcher(*, silent: bool) -> NoProgress:
    """Return what shows a delivery, or nothing."""
    return NoProgress() if silent else DeliveryProgress()
