"""The reporting contract as it ships, for whoever prints it, serves it or checks against it."""

from importlib.resources import files


def contract_text() -> str:
    """The whole OpenAPI 3.1 file, as YAML."""
    return files("apoa_client.authority").joinpath("openapi.yaml").read_text(encoding="utf-8")
