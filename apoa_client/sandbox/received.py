"""The reports received since the start, by stay, for the page. They are kept in memory only, never on disk."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from apoa_client.ports.authority import Status
from apoa_client.report.kinds import State
from apoa_client.sandbox.decisions import Result
from apoa_client.sandbox.validation import check_in_of, created_at_of, member

MAX_REPORTS = 200
"""The newest reports; older ones are dropped from the page, and their verdicts stay in the storage."""


@dataclass(frozen=True, slots=True)
class Received:
    """One report: when it came first, what it said of the guest, its latest verdict, and how often it was sent."""

    arrived_at: datetime
    kind: str
    stay_id: str
    guest: str = field(repr=False)
    room: str = field(repr=False)
    check_in: datetime | None = field(repr=False)
    """The time of check-in, of a check-in or an amendment that can be read."""
    made_at: datetime
    """When the report was made, which counts for the deadline; when it came, where that cannot be read."""
    result: Result
    request: Mapping[str, Any] = field(repr=False)
    """The report as it came."""
    has_photo: bool = False
    times_sent: int = 1

    @property
    def is_acquired(self) -> bool:
        """Whether the authority has the report, with a verdict or before it."""
        return Status(self.result.status).state in {State.ACCEPTED, State.PENDING}


@dataclass(frozen=True, slots=True)
class Stay:
    """The reports of one stay, in the order in which they came. There is at least one."""

    reports: tuple[Received, ...]

    @property
    def id(self) -> str:
        """An id for the page: the id of the first report shown, because a report may come without a valid stay."""
        return self.reports[0].result.id

    @property
    def guest(self) -> str:
        """The guest's name as it was last reported; empty if it never was."""
        return next((each.guest for each in reversed(self.reports) if each.guest), "")

    @property
    def room(self) -> str:
        """The room as it was last reported; empty if it never was."""
        return next((each.room for each in reversed(self.reports) if each.room), "")

    @property
    def first_check_in(self) -> Received | None:
        """The check-in that counts for the deadline: the first that was acquired, else the last one."""
        check_ins = [each for each in self.reports if each.kind == "check_in" and each.check_in is not None]
        return next((each for each in check_ins if each.is_acquired), check_ins[-1] if check_ins else None)


class ReceivedReports:
    """The reports that the page shows. Safe to use from several threads."""

    def __init__(self) -> None:
        self.changes = 0
        """How many changes there were."""
        self._lock = threading.Lock()
        self._reports: OrderedDict[str, Received] = OrderedDict()

    def add(self, report: Mapping[str, Any], result: Result, now: datetime) -> None:
        """Add a report and its result. A report that is sent again keeps its place.

        One that has the id of another report does not replace it.
        """
        conflict = any(error.code == "id_conflict" for error in result.errors)
        key = f"{result.id} conflict" if conflict else result.id
        stay_id = _text(report, "stay_id")
        guest = f"{_text(report, 'guest', 'surname')} {_text(report, 'guest', 'given_names')}".strip()
        with self._lock:
            earlier = self._reports.get(key)
            self._reports[key] = Received(
                earlier.arrived_at if earlier is not None else now,
                _text(report, "kind"),
                stay_id,
                guest,
                _text(report, "stay", "room"),
                check_in_of(report),
                created_at_of(report) or now,
                result,
                report,
                earlier is not None and earlier.has_photo,
                earlier.times_sent + 1 if earlier is not None else 1,
            )
            while len(self._reports) > MAX_REPORTS:
                self._reports.popitem(last=False)
            self.changes += 1

    def update(self, result: Result) -> None:
        """Change the result of a report that was pending."""
        self._replace(result.id, result=result)

    def add_photo(self, report_id: str) -> None:
        """Show that the photo of a report arrived. The photo itself is not kept."""
        self._replace(report_id, has_photo=True)

    def stays(self) -> list[Stay]:
        """Return the stays; the one whose latest report is the newest comes first."""
        with self._lock:
            reports = list(self._reports.items())
        stays: OrderedDict[str, list[Received]] = OrderedDict()
        for key, report in reports:
            group = report.stay_id or key
            stays.setdefault(group, []).append(report)
            stays.move_to_end(group)
        return [Stay(tuple(each)) for each in reversed(stays.values())]

    def newest(self) -> Received | None:
        """Return the report that came last."""
        with self._lock:
            return next(reversed(self._reports.values()), None)

    def _replace(self, report_id: str, **changes: Any) -> None:  # noqa: ANN401  as `dataclasses.replace`
        with self._lock:
            earlier = self._reports.get(report_id)
            if earlier is None:
                return
            self._reports[report_id] = replace(earlier, **changes)
            self.changes += self._reports[report_id] != earlier


def _text(report: Mapping[str, Any], *path: str) -> str:
    value = member(report, *path)
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""
