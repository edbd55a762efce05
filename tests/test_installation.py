"""How another process calls this installation, and how a user adds to it."""

import sys
from pathlib import Path

import pytest

from apoa_client.errors import install_advice
from apoa_client.installation import install_command


@pytest.mark.parametrize(
    ("written", "command"),
    [
        ("pipx_metadata.json", 'pipx inject apoa-client "apoa-client[scan]"'),
        ("uv-receipt.toml", 'uv tool install "apoa-client[scan]"'),
        ("pyvenv.cfg", '"/opt/my python" -m pip install "apoa-client[scan]"'),
    ],
)
def test_an_extra_is_installed_as_the_program_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, command: str
) -> None:
    """With pipx or uv where they installed it, else with the interpreter's own pip."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/opt/my python")
    (tmp_path / written).touch()
    assert install_command("scan") == command
    assert install_advice("scan").render().endswith(command)


def test_a_bundle_has_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be installed into it, and no command is named."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert install_command("scan") == ""
    assert "pip" not in install_advice("scan").render()
