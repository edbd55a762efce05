"""A model of delivery: a desk, an outbox, two senders without a lock, a lossy network, and an authority.

How to read it: `delivery_rules` has the state and the rules of the program. Here, `DeliveryModel.steps` yields all that
can happen next. Each step is one transaction of the outbox, or one event outside it; processes may die between any two
steps. `checker` visits every state. `test_models` also breaks each rule and expects a counterexample.

What happens: three reports are saved, the first two of one stay (a check-in, then a check-out or a cancellation). Two
senders, each any number of processes one after another, read the queue, claim, call, and store the answers. They hold
no lock: safety rests on the leases. A sender may also be stopped for longer than its lease, and go on then. A call is
answered, or partly so that it can be read, or nothing leaves (offline), or its outcome is unknown; then the request may
still arrive at any time, or never.
The authority accepts, rejects, leaves pending or defers; a pending report is decided later, or forgotten. A user
withdraws or replaces reports. Processes die, the power is cut, the clock is set back (forward: time passes).

What is promised (`DeliveryModel.broken`; the last by `checker`):

- `once`: the authority acquires no report twice, not under a second id either, and none that was withdrawn or replaced;
- `order`: it acquires no report before the earlier one of its stay;
- `durable`: what a user saw as saved stays in the outbox; what is accepted stays accepted, with its receipt;
- `true`: the outbox calls a report accepted only with a receipt, and only if the authority acquired it;
- `delivered once faults stop`: then every report becomes accepted, or withdrawn; a rejected one after a correction.

Not everything can happen in one check (`CONFIGS`): that would be many millions of states. Abstractions: time is counted
in leases (`TICK`) relative to now, the count of calls stops at 2, the senders are alike (so that a counterexample may
number them again after a step), and a batch has at most two reports. Not modelled: suspension after a wrong password,
waits for the whole property, batches divided for their size or because of one report, receipts that staff type in,
maintenance of the outbox. A lease that is renewed is one that begins later.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import product

from model.checker import Step
from model.delivery_rules import (
    ACCEPTED,
    DEAD,
    DEFERRED,
    FAR,
    PENDING,
    REJECTED,
    SENDING,
    STAYS,
    SUPERSEDED,
    WITHDRAWN,
    Authority,
    Config,
    Decision,
    Id,
    Row,
    Rows,
    Rules,
    Sender,
    State,
    active_reports,
    entry_of,
    put,
)

from apoa_client.ports.entries import Change

_ALL = Config(
    crashes=0,
    verdicts=(ACCEPTED, PENDING, REJECTED, DEFERRED),
    forgets=True,
    slow=True,
    changes=(0,),
    desks=True,
)
CONFIGS = {
    # Three reports, two senders and two crashes; calls that fail, are lost, arrive late, or outlast their lease.
    "calls": Config(slow=True),
    # The same without such slow calls, but with verdicts that come later, or deferred reports, or a wrong clock.
    "verdicts": Config(verdicts=(ACCEPTED, PENDING), forgets=True),
    "waits": Config(verdicts=(ACCEPTED, DEFERRED)),
    "clock": Config(jumps=1),
    "backoff": Config(crashes=0, jumps=1, scheduled=True),
    # Stay A is withdrawn, corrected and rejected: with crashes, or with other events between decision and saving.
    "changes": Config(verdicts=(ACCEPTED, REJECTED), changes=(0,)),
    "desks": Config(crashes=0, verdicts=(ACCEPTED, REJECTED), changes=(0,), desks=True),
    # Everything together, for fewer reports.
    "one stay": _ALL._replace(reports=2),
    "one report": _ALL._replace(reports=1, crashes=1, jumps=1, scheduled=True),
}
"""What is checked exhaustively: from 38,000 to 234,000 states each."""


class DeliveryModel(Rules):
    """All that can happen next in each state."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._in_normal_form = lru_cache(None)(self._normal_row)

    def initial(self) -> State:
        """An empty outbox."""
        rows = (None,) * self.config.reports
        return State(self.config.crashes, self.config.jumps, rows, rows)

    def steps(self, state: State) -> Iterator[Step[State]]:
        """Yield each step, with its state in normal form."""
        for label, after, fault in self._steps(state):
            yield Step(label, self._normal(after, state.rows), fault)

    def broken(self, before: State, after: State) -> str | None:
        """See the module's docstring."""
        if after.rows is before.rows and after.authority is before.authority and after.saved is before.saved:
            return None
        acquired = [report for report, verdict in after.authority if verdict == ACCEPTED]
        numbers = [report[0] for report in acquired]
        rows = {row.id[0]: row for row in after.rows if row is not None}
        if len(numbers) > len(set(numbers)) or any(_is_retired(rows.get(report[0]), report) for report in acquired):
            return "once"
        if 1 in numbers and 0 not in numbers:
            return "order"
        accepted = {(row.id, row.receipt) for row in rows.values() if row.state == ACCEPTED}
        earlier = {(row.id, row.receipt) for row in before.rows if row is not None and row.state == ACCEPTED}
        if not after.saved <= rows.keys() or not earlier <= accepted:
            return "durable"
        return None if all(receipt and report[0] in numbers for report, receipt in accepted) else "true"

    def done(self, state: State) -> bool:
        """Whether every report is accepted or withdrawn."""
        return all(row is None or row.state in {ACCEPTED, WITHDRAWN} for row in state.rows)

    def _steps(self, state: State) -> Iterator[Step[State]]:
        yield from self._desk(state)
        for number in range(len(state.senders)):
            yield from self._sender(state, number)
        yield from self._authority(state)
        yield from self._time(state)
        if state.crashes and (state.disk is not state.rows or all(sender.batch for sender in state.senders)):
            dead = _died(_died(state, 0), 1)  # with one busy sender, it is the same as the death of that sender
            after = dead._replace(rows=dead.disk, decision=None, crashes=state.crashes - 1)
            yield Step("the power is cut", after, fault=True)

    def _normal(self, state: State, old: Rows) -> State:
        """One of several states that differ in nothing that matters; `old` rows have their normal form already."""
        decided = {report for report, verdict in state.authority if verdict in {ACCEPTED, REJECTED}}
        if decided & state.network:  # the request arrives, and gets the stored answer
            state = state._replace(network=state.network - decided)
        if state.rows is not old:
            state = _each(state, self._in_normal_form)
        first, second = map(_order, state.senders)
        leases = [row.lease for row in state.rows if row is not None and row.lease in {0, 1}] if first == second else []
        if first > second or leases[:1] == [1]:  # the senders are alike
            state = _each(state, _SWAP)._replace(senders=state.senders[::-1])
        return state

    def _normal_row(self, row: Row) -> Row:
        """Empties columns that nothing reads in this check, and times that are over for good."""
        if STAYS[row.id[0]] not in self.config.changes:
            row = row._replace(calls=0)
        elif row.state != SENDING:  # one call or more: none of them can turn out unsent any more
            row = row._replace(calls=min(row.calls, 1))
        if not self.config.scheduled:
            row = row._replace(next_attempt_at=None)
        if not self.config.jumps:
            row = row._replace(next_attempt_at=row.next_attempt_at or None, not_before=row.not_before or None)
        return row

    # The desk.

    def _desk(self, state: State) -> Iterator[Step[State]]:
        for number, row in enumerate(state.rows):
            of_known_stay = STAYS[number] in STAYS[:number]
            if row is None and (not of_known_stay or active_reports(state.rows, STAYS[number])):
                yield Step(f"the desk saves {_name((number, 0))}", self.save(state, Row((number, 0), number)))
        if state.decision is not None:
            yield self._save_decision(state, state.decision)
        else:
            for stay in self.config.changes:
                yield from self._decide(state, stay)

    def _decide(self, state: State, stay: int) -> Iterator[Step[State]]:
        active = active_reports(state.rows, stay)
        free = tuple(report for report in active if (row := state.rows[report[0]]) and entry_of(row).withdrawable)
        decisions = [Decision((report,), SUPERSEDED, active) for report in free if not report[1]]
        # The last report alone, or the whole stay.
        decisions += [Decision(ids, WITHDRAWN, active) for ids in {active[-1:], active} if ids and {*ids} <= {*free}]
        for decision in decisions:
            if self.config.desks:
                label = f"a user decides that {_names(decision.ids)} shall be {decision.retired}"
                yield Step(label, state._replace(decision=decision))
            else:
                yield self._save_decision(state, decision)

    def _save_decision(self, state: State, decision: Decision) -> Step[State]:
        after = state._replace(decision=None)
        retired = [row for row in state.rows if row is not None and row.id in decision.ids]
        if not self.may_save(state.rows, decision.active) or not all(map(self.may_retire, retired)):
            return Step("what the user decided is refused: the stay has changed", after)
        rows = state.rows
        for row in retired:
            gone = row._replace(state=WITHDRAWN, next_attempt_at=None, not_before=None)
            rows = put(rows, gone if decision.retired == WITHDRAWN else self.replacement(row))
        return Step(
            f"what the user decided is saved: {decision.retired} {_names(decision.ids)}", self.commit(after, rows)
        )

    # The senders.

    def _sender(self, state: State, number: int) -> Iterator[Step[State]]:
        sender, who = state.senders[number], f"sender {number}"
        if sender.phase == "idle":
            batch = self.next_batch(self.heads(state.rows))
            if batch:
                yield Step(f"{who} reads {_names(batch)}", _work(state, number, Sender("read", batch)))
            yield from self._ask(state, number)
            return
        if sender.phase == "read":
            yield self._claim(state, number)
        elif sender.phase == "claimed":
            yield from self._call(state, number)
        else:
            yield self._store(state, number)
        if state.crashes:
            after = _died(state, number)._replace(crashes=state.crashes - 1)
            yield Step(f"{who} dies", after, fault=True)

    def _claim(self, state: State, number: int) -> Step[State]:
        rows, batch = state.rows, list[Id]()
        for report in state.senders[number].batch:
            row = rows[report[0]]
            if row is not None and row.id == report and self.may_claim(row):
                rows = put(rows, self.claimed(row, number))
                batch.append(report)
        if not batch:
            return Step(f"sender {number} finds nothing left to claim", _work(state, number, Sender()))
        after = _work(self.store_claim(state, rows), number, Sender("claimed", tuple(batch)))
        return Step(f"sender {number} claims {_names(batch)}", after)

    def _call(self, state: State, number: int) -> Iterator[Step[State]]:
        batch, who = state.senders[number].batch, f"sender {number}"
        for answers, authority in self._received(state.authority, [self._sent(state, report) for report in batch]):
            after = _work(state, number, Sender("called", batch, answers))._replace(authority=authority)
            yield Step(f"{who} gets an answer: {', '.join(answers)}", after, DEFERRED in answers)
            if len(batch) > 1:
                for partly in ((answers[0], "unknown"), ("unknown", answers[1])):
                    part = _work(after, number, Sender("called", batch, partly))
                    yield Step(f"{who} gets an answer that is partly readable: {', '.join(partly)}", part, fault=True)
        for failure in ("offline", "unknown"):
            after = _work(state, number, Sender("called", batch, (failure,) * len(batch)))
            if failure == "unknown":
                sent = [self._sent(state, report) for report in batch]
                after = after._replace(network=state.network.union(sent))
            yield Step(f"{who}'s call fails: {failure}", after, fault=True)

    def _sent(self, state: State, report: Id) -> Id:
        row = state.rows[report[0]]
        return self.id_to_send(row) if row is not None and row.id == report else report

    def _store(self, state: State, number: int) -> Step[State]:
        sender, rows = state.senders[number], state.rows
        for report, answer in zip(sender.batch, sender.answers, strict=True):
            row = rows[report[0]]
            if row is not None and row.id == report:
                change = self._change(row, number, sender.phase, answer)
                rows = rows if change is None else put(rows, self.changed(row, change))
        return Step(f"sender {number} stores the answer", _work(self.commit(state, rows), number, Sender()))

    def _change(self, row: Row, number: int, phase: str, answer: str | None) -> Change | None:
        if phase == "asked":
            if not self.may_settle_pending(row):
                return None
            return self.after_forgetting() if answer is None else self.after_verdict(answer)
        if not self.may_settle(row, number):
            return None
        assert answer is not None
        return self.after_failure(row, answer) if answer in {"offline", "unknown"} else self.after_verdict(answer)

    def _ask(self, state: State, number: int) -> Iterator[Step[State]]:
        for row in state.rows:
            if row is not None and row.state == PENDING:
                answer = dict(state.authority).get(row.id)
                after = _work(state, number, Sender("asked", (row.id,), (answer,)))
                # Nothing follows from the answer "pending", so nothing may depend on asking then.
                yield Step(f"sender {number} asks about {_name(row.id)}: {answer}", after, answer == PENDING)

    # The authority, the network and time.

    def _received(self, authority: Authority, reports: list[Id]) -> Iterator[tuple[tuple[str, ...], Authority]]:
        """Each possible answer to a call, and what the authority stores then."""
        stored = [self.stored_verdict(authority, report) for report in reports]
        options = [
            self._verdicts(report) if old is None else (old,) for report, old in zip(reports, stored, strict=True)
        ]
        for answers in product(*options):
            new = [
                (report, answer)
                for report, old, answer in zip(reports, stored, answers, strict=True)
                if old is None and answer != DEFERRED
            ]
            yield answers, tuple(sorted((*authority, *new)))

    def _verdicts(self, report: Id) -> tuple[str, ...]:
        """Only what a user can correct is rejected, and only once."""
        never = {REJECTED} if report[1] or STAYS[report[0]] not in self.config.changes else set()
        return tuple(verdict for verdict in self.config.verdicts if verdict not in never)

    def _authority(self, state: State) -> Iterator[Step[State]]:
        for report in state.network:
            for _answers, authority in self._received(state.authority, [report]):
                after = state._replace(network=state.network - {report}, authority=authority)
                yield Step(f"a late request arrives: {_name(report)}", after)
        for report, verdict in state.authority:
            if verdict == PENDING:
                rest = tuple(item for item in state.authority if item[0] != report)
                for decided in self._verdicts(report):
                    if decided in {ACCEPTED, REJECTED}:
                        after = state._replace(authority=tuple(sorted((*rest, (report, decided)))))
                        yield Step(f"the authority decides {_name(report)}: {decided}", after)
                if self.config.forgets:
                    yield Step(f"the authority forgets {_name(report)}", state._replace(authority=rest), fault=True)

    def _time(self, state: State) -> Iterator[Step[State]]:
        slow = any(sender.phase in {"claimed", "called"} for sender in state.senders)
        if self.config.slow or not slow:
            yield Step("time passes" + ", longer than a lease, during a call" * slow, _each(state, _LATER), slow)
        if state.jumps:
            for back, name in ((_BACK, "by a lease"), (_FAR_BACK, "by weeks")):
                after = _each(state, back)
                if after != state:
                    yield Step(f"the clock is set back {name}", after._replace(jumps=state.jumps - 1), fault=True)


# Changing states.


def _work(state: State, number: int, sender: Sender) -> State:
    senders = state.senders
    return state._replace(senders=(sender, senders[1]) if number == 0 else (senders[0], sender))


def _each(state: State, change: Callable[[Row], Row]) -> State:
    """The state with all rows changed, those on the disk too."""
    rows = tuple(row and change(row) for row in state.rows)
    if rows == state.rows and state.disk is state.rows:
        return state
    disk = rows if state.disk is state.rows else tuple(row and change(row) for row in state.disk)
    return state._replace(rows=rows, disk=disk)


def _died(state: State, number: int) -> State:
    """The state after the death of a sender. If it was in a call, the request may still arrive."""
    sender = state.senders[number]
    if sender.phase == "claimed":
        state = state._replace(network=state.network.union(sender.batch))
    return _work(_each(state, _DEAD[number]), number, Sender())


def _renamed(names: dict[int | None, int]) -> Callable[[Row], Row]:
    """Return a function that gives a row's lease to another process."""
    return lru_cache(None)(lambda row: row._replace(lease=names.get(row.lease, row.lease)))


_DEAD = [_renamed({number: DEAD}) for number in (0, 1)]
_SWAP = _renamed({0: 1, 1: 0})


def _moved(ticks: int) -> Callable[[Row], Row]:
    """Return a function that moves a row's times, which are relative to now: -1 is a tick later, +1 set back by one."""

    def move(at: int | None) -> int | None:
        return at if at is None or at == FAR else min(max(at + ticks, 0), FAR)

    @lru_cache(None)
    def moved(row: Row) -> Row:
        return row._replace(
            lease_until=move(row.lease_until),
            next_attempt_at=move(row.next_attempt_at),
            not_before=move(row.not_before),
        )

    return moved


_LATER, _BACK, _FAR_BACK = map(_moved, (-1, 1, FAR))


def _is_retired(row: Row | None, report: Id) -> bool:
    """Whether a report was withdrawn, or replaced by the one in its place."""
    return row is not None and (row.state == WITHDRAWN or row.id[1] > report[1])


@lru_cache(None)
def _order(sender: Sender) -> tuple[object, ...]:
    return sender.phase, sender.batch, tuple(map(str, sender.answers))


def _name(report: Id) -> str:
    return ("check-in A", "second report A", "check-in B")[report[0]] + "'" * report[1]


def _names(reports: Iterable[Id]) -> str:
    return " and ".join(map(_name, reports))
