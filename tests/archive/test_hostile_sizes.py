"""Restoring a backup whose writer wants to use up the memory: what the file says about sizes takes none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from backup_helpers import SETTINGS, Home, changed, signed
from outbox_helpers import report

_MB = 1 << 20
_SIZE = 64 * _MB
"""Of a hostile backup; other ones than these few values were tried with 900 MB."""
_ALLOWED = 44 * _MB
"""What a restore of it may take more than one of a small backup: each value is at most 4 MB, and read at once."""

_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "


_REPORTS = (
    _NUMBERS + "INSERT INTO reports (id, short_id, stay_id, kind, created_at, content) "  # noqa: S608  ours
    "SELECT printf('0199c2a4-7d1e-7b3c-9d55-%012x', i), printf('%08x', i), '0199c2a4-7d1e-7001-8a11-5f0f4f0be001', "
    "'check_in', 5, zeroblob({size}) FROM n"
)


def reports(count: int, size: int) -> str:
    """Return a statement that adds reports of this size, in bytes, all of one stay."""
    return _REPORTS.format(count=count, size=size)


def values(table: str) -> str:
    return _NUMBERS.format(count=8) + f"INSERT INTO {table} SELECT 'k' || i, zeroblob({_SIZE // 8}) FROM n"  # noqa: S608  ours


HOSTILE = {
    "many reports": [reports(3000, 5000)],
    "long reports": [reports(_SIZE // (3 * _MB), 3 * _MB)],
    "the longest values": [
        f"UPDATE reports SET {name} = zeroblob({15 * _MB})"  # noqa: S608  ours
        for name in ("content", "errors", "warnings")
    ],
    "metadata": [values("memo")],
    "the backup about itself": [values("backup")],
    "settings": [f"UPDATE backup SET value = value || printf('%.*c', {15 * _MB}, '#') WHERE key = 'settings'"],  # noqa: S608  ours
    "cache": [reports(_SIZE // _MB, _MB), "PRAGMA default_cache_size = 1000000000"],
    "events": [
        _NUMBERS.format(count=100_000)  # noqa: S608  ours
        + "INSERT INTO audit (at, who, action, report, link) SELECT 5, 'x', 'saved', 'r' || i, zeroblob(32) FROM n"
    ],
    "schema": [
        "PRAGMA writable_schema = ON",
        _NUMBERS.format(count=200_000)
        + "INSERT INTO sqlite_master SELECT 'view', 'v' || i, 'v' || i, 0, 'CREATE VIEW v' || i || ' AS SELECT 1' "
        "FROM n",
    ],
}

_RESTORE = """
import resource, sys
from pathlib import Path
from backup_helpers import Home
from apoa_client.errors import ApoaError
small, hostile, folder = map(Path, sys.argv[1:])
Home(folder / "small").restore(small, keys=[])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Home(folder / "hostile").restore(hostile, keys=[])
except ApoaError as exc:
    assert exc.name == "backup_damaged", exc.name
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is another one elsewhere")
@pytest.mark.parametrize("statements", HOSTILE.values(), ids=list(HOSTILE))
def test_the_memory_is_bounded(tmp_path: Path, statements: list[str]) -> None:
    """Restored, or refused as damaged, in a process of its own that takes little more memory than for a small one."""
    old, small, hostile = Home(tmp_path / "old", SETTINGS), tmp_path / "small.db", tmp_path / "hostile.db"
    with old.outbox() as outbox:
        outbox.add(report(1), due_at=None)
    old.back_up(small)
    hostile.write_bytes(small.read_bytes())
    if "PRAGMA writable_schema = ON" in statements:
        changed(hostile, *statements)
    else:
        signed(hostile, *statements)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "support")}
    arguments = [sys.executable, "-c", _RESTORE, str(small), str(hostile), str(tmp_path / "new")]
    done = subprocess.run(arguments, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < _ALLOWED
