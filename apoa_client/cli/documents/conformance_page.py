"""The results of `apoa contract test` as a page without scripts, to read or print, and as JUnit XML for CI systems."""

import re
from itertools import groupby
from xml.etree import ElementTree as ET

from apoa_client.cli.documents.pages import render_page
from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.views.conformance import (
    MAX_EXCHANGES,
    RESULTS,
    VERDICTS,
    ConformanceReport,
    exchange_lines,
    failure_lines,
)
from apoa_client.conformance.check import CheckResult, Result
from apoa_client.report.kinds import instant

_CHARACTERS = 4_000

CHAPTERS = {
    "session": N_("Session"),
    "codes": N_("Code tables"),
    "reports": N_("Reports"),
    "rules": N_("Rules for fields"),
    "requests": N_("Wrong requests"),
    "idempotency": N_("The same report again"),
    "stays": N_("The life of a stay"),
    "limits": N_("Limits and compression"),
    "receipts": N_("Receipts"),
    "photos": N_("Photos"),
    "restart": N_("Restart"),
    "accounts": N_("Another property's account"),
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
            "also": _("For the same cause"),
            "ours": _("The contract is apoa-client's own. No official APOA interface exists."),
        },
        verdict=_(VERDICTS[report.conforms]),
        started=instant(report.started_at),
        failed=[each for each in report.results if each.result is Result.FAILED and each.same_as is None],
        also=lambda first: ", ".join(each.id for each in report.results if each.same_as == first.id),
        words={kind: _(RESULTS[kind]) for kind in Result},
        chapters=[
            (_(CHAPTERS[name]), list(checks)) for name, checks in groupby(report.results, lambda each: each.chapter)
        ],
        lines_of=lambda result: [list(exchange_lines(each, _CHARACTERS)) for each in result.exchanges[-MAX_EXCHANGES:]],
    )


_SUITE = "apoa contract test"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) does not allow, even escaped."""


def junit_xml(report: ConformanceReport) -> bytes:
    """Return the document, in UTF-8: a test case for each check."""
    counts = {
        "tests": str(len(report.results)),
        "failures": str(report.count(Result.FAILED)),
        "skipped": str(report.count(Result.SKIPPED)),
        "errors": "0",
    }
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": _SUITE, "timestamp": instant(report.started_at), **counts})
    properties = ET.SubElement(suite, "properties")
    for name, value in (("url", report.url), ("contract", str(report.meta.get("contract", "")))):
        ET.SubElement(properties, "property", {"name": name, "value": _xml(value)})
    for each in report.results:
        _add_case(suite, each)
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _add_case(suite: ET.Element, result: CheckResult) -> None:
    name = f"{result.id}: {text(result.title)}"
    case = ET.SubElement(suite, "testcase", {"classname": f"contract.{result.chapter}", "name": name})
    reason = "" if result.reason is None else _xml(text(result.reason))
    if result.result is Result.FAILED:
        failure = ET.SubElement(case, "failure", {"message": reason})
        failure.text = _xml("\n".join(failure_lines(result, MAX_EXCHANGES, _CHARACTERS)))
    elif result.result is Result.SKIPPED:
        ET.SubElement(case, "skipped", {"message": reason})


def _xml(value: str) -> str:
    """Return the text with a question mark for each character that XML does not allow."""
    return _NOT_XML.sub("?", value)
