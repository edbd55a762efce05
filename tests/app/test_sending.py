"""What a delivery run works with, and what it stores in the settings."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from app_helpers import app_of, set_up, training
from basics import FixedClock, raises_error
from cli_helpers import PASSWORD
from key_helpers import new_key_pair
from outbox_helpers import report

from apoa_client.app.property_setup import PropertySetup
from apoa_client.app.sending import delivery_dependencies, send
from apoa_client.authority.address import Timeouts
from apoa_client.cli.terminal.progress import NoProgress
from apoa_client.cli.terminal.signals import Signals
from apoa_client.file_lock import exclusive
from apoa_client.sandbox.server import SandboxServer
from apoa_client.settings import writer
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.writer import save
from apoa_client.vault import keyring_store
from apoa_client.vault.sealing import encode_key


def test_a_key_rotation_meanwhile_keeps_its_public_key(home: Path, clock: FixedClock, tmp_path: Path) -> None:
    """A run that learns which authority it has read the settings before the rotation."""
    private_key, public_key = new_key_pair()
    with SandboxServer(tmp_path / "authority.db", username="melati", password=PASSWORD, now=clock.now) as server:
        given = PropertySettings("melati", server.base_url, public_key="", username="melati", vault="file")
        first = app_of(home, clock)
        PropertySetup(first).set_up(given, PASSWORD)
        first.close()
        untested = app_of(home, clock)
        save(untested.folders.config, untested.settings._replace(environment="", property_id=""))
        late, rotating = app_of(home, clock), app_of(home, clock)
        late.outbox.add(report(1), due_at=None)
        rotating.key_pair().change(private_key)
        assert send(late, NoProgress(), Signals()).sent == 1
        assert late.settings.property_id == "melati"  # the next run of this process compares it
        late.close()
        rotating.close()
    after = app_of(home, clock).settings
    assert (after.property_id, after.public_key) == ("melati", encode_key(public_key))


def test_settings_that_another_process_holds(
    home: Path, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is delivered all the same, and the next run writes who the authority is."""
    monkeypatch.setattr(writer, "_LOCK_WAIT_S", 0.0)
    with SandboxServer(tmp_path / "authority.db", username="melati", password=PASSWORD, now=clock.now) as server:
        first = app_of(home, clock)
        given = PropertySettings("melati", server.base_url, public_key="", username="melati", vault="file")
        PropertySetup(first).set_up(given, PASSWORD)
        first.close()
        path = home / "config.toml"
        save(path, app_of(home, clock).settings._replace(environment="", property_id=""))
        for number, known in ((1, ""), (2, "melati")):
            app = app_of(home, clock)
            app.outbox.add(report(number), due_at=None)
            with exclusive(path.with_suffix(".lock")) if not known else nullcontext():
                assert send(app, NoProgress(), Signals()).sent == 1
            assert app.saved_config().properties["melati"].property_id == known
            app.close()


def test_a_waiting_guest_shortens_the_time_limit_of_a_keyring_used_before(
    home: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short limit holds from the next call on, although the secret store was built earlier and is kept."""
    set_up(home, clock, training())
    config = home / "config.toml"
    config.write_text(config.read_text().replace('vault = "file"', 'vault = "keyring"'))
    limits: list[float] = []

    def no_answer(seconds: float, _call: Callable[[], object]) -> object:
        limits.append(seconds)
        raise TimeoutError

    monkeypatch.setattr(keyring_store, "call_with_timeout", no_answer)
    monkeypatch.setattr(keyring_store, "platform_backends", lambda *_args, **_options: [object])
    app = app_of(home, clock)
    with raises_error("keyring_hung"):
        app.secrets.private_key()
    delivery_dependencies(app, NoProgress(), Signals(), Timeouts())
    with raises_error("keyring_hung"):
        app.secrets.private_key()
    app.close()
    assert limits == [5.0, 1.5]
