"""Adds an SBOM to the wheel."""

import json
import tomllib
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.requirements import Requirement


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the configuration of the builder
    """Runs before a wheel is written. An editable installation has no SBOM."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file into a folder of its own, and name it."""
        if version == "editable":
            return
        self.folder = Path(mkdtemp(prefix="apoa-build-"))
        sbom = self.folder / "apoa-client.cdx.json"
        sbom.write_text(json.dumps(self._sbom(), indent=1), encoding="ascii", newline="\n")
        build_data["sbom_files"].append(str(sbom))

    def _sbom(self) -> dict[str, Any]:
        """Return the wheel's bill of materials, CycloneDX 1.7: it holds no other package, and requires some."""
        project = tomllib.loads((Path(self.root) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        version = self.metadata.version
        required = [Requirement(each) for each in project["dependencies"]]
        this = {"name": project["name"], "version": version, "purl": f"pkg:pypi/{project['name']}@{version}"}
        licence = [{"license": {"id": project["license"]}}]
        return {
            "bomFormat": "CycloneDX",
            "specVersion": "1.7",
            "metadata": {
                "component": {"type": "application", "bom-ref": this["purl"], **this, "licenses": licence},
            },
            "components": [
                {
                    "type": "library",
                    "bom-ref": f"pkg:pypi/{each.name}",
                    "name": each.name,
                    "purl": f"pkg:pypi/{each.name}",
                    "scope": "required" if each.marker is None else "optional",
                    "isExternal": True,
                    "versionRange": f"vers:pypi/{each.specifier}",
                }
                for each in required
            ],
            "dependencies": [{"ref": this["purl"], "dependsOn": [f"pkg:pypi/{each.name}" for each in required]}],
        }

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        del build_data, artifact_path
        if version != "editable":
            rmtree(self.folder)
