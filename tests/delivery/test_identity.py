"""Nothing is sent to an authority, or for an account, that is not the one of the set-up."""

import math

import pytest
from delivery_helpers import Hotel

from apoa_client.errors import Exit, SettingsProblem
from apoa_client.ports.authority import AuthorityIdentity, KeptAnswers
from apoa_client.report.kinds import State

SIMULATED = AuthorityIdentity("training", "P-1")


@pytest.mark.parametrize(
    "expected", [SIMULATED, AuthorityIdentity(), AuthorityIdentity("training"), AuthorityIdentity("", "P-1")]
)
def test_the_same_authority(hotel: Hotel, expected: AuthorityIdentity) -> None:
    """What is not known yet agrees with everything."""
    hotel.add(1)
    outcome = hotel.sync(expected=expected)
    assert outcome.counts["accepted"] == 1
    assert outcome.meta is not None
    assert outcome.meta.identity == SIMULATED


@pytest.mark.parametrize(
    ("expected", "then", "now"),
    [
        (AuthorityIdentity("production", "P-1"), "live, account P-1", "for training, account P-1"),
        (AuthorityIdentity("training", "P-2"), "for training, account P-2", "for training, account P-1"),
        (AuthorityIdentity("production"), "live", "for training, account P-1"),
    ],
)
def test_another_authority(hotel: Hotel, expected: AuthorityIdentity, then: str, now: str) -> None:
    """No report leaves, none is asked about, and the error says what changed."""
    hotel.authority.script("pending")
    hotel.add(1)
    hotel.sync()
    hotel.add(2)
    hotel.authority.batches.clear()
    outcome = hotel.sync(expected=expected)
    assert isinstance(outcome.error, SettingsProblem)
    assert (outcome.error.name, outcome.exit_code, outcome.left) == ("another_authority", Exit.SETTINGS, 1)
    assert f"Then: {then}. Now: {now}." in outcome.error.message.render()
    assert (hotel.authority.batches, hotel.authority.asked) == ([], [])
    entry = hotel.entry(2)
    assert (entry.state, entry.attempts, entry.calls) == (State.QUEUED, 0, 0)
    assert hotel.sync(expected=SIMULATED).left == 0


def test_an_answer_that_is_kept(hotel: Hotel) -> None:
    """What an earlier run learnt is compared with the set-up too, and its limits hold."""
    kept = KeptAnswers()
    kept.meta, kept.meta_until = hotel.authority.meta()._replace(max_batch=2), math.inf
    hotel.add(1, 2, 3)
    refused = hotel.sync(expected=AuthorityIdentity("production"), kept=kept)
    assert refused.error is not None
    assert (refused.error.name, hotel.authority.batches) == ("another_authority", [])
    assert hotel.sync(expected=SIMULATED, kept=kept).meta == kept.meta
    assert hotel.sizes() == [2, 1]
