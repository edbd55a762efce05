"""Each outbox of a property is opened by its engine; what waits in files is moved."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from basics import FixedClock, raises_error
from outbox_helpers import report, sealer
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox, be_patient
from rogue_postgres import rogue

from apoa_client.app.property_stores import OutboxOpener
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.ports.entries import Selection
from apoa_client.ports.state import HandedOver
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.errors import KeyringProblem, KeyringReason
from apoa_client.vault.store import Binding


class Secrets:
    """The vault of a computer whose keyring has the password, or a problem."""

    def __init__(self, problem: KeyringReason | None = None) -> None:
        self._problem = problem

    def outbox_password(self, current_binding: Callable[[], Binding]) -> str | None:
        assert current_binding().host.startswith(f"postgresql://{PROPERTY}@127.0.0.1:")
        if self._problem is not None:
            raise KeyringProblem(self._problem)
        return PASSWORD


Open = Callable[..., OutboxOpener]


@pytest.fixture
def opener(tmp_path: Path, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch) -> Open:
    """What opens the outboxes of a property, with a vault."""
    be_patient(monkeypatch)
    address = f"postgresql://{PROPERTY}@127.0.0.1:{postgres_outbox.cluster.port}/{postgres_outbox.database}"
    settings = PropertySettings(PROPERTY, "training", "", outbox=address)

    def create(problem: KeyringReason | None = None) -> OutboxOpener:
        secrets: Any = Secrets(problem)
        return OutboxOpener(settings, tmp_path / "outbox.db", sealer(), NO_ACTOR, lambda: secrets)

    return create


def test_two_outboxes_of_a_property(opener: Open, clock: FixedClock) -> None:
    """The file is there beside the shared one, and each has its own reports."""
    with closing(opener().shared()) as shared, opener().own_file(create=True) as own_file:
        shared.add(report(1), due_at=None)
        own_file.add(report(2), due_at=None)
        assert [each.id for each in own_file.entries(Selection())] == [report(2).id]
        assert opener().waiting_here() == 1
    with closing(opener().shared()) as shared:
        assert opener().hand_over_to(shared, clock, history=False) == HandedOver(1)
        assert [each.id for each in shared.entries(Selection())] == [report(1).id, report(2).id]
    assert opener().waiting_here() == 0


def test_which_password_is_needed(opener: Open) -> None:
    """The server says whether it needs one; a locked keyring may have it; one that is given asks no vault."""
    for problem, error in ((KeyringReason.NO_BUS, "outbox_password"), (KeyringReason.LOCKED, "keyring_locked")):
        with raises_error(error):
            opener(problem).shared()
    opener(KeyringReason.LOCKED).shared(PASSWORD).close()


def test_another_program_on_a_computer_without_a_keyring(opener: Open) -> None:
    """It is not known whether the server knows a password, so that a program that asks for none gets no report."""
    with rogue("no password") as server:
        address = f"postgresql://{PROPERTY}@127.0.0.1:{server.port}/apoa"
        of_rogue = opener(KeyringReason.NO_BUS).of(PropertySettings(PROPERTY, "training", "", outbox=address))
        with raises_error("outbox_not_proven"):
            of_rogue.shared()
    assert server.received == b""


def test_no_file_on_this_computer(opener: Open, tmp_path: Path, clock: FixedClock) -> None:
    """None is made by looking for what waits."""
    with closing(opener().shared()) as shared:
        assert opener().hand_over_to(shared, clock, history=True) is None
    assert opener().waiting_here() == 0
    assert opener().file_beside_shared() is None
    assert not (tmp_path / "outbox.db").exists()
