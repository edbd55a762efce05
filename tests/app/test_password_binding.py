"""What a stored password is bound to."""

import os
from pathlib import Path

import pytest
from app_helpers import training

from apoa_client.app.password_binding import password_binding
from apoa_client.errors import SettingsProblem


def test_the_content_of_the_certificates_counts(tmp_path: Path) -> None:
    """Another certificate in the same file is a change; a file that cannot be read is an error of the settings."""
    bundle = tmp_path / "ca.pem"
    settings = training()._replace(ca_bundle=str(bundle))
    with pytest.raises(SettingsProblem):
        password_binding(settings)
    bundle.write_text("one")
    before = password_binding(settings)
    assert password_binding(settings) == before
    bundle.write_text("two")
    assert before.changed(password_binding(settings)) == ["ca_bundle"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_a_pipe_in_place_of_the_certificates(tmp_path: Path) -> None:
    """It is an error: reading it would wait for a writer."""
    os.mkfifo(tmp_path / "ca.pem")
    with pytest.raises(SettingsProblem):
        password_binding(training()._replace(ca_bundle=str(tmp_path / "ca.pem")))
