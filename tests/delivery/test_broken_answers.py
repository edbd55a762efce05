"""What is none of the contract is never success, and is believed in nothing: over HTTP, on every route."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from conftest import NOW
from delivery_helpers import Hotel
from delivery_wire import BACKOFF, ISSUED_AT, PORTAL, REDIRECT, Answer, Wire, result, results, said

from apoa_client.errors import Exit, NotTheAuthority, UnknownOutcome
from apoa_client.report.kinds import State


def half(ids: Sequence[str]) -> bytes:
    """Half of the right JSON, in a whole HTTP answer."""
    body = json.dumps({"results": [result(each) for each in ids]}).encode()
    return said(200, body[: len(body) // 2])


def broken_off(ids: Sequence[str]) -> bytes:
    """The right answer, on a line that breaks in the middle of it."""
    answer = said(200, {"results": [result(each) for each in ids]})
    return answer[: len(answer) - 40]


def second(**members: Any) -> Answer:
    """Two results, the first without a fault."""
    return results(lambda ids: [result(ids[0]), {**result(ids[1]), **members}])


OTHER = "0199c2a4-0000-7000-8000-00000000dead"
BROKEN: dict[str, Answer] = {
    "captive portal": PORTAL,
    "a portal that calls itself JSON": said(200, b"<html>"),
    "redirect": REDIRECT,
    "moved for good": said(308, Location="https://127.0.0.1:9/v1/reports"),
    "half of the JSON": half,
    "broken off": broken_off,
    "no body": said(200),
    "201": said(201, {"results": []}),
    "204": b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "too long": said(200, b" " * (1024 * 1024 + 1)),
    "JSON of somebody else": said(200, {"status": "ok"}),
    "a list": said(200, []),
    "results as text": said(200, {"results": "accepted"}),
    "right, but called a text": lambda ids: said(200, {"results": [result(each) for each in ids]}, "text/plain"),
    "foreign ids": second(id=OTHER),
    "ids in another order": results(lambda ids: [result(each) for each in reversed(ids)]),
    "the same id twice": results(lambda ids: [result(ids[0]), result(ids[0])]),
    "too short a list": results(lambda ids: [result(ids[0])]),
    "too long a list": results(lambda ids: [result(each) for each in (*ids, OTHER)]),
    "an empty list": said(200, {"results": []}),
    "an unknown status": second(status="received"),
    "a status in capitals": second(status="ACCEPTED"),
    "no status": second(status=None),
    "accepted without a receipt": second(receipt=None),
    "a receipt without a number": second(receipt={"issued_at": ISSUED_AT}),
    "a receipt of no time": second(receipt={"number": "STT-2", "issued_at": "yesterday"}),
    "pending with a receipt": second(status="pending"),
    "rejected for no reason": second(status="rejected", receipt=None),
    "deferred without a time": second(status="deferred", receipt=None),
    "errors that are none": second(errors="none"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_believed_in_nothing(hotel: Hotel, wire: Wire, name: str) -> None:
    """Not even in what is right in it: both reports are queued with backoff, and no receipt is kept."""
    wire.instead["reports"].append(BROKEN[name])
    hotel.add(1, 2)
    outcome = hotel.sync(connect=wire.connect)
    assert type(outcome.error) is (UnknownOutcome if name == "broken off" else NotTheAuthority)
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
    "name", ["captive portal", "redirect", "no body", "JSON of somebody else", "a list", "too long"]
)
def test_a_stranger_on_any_route(hotel: Hotel, wire: Wire, route: str, name: str) -> None:
    """Nothing that waits or pends has changed, and no contact was made, nor a stop."""
    wire.instead["reports"].append(results(lambda ids: [result(each, "pending") for each in ids]))
    hotel.add(1)
    hotel.sync(connect=wire.connect)
    hotel.wait(hours=1)
    hotel.add(2)
    answer = BROKEN[name]
    wire.instead[route].append(answer)
    outcome = hotel.sync(connect=wire.connect)
    assert (type(outcome.error), outcome.offline) == (NotTheAuthority, True)
    assert hotel.states() == [State.PENDING, State.ACCEPTED if route == "result" else State.QUEUED]
    summary = hotel.outbox.summary(now=NOW, soon=NOW)
    assert (summary.suspension, summary.hold_until) == (None, None)
    assert summary.last_contact_at == (NOW if route in {"token", "meta"} else hotel.clock.time)
