"""The dependencies: each has a lower bound, the build's tools have hashes, and advisories are looked up honestly."""

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
CI = ROOT / ".ci"
with_ci = pytest.mark.skipif(not (CI / "run").exists(), reason="a source distribution has only the build's part of .ci")


def test_each_dependency_has_a_lower_bound() -> None:
    """One bound each, so that .ci/run can install the oldest releases."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for each in project["dependencies"]:
        assert re.fullmatch(r"[a-z0-9-]+>=[0-9.]+(; sys_platform [!=]= '[a-z0-9]+')?", each), each


@with_ci
def test_the_builds_tools_have_hashes() -> None:
    """Each tool that builds a release is one release, with its hashes."""
    text = (CI / "build-tools.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert {"build", "hatchling", "click"} <= {line.partition("==")[0] for line in lines}
    for line in lines:
        assert re.match(r"[a-z-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


UNKNOWN = {"name": "a", "skip_reason": "not found"}
FIXED = {"name": "b", "version": "2", "vulns": []}
FLAWED = {"name": "c", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}


@with_ci
@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a first line, as on POSIX")
@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (None, 0, "Skipped"),
        ([], 0, "Skipped"),
        ([UNKNOWN], 0, "Skipped"),
        ([UNKNOWN, FIXED], 0, "1 of 2 packages looked up, 0 advisories."),
        ([FIXED, FLAWED], 1, "c 1: PYSEC-1, fixed in 2"),
    ],
)
def test_advisories(tmp_path: Path, answer: list[Any] | None, code: int, said: str) -> None:
    """An advisory fails, and packages of which nothing is known are not said to be free of them."""
    stand_in = tmp_path / "pip-audit"
    printed = json.dumps({"dependencies": answer}) if answer is not None else "no network"
    stand_in.write_text(f"#!{sys.executable}\nprint({printed!r})\n")
    stand_in.chmod(0o700)
    done = subprocess.run(
        [sys.executable, CI / "audit", stand_in, tmp_path], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, said in done.stdout, done.stderr) == (code, True, "")


GUIDE = (ROOT / "apoa_client" / "cli" / "guide" / "guides" / "admin.en.md").read_text(encoding="utf-8")


def test_wheels_for_windows_are_named() -> None:
    """The guide names what only Windows needs: pip on another system does not fetch it by itself."""
    windows = {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"}
    needed, left = set[str](), ["apoa-client"]
    only_there = set[str]()
    while left:
        for text in metadata.requires(left.pop()) or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is not None and not marker.evaluate({**windows, "extra": ""}):
                continue
            if marker is not None and not marker.evaluate({"sys_platform": "linux", "os_name": "posix", "extra": ""}):
                only_there.add(requirement.name)
            elif requirement.name not in needed:
                needed.add(requirement.name)
                left.append(requirement.name)
    assert len(needed) > 20
    [line] = [line for line in GUIDE.splitlines() if "--platform win_amd64" in line]
    only_there.discard("colorama")  # click's, before release 8.5
    assert set(line.partition(" apoa-client ")[2].split()) == only_there


@with_ci
def test_the_guide_has_the_containerfile() -> None:
    """The guide shows the file from which the workflow makes and tests an image."""
    file = (ROOT / ".github" / "container" / "Containerfile").read_text(encoding="utf-8")
    assert f"```dockerfile\n{file}```" in GUIDE


@pytest.mark.parametrize("document", ["README.md", "apoa_client/cli/guide/guides/admin.en.md"])
def test_the_other_project_is_named(document: str) -> None:
    """Both say that `pip install apoa` is not this program, and neither tells a reader to run it."""
    text = (ROOT / document).read_text(encoding="utf-8")
    assert "`pip install apoa` installs the program of another project" in text
    assert len(re.findall(r"install apoa(?![-\w])", text)) == 1
