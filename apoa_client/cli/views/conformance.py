"""The results of `apoa contract test`: a line for each check, and for a failed one what shows it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_line, sanitize, style_error, style_success, style_warning
from apoa_client.conformance.check import CheckResult, Result
from apoa_client.conformance.exchange import Exchange, Recorded
from apoa_client.messages import nmsg
from apoa_client.report.kinds import instant

RESULTS = {Result.PASSED: N_("passed"), Result.FAILED: N_("FAILED"), Result.SKIPPED: N_("skipped")}
VERDICTS = {True: N_("The server conforms to the contract."), False: N_("The server does not conform to the contract.")}

MAX_EXCHANGES = 10
"""How many of the exchanges of a failed check are in a document: the last ones."""

_STYLES: Mapping[Result, Callable[[str], str]] = {
    Result.PASSED: style_success,
    Result.FAILED: style_error,
    Result.SKIPPED: style_warning,
}
_SHOWN_EXCHANGES = 2
_SHOWN_CHARACTERS = 600


class ConformanceReport(NamedTuple):
    """A whole test: the server's address, when it began, what ``GET /meta`` said (or {}), and the results."""

    url: str
    started_at: datetime
    meta: Mapping[str, Any]
    results: Sequence[CheckResult]

    @property
    def conforms(self) -> bool:
        """Whether no check failed."""
        return not self.count(Result.FAILED)

    def count(self, kind: Result) -> int:
        """Return how many of the checks have this result."""
        return sum(each.result is kind for each in self.results)

    @property
    def summary(self) -> str:
        """How many checks have which result, in the reader's language."""
        counts = {kind.value: self.count(kind) for kind in Result}
        counted = _("{passed} checks passed, {failed} failed, {skipped} were skipped.").format(**counts)
        causes = sum(each.result is Result.FAILED and each.same_as is None for each in self.results)
        if causes in {0, self.count(Result.FAILED)}:
            return counted
        why = nmsg("All have one cause.", "They have {count} causes.", causes)
        return f"{counted} {text(why)}"


def show_result(result: CheckResult) -> None:
    """Show the line of a check; of a failed one also the reason, the paragraph, and the last exchanges."""
    word = _STYLES[result.result](_(RESULTS[result.result]))
    line = f"{word} {result.id}: {text(result.title)}"
    if result.result is Result.SKIPPED and result.reason is not None:
        line += f" ({text(result.reason)})"
    if result.same_as is not None:
        line += " " + _("(for the same cause as {check})").format(check=result.same_as)
    print_line(line)
    if result.result is not Result.FAILED or result.same_as is not None:
        return
    for each in failure_lines(result, _SHOWN_EXCHANGES, _SHOWN_CHARACTERS):
        print_line(f"  {each}")


def failure_lines(result: CheckResult, exchanges: int, characters: int) -> Iterator[str]:
    """Yield why a check failed: the reason, the paragraph, and the last exchanges, with shortened bodies."""
    if result.reason is not None:
        yield text(result.reason)
    yield _("The contract says: {text} ({place})").format(
        text=sanitize(result.paragraph.text), place=result.paragraph.pointer
    )
    for each in result.exchanges[-exchanges:]:
        yield from exchange_lines(each, characters)


def exchange_lines(exchange: Exchange, characters: int) -> Iterator[str]:
    """Yield a request and its answer, each with the beginning of its body."""
    yield from _message_lines(">", exchange.request, characters)
    if exchange.answer is not None:
        yield from _message_lines("<", exchange.answer, characters)
    if exchange.problem is not None:
        yield f"< {text(exchange.problem)}"


def _message_lines(sign: str, message: Recorded, characters: int) -> Iterator[str]:
    yield f"{sign} {sanitize(message.line)}"
    for name, value in message.headers.items():
        yield f"{sign} {sanitize(name)}: {sanitize(value)}"
    body = sanitize(" ".join(message.body.split()))
    if body:
        yield f"{sign} {body if len(body) <= characters else body[:characters] + '…'}"


def show_verdict(report: ConformanceReport) -> None:
    """Show whether the server conforms, and the counts."""
    style = style_success if report.conforms else style_error
    print_line()
    print_line(style(_(VERDICTS[report.conforms])) + " " + report.summary)


def report_value(report: ConformanceReport) -> dict[str, Any]:
    """Return the document of `apoa contract test --json`."""
    return {
        "url": report.url,
        "started_at": instant(report.started_at),
        "contract": report.meta.get("contract"),
        "environment": report.meta.get("environment"),
        "conforms": report.conforms,
        **{kind.value: report.count(kind) for kind in Result},
        "checks": [_check_value(each) for each in report.results],
    }


def _check_value(result: CheckResult) -> dict[str, Any]:
    shown = result.exchanges[-MAX_EXCHANGES:] if result.result is Result.FAILED else ()
    return {
        "id": result.id,
        "title": text(result.title),
        "result": result.result.value,
        "reason": None if result.reason is None else text(result.reason),
        "same_cause_as": result.same_as,
        "paragraph": {"pointer": result.paragraph.pointer, "text": result.paragraph.text},
        "requests": len(result.exchanges),
        "exchanges": [
            {
                "request": _recorded_value(each.request),
                "answer": None if each.answer is None else _recorded_value(each.answer),
                "problem": None if each.problem is None else text(each.problem),
            }
            for each in shown
        ],
    }


def _recorded_value(message: Recorded) -> dict[str, Any]:
    return {"line": message.line, "headers": dict(message.headers), "body": message.body}
