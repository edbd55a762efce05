"""What a stored password is bound to."""

import os
from pathlib import Path

import pytest
from app_helpers import training

from apoa_client.app.password_binding import outbox_binding, password_binding
from apoa_client.errors import SettingsProblem
from apoa_client.settings.outbox_address import parse_address


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


def test_the_shared_outbox(tmp_path: Path) -> None:
    """Servers, ports, user and database count, and the content of the certificates; not how the address is written."""
    trusted = tmp_path / "ca.pem"
    options = f"?sslrootcert={trusted.as_posix()}"
    before = outbox_binding(parse_address(f"postgresql://u@db.example/d{options}"))  # a file that is missing is empty
    trusted.write_text("one")
    bound = outbox_binding(parse_address(f"postgresql://u@db.example/d{options}"))
    assert bound.changed(outbox_binding(parse_address(f"postgres://u@db.example:5432/d{options}"))) == []
    for other in ("v@db.example/d", "u@db2.example/d", "u@db.example:1/d", "u@db.example/e", "u@db.example,db2/d"):
        assert bound.changed(outbox_binding(parse_address(f"postgresql://{other}{options}"))) == ["outbox"]
    assert bound.changed(before) == ["sslrootcert"]
    assert bound.changed(outbox_binding(parse_address("postgresql://u@db.example/d"))) == ["sslrootcert"]
