"""The workflows on GitHub run commands that exist, on the systems and Pythons that the program supports."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def load(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return value


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in load(path)["jobs"].values():
        yield from job.get("steps", [])


@every_workflow
def test_actions_are_pinned(path: Path) -> None:
    """Each action is named by a commit, which cannot be moved, with the release that it is."""
    used = re.findall(r"^ +(?:- )?uses: (\S+) *(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    for action, comment in used:
        local = action.startswith("./")
        assert local or re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", f"{action} {comment}"), action


@every_workflow
def test_permissions(path: Path) -> None:
    """A job may read the repository; only the one that publishes may write, and no token stays in a checkout."""
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow["jobs"].items() if "permissions" in job] in ([], ["publish"])
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@every_workflow
def test_what_a_command_names_exists(path: Path) -> None:
    """Files, extras and markers that a command names are those of the project."""
    extras, runs = PROJECT["optional-dependencies"], [step["run"] for step in steps(path) if "run" in step]
    assert runs
    for run in runs:
        assert all((ROOT / name).exists() for name in re.findall(r"(?<![\w/])(?:tests|\.github|\.ci)/[\w./-]+", run)), (
            run
        )
        assert set(",".join(re.findall(r"\.\[([\w,]+)\]", run)).split(",")) <= {*extras, ""}, run
        markers = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        assert all(f'"{name}: ' in markers for name in re.findall(r"-m (\w+)$", run) if name != "PyInstaller"), run


def test_every_supported_system_and_python_is_tested() -> None:
    """The matrix has each Python of the classifiers, from the oldest that is required, on all three systems."""
    job = load(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["tests"]
    matrix = job["strategy"]["matrix"]
    found = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert matrix["python"] == found
    assert PROJECT["requires-python"] == f">={found[0]}"
    assert matrix["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    command = "pytest -n auto"
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
    assert any(step.get("run", "").endswith(command) for step in job["steps"])


def test_a_release_is_tested_first() -> None:
    """Nothing is published before all tests have passed, and the wheel and the bundle were built and run."""
    jobs = load(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish"}
    assert jobs["publish"]["if"] == "github.ref_type == 'tag'"
