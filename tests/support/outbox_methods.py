"""Each method of the outbox, called as on any day, for tests that look at the work that it costs."""

from collections.abc import Callable
from datetime import date, timedelta

from outbox_helpers import HOUR, META, NOON, PHOTO, claimed, finding, receipt, report, settle, uuid
from outbox_stores import AnyOutbox

from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.ports.state import StoredDraft, Suspension
from apoa_client.report.kinds import OPEN_STATES, PhotoState, State

PENDING = Selection(states=frozenset({State.PENDING}))
URGENT = Selection(states=frozenset({State.QUEUED, State.PENDING}), due_by=NOON + 9 * HOUR, by_deadline=NOON)
BY_DEPARTURE = Selection(leaving_from=NOON.date(), by_departure=True)
REFUSED = Selection(states=frozenset({State.REJECTED}), by_deadline=NOON)
QUEUE = 40
WITH_PHOTO = 35
LONG_AGO = NOON - timedelta(days=4000)
"""Before any stay."""
YEARS_AGO = date(2025, 1, 1).toordinal()
MORNING = date(2026, 11, 27)
"""The day on which the guests of these reports leave."""


DRAFT = StoredDraft("draft", NOON)
METHODS: dict[str, Callable[[AnyOutbox], object]] = {
    "status": lambda outbox: outbox.summary(now=NOON, soon=NOON + 6 * HOUR),
    "add": lambda outbox: outbox.add(report(900), due_at=NOON, warnings=[finding()]),
    "add to a stay": lambda outbox: outbox.add(report(901, 3), due_at=None),
    "heads": lambda outbox: list(outbox.heads()),
    "the oldest that waits": lambda outbox: outbox.oldest_waiting_at(),
    "practice": lambda outbox: outbox.has_practised(),
    "claim": lambda outbox: claimed(outbox, 3),
    "claim a batch": lambda outbox: outbox.claim(
        [uuid(number) for number in range(4, 24)], now=NOON, lease_until=NOON + HOUR
    ),
    "renew": lambda outbox: outbox.renew(claimed(outbox, 4), now=NOON, lease_until=NOON + HOUR),
    "release": lambda outbox: outbox.release(claimed(outbox, 5)),
    "settle: accepted": lambda outbox: settle(outbox, 30),
    "settle: pending": lambda outbox: settle(outbox, 31, State.PENDING),
    "settle: rejected": lambda outbox: settle(outbox, 32, State.REJECTED),
    "settle: queued": lambda outbox: settle(outbox, 33, State.QUEUED, next_attempt_at=NOON, not_before=NOON),
    "pending": lambda outbox: list(outbox.entries(PENDING)),
    "settle pending": lambda outbox: outbox.settle_pending([Change(uuid(1), State.ACCEPTED, receipt=receipt(2))]),
    "find by id": lambda outbox: outbox.find(uuid(3)),
    "find by short id": lambda outbox: outbox.find(uuid(3).replace("-", "")[-8:]),
    "find by stay": lambda outbox: outbox.find(report(3).stay_id),
    "content": lambda outbox: outbox.content(outbox.find(uuid(3))[0]),
    "contents": lambda outbox: outbox.contents(list(outbox.entries(Selection(states=OPEN_STATES)))),
    "photo": lambda outbox: outbox.photo(outbox.find(uuid(WITH_PHOTO))[0]),
    "photos to send": lambda outbox: list(outbox.photos_to_send()),
    "settle a photo": lambda outbox: outbox.settle_photo(uuid(WITH_PHOTO), PhotoState.SENT),
    "whether photos are wanted": lambda outbox: outbox.wants_photos(),
    "photos are wanted": lambda outbox: outbox.record_meta(META),
    "list": lambda outbox: list(outbox.entries(Selection(since=NOON))),
    "list by departure": lambda outbox: list(outbox.entries(BY_DEPARTURE)),
    "list what is open": lambda outbox: list(outbox.entries(Selection(states=OPEN_STATES))),
    "list what is refused": lambda outbox: list(outbox.entries(Selection(states=frozenset({State.REJECTED})))),
    "the most urgent": lambda outbox: list(outbox.entries(URGENT._replace(limit=10))),
    "all that are due": lambda outbox: list(outbox.entries(URGENT)),
    "how many are due": lambda outbox: outbox.count(URGENT),
    "the refused by deadline": lambda outbox: list(outbox.entries(REFUSED)),
    "how many are refused": lambda outbox: outbox.count(REFUSED),
    "stays of a day": lambda outbox: outbox.stay_ids(report(3).stay_id[:13]),
    "one stay": lambda outbox: list(outbox.entries(Selection(stay_id=report(3).stay_id))),
    "add in the place of another": lambda outbox: outbox.add(
        report(902, 37), due_at=NOON, replaces=[uuid(37)], active_reports=[uuid(37)]
    ),
    "add with a guest's tag": lambda outbox: outbox.add(report(903), due_at=NOON, guest_tag=7),
    "add a group": lambda outbox: outbox.add_all(
        [NewReport(report(904), NOON), NewReport(report(905), NOON, [finding()])]
    ),
    "save a draft": lambda outbox: outbox.drafts.save("what was typed", NOON),
    "drafts": lambda outbox: outbox.drafts.waiting(NOON),
    "open a draft": lambda outbox: outbox.drafts.open(DRAFT),
    "take a draft": lambda outbox: outbox.drafts.take(DRAFT, NOON),
    "delete a draft": lambda outbox: outbox.drafts.delete(DRAFT),
    "withdraw": lambda outbox: outbox.withdraw([uuid(34)], [uuid(34)]),
    "record a receipt": lambda outbox: outbox.record_receipt(uuid(36), receipt(9)._replace(typed=True)),
    "guests who are staying": lambda outbox: list(outbox.entries(Selection(leaving_from=MORNING))),
    "with a receipt": lambda outbox: outbox.with_receipt("STT-1"),
    "shared receipts": lambda outbox: outbox.shared_receipts(["STT-1", "STT-2"]),
    "guests of a night": lambda outbox: list(outbox.entries(Selection(leaving_from=MORNING, arriving_by=MORNING))),
    "the same guest": lambda outbox: outbox.same_guest(7, NOON.date(), MORNING),
    "suspension": lambda outbox: outbox.set_suspension(Suspension("wrong_password", NOON, "settings")),
    "hold": lambda outbox: outbox.hold(NOON),
    "restrictions": lambda outbox: outbox.restrictions(),
    "check the queue": lambda outbox: outbox.check_queue(),
    "contact": lambda outbox: outbox.record_contact(NOON, NOON),
}
UPKEEP: dict[str, Callable[[AnyOutbox], object]] = {
    "authenticate": lambda outbox: outbox.authenticate(ask=True),
    "doubts": lambda outbox: outbox.integrity.doubts(),
    "erasure is due": lambda outbox: outbox.eraser.is_due(LONG_AGO, NOON),
    "erase what is due": lambda outbox: outbox.eraser.finished(LONG_AGO, NOON, dry_run=False),
    "erase a stay": lambda outbox: outbox.eraser.stay(report(WITH_PHOTO).stay_id, dry_run=False),
}
"""What a run does beside sending: it reads what is not erased yet, or is open."""
LIST_ALL: dict[str, Callable[[AnyOutbox], object]] = {
    "list --all": lambda outbox: list(outbox.entries(Selection())),
    "list --all --state accepted": lambda outbox: list(
        outbox.entries(Selection(states=frozenset({State.ACCEPTED}), limit=5))
    ),
}
"""These need the whole history, and scan it."""


def old_id(kind: str, number: int) -> str:
    return f"0199{kind}000-0000-7000-8000-{number:012x}"


def fill(outbox: AnyOutbox, finished: int) -> None:
    """A queue as on any day, one report of it pending, and years of finished reports added by SQL."""
    with outbox._db.transaction():
        outbox._db.executemany(
            "INSERT INTO reports (id, short_id, stay_id, kind, state, created_at, due_at, content, calls, guest_tag, "
            "first_night, last_morning, photo_state, mac) "
            "VALUES (?, ?, ?, 'check_in', 'accepted', ?, ?, ?, 1, ?, ?, ?, 'sent', 'x')",
            (
                (
                    old_id("b", n),
                    f"e{n:07x}",
                    old_id("c", n),
                    n,
                    n,
                    bytes(50),
                    n % 9,
                    YEARS_AGO - n % 900,
                    YEARS_AGO - n % 900 + 2,
                )
                for n in range(finished)
            ),
        )
    for number in range(QUEUE):
        photo = PHOTO if number == WITH_PHOTO else None
        outbox.add_all([NewReport(report(number), NOON + timedelta(hours=number - 5), photo=photo)])
    settle(outbox, 1, State.PENDING)
    settle(outbox, WITH_PHOTO)
