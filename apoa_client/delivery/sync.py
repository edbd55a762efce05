"""One run of delivery: claim a batch, send it, store the results, and repeat; then questions and photos.

The order of the steps matters. A report is stored as `sending` before its first byte leaves. If the process is killed
or stopped, the lease expires and another run sends the report again under the same id; the authority answers with the
same receipt. Several runs may work at once: each claims what it sends, and stores an answer only under its lease.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

from apoa_client.delivery import plan
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions, authenticate
from apoa_client.delivery.run import Run
from apoa_client.delivery.single_call import remember
from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    CallRefused,
    CredentialsProblem,
    Erased,
    NotAuthentic,
    NotNow,
    NotTheAuthority,
    OutboxDamaged,
    SealBroken,
    StorageProblem,
    TooLarge,
    UnknownOutcome,
)
from apoa_client.messages import msg
from apoa_client.ports.authority import Meta
from apoa_client.ports.doubts import DoubtKind
from apoa_client.ports.entries import Content, Entry, PhotoToSend, Selection
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import CLOCK_TOLERANCE, PhotoState, State

_log = logging.getLogger(__name__)

_MOST_DOUBTFUL = 50
"""Reports in doubt that the authority is asked about in one run."""

_AFTERWARDS_S = 15.0
"""How much time is left after the run, for calls on its connection."""

_MAX_FAILED_PHOTOS = 3
"""After so many failed photos in a row, a single photo is not the cause, and the others wait for a later run."""


def deliver(dependencies: Dependencies, options: RunOptions) -> Outcome:
    """Deliver until no report may be sent, time is over, or an error ends the run.

    Errors of the connection or the authority are not raised, they are in `Outcome.error`. Raises `StorageProblem` where
    the outbox cannot be read or written.
    """
    run = Run(dependencies, options)
    try:
        _connect(run)
        _deliver(run)
    except SealBroken as exc:
        run.outcome.error = exc
    except StorageProblem:
        raise
    except ApoaError as exc:
        _log.info("the run ended: %s", exc.name)
        run.outcome.error = exc
        dependencies.progress.failed(exc)
    finally:
        dependencies.progress.end()
    summary = run.summary()
    run.outcome.left = summary.waiting
    if plan.is_ahead(summary.lease_until, run.now(), plan.LEASE):
        run.outcome.leased = summary.counts[State.SENDING]
        run.outcome.leased_until = summary.lease_until
    return run.outcome


def _connect(run: Run) -> None:
    """Build the authority, unless there is nothing to do or a suspension or hold forbids it."""
    with suppress(OutboxDamaged):  # `_deliver` raises it again
        summary = run.summary()
        if run.restriction() is None and (_has_follow_ups(run, summary) or run.next_batch()):
            run.connect()


def _deliver(run: Run) -> None:
    """Send what may be sent, ask about pending reports. Raises the error that ended the run, or a deferred one.

    If indexes of the outbox are damaged, they are rebuilt, once, and the run starts again.
    """
    run.answered_at = run.clock.monotonic()
    wait_s = run.options.wait_s
    run.ends_at = run.answered_at + (plan.LONGEST_RUN_S if wait_s is None else min(wait_s, plan.LONGEST_RUN_S))
    run.deferred_error = None
    try:
        _deliver_once(run)
    except OutboxDamaged:
        if not run.rebuild_indexes():
            raise
        run.deferred_error = None
        run.tried.clear()
        _deliver_once(run)
    run.ends_at = min(run.ends_at, run.clock.monotonic() + _AFTERWARDS_S)


def _deliver_once(run: Run) -> None:
    summary = run.summary()
    suspended = plan.suspension_error(summary.suspension, run.options.settings)
    if suspended is not None:
        _authenticate(run)  # another program may have written that
        raise suspended
    if summary.suspension is not None:  # the settings have changed since
        run.outbox.set_suspension(None)
    batch = run.next_batch()
    if not batch:  # a report that should be there may have been marked as sent
        _authenticate(run)
        batch = run.next_batch()
    if batch or _has_follow_ups(run, summary) or _doubtful(run):
        _work(run, summary, batch)
        with suppress(NotNow):  # during maintenance the next run does it
            _authenticate(run)  # what this run recorded
    run.find_repeated_receipts()
    if run.left_s() > 0 and run.summary().waiting:
        run.outbox.check_queue()
    if run.deferred_error is not None:
        raise run.deferred_error


def _work(run: Run, summary: Summary, batch: Sequence[Entry]) -> None:
    """Send the batch and what follows it, ask about pending reports, and send photos."""
    hold = plan.hold_error(summary.hold_until, run.now())
    if hold is not None:
        _authenticate(run)  # as for a suspension
        raise hold
    run.dependencies.progress.begin(summary.waiting)
    try:
        run.connect()
        _send_all(run, _first_batch(run, batch))
        run.outcome.authority = run.authority
        _ask_about_pending(run)
        _ask_about_doubtful(run)
        if run.outcome.meta is not None and run.outcome.meta.wants_photo:
            _send_photos(run)
    except ApoaError as exc:
        if exc is not run.noticed:
            remember(run.outbox, exc, run.now(), run.options.settings)
        raise


def _first_batch(run: Run, batch: Sequence[Entry]) -> list[Entry]:
    """Check the authority, which may be known from an earlier run, and the outbox; return what may be sent then."""
    kept = run.dependencies.kept
    known = kept.current_meta(run.clock.monotonic()) if kept is not None else None
    if known is not None:
        _accept(run, known)
    else:
        _check_authority(run, batch)
    return _authenticated_batch(run, batch)


def _check_authority(run: Run, batch: Sequence[Entry]) -> None:
    """Ask the authority about itself before any report leaves. If the call fails, the batch gets a backoff."""
    try:
        meta = run.meta()
    except (NotNow, CallRefused) as exc:
        # Without the key no attempt is counted: its absence is said when the authority answers.
        with run.interruptions.delayed(), suppress(CredentialsProblem):
            run.requeue(exc, *run.claim([entry.id for entry in batch]), sent=False)
        raise
    _accept(run, meta)  # raises if it is another one: its time does not confirm this computer's date
    now = run.now()
    run.outbox.record_contact(now, meta.server_time)
    run.outbox.record_meta(meta)
    if abs(meta.server_time - now) > CLOCK_TOLERANCE:
        run.outcome.clock_skew = meta.server_time - now


def _accept(run: Run, meta: Meta) -> None:
    """Compare the authority with the one of the set-up, and note its limits."""
    run.outcome.meta = meta
    mismatch = plan.identity_error(run.options.expected, meta.identity)
    if mismatch is not None:
        raise mismatch
    run.size.allow(meta)


# Authentic reports only.


def _authenticated_batch(run: Run, batch: Sequence[Entry]) -> list[Entry]:
    """Check the outbox before a report leaves, and return what may be sent then."""
    if batch:
        _open(run, batch[:1])  # which reads the private key, or raises the error of this run
    if not run.authenticated:
        _authenticate(run)
    return run.next_batch()


def _authenticate(run: Run) -> None:
    """Check the open reports, and note in the outcome what another program changed."""
    try:
        authenticate(run.outbox, run.dependencies.known, run.outcome)
    except OutboxDamaged as exc:  # what can be read is sent
        run.defer(exc)
        return
    run.authenticated = True


def _doubtful(run: Run) -> list[str]:
    return [doubt.report for doubt in run.outcome.doubts if doubt.kind is DoubtKind.STATE]


# Sending.


def _send_all(run: Run, batch: Sequence[Entry]) -> None:
    while batch:
        if run.left_s() <= 0:
            run.outcome.time_over = True
            return
        run.noticed = run.restriction()
        if run.noticed is not None:
            raise run.noticed
        _send(run, batch[: run.size.current])
        batch = run.next_batch()


def _send(run: Run, batch: Sequence[Entry]) -> None:
    opened = _open(run, batch)
    ids = list(opened)[: run.size.count_fitting([content.body for content in opened.values()])]
    with run.interruptions.delayed():
        lease, claimed = run.claim(ids)
        if not claimed or run.renewed(lease, claimed[0].lease_until) is None:
            return
        begun = run.clock.monotonic()
        try:
            with run.interruptions.allowed():
                verdicts = run.authority.submit([(entry.id, opened[entry.id].body) for entry in claimed])
        except NotTheAuthority as exc:
            _after_unreadable_answer(run, exc, lease, claimed)
        except ApoaError as exc:
            _after_failed_call(run, exc, lease, claimed)
        except BaseException:
            # Ctrl-C while waiting for the answer: the outcome is unknown. The reports must not wait for the lease.
            run.requeue(UnknownOutcome(msg("The sending was interrupted.")), lease, claimed)
            raise
        else:
            seconds = run.clock.monotonic() - begun
            run.answered()
            run.store(lease, verdicts, opened)
            answered = {verdict.id for verdict in verdicts}
            unread = [entry for entry in claimed if entry.id not in answered]
            if unread:
                run.ask_about_unread(lease, unread)
            else:
                run.size.worked(len(claimed), seconds)


def _open(run: Run, batch: Sequence[Entry]) -> dict[str, Content]:
    """Each report's content by id. One that cannot be read stays queued, and its error is deferred."""
    found = run.outbox.contents(batch)
    opened: dict[str, Content] = {}
    for entry in batch:
        content = found[entry.id]
        if isinstance(content, ApoaError):
            if not isinstance(content, NotAuthentic):  # a doubt, which the check of the outbox names
                run.defer(content)
            run.tried.add(entry.id)
        else:
            opened[entry.id] = content
    return opened


def _after_failed_call(run: Run, error: ApoaError, lease: str, claimed: Sequence[Entry]) -> None:
    """Try again with a smaller batch where that helps. A single report that is too large is skipped; else raise."""
    if _halved(run, error, lease, claimed):
        return
    run.requeue(error, lease, claimed)
    if not isinstance(error, TooLarge):
        raise error
    run.defer(error)
    run.size.isolated()


def _after_unreadable_answer(run: Run, error: NotTheAuthority, lease: str, claimed: Sequence[Entry]) -> None:
    """Find the report that makes the answer unreadable, if it is still the authority that answers; else raise."""
    try:
        with run.interruptions.allowed():
            run.meta()
    except BaseException:
        run.requeue(error, lease, claimed)
        raise
    if _halved(run, error, lease, claimed):
        return
    if len(claimed) > 1:  # time is over before the cause was found
        run.requeue(error, lease, claimed)
        raise plan.unreadable_answer(claimed)
    run.ask_about_unread(lease, claimed, alone=True)
    run.size.isolated()


def _halved(run: Run, error: ApoaError, lease: str, claimed: Sequence[Entry]) -> bool:
    """Whether the reports go again at once in smaller batches. They are queued again for that."""
    if not run.size.failed(len(claimed), error) or run.left_s() <= 0:
        return False
    run.tried.difference_update(entry.id for entry in claimed)
    run.requeue(error, lease, claimed, backoff=False)
    run.dependencies.progress.failed(error)
    return True


# Reports that the authority has.


def _has_follow_ups(run: Run, summary: Summary) -> bool:
    """Whether reports that the authority has wait for a verdict, or for photos that it wanted when it last answered."""
    return bool(summary.counts[State.PENDING]) or (
        run.options.all_photos and run.outbox.wants_photos() and next(run.outbox.photos_to_send(), None) is not None
    )


def _ask_about_pending(run: Run) -> None:
    """Ask for the verdicts of reports that earlier runs left pending, and send what they hold up.

    Those that were asked about last come last. The command that saves a report meanwhile sends it itself.
    """
    pending = run.readable(run.outbox.entries(Selection(states=frozenset({State.PENDING}))))
    until = run.clock.monotonic() + plan.QUESTIONS_S
    for entry in plan.questions(pending):
        if run.clock.monotonic() >= until or run.left_s() <= 0:
            break
        if entry.id not in run.tried:
            run.ask_about_pending(entry)
    _send_all(run, run.next_batch())


def _ask_about_doubtful(run: Run) -> None:
    """Ask about the reports that another program changed. A person decides about what the authority has not."""
    for report_id in _doubtful(run)[:_MOST_DOUBTFUL]:
        for entry in run.readable(iter(run.outbox.find(report_id))):
            if run.left_s() > 0 and run.ask_about_doubtful(entry):
                run.outcome.repaired[entry.id] = None


# Photos (contract: the photo). They come after all reports, because only reports have a deadline. A photo whose answer
# was lost goes again: the authority takes the same photo of a report any number of times.


def _send_photos(run: Run) -> None:
    """Send the photos that are kept with accepted reports, as long as there is time.

    One that cannot be opened, or that fails while the authority answers other calls, is left, and its error is
    deferred. Raises the error of any other call; a photo that the authority does not take is not sent again.
    """
    for waiting in _photos_from_a_random_one(run):
        if run.left_s() <= 0:
            run.outcome.time_over = True
        if run.outcome.time_over or run.failed_photos >= _MAX_FAILED_PHOTOS:
            run.outcome.photos_left += 1
            continue
        try:
            photo = run.outbox.photo(waiting.entry)
        except (SealBroken, OutboxDamaged, Erased) as exc:
            run.defer(exc)
            continue
        _send_photo(run, waiting, photo)


def _photos_from_a_random_one(run: Run) -> Iterator[PhotoToSend]:
    """Yield the waiting photos, from a random one on: photos that fail each time must not block the same others."""

    def waiting() -> Iterator[PhotoToSend]:
        wanted = run.options.all_photos
        photos = run.readable(run.outbox.photos_to_send())
        return (each for each in photos if wanted or each.report_id in run.outcome.verdicts)

    start = int(sum(1 for _each in waiting()) * run.dependencies.jitter())
    yield from islice(waiting(), start, None)
    yield from islice(waiting(), start)


def _send_photo(run: Run, waiting: PhotoToSend, photo: bytes) -> None:
    try:
        run.authority.send_photo(waiting.report_id, photo)
    except CallRefused as exc:
        _log.info("photo of report %s: %s", waiting.report_id, exc.name)
        run.outbox.settle_photo(waiting.entry.id, PhotoState.REFUSED, exc.name)
        run.outcome.photos_refused += 1
    except (AccountSuspended, NotTheAuthority, UnknownOutcome) as exc:
        _log.info("photo of report %s: %s", waiting.report_id, exc.name)
        run.meta()  # raises if the account or the connection is the cause
        problem = msg("A photo could not be sent: {reason}", reason=exc.message)
        advice = msg("The reports are not affected. The photo stays here, and each apoa sync sends it again.")
        run.defer(UnknownOutcome(problem, advice, name="photo_not_sent"))  # no error of the account
        run.outcome.photos_left += 1
        run.failed_photos += 1
        return
    else:
        run.outbox.settle_photo(waiting.entry.id, PhotoState.SENT)
        run.outcome.photos_sent += 1
    run.failed_photos = 0
    run.answered_at = run.clock.monotonic()
