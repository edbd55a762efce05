"""Hands reports over from one outbox of a property to another one.

A desk saves each new stay in its own file, and hands it over to the shared outbox at once. After a change of the
setting `outbox`, the outbox before hands over all that it has. A stay is handed over in three steps, and each of them
is durable before the next one begins:

1. Here, its open reports are marked by a lease: nothing sends or changes them.
2. There, its reports are stored as they are here. One that is there already stays as it is there.
3. Here, they are deleted; or withdrawn and erased on a server, where no login may delete a report.

So a report is changed in one place at a time, and after a kill at any moment the next hand-over goes on. Sealed bytes
are copied as they are, because both outboxes have the same key; only those that go to practice are sealed again. A row
gets a code there only if it was proven here.
Without the key, only reports are handed over that were saved without it.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from apoa_client.errors import ApoaError, NotNow
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.rows import ERASED, MILLISECOND, SEALED, millis
from apoa_client.outbox.sql import audit, insertion
from apoa_client.outbox.sql.audit import MOVED_IN, MOVED_OUT, REOPENED, REPAIRED
from apoa_client.outbox.sql.claims import LENGTH, refuse_during_maintenance
from apoa_client.outbox.sql.codes import ALL_COLUMNS, HAND_OVER, RowCodes, key_needed, photo_digest, rows_of
from apoa_client.outbox.sql.insertion import PHOTO, part_id
from apoa_client.outbox.sql.metadata import PRACTICE_MOVED, read, write
from apoa_client.outbox.sql.queries import DRAFT_WAITS, OPEN
from apoa_client.outbox.sql.reseal import record_missing_tags, tags_are_missing
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.state import Actor, AuditEvent, HandedOver
from apoa_client.report.kinds import OPEN_STATES, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apoa_client.outbox.database import Database
    from apoa_client.ports.run import Sealer

_LONGEST_LEASE_MS = LENGTH // MILLISECOND
"""How long a mark holds, as any lease. One that ends later was written by a wrong clock, as in `claims`."""
HANDED_OVER = "handed_over"
"""The last error of a report that was withdrawn on a server because another outbox has it."""

_MARKED = f"(state = 'sending' AND lease LIKE '{HAND_OVER}%')"
_LEFT_BEHIND = f"(state = 'withdrawn' AND COALESCE(last_error, '') = '{HANDED_OVER}')"
_IS_SENT = f"(state = 'sending' AND NOT {_MARKED} AND lease_until > ? AND lease_until <= ?)"
_IS_CLOSED = f"NOT {OPEN}"
_WAITS = f"(mac IS NULL AND calls = 0 AND (state = 'queued' OR (state = 'sending' AND lease = '{HAND_OVER}queued')))"

# The queries below, in this order: stays with an open report, unless one is being sent under a lease that runs; stays
# of which no report was sent; the other stays, unless they were left behind.
_OPEN_STAYS = f"""
    SELECT stay_id FROM reports WHERE {OPEN}
    GROUP BY stay_id HAVING max(CASE WHEN {_IS_SENT} THEN 1 ELSE 0 END) = 0 ORDER BY min(seq)
"""  # noqa: S608  constants
_WAITING_STAYS = f"""
    SELECT stay_id FROM reports WHERE stay_id IN (SELECT stay_id FROM reports WHERE {OPEN})
    GROUP BY stay_id HAVING min(CASE WHEN {_WAITS} THEN 1 ELSE 0 END) = 1 ORDER BY min(seq)
"""  # noqa: S608  constants
_CLOSED_STAYS = f"""
    SELECT stay_id FROM reports WHERE NOT {_LEFT_BEHIND}
    GROUP BY stay_id HAVING max(CASE WHEN {OPEN} THEN 1 ELSE 0 END) = 0 ORDER BY min(seq)
"""  # noqa: S608  constants
_COUNT_OPEN = f"SELECT count(*) FROM reports WHERE {OPEN}"  # noqa: S608  constants

_OF_STAYS = f"""
    SELECT id, CASE WHEN {OPEN} THEN 1 ELSE 0 END FROM reports
    WHERE stay_id IN ({{places}}) AND NOT {_LEFT_BEHIND} ORDER BY seq
"""  # noqa: S608  constants
_MARK = f"""
    UPDATE reports SET lease = '{HAND_OVER}' || CASE state WHEN 'sending' THEN 'queued' ELSE state END, lease_until = ?,
        state = 'sending'
    WHERE id = ? AND {OPEN} AND NOT {_MARKED}
"""  # noqa: S608  constants
_ROWS = f"SELECT {', '.join(ALL_COLUMNS)} FROM reports WHERE id IN ({{places}}) ORDER BY seq"  # noqa: S608  constants
_KNOWN = f"""
    SELECT id, CASE WHEN {_MARKED} THEN 2 WHEN {_LEFT_BEHIND} THEN 1 ELSE 0 END FROM reports WHERE id IN ({{places}})
"""  # noqa: S608  constants
_IS_MARKED = 2
_INSERT = f"INSERT INTO reports ({', '.join(ALL_COLUMNS)}) VALUES ({', '.join('?' * len(ALL_COLUMNS))})"  # noqa: S608  constants
_REPLACE = f"UPDATE reports SET {', '.join(f'{each} = ?' for each in ALL_COLUMNS)} WHERE id = ?"  # noqa: S608  constants
_DELETE = f"DELETE FROM reports WHERE id = ? AND ({_MARKED} OR {_IS_CLOSED})"  # noqa: S608  constants
_LEAVE_BEHIND = f"""
    UPDATE reports SET state = 'withdrawn', last_error = '{HANDED_OVER}', lease = NULL, lease_until = NULL,
        next_attempt_at = NULL, not_before = NULL, finished_at = ?, erased_at = ?, {ERASED}
    WHERE id = ? AND {_MARKED}
"""  # noqa: S608  constants

_DRAFTS = f"SELECT id, kept_at, content FROM drafts WHERE {DRAFT_WAITS} ORDER BY kept_at"  # noqa: S608  constants
_INSERT_DRAFT = "INSERT INTO drafts (id, kept_at, content) VALUES (?, ?, ?)"
_DELETE_DRAFT = f"DELETE FROM drafts WHERE id = ? AND {DRAFT_WAITS}"  # noqa: S608  constants

_PIECE = 25
"""Stays in one transaction; each report may have a photo of 300 KiB."""


def count_open(db: Database) -> int:
    """Return how many open reports an outbox has, the marked ones too. For use within `Database.read_errors`."""
    return int(db.execute(_COUNT_OPEN).fetchone()[0])


class HandOver:
    """Hands over what is `here` to the outbox `there`, whose codes `sealer` makes if the key is at hand.

    `practice` is the sealer of the outbox there if that is the one of the property's practice.
    """

    def __init__(
        self, here: Database, there: Database, sealer: Sealer, actor: Actor, practice: Sealer | None = None
    ) -> None:
        self._here = here
        self._there = there
        self._codes_here = RowCodes(here, sealer)
        self._codes_there = RowCodes(there, practice or sealer)
        self._actor = actor
        self._practice = practice

    def run(
        self, *, history: bool, is_over: Callable[[], bool] | None = None, only: Sequence[str] | None = None
    ) -> HandedOver:
        """Hand over the stays with open reports, and the drafts; first the closed stays, if `history` says so.

        With `only`, hand over these stays, and no drafts.

        With `is_over`, a guest is waiting: the latest stays come first, and it ends between two stays when that returns
        true. Without the key only stays of which nothing was ever sent are handed over. A stay that is refused there
        stays here, and stops no other one. Raises `OutboxServerUnreachable`, `NotNow` during maintenance of either
        outbox, `NotAuthentic` if one of them names another key, and what the outbox here raises.
        """
        with self._there.read_errors():
            self._codes_there.authenticator()  # raises if there is another key: bytes are copied as they are
        closed, opened = self._stays(history=history) if only is None else (only, [])
        with self._here.read_errors():
            drafts = [] if only is not None else self._here.execute(_DRAFTS, [millis(self._actor.now())]).fetchall()
        done = HandedOver()
        pieces = _pieces(opened[::-1], 1) if is_over is not None else chain(_pieces(closed), _pieces(opened))
        for stays in pieces:
            done = self._hand_over(stays, done)
            if is_over is not None and is_over():
                break
        if drafts:
            self._hand_over_drafts(drafts)
        if done.reports or drafts:
            with self._here.errors():
                self._here.empty_log(wait=False)
        with self._here.read_errors():
            left = count_open(self._here)
            has_key = self._codes_here.authenticator() is not None
        return done._replace(left=left, complete=history and has_key and not left and done.problem is None)

    def _stays(self, *, history: bool) -> tuple[list[str], list[str]]:
        """Return the closed stays to hand over, and the open ones."""
        with self._here.read_errors():
            if self._codes_here.authenticator() is None:
                return [], [row[0] for row in self._here.execute(_WAITING_STAYS).fetchall()]
            now = self._now(self._here)
            closed = self._here.execute(_CLOSED_STAYS).fetchall() if history else []
            opened = self._here.execute(_OPEN_STAYS, [now, now + _LONGEST_LEASE_MS]).fetchall()
        return [row[0] for row in closed], [row[0] for row in opened]

    def _hand_over(self, stays: Sequence[str], done: HandedOver) -> HandedOver:
        """Hand over these stays together, or one by one if they are refused together."""
        try:
            return done._replace(reports=done.reports + self._hand_over_together(stays))
        except (OutboxServerUnreachable, NotNow):
            raise
        except ApoaError as exc:
            if len(stays) == 1:
                return done._replace(problem=done.problem or exc)
        for stay in stays:
            done = self._hand_over([stay], done)
        return done

    def _hand_over_together(self, stays: Sequence[str]) -> int:
        ids = self._mark(stays)
        with self._here.read_errors():
            tags_missing = self._practice is not None or tags_are_missing(self._here)
            found = self._here.execute(_ROWS.format(places=_places(ids)), ids).fetchall()
        rows = [self._sealed(_without_mark(dict(zip(ALL_COLUMNS, values, strict=True)))) for values in found]
        with self._there.transaction():
            refuse_during_maintenance(self._there, lambda: self._now(self._there))
            authenticator = self._codes_there.authenticator()
            if authenticator is not None:  # before the first report: a closed one would look like history
                self._codes_there.completed(authenticator)
            known = dict(self._there.execute(_KNOWN.format(places=_places(ids)), ids).fetchall())
            wanted = [row for row in rows if known.get(row["id"], 1)]
            if wanted and tags_missing:
                record_missing_tags(self._there)
            with self._codes_there.changing([row["id"] for row in wanted if row["id"] in known]):
                for row in wanted:
                    self._store(row, is_known=row["id"] in known)
            if authenticator is not None:
                self._codes_there.vouch([row["id"] for row in wanted if row["id"] not in known])
            events = (_events(row["id"], State(row["state"]), known.get(row["id"])) for row in wanted)
            audit.append(self._there, self._actor, chain.from_iterable(events))
        self._release(rows)
        return len(wanted)

    def _sealed(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row as it is sealed there. Raises `SealBroken`."""
        if self._practice is None:
            return row
        for column in SEALED:
            if row[column] is not None:
                place = part_id(row["id"], column)
                row[column] = self._practice.seal(place, self._codes_here.sealer.open(place, row[column]))
        digest = row["photo_digest"] if row[PHOTO] is None else photo_digest(row[PHOTO])
        return {**row, "photo_digest": digest, "guest_tag": None}

    def _mark(self, stays: Sequence[str]) -> list[str]:
        """Mark the open reports of these stays, which changes no code, and return the ids of all their reports.

        Raises `NotAuthentic` if one of them is not proven, and `CredentialsProblem` if that cannot be checked.
        """
        with self._here.transaction():
            found = self._here.execute(_OF_STAYS.format(places=_places(stays)), stays).fetchall()
            ids = [row[0] for row in found]
            self._refuse_unproven(ids)
            now = self._now(self._here)
            refuse_during_maintenance(self._here, lambda: now)
            until = now + _LONGEST_LEASE_MS
            opened = [report_id for report_id, is_open in found if is_open]
            marked = [each for each in opened if self._here.execute(_MARK, [until, each]).rowcount == 1]
            audit.append(self._here, self._actor, [AuditEvent("sending", each) for each in marked])
        return ids

    def _refuse_unproven(self, ids: Sequence[str]) -> None:
        codes = self._codes_here
        authenticator = codes.authenticator()
        register = None if authenticator is None else codes.completed(authenticator)
        for row in rows_of(self._here, ids):
            if authenticator is None and row["mac"] is not None:
                raise key_needed()
            if authenticator is not None and not codes.is_proven(row, authenticator, register):
                raise Doubt(DoubtKind.STATE, row.id).error()

    def _now(self, db: Database) -> int:
        return millis(db.now(self._actor.now()))

    def _store(self, row: dict[str, Any], *, is_known: bool) -> None:
        """Store a report there without a code, inside a transaction there."""
        if is_known:
            self._there.execute(_REPLACE, [*row.values(), row["id"]])
        elif row["state"] == State.QUEUED and not row["attempts"]:  # what a login that may not send can write too
            insertion.insert(self._there, {**row, "seq": None})
        else:
            self._there.execute(_INSERT, list(row.values()))

    def _release(self, rows: Sequence[dict[str, Any]]) -> None:
        """Remove here the reports that are durable there."""
        with self._here.transaction():
            coded = [row.id for row in rows_of(self._here, [row["id"] for row in rows]) if row["mac"] is not None]
            with self._codes_here.changing(coded):
                if self._here.may_delete:
                    gone = [row for row in rows if self._here.execute(_DELETE, [row["id"]]).rowcount == 1]
                    practice = self._practice is not None
                    events = [
                        AuditEvent(MOVED_OUT, row["id"], "practice" if practice else row["state"]) for row in gone
                    ]
                    if practice:
                        write(self._here, PRACTICE_MOVED, (read(self._here, PRACTICE_MOVED) or 0) + len(gone))
                else:
                    now, ids = millis(self._actor.now()), [row["id"] for row in rows]
                    left = [each for each in ids if self._here.execute(_LEAVE_BEHIND, [now, now, each]).rowcount == 1]
                    events = [AuditEvent(State.WITHDRAWN.value, each, HANDED_OVER) for each in left]
            audit.append(self._here, self._actor, events)

    def _hand_over_drafts(self, drafts: Sequence[Sequence[Any]]) -> None:
        with self._there.transaction():
            for draft in drafts:
                if self._there.execute("SELECT 1 FROM drafts WHERE id = ?", [draft[0]]).fetchone() is None:
                    self._there.execute(_INSERT_DRAFT, draft)
        now = millis(self._actor.now())
        with self._here.transaction():
            self._here.executemany(_DELETE_DRAFT, [(draft[0], now) for draft in drafts])


def _without_mark(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as it was before it was marked, without its code, which is of the outbox here."""
    lease = row["lease"] or ""
    state = lease.removeprefix(HAND_OVER) if lease.startswith(HAND_OVER) else row["state"]
    return {**row, "state": state, "lease": None, "lease_until": None, "mac": None, "version": None}


def _events(report_id: str, state: State, known: int | None) -> Iterator[AuditEvent]:
    """Yield the events of a report that is stored; `known` is what `_KNOWN` says of the row that it replaces."""
    is_open, was_open = state in OPEN_STATES, known == _IS_MARKED
    if known is None:
        yield AuditEvent(MOVED_IN, report_id, state.value)
    elif was_open and not is_open:
        yield AuditEvent(state.value, report_id)
    else:
        if is_open and not was_open:
            yield AuditEvent(REOPENED, report_id)
        yield AuditEvent(REPAIRED, report_id, state.value)


def _pieces(stays: Sequence[str], size: int = 0) -> Iterator[Sequence[str]]:
    size = size or _PIECE
    return (stays[start : start + size] for start in range(0, len(stays), size))


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
