"""The threat model: the same rows in both languages, each with tests that try what it says."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from apoa_client.cli.guide.guides import all_guides
from apoa_client.cli.terminal.command_names import in_indonesian

TESTS = Path(__file__).parents[2]
ENGLISH, INDONESIAN = sorted((each for each in all_guides() if each.id == "threats"), key=lambda each: each.language)
SAME = re.compile(r"`apoa [^`]+`|`[a-z_]+`|\b(?:65|69|75|77|78)\b|\*\*")
"""What a translation leaves as it is: commands by their Indonesian names, settings, exit codes, what is not noticed."""

FORGED = "outbox/test_integrity.py"
EVERY_CHANGE = "delivery/test_tampering.py::test_no_change_is_silent"
NOTICED = "delivery/test_tampering.py::test_what_notices_a_change"
LIMITS = "cli/commands/test_tampering.py"
SHARED = "outbox/postgres/test_security.py"
TRIED_BY = {
    1: [
        "outbox/test_drafts.py::test_nothing_personal_is_readable_in_the_files",
        "desk/test_ids.py::test_one_document_has_one_hash",
    ],
    2: [
        "archive/test_backup.py::test_nothing_personal_and_no_secret_is_in_it",
        "archive/test_backup_folder.py::test_the_name_says_property_time_and_series",
    ],
    3: [
        "archive/test_tampering.py::test_with_the_key",
        "archive/test_tampering.py::test_without_proof_where_the_reports_wait",
        "archive/test_tampering.py::test_an_older_backup",
        "archive/test_backup_folder.py::test_a_forged_backup_is_not_read",
        "cli/commands/test_restore.py::test_unattended_without_proof",
    ],
    4: [
        f"{FORGED}::test_a_report_in_doubt_stops_no_other_one",
        "cli/commands/test_tampering.py::test_a_report_marked_as_sent",
        EVERY_CHANGE,
        NOTICED,
    ],
    5: [
        f"{FORGED}::test_the_whole_is_accepted_apart_from_its_reports",
        EVERY_CHANGE,
        NOTICED,
    ],
    6: [
        f"{FORGED}::test_each_change_with_the_key_raises_the_version",
        NOTICED,
        "cli/commands/test_tampering.py::test_an_older_copy",
    ],
    7: [
        f"{FORGED}::test_what_stops_sending_is_under_the_register",
        NOTICED,
        "cli/commands/test_tampering.py::test_another_key_in_the_metadata_switches_nothing_off",
        "cli/commands/test_tampering.py::test_a_suspension_that_another_program_wrote",
    ],
    8: ["outbox/test_audit.py::test_any_single_manipulation_is_found", NOTICED],
    9: [
        f"{LIMITS}::test_another_guest_in_a_report_that_was_saved_without_the_key",
        f"{LIMITS}::test_an_unfinished_guest_who_was_deleted",
    ],
    10: [
        f"{LIMITS}::test_an_older_copy_of_the_outbox_and_of_the_vault",
        "vault/test_secret_files.py::test_the_file_is_private",
    ],
    11: [f"{FORGED}::test_each_change_with_the_key_leaves_a_right_code"],
    12: ["cli/commands/test_tampering.py::test_what_was_saved_without_the_key"],
    13: [
        "vault/test_recovery.py::test_the_derivation_never_changes",
        "cli/commands/test_restore.py::test_the_recovery_code_or_the_key_proves_it",
    ],
    14: [
        "cli/commands/test_tampering.py::test_a_change_that_is_noticed",
        "cli/commands/test_tampering.py::test_a_change_that_does_not_matter_for_sending",
        "cli/commands/test_tampering.py::test_a_report_saved_under_an_exchanged_public_key",
        "cli/commands/test_setup_and_login.py::test_another_address",
    ],
    15: [
        "authority/test_tls.py::test_the_environment_adds_no_trust",
        "settings/test_config.py::test_variables",
    ],
    16: [
        "doctor/test_health_checks.py::test_the_schedule",
        "schedule/test_interface.py::test_secrets_are_left_out_and_named",
    ],
    17: [
        "base/test_permissions.py::test_others_can_write",
        "base/test_windows_access.py::test_what_everybody_may_change_is_refused",
        "project/test_readme.py::test_no_example_has_passport_data_in_the_command",
    ],
    18: [
        "tables/test_hostile_workbooks.py::test_zip_bombs",
        "tables/test_hostile_workbooks.py::test_what_is_refused",
        "scan/test_pictures.py::test_what_is_no_picture_is_refused",
    ],
    19: [
        "cli/documents/test_support_file.py::test_nothing_personal_and_no_secret",
        "authority/test_client.py::test_logs_hold_no_secret_and_no_guest",
        "cli/commands/test_status.py::test_no_personal_data",
        "cli/test_failing_end.py::test_no_fault_prints_its_text",
    ],
    20: ["cli/test_failing_end.py::test_no_core_file_and_no_access"],
    21: ["cli/test_completion.py::test_no_guest_is_offered"],
    22: [
        "authority/test_tls.py::test_an_unknown_issuer_is_named",
        "authority/test_transport.py::test_redirects_are_not_followed",
        "delivery/test_leases.py::test_two_senders_at_once_send_each_report_once",
    ],
    23: [
        "delivery/test_isolation.py::test_the_others_are_delivered_in_the_same_run",
        "app/test_container.py::test_an_authoritys_clock_that_is_years_off_does_not_count",
    ],
    24: [
        f"{FORGED}::test_the_whole_is_accepted_apart_from_its_reports",
        "journeys/test_failover.py::test_a_standby_that_lacks_the_last_run",
        "cli/commands/test_shared_outbox.py::test_a_server_that_is_away",
    ],
    25: [
        f"{SHARED}::test_each_statement_by_each_login",
        f"{SHARED}::test_a_desk_works_and_does_not_send",
    ],
    26: [
        f"{SHARED}::test_which_properties_a_login_sees",
    ],
    27: [
        "outbox/postgres/test_connection.py::test_refusals",
        "outbox/postgres/test_connection.py::test_tls",
        "vault/test_sources.py::test_the_password_of_a_database_goes_to_no_other_one",
    ],
    28: [
        "project/test_dependencies.py::test_what_builds_a_release_has_hashes",
        "project/test_workflows.py::test_a_release_is_made_of_packages_with_hashes",
    ],
}
"""The tests of each row, below `tests/`. `outbox/test_integrity.py` and others run over both engines (row 24)."""


def rows(text: str) -> dict[int, list[str]]:
    """Return the cells of each row of the page's tables, by its number."""
    lines = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE)
    return {int(number): cells.split(" | ") for number, cells in lines}


@cache
def functions(file: str) -> set[str]:
    """Return the names of a file's functions, those of its classes among them."""
    return {each.name for each in ast.walk(ast.parse((TESTS / file).read_text("utf-8"))) if hasattr(each, "name")}


def test_both_languages_have_the_same_rows() -> None:
    """Each with who, what is read, what is changed, and what shows it; and with the same commands and exit codes."""
    english, indonesian = rows(ENGLISH.text), rows(INDONESIAN.text)
    assert list(english) == list(indonesian) == list(range(1, len(english) + 1))
    for number, cells in english.items():
        assert len(cells) == len(indonesian[number]) == 4, number
        assert SAME.findall(in_indonesian(" ".join(cells))) == SAME.findall(" ".join(indonesian[number])), number


def test_each_row_is_tried() -> None:
    """By tests that are there."""
    assert list(TRIED_BY) == list(rows(ENGLISH.text))


@pytest.mark.parametrize("test", sorted({each for tests in TRIED_BY.values() for each in tests}))
def test_what_tries_it_is_there(test: str) -> None:
    """A row names no test that was renamed or deleted."""
    file, _separator, name = test.partition("::")
    assert name in functions(file)
