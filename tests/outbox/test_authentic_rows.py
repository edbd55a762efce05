"""No authentic outbox is accused: whatever processes with and without the key do, in any order."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from basics import search
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from key_helpers import new_key_pair
from outbox_helpers import HOUR, NOON, PHOTO, PRIVATE_KEY, PUBLIC_KEY, finding, receipt, report, uuid
from outbox_stores import AnyOutbox, NewStore, Store, new_sqlite_store

from apoa_client.errors import ApoaError, SecretMissing
from apoa_client.messages import msg
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.entries import Change, NewReport
from apoa_client.ports.run import OutboxVersion
from apoa_client.ports.state import Actor, AuditEvent, Suspension
from apoa_client.report.kinds import Kind, PhotoState, State
from apoa_client.vault.sealing import PropertySealer, RowAuthenticator

NUMBERS = st.integers(0, 11)
SETTLED = st.sampled_from([State.QUEUED, State.PENDING, State.REJECTED, State.ACCEPTED])
SIDES = st.sampled_from(["here", "there"])
ACTS: dict[str, Callable[[AnyOutbox, int, datetime], object]] = {
    "supersede": lambda box, n, _now: box.add(report(n + 40, n // 3), due_at=None, replaces=[uuid(n)]),
    "check out": lambda box, n, _now: box.add(report(n + 60, n // 3, kind=Kind.CHECK_OUT), due_at=None),
    "withdraw": lambda box, n, _now: box.withdraw([uuid(n)]),
    "type a number": lambda box, n, _now: box.record_receipt(uuid(n), receipt(n)._replace(typed=True)),
    "send a photo": lambda box, n, _now: box.settle_photo(uuid(n), PhotoState.SENT),
    "refuse a photo": lambda box, n, _now: box.settle_photo(uuid(n), PhotoState.REFUSED),
    "erase": lambda box, n, _now: box.eraser.stay(report(0, n // 3).stay_id, dry_run=False),
    "erase what is due": lambda box, _n, now: box.eraser.finished(now + timedelta(days=30), now, dry_run=False),
    "suspend": lambda box, _n, now: box.set_suspension(Suspension("wrong_password", now, "settings")),
    "resume": lambda box, _n, _now: box.set_suspension(None),
    "hold": lambda box, n, now: box.hold(now + timedelta(minutes=n + 1)),
}
"""Changes of a report, or of what stops sending."""
SEVERAL = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), NUMBERS, st.booleans()), min_size=1, max_size=8)
REFUSALS = {"report_exists", "report_moved", "key_needed", "undelivered", "no_photo", "outbox_not_allowed"}
"""Why a desk or a sender may be refused: each leaves everything as it was."""


class Keys:
    """The keys of the property: what the settings and the vault have now."""

    def __init__(self) -> None:
        self.private, self.public, self.spares = PRIVATE_KEY, PUBLIC_KEY, list[bytes]()

    def sealer(self, *, has_key: bool) -> PropertySealer:
        """That of a new process."""
        key = (lambda: self.private) if has_key else self._missing
        return PropertySealer(self.public, key, lambda: self.spares, lambda: self.public)

    def authenticators(self) -> tuple[RowAuthenticator, RowAuthenticator]:
        """Of the key of before, and of the new one, during a rotation."""
        return RowAuthenticator(self.spares[0], tuple), RowAuthenticator(self.private, lambda: self.spares)

    def _missing(self) -> bytes:
        raise SecretMissing(msg("The keyring is locked."))


class Side(NamedTuple):
    """One outbox, opened by a process with the key and by one without it."""

    store: Store
    keyed: AnyOutbox
    keyless: AnyOutbox

    def box(self, *, has_key: bool) -> AnyOutbox:
        return self.keyed if has_key else self.keyless


class _Interrupted(Exception):
    """The rotation is interrupted here."""


class Machine(RuleBasedStateMachine):
    """A desk's own file and the outbox that it hands over to, each used by two processes."""

    def __init__(self, new_store: NewStore) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stores = {
            "there": self.stack.enter_context(new_store()),
            "here": self.stack.enter_context(new_sqlite_store()),
        }

    @initialize()
    def begin(self) -> None:
        self.now = NOON
        self.keys = Keys()
        self.known: dict[str, OutboxVersion | None] = {"here": None, "there": None}
        self.sides = {name: self._opened(store) for name, store in self.stores.items()}
        self.leases: dict[str, list[str]] = {"here": [], "there": []}
        for side in self.sides.values():
            side.keyed.record_public_key(side.keyed._sealer.public_key)

    def _opened(self, store: Store) -> Side:
        actor = Actor(lambda: "putu", lambda: self.now)
        keyed, keyless = (store.open(self.keys.sealer(has_key=has_key), actor) for has_key in (True, False))
        return Side(store, keyed, keyless)

    def teardown(self) -> None:
        for side in getattr(self, "sides", {}).values():
            side.keyed.close()
            side.keyless.close()
        self.stack.close()

    def attempt(self, action: Callable[[], object], *names: str) -> Any:
        try:
            return action()
        except ApoaError as exc:
            assert exc.name in {*REFUSALS, *names}, exc.name  # noqa: PT017  any other error is raised
            return None

    @rule(
        name=SIDES,
        numbers=st.lists(NUMBERS, min_size=1, max_size=3, unique=True),
        has_key=st.booleans(),
        photo=st.booleans(),
    )
    def save(self, name: str, numbers: list[int], *, has_key: bool, photo: bool) -> None:
        group = [
            NewReport(report(n, n // 3), self.now, [finding()], n, photo=PHOTO if photo else None) for n in numbers
        ]
        self.attempt(lambda: self.sides[name].box(has_key=has_key).add_all(group))

    @rule(name=SIDES, number=NUMBERS, has_key=st.booleans())
    def save_batch(self, name: str, number: int, *, has_key: bool) -> None:
        def save() -> None:
            with self.sides[name].box(has_key=has_key).batch() as batch:
                batch.add(1, [NewReport(report(number + 20), self.now)])
                batch.save(AuditEvent("imported"))

        if not self.sides[name].keyed.find(uuid(number + 20)):
            self.attempt(save)

    @rule(name=SIDES, acts=SEVERAL)
    def change(self, name: str, acts: list[tuple[str, int, bool]]) -> None:
        for act, number, has_key in acts:
            self.attempt(partial(ACTS[act], self.sides[name].box(has_key=has_key), number, self.now))

    @rule(name=SIDES, numbers=st.lists(NUMBERS, max_size=6), has_key=st.booleans())
    def claim(self, name: str, numbers: list[int], *, has_key: bool) -> None:
        box = self.sides[name].box(has_key=has_key)
        ids = [uuid(number) for number in numbers]
        claimed = self.attempt(lambda: box.claim(ids, now=self.now, lease_until=self.now + HOUR / 12))
        if claimed is not None:
            self.leases[name].append(claimed[0])

    @rule(data=st.data(), name=SIDES, number=NUMBERS, state=SETTLED, has_key=st.booleans())
    def settle(self, data: st.DataObject, name: str, number: int, state: State, *, has_key: bool) -> None:
        change = Change(uuid(number), state, receipt=receipt(number) if state is State.ACCEPTED else None)
        lease = data.draw(st.sampled_from(["pending", *self.leases[name]]))
        box = self.sides[name].box(has_key=has_key)
        self.attempt(lambda: box.settle_pending([change]) if lease == "pending" else box.settle(lease, [change]))

    @rule(data=st.data(), name=SIDES, has_key=st.booleans())
    def release(self, data: st.DataObject, name: str, *, has_key: bool) -> None:
        lease = data.draw(st.sampled_from(["none", *self.leases[name]]))
        self.attempt(lambda: self.sides[name].box(has_key=has_key).release(lease))

    @rule(name=SIDES, history=st.booleans(), one=st.booleans(), has_key=st.booleans())
    def hand_over(self, name: str, *, history: bool, one: bool, has_key: bool) -> None:
        target, source = self.sides[name], self.sides["here" if name == "there" else "there"]
        to, of = target.box(has_key=has_key), source.box(has_key=has_key)
        done = self.attempt(lambda: to.receive(of.database, history=history, is_over=(lambda: True) if one else None))
        assert done is None or done.problem is None or done.problem.name in REFUSALS

    @rule(interrupted=st.booleans())
    def rotate(self, *, interrupted: bool) -> None:
        if not self.keys.spares:
            self.keys.spares = [self.keys.private]
            self.keys.private, self.keys.public = new_key_pair()
        for side in self.sides.values():
            with side.store.open(self.keys.sealer(has_key=True)) as box:
                both = self.keys.sealer(has_key=True)
                steps: list[None] = []

                def go_on(steps: list[None] = steps, side: Side = side) -> None:
                    steps.append(None)
                    assert side.keyed.authenticate(ask=False).doubts == ()
                    if interrupted and len(steps) > 1:
                        raise _Interrupted

                try:
                    box.sealed_records.reseal(both.renew, both.public_key, self.keys.authenticators(), go_on)
                except _Interrupted:
                    return
        self.keys.spares = []

    @rule(minutes=st.integers(1, 30))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(name=SIDES)
    def reopen(self, name: str) -> None:
        self.sides[name].keyed.close()
        self.sides[name].keyless.close()
        self.sides[name] = self._opened(self.stores[name])

    @rule(name=SIDES)
    def check(self, name: str) -> None:
        """As each delivery does, with the version of the vault, which never falls."""
        known = self.known[name]
        found = self.sides[name].keyed.authenticate(ask=False, known=known)
        assert (found.doubts, found.unchecked) == ((), False)
        if found.version is not None:
            assert known is None or (found.version.outbox == known.outbox and found.version.number >= known.number)
            self.known[name] = found.version

    @invariant()
    def nothing_is_in_doubt(self) -> None:
        for name, side in self.sides.items():
            assert side.keyed.integrity.verify(partial(self.known.get, name)).doubts == ()
            assert side.keyed.integrity.doubts() == []
            assert not side.keyed.summary(now=self.now, soon=self.now).contradicted
            # Without the key it is not known that a rotation was interrupted, and nothing more is said.
            may_be_said = {Doubt(DoubtKind.UNCHECKED)} if self.keys.spares else set()
            with side.store.open(self.keys.sealer(has_key=False)) as keyless:
                found = keyless.authenticate(ask=False)
                assert found.unchecked
                assert {*found.doubts, *keyless.integrity.doubts()} <= may_be_said


def test_any_work_in_any_order(new_store: NewStore) -> None:
    """Saves, leases, results, corrections, erasures, hand-overs, rotations: nothing is ever named."""
    factory: Any = partial(Machine, new_store)
    run_state_machine_as_test(factory, settings=search(30, stateful_step_count=25))
