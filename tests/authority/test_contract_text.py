"""The shipped contract, as YAML text and as JSON."""

import subprocess
import sys

import contract_helpers

from apoa_client.authority.contract import contract, contract_text


def test_the_whole_contract() -> None:
    """The text is the shipped file, from the first line to the last schema."""
    assert contract_text().startswith("openapi: 3.1.0\n")
    assert "    Problem:\n" in contract_text()


def test_json_equals_yaml() -> None:
    """The program reads the same contract that `apoa contract` prints."""
    assert contract_helpers.JSON.read_text(encoding="utf-8") == contract_helpers.converted()
    assert contract()["info"]["version"] in contract_text()


def test_contract_loads_no_library() -> None:
    """Printing the contract and checking an address load no HTTP library and no YAML parser."""
    code = (
        "import sys, apoa_client.authority.contract as c, apoa_client.authority.address, apoa_client.authority.address;"
        "c.contract_text(); c.contract(); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"requests", "truststore", "yaml", "jsonschema", "ssl", "http.client"} & set(loaded)
