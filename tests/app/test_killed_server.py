"""A server of a shared outbox that is killed again and again while desks save and send: each report is sent once."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from basics import LONG, FixedClock
from desks_in_process import Saved, two_desks
from postgres_helpers import SharedOutbox

from apoa_client.delivery import plan

KILLS = 50 if LONG else 15
SAVES = 6
"""Guests reported, by two desks in turn, around each kill."""


@pytest.mark.slow
def test_killed_again_and_again(tmp_path: Path, clock: FixedClock, postgres_outbox: SharedOutbox) -> None:
    """At any moment of saving, moving and sending: nothing acknowledged is lost, nothing has two receipts."""
    saved: list[Saved] = []
    answered = 0
    with two_desks(tmp_path, clock, postgres_outbox) as desks, ThreadPoolExecutor(SAVES + 2) as pool:
        both = (desks.first, desks.second)
        for number in range(KILLS):
            saves = [pool.submit(both[each % 2].save, SAVES * number + each) for each in range(SAVES)]
            sends = [pool.submit(desk.send) for desk in both]
            moments: list[Future[Any]] = [*saves, *sends]
            moments[number % len(moments)].result()
            postgres_outbox.cluster.kill()
            saved += [each.result() for each in saves]
            answered += sum(each.result() for each in sends)
            postgres_outbox.cluster.start()
            clock.forward(plan.LEASE)
        assert answered
        assert 0 < sum(each.here for each in saved) < KILLS * SAVES == len(saved)
        desks.assert_all_sent_once(saved)
