"""The dependencies: lower bounds, hashes of what builds a release, advisories, and what the build adds to the wheel."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from apoa_client import __version__

ROOT = Path(__file__).parents[2]
CI = ROOT / ".ci"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
with_ci = pytest.mark.skipif(not (CI / "run").exists(), reason="a source distribution has only the build's part of .ci")


def test_each_dependency_has_a_lower_bound() -> None:
    """One bound each, so that .ci/run can install the oldest releases."""
    for each in PROJECT["dependencies"]:
        assert re.fullmatch(r"[a-z0-9-]+>=[0-9.]+(; sys_platform [!=]= '[a-z0-9]+')?", each), each


def pins(name: str) -> list[str]:
    """Return the lines of a file of `.ci` that name a release, each with its hashes and what requires it."""
    text = re.sub(r"^#.*\n", "", (CI / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.split(r"\n(?=\S)", text.strip())


@with_ci
@pytest.mark.parametrize("name", ["build-tools.txt", "windows-bundle.txt"])
def test_what_builds_a_release_has_hashes(name: str) -> None:
    """Each package that is installed where a release is built is one release, with its hashes."""
    for each in pins(name):
        assert re.match(r"[a-z0-9-]+==\S+ .*\s+--hash=sha256:[0-9a-f]{64}", each), each
    needed = {"build-tools.txt": {"build", "hatchling"}, "windows-bundle.txt": {"pyinstaller"}}
    assert needed[name] <= {each.partition("==")[0] for each in pins(name)}


@with_ci
def test_the_bundle_is_pinned_as_the_project_declares() -> None:
    """The packages of the Windows bundle that the project itself requires are those of pyproject.toml, no other."""
    extras = PROJECT["optional-dependencies"]
    declared = [*PROJECT["dependencies"]]
    for extra in ("bundle", "heic", "postgres", "scan", "tables"):
        declared += [each for each in extras[extra] if not each.startswith(PROJECT["name"])]
    pinned = {
        Requirement(each.partition("\\")[0]).name: Requirement(each.partition("\\")[0]).specifier
        for each in pins("windows-bundle.txt")
        if f"{PROJECT['name']} (pyproject.toml)" in each
    }
    assert {Requirement(each).name for each in declared} == set(pinned)
    for each in map(Requirement, declared):
        version = str(pinned[each.name]).removeprefix("==")
        assert each.specifier.contains(version), f"{each.name} {version}: renew .ci/windows-bundle.txt"


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


class Base:
    """What hatchling gives to a hook."""

    root = str(ROOT)
    metadata = SimpleNamespace(version=__version__)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The hook, with a double of hatchling, which only the build has."""
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = Base  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    found = importlib.util.spec_from_file_location("build_hook", CI / "build_hook.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.BuildHook()


def test_a_wheel_gets_a_bill_of_materials(hook: Any) -> None:
    """A CycloneDX document, right by its published schema, with each package that the wheel requires; reproducible."""
    build: dict[str, Any] = {"sbom_files": []}
    hook.initialize("standard", build)
    [file] = build["sbom_files"]
    text = Path(file).read_text()
    hook.finalize("standard", build, "")
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(text) is None
    document = json.loads(text)
    assert document["metadata"]["component"]["version"] == __version__
    shown = [each["name"] + each["versionRange"].removeprefix("vers:pypi/") for each in document["components"]]
    assert shown == [each.partition(";")[0] for each in PROJECT["dependencies"]]
    assert {"serialNumber", "timestamp"}.isdisjoint({*document, *document["metadata"]})


def test_an_editable_installation_gets_nothing(hook: Any) -> None:
    """Its file would be that of an earlier state."""
    build: dict[str, Any] = {"sbom_files": []}
    hook.initialize("editable", build)
    hook.finalize("editable", build, "")
    assert build == {"sbom_files": []}
