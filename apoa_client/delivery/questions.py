"""Questions to the authority about itself and about single reports, in one delivery run."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC

from apoa_client.delivery import plan
from apoa_client.delivery.options import Dependencies
from apoa_client.delivery.results import Results
from apoa_client.delivery.run_time import RunTime
from apoa_client.errors import ApoaError, CallRefused, NotTheAuthority, SealBroken, UnknownOutcome
from apoa_client.ports.authority import Authority, Meta, Verdict
from apoa_client.ports.entries import Entry

_log = logging.getLogger(__name__)

_OTHER_CONTENT = "id_conflict"
"""The contract's code for an id under which the authority has another report."""

_MAX_UNANSWERED = 3
"""After so many reports in a row without a usable answer the cause is the connection or the authority, not a report."""


class Questions:
    """Asks, and records what the answers do to the reports."""

    def __init__(self, dependencies: Dependencies, results: Results, time: RunTime) -> None:
        self._outbox = dependencies.outbox
        self._clock = dependencies.clock
        self._interruptions = dependencies.interruptions
        self._results = results
        self._time = time
        self._unanswered = 0
        """How many reports in a row got no usable answer although they were alone in a call."""

    def answered(self) -> None:
        """Note that the authority answered about reports."""
        self._unanswered = 0
        self._time.answered()

    def meta(self, authority: Authority) -> Meta:
        """Return what the authority says about itself."""
        meta = authority.meta()
        self._time.answered()
        return meta

    def ask_about_unread(
        self, authority: Authority, lease: str, claimed: Sequence[Entry], *, alone: bool = False
    ) -> None:
        """Ask about reports of which the answer said nothing readable; queue those again that get no verdict now.

        `alone` says that the whole answer was unreadable: if that happens again and again, the authority is the cause
        and no single report, and the error is raised.
        """
        left = {entry.id: entry for entry in claimed}
        until = claimed[0].lease_until
        try:
            for entry in claimed:
                until = self._results.renewed(lease, until)
                if until is None:
                    break
                verdict = None
                if self._time.left_s() > 0:
                    with suppress(CallRefused, UnknownOutcome), self._interruptions.allowed():
                        verdict = self._question(authority, entry)
                if verdict is not None:
                    self._results.store(lease, [verdict], {entry.id: self._outbox.content(entry)})
                    del left[entry.id]
                elif alone:
                    self._count_unanswered(plan.unreadable_answer([entry]))
        finally:
            if left:
                error = plan.unreadable_answer(list(left.values()))
                self._results.defer(error)
                self._results.requeue(error, lease, list(left.values()))

    def _question(self, authority: Authority, entry: Entry) -> Verdict | None:
        """The verdict on one report; None if the authority never received it.

        Raises `UnreadableAnswer` if the authority answers, but not what the contract says.
        """
        try:
            verdict = authority.verdict(entry.id)
        except NotTheAuthority as exc:
            _log.info("report %s: %s", entry.id, exc)
            self.meta(authority)  # raises if another server answers now
            raise plan.unreadable_answer([entry]) from None
        if verdict is not None:
            self.answered()
        return verdict

    def _count_unanswered(self, error: ApoaError) -> None:
        """Go on without this report, unless it is not the first one without a usable answer: then raise the error."""
        self._results.defer(error)
        self._unanswered += 1
        if self._unanswered == _MAX_UNANSWERED:
            raise error

    def ask_about_doubtful(self, authority: Authority, entry: Entry) -> bool:
        """Take over what the authority has of a report that another program changed; return whether it has it so.

        Its answer to the same id says whether it got the same content. A report without its data, or with a photo of
        which nothing proves whose it is, is left to a person.
        """
        if entry.erased_at is not None or entry.photo is not None or self._question(authority, entry) is None:
            return False
        with suppress(SealBroken):
            content = self._outbox.content(entry, proven=False)
            for verdict in authority.submit([(entry.id, content.body)]):
                if all(error.code != _OTHER_CONTENT for error in verdict.errors):
                    self._outbox.confirm(plan.change_from_verdict(verdict, self._clock.now().astimezone(UTC)))
                    return True
        return False

    def ask_about_pending(self, authority: Authority, entry: Entry) -> None:
        """Ask about one pending report, and record the answer."""
        try:
            verdict = self._question(authority, entry)
        except (CallRefused, UnknownOutcome) as exc:
            self._outbox.settle_pending([plan.change_without_answer(exc, entry, self._clock.now().astimezone(UTC))])
            self._count_unanswered(exc)
        else:
            self._results.decide(entry, verdict)
