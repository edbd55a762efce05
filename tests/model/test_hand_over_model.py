"""The model of the hand-over keeps its promises, and each rule of it is needed."""

import pytest
from model.checker import ENDS_WELL, check, find, rules_of
from model.hand_over_model import MARKED, QUEUED, WITHDRAWN, HandOverModel


def test_no_report_is_lost_or_sent_after_it_was_withdrawn() -> None:
    """Whatever dies, and wherever a user withdraws the report."""
    result = check(HandOverModel())
    assert result.broken is None, result
    assert result.states > 100


class Unmarked(HandOverModel):
    """The row here may change while it is handed over."""

    def marked(self, here: str) -> str:
        return here

    def released(self, _here: str | None) -> str | None:
        return None


class Replacing(HandOverModel):
    """A row there is replaced by the copy."""

    def stored(self, _there: str | None, copy: str) -> str:
        return QUEUED if copy == MARKED else copy


class Kept(HandOverModel):
    """What was stored there stays here."""

    def released(self, here: str | None) -> str | None:
        return here


class Changeable(HandOverModel):
    """A report that is being handed over may be withdrawn here."""

    def may_withdraw(self, row: str | None) -> bool:
        return row in {QUEUED, MARKED}


@pytest.mark.parametrize(
    ("model", "broken"),
    [(Unmarked, "withdrawn"), (Replacing, "withdrawn"), (Changeable, "withdrawn"), (Kept, ENDS_WELL)],
)
def test_each_rule_is_needed(model: type[HandOverModel], broken: str) -> None:
    """Without it the checker finds how a promise is broken."""
    assert check(model()).broken == broken


def test_a_withdrawn_report_is_taken_along() -> None:
    """As a part of the stay's history."""
    assert HandOverModel().stored(None, WITHDRAWN) == WITHDRAWN


@pytest.mark.parametrize("rule", rules_of(HandOverModel))
def test_each_rule_names_what_implements_it(rule: str) -> None:
    """All functions that the model refers to exist."""
    assert all(find(reference) for reference in rules_of(HandOverModel)[rule])
