"""A model of a hand-over: a report that a desk saved in its own file goes to the shared outbox.

Read `delivery_model` first. The file and the shared outbox each have a row of the report, or none. Two processes hand
it over in three durable steps, each of which may come at any time after the one before; a process dies between any two
of them. Meanwhile a user withdraws the report on the desk or at another one, and the shared outbox is sent.

What is promised: `withdrawn`: a report that was withdrawn is never sent afterwards, and one that was sent is not
withdrawn. `lost`: a report that was not withdrawn is in one of the two. And once faults stop, the file is empty, and
the report is sent or withdrawn.
"""

from collections.abc import Iterator
from typing import NamedTuple

from model.checker import Step, implemented_by

QUEUED, MARKED, SENDING, SENT, WITHDRAWN = "queued", "marked", "sending", "sent", "withdrawn"


class State(NamedTuple):
    """Everything that is remembered somewhere."""

    crashes: int
    here: str | None = QUEUED
    """The row in the desk's own file."""
    there: str | None = None
    """The row in the shared outbox."""
    was_withdrawn: bool = False
    """Whether a user was shown that the report is withdrawn."""
    received: bool = False
    """Whether the authority has the report."""
    steps: tuple[int, ...] = (0, 0)
    """How many steps of its hand-over each process has done."""
    copies: tuple[str, ...] = (QUEUED, QUEUED)
    """The row as each process has read it."""


class HandOverModel:
    """The protocol with its rules, and all that can happen next."""

    def __init__(self, crashes: int = 3) -> None:
        self._crashes = crashes

    @implemented_by("outbox.sql.hand_over:HandOver._mark")
    def marked(self, here: str) -> str:
        """Return the row here after the first step: what is open is marked, what is closed stays as it is."""
        return MARKED if here == QUEUED else here

    @implemented_by("outbox.sql.hand_over:HandOver._store", "outbox.sql.hand_over:_without_mark")
    def stored(self, there: str | None, copy: str) -> str:
        """Return the row there after the second step: one that is there stays as it is."""
        return (QUEUED if copy == MARKED else copy) if there is None else there

    @implemented_by("outbox.sql.hand_over:HandOver._release")
    def released(self, here: str | None) -> str | None:
        """Return the row here after the third step."""
        return None if here in {MARKED, WITHDRAWN} else here

    @implemented_by("outbox.sql.insertion:retire", "outbox.sql.queries:WITHDRAWABLE")
    def may_withdraw(self, row: str | None) -> bool:
        """Return whether a user may withdraw the report in one of the outboxes."""
        return row == QUEUED

    def initial(self) -> State:
        """A report that was just saved."""
        return State(self._crashes)

    def steps(self, state: State) -> Iterator[Step[State]]:
        """Yield each step."""
        for number, done in enumerate(state.steps):
            yield from self._process(state, number, done)
            if done and state.crashes:
                after = _at(state, number, 0)._replace(crashes=state.crashes - 1)
                yield Step(f"process {number} dies", after, fault=True)
        if self.may_withdraw(state.here):
            yield Step("withdrawn on the desk", state._replace(here=WITHDRAWN, was_withdrawn=True))
        if self.may_withdraw(state.there):
            yield Step("withdrawn at another desk", state._replace(there=WITHDRAWN, was_withdrawn=True))
        if state.there == QUEUED:
            yield Step("claimed", state._replace(there=SENDING))
        if state.there == SENDING:
            yield Step("sent", state._replace(there=SENT, received=True))

    def broken(self, before: State, after: State) -> str | None:
        """See the module's docstring."""
        if (after.received and not before.received and before.was_withdrawn) or (
            after.was_withdrawn and not before.was_withdrawn and before.received
        ):
            return "withdrawn"
        return "lost" if after.here is None and after.there is None else None

    def done(self, state: State) -> bool:
        """Whether nothing is left in the file, and the report is sent or withdrawn."""
        return state.here is None and state.there in {SENT, WITHDRAWN}

    def _process(self, state: State, number: int, done: int) -> Iterator[Step[State]]:
        if done == 0 and state.here is not None:
            marked = self.marked(state.here)
            copies = (*state.copies[:number], marked, *state.copies[number + 1 :])
            after = _at(state, number, 1)._replace(here=marked, copies=copies)
            yield Step(f"process {number} marks and reads it", after)
        elif done == 1:
            after = _at(state, number, 2)._replace(there=self.stored(state.there, state.copies[number]))
            yield Step(f"process {number} stores it there", after)
        elif done == 2:
            after = _at(state, number, 0)._replace(here=self.released(state.here))
            yield Step(f"process {number} deletes it here", after)


def _at(state: State, number: int, done: int) -> State:
    return state._replace(steps=(*state.steps[:number], done, *state.steps[number + 1 :]))
