"""The page that shows the received reports with their verdicts and answers, and who may see it.

A browser asks for no password, so the page's address has a random token. The reports are kept in memory, never on disk.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from apoa_client.locale import LANGUAGES, catalogue
from apoa_client.loopback import PAGE_HEADERS, is_token, new_token
from apoa_client.messages import Message, literal, moment_message, msg
from apoa_client.ports.authority import Status
from apoa_client.report.fields import label_of, with_label
from apoa_client.sandbox.decisions import Result
from apoa_client.sandbox.validation import Refusal, Violation, member

if TYPE_CHECKING:
    from jinja2 import Template

MAX_REPORTS = 200
"""The newest reports; older ones are dropped from the page, and their verdicts stay in the storage."""

_TEMPLATES = Path(__file__).with_name("templates")
_DEFAULT_LANGUAGE = "id"
_REPORT_ID = msg("Id of the report")
_TEXTS = {
    "title": msg("Training authority"),
    "purpose": msg("What apoa sends to this computer for training appears here. Nothing here reaches Immigration."),
    "reload": msg("Load the page again to see what has arrived since."),
    "reports": msg("Reports received"),
    "no_reports": msg("No report has arrived since the training authority was started."),
    "room": msg("Room"),
    "no_receipt": msg("No receipt"),
    "photo": msg("A photo of the passport arrived."),
    "report_id": _REPORT_ID,
    "stay_id": msg("Stay ID"),
    "errors": msg("What must be corrected"),
    "warnings": msg("What to look at"),
    "request": msg("The report as it was sent"),
    "answer": msg("The answer"),
}
_KINDS = {
    "check_in": msg("check-in"),
    "check_out": msg("check-out"),
    "amend": msg("correction"),
    "cancel": msg("cancellation"),
}


@dataclass(frozen=True, slots=True)
class Received:
    """One report as it came, when it came first, and its latest verdict."""

    arrived_at: datetime
    report: Mapping[str, Any] = field(repr=False)
    result: Result
    has_photo: bool = False


class Page:
    """The page of one authority, from its first start on. It shows no reports that came before.

    Safe to use from several threads.
    """

    def __init__(self, property_name: str, *, is_shown: bool) -> None:
        self._property_name = property_name
        self.token = new_token() if is_shown else ""
        """The secret part of the address; empty without a page."""
        self._lock = threading.Lock()
        self._received: OrderedDict[str, Received] = OrderedDict()

    def add(self, report: Mapping[str, Any], result: Result, now: datetime) -> None:
        """Add a report and its result. A report that is sent again keeps its place.

        One that has the id of another report does not replace it.
        """
        conflict = any(error.code == "id_conflict" for error in result.errors)
        key = f"{result.id} conflict" if conflict else result.id
        with self._lock:
            before = self._received.get(key, Received(now, report, result))
            self._received[key] = replace(before, report=report, result=result)
            while len(self._received) > MAX_REPORTS:
                self._received.popitem(last=False)

    def change(self, report_id: str, **changes: Any) -> None:  # noqa: ANN401  as `dataclasses.replace`
        """Change what is shown of a report: a later verdict, or that its photo arrived."""
        with self._lock:
            if report_id in self._received:
                self._received[report_id] = replace(self._received[report_id], **changes)

    def newest_first(self) -> list[Received]:
        """Return the reports."""
        with self._lock:
            return list(reversed(self._received.values()))

    def answer(self, request: Request, part: str, token: str) -> Response:
        """Return one part of the page: the document or its style. Raises `Refusal`."""
        if not is_token(token, self.token):
            raise Refusal(404, "There is nothing at this address.")
        if part == "style":
            return Response((_TEMPLATES / "page.css").read_text("utf-8"), mimetype="text/css")
        language = request.accept_languages.best_match(LANGUAGES, _DEFAULT_LANGUAGE)
        html = _html(self._property_name, f"/received/{token}", self.newest_first(), language)
        return Response(html, mimetype="text/html", headers=PAGE_HEADERS)


def _html(property_name: str, address: str, reports: Sequence[Received], language: str) -> str:
    """Return the page in a language of `LANGUAGES`."""
    translations = catalogue(language)
    return _template().render(
        t=lambda message: message.render(translations.gettext, translations.ngettext),
        texts=_TEXTS,
        statuses={each.value: each.meaning.title for each in Status},
        property_name=property_name,
        address=address,
        language=language,
        reports=reports,
        kind=lambda report: _KINDS.get(_text(report, "kind"), msg("unknown kind of report")),
        text=_text,
        moment=moment_message,
        finding=_finding,
        json=_json,
        receipt=lambda receipt: msg(
            "Receipt {number}, issued {moment}",
            number=literal(receipt.number),
            moment=moment_message(datetime.fromisoformat(receipt.issued_at)),
        ),
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # most training runs never show the page

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def _finding(violation: Violation) -> Message:
    """Return what is wrong with which field."""
    label = _REPORT_ID if violation.field == "id" else label_of(violation.field)
    return with_label(label, Message(violation.message))


def _text(report: Mapping[str, Any], *path: str) -> str:
    """Return the text at `path` of a report; empty if there is none."""
    value = member(report, *path)
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _json(value: Mapping[str, Any] | Result) -> str:
    """Return a report as it was sent, or the answer to it, as JSON."""
    value = asdict(value) if isinstance(value, Result) else value
    return json.dumps(value, ensure_ascii=False, indent=2).encode(errors="backslashreplace").decode()
