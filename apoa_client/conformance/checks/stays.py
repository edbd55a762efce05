"""The life of a stay, a sequence of reports in their order, and the same report again.

A client that never saw the answer sends its report once more.
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from apoa_client.authority.contract import STAY_RULES
from apoa_client.conformance.check import Check, Context, Paragraph, check
from apoa_client.conformance.exchange import (
    Json,
    expect,
    expect_accepted,
    expect_equal,
    expect_receipt,
    expect_rejected,
    need_verdict,
)
from apoa_client.conformance.samples import Samples
from apoa_client.messages import Message, msg

_TABLE = "/paths/~1reports/post/description"
_IDEMPOTENT = Paragraph(_TABLE, "Idempotent by id")
_IN_ORDER, _INVALID = Paragraph(_TABLE, "Reports of one stay"), Paragraph(_TABLE, "A report that breaks a rule for")
_DUPLICATE = Paragraph("/components/schemas/ValidationResult/properties/status/description", "`duplicate`")

_CONFLICT = "id_conflict"
_AT_ONCE = 4


@check("idempotency.same_body", msg("The same report again gets the same result and receipt"), _IDEMPOTENT)
def same_body(context: Context) -> None:
    """Twice more: an accepted report, and one that did not fit its stay when it came first."""
    report = context.samples.check_in()
    reports = [context.samples.check_out(report["stay_id"]), report]
    first = context.server.deliver(*reports)
    expect_accepted(first[1])
    for _again in range(2):
        _expect_same(context.server.deliver(*reports), first)


@check("idempotency.same_content", msg("The same content in another order of members is the same report"), _IDEMPOTENT)
def same_content(context: Context) -> None:
    """Content counts, not bytes: another order of members, white space, and escaped letters, in any script."""
    report = context.samples.check_in({"surname": "APOA MUÑOZ NGUYỄN 王"})
    first = context.server.accept(report)
    body = json.dumps({"reports": [_reversed(report)]}, indent=1, ensure_ascii=True).encode()
    _expect_same(context.server.deliver_body(body, [report]), first)


@check("idempotency.other_body", msg("The same id with other content is rejected as id_conflict"), _IDEMPOTENT)
def other_body(context: Context) -> None:
    """In one batch, where the same report again gets the same result, and in another call. What is stored stays."""
    report = context.samples.check_in()
    first, same, in_batch = context.server.deliver(report, report, _changed(report))
    expect_accepted(first)
    _expect_same([same], [first])
    expect_rejected(in_batch, _CONFLICT)
    [other] = context.server.deliver(_changed(report))
    expect_rejected(other, _CONFLICT)
    _expect_same(context.server.deliver(report), [first])
    expect_receipt(context.server.result(report["id"]), first["receipt"])


@check("idempotency.after_rejection", msg("The id of an invalid report is free for a correct one"), _INVALID)
def after_rejection(context: Context) -> None:
    """It was never received, so nothing is stored under its id."""
    context.server.need_rules()
    bad = context.samples.bad_check_in()
    [result] = context.server.deliver(bad)
    expect_rejected(result)
    context.server.accept({**context.samples.check_in(), "id": bad["id"], "stay_id": bad["stay_id"]})


@check("idempotency.at_once", msg("The same report sent several times at once gets one receipt"), _IDEMPOTENT)
def at_once(context: Context) -> None:
    """As when a client gives up waiting and sends again while the server still works; each time with another report."""
    report, *others = [context.samples.check_in() for _number in range(1 + _AT_ONCE)]
    with ThreadPoolExecutor(_AT_ONCE) as senders:
        answers = list(senders.map(lambda other: context.server.accept(report, other), others))
    for each in answers[1:]:
        _expect_same(each[:1], answers[0][:1])


def _expect_same(results: list[Json], first: list[Json]) -> None:
    for result, before in zip(results, first, strict=True):
        if before["status"] == "pending":  # decided meanwhile
            continue
        for name in ("status", "receipt", "errors"):
            expect_equal(name, result[name], before[name])


def _changed(report: Mapping[str, Any]) -> Json:
    return {**report, "stay": {**report["stay"], "room": "8"}}


def _reversed(value: Any) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return value


_WALK = (
    *("check_out", "amend", "cancel", "check_in", "check_in", "amend", "check_out"),
    *("check_in", "check_out", "amend", "check_out", "cancel"),
    *("check_in", "amend", "check_out", "cancel"),
)
"""Reports of one stay that lead through each state, with each kind of report there that leaves the state as it is."""
_WALK_BEFORE_RULES = ("check_out", "amend", "check_in", "amend", "check_out")
"""What was fixed before the contract had the table."""


def _follow(state: str, kind: str, result: Mapping[str, Any], *, has_rules: bool) -> str:
    """Return the state of the stay after a report; fail if the contract's table has another verdict, or code."""
    rule = STAY_RULES[kind, state]
    if result["status"] == "pending" and rule.accepted:
        return "pending"
    if rule.status != "deferred":
        need_verdict(result)
    codes = [each["code"] for each in result["errors"]]
    expected = rule.status if rule.code is None else f"{rule.status} ({rule.code})"
    found = f"{result['status']} ({', '.join(codes)})" if codes else result["status"]
    wrong = msg(
        "{kind} in the state {state} is {found}, not {expected}.",
        kind=kind,
        state=state,
        found=found,
        expected=expected,
    )
    expect(result["status"] == rule.status and (rule.code in codes or rule.code is None or not has_rules), wrong)
    return rule.then


def _walk(context: Context, size: int) -> None:
    """Send the reports, so many in one call, and compare each verdict with the table."""
    make, check_in, state = context.samples, context.samples.check_in(), "none"
    of_kind: dict[str, Callable[[], Json]] = {
        "check_in": lambda: {**check_in, "id": make.id()},
        "amend": lambda: make.amend(check_in, room="12"),
        "check_out": lambda: make.check_out(check_in["stay_id"]),
        "cancel": lambda: make.cancel(check_in["stay_id"]),
    }
    walk = _WALK if context.server.has_rules else _WALK_BEFORE_RULES
    reports = [of_kind[kind]() for kind in walk]
    for first in range(0, len(reports), size):
        some = reports[first : first + size]
        for report, result in zip(some, context.server.deliver(*some), strict=True):
            state = _follow(state, report["kind"], result, has_rules=context.server.has_rules)


@check("stays.in_order", msg("Reports of one stay have the verdicts of the table"), _IN_ORDER)
def in_order(context: Context) -> None:
    """Each in a call of its own, and in one batch, as a client sends them after a day without internet."""
    for size in (1, min(len(_WALK), context.server.meta["max_batch"] // 2 or 1)):
        _walk(context, size)


def _accepted(name: str, title: Message, make: Callable[[Samples], tuple[Json, ...]]) -> Check:
    """Return the check that the reports that `make` returns are accepted, also the last one of the same guest."""

    def run(context: Context) -> None:
        *before, last = make(context.samples)
        if before:
            last["guest"] = before[0]["guest"]
            context.server.accept(*before)
        [result] = context.server.deliver(last)
        expect_accepted(result)

    return Check(f"stays.{name}", title, _DUPLICATE, run)


def _cancelled(make: Samples) -> tuple[Json, ...]:
    report = make.check_in()
    return report, make.cancel(report["stay_id"]), make.check_in()


def _left_early(make: Samples) -> tuple[Json, ...]:
    report = make.check_in()
    return report, make.check_out(report["stay_id"]), make.check_in()


def _back_on_day_of_departure(make: Samples) -> tuple[Json, ...]:
    later, before = make.check_in(), make.check_in(hours_ago=25, nights=1)
    before["stay"]["planned_check_out"] = later["stay"]["check_in"][:10]  # also where midnight came in between
    return before, later


FREE_NIGHTS = (
    _accepted("one_night", msg("A stay of one night is accepted"), lambda make: (make.check_in(nights=1),)),
    _accepted("after_cancel", msg("A guest whose stay was cancelled can be reported again"), _cancelled),
    _accepted("after_check_out", msg("A guest who was checked out can be reported again"), _left_early),
    _accepted(
        "back_on_day_of_departure",
        msg("A guest can come back on the day of departure"),
        _back_on_day_of_departure,
    ),
)
