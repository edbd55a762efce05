"""The life of a stay: a sequence of reports, handled in their order."""

from apoa_client.conformance.check import Setting, check
from apoa_client.conformance.expectations import Json, expect, expect_receipt
from apoa_client.conformance.paragraphs import AMEND, CANCEL, IN_ORDER
from apoa_client.conformance.server import expect_accepted
from apoa_client.messages import msg


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
    expect(result["status"] not in {"accepted", "duplicate"}, msg("The report is {status}.", status=result["status"]))


CHECKS = (one_by_one, in_one_batch, check_out_first, unknown_stay, cancel)
