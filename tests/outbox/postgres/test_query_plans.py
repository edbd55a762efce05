"""Every statement that the outbox executes on a server: its plan, where other properties have a long history too."""

import re
from collections.abc import Iterator

import pytest
from outbox_helpers import NOON
from outbox_methods import LIST_ALL, METHODS, UPKEEP, fill
from postgres_helpers import PROPERTY, Cluster, SharedOutbox, new_shared_outbox
from postgres_plans import SEQUENTIAL, explaining, plans, whole

from apoa_client.outbox.postgres.store import PostgresOutbox

OTHERS, FINISHED = 9, 3000
"""The number of other properties, and of the finished reports of each."""

_COPIES = f"""
    INSERT INTO reports (property, id, short_id, stay_id, kind, state, created_at, due_at, content, calls, guest_tag,
        first_night, last_morning, photo_state, receipt_number, receipt_issued_at, mac)
    SELECT 'house' || house, id, short_id, stay_id, kind, state, created_at, due_at, content, calls, guest_tag,
        first_night, last_morning, photo_state, receipt_number,
        receipt_issued_at, mac FROM reports, generate_series(1, {OTHERS}) AS house WHERE state = 'accepted'
"""  # noqa: S608  a constant


@pytest.fixture(scope="module")
def history(postgres: Cluster, postgres_template: str) -> Iterator[str]:
    """The name of a database with a queue as on any day, and years of finished reports of this property and others."""
    with new_shared_outbox(postgres, postgres_template) as shared:
        with shared.open() as outbox:
            fill(outbox, FINISHED)
        shared.change(
            "UPDATE reports SET mac = '', receipt_number = seq::text, receipt_issued_at = 1 WHERE photo_state = 'sent'"
        )
        shared.change(_COPIES)
        shared.change("ANALYZE")
        yield shared.database


@pytest.fixture
def postgres_outbox(postgres: Cluster, history: str) -> Iterator[SharedOutbox]:
    """A copy of it."""
    with new_shared_outbox(postgres, history) as opened:
        yield opened


@pytest.fixture
def filled(postgres_outbox: SharedOutbox) -> Iterator[PostgresOutbox]:
    """The same, opened so that the plan of each statement is kept."""
    with explaining(postgres_outbox.cluster.address(postgres_outbox.database, PROPERTY)) as outbox:
        yield outbox


def test_no_statement_reads_all_reports(filled: PostgresOutbox) -> None:
    """Each step of each plan finds rows of the property, or reads an index that contains only open reports."""
    assert {name: found for name, method in METHODS.items() if (found := whole(filled, method))} == {}


def test_no_upkeep_reads_all_reports_of_the_server(filled: PostgresOutbox) -> None:
    """Authentication and erasure: they read what is open, or not erased yet, of the property alone."""
    for name, method in UPKEEP.items():
        assert not [plan for plan in plans(filled, method) if SEQUENTIAL.search(plan)], name


def test_the_whole_history_is_read_if_asked_for(filled: PostgresOutbox) -> None:
    """And only that of the property. This also shows that it would be noticed."""
    for method in LIST_ALL.values():
        [plan] = whole(filled, method)
        assert "Seq Scan" not in plan


def test_the_daily_search_reads_only_what_is_not_erased(postgres_outbox: SharedOutbox, filled: PostgresOutbox) -> None:
    """By its own index: years of erased history cost nothing."""
    postgres_outbox.change("UPDATE reports SET erased_at = 1, content = NULL WHERE photo_state = 'sent'")
    postgres_outbox.change("VACUUM ANALYZE")
    [plan] = whole(filled, lambda outbox: outbox.eraser.is_due(NOON, NOON))
    assert re.search("Scan (using|on) reports_kept", plan)
