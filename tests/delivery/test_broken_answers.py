"""An answer that breaks the contract is never a success, and no part of it is used: over HTTP, on every route."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from conftest import NOW
from delivery_helpers import Hotel
from delivery_wire import BACKOFF, ISSUED_AT, PORTAL, REDIRECT, Answer, ScriptedServer, http_response, result, results

from apoa_client.errors import Exit, NotTheAuthority, UnknownOutcome
from apoa_client.report.kinds import State


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
BROKEN: dict[str, Answer] = {
    "captive portal": PORTAL,
    "a portal that calls itself JSON": http_response(200, b"<html>"),
    "redirect": REDIRECT,
    "moved permanently": http_response(308, Location="https://127.0.0.1:9/v1/reports"),
    "half of the JSON": half_of_the_json,
    "cut off": cut_off,
    "no body": http_response(200),
    "201": http_response(201, {"results": []}),
    "204": b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "too long": http_response(200, b" " * (1024 * 1024 + 1)),
    "JSON of another server": http_response(200, {"status": "ok"}),
    "a list": http_response(200, []),
    "results as text": http_response(200, {"results": "accepted"}),
    "correct, but as text": lambda ids: http_response(200, {"results": [result(each) for each in ids]}, "text/plain"),
    "foreign ids": with_second_result(id=OTHER),
    "ids in another order": results(lambda ids: [result(each) for each in reversed(ids)]),
    "the same id twice": results(lambda ids: [result(ids[0]), result(ids[0])]),
    "too short a list": results(lambda ids: [result(ids[0])]),
    "too long a list": results(lambda ids: [result(each) for each in (*ids, OTHER)]),
    "an empty list": http_response(200, {"results": []}),
    "an unknown status": with_second_result(status="received"),
    "a status in capitals": with_second_result(status="ACCEPTED"),
    "no status": with_second_result(status=None),
    "accepted without a receipt": with_second_result(receipt=None),
    "a receipt without a number": with_second_result(receipt={"issued_at": ISSUED_AT}),
    "a receipt with an invalid time": with_second_result(receipt={"number": "STT-2", "issued_at": "yesterday"}),
    "pending with a receipt": with_second_result(status="pending"),
    "rejected without errors": with_second_result(status="rejected", receipt=None),
    "deferred without a time": with_second_result(status="deferred", receipt=None),
    "errors that are no list": with_second_result(errors="none"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_part_of_a_broken_answer_is_used(hotel: Hotel, wire: ScriptedServer, name: str) -> None:
    """Also not its correct part: both reports are queued with a backoff, and no receipt is stored."""
    wire.replacements["reports"].append(BROKEN[name])
    hotel.add(1, 2)
    outcome = hotel.sync(connect=wire.connect)
    assert type(outcome.error) is (UnknownOutcome if name == "cut off" else NotTheAuthority)
    assert (outcome.exit_code, outcome.sent, outcome.verdicts, outcome.left) == (Exit.NOT_NOW, 0, {}, 2)
    for number in (1, 2):
        entry = hotel.entry(number)
        assert (entry.state, entry.receipt, entry.not_before) == (State.QUEUED, None, None)
        assert (entry.last_error, entry.next_attempt_at) == (outcome.error.name, BACKOFF)
        assert hotel.outbox.content(entry).errors == ()
    assert hotel.sync(connect=wire.connect, keep_backoff=True).accepted == 0
    assert hotel.sync(connect=wire.connect).accepted == 2


@pytest.mark.parametrize("route", ["token", "meta", "result"])
@pytest.mark.parametrize(
    "name", ["captive portal", "redirect", "no body", "JSON of another server", "a list", "too long"]
)
def test_answer_of_another_server_on_any_route(hotel: Hotel, wire: ScriptedServer, route: str, name: str) -> None:
    """Waiting and pending reports do not change, and no contact and no suspension is stored."""
    wire.replacements["reports"].append(results(lambda ids: [result(each, "pending") for each in ids]))
    hotel.add(1)
    hotel.sync(connect=wire.connect)
    hotel.wait(hours=1)
    hotel.add(2)
    answer = BROKEN[name]
    wire.replacements[route].append(answer)
    outcome = hotel.sync(connect=wire.connect)
    assert (type(outcome.error), outcome.offline) == (NotTheAuthority, True)
    assert hotel.states() == [State.PENDING, State.ACCEPTED if route == "result" else State.QUEUED]
    summary = hotel.outbox.summary(now=NOW, soon=NOW)
    assert (summary.suspension, summary.hold_until) == (None, None)
    assert summary.last_contact_at == (NOW if route in {"token", "meta"} else hotel.clock.time)
