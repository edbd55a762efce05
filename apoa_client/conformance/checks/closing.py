"""A restart during a batch, and the end: what the server said stays true, and only cancelled reports are left."""

import threading
from contextlib import suppress
from itertools import islice

from apoa_client.authority.http_errors import retry_after
from apoa_client.conformance.check import CANCEL, IDEMPOTENT, RECEIPT, Context, Paragraph, check
from apoa_client.conformance.exchange import Failed, NoAnswer, Skipped
from apoa_client.conformance.server import expect, expect_equal, expect_receipt, need
from apoa_client.messages import msg, nmsg

_RETRY_AFTER = Paragraph("/components/headers/RetryAfter/description")

_REPORTS = 5
_PAUSE_S = 0.2
_MAX_WAIT_S = 60


@check("restart.during_batch", msg("After a restart during a batch, all receipts are the same"), IDEMPOTENT)
def during_batch(context: Context) -> None:
    """The batch is sent again and again until the server is back. What fails meanwhile does not count."""
    if context.restart is None:
        raise Skipped(msg("No person is there to restart the server."))
    reports = [context.samples.check_in() for _number in range(_REPORTS)]
    first, over = context.server.accept(*reports[:2]), threading.Event()

    def send_until_over() -> None:
        while not over.is_set():
            with suppress(Failed, Skipped):
                context.server.deliver(*reports)
            over.wait(_PAUSE_S)

    traffic = threading.Thread(target=send_until_over, daemon=True, name="apoa-conformance")
    traffic.start()
    try:
        context.restart()
    finally:
        over.set()
        traffic.join()
    _wait_until_it_answers(context)
    results = context.server.accept(*reports)
    expect_equal("receipts", [each["receipt"] for each in results[:2]], [each["receipt"] for each in first])
    for each in results:
        expect_equal("receipt", context.server.receipts[each["id"]], each["receipt"])


def _wait_until_it_answers(context: Context) -> None:
    for _second in range(_MAX_WAIT_S):
        try:
            context.server.call("GET", "/meta")
        except NoAnswer:
            context.server.pause(1)
        else:
            return


_ASKED_AGAIN = 25
"""How many of the receipts are asked for again at the end."""
_BATCH = 100


@check("closing.receipts", msg("Receipts of the whole test are still the same at its end"), RECEIPT)
def receipts(context: Context) -> None:
    """Those that were issued first have had the most time to change."""
    need(context.server.receipts, msg("The server has issued no receipt."))
    for report_id, receipt in islice(context.server.receipts.items(), _ASKED_AGAIN):
        expect_receipt(context.server.result(report_id), receipt)


@check("closing.retry_after", msg("A server that is busy says in a valid form how long to wait"), _RETRY_AFTER)
def valid_retry_after(context: Context) -> None:
    """With 429, or with 503 for maintenance."""
    need(context.server.busy, msg("The server was never busy."))
    for response in context.server.busy:
        valid = "retry-after" not in response.headers or retry_after(response.headers) is not None
        expect(valid, msg("The header Retry-After is neither seconds nor a date."))


@check("closing.cancelled", msg("All test reports are cancelled"), CANCEL)
def cancelled(context: Context) -> None:
    """A stay that the server may have is cancelled too; then a rejection is right."""
    server = context.server
    need(server.open_stays, msg("There is no report to cancel."))
    batch = min(_BATCH, server.meta["max_batch"])
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
            if result["status"] == "rejected" and not server.open_stays.get(stay, True):
                del server.open_stays[stay]
    if server.open_stays:
        raise Failed(
            nmsg(
                "{count} test report may be left, because it could not be cancelled.",
                "{count} test reports may be left, because they could not be cancelled.",
                len(server.open_stays),
            )
        )
