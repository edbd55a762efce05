"""What the build adds to the wheel."""

import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from apoa_client import __version__

ROOT = Path(__file__).parents[2]
HOOK = ROOT / ".ci" / "build_hook.py"


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
    found = importlib.util.spec_from_file_location("build_hook", HOOK)
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
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shown = [each["name"] + each["versionRange"].removeprefix("vers:pypi/") for each in document["components"]]
    assert shown == [each.partition(";")[0] for each in project["dependencies"]]
    assert {"serialNumber", "timestamp"}.isdisjoint({*document, *document["metadata"]})


def test_an_editable_installation_gets_nothing(hook: Any) -> None:
    """Its file would be that of an earlier state."""
    build: dict[str, Any] = {"sbom_files": []}
    hook.initialize("editable", build)
    hook.finalize("editable", build, "")
    assert build == {"sbom_files": []}
