"""The life of a stay, a sequence of reports in their order, and the same report again.

A client that never saw the answer sends its report once more.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from apoa_client.conformance.check import CANCEL, IDEMPOTENT, Context, Paragraph, check
from apoa_client.conformance.server import (
    Json,
    expect,
    expect_accepted,
    expect_equal,
    expect_receipt,
    expect_rejected,
    state_of,
)
from apoa_client.messages import msg
from apoa_client.report.kinds import State

_IN_ORDER = Paragraph("/paths/~1reports/post/description", "Reports of one stay")
_AMEND = Paragraph("/components/schemas/Amend/description")

_NOT_RECEIVED = Paragraph("/paths/~1reports/post/description", "A report that breaks a rule for its fields")

_CONFLICT = ("id_conflict",)
_AT_ONCE = 4


@check("idempotency.same_body", msg("The same report again gets the same result and receipt"), IDEMPOTENT)
def same_body(context: Context) -> None:
    """An accepted and a rejected report, each twice more."""
    reports = [context.samples.check_in(), context.samples.bad_check_in()]
    first = context.server.deliver(*reports)
    expect_accepted(first[0])
    for _again in range(2):
        _expect_same(context.server.deliver(*reports), first)


@check("idempotency.same_content", msg("The same content in another order of members is the same report"), IDEMPOTENT)
def same_content(context: Context) -> None:
    """Content counts, not bytes: another order of members, white space, and escaped letters."""
    report = context.samples.check_in({"surname": "APOA MUÑOZ"})
    first = context.server.accept(report)
    body = json.dumps({"reports": [_reversed(report)]}, indent=1, ensure_ascii=True).encode()
    _expect_same(context.server.deliver_body(body, [report]), first)


@check("idempotency.other_body", msg("The same id with other content is rejected as id_conflict"), IDEMPOTENT)
def other_body(context: Context) -> None:
    """And what was stored before does not change."""
    report = context.samples.check_in()
    [first] = context.server.accept(report)
    [other] = context.server.deliver(_changed(report))
    expect_rejected(other, _CONFLICT)
    _expect_same(context.server.deliver(report), [first])
    expect_receipt(context.server.result(report["id"]), first["receipt"])


@check("idempotency.after_rejection", msg("A report that breaks a rule does not occupy its id"), _NOT_RECEIVED)
def after_rejection(context: Context) -> None:
    """A good report under the same id. Before version 1.3 it could be a conflict."""
    bad = context.samples.bad_check_in()
    [result] = context.server.deliver(bad)
    expect_rejected(result)
    [other] = context.server.deliver({**context.samples.check_in(), "id": bad["id"], "stay_id": bad["stay_id"]})
    if other["status"] != "accepted":
        expect_rejected(other, _CONFLICT)


@check("idempotency.twice_in_batch", msg("The same report twice in one batch gets one receipt"), IDEMPOTENT)
def twice_in_batch(context: Context) -> None:
    """Two results, which are equal."""
    report = context.samples.check_in()
    first, second = context.server.accept(report, report)
    _expect_same([second], [first])


@check(
    "idempotency.conflict_in_batch",
    msg("An id twice in one batch with other content: the second is rejected"),
    IDEMPOTENT,
)
def conflict_in_batch(context: Context) -> None:
    """The first counts."""
    report = context.samples.check_in()
    first, second = context.server.deliver(report, _changed(report))
    expect_accepted(first)
    expect_rejected(second, _CONFLICT)


@check("idempotency.at_once", msg("The same report sent several times at once gets one receipt"), IDEMPOTENT)
def at_once(context: Context) -> None:
    """As when a client gives up waiting and sends again while the server still works."""
    report = context.samples.check_in()
    with ThreadPoolExecutor(_AT_ONCE) as senders:
        answers = list(senders.map(lambda _number: context.server.accept(report), range(_AT_ONCE)))
    for each in answers[1:]:
        _expect_same(each, answers[0])


def _expect_same(results: list[Json], first: list[Json]) -> None:
    for result, before in zip(results, first, strict=True):
        for name in ("status", "receipt", "errors"):
            expect_equal(name, result[name], before[name])


def _changed(report: Mapping[str, Any]) -> Json:
    return {**report, "stay": {**report["stay"], "room": "8"}}


def _reversed(value: Any) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return value


@check("stays.one_by_one", msg("A check-in, an amendment and a check-out are accepted one after the other"), _AMEND)
def one_by_one(context: Context) -> None:
    """Each with a receipt of its own."""
    report = context.samples.check_in()
    for each in (report, context.samples.amend(report, room="12"), context.samples.check_out(report["stay_id"])):
        [result] = context.server.accept(each)
        expect_receipt(result)


@check("stays.in_one_batch", msg("A whole stay in one batch is accepted"), _IN_ORDER)
def in_one_batch(context: Context) -> None:
    """As a client sends it after a day without internet."""
    make, report = context.samples, context.samples.check_in()
    context.server.accept(report, make.amend(report, room="12"), make.check_out(report["stay_id"]))


@check("stays.check_out_first", msg("A check-out before the check-in of its stay is not accepted"), _IN_ORDER)
def check_out_first(context: Context) -> None:
    """The check-in after it in the same batch is."""
    report = context.samples.check_in()
    first, second = context.server.deliver(context.samples.check_out(report["stay_id"]), report)
    _expect_refused(first)
    expect_accepted(second)


@check("stays.unknown_stay", msg("An amendment of an unknown stay is not accepted"), _AMEND)
def unknown_stay(context: Context) -> None:
    """There is nothing that it could replace."""
    report = context.check_in()
    [result] = context.server.deliver(context.samples.amend(report))
    _expect_refused(result)


@check("stays.cancel", msg("A cancellation is accepted, and nothing of the stay afterwards"), CANCEL)
def cancel(context: Context) -> None:
    """The stay is void."""
    report = context.samples.check_in()
    context.server.accept(report, context.samples.cancel(report["stay_id"]))
    for late in (context.samples.amend(report, room="12"), context.samples.check_out(report["stay_id"])):
        [result] = context.server.deliver(late)
        _expect_refused(result)


def _expect_refused(result: Json) -> None:
    expect(state_of(result) is not State.ACCEPTED, msg("The report is {status}.", status=result["status"]))
