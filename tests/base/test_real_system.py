"""The operating system itself, where a double proves nothing: only the workflow changes its computer."""

import os
import sys
import uuid
from datetime import UTC, datetime

import pytest
from basics import real_system

from apoa_client.cli.terminal.desktop import Notice, show_notice
from apoa_client.schedule.choice import choose, schedulers
from apoa_client.schedule.interface import AUTO, DAY, Change, Job
from apoa_client.vault.keyring_store import KeyringStore


@real_system
@pytest.mark.keyring
@pytest.mark.skipif(sys.platform != "darwin", reason="the Keychain of macOS")
def test_a_secret_is_stored_found_and_deleted() -> None:
    """Without a person at the command, an open Keychain stores a secret, returns it and deletes it, and never asks."""
    store = KeyringStore(f"apoa-client/test-{uuid.uuid4()}", interactive=False, environ={})
    assert store.get("password") is None
    store.set("password", "rahasia")
    try:
        assert store.get("password") == "rahasia"
    finally:
        store.delete("password")
    assert store.get("password") is None


@real_system
@pytest.mark.skipif(sys.platform == "linux", reason="Linux has no desktop in the workflow")
def test_the_system_takes_the_notice() -> None:
    """The system's own tool reports no error. No user sees whether it is on the screen."""
    uid = None if sys.platform == "win32" else os.geteuid()
    assert show_notice(Notice("apoa", "Ditolak: 1", urgent=True), dict(os.environ), uid)


@real_system
@pytest.mark.skipif(sys.platform == "linux", reason="the journeys run Linux' schedulers in a namespace")
def test_a_schedule_is_installed_found_and_removed() -> None:
    """The Task Scheduler and launchd keep what they were given, and tell it again."""
    scheduler = choose(schedulers(dict(os.environ), lambda: datetime.now(UTC)), AUTO)
    words = ("-c", 'pass  # "quoted" 100% é')
    variables = {} if sys.platform == "win32" else {"APOA_HOME": "/tmp/a b"}  # noqa: S108  never opened
    job = Job(f"apoa-test-{os.getpid()}", (sys.executable,), words, DAY, variables, offset_s=3600)
    try:
        assert scheduler.install(job) is Change.INSTALLED
        found = scheduler.find(job.name)
        assert found is not None
        assert (found.command, found.every_s, found.variables) == (job.command, job.every_s, variables)
        assert found.active
        assert scheduler.install(job) is Change.UNCHANGED
    finally:
        removed = scheduler.remove(job.name)
    assert removed
    assert scheduler.find(job.name) is None
    assert not scheduler.remove(job.name)
