"""The results of `apoa contract test` as a page: one file without scripts, to read on a screen or to print."""

from itertools import groupby

from apoa_client.cli.documents.pages import render_page
from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.views.conformance import MAX_EXCHANGES, RESULTS, VERDICTS, ConformanceReport, exchange_lines
from apoa_client.conformance.results import Result
from apoa_client.report.deadline import instant

_CHARACTERS = 4_000

CHAPTERS = {
    "session": N_("Session"),
    "codes": N_("Code tables"),
    "reports": N_("Reports"),
    "requests": N_("Wrong requests"),
    "idempotency": N_("The same report again"),
    "stays": N_("The life of a stay"),
    "limits": N_("Limits and compression"),
    "receipts": N_("Receipts"),
    "photos": N_("Photos"),
    "restart": N_("Restart"),
    "closing": N_("At the end"),
}
"""The headings, by the chapters of the checks."""


def conformance_page(report: ConformanceReport) -> str:
    """Return the page, in the reader's language. All values in it are escaped."""
    return render_page(
        "conformance.html",
        languages=[current_language()],
        text=text,
        report=report,
        title=_("Test of a server against the reporting contract"),
        labels={
            "server": _("Tested server"),
            "started": _("Started"),
            "contract": _("Contract"),
            "says": _("The contract says"),
            "ours": _("The contract is apoa-client's own. No official APOA interface exists."),
        },
        verdict=_(VERDICTS[report.conforms]),
        started=instant(report.started_at),
        failed=[each for each in report.results if each.result is Result.FAILED],
        words={kind: _(RESULTS[kind]) for kind in Result},
        chapters=[
            (_(CHAPTERS[name]), list(checks)) for name, checks in groupby(report.results, lambda each: each.chapter)
        ],
        lines_of=lambda result: [list(exchange_lines(each, _CHARACTERS)) for each in result.exchanges[-MAX_EXCHANGES:]],
    )
