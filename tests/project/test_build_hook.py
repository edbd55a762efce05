"""What the build adds to the wheel, and that it needs nothing but what pyproject.toml names."""

import importlib.util
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from apoa_client import __version__
from apoa_client.cli.completion import grammar
from apoa_client.cli.main import apoa as program

ROOT = Path(__file__).parents[2]
HOOK = ROOT / ".ci" / "build_hook.py"
ALL_THAT_IS_LOADED = """
import sys
before = set(sys.modules)
from apoa_client.cli.program import all_commands
from apoa_client.cli.documents import man_pages
from apoa_client.cli.main import apoa
list(all_commands(apoa))
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(names - sys.stdlib_module_names - {"apoa_client"}))
"""


class Base:
    """What hatchling gives to a hook."""

    root = str(ROOT)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The hook, with a double of hatchling, which only the build has."""
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = Base  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    monkeypatch.setenv("LANGUAGE", "id")
    found = importlib.util.spec_from_file_location("build_hook", HOOK)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.BuildHook()


def test_a_wheel_gets_the_pages_and_the_grammar(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both languages, with the date that a reproducible build sets; the files are gone at the end."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")
    build: dict[str, Any] = {"force_include": {}, "shared_data": {}, "sbom_files": []}
    hook.initialize("standard", build)
    pages = {place: Path(file) for file, place in build["shared_data"].items()}
    assert {"share/man/man1/apoa-report.1", "share/man/id/man1/apoa-lapor.1"} <= set(pages)
    assert '"2025-11-24"' in pages["share/man/man1/apoa-report.1"].read_text()
    ((file, place),) = build["force_include"].items()
    assert place == grammar.FILE.relative_to(ROOT).as_posix()
    assert set(json.loads(Path(file).read_text())) == set(grammar.described(program))
    hook.finalize("standard", build, "")
    assert not Path(file).exists()


def test_a_wheel_gets_a_bill_of_materials(hook: Any) -> None:
    """A CycloneDX document, right by its published schema, with each package that the wheel requires; reproducible."""
    build: dict[str, Any] = {"force_include": {}, "shared_data": {}, "sbom_files": []}
    hook.initialize("standard", build)
    [file] = build["sbom_files"]
    text = Path(file).read_text()
    hook.finalize("standard", build, "")
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(text) is None
    document = json.loads(text)
    assert document["metadata"]["component"]["version"] == __version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shown = [each["name"] + each["versionRange"].removeprefix("vers:pypi/") for each in document["components"]]
    assert shown == [each.partition(";")[0] for each in project["dependencies"]]
    assert {"serialNumber", "timestamp"}.isdisjoint({*document, *document["metadata"]})


def test_an_editable_installation_gets_nothing(hook: Any) -> None:
    """It asks the commands as they are at the moment."""
    build: dict[str, Any] = {"force_include": {}, "shared_data": {}}
    hook.initialize("editable", build)
    hook.finalize("editable", build, "")
    assert build == {"force_include": {}, "shared_data": {}}


def test_what_the_build_reads_is_what_the_commands_declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The written grammar is read as the commands themselves."""
    file = tmp_path / "grammar.json"
    monkeypatch.setenv("LANGUAGE", "en")
    grammar.write(program, file)
    monkeypatch.setattr(grammar, "FILE", file)
    read = grammar.Grammar(program)
    for path, declared in grammar.described(program).items():
        assert read.command(path.split()) == declared
    assert read.command(["no-command"]) is None


def test_the_build_needs_only_what_it_declares() -> None:
    """An isolated build installs `build-system.requires` alone: no command imports another library with its module."""
    done = subprocess.run(
        [sys.executable, "-c", ALL_THAT_IS_LOADED], capture_output=True, encoding="utf-8", check=True, cwd=ROOT
    )
    required = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    assert {*done.stdout.split(), "hatchling"} == {each.partition(">=")[0] for each in required}
