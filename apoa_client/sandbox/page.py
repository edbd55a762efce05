"""The page that shows the received reports as they arrive and turns faults on and off, and who may use it.

A browser asks for no password, so the page's address has a random token, and a fault is turned on from the same origin
only. The reports are kept in memory, never on disk.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from apoa_client.locale import LANGUAGES, catalogue
from apoa_client.loopback import PAGE_HEADERS, comes_from_page, is_token, new_token
from apoa_client.messages import Message, literal, moment_message, msg, nmsg
from apoa_client.ports.authority import Status
from apoa_client.report.fields import label_of, with_label
from apoa_client.report.kinds import State
from apoa_client.sandbox.decisions import Result
from apoa_client.sandbox.faults import Faults, Step, Switch
from apoa_client.sandbox.validation import Limits, Refusal, Violation, member, read_form, read_instant

if TYPE_CHECKING:
    from jinja2 import Template

MAX_REPORTS = 200
"""The newest reports; older ones are dropped from the page, and their verdicts stay in the storage."""

_FORM_LIMITS = Limits(max_body_bytes=4096)
_TEMPLATES = Path(__file__).with_name("templates")
_DEFAULT_LANGUAGE = "id"
_REPORT_ID = msg("Id of the report")
_NO_NAME = msg("Guest without a name")
_ON = {False: msg("On until turned off"), True: msg("On for the next report")}
_TEXTS = {
    "title": msg("Training authority"),
    "purpose": msg("What apoa sends to this computer for training appears here. Nothing here reaches Immigration."),
    "live": msg("New reports appear by themselves."),
    "lost": msg("The training authority does not answer. The page goes on by itself when it is back."),
    "reload": msg("Load the page again to see what has arrived since."),
    "reports": msg("Reports received"),
    "no_reports": msg("No report has arrived since the training authority was started."),
    "no_name": _NO_NAME,
    "room": msg("Room"),
    "photo": msg("A photo of the passport arrived."),
    "report_id": _REPORT_ID,
    "stay_id": msg("Stay ID"),
    "errors": msg("What must be corrected"),
    "warnings": msg("What to look at"),
    "call": msg("Request and answer"),
    "request": msg("The report as it was sent"),
    "answer": msg("The answer"),
    "curl": msg("The same call with curl; the variables hold your username and password"),
    "deadline": msg("Deadline"),
    "no_deadline": msg("No check-in that arrived waits to be reported again."),
    "faults": msg("Practise with faults"),
    "practise": msg("Turn on a fault, then send a report with apoa and see what happens at the desk."),
    "one": msg("One fault is on at a time. Faults that apoa sandbox was started with (--fault) come before it."),
    "no_fault": msg("No fault is on."),
    "off": msg("Off"),
}
_TURN_OFF = {"off": msg("Turn off")}
_TURN_ON = {"once": msg("Once"), "on": msg("Until turned off")}
_KINDS = {
    "check_in": msg("check-in"),
    "check_out": msg("check-out"),
    "amend": msg("correction"),
    "cancel": msg("cancellation"),
}
_SECONDS = {"slow": 15, "503": 30}
FAULTS = {
    "slow": (
        msg("Be slow"),
        msg("The answer to a report comes only after {seconds} seconds.", seconds=_SECONDS["slow"]),
    ),
    "drop": (
        msg("Give no answer"),
        msg("The line breaks before the report is processed. It must be sent again."),
    ),
    "lost": (
        msg("Lose the answer"),
        msg("The report is processed, and the line breaks before the answer. Sent again, it keeps its receipt."),
    ),
    "503": (
        msg("Be busy"),
        msg(
            "The authority answers that it is busy (503) and wants to be asked again in {seconds} seconds.",
            seconds=_SECONDS["503"],
        ),
    ),
    "portal": (
        msg("Show a Wi-Fi login"),
        msg("A hotel network's login page answers in place of the authority."),
    ),
    "pending": (
        msg("Decide later"),
        msg("Reports are taken without a decision. The decision comes when apoa asks later and this is off."),
    ),
    "reject": (
        msg("Refuse a guest"),
        msg("Reports are refused, as if the authority had found a mistake."),
    ),
}
"""The title and the explanation of each fault that the page turns on and off, by the name of its step."""

_CURL = r"""TOKEN=$(curl -s -u "$APOA_USERNAME:$APOA_PASSWORD" -d grant_type=client_credentials {url}/oauth/token |
  sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' --data-binary @- {url}/reports <<'JSON'
{{"reports": [{report}]}}
JSON
"""


@dataclass(frozen=True, slots=True)
class Received:
    """One report as it came, when it came first, and its latest verdict. `key` names it on the page."""

    key: str
    arrived_at: datetime
    report: Mapping[str, Any] = field(repr=False)
    result: Result
    has_photo: bool = False

    @property
    def guest(self) -> str:
        """The name of the guest; empty if the report has none."""
        return f"{_text(self.report, 'guest', 'surname')} {_text(self.report, 'guest', 'given_names')}".strip()

    @property
    def room(self) -> str:
        """The room of the stay; empty if the report has none."""
        return _text(self.report, "stay", "room")


class Page:
    """The page of one authority, from its first start on. It shows no reports that came before.

    Safe to use from several threads.
    """

    def __init__(self, property_name: str, window_hours: int, faults: Faults, *, is_shown: bool) -> None:
        self._property_name = property_name
        self._window_hours = window_hours
        self._faults = faults
        self.token = new_token() if is_shown else ""
        """The secret part of the address; empty without a page."""
        self._lock = threading.Lock()
        self._received: OrderedDict[str, Received] = OrderedDict()
        self._changes = 0

    def add(self, report: Mapping[str, Any], result: Result, now: datetime) -> None:
        """Add a report and its result. A report that is sent again keeps its place.

        One that has the id of another report does not replace it.
        """
        conflict = any(error.code == "id_conflict" for error in result.errors)
        key = f"{result.id}-conflict" if conflict else result.id
        with self._lock:
            before = self._received.get(key, Received(key, now, report, result))
            self._received[key] = replace(before, report=report, result=result)
            self._changes += 1
            while len(self._received) > MAX_REPORTS:
                self._received.popitem(last=False)

    def change(self, report_id: str, **changes: Any) -> None:  # noqa: ANN401  as `dataclasses.replace`
        """Change what is shown of a report: a later verdict, or that its photo arrived."""
        with self._lock:
            before = self._received.get(report_id)
            if before is not None:
                self._received[report_id] = replace(before, **changes)
                self._changes += self._received[report_id] != before

    def stays(self) -> list[list[Received]]:
        """Return the reports of each stay in their order. The stay whose last report is the newest comes first."""
        stays: dict[str, list[Received]] = {}
        with self._lock:
            for each in self._received.values():
                stay_id = _text(each.report, "stay_id") or each.key
                stays[stay_id] = [*stays.pop(stay_id, []), each]
        return list(reversed(stays.values()))

    def answer(self, request: Request, part: str, token: str) -> Response:
        """Return one part of the page: the document, its style, its script, the changes, or the faults' new state.

        Raises `Refusal`.
        """
        if not is_token(token, self.token):
            raise Refusal(404, "There is nothing at this address.")
        match part:
            case "style":
                return Response((_TEMPLATES / "page.css").read_text("utf-8"), mimetype="text/css")
            case "script":
                return Response((_TEMPLATES / "page.js").read_text("utf-8"), mimetype="text/javascript")
            case "changes":
                return Response(str(self._count()), mimetype="text/plain")
            case "faults":
                return self._turn(request)
            case _:
                return Response(self._html(request), mimetype="text/html", headers=PAGE_HEADERS)

    def _count(self) -> int:
        """Return how many changes there were. The script loads the page again where the number grew."""
        return self._changes + self._faults.changes

    def _turn(self, request: Request) -> Response:
        """Turn a fault on or off as a form of the page asks, and send the browser back to the page."""
        form = read_form(request, _FORM_LIMITS)
        if not comes_from_page(request):
            raise Refusal(403, "Only the page itself turns faults on and off.")
        name, turn = form.get("fault", ""), form.get("turn", "")
        if name not in FAULTS or turn not in {*_TURN_ON, *_TURN_OFF}:
            raise Refusal(400, "The page has no such switch.")
        self._faults.turn(None if turn in _TURN_OFF else Switch(Step(name, _SECONDS.get(name)), turn == "once"))
        return Response(status=303, headers={"Location": f"/received/{self.token}"})

    def _html(self, request: Request) -> str:
        """Return the page in the language of the browser, in Indonesian for a language that it does not have."""
        changes = self._count()  # before the rest: a change in between is then shown again, and not lost
        language = request.accept_languages.best_match(LANGUAGES, _DEFAULT_LANGUAGE)
        translations = catalogue(language)
        stays = self.stays()
        clocks = {stay[0].key: clock for stay in stays if (clock := _clock(stay, self._window_hours)) is not None}
        return _template().render(
            t=lambda message: message.render(translations.gettext, translations.ngettext),
            texts=_TEXTS,
            statuses={each.value: each.meaning.title for each in Status},
            property_name=self._property_name,
            address=f"/received/{self.token}",
            changes=changes,
            language=language,
            stays=stays,
            news=_news(stays),
            clocks=clocks,
            window=msg("A check-in must be reported within {hours} hours of arrival.", hours=self._window_hours),
            faults=FAULTS,
            switch=self._faults.switch,
            on=_ON,
            turn_on=_TURN_ON,
            turn_off=_TURN_OFF,
            kind=_kind,
            latest=_latest,
            text=_text,
            moment=moment_message,
            finding=_finding,
            json=_json,
            curl=lambda report: _CURL.format(url=f"{request.host_url}v1", report=_json(report, indent=None)),
            receipt=_receipt,
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


def _kind(each: Received) -> Message:
    return _KINDS.get(_text(each.report, "kind"), msg("unknown kind of report"))


def _receipt(each: Received) -> Message:
    receipt = each.result.receipt
    if receipt is None:
        return msg("No receipt")
    issued_at = datetime.fromisoformat(receipt.issued_at).astimezone(each.arrived_at.tzinfo)
    return msg("Receipt {number}, issued {moment}", number=literal(receipt.number), moment=moment_message(issued_at))


def _news(stays: Sequence[Sequence[Received]]) -> Message:
    """Return what a screen reader says of the report that came last."""
    if not stays:
        return _TEXTS["no_reports"]
    last = stays[0][-1]
    status = Status(last.result.status).meaning.title
    guest = _latest(each.guest for each in stays[0])
    return msg(
        "{kind}, {guest}: {status}", kind=_kind(last), guest=literal(guest) if guest else _NO_NAME, status=status
    )


def _clock(stay: Sequence[Received], window_hours: int) -> Message | None:
    """Return how long after its deadline, or before it, the last check-in of a stay was made.

    None if a check-in of the stay was accepted or waits for a decision, or no time can be read.
    """
    check_ins = [each for each in stay if _text(each.report, "kind") == "check_in"]
    acquired = {State.ACCEPTED, State.PENDING}
    if not check_ins or any(Status(each.result.status).state in acquired for each in check_ins):
        return None
    last = check_ins[-1]
    check_in = read_instant(member(last.report, "stay", "check_in"))
    if check_in is None:
        return None
    made_at = read_instant(last.report.get("created_at")) or last.arrived_at
    left = timedelta(hours=window_hours) - (made_at - check_in)
    if left < timedelta():
        return msg("Not reported yet: this check-in was not accepted, {over} past the deadline.", over=_hours(-left))
    return msg("Not reported yet: this check-in was not accepted, and {left} were left.", left=_hours(left))


def _hours(time: timedelta) -> Message:
    hours, minutes = divmod(time // timedelta(minutes=1), 60)
    if hours == 0:
        return nmsg("{count} minute", "{count} minutes", minutes)
    return msg("{hours} h {minutes} min", hours=hours, minutes=minutes)


def _latest(texts: Iterable[str]) -> str:
    """Return the last text that is not empty; empty if none is."""
    return next(filter(None, reversed(list(texts))), "")


def _finding(violation: Violation) -> Message:
    """Return what is wrong with which field."""
    label = _REPORT_ID if violation.field == "id" else label_of(violation.field)
    return with_label(label, Message(violation.message))


def _text(report: Mapping[str, Any], *path: str) -> str:
    """Return the text at `path` of a report; empty if there is none."""
    value = member(report, *path)
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _json(value: Mapping[str, Any] | Result, indent: int | None = 2) -> str:
    """Return a report as it was sent, or the answer to it, as JSON."""
    value = asdict(value) if isinstance(value, Result) else value
    return json.dumps(value, ensure_ascii=False, indent=indent).encode(errors="backslashreplace").decode()
