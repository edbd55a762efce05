"""The reporting contract as it ships: OpenAPI 3.1, as YAML for readers and as JSON for the program."""

from functools import cache
from importlib.resources import files
from typing import Any


def contract_text() -> str:
    """The whole OpenAPI file, as YAML with its comments."""
    return files("apoa_client.authority").joinpath("openapi.yaml").read_text(encoding="utf-8")


@cache
def contract() -> dict[str, Any]:
    """The parsed contract, from ``openapi.json``. Do not change it: all callers share it."""
    import json  # `apoa contract` needs only the text

    text = files("apoa_client.authority").joinpath("openapi.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed
