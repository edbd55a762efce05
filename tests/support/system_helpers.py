"""Tests of the operating system itself, where a double or Wine proves nothing. They change the computer they run on."""

import os

import pytest

real_system = [
    pytest.mark.real_system,
    pytest.mark.skipif("APOA_REAL_SYSTEM" not in os.environ, reason="changes this computer: the workflow runs it"),
]


def needs_tool(package: str, *, found: bool, installer: str = "apt-get") -> None:
    """Skip the test if a tool is missing. Where tools are required, fail, and say how to install it."""
    if found:
        return
    if os.environ.get("APOA_REQUIRE_TOOLS"):
        pytest.fail(f"This is required here and was not found: {installer} install {package}")
    pytest.skip(f"not installed: {package}")
