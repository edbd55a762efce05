"""The life of a stay, a sequence of reports in their order, and the same report again.

A client that never saw the answer sends its report once more.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from apoa_client.conformance.check import AMEND, CANCEL, IDEMPOTENT, IN_ORDER, Setting, check
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

_CONFLICT = ("id_conflict",)
_AT_ONCE = 4


@check("idempotency.same_body", msg("The same report again gets the same result and receipt"), IDEMPOTENT)
def same_body(setting: Setting) -> None:
    """An accepted and a rejected report, each twice more."""
    reports = [setting.samples.check_in(), setting.samples.bad_check_in()]
    first = setting.server.deliver(*reports)
    expect_accepted(first[0])
    for _again in range(2):
        _expect_same(setting.server.deliver(*reports), first)


@check("idempotency.same_content", msg("The same content in another order of members is the same report"), IDEMPOTENT)
def same_content(setting: Setting) -> None:
    """Content counts, not bytes: another order of members, white space, and escaped letters."""
    report = setting.samples.check_in({"surname": "APOA MUÑOZ"})
    first = setting.server.accept(report)
    body = json.dumps({"reports": [_reversed(report)]}, indent=1, ensure_ascii=True).encode()
    _expect_same(setting.server.deliver_body(body, [report]), first)


@check("idempotency.other_body", msg("The same id with other content is rejected as id_conflict"), IDEMPOTENT)
def other_body(setting: Setting) -> None:
    """And what was stored before does not change."""
    report = setting.samples.check_in()
    [first] = setting.server.accept(report)
    [other] = setting.server.deliver(_changed(report))
    expect_rejected(other, _CONFLICT)
    _expect_same(setting.server.deliver(report), [first])
    expect_receipt(setting.server.result(report["id"]), first["receipt"])


@check("idempotency.after_rejection", msg("The id of a rejected report cannot be used for another one"), IDEMPOTENT)
def after_rejection(setting: Setting) -> None:
    """A correction is a new report with a new id."""
    bad = setting.samples.bad_check_in()
    [result] = setting.server.deliver(bad)
    expect_rejected(result)
    [other] = setting.server.deliver({**setting.samples.check_in(), "id": bad["id"], "stay_id": bad["stay_id"]})
    expect_rejected(other, _CONFLICT)


@check("idempotency.twice_in_batch", msg("The same report twice in one batch gets one receipt"), IDEMPOTENT)
def twice_in_batch(setting: Setting) -> None:
    """Two results, which are equal."""
    report = setting.samples.check_in()
    first, second = setting.server.accept(report, report)
    _expect_same([second], [first])


@check(
    "idempotency.conflict_in_batch",
    msg("An id twice in one batch with other content: the second is rejected"),
    IDEMPOTENT,
)
def conflict_in_batch(setting: Setting) -> None:
    """The first counts."""
    report = setting.samples.check_in()
    first, second = setting.server.deliver(report, _changed(report))
    expect_accepted(first)
    expect_rejected(second, _CONFLICT)


@check("idempotency.at_once", msg("The same report sent several times at once gets one receipt"), IDEMPOTENT)
def at_once(setting: Setting) -> None:
    """As when a client gives up waiting and sends again while the server still works."""
    report = setting.samples.check_in()
    with ThreadPoolExecutor(_AT_ONCE) as senders:
        answers = list(senders.map(lambda _number: setting.server.accept(report), range(_AT_ONCE)))
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


@check("stays.one_by_one", msg("A check-in, an amendment and a check-out are accepted one after the other"), AMEND)
def one_by_one(setting: Setting) -> None:
    """Each with a receipt of its own."""
    report = setting.samples.check_in()
    for each in (report, setting.samples.amend(report, room="12"), setting.samples.check_out(report["stay_id"])):
        [result] = setting.server.accept(each)
        expect_receipt(result)


@check("stays.in_one_batch", msg("A whole stay in one batch is accepted"), IN_ORDER)
def in_one_batch(setting: Setting) -> None:
    """As a client sends it after a day without internet."""
    make, report = setting.samples, setting.samples.check_in()
    setting.server.accept(report, make.amend(report, room="12"), make.check_out(report["stay_id"]))


@check("stays.check_out_first", msg("A check-out before the check-in of its stay is not accepted"), IN_ORDER)
def check_out_first(setting: Setting) -> None:
    """The check-in after it in the same batch is."""
    report = setting.samples.check_in()
    first, second = setting.server.deliver(setting.samples.check_out(report["stay_id"]), report)
    _expect_refused(first)
    expect_accepted(second)


@check("stays.unknown_stay", msg("An amendment of an unknown stay is not accepted"), AMEND)
def unknown_stay(setting: Setting) -> None:
    """There is nothing that it could replace."""
    report = setting.samples.check_in()
    setting.server.expect_stays([report])
    [result] = setting.server.deliver(setting.samples.amend(report))
    _expect_refused(result)


@check("stays.cancel", msg("A cancellation is accepted, and nothing of the stay afterwards"), CANCEL)
def cancel(setting: Setting) -> None:
    """The stay is void."""
    report = setting.samples.check_in()
    setting.server.accept(report, setting.samples.cancel(report["stay_id"]))
    for late in (setting.samples.amend(report, room="12"), setting.samples.check_out(report["stay_id"])):
        [result] = setting.server.deliver(late)
        _expect_refused(result)


def _expect_refused(result: Json) -> None:
    expect(state_of(result) is not State.ACCEPTED, msg("The report is {status}.", status=result["status"]))
