"""A restart of the server during a batch: nothing that was accepted is lost or gets another receipt."""

import threading
from contextlib import suppress

from apoa_client.conformance.check import Setting, check
from apoa_client.conformance.exchange import NoAnswer
from apoa_client.conformance.expectations import expect_equal
from apoa_client.conformance.outcomes import Failed, Skipped
from apoa_client.conformance.paragraphs import IDEMPOTENT
from apoa_client.messages import msg

_REPORTS = 5
_PAUSE_S = 0.2
_MAX_WAIT_S = 60


@check("restart.during_batch", msg("After a restart during a batch, all receipts are the same"), IDEMPOTENT)
def during_batch(setting: Setting) -> None:
    """The batch is sent again and again until the server is back. What fails meanwhile does not count."""
    if setting.restart is None:
        raise Skipped(msg("No person is there to restart the server."))
    reports = [setting.samples.check_in() for _number in range(_REPORTS)]
    first, over = setting.server.accept(*reports[:2]), threading.Event()

    def send_until_over() -> None:
        while not over.is_set():
            with suppress(Failed, Skipped):
                setting.server.deliver(*reports)
            over.wait(_PAUSE_S)

    traffic = threading.Thread(target=send_until_over, daemon=True, name="apoa-conformance")
    traffic.start()
    try:
        setting.restart()
    finally:
        over.set()
        traffic.join()
    _wait_until_it_answers(setting)
    results = setting.server.accept(*reports)
    expect_equal("receipts", [each["receipt"] for each in results[:2]], [each["receipt"] for each in first])
    for each in results:
        expect_equal("receipt", setting.server.receipts[each["id"]], each["receipt"])


def _wait_until_it_answers(setting: Setting) -> None:
    for _second in range(_MAX_WAIT_S):
        try:
            setting.server.call("GET", "/meta")
        except NoAnswer:
            setting.server.pause(1)
        else:
            return


CHECKS = (during_batch,)
