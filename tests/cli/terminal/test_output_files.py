"""Files that a command writes for the user: private, complete, and in place of no other one without `--force`."""

import os
import stat
from pathlib import Path

import pytest

from apoa_client.cli.terminal.output_files import make_output_folder, write_output
from apoa_client.errors import SettingsProblem, UsageProblem


def test_a_file_is_private_and_replaces_another_one_only_with_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its line names it; an incomplete one is not left."""
    file = tmp_path / "page.html"
    write_output(file, b"first", force=False, done="Written: {file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name == "nt"
    assert capsys.readouterr().out == f"Written: {file}\n"
    with pytest.raises(UsageProblem, match="was not overwritten"):
        write_output(file, b"second", force=False)
    assert file.read_bytes() == b"first"
    write_output(file, iter([b"sec", b"ond"]), force=True)
    assert file.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_is_not_replaced(tmp_path: Path) -> None:
    """Neither the link, which may be /dev/stdout, nor the file to which it leads; nor is one made there."""
    link, target = tmp_path / "link.csv", tmp_path / "target.csv"
    link.symlink_to(target)
    for content in (None, b"mine"):
        if content is not None:
            target.write_bytes(content)
        with pytest.raises(UsageProblem, match="link"):
            write_output(link, b"ours", force=True)
        assert link.is_symlink()
        assert (target.read_bytes() if target.exists() else None) == content


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder of this name, and a file in a folder that is not there."""
    for path in (tmp_path, tmp_path / "no" / "page.html"):
        with pytest.raises(UsageProblem):
            write_output(path, b"ours", force=True)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is one of the computer, with advice."""

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("apoa_client.files.write_private", full)
    with pytest.raises(SettingsProblem) as caught:
        write_output(tmp_path / "page.html", b"ours", force=False)
    assert "disk is not full" in str(caught.value.advice)


def test_a_folder(tmp_path: Path) -> None:
    """One with files is used only with `force`, which keeps them; a file of that name is an error."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageProblem, match="not empty"):
        make_output_folder(tmp_path, force=False)
    make_output_folder(tmp_path, force=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(SettingsProblem):
        make_output_folder(tmp_path / "notes.txt", force=True)
