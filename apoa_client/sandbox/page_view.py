"""The page as HTML in one language: the reports by stay with their calls, the deadlines, and the faults."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from apoa_client.locale import LANGUAGES, catalogue
from apoa_client.messages import Message, moment_message, msg, nmsg
from apoa_client.report.fields import label_of, with_label
from apoa_client.sandbox import page_texts as texts
from apoa_client.sandbox.decisions import Receipt, Result
from apoa_client.sandbox.fault_injection import NAMES, SECONDS, Switch
from apoa_client.sandbox.received import Received, Stay
from apoa_client.sandbox.validation import Violation
from apoa_client.settings.zones import WIB, WIT, WITA

_DEFAULT_LANGUAGE = "id"
_LANGUAGE_NAMES = {"id": "Bahasa Indonesia", "en": "English"}
_LATEST = 5
_MINUTE = timedelta(minutes=1)
_CURL = r"""TOKEN=$(curl -s -u "$APOA_USERNAME:$APOA_PASSWORD" -d grant_type=client_credentials {url}/oauth/token |
  sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' --data-binary @- {url}/reports <<'JSON'
{{"reports": [{report}]}}
JSON
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """What the page shows. `changes` is how many there were; `address` is the page's, `base_url` that of the calls."""

    property_name: str
    window_hours: int
    address: str = field(repr=False)
    base_url: str
    form_key: str = field(repr=False)
    changes: int
    stays: Sequence[Stay]
    newest: Received | None
    switches: Mapping[str, Switch]


class ClockText(NamedTuple):
    """When the check-in of a stay was reported, in words. `minutes_left` is 0 if the deadline has passed."""

    style: str
    text: Message
    is_open: bool
    """Whether the check-in was not accepted, so that the deadline still matters."""
    minutes_left: int


class Fault(NamedTuple):
    """A fault with its state in words."""

    name: str
    title: Message
    explanation: Message
    switch: Switch | None
    state: Message


def page_html(contents: Contents, language: str) -> str:
    """Return the page in a language of `LANGUAGES`, in Indonesian for another one."""
    language = language if language in LANGUAGES else _DEFAULT_LANGUAGE
    translations = catalogue(language)
    faults = [_fault(name, contents.switches.get(name)) for name in NAMES]
    clocks = {stay.id: clock for stay in contents.stays if (clock := _clock(stay, contents.window_hours)) is not None}
    announcement, newest = texts.NO_REPORTS, contents.newest  # what a screen reader says of the report that came last
    if newest is not None:
        status = texts.STATUSES[newest.result.status]
        announcement = msg("{kind}, {guest}: {status}", kind=_kind(newest), guest=newest.guest, status=status)
    return _template().render(
        t=lambda message: message.render(translations.gettext, translations.ngettext),
        texts=texts,
        contents=contents,
        language=language,
        languages=_LANGUAGE_NAMES,
        seconds=SECONDS,
        faults=faults,
        clocks=clocks,
        latest=[stay for stay in contents.stays if stay.id in clocks and clocks[stay.id].is_open][:_LATEST],
        zone_of=_zone_of,
        moment=_moment,
        finding=_finding,
        kind=_kind,
        json=_json,
        curl=lambda request: _CURL.format(url=contents.base_url, report=_json(request, indent=None)),
        receipt=_receipt,
        sent_again=_sent_again,
        announcement=announcement,
        window=msg("A check-in must be reported within {hours} hours of arrival.", hours=contents.window_hours),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def _kind(report: Received) -> Message:
    return texts.KINDS.get(report.kind, texts.OTHER_KIND)


def _finding(violation: Violation) -> Message:
    """Return what is wrong with which field, in the authority's own sentence or in one without its numbers."""
    label = texts.REPORT_ID if violation.field == "id" else label_of(violation.field)
    problem = texts.PROBLEMS.get(violation.code) or Message(violation.message)
    return with_label(label, problem)


def _zone_of(stay: Stay) -> tzinfo | None:
    """Return the zone of a stay's check-in, in which its times are shown, by its Indonesian name if it has one."""
    zone = next((each.check_in.tzinfo for each in stay.reports if each.check_in is not None), None)
    offset = zone.utcoffset(None) if zone is not None else None
    return next((named for named in (WIB, WITA, WIT) if named.utcoffset(None) == offset), zone)


def _moment(moment: datetime | str, zone: tzinfo | None) -> Message:
    """Return a moment, or one as the contract writes it, in a zone; in its own if the zone is None."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return moment_message(at.astimezone(zone) if zone is not None else at)


def _clock(stay: Stay, window_hours: int) -> ClockText | None:
    """Return when the check-in of a stay was reported; None if no check-in with a readable time is shown."""
    report = stay.first_check_in
    if report is None or report.check_in is None:
        return None
    after = report.made_at - report.check_in
    left = timedelta(hours=window_hours) - after
    style = "late" if left < timedelta() else "in-time" if report.is_acquired else "open"
    text = _clock_sentence(after, left, acquired=report.is_acquired)
    return ClockText(style, text, not report.is_acquired, max(0, left // _MINUTE))


def _clock_sentence(after: timedelta, left: timedelta, *, acquired: bool) -> Message:
    """Return the sentence for the time since the arrival, negative before it, and what was left of the window."""
    # Rounded up where the time after arrival is rounded down: together they are the window.
    in_words = {"after": _hours(after), "over": _hours(-left), "left": _hours(-(-left // _MINUTE) * _MINUTE)}
    if left < timedelta() and acquired:
        return msg("Late: {after} after arrival, {over} past the deadline.", **in_words)
    if left < timedelta():
        return msg("Not reported yet: this check-in was not accepted, {over} past the deadline.", **in_words)
    if not acquired:
        return msg("Not reported yet: this check-in was not accepted, and {left} were left.", **in_words)
    if after < timedelta():
        return msg("In time: {before} before arrival.", before=_hours(-after))
    return msg("In time: {after} after arrival.", **in_words)


def _hours(time: timedelta) -> Message:
    hours, minutes = divmod(max(0, time // _MINUTE), 60)
    if hours == 0:
        return nmsg("{count} minute", "{count} minutes", minutes)
    return msg("{hours} h {minutes} min", hours=hours, minutes=minutes)


def _json(value: Mapping[str, Any] | Result, indent: int | None = 2) -> str:
    """Return a report as it was sent, or the answer to it, as JSON."""
    value = asdict(value) if isinstance(value, Result) else value
    return json.dumps(value, ensure_ascii=False, indent=indent).encode(errors="backslashreplace").decode()


def _receipt(receipt: Receipt, zone: tzinfo | None) -> Message:
    return msg("Receipt {number}, issued {moment}", number=receipt.number, moment=_moment(receipt.issued_at, zone))


def _sent_again(report: Received) -> Message:
    return nmsg(
        "It was sent {count} more time, and counts once.",
        "It was sent {count} more times, and counts once.",
        report.times_sent - 1,
    )


def _fault(name: str, switch: Switch | None) -> Fault:
    title = texts.FAULT_NAMES[name]
    if name == "slow" and switch is not None:
        title = msg("{fault}, {seconds} seconds", fault=title, seconds=switch.step.seconds)
    return Fault(name, title, texts.FAULT_EXPLANATIONS[name], switch, _state(switch))


def _state(switch: Switch | None) -> Message:
    if switch is None:
        return msg("Off")
    return msg("On for the next report") if switch.once else msg("On until turned off")
