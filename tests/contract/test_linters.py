"""The contract by the rules of two linters for OpenAPI, without a warning."""

import json
from pathlib import Path
from typing import Any

import pytest
from contract_helpers import YAML as CONTRACT
from contract_helpers import node_tool, run_tool

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


def first_json(output: str, start: str) -> Any:
    """The first JSON that begins with `start`. Each of them prints more than its JSON."""
    return json.JSONDecoder().raw_decode(output[output.index(start) :])[0]


def test_redocly_finds_nothing(tmp_path: Path) -> None:
    """Redocly's recommended rules: no error and no warning."""
    lint = [node_tool("redocly", "@redocly/cli"), "lint", "--config", str(HERE / "redocly.yaml"), "--format", "json"]
    code, output = run_tool([*lint, str(CONTRACT)], tmp_path)
    assert (code, first_json(output, "{")["problems"]) == (0, [])


def test_spectral_finds_nothing(tmp_path: Path) -> None:
    """Spectral's rules for OpenAPI: nothing of any severity."""
    lint = [node_tool("spectral", "@stoplight/spectral-cli"), "lint", "--ruleset", str(HERE / "spectral.yaml")]
    code, output = run_tool([*lint, "--fail-severity", "hint", "--format", "json", str(CONTRACT)], tmp_path)
    assert (code, first_json(output, "[")) == (0, [])
