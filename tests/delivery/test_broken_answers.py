"""What breaks the contract is never used and never holds up other reports: over HTTP, on every route."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from basics import NOW
from delivery_helpers import Hotel
from delivery_wire import (
    BACKOFF,
    ISSUED_AT,
    META,
    PORTAL,
    REDIRECT,
    Answer,
    ScriptedServer,
    http_response,
    problem,
    result,
    results,
)
from outbox_helpers import uuid

from apoa_client.errors import Exit, NotTheAuthority, UnknownOutcome, UnreadableAnswer
from apoa_client.report.kinds import State

SECOND_BACKOFF = timedelta(seconds=15)
"""What the second attempt adds to the backoff."""


def half_of_the_json(ids: Sequence[str]) -> bytes:
    """Half of the correct JSON, in a complete HTTP answer."""
    body = json.dumps({"results": [result(each) for each in ids]}).encode()
    return http_response(200, body[: len(body) // 2])


def cut_off(ids: Sequence[str]) -> bytes:
    """The correct answer, on a connection that breaks in the middle of it."""
    answer = http_response(200, {"results": [result(each) for each in ids]})
    return answer[: len(answer) - 40]


def with_second_result(**members: Any) -> Answer:
    """Two results, of which the first is correct."""
    return results(lambda ids: [result(ids[0]), {**result(ids[1]), **members}])


OTHER = "0199c2a4-0000-7000-8000-00000000dead"
UNREADABLE: dict[str, Answer] = {
    "captive portal": PORTAL,
    "redirect": REDIRECT,
    "half of the JSON": half_of_the_json,
    "no body": http_response(200),
    "too long": http_response(200, b" " * (1024 * 1024 + 1)),
    "JSON of another server": http_response(200, {"status": "ok"}),
    "a list": http_response(200, []),
    "foreign ids only": results(lambda ids: [result(OTHER) for _each in ids]),
    "an empty list": http_response(200, {"results": []}),
}
"""Answers to a batch in which nothing can be read; `tests/authority` has the others."""

PARTLY: dict[str, Answer] = {
    "a foreign id": with_second_result(id=OTHER),
    "the same id twice": results(lambda ids: [result(ids[0]), result(ids[0])]),
    "too short a list": results(lambda ids: [result(ids[0])]),
    "two verdicts on one report": results(
        lambda ids: [result(ids[0]), result(ids[1]), result(ids[1], receipt={"number": "2", "issued_at": ISSUED_AT})]
    ),
    "an unknown status": with_second_result(status="received"),
    "accepted without a receipt": with_second_result(receipt=None),
    "rejected without errors": with_second_result(status="rejected", receipt=None),
}
"""Answers to a batch in which the first verdict is correct, and nothing can be read about the second report."""


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_answer_is_followed_by_smaller_batches(hotel: Hotel, wire: ScriptedServer, name: str) -> None:
    """Nothing in it is used; where it was about the batch, all reports are delivered in the same run, each once."""
    wire.replacements["reports"].append(UNREADABLE[name])
    hotel.add(1, 2)
    outcome = hotel.sync(connect=wire.connect)
    assert (outcome.counts["accepted"], outcome.error, outcome.exit_code) == (2, None, Exit.DONE)
    assert wire.sent == [[uuid(1), uuid(2)], [uuid(1)], [uuid(2)]]
    assert wire.calls == ["token", "meta", "reports", "meta", "reports", "reports"]
    assert set(wire.acquired.values()) == {1}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_report_without_a_readable_answer_is_alone(hotel: Hotel, wire: ScriptedServer, name: str) -> None:
    """It backs off, is asked for by its id at each run, and no part of its answer is stored."""
    wire.replacements["reports"].extend([UNREADABLE[name]] * 2)
    wire.replacements["result"].append(problem(404))
    hotel.add(1, 2)
    outcome = hotel.sync(connect=wire.connect)
    assert type(outcome.error) is UnreadableAnswer
    assert (outcome.exit_code, outcome.offline, outcome.sent, outcome.left) == (Exit.NOT_NOW, False, 1, 1)
    assert hotel.states() == [State.QUEUED, State.ACCEPTED]
    entry = hotel.entry(1)
    assert (entry.receipt, entry.not_before, entry.calls) == (None, None, 2)
    assert (entry.last_error, entry.next_attempt_at) == ("unreadable_answer", BACKOFF + SECOND_BACKOFF)
    assert hotel.outbox.content(entry).errors == ()
    assert hotel.sync(connect=wire.connect, keep_backoff=True).counts["accepted"] == 0
    wire.replacements["reports"].append(UNREADABLE[name])
    assert hotel.sync(connect=wire.connect).counts["accepted"] == 1
    assert wire.calls[-1] == "result"


@pytest.mark.parametrize("name", PARTLY)
def test_a_correct_verdict_counts_beside_a_broken_one(hotel: Hotel, wire: ScriptedServer, name: str) -> None:
    """The other report is asked for by its id; while that says nothing either, it stays queued with a backoff."""
    wire.replacements["reports"].append(PARTLY[name])
    wire.replacements["result"].append(problem(404))
    hotel.add(1, 2)
    outcome = hotel.sync(connect=wire.connect)
    assert (type(outcome.error), outcome.sent, outcome.left) == (UnreadableAnswer, 1, 1)
    assert hotel.states() == [State.ACCEPTED, State.QUEUED]
    entry = hotel.entry(2)
    assert (entry.last_error, entry.receipt, entry.next_attempt_at) == ("unreadable_answer", None, BACKOFF)
    assert hotel.outbox.content(entry).errors == ()
    wire.replacements["reports"].append(UNREADABLE["a list"])
    assert hotel.sync(connect=wire.connect).counts["accepted"] == 1
    assert hotel.states() == [State.ACCEPTED, State.ACCEPTED]


def test_verdicts_in_another_order(hotel: Hotel, wire: ScriptedServer) -> None:
    """Each is matched by its id."""
    wire.replacements["reports"].append(results(lambda ids: [result(each) for each in (*reversed(ids), OTHER)]))
    hotel.add(1, 2, 3)
    assert hotel.sync(connect=wire.connect).counts["accepted"] == 3
    for number in (1, 2, 3):
        receipt = hotel.entry(number).receipt
        assert receipt is not None
        assert receipt.number == f"STT-{uuid(number)[-4:]}"


def test_a_connection_that_breaks_in_the_answer(hotel: Hotel, wire: ScriptedServer) -> None:
    """It says nothing about the reports: both are queued with a backoff."""
    wire.replacements["reports"].append(cut_off)
    hotel.add(1, 2)
    outcome = hotel.sync(connect=wire.connect)
    assert (type(outcome.error), outcome.sent, outcome.left) == (UnknownOutcome, 0, 2)
    assert hotel.sync(connect=wire.connect).counts["accepted"] == 2


@pytest.mark.parametrize("name", ["captive portal", "redirect", "no body", "JSON of another server"])
def test_another_server_from_the_middle_of_a_run(hotel: Hotel, wire: ScriptedServer, name: str) -> None:
    """It is offline: one batch is tried, and nothing is asked."""
    wire.replacements["meta"].extend([http_response(200, META), UNREADABLE[name]])
    wire.replacements["reports"].append(UNREADABLE[name])
    hotel.add(1, 2)
    outcome = hotel.sync(connect=wire.connect)
    assert (type(outcome.error), outcome.offline, outcome.left) == (NotTheAuthority, True, 2)
    assert wire.calls == ["token", "meta", "reports", "meta"]
    for number in (1, 2):
        entry = hotel.entry(number)
        assert (entry.state, entry.last_error, entry.next_attempt_at) == (State.QUEUED, "not_the_authority", BACKOFF)
        assert entry.calls == 1


@pytest.mark.parametrize("route", ["token", "meta", "result"])
@pytest.mark.parametrize(
    "name", ["captive portal", "redirect", "no body", "JSON of another server", "a list", "too long"]
)
def test_answer_of_another_server_on_any_route(hotel: Hotel, wire: ScriptedServer, route: str, name: str) -> None:
    """Waiting and pending reports do not change, and no suspension is stored; without `meta` also no contact."""
    wire.replacements["reports"].append(results(lambda ids: [result(each, "pending") for each in ids]))
    hotel.add(1)
    hotel.sync(connect=wire.connect)
    hotel.wait(hours=1)
    hotel.add(2)
    answer = UNREADABLE[name]
    wire.replacements[route].append(answer)
    if route == "result":
        wire.replacements["meta"].extend([http_response(200, META), answer])
    outcome = hotel.sync(connect=wire.connect)
    assert (type(outcome.error), outcome.offline) == (NotTheAuthority, True)
    assert hotel.states() == [State.PENDING, State.ACCEPTED if route == "result" else State.QUEUED]
    summary = hotel.outbox.summary(now=NOW, soon=NOW)
    assert (summary.suspension, summary.hold_until) == (None, None)
    assert summary.last_contact_at == (NOW if route in {"token", "meta"} else hotel.clock.time)
