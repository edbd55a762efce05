"""The file with the code tables of one property's authority."""

import json
import os
from pathlib import Path

import pytest
from app_helpers import training
from basics import NOW
from report_helpers import PERMITS

from apoa_client.app.code_tables import CodeFile, KeptTables
from apoa_client.report.codes import NO_TABLES, CodeTable

SETTINGS = training()._replace(api_url="https://pelaporan.example/v1", username="melati", property_id="P-1")
KEPT = KeptTables({"stay_permits": CodeTable("stay_permits", "1", PERMITS.stay_permits, '"1"')}, {"stay_permits": NOW})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file, with one table."""
    path = tmp_path / "melati" / "codes.json"
    CodeFile(path, SETTINGS).write(KEPT)
    return path


def test_it_is_read_as_it_was_written(path: Path) -> None:
    """By this user only, as every file of the program."""
    assert CodeFile(path, SETTINGS).read() == KEPT
    assert CodeFile(path, SETTINGS).rows() == PERMITS
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"api_url": "https://lain.example/v1"},
        {"username": "lain"},
        {"property_id": "P-2"},
        {"environment": "production"},
    ],
)
def test_another_authority_or_account_has_other_tables(path: Path, change: dict[str, str]) -> None:
    """The file counts as none, and what is fetched then replaces it."""
    other = CodeFile(path, SETTINGS._replace(**change))  # type: ignore[arg-type]  # all of them are texts
    assert other.read() == KeptTables({}, {})
    other.write(KEPT)
    assert CodeFile(path, SETTINGS).read() == KeptTables({}, {})


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"authority": 3}',
        b" " * (8 * 1024 * 1024 + 1),
    ],
    ids=lambda damage: repr(damage[:10]),
)
def test_a_damaged_file_counts_as_none(path: Path, damage: bytes) -> None:
    """Nothing depends on it; so does a missing one, as before the first run."""
    path.write_bytes(damage)
    assert CodeFile(path, SETTINGS).rows() == NO_TABLES
    path.unlink()
    assert CodeFile(path, SETTINGS).rows() == NO_TABLES


@pytest.mark.parametrize("member", ["ask_after", "tables"])
@pytest.mark.parametrize("value", [None, 3, "x", [3], {"a": 1}])
def test_wrong_types_count_as_none(path: Path, member: str, value: object) -> None:
    """In any member."""
    whole = json.loads(path.read_bytes())
    path.write_text(json.dumps({**whole, member: value}))
    assert CodeFile(path, SETTINGS).read() == KeptTables({}, {})
