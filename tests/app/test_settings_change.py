"""A change of one setting is planned with its consequences and written under the lock of the file."""

import threading
from datetime import timedelta
from pathlib import Path

from app_helpers import app_of, set_up, training
from basics import FixedClock

from apoa_client.app.settings_change import carry_out, plan_change
from apoa_client.settings.origins import parse_setting_key


def test_changes_at_once_lose_nothing(home: Path, clock: FixedClock) -> None:
    """Each of several commands that run at once changes its own setting, and keeps those of the others."""
    set_up(home, clock, training())
    wanted = {"notify": "off", "office": "Denpasar", "address": "Ubud", "display_name": "Melati", "backup_keep": "5"}
    together = threading.Barrier(len(wanted))

    def change(key: str, value: str) -> None:
        app = app_of(home, clock)
        planned = plan_change(app, parse_setting_key(key, lambda: app.settings.name), value)
        together.wait(30)
        carry_out(app, planned)

    commands = [threading.Thread(target=change, args=item) for item in wanted.items()]
    for command in commands:
        command.start()
    for command in commands:
        command.join()
    settings = app_of(home, clock).settings
    assert {key: str(getattr(settings, key)) for key in wanted} == wanted


def test_a_command_that_runs_meanwhile_keeps_the_change(home: Path, clock: FixedClock) -> None:
    """A run that started before writes what it learned only, such as who the authority is."""
    set_up(home, clock, training())
    running = app_of(home, clock)
    before = running.settings
    app = app_of(home, clock)
    carry_out(app, plan_change(app, parse_setting_key("office", lambda: "melati"), "Denpasar"))
    running.save_settings(before._replace(property_id="P-7"), before)
    settings = app_of(home, clock).settings
    assert (settings.office, settings.property_id) == ("Denpasar", "P-7")


def test_a_run_erases_by_the_settings_of_its_end(home: Path, clock: FixedClock) -> None:
    """Guests' data that a longer retention keeps are not erased by a run that began before the change."""
    set_up(home, clock, training())
    running = app_of(home, clock)
    assert running.settings.retention_days == 90
    app = app_of(home, clock)
    carry_out(app, plan_change(app, parse_setting_key("retention_days", lambda: "melati"), "300"))
    assert clock.now() - running.retention.cutoff() >= timedelta(days=299)
    running.close()
