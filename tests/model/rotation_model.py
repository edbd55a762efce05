"""A model of key rotation while guests are typed in: every stored report must open, whatever is interrupted.

Read `delivery_model` first. A key pair is a number. Each desk reads the public key from the settings when its
command starts and seals a report to it; the transaction that stores the report comes any time later. A rotation is a
series of durable steps (`RotationModel.procedure`), dies between any two of them, and is started again with another
key. The three reports have their places in the outbox's order, and are saved in any order, so that one may also come to
lie behind the place that a rotation has reached, as a replacement does.

What is promised: `opens`: the vault has a private key for every stored report, and for the settings' public key;
`accused`: it has one for the public key that the outbox names (`outbox.sql.codes:RowCodes.authenticator`). And once
faults stop, every report is stored and no rotation hangs.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from model.checker import Step, implemented_by

REPORTS = 3


class Vault(NamedTuple):
    """The private keys in the keyring."""

    current: int = 0
    next: int | None = None
    old: int | None = None


class Rotation(NamedTuple):
    """A running rotation: its key, how many steps are done, and the key with which it goes on afterwards."""

    key: int
    done: int = 0
    then: int | None = None


class State(NamedTuple):
    """Everything that is remembered somewhere."""

    crashes: int
    rotations: int
    """How many more a user may start."""
    vault: Vault = Vault()
    settings: int = 0
    """The public key in the settings."""
    recorded: int | None = None
    """The public key in the outbox; None in one that an earlier version made."""
    rows: tuple[int | None, ...] = (None,) * REPORTS
    """The key to which each stored report is sealed."""
    desks: tuple[int | None, ...] = (None, None)
    """The key to which each desk has sealed the report that it is about to store."""
    running: tuple[Rotation, ...] = ()


class RotationModel:
    """The protocol with its rules, and all that can happen next."""

    def __init__(self, crashes: int = 2, rotations: int = 3) -> None:
        self._crashes, self._rotations = crashes, rotations

    @implemented_by("outbox.sql.claims:maintenance", "app.key_rotation:KeyPair.change")
    def may_start(self, state: State) -> bool:
        """One rotation at a time."""
        return not state.running

    @implemented_by("app.key_rotation:KeyPair.change", "app.key_rotation:KeyPair.unfinished_key")
    def started(self, vault: Vault, key: int) -> Rotation:
        """A rotation that was interrupted is finished first."""
        return Rotation(key) if vault.next is None else Rotation(vault.next, then=key)

    @implemented_by(
        "app.key_rotation:KeyPair._change",
        "vault.store:Keys.begin_rotation",
        "outbox.sql.register:record_public_key",
        "outbox.sql.reseal:SealedRecords.reseal",
        "vault.store:Keys.finish_rotation",
        "vault.store:Keys._replace_current",
        "outbox.sql.reseal:SealedRecords.opens_all",
        "vault.store:Keys.delete_old",
    )
    def procedure(self) -> tuple[str, ...]:
        """The order of a rotation's steps."""
        return ("next", "settings", "recorded", *map(str, range(REPORTS)), "old", "current", "no next", "no old")

    @implemented_by("outbox.sql.register:sealed_to_current_key", "outbox.sql.store:Outbox.add")
    def stored(self, state: State, sealed_to: int) -> int:
        """The transaction that stores a report seals it again if the outbox has another key."""
        return sealed_to if state.recorded in {None, sealed_to} else state.settings

    def initial(self) -> State:
        """An empty outbox with its first key."""
        return State(self._crashes, self._rotations)

    def steps(self, state: State) -> Iterator[Step[State]]:
        """Yield each step."""
        for number, sealed_to in enumerate(state.desks):
            yield from self._desk(state, number, sealed_to)
        if state.rotations and self.may_start(state):
            rotation = self.started(state.vault, self._rotations - state.rotations + 1)
            after = state._replace(rotations=state.rotations - 1, running=(*state.running, rotation))
            yield Step("a user starts a rotation", after)
        for rotation in state.running:
            others = tuple(other for other in state.running if other is not rotation)
            yield self._rotate(state, rotation, others)
            if state.crashes:
                after = state._replace(running=others, crashes=state.crashes - 1)
                yield Step(f"the rotation to key {rotation.key} dies", after, fault=True)

    def broken(self, _before: State, after: State) -> str | None:
        """See the module's docstring."""
        needed = {after.settings, *after.rows} - {None}
        if not needed <= {*after.vault}:
            return "opens"
        return None if after.recorded in {None, *after.vault} else "accused"

    def done(self, state: State) -> bool:
        """Whether every report is stored, and nothing is under way."""
        return None not in state.rows and not state.running

    def _desk(self, state: State, number: int, sealed_to: int | None) -> Iterator[Step[State]]:
        def desks(key: int | None) -> tuple[int | None, ...]:
            return (*state.desks[:number], key, *state.desks[number + 1 :])

        if sealed_to is None:
            if state.rows.count(None) > len(state.desks) - state.desks.count(None):
                after = state._replace(desks=desks(state.settings))
                yield Step(f"desk {number} seals a report to key {state.settings}", after)
            return
        for place, row in enumerate(state.rows):
            if row is None:
                rows = (*state.rows[:place], self.stored(state, sealed_to), *state.rows[place + 1 :])
                yield Step(f"desk {number} stores it as report {place}", state._replace(desks=desks(None), rows=rows))

    def _rotate(self, state: State, rotation: Rotation, others: tuple[Rotation, ...]) -> Step[State]:
        step, key, procedure = self.procedure()[rotation.done], rotation.key, self.procedure()
        following: Rotation | None = rotation._replace(done=rotation.done + 1)
        if rotation.done + 1 == len(procedure):
            following = None if rotation.then is None else Rotation(rotation.then)
        state = state._replace(running=others if following is None else (*others, following))
        return Step(f"the rotation to key {key}: {step}", _carried_out(state, step, key))


def _carried_out(state: State, step: str, key: int) -> State:
    """The state after one step of a rotation."""
    vault = state.vault
    changes: dict[str, dict[str, Any]] = {
        "next": {"vault": vault._replace(next=key)},
        "settings": {"settings": key},
        "recorded": {"recorded": key},
        "old": {"vault": vault._replace(old=vault.old if vault.current == key else vault.current)},
        "current": {"vault": vault._replace(current=key)},
        "no next": {"vault": vault._replace(next=None)},
        "no old": {"vault": vault._replace(old=None)},
    }
    if step in changes:
        return state._replace(**changes[step])
    place = int(step)
    sealed = None if state.rows[place] is None else key
    return state._replace(rows=(*state.rows[:place], sealed, *state.rows[place + 1 :]))
