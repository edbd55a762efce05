"""While a slow authority is asked about itself, the first batch is prepared; what is sent and raised stays the same."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import pytest
from authority_simulator import AuthoritySimulator
from delivery_helpers import Hotel
from outbox_helpers import uuid

from apoa_client.errors import ApoaError, Exit
from apoa_client.ports.authority import Meta
from apoa_client.ports.entries import Content, Entry
from apoa_client.report.kinds import State

Opening: TypeAlias = Callable[[Sequence[Entry]], Mapping[str, Content | ApoaError]]


class SlowAuthority(AuthoritySimulator):
    """Answers about itself only when a report was opened meanwhile, at most ten seconds later."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()

    def meta(self) -> Meta:
        self.opened.wait(10)
        return super().meta()


@pytest.fixture
def slow(hotel: Hotel, monkeypatch: pytest.MonkeyPatch) -> SlowAuthority:
    """The hotel's authority; an answer waits until the private key was asked for."""
    authority = SlowAuthority()
    hotel.authority = authority
    contents: Opening = hotel.outbox.contents

    def opening(entries: Sequence[Entry]) -> Mapping[str, Content | ApoaError]:
        try:
            return contents(entries)
        finally:
            authority.opened.set()

    monkeypatch.setattr(hotel.outbox, "contents", opening)
    return authority


def test_the_first_batch_is_opened_while_the_authority_is_asked(hotel: Hotel, slow: SlowAuthority) -> None:
    """All are delivered once, in batches as the authority allows them."""
    slow.max_batch = 2
    hotel.add(1, 2, 3)
    assert hotel.sync(overlap=True).counts["accepted"] == 3
    assert slow.opened.is_set()
    assert hotel.sizes() == [2, 1]
    assert slow.order == [uuid(1), uuid(2), uuid(3)]


def test_a_fast_answer_is_waited_for(hotel: Hotel) -> None:
    """Nothing is prepared in vain if it is a refusal."""
    hotel.authority.script("meta:401, meta:401")
    hotel.add(1)
    outcome = hotel.sync(overlap=True)
    assert (outcome.exit_code, hotel.entry(1).state) == (Exit.CREDENTIALS, State.QUEUED)


def test_the_authoritys_error_comes_before_that_of_the_key(
    hotel: Hotel, slow: SlowAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user may have to do something about a key only when there is a connection."""
    hotel.add(1)
    hotel.lock()
    contents: Opening = hotel.outbox.contents

    def opening(entries: Sequence[Entry]) -> Mapping[str, Content | ApoaError]:
        slow.opened.set()
        return contents(entries)

    monkeypatch.setattr(hotel.outbox, "contents", opening)
    slow.script("meta:drop")
    outcome = hotel.sync(overlap=True)
    assert outcome.error is not None
    assert (outcome.error.name, hotel.entry(1).state) == ("unknown_outcome", State.QUEUED)
    slow.opened.clear()
    locked = hotel.sync(overlap=True)
    assert locked.error is not None
    assert (locked.error.name, hotel.sizes()) == ("secret_missing", [])


def test_a_broken_report_holds_up_no_other(hotel: Hotel, slow: SlowAuthority) -> None:
    """It is left out when the batch is prepared, and its error is raised after the others were sent."""
    hotel.add(1, 2)
    hotel.tamper(1)
    outcome = hotel.sync(overlap=True)
    assert (outcome.counts["accepted"], outcome.error is not None, slow.order) == (1, True, [uuid(2)])
