"""What the authority would say about a report that is only checked: as JSON, and beside what is found here."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_line,
    sanitize,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.views.findings import error_fields, finding_line, findings_value
from apoa_client.errors import ApoaError, Exit
from apoa_client.ports.authority import Status, Verdict
from apoa_client.report.fields import label_of


class Online(NamedTuple):
    """The authority's answer about one report. Without an answer, `missing` or `error` says why it was not asked."""

    verdict: Verdict | None = None
    missing: tuple[str, ...] = ()
    """The paths of the fields that a report needs."""
    error: ApoaError | None = None

    @property
    def refused(self) -> bool:
        """Whether the authority would refuse the report."""
        return self.verdict is not None and self.verdict.refused

    @property
    def exit_code(self) -> Exit:
        """65 for a report that would be refused, and the error's own code."""
        if self.error is not None:
            return self.error.exit_code
        return Exit.DATA_REFUSED if self.refused else Exit.DONE


def online_value(online: Online | None) -> dict[str, Any] | None:
    """Return the answer as JSON values; None where the authority was not to be asked."""
    if online is None:
        return None
    verdict = online.verdict
    findings = (verdict.errors, verdict.warnings) if verdict is not None else ((), ())
    return {
        "asked": verdict is not None,
        "status": verdict.status.value if verdict is not None else None,
        **findings_value(*findings),
        "missing": list(online.missing),
        "error": error_fields(online.error) if online.error is not None else None,
    }


def online_lines(online: Online) -> Iterator[str]:
    """Yield what the authority would say, or in one line why it was not asked."""
    if online.verdict is None:
        reason = text(online.error.message) if online.error is not None else ""
        if online.missing:
            fields = ", ".join(text(label_of(path)) for path in online.missing)
            reason = _("a report also needs: {fields}.").format(fields=fields)
        yield _("The authority was not asked: {reason}").format(reason=sanitize(reason))
        return
    status = online.verdict.status
    style = {Status.ACCEPTED: style_success, Status.REJECTED: style_error}.get(status, style_warning)
    yield style(text(status.meaning.preview))
    for finding in (*online.verdict.errors, *online.verdict.warnings):
        yield f"{finding_line(finding)} [{sanitize(finding.code)}]"


def show_online(online: Online | None) -> None:
    """Show the answer on stdout, where the document is; nothing where the authority was not to be asked."""
    if online is None:
        return
    for line in online_lines(online):
        print_line(line)
    if online.error is not None and online.error.advice is not None:
        print_error_line(text(online.error.advice))
