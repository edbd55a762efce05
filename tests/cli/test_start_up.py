"""Start-up time: each command, in a fresh interpreter, loads no module that it does not need."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import QUENTIN, Apoa

PROGRAM = """
import json, os, sys
started_with = set(sys.modules)  # for example those of a coverage tool
from apoa_client.cli.main import run
try:
    code = run(sys.argv[1:], dict(os.environ), None)
finally:
    loaded = sorted(set(sys.modules) - started_with)
    print(json.dumps(loaded), file=open(os.environ["LOADED"], "w"))
sys.exit(code)
"""
HEAVY = frozenset(
    {
        "asyncio",
        "email",
        "http",
        "importlib.metadata",
        "jinja2",
        "jsonschema",
        "keyring",
        "logging",
        "platformdirs",
        "psycopg",
        "pyperclip",
        "readline",
        "requests",
        "rich",
        "secretstorage",
        "segno",
        "ssl",
        "subprocess",
        "tempfile",
        "tomlkit",
        "truststore",
        "urllib3",
        "werkzeug",
        "yaml",
        "zoneinfo",
        "apoa_client.authority",
        "apoa_client.delivery",
        "apoa_client.app.property_setup",
        "apoa_client.app.shared_outbox",
        "apoa_client.file_lock",
        "apoa_client.outbox.postgres",
        "apoa_client.outbox.sql.hand_over",
        "apoa_client.sandbox",
        "apoa_client.scan",
        "apoa_client.tables",
        "apoa_client.vault.keyring_store",
        "apoa_client.settings.column_mappings",
        "apoa_client.settings.origins",
        "apoa_client.settings.outbox_address",
        "apoa_client.settings.writer",
        "PIL",
        "numpy",
        "python_calamine",
        "xlsxwriter",
    }
)
NOT_FOR_REPORT = HEAVY | {
    "calendar",
    "dataclasses",
    "locale",
    "apoa_client.passport.repair",
    "apoa_client.ports.authority",
    "apoa_client.ports.run",
    "zlib",
}
NOT_FOR_STATUS = NOT_FOR_REPORT | {
    "hashlib",
    "heapq",
    "json",
    "nacl",
    "random",
    "difflib",
    "apoa_client.app.code_tables",
    "apoa_client.desk.arrivals",
    "apoa_client.desk.changes",
    "apoa_client.desk.guest_form",
    "apoa_client.desk.stay_history",
    "apoa_client.outbox.sql.audit",
    "apoa_client.outbox.sql.erasure",
    "apoa_client.passport",
    "apoa_client.report.codes",
    "apoa_client.report.fields",
    "apoa_client.report.model",
    "apoa_client.report.rules",
    "apoa_client.vault",
}
NOT_FOR_CHECK = HEAVY | {"locale", "nacl", "sqlite3", "apoa_client.outbox", "apoa_client.vault"}
NOT_FOR_VERSION = NOT_FOR_STATUS | {
    "sqlite3",
    "tomllib",
    "pathlib",
    "apoa_client.app.container",
    "apoa_client.outbox",
    "apoa_client.ports",
    "apoa_client.report",
    "apoa_client.settings",
}


def loaded_by(home: Path, *arguments: str, lang: str = "en", **more: str) -> set[str]:
    """Return the modules and packages that a command loads; the command must succeed.

    `more` are variables of the environment.
    """
    environ = {"APOA_HOME": str(home), "APOA_LANG": lang, "LOADED": str(home.parent / "loaded"), "PATH": os.defpath}
    environ |= more
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=environ,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads((home.parent / "loaded").read_text()))


@pytest.mark.parametrize(
    ("arguments", "banned"),
    [
        (["--version"], NOT_FOR_VERSION),
        (["status"], NOT_FOR_STATUS),
        (QUENTIN.mrz("--no-send"), NOT_FOR_REPORT),
        (QUENTIN.typed("--no-send"), NOT_FOR_REPORT),
        (["check", *QUENTIN.mrz()[1:5]], NOT_FOR_CHECK),
        (["check", "--surname", QUENTIN.surname, "--nationality", "Polandia"], NOT_FOR_CHECK),
        (["help", "satu-nama"], NOT_FOR_VERSION - {"tomllib", "zlib"}),
        (["list"], HEAVY - {"apoa_client.vault.keyring_store"}),
        (["list", "--in-house"], HEAVY - {"apoa_client.vault.keyring_store"}),
        (["status", "--tonight"], HEAVY - {"apoa_client.vault.keyring_store"}),
        (["contract"], HEAVY - {"apoa_client.authority", "subprocess", "tempfile"}),
    ],
    ids=[
        *("version", "status", "report from an MRZ", "report typed", "check an MRZ", "check typed", "a topic"),
        *("list", "in house", "tonight", "contract"),
    ],
)
def test_commands_do_not_load_unneeded_modules(away: Apoa, arguments: list[str], banned: frozenset[str]) -> None:
    """A command, in Indonesian, does not load the listed modules; the lists may grow but not shrink."""
    loaded = loaded_by(away.home, *arguments, lang="id")
    assert "apoa_client.cli.main" in loaded
    assert sorted(loaded & banned) == []


def test_a_shared_outbox_loads_what_a_file_does() -> None:
    """With the driver, and without the model of reports and what checks their codes: these cost 30 ms."""
    program = "import sys, apoa_client.outbox.postgres.store; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60).split()
    needed = {"apoa_client.outbox.postgres", "apoa_client.settings.outbox_address"}
    banned = {name for name in NOT_FOR_STATUS - needed if name.startswith("apoa_client.")}
    assert sorted(banned.intersection(loaded)) == []


def test_a_receipt_on_screen_needs_no_templates(away: Apoa) -> None:
    """Templates and sealing are loaded for the page only."""
    report = away.save()
    assert sorted(loaded_by(away.home, "receipt", report["id"]) & (HEAVY | {"nacl"})) == []
    page = str(away.home.parent / "page.html")
    assert {"jinja2", "segno", "nacl"} <= loaded_by(away.home, "receipt", report["id"], "--html", page)


def test_a_fact_needs_no_templates(apoa: Apoa) -> None:
    """Nor an outbox, a key or a property, and it writes no file; the notice for the lobby needs templates."""
    assert sorted(loaded_by(apoa.home, "info", "overstay") & (HEAVY | {"nacl", "sqlite3", "difflib"})) == []
    assert not apoa.home.exists()
    assert apoa.set_up().code == 75
    assert {"jinja2", "apoa_client.cli.documents.pages"} <= loaded_by(apoa.home, "info", "--poster", "-")


NOT_FOR_COMPLETION = HEAVY | {"sqlite3", "nacl", "apoa_client.outbox", "apoa_client.vault"}


@pytest.mark.parametrize(
    ("words", "banned"),
    [
        ("apoa ", NOT_FOR_COMPLETION | {"apoa_client.app", "apoa_client.cli.commands.stay"}),
        ("apoa report --nationality ", NOT_FOR_COMPLETION | {"apoa_client.cli.commands.stay"}),
        ("apoa checkout ", NOT_FOR_COMPLETION | {"apoa_client.cli.commands.report"}),
    ],
    ids=["commands", "countries", "guests"],
)
def test_completion_imports_the_command_on_the_line_alone(away: Apoa, words: str, banned: frozenset[str]) -> None:
    """It opens no outbox, and before a letter is typed it imports no command."""
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()))}
    loaded = loaded_by(away.home, _APOA_COMPLETE="zsh_complete", **asked)
    assert "apoa_client.cli.commands.completion" in loaded
    assert sorted(loaded & banned) == []


def test_modules_are_loaded_when_they_are_needed(away: Apoa) -> None:
    """The list of loaded modules has the modules that a command needs."""
    loaded = loaded_by(away.home, *QUENTIN.mrz())
    assert {"requests", "apoa_client.authority.client", "apoa_client.delivery.sync", "nacl"} <= loaded
    assert not loaded & {"rich", "keyring", "werkzeug", "jsonschema", "yaml", "tomlkit", "apoa_client.tables"}


def test_an_export_as_csv_loads_no_library_for_workbooks(away: Apoa) -> None:
    """XlsxWriter is loaded for a workbook alone."""
    banned = {"python_calamine", "xlsxwriter", "nacl", "apoa_client.desk.imports"}
    assert not loaded_by(away.home, "export", "-o", str(away.home.parent / "reports.csv")) & banned
