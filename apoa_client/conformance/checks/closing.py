"""A restart during a batch, a second account, and the end.

What the server said stays true to the end, what it said in the whole run fits together, and only cancelled reports are
left.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from apoa_client.authority.http_errors import retry_after
from apoa_client.conformance.check import RECEIPT, Context, Paragraph, check
from apoa_client.conformance.checks.session import MAX_SKEW
from apoa_client.conformance.exchange import (
    Failed,
    Json,
    NoAnswer,
    Skipped,
    expect,
    expect_accepted,
    expect_equal,
    expect_json,
    expect_problem,
    expect_receipt,
    need,
    shown,
    state_of,
)
from apoa_client.conformance.server import Server
from apoa_client.errors import Offline
from apoa_client.messages import msg, nmsg
from apoa_client.report.kinds import State
from apoa_client.settings.zones import ZONES

_INSIDE = Paragraph("/info/description", "A server answers within")
_RETRY_AFTER = Paragraph("/components/responses/TooManyRequests/description")
_KNOWN = Paragraph("/paths/~1reports~1{id}/get/description")
_EXPIRES_IN = Paragraph("/components/schemas/Token/properties/expires_in/description")
_DAILY_RECEIPT = Paragraph("/paths/~1receipts~1{day}/get/description", "Every receipt")
_CANCEL = Paragraph("/components/schemas/Cancel/description")
_FORBIDDEN = Paragraph("/components/responses/Forbidden/description")

_REPORTS = 3
_PAUSE_S = 0.02
_BATCH = 50
_CHANCE = 2
"""How many tokens may end early."""
_INTERNALS = re.compile(
    r"Traceback \(most recent call last|File \\?\"[^\"]+\", line \d+|\bat [^()\"]{1,200}\([^()\"]*\.\w+:\d+"
    r"|(?:/[\w.@-]+)+\.(?:py|[cm]?[jt]s|java|kt|go|rb|php|cs|rs):\d+|\.php on line \d+|goroutine \d+ \[|SQLSTATE"
    r"|\bSELECT .{1,200} FROM\b"
)
"""A line of a stack trace in one of the usual languages, or a query."""
_MAX_WAIT_S = 60


@check("restart.during_batch", msg("After a restart during a batch, all reports and receipts are there"), _KNOWN)
def during_batch(context: Context) -> None:
    """The batch is sent again and again until the server is back. What fails meanwhile does not count."""
    if context.restart is None:
        raise Skipped(msg("Nothing restarts the server here. Name a command that does: --restart-command"))
    reports = [context.samples.check_in() for _number in range(_REPORTS)]
    context.server.accept(*reports[:1])
    with _traffic(context.server, reports) as gone:
        context.restart()
    _wait_until_it_answers(context.server)
    expect(gone.is_set(), msg("The server was never gone: each connection was accepted during the restart."))
    context.server.ended_tokens.clear()
    _expect_unchanged(context.server)
    for each in context.server.accept(*reports):
        expect_receipt(each, context.server.receipts[each["id"]])


@contextmanager
def _traffic(server: Server, reports: Sequence[Json]) -> Iterator[threading.Event]:
    """Send the reports again and again; yield what is set when a connection was refused."""
    over, gone = threading.Event(), threading.Event()

    def send_until_over() -> None:
        while not over.is_set():
            try:
                server.deliver(*reports)
            except NoAnswer as exc:
                if isinstance(exc.error, Offline):
                    gone.set()
            except (Failed, Skipped):
                pass
            over.wait(_PAUSE_S)

    traffic = threading.Thread(target=send_until_over, daemon=True, name="apoa-conformance")
    traffic.start()
    try:
        yield gone
    finally:
        over.set()
        traffic.join()


def _wait_until_it_answers(server: Server) -> None:
    for _second in range(_MAX_WAIT_S):
        with suppress(NoAnswer):
            server.call("GET", "/meta")
            return
        server.pause(1, msg("Waiting until the server answers again"))


def _expect_unchanged(server: Server) -> None:
    """Check that each report of the run is known, with its receipt."""
    for report_id, receipt in server.receipts.items():
        response = server.call("GET", f"/reports/{report_id}")
        forgotten = msg("The report {id} was accepted and is unknown now.", id=report_id)
        expect(response.status != HTTPStatus.NOT_FOUND, forgotten)
        expect_receipt(expect_json(response, "Result"), receipt)


@check("accounts.apart", msg("Another property's account cannot read or change a report"), _FORBIDDEN)
def apart(context: Context) -> None:
    """It gets 404, as for an id that was never sent, or 403; and its reports are of a stay that is unknown."""
    if context.other is None:
        raise Skipped(msg("There is no second account. Name one of another property: --username2"))
    other, report = context.other, context.samples.check_in()
    other.log_in()
    other.meta = expect_json(other.call("GET", "/meta"), "Meta")
    different = other.meta["property"]["id"] != context.server.meta["property"]["id"]
    expect(different, msg("The second account is of the same property, so nothing was tested."))
    [result] = context.server.accept(report)
    for path in (f"/reports/{result['id']}", f"/reports/{result['id']}/receipt"):
        response = other.call("GET", path)
        expect(response.status != HTTPStatus.OK, msg("The other account can read the report."))
        expect_problem(response, HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN)
    if context.server.meta.get("daily_receipts", False) and result["receipt"] is not None:
        listed = _day_of(other, datetime.fromisoformat(result["receipt"]["issued_at"])).keys()
        expect(listed.isdisjoint(context.server.receipts), msg("The other account's list of the day has the report."))
    for each in (context.samples.check_out(report["stay_id"]), context.samples.cancel(report["stay_id"])):
        [changed] = other.deliver(each)
        done = msg("The other account's {kind} is {status}.", kind=each["kind"], status=changed["status"])
        expect(state_of(changed) is not State.ACCEPTED, done)


@check(
    "closing.receipts",
    msg("Receipts stay the same to the end, and each has its own number"),
    RECEIPT,
)
def receipts(context: Context) -> None:
    """Those that were issued first have had the most time to change, and what was pending to be decided.

    No number and no sum sha256 stands on two receipts. Each was issued within this test, and the 5 minutes by which
    clocks may differ.
    """
    server = context.server
    for result in [server.result(report_id) for report_id in server.pending]:
        expect_accepted(result)
        if result["status"] == "accepted":
            server.receipts.setdefault(result["id"], result["receipt"])
    need(server.receipts, msg("The server has issued no receipt."))
    for member in ("number", "sha256"):
        first: dict[str, str] = {}
        for report_id, receipt in server.receipts.items():
            value = receipt[member]
            other = report_id if value is None else first.setdefault(value, report_id)
            ids = f"{value} ({other}, {report_id})"
            expect(other == report_id, msg("Two reports have one {member}: {ids}", member=member, ids=ids))
    for receipt in server.receipts.values():
        late = context.now() - datetime.fromisoformat(receipt["issued_at"])
        wrong = msg(
            "issued_at is {value}, {minutes} minutes from now. Is it local time with the offset of another zone?",
            value=receipt["issued_at"],
            minutes=round(abs(late) / timedelta(minutes=1)),
        )
        expect(-MAX_SKEW <= late <= server.connection.age + MAX_SKEW, wrong)
    _expect_unchanged(server)


@check("closing.day", msg("GET /receipts/DAY lists each receipt of the test, on all its pages"), _DAILY_RECEIPT)
def day(context: Context) -> None:
    """In the days of the property's time zone, where GET /meta says one."""
    server = context.server
    need(server.meta.get("daily_receipts", False), msg("The server has no daily receipts."))
    need(server.receipts, msg("The server has issued no receipt."))
    listed: dict[str, Json] = {}
    for report_id, receipt in server.receipts.items():
        if report_id not in listed:
            listed |= _day_of(server, datetime.fromisoformat(receipt["issued_at"]))
        lacks = msg("The list of {count} lines lacks the report {id}.", count=len(listed), id=report_id)
        expect(report_id in listed, lacks)
        for member in ("number", "issued_at"):
            expect_equal(member, listed[report_id][member], receipt[member])


def _day_of(server: Server, moment: datetime) -> dict[str, Json]:
    """Return the lines, by id, of the day that has this time, which a server may state with another offset."""
    for days in (0, 1, -1):
        asked = (moment + timedelta(days=days)).date().isoformat()
        lines: dict[str, Json] = {}
        page = ""
        while True:
            answer = expect_json(server.call("GET", f"/receipts/{asked}{page}"), "DailyReceipt")
            for each in answer["reports"]:
                expect(each["id"] not in lines, msg("The day lists the report {id} twice.", id=each["id"]))
                lines[each["id"]] = each
            if answer.get("next") is None:
                break
            endless = msg("A page without a report names a next page, so the list may have no end.")
            expect(answer["reports"], endless)
            page = f"?page={answer['next']}"
        expect_equal("day", answer["day"], asked)
        expect_equal("property", answer["property"], server.meta["property"]["id"])
        _expect_midnights(answer, server.meta.get("timezone"))
        if datetime.fromisoformat(answer["from"]) <= moment < datetime.fromisoformat(answer["to"]):
            expect_equal("accepted", answer["accepted"], len(lines))
            return lines
    raise Failed(msg("No day has the time of the receipt, {moment}.", moment=moment.isoformat()))


def _expect_midnights(answer: Mapping[str, Any], zone: str | None) -> None:
    """Check that a day begins and ends at midnight: in the time zone that GET /meta says, or in its own offset."""
    for member, days in (("from", 0), ("to", 1)):
        moment = datetime.fromisoformat(answer[member])
        local = moment.astimezone(ZONES.get(zone or "", moment.tzinfo))
        midnight = datetime.fromisoformat(answer["day"]) + timedelta(days=days)
        wrong = msg(
            "{member} is {value}, which is not midnight in the property's time zone ({zone}).",
            member=member,
            value=answer[member],
            zone=zone or "-",
        )
        expect(local.replace(tzinfo=None) == midnight, wrong)


@check("closing.retry_after", msg("A server that is busy says in a valid form how long to wait"), _RETRY_AFTER)
def valid_retry_after(context: Context) -> None:
    """With 429, or with 503 for maintenance."""
    need(context.server.busy, msg("The server was never busy."))
    for response in context.server.busy:
        expect("retry-after" in response.headers, msg("An answer 429 has no header Retry-After."))
        value = shown(response.headers["retry-after"])
        wrong = msg("The header Retry-After is neither seconds nor a date: {value}", value=value)
        expect(retry_after(response.headers) is not None, wrong)


@check("closing.token", msg("A token is valid for expires_in seconds"), _EXPIRES_IN)
def token_lifetime(context: Context) -> None:
    """Some may end before, by a restart or a new key."""
    ended = context.server.ended_tokens
    lie = msg(
        "expires_in is {lifetime} seconds, but tokens were refused after {ages} seconds.",
        lifetime=context.server.token_lifetime_s,
        ages=shown(", ".join(f"{each:.1f}" for each in ended[:3])),
    )
    expect(len(ended) <= _CHANCE, lie)


@check("closing.internals", msg("No answer shows the inside of the server, such as a stack trace"), _INSIDE)
def internals(context: Context) -> None:
    """All answers of the whole test, many of which are errors."""
    for each in context.server.connection.since(0):
        found = _INTERNALS.search(each.answer.body) if each.answer is not None else None
        if found is not None:
            text = shown(found[0])
            raise Failed(msg("The answer to {call} shows: {text}", call=each.request.line, text=text))


@check("closing.cancelled", msg("All test reports are cancelled"), _CANCEL)
def cancelled(context: Context) -> None:
    """A stay that the server may have is cancelled too; then a rejection is right."""
    server, waiting = context.server, 0
    need(server.open_stays, msg("There is no report to cancel."))
    batch = min(_BATCH, server.meta["max_batch"] // 2 or 1)
    stays = list(server.open_stays)
    for first in range(0, len(stays), batch):
        some = stays[first : first + batch]
        try:
            results = server.deliver(*(context.samples.cancel(stay) for stay in some))
        except NoAnswer:
            break
        except (Failed, Skipped):
            continue
        for stay, result in zip(some, results, strict=True):
            unknown = "unknown_stay" in {each["code"] for each in result["errors"]}
            if result["status"] == "rejected" and (unknown or not server.open_stays.get(stay, True)):
                del server.open_stays[stay]
            elif result["status"] in {"pending", "deferred"}:
                del server.open_stays[stay]
                waiting += 1
    if server.open_stays:
        raise Failed(
            nmsg(
                "{count} test report may be left, because it could not be cancelled.",
                "{count} test reports may be left, because they could not be cancelled.",
                len(server.open_stays),
            )
        )
    need(
        not waiting,
        nmsg("{count} test report is left, undecided.", "{count} test reports are left, undecided.", waiting),
    )
