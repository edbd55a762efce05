"""Tests of the operating system itself, where a double or Wine proves nothing. They change the computer they run on."""

import os

import pytest

real_system = [
    pytest.mark.real_system,
    pytest.mark.skipif("APOA_REAL_SYSTEM" not in os.environ, reason="changes this computer: the workflow runs it"),
]
