"""The file that a new recovery code is written to."""

from datetime import date
from pathlib import Path

from app_helpers import app_of, training
from basics import FixedClock

from apoa_client.cli.documents.recovery_file import RecoveryCodeReceiver
from apoa_client.vault.recovery import new_code


def test_repr_has_no_code(home: Path, clock: FixedClock, tmp_path: Path) -> None:
    """A repr, which may reach a log, does not show the code that was received."""
    settings, code = training(), new_code()
    receiver = RecoveryCodeReceiver(
        settings, app_of(home, clock).secrets_of(settings), date(2026, 11, 26), tmp_path / "code.txt"
    )
    receiver(code)
    assert receiver.code == code
    assert not any(group in repr(receiver) for group in code.split("-"))
