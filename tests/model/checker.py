"""An explicit-state model checker: it visits every state that a model can reach, breadth first, and checks each step.

A model is a set of states (hashable values) and of steps between them. Two kinds of promises are checked:

- **Safety**: no step breaks a promise (`Model.broken`). The first step that does is returned with the shortest list of
  steps that leads to it.
- **Liveness**: whatever happened before, every report reaches its end once faults stop. Consider only the steps that
  are not faults and that change something. This graph must have no cycle, and wherever it ends, `Model.done` must hold.
  Then every run without further faults ends well, whichever of the possible steps happens next, as long as one of them
  does. (The usual proof with fair schedules allows cycles that a fair scheduler leaves; these models have none.)
"""

import gc
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

S = TypeVar("S", bound=Hashable)
F = TypeVar("F", bound=Callable[..., Any])

ENDS_WELL = "delivered once faults stop"
"""The name of the promise about liveness."""


class Step(NamedTuple, Generic[S]):
    """One step: what happens, the state after it, and whether it is a fault, on which no delivery may depend."""

    label: str
    after: S
    fault: bool = False


class Model(Protocol[S]):
    """What the checker needs to know about a model."""

    def initial(self) -> S:
        """Return the state in which everything begins."""
        ...

    def steps(self, state: S) -> Iterable[Step[S]]:
        """Yield every step that is possible in a state."""
        ...

    def broken(self, before: S, after: S) -> str | None:
        """Return the name of the promise that this step breaks, or None."""
        ...

    def done(self, state: S) -> bool:
        """Return whether every report has reached its end."""
        ...


class Result(NamedTuple):
    """What a check found: the number of states and steps, and the broken promise with its counterexample."""

    states: int
    steps: int
    broken: str | None = None
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        steps = "".join(f"\n{number:4}  {label}" for number, label in enumerate(self.trace, 1))
        return f"{self.states} states, {self.steps} steps; broken: {self.broken}{steps}"


def check(model: Model[S]) -> Result:
    """Visit every reachable state of a model and return the result; the search ends at the first broken promise."""
    collecting = gc.isenabled()
    gc.disable()  # tuples of tuples form no cycles, and looking for some takes a third of the time
    try:
        return _Search(model).run()
    finally:
        if collecting:
            gc.enable()


class _Search(Generic[S]):
    def __init__(self, model: Model[S]) -> None:
        start = model.initial()
        self.model = model
        self.states = [start]
        self.number = {start: 0}
        self.origin = [(0, "")]
        """By a state's number: the number of the state before it, and the label of the step between."""
        self.good = list[list[int]]()
        """By a state's number: the states that follow without a fault."""
        self.steps = 0

    def run(self) -> Result:
        for here, before in enumerate(self.states):  # it grows meanwhile
            broken = self._visit(here, before)
            if broken is not None:
                return broken
        stuck = self._never_ends_well()
        if stuck is None:
            return Result(len(self.states), self.steps)
        return Result(len(self.states), self.steps, ENDS_WELL, (*self._trace(stuck[0]), *stuck[1]))

    def _visit(self, here: int, before: S) -> Result | None:
        good = set[int]()
        for label, after, fault in self.model.steps(before):
            if after == before:
                continue
            self.steps += 1
            broken = self.model.broken(before, after)
            if broken is not None:
                return Result(len(self.states), self.steps, broken, (*self._trace(here), label))
            there = self.number.setdefault(after, len(self.states))
            if there == len(self.states):
                self.states.append(after)
                self.origin.append((here, label))
            if not fault:
                good.add(there)
        self.good.append(list(good))
        return None

    def _trace(self, state: int) -> list[str]:
        """The labels of the shortest way to a state."""
        labels = []
        while state:
            state, label = self.origin[state]
            labels.append(label)
        return labels[::-1]

    def _never_ends_well(self) -> tuple[int, list[str]] | None:
        """A state from which not every run without faults ends well, and how it goes on; None if there is none.

        Ends are taken away again and again (Kahn's algorithm, backwards). What is left leads to a cycle.
        """
        before = [list[int]() for _ in self.good]
        for state, after in enumerate(self.good):
            for other in after:
                before[other].append(state)
        left = [len(after) for after in self.good]
        ends = [state for state, count in enumerate(left) if count == 0]
        for state in ends:  # it grows meanwhile
            if not self.good[state] and not self.model.done(self.states[state]):
                return state, ["(nothing more happens)"]
            for other in before[state]:
                left[other] -= 1
                if left[other] == 0:
                    ends.append(other)
        stuck = next((state for state, count in enumerate(left) if count), None)
        return None if stuck is None else (stuck, self._cycle(stuck, left))

    def _cycle(self, state: int, left: list[int]) -> list[str]:
        """The labels of steps without faults from a state until one state comes again."""
        labels, seen = list[str](), set[int]()
        while state not in seen:
            seen.add(state)
            following = next(other for other in self.good[state] if left[other])
            steps = self.model.steps(self.states[state])
            labels.append(next(step.label for step in steps if step.after == self.states[following] and not step.fault))
            state = following
        return [*labels, "(and so on for ever)"]


def implemented_by(*functions: str) -> Callable[[F], F]:
    """Name the functions, methods and statements of the package that a rule of a model stands for."""

    def decorate(rule: F) -> F:
        rule.__dict__["implemented_by"] = functions
        return rule

    return decorate


def rules_of(model: type) -> dict[str, tuple[str, ...]]:
    """Return the rules of a model's class, each with what implements it."""
    rules = {name: getattr(getattr(model, name), "implemented_by", None) for name in dir(model)}
    return {name: functions for name, functions in rules.items() if functions is not None}


@lru_cache
def find(reference: str) -> object:
    """Return what a reference such as `delivery.plan:may_send` names. Raises if the package has no such thing."""
    module, _, path = reference.partition(":")
    found: object = import_module(f"apoa_client.{module}")
    for name in path.split("."):
        found = getattr(found, name)
    return found
