"""Reports and their results: what must be accepted, what must be rejected with every reason, and what is no request."""

import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from statistics import median

from apoa_client.authority.contract import FIELD_RULES, FieldRule
from apoa_client.conformance.check import CLOCK, NOT_FOUND, Check, Context, Paragraph, check
from apoa_client.conformance.exchange import (
    Failed,
    Json,
    Skipped,
    expect,
    expect_accepted,
    expect_equal,
    expect_problem,
    expect_receipt,
    expect_rejected,
    expect_status,
    need_verdict,
)
from apoa_client.conformance.samples import VIOLATIONS, Samples, by_rule
from apoa_client.messages import Message, msg

_VIOLATION = "/components/schemas/Violation/description"
_STATUS = "/components/schemas/ValidationResult/properties/status/description"
_ACCEPTED, _DUPLICATE = Paragraph(_STATUS, "`accepted`"), Paragraph(_STATUS, "`duplicate`")
_CLOSED = Paragraph("/info/description", "What a client sends is closed")
_VALIDATION = Paragraph("/paths/~1reports~1validate/post/description")
_BODIES, _ONCE = Paragraph("/info/description", "Bodies are JSON"), Paragraph("/info/description", "No object has")
_ONE_RESULT_EACH = Paragraph("/paths/~1reports/post/description", "One result for each report")
_EVERY_VIOLATION = Paragraph("/components/schemas/ValidationResult/properties/errors/description")
_PARTIAL_DATE = Paragraph("/components/schemas/PartialDate/description")
_STATE = Paragraph("/components/schemas/State/description")
_SPEED = Paragraph("/info/description", "A server answers within")
_ONE_NAME = Paragraph("/components/schemas/Guest/properties/surname/description")

_MAX_ANSWER_S = 5.0
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PARTIAL_DATES = ("1985", "1985-09")
_STATES = {"D": "UNO", "XXA": "RKS"}


@check("reports.accepted", msg("A good check-in is accepted, with a receipt and without errors"), _ACCEPTED)
def accepted(context: Context) -> None:
    """One report with only what a report must have."""
    [result] = context.server.accept(context.samples.check_in())
    expect_equal("errors", result["errors"], [])
    expect_receipt(result)


def _accepted(name: str, title: Message, paragraph: Paragraph, make: Callable[[Samples], Iterable[Json]]) -> Check:
    """Return the check that the reports that `make` returns are accepted."""
    return Check(f"reports.{name}", title, paragraph, lambda context: context.server.accept(*make(context.samples)))


ACCEPTED = (
    _accepted(
        "all_members",
        msg("A check-in with every member is accepted, of a passport and of an identity card"),
        _ACCEPTED,
        lambda make: (make.full_check_in(), make.full_check_in("TD1")),
    ),
    _accepted(
        "all_codes",
        msg("Each purpose and sex, and documents, numbers and permits that are not usual are accepted"),
        _ACCEPTED,
        Samples.of_all_codes,
    ),
    _accepted("longest", msg("Texts of the greatest length are accepted"), _ACCEPTED, lambda make: (make.longest(),)),
    _accepted(
        "instants",
        msg("Times with Z, with another offset and with parts of a second are accepted"),
        CLOCK,
        Samples.with_instants,
    ),
    _accepted(
        "one_name",
        msg("A guest with only one name is accepted"),
        _ONE_NAME,
        lambda make: (make.check_in({"surname": ""}), make.check_in({"given_names": ""})),
    ),
    _accepted(
        "partial_birth_date",
        msg("A birth date without a day, or without a month, is accepted"),
        _PARTIAL_DATE,
        lambda make: (make.check_in({"birth_date": each}) for each in _PARTIAL_DATES),
    ),
    _accepted(
        "special_states",
        msg("Codes of states such as D, UNO, XXA and RKS are accepted"),
        _STATE,
        lambda make: (
            make.check_in({"nationality": code, "document": {"issuing_state": issuer}})
            for code, issuer in _STATES.items()
        ),
    ),
)


@check("reports.mixed_batch", msg("A bad report in a batch does not affect the good ones"), _ONE_RESULT_EACH)
def mixed_batch(context: Context) -> None:
    """A check-in without a stay, and unreadable ones, between two good ones."""
    make, without_stay = context.samples, context.samples.check_in()
    del without_stay["stay"]
    values: list[object] = [[], "x", 1.5]
    unreadable = [{**make.check_in(), "guest": each, "stay": each, "created_at": each} for each in values]
    first, *bad, last = context.server.deliver(make.check_in(), without_stay, *unreadable, make.check_in())
    expect_accepted(first)
    for each in bad:
        expect_rejected(each)
    expect_accepted(last)


@check("reports.every_violation", msg("A rejected report names every violation"), _EVERY_VIOLATION)
def every_violation(context: Context) -> None:
    """Four wrong fields."""
    [result] = context.server.deliver(context.samples.bad_check_in())
    expect_rejected(result)
    missing = sorted(set(VIOLATIONS) - {each["field"] for each in result["errors"]})
    expect(not missing, msg("No error names {fields}.", fields=", ".join(missing)))


@check("reports.unknown_id", msg("An unknown id, and a report without a receipt, get 404"), NOT_FOUND)
def unknown_id(context: Context) -> None:
    """The result and the receipt of an id that was never sent, and the receipt of a rejected report."""
    [rejected] = context.server.deliver(context.samples.bad_check_in())
    report_id = context.samples.id()
    for path in (report_id, f"{report_id}/receipt", f"{rejected['id']}/receipt"):
        expect_problem(context.server.call("GET", f"/reports/{path}"), HTTPStatus.NOT_FOUND)
    # What is no id at all has no result either.
    expect_status(context.server.call("GET", "/reports/no-id"), HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)


@check(
    "reports.validation", msg("POST /reports/validate says what POST /reports would, and stores nothing"), _VALIDATION
)
def validation(context: Context) -> None:
    """A good report, which is unknown afterwards and can still be sent, and a bad one."""
    good, bad = context.check_in(), context.samples.bad_check_in()
    checked = context.server.validate(good, bad)
    expect_accepted(checked[0])
    expect_equal("receipt", checked[0]["receipt"], None)
    expect_rejected(checked[1])
    expect_problem(context.server.call("GET", f"/reports/{good['id']}"), HTTPStatus.NOT_FOUND)
    sent = context.server.deliver(good, bad)
    expect_accepted(sent[0])
    expect_equal("errors", checked[1]["errors"], sent[1]["errors"])


@check("reports.duplicate", msg("A second report of a guest and night has the first one's receipt"), _DUPLICATE)
def duplicate(context: Context) -> None:
    """The same guest in another stay. A server need not find it, but must not invent a receipt."""
    first = context.samples.check_in()
    second = {**context.samples.check_in(), "guest": first["guest"], "stay": first["stay"]}
    [original] = context.server.accept(first)
    [other] = context.server.deliver(second)
    need_verdict(other)
    if other["status"] == "accepted":
        raise Skipped(msg("The server does not look for duplicates, which the contract allows."))
    if other["status"] != "duplicate":
        raise Failed(msg("A second report of a guest and night is {status}.", status=other["status"]))
    expect_receipt(other, original["receipt"])


@check("reports.speed", msg("A call is answered within 5 seconds"), _SPEED)
def speed(context: Context) -> None:
    """The calls so far, which are small. The middle one of each kind counts, so that one slow answer does not."""
    seconds: dict[str, list[float]] = {}
    for each in context.server.connection.since(0):
        seconds.setdefault(_ID.sub("ID", each.request.line), []).append(each.seconds)
    for call, found in seconds.items():
        middle = f"{median(found):.1f}"
        expect(float(middle) <= _MAX_ANSWER_S, msg("{call} takes {seconds} seconds.", call=call, seconds=middle))


def _rule_check(rule: FieldRule) -> Check:
    """Return the check of a rule: its example is rejected with the code at the field, or accepted where it warns."""

    def run(context: Context) -> None:
        context.server.need_rules()
        made = first = context.samples.check_in()
        if rule.kind == "check_out":
            made = context.samples.check_out(first["stay_id"])
        before = [] if made is first else [first]
        *_before, result = context.server.deliver(*before, by_rule(rule, made))
        if rule.severity == "warning":
            expect_accepted(result)
        else:
            expect_rejected(result, f"{rule.field} {rule.code}")

    title = msg("Rejected as {code}: {rule}", code=rule.code, rule=rule.rule)
    if rule.severity == "warning":
        title = msg("Not rejected, at most a warning {code}: {rule}", code=rule.code, rule=rule.rule)
    words = f"{rule.field}, {rule.code} ({rule.severity}): {rule.rule}"
    return Check(f"rules.{rule.field}.{rule.code}", title, Paragraph(_VIOLATION, rule=words), run)


RULES = tuple(map(_rule_check, FIELD_RULES))


def _refused(
    name: str,
    title: Message,
    paragraph: Paragraph,
    bodies: Callable[[Json], Iterable[bytes]],
    content_type: str = "application/json",
    *also: HTTPStatus,
) -> Check:
    """Return the check that the bodies, which `bodies` makes of a good check-in, get 400, or a status of `also`."""

    def run(context: Context) -> None:
        if paragraph is _ONCE:
            context.server.need_rules()
        for body in bodies(context.check_in({"surname": "APOA MUÑOZ"})):
            for path in ("/reports", "/reports/validate"):
                response = context.server.post_body(body, path, {"Content-Type": content_type})
                expect_problem(response, HTTPStatus.BAD_REQUEST, *also)

    return Check(f"requests.{name}", title, paragraph, run)


def _body(reports: object, **more: object) -> bytes:
    return json.dumps({"reports": reports, **more}, ensure_ascii=False).encode()


REFUSED = (
    _refused(
        "twice",
        msg("A member that stands twice in an object gets 400: two programs would read two different reports"),
        _ONCE,
        lambda report: (_body([report]).replace(b'"sex": "X"', b'"sex": "X", "sex": "F"'),),
    ),
    _refused(
        "not_utf8",
        msg("A body that is not JSON in UTF-8 gets 400"),
        _BODIES,
        lambda report: (
            b'{"reports": [',
            _body([report]).decode().encode("latin-1"),
        ),
    ),
    _refused(
        "no_list",
        msg("A body without a list of reports with ids gets 400"),
        _ONE_RESULT_EACH,
        lambda report: (b"[]", *map(_body, ({}, [], [None], [{**report, "id": "7"}], [{}]))),
    ),
    _refused(
        "unknown_member",
        msg("An unknown member beside the list of reports gets 400"),
        _CLOSED,
        lambda report: (_body([report], dry_run=True),),
    ),
    _refused(
        "content_type",
        msg("Another content type than JSON gets 400 or 415"),
        _BODIES,
        lambda report: (_body([report]),),
        "text/plain",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ),
)
