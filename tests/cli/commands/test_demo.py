"""`apoa demo` where its temporary files have no place; tests/journeys/test_main_job.py runs all of it."""

import tempfile

import pytest
from cli_helpers import Apoa

from apoa_client.errors import Exit


def test_no_folder_for_temporary_files(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable that gives one."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)
    said = apoa("demo")
    assert (said.code, said.out) == (Exit.SETTINGS, "")
    assert "TMPDIR" in said.err
