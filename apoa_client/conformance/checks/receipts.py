"""Receipts: the server's proof, which never changes."""

from datetime import datetime, timedelta
from http import HTTPStatus

from apoa_client.conformance.check import Setting, check
from apoa_client.conformance.expectations import (
    Json,
    expect,
    expect_equal,
    expect_json,
    expect_problem,
    expect_receipt,
)
from apoa_client.conformance.outcomes import Failed, Skipped
from apoa_client.conformance.paragraphs import DAILY_RECEIPT, NOT_FOUND, RECEIPT, RECEIPT_CALL, RECEIPT_SHA256
from apoa_client.messages import msg

_PDF, _PDF_START = "application/pdf", b"%PDF-"


@check("receipts.call", msg("GET /reports/ID/receipt answers with the receipt of the result"), RECEIPT_CALL)
def call(setting: Setting) -> None:
    """As JSON."""
    [result] = setting.server.accept(setting.samples.check_in())
    asked = expect_json(setting.server.call("GET", _path(result["id"])), "Receipt")
    expect_equal("receipt", asked, result["receipt"])


@check("receipts.pdf", msg("A client that asks for a PDF gets one, or the receipt as JSON"), RECEIPT_CALL)
def pdf(setting: Setting) -> None:
    """With a header `Accept` that prefers a PDF."""
    [result] = setting.server.accept(setting.samples.check_in())
    response = setting.server.call("GET", _path(result["id"]), {"Accept": f"{_PDF}, application/json;q=0.1"})
    if response.media_type == _PDF:
        expect(response.body.startswith(_PDF_START), msg("The body is not a PDF."))
    else:
        expect_equal("receipt", expect_json(response, "Receipt"), result["receipt"])


@check("receipts.none", msg("A report without a receipt, and an unknown one, get 404"), NOT_FOUND)
def none(setting: Setting) -> None:
    """A rejected report, and an id that was never sent."""
    [result] = setting.server.deliver(setting.samples.bad_check_in())
    for report_id in (result["id"], setting.samples.id()):
        expect_problem(setting.server.call("GET", _path(report_id)), HTTPStatus.NOT_FOUND)


@check("receipts.different", msg("Two reports have two receipt numbers"), RECEIPT)
def different(setting: Setting) -> None:
    """Two guests in one batch."""
    first, second = setting.server.accept(setting.samples.check_in(), setting.samples.check_in())
    numbers = [expect_receipt(each)["number"] for each in (first, second)]
    expect(numbers[0] != numbers[1], msg("Two reports have the same receipt number."))


@check("receipts.sha256", msg("Two reports have two sums sha256, where the server keeps them"), RECEIPT_SHA256)
def sha256(setting: Setting) -> None:
    """Or null for both."""
    results = setting.server.accept(setting.samples.check_in(), setting.samples.check_in())
    first, second = (expect_receipt(each)["sha256"] for each in results)
    expect(first is None or first != second, msg("Two different reports have the same sha256."))


@check(
    "receipts.unchanged", msg("A receipt stays the same after an amendment, a check-out and a cancellation"), RECEIPT
)
def unchanged(setting: Setting) -> None:
    """Asked for in every way, after each further report."""
    make, server, report = setting.samples, setting.server, setting.samples.check_in()
    [result] = server.accept(report)
    receipt, stay = expect_receipt(result), report["stay_id"]
    for later in (make.amend(report, room="12"), make.check_out(stay), make.cancel(stay)):
        server.accept(later)
        expect_receipt(server.result(report["id"]), receipt)
        expect_equal("receipt", expect_json(server.call("GET", _path(report["id"])), "Receipt"), receipt)
        [again] = server.deliver(report)
        expect_receipt(again, receipt)


@check(
    "receipts.day",
    msg("GET /receipts/DAY has each receipt of the day, where the server has daily receipts"),
    DAILY_RECEIPT,
)
def day(setting: Setting) -> None:
    """The list has the receipt that was just issued, and counts right."""
    if not setting.server.meta.get("daily_receipts", False):
        raise Skipped(msg("The server has no daily receipts."))
    [result] = setting.server.accept(setting.samples.check_in())
    receipt = expect_receipt(result)
    listed = _day_of(setting, datetime.fromisoformat(receipt["issued_at"]))
    line = {"id": result["id"], "number": receipt["number"], "issued_at": receipt["issued_at"]}
    expect(
        line in [{name: each[name] for name in line} for each in listed["reports"]],
        msg("The day lacks the receipt that was just issued."),
    )
    expect_equal("accepted", listed["accepted"], len(listed["reports"]))


@check("receipts.no_day", msg("A server without daily receipts answers 404"), DAILY_RECEIPT)
def no_day(setting: Setting) -> None:
    """Where GET /meta does not say `daily_receipts`."""
    if setting.server.meta.get("daily_receipts", False):
        raise Skipped(msg("The server has daily receipts."))
    expect_problem(setting.server.call("GET", "/receipts/2026-11-24"), HTTPStatus.NOT_FOUND)


def _day_of(setting: Setting, issued_at: datetime) -> Json:
    """Return the list of the day with this time. A server may state the time with another offset than the day's."""
    for days in (0, 1, -1):
        asked = (issued_at + timedelta(days=days)).date().isoformat()
        listed = expect_json(setting.server.call("GET", f"/receipts/{asked}"), "DailyReceipt")
        expect_equal("day", listed["day"], asked)
        expect_equal("property", listed["property"], setting.server.meta["property"]["id"])
        if datetime.fromisoformat(listed["from"]) <= issued_at < datetime.fromisoformat(listed["to"]):
            return listed
    raise Failed(msg("No day has the time of the receipt."))


def _path(report_id: str) -> str:
    return f"/reports/{report_id}/receipt"


CHECKS = (call, pdf, none, different, sha256, unchanged, day, no_day)
