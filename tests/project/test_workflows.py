"""The workflows on GitHub run commands that exist; what a release has is whole: its text and its winget manifest."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from apoa_client import __version__

ROOT = Path(__file__).parents[2]
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
        pinned = r"(actions/[a-z-]+|pypa/gh-action-pypi-publish)@[0-9a-f]{40} # v\d+\.\d+\.\d+"
        assert local or re.fullmatch(pinned, f"{action} {comment}"), action


@every_workflow
def test_permissions(path: Path) -> None:
    """A job may read the repository; only those that publish may do more, and no token stays in a checkout."""
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    more = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    assert more in (
        {},
        {
            "publish": {"contents": "write", "id-token": "write", "attestations": "write"},
            "pypi": {"id-token": "write"},
        },
    )
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
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish", "pypi"}
    assert jobs["pypi"]["needs"] == "publish"
    assert {jobs[name]["if"] for name in ("publish", "pypi")} == {"github.ref_type == 'tag'"}


def test_what_a_release_has() -> None:
    """Checksums of all files, attestations of the same files, and the text of the changelog, in this order."""
    path = ROOT / ".github" / "workflows" / "release.yml"
    steps_of = load(path)["jobs"]["publish"]["steps"]
    done = [step.get("run") or step["uses"].partition("@")[0] for step in steps_of]
    sums = done.index("cd dist && sha256sum -- * > SHA256SUMS")
    attested = done.index("actions/attest-build-provenance")
    assert steps_of[attested]["with"] == {"subject-checksums": "dist/SHA256SUMS"}
    [text] = [number for number, run in enumerate(done) if run.startswith(".ci/release-text")]
    [release] = [number for number, run in enumerate(done) if run.startswith("gh release create")]
    assert sums < attested < release
    assert text < release
    assert "--notes-file release.md dist/*" in done[release]


def test_the_upload_needs_no_stored_token() -> None:
    """PyPI trusts the workflow and its environment, and gets an attestation of each file; no secret is read."""
    job = load(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["pypi"]
    assert job["environment"] == "pypi"
    assert job["steps"][-1]["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert job["steps"][-1]["with"] == {"attestations": True}
    assert all("secrets." not in path.read_text(encoding="utf-8") for path in WORKFLOWS)


def test_a_release_is_made_of_packages_with_hashes() -> None:
    """Until wheel and bundle are uploaded, only packages with hashes are installed, and that wheel for the bundle."""
    jobs = load(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    installed = {}
    for name in ("wheel", "bundle"):
        done = [step.get("run") or step["uses"].partition("@")[0] for step in jobs[name]["steps"]]
        before = done[: done.index("actions/upload-artifact")]
        installed[name] = [run.partition("install ")[2] for run in before if "pip install" in run]
    assert jobs["bundle"]["needs"] == "wheel"
    assert installed == {
        "wheel": ["--quiet --require-hashes --requirement .ci/build-tools.txt"],
        "bundle": [
            "--quiet --require-hashes --only-binary :all: --requirement .ci/windows-bundle.txt",
            "--quiet --no-index --no-deps wheel/*.whl",
        ],
    }


def test_oldest_and_newest_dependencies() -> None:
    """Each push is tested with the oldest that are allowed, and each week with the newest."""
    oldest = load(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["oldest"]
    runs = [step["run"] for step in oldest["steps"] if "run" in step]
    gate = re.sub(r"\\\n +", "", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert runs[0] == "python .ci/oldest > oldest.txt"
    assert runs[2].removeprefix("python -m pytest -n auto ") in gate
    packages = runs[1][runs[1].index('[heic,postgres,scan,tables]" ') :]
    assert packages in gate
    path = ROOT / ".github" / "workflows" / "weekly.yml"
    weekly = load(path)
    assert "\n  schedule:\n    - cron: " in path.read_text(encoding="utf-8")
    assert "./.github/workflows/test.yml" in {job.get("uses") for job in weekly["jobs"].values()}


TEXT = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
RELEASES = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", heading) for heading in HEADINGS[1:]]
SCRIPT = ROOT / ".ci" / "release-text"
with_ci = pytest.mark.skipif(not SCRIPT.is_file(), reason="a source distribution has no .ci folder")


def test_releases_are_in_order() -> None:
    """What is unreleased, then the releases by version and date, the newest first, which is the program's."""
    assert HEADINGS[0] == "[Unreleased]"
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


@with_ci
def test_the_winget_manifest(tmp_path: Path) -> None:
    """It is as winget's published schema says, with the digest of the installer and its exit code while apoa runs."""
    installer, url = tmp_path / "setup.exe", "https://example.com/v1.2.3/apoa-1.2.3-setup.exe"
    installer.write_bytes(b"MZ")
    subprocess.run([sys.executable, SCRIPT.with_name("winget"), "1.2.3", installer, url, tmp_path], check=True)
    schemas = json.loads(Path(__file__).with_name("winget.json").read_text(encoding="utf-8"))
    del schemas["$comment"]
    found = {each["ManifestType"]: each for each in map(load, tmp_path.glob("ApoaClient.ApoaClient*.yaml"))}
    assert set(found) == set(schemas)
    for kind, manifest in found.items():
        Draft7Validator(schemas[kind]).validate(manifest)
        assert manifest["PackageVersion"] == "1.2.3"
    digest = hashlib.sha256(b"MZ").hexdigest().upper()
    assert found["installer"]["Installers"] == [{"Architecture": "x64", "InstallerUrl": url, "InstallerSha256": digest}]
    [code] = found["installer"]["ExpectedReturnCodes"]
    refusal = (ROOT / ".github" / "bundle" / "apoa.nsi").read_text(encoding="utf-8").partition('"$(RUNS)" /SD IDOK')[2]
    assert refusal.split()[:2] == ["SetErrorLevel", str(code["InstallerReturnCode"])]
