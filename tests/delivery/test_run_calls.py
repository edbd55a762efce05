"""What a run asks of the outbox, the authority, the clock and the screen, call by call: none too many, none too few."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, NamedTuple, cast

import pytest
from authority_simulator import AuthoritySimulator
from basics import FixedClock
from delivery_helpers import SETTINGS, Hotel, ProgressRecorder, report
from outbox_stores import AnyOutbox, NewStore, only_sqlite

from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.delivery.sync import deliver
from apoa_client.errors import ApoaError, OutboxDamaged
from apoa_client.messages import msg
from apoa_client.ports.authority import Verdict
from apoa_client.ports.entries import Content, Entry, NewReport

pytestmark = only_sqlite


class Recorder:
    """Passes each call of an attribute on, and appends it to `calls`: `name`, or `name:3` for a list of three.

    Of an iterator each item that is read is appended as `*name`: what is not needed is not read.
    """

    def __init__(self, inner: object, calls: list[str]) -> None:
        self._inner = inner
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._inner, name)

        def call(*args: Any, **named: Any) -> Any:
            sizes = [
                f":{len(each)}" for each in args if isinstance(each, list | tuple) and not hasattr(each, "_fields")
            ]
            self._calls.append("".join([name, *sizes]))
            result = method(*args, **named)
            return self._items(name, result) if isinstance(result, Iterator) else result

        return call

    def _items(self, name: str, items: Iterator[object]) -> Iterator[object]:
        for item in items:
            self._calls.append(f"*{name}")
            yield item


class RecordedInterruptions:
    """`ports.Interruptions` that records braces around what is not interrupted, and parentheses where it may be."""

    def __init__(self, calls: list[str]) -> None:
        self._calls = calls

    def delayed(self) -> AbstractContextManager[None]:
        return self._between("{", "}")

    def allowed(self) -> AbstractContextManager[None]:
        return self._between("(", ")")

    @contextmanager
    def _between(self, begin: str, end: str) -> Iterator[None]:
        self._calls.append(begin)
        yield
        self._calls.append(end)


class DamagedOutbox:
    """An outbox whose queue ends on a damaged page, so often, unless its indexes are rebuilt."""

    def __init__(self, outbox: AnyOutbox, times: int) -> None:
        self._outbox = outbox
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)

    def heads(self) -> Iterator[Entry]:
        yield from self._outbox.heads()
        if self._times:
            self._times -= 1
            raise OutboxDamaged(msg("A page is damaged."))

    def rebuild_indexes(self) -> bool:
        self._times = 0
        return True


def calls_of_a_run(hotel: Hotel, outbox: Any = None) -> tuple[list[str], Outcome]:
    """Deliver once, and return the calls in their order, and the outcome."""
    calls: list[str] = []
    clock, authority = Recorder(hotel.clock, calls), Recorder(hotel.authority, calls)

    def connect(_time_left: object) -> Any:
        calls.append("connect")
        return authority

    def jitter() -> float:
        calls.append("jitter")
        return hotel.chance

    dependencies = Dependencies(
        cast("Any", Recorder(outbox or hotel.outbox, calls)),
        connect,
        clock,
        jitter,
        cast("Any", Recorder(ProgressRecorder(), calls)),
        RecordedInterruptions(calls),
    )
    outcome = deliver(dependencies, RunOptions(SETTINGS))
    return calls, outcome


PHOTO = b"\xff\xd8\xff\xe0 the photo of a page \xff\xd9"


class Scenario(NamedTuple):
    """So many reports wait, of which the authority takes `max_batch` in a call, and its script.

    Before, one report may have met another script in a run of its own.
    """

    reports: int = 0
    script: str = ""
    max_batch: int = 500
    earlier: str = ""

    def __call__(self, hotel: Hotel) -> None:
        if self.earlier:
            hotel.add(100)
            hotel.authority.script(self.earlier)
            hotel.sync()
        hotel.add(*range(self.reports))
        hotel.authority.script(self.script)
        hotel.authority.max_batch = self.max_batch


def photo(hotel: Hotel) -> None:
    """A photo waits; its report was accepted."""
    hotel.chance = 0.0
    hotel.outbox.add_all([NewReport(report(1), None, photo=PHOTO)])
    hotel.sync()
    hotel.authority.wants_photo = True
    hotel.add(2)
    hotel.sync(all_photos=False)


RUNS: dict[Any, str] = {
    Scenario(): """
        now now summary restrictions now wants_photos heads now monotonic now now summary heads now authenticate
        heads now wants_photos monotonic now now summary monotonic end now now summary now
    """,
    Scenario(2): """
        now now summary restrictions now wants_photos heads now *heads *heads connect monotonic now now summary
        heads now *heads *heads now begin meta monotonic now record_contact record_meta contents:1 authenticate
        heads now *heads *heads monotonic restrictions now contents:2 { now claim:2 now monotonic ( submit:2 )
        monotonic monotonic now settle:2 record_contact advance advance } heads now entries monotonic heads now
        authenticate shared_receipts:2 monotonic now now summary monotonic end now now summary now
    """,
    Scenario(5, max_batch=2): """
        now now summary restrictions now wants_photos heads now *heads *heads *heads *heads *heads connect
        monotonic now now summary heads now *heads *heads *heads *heads *heads now begin meta monotonic now
        record_contact record_meta contents:1 authenticate heads now *heads *heads monotonic restrictions now
        contents:2 { now claim:2 now monotonic ( submit:2 ) monotonic monotonic now settle:2 record_contact
        advance advance } heads now *heads *heads monotonic restrictions now contents:2 { now claim:2 now
        monotonic ( submit:2 ) monotonic monotonic now settle:2 record_contact advance advance } heads now
        *heads monotonic restrictions now contents:1 { now claim:1 now monotonic ( submit:1 ) monotonic
        monotonic now settle:1 record_contact advance } heads now entries monotonic heads now authenticate
        shared_receipts:5 monotonic now now summary monotonic end now now summary now
    """,
    Scenario(1, "meta:drop"): """
        now now summary restrictions now wants_photos heads now *heads connect monotonic now now summary heads
        now *heads now begin meta { now claim:1 now jitter settle:1 } now failed end now now summary now
    """,
    Scenario(earlier="meta:401*2"): """
        now now summary restrictions now monotonic now now summary authenticate failed end now now summary now
    """,
    Scenario(earlier="429=60"): """
        now now summary restrictions now monotonic now now summary heads now *heads now authenticate failed end
        now now summary now
    """,
    Scenario(3, "413"): """
        now now summary restrictions now wants_photos heads now *heads *heads *heads connect monotonic now now
        summary heads now *heads *heads *heads now begin meta monotonic now record_contact record_meta
        contents:1 authenticate heads now *heads *heads *heads monotonic restrictions now contents:3 { now
        claim:3 now monotonic ( submit:3 monotonic now settle:3 failed } heads now *heads monotonic restrictions
        now contents:1 { now claim:1 now monotonic ( submit:1 ) monotonic monotonic now settle:1 record_contact
        advance } heads now *heads monotonic restrictions now contents:1 { now claim:1 now monotonic ( submit:1
        ) monotonic monotonic now settle:1 record_contact advance } heads now *heads monotonic restrictions now
        contents:1 { now claim:1 now monotonic ( submit:1 ) monotonic monotonic now settle:1 record_contact
        advance } heads now entries monotonic heads now authenticate shared_receipts:3 monotonic now now summary
        monotonic end now now summary now
    """,
    Scenario(2, "short-list"): """
        now now summary restrictions now wants_photos heads now *heads *heads connect monotonic now now summary
        heads now *heads *heads now begin meta monotonic now record_contact record_meta contents:1 authenticate
        heads now *heads *heads monotonic restrictions now contents:2 { now claim:2 now monotonic ( submit:2 )
        monotonic monotonic now settle:1 record_contact advance now monotonic ( verdict monotonic ) content now
        settle:1 record_contact advance } heads now entries monotonic heads now authenticate shared_receipts:2
        monotonic now now summary monotonic end now now summary now
    """,
    Scenario(1, earlier="pending,result:pending"): """
        now now summary restrictions now connect monotonic now now summary heads now *heads now begin meta
        monotonic now record_contact record_meta contents:1 authenticate heads now *heads monotonic restrictions
        now contents:1 { now claim:1 now monotonic ( submit:1 ) monotonic monotonic now settle:1 record_contact
        advance } heads now entries monotonic *entries monotonic monotonic verdict monotonic now
        settle_pending:1 advance heads now authenticate shared_receipts:1 monotonic now now summary monotonic
        end now now summary now
    """,
    photo: """
        now now summary restrictions now wants_photos photos_to_send *photos_to_send connect monotonic now now
        summary heads now authenticate heads now wants_photos photos_to_send *photos_to_send now begin meta
        monotonic now record_contact record_meta heads now entries monotonic heads now photos_to_send
        *photos_to_send jitter photos_to_send *photos_to_send monotonic photo send_photo settle_photo monotonic
        photos_to_send authenticate monotonic now now summary monotonic end now now summary now
    """,
}


@pytest.mark.parametrize("prepare", RUNS, ids=lambda prepare: getattr(prepare, "__name__", str(prepare)))
def test_the_calls_of_a_run(hotel: Hotel, prepare: Callable[[Hotel], None]) -> None:
    """Each call, each time that is read and each item of a query has its place: a second one costs time on a server."""
    prepare(hotel)
    calls, _outcome = calls_of_a_run(hotel)
    assert calls == RUNS[prepare].split()


@pytest.mark.parametrize("times", [1, 2])
def test_the_error_of_damage_that_is_gone_is_not_raised(hotel: Hotel, times: int) -> None:
    """Neither what was met before the run began, nor what the run then repaired."""
    hotel.add(1, 2)
    calls, outcome = calls_of_a_run(hotel, DamagedOutbox(hotel.outbox, times))
    assert (outcome.error, outcome.counts["accepted"], outcome.left) == (None, 2, 0)
    assert calls.count("rebuild_indexes") == times - 1


class CountedId(str):
    """The id of a report that counts how often it is looked up or compared."""

    __slots__ = ()
    uses: ClassVar[int] = 0

    def __hash__(self) -> int:
        CountedId.uses += 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        CountedId.uses += 1
        return super().__eq__(other)


class CountingOutbox:
    """An outbox whose reports have counted ids."""

    def __init__(self, outbox: AnyOutbox) -> None:
        self._outbox = outbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)

    def heads(self) -> Iterator[Entry]:
        return (entry._replace(id=CountedId(entry.id)) for entry in self._outbox.heads())

    def claim(self, ids: Sequence[str], **named: Any) -> tuple[str, list[Entry]]:
        lease, claimed = self._outbox.claim([str(each) for each in ids], **named)
        return lease, [entry._replace(id=CountedId(entry.id)) for entry in claimed]

    def contents(self, entries: Sequence[Entry]) -> dict[str, Content | ApoaError]:
        plain = [entry._replace(id=str(entry.id)) for entry in entries]
        return {CountedId(report_id): content for report_id, content in self._outbox.contents(plain).items()}


class CountingAuthority(AuthoritySimulator):
    """An authority whose verdicts have counted ids."""

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        plain = [(str(report_id), body) for report_id, body in bodies]
        return [verdict._replace(id=CountedId(verdict.id)) for verdict in super().submit(plain)]


def uses_of_ids(hotel: Hotel, reports: int, script: str) -> int:
    hotel.authority = CountingAuthority()
    hotel.authority.script(script)
    hotel.add(*range(reports))
    CountedId.uses = 0
    _calls, outcome = calls_of_a_run(hotel, CountingOutbox(hotel.outbox))
    assert outcome.counts["accepted"] == reports
    return CountedId.uses


@pytest.mark.parametrize("script", ["ok", "short-list", "413"])
def test_the_work_grows_with_the_reports(new_store: NewStore, script: str) -> None:
    """Four times as many reports in a call take four times the look-ups, and not sixteen times."""
    uses = []
    for reports in (20, 80):
        with new_store() as store:
            hotel = Hotel(store, FixedClock())
            uses.append(uses_of_ids(hotel, reports, script))
            hotel.close()
    assert uses[1] < 5 * uses[0]
