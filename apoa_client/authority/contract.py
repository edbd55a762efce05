"""The reporting contract as it ships: OpenAPI 3.1, as YAML for readers and as JSON for the program."""

from functools import cache
from importlib.resources import files
from typing import Any, Literal


def contract_text(form: Literal["yaml", "json"] = "yaml") -> str:
    """The whole OpenAPI file: as YAML with its comments, or the same document as JSON."""
    return files("apoa_client.authority").joinpath(f"openapi.{form}").read_text(encoding="utf-8")


@cache
def contract() -> dict[str, Any]:
    """The parsed contract, from ``openapi.json``. Do not change it: all callers share it."""
    import json  # `apoa contract` needs only the text

    parsed: dict[str, Any] = json.loads(contract_text("json"))
    return parsed
