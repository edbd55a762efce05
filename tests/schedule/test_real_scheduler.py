"""The scheduler of the system itself: only the workflow changes its computer's schedules."""

import os
import sys
from datetime import UTC, datetime

import pytest
from system_helpers import real_system

from apoa_client.schedule.choice import choose, schedulers
from apoa_client.schedule.interface import AUTO, DAY, Change, Job

pytestmark = real_system


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
