"""The contract is at hand without any of the client's libraries."""

import subprocess
import sys

from apoa_client.authority.contract import contract_text


def test_the_whole_contract() -> None:
    """The text is the shipped file, from the first line to the last schema."""
    assert contract_text().startswith("openapi: 3.1.0\n")
    assert "    Problem:\n" in contract_text()


def test_costs_no_library() -> None:
    """Printing the contract, and checking an address, load neither an HTTP library nor a YAML reader."""
    code = (
        "import sys, apoa_client.authority.contract as c, apoa_client.authority.address, apoa_client.authority.limits;"
        "c.contract_text(); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"requests", "truststore", "yaml", "jsonschema", "ssl", "http.client"} & set(loaded)
