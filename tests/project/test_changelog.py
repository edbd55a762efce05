"""CHANGELOG.md has the form from which a release takes its text."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from apoa_client import __version__

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
RELEASES = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", heading) for heading in HEADINGS[1:]]
SCRIPT = ROOT / ".ci" / "release-text"
with_ci = pytest.mark.skipif(not SCRIPT.is_file(), reason="a source distribution has no .ci folder")


def test_unreleased_comes_first() -> None:
    """What the next release will have is collected at the top."""
    assert HEADINGS[0] == "[Unreleased]"


def test_releases_are_in_order() -> None:
    """Each has a version and a date, the newest first, and none is newer than the program."""
    found = [release for release in RELEASES if release is not None]
    assert len(found) == len(RELEASES) > 0
    versions = [tuple(map(int, release.groups()[:3])) for release in found]
    days = [date.fromisoformat(release[4]) for release in found]
    assert versions == sorted(set(versions), reverse=True)
    assert days == sorted(days, reverse=True)
    assert HEADINGS[1].startswith(f"[{__version__}]")


def test_kinds_of_change() -> None:
    """Below a version stand the kinds of Keep a Changelog, each once and in one order."""
    order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.*)$", section, re.MULTILINE)
        assert kinds == sorted(set(kinds), key=order.index), section.partition("\n")[0]


def release_text(version: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, SCRIPT, version], capture_output=True, encoding="utf-8", check=False)


@with_ci
def test_the_text_of_a_release() -> None:
    """It is the version's section, whole, and of no other version."""
    done = release_text(__version__)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() in TEXT
    assert done.stdout.startswith("### ")
    assert "\n## " not in done.stdout


@with_ci
@pytest.mark.parametrize("version", ["Unreleased", "9.9.9", "0.1", ".*"])
def test_a_version_without_a_section(version: str) -> None:
    """The release stops before anything is published."""
    done = release_text(version)
    assert (done.returncode, done.stdout) == (1, "")
    assert version in done.stderr
