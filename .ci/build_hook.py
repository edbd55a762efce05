"""Adds to the wheel what is made from the commands: the pages for `man`, and the grammar that completion reads."""

import os
import sys
import time
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_GRAMMAR = "apoa_client/cli/completion/grammar.json"


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the configuration of the builder
    """Runs before a wheel is written. An editable installation asks the commands themselves, and has no pages."""

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
        from apoa_client.cli.completion.grammar import write
        from apoa_client.cli.documents.man_pages import man_pages
        from apoa_client.cli.main import apoa
        from apoa_client.cli.terminal.language import set_language
        from apoa_client.locale import SOURCE_LANGUAGE

        set_language(SOURCE_LANGUAGE)
        write(apoa, self.folder / "grammar.json")
        build_data["force_include"][str(self.folder / "grammar.json")] = _GRAMMAR
        day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
        for page in man_pages(apoa, __version__, day):
            file = self.folder / page.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page.text, encoding="ascii", newline="\n")
            build_data["shared_data"][str(file)] = f"share/man/{page.path.as_posix()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        del build_data, artifact_path
        if version != "editable":
            rmtree(self.folder)
