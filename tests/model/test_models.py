"""The protocols are right in every reachable state of their models, and each of their rules is needed.

`slow`: about a minute on one core for all checks of delivery together. How to read a model: `delivery_model`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model.checker import ENDS_WELL, check, find, rules_of
from model.delivery_model import CONFIGS, DeliveryModel
from model.delivery_rules import (
    ACCEPTED,
    FAR,
    NOW,
    PENDING,
    QUEUED,
    REJECTED,
    SENDING,
    STAYS,
    TICK,
    WITHDRAWN,
    Config,
    Row,
    Rows,
    Rules,
    to_ticks,
)
from model.hand_over_model import MARKED, HandOverModel
from model.rotation_model import Rotation, RotationModel
from outbox_helpers import open_outbox, report, uuid

from apoa_client.errors import ReportMoved
from apoa_client.outbox.rows import millis_or_none
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import Kind, State

STATES = {
    "calls": 64_000,
    "verdicts": 153_000,
    "waits": 38_000,
    "clock": 80_000,
    "backoff": 70_000,
    "changes": 230_000,
    "desks": 89_000,
    "one stay": 149_000,
    "one report": 191_000,
}
"""At least so many states are in each check. With fewer, something does not happen any more in the model."""


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_every_promise_holds_in_every_state(name: str) -> None:
    """No fault of this check breaks a promise, and when faults stop, every report is delivered."""
    result = check(DeliveryModel(CONFIGS[name]))
    assert result.broken is None, result
    assert result.states >= STATES[name]


@pytest.mark.parametrize("name", [name for name, config in CONFIGS.items() if config.reports == len(STAYS)])
def test_every_promise_holds_for_one_stay(name: str) -> None:
    """The same with the two reports of one stay: quick enough for every day."""
    result = check(DeliveryModel(CONFIGS[name]._replace(reports=2)))
    assert result.broken is None, result


CRASH = Config(reports=2, crashes=1)
CLOCK = Config(reports=1, crashes=1, jumps=1)
VERDICTS = Config(reports=2, crashes=0, verdicts=(ACCEPTED, PENDING), forgets=True)
CHANGES = Config(reports=2, crashes=0, verdicts=(ACCEPTED, REJECTED), changes=(0,))
DESKS = CHANGES._replace(desks=True)


MUTATIONS: dict[str, tuple[Config, str, dict[str, Callable[..., Any]]]] = {
    "a power cut loses what was visible": (
        CRASH,
        "durable",
        {"commit": lambda _, state, rows: state._replace(rows=rows)},
    ),
    "a report is shown as saved before it is stored": (
        CRASH,
        "durable",
        {"save": lambda _, state, row: state._replace(saved=state.saved | {row.id[0]})},
    ),
    "a report to which another one was added is withdrawn alone": (DESKS, "order", {"may_save": lambda *_: True}),
    "a report is withdrawn after a call": (
        DESKS,
        "once",
        {"may_retire": lambda _, row: row.state in {QUEUED, REJECTED}},
    ),
    "a report is withdrawn during a call": (DESKS, "once", {"may_retire": lambda *_: True}),
    "a replacement goes last": (CHANGES, "order", {"replacement": lambda _, row: Row((row.id[0], 1), seq=9)}),
    "a replacement keeps the id": (CHANGES, ENDS_WELL, {"replacement": lambda _, row: Row(row.id, row.seq)}),
    "a report does not wait for an earlier one of its stay": (
        CRASH,
        "order",
        {"heads": lambda _, rows: tuple(row for row in rows if row and row.state in {QUEUED, SENDING})},
    ),
    "leases of others are ignored": (
        CRASH,
        ENDS_WELL,
        {
            "next_batch": lambda _, heads: tuple(row.id for row in heads),
            "may_claim": lambda _, row: row.state in {QUEUED, SENDING},
        },
    ),
    "a time of a wrong clock is waited for": (
        CLOCK,
        ENDS_WELL,
        {
            "next_batch": lambda model, heads: Rules.next_batch(
                model, tuple(row for row in heads if row.lease_until != FAR)
            )
        },
    ),
    "what is delivered is claimed": (CRASH, "durable", {"may_claim": lambda *_: True}),
    "a lease never ends": (CRASH, ENDS_WELL, {"may_claim": lambda _, row: row.state == QUEUED}),
    "a lease of a wrong clock is believed": (
        CLOCK,
        ENDS_WELL,
        {"may_claim": lambda _, row: row.state == QUEUED or row.lease_until == 0},
    ),
    "a call is not counted": (
        CHANGES,
        "once",
        {"claimed": lambda model, row, sender: Rules.claimed(model, row, sender)._replace(calls=row.calls)},
    ),
    "a claim has no lease": (
        CRASH,
        ENDS_WELL,
        {"claimed": lambda model, row, sender: Rules.claimed(model, row, sender)._replace(lease_until=None)},
    ),
    "bytes leave before the claim is on the disk": (
        CHANGES._replace(crashes=1),
        "once",
        {"store_claim": lambda _, state, rows: state._replace(rows=rows)},
    ),
    "a second call has another id": (CHANGES, "once", {"id_to_send": lambda _, row: (*row.id, row.calls)}),
    "pending counts as accepted": (
        VERDICTS,
        "true",
        {"after_verdict": lambda model, verdict: Rules.after_verdict(model, verdict)._replace(state=State.ACCEPTED)},
    ),
    "a lost call counts as not sent": (
        CHANGES,
        "once",
        {"after_failure": lambda model, row, answer: Rules.after_failure(model, row, answer)._replace(unsent=True)},
    ),
    "a forgotten report is asked about for ever": (VERDICTS, ENDS_WELL, {"after_forgetting": lambda _: None}),
    "an answer replaces another sender's": (CRASH._replace(slow=True), "durable", {"may_settle": lambda *_: True}),
    "a late verdict replaces a later one": (VERDICTS, "durable", {"may_settle_pending": lambda *_: True}),
    "a receipt is not stored": (
        CRASH,
        "true",
        {"changed": lambda model, row, change: Rules.changed(model, row, change)._replace(receipt=None)},
    ),
    "the authority is not idempotent": (CRASH, "once", {"stored_verdict": lambda *_: None}),
}
"""Rules that are broken on purpose: the check that notices it, the promise that is then broken, and the rules."""


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_rule_is_needed(name: str) -> None:
    """Without the rule a promise is broken, and the checker says how it comes to that."""
    config, broken, rules = MUTATIONS[name]
    result = check(type("Broken", (DeliveryModel,), rules)(config))
    assert result.broken == broken, result
    assert result.trace


def test_every_rule_is_broken_once() -> None:
    """The list of mutations is complete."""
    assert {rule for _config, _broken, rules in MUTATIONS.values() for rule in rules} == set(rules_of(DeliveryModel))


def test_no_report_is_lost_or_sent_after_it_was_withdrawn() -> None:
    """Whatever dies, and wherever a user withdraws the report."""
    result = check(HandOverModel())
    assert result.broken is None, result
    assert result.states > 100


@pytest.mark.parametrize(
    ("broken", "rules"),
    [
        pytest.param(
            "withdrawn",
            {"marked": lambda _, here: here, "released": lambda *_: None},
            id="the row here may change while it is handed over",
        ),
        pytest.param(
            "withdrawn",
            {"stored": lambda _, _there, copy: QUEUED if copy == MARKED else copy},
            id="a row there is replaced by the copy",
        ),
        pytest.param(
            "withdrawn",
            {"may_withdraw": lambda _, row: row in {QUEUED, MARKED}},
            id="what is being handed over is withdrawn here",
        ),
        pytest.param(ENDS_WELL, {"released": lambda _, here: here}, id="what was stored there stays here"),
    ],
)
def test_each_rule_of_a_hand_over_is_needed(broken: str, rules: dict[str, Callable[..., Any]]) -> None:
    """Without it the checker finds how a promise is broken."""
    assert check(type("Broken", (HandOverModel,), rules)()).broken == broken


NEXT, SETTINGS, RECORDED, *RESEAL = RotationModel().procedure()[:-4]
FINISH = RotationModel().procedure()[-4:]


def test_every_report_opens_in_every_state() -> None:
    """With three reports, two desks, three rotations and two crashes."""
    result = check(RotationModel())
    assert result.broken is None, result
    assert result.states == 39_388


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"stored": lambda _, _state, sealed_to: sealed_to}, id="the key is not compared when storing"),
        pytest.param({"may_start": lambda _, state: len(state.running) < 2}, id="two rotations at a time"),
        pytest.param({"started": lambda _, _vault, key: Rotation(key)}, id="an interrupted rotation is forgotten"),
        pytest.param(
            {"procedure": lambda _: (SETTINGS, NEXT, RECORDED, *RESEAL, *FINISH)}, id="the settings before the vault"
        ),
        pytest.param({"procedure": lambda _: (NEXT, SETTINGS, RECORDED, *FINISH)}, id="reports are not sealed again"),
        pytest.param(
            {"procedure": lambda _: (NEXT, SETTINGS, *RESEAL, *FINISH, RECORDED)}, id="the key is recorded last"
        ),
        pytest.param(
            {"procedure": lambda _: (NEXT, SETTINGS, RECORDED, *FINISH, *RESEAL)}, id="the old key goes too early"
        ),
    ],
)
def test_each_rule_of_a_rotation_is_needed(rules: dict[str, Callable[..., Any]]) -> None:
    """Without the rule a report does not open, and the checker says how it comes to that."""
    result = check(type("Broken", (RotationModel,), rules)())
    assert result.broken == "opens", result
    assert result.trace, result


@pytest.mark.parametrize("model", [DeliveryModel, HandOverModel, RotationModel])
def test_each_rule_names_what_implements_it(model: type) -> None:
    """All functions and statements that the models refer to exist."""
    for references in rules_of(model).values():
        assert all(map(find, references))


SQL_RULES = ("heads", "may_claim", "claimed", "may_settle", "may_settle_pending", "changed", "may_retire")
CHECKS = (
    CONFIGS["desks"]._replace(reports=2),
    CONFIGS["one report"]._replace(crashes=0, desks=False, forgets=False, scheduled=False),
)


def recording(rule: str, given: dict[Any, Any]) -> Callable[..., Any]:
    """The rule, which keeps its questions and answers."""

    def record(model: DeliveryModel, *question: Any) -> Any:
        answer = given[question] = getattr(DeliveryModel, rule)(model, *question)
        return answer

    return record


def rules_answers() -> dict[str, dict[Any, Any]]:
    """What the rules answered, by rule and question."""
    given: dict[str, dict[Any, Any]] = {rule: {} for rule in SQL_RULES}
    recorder = type("Recorder", (DeliveryModel,), {rule: recording(rule, given[rule]) for rule in SQL_RULES})
    for config in CHECKS:
        assert check(recorder(config)).broken is None
    return given


class RealOutbox:
    """The rules, answered by an outbox with three reports in a file."""

    def __init__(self, outbox: SqliteOutbox) -> None:
        self.outbox = outbox
        self._codes = outbox.integrity._codes
        authenticator = self._codes.authenticator()
        assert authenticator is not None
        for number, stay in enumerate(STAYS):
            outbox.add(report(number, stay, Kind.CHECK_OUT if number == 1 else Kind.CHECK_IN), due_at=None)

    def put(self, row: Row) -> str:
        """Store a row as it is in the model; return its id."""
        times = (row.lease_until, row.next_attempt_at, row.not_before)
        # No method writes a row in just any state.
        self.outbox._db.execute(
            "UPDATE reports SET state = ?, calls = ?, lease = ?, lease_until = ?, next_attempt_at = ?, not_before = ?, "
            "receipt_number = ?, receipt_issued_at = ?, last_error = NULL WHERE id = ?",
            (
                *(row.state, row.calls, None if row.lease is None else str(row.lease)),
                *(millis_or_none(None if at is None else NOW + at * TICK) for at in times),
                *(row.receipt, None if row.receipt is None else 0, uuid(row.id[0])),
            ),
        )
        with self.outbox._db.transaction():
            self._codes.vouch([uuid(row.id[0])])
        return uuid(row.id[0])

    def get(self, row: Row, lease: int | None) -> Row:
        """The row as it is stored now; no column that the outbox shows names the lease."""
        [entry] = self.outbox.find(uuid(row.id[0]))
        return row._replace(
            state=entry.state.value,
            calls=min(entry.calls, 2),
            lease=lease,
            lease_until=to_ticks(entry.lease_until),
            next_attempt_at=to_ticks(entry.next_attempt_at),
            not_before=to_ticks(entry.not_before),
            receipt=entry.receipt.number if entry.receipt is not None else None,
        )

    def heads(self, rows: Rows) -> tuple[Row, ...]:
        for number in range(len(STAYS)):
            row = rows[number] if number < len(rows) else None
            self.put(row or Row((number, 0), number, WITHDRAWN))
        ids = {entry.id for entry in self.outbox.heads()}
        return tuple(row for row in rows if row is not None and uuid(row.id[0]) in ids)

    def may_claim(self, row: Row) -> bool:
        for number in range(len(STAYS)):  # the model claims only the first open report of a stay
            self.put(Row((number, 0), number, WITHDRAWN))
        return bool(self.outbox.claim([self.put(row)], now=NOW, lease_until=NOW + TICK)[1])

    def claimed(self, row: Row, sender: int) -> Row:
        assert self.may_claim(row)
        return self.get(row, sender)

    def may_settle(self, row: Row, sender: int) -> bool:
        self.outbox.settle(str(sender), [Change(self.put(row), State.QUEUED, "settled")])
        return self.outbox.find(uuid(row.id[0]))[0].last_error == "settled"

    def may_settle_pending(self, row: Row) -> bool:
        self.outbox.settle_pending([Change(self.put(row), State.QUEUED, "settled")])
        return self.outbox.find(uuid(row.id[0]))[0].last_error == "settled"

    def changed(self, row: Row, change: Change) -> Row:
        changes = [change._replace(id=self.put(row))]
        if row.lease is None:
            self.outbox.settle_pending(changes)
        else:
            self.outbox.settle(str(row.lease), changes)
        return self.get(row, None)

    def may_retire(self, row: Row) -> bool:
        try:
            self.outbox.withdraw([self.put(row)])
        except ReportMoved:
            return False
        return True


def test_the_outbox_answers_as_the_rules(tmp_path: Path) -> None:
    """The same row is claimed, changed, sent first or withdrawn, and becomes the same."""
    for rule, answers in rules_answers().items():
        assert len(answers) > 3, rule
        with open_outbox(tmp_path / f"{rule}.db") as outbox:
            outbox._db.execute("PRAGMA synchronous = OFF")  # thousands of transactions, none of them to be kept
            real = RealOutbox(outbox)
            for question, answer in answers.items():
                assert getattr(real, rule)(*question) == answer, (rule, question)
