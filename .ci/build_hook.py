"""Adds to the wheel the pages for `man`, made from the commands, and an SBOM."""

import json
import os
import sys
import time
import tomllib
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.requirements import Requirement


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the configuration of the builder
    """Runs before a wheel is written. An editable installation has no pages."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files into a folder of their own, and name each with its place in the wheel."""
        if version == "editable":
            return
        self.folder = Path(mkdtemp(prefix="apoa-build-"))
        sys.path.insert(0, self.root)
        language = os.environ.get("LANGUAGE")
        try:
            self._write(build_data)
        finally:
            sys.path.remove(self.root)
            os.environ.pop("LANGUAGE", None)
            os.environ |= {} if language is None else {"LANGUAGE": language}

    def _write(self, build_data: dict[str, Any]) -> None:
        from apoa_client import __version__
        from apoa_client.cli.documents.man_pages import man_pages
        from apoa_client.cli.main import apoa

        sbom = self.folder / "apoa-client.cdx.json"
        sbom.write_text(json.dumps(self._sbom(__version__), indent=1), encoding="ascii", newline="\n")
        build_data["sbom_files"].append(str(sbom))
        day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
        for page in man_pages(apoa, __version__, day):
            file = self.folder / page.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page.text, encoding="ascii", newline="\n")
            build_data["shared_data"][str(file)] = f"share/man/{page.path.as_posix()}"

    def _sbom(self, version: str) -> dict[str, Any]:
        """Return the wheel's bill of materials, CycloneDX 1.7: it holds no other package, and requires some."""
        project = tomllib.loads((Path(self.root) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
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
