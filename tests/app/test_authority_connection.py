"""Connections to a property's authority: the training authority runs inside, and only where it may."""

from pathlib import Path

import pytest
from app_helpers import app_of, set_up, training
from basics import FixedClock

from apoa_client.errors import NotNow, SettingsProblem
from apoa_client.settings.config import MANUAL, PropertySettings


def test_closing_stops_the_training_authority(home: Path, clock: FixedClock) -> None:
    """It does not listen any more, and a second close does nothing."""
    set_up(home, clock, training())
    app = app_of(home, clock)
    authority = app.connect()
    assert authority.meta().property_name == "melati"
    app.close()
    app.close()
    with pytest.raises(NotNow):
        authority.meta()


def test_reports_typed_by_hand_have_no_authority(home: Path, clock: FixedClock) -> None:
    """The error names the command that shows the reports for typing."""
    app = app_of(home, clock)
    with pytest.raises(SettingsProblem) as raised:
        app.authorities.connect(PropertySettings("melati", "", public_key="", delivery=MANUAL), lambda: "")
    assert "apoa sync --by-hand" in str(raised.value.advice)
