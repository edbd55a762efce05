"""The results of `apoa contract test` as JUnit XML, which CI systems read."""

import re
from xml.etree import ElementTree as ET

from apoa_client.cli.terminal.language import text
from apoa_client.cli.views.conformance import MAX_EXCHANGES, ConformanceReport, failure_lines
from apoa_client.conformance.results import CheckResult, Result
from apoa_client.report.deadline import instant

_SUITE = "apoa contract test"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) does not allow, even escaped."""
_CHARACTERS = 4_000


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
