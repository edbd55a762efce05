"""Every report opens in every reachable state of the model of key rotation, and each of its rules is needed."""

from collections.abc import Callable
from typing import Any

import pytest
from model.checker import check, find, rules_of
from model.rotation_model import Rotation, RotationModel

NEXT, SETTINGS, RECORDED, *RESEAL = RotationModel().procedure()[:-4]
FINISH = RotationModel().procedure()[-4:]


def test_every_report_opens_in_every_state() -> None:
    """With three reports, two desks, three rotations and two crashes."""
    result = check(RotationModel())
    assert result.broken is None, result
    assert result.states == 39_388


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"stored": lambda _, _state, sealed_to: sealed_to}, id="the key is not compared when storing"),
        pytest.param({"may_start": lambda _, state: len(state.running) < 2}, id="two rotations at a time"),
        pytest.param({"started": lambda _, _vault, key: Rotation(key)}, id="an interrupted rotation is forgotten"),
        pytest.param(
            {"procedure": lambda _: (SETTINGS, NEXT, RECORDED, *RESEAL, *FINISH)}, id="the settings before the vault"
        ),
        pytest.param({"procedure": lambda _: (NEXT, SETTINGS, RECORDED, *FINISH)}, id="reports are not sealed again"),
        pytest.param(
            {"procedure": lambda _: (NEXT, SETTINGS, *RESEAL, *FINISH, RECORDED)}, id="the key is recorded last"
        ),
        pytest.param(
            {"procedure": lambda _: (NEXT, SETTINGS, RECORDED, *FINISH, *RESEAL)}, id="the old key goes too early"
        ),
    ],
)
def test_each_rule_is_needed(rules: dict[str, Callable[..., Any]]) -> None:
    """Without the rule a report does not open, and the checker says how it comes to that."""
    result = check(type("Broken", (RotationModel,), rules)())
    assert result.broken == "opens", result
    assert result.trace, result


@pytest.mark.parametrize("rule", rules_of(RotationModel))
def test_each_rule_names_what_implements_it(rule: str) -> None:
    """All functions that the model refers to exist."""
    assert all(find(reference) for reference in rules_of(RotationModel)[rule])
