"""The installed command in a container, as the guide for IT admins describes it.

No keyring, secrets as files, a root that cannot be written to, a number in place of a user, no HOME, files on a volume.
"""

import sys
from pathlib import Path

import pytest
from cli_helpers import COMMAND, QUENTIN, XIMENA
from container_helpers import ContainerCommand

from apoa_client.sandbox.server import SandboxServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="containers are Linux's")


@pytest.fixture
def apoa_in_a_container(tmp_path: Path) -> ContainerCommand:
    """The installed command with an empty volume and the authority's password as a secret."""
    volume, secrets = tmp_path / "volume", tmp_path / "secrets"
    volume.mkdir(mode=0o700)
    secrets.mkdir()
    secret(secrets, "apoa-password", "latihan\n")
    return ContainerCommand(COMMAND, volume, secrets)


def secret(folder: Path, name: str, text: str, mode: int = 0o400) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(mode)


def set_up(apoa: ContainerCommand, url: str, *more: str) -> None:
    account = ["--api-url", url, "--username", "latihan", "--vault", "file"]
    apoa("setup", "--non-interactive", "--property", "melati", *account, *more).ok()


def test_the_main_job(apoa_in_a_container: ContainerCommand, authority: SandboxServer) -> None:
    """A property is set up with the password of a secret file; guests are reported and sent, a backup is written."""
    apoa = apoa_in_a_container
    set_up(apoa, authority.base_url, "--recovery-file", "/srv/code.txt")
    assert apoa(*QUENTIN.mrz()).code == 0
    assert apoa(*XIMENA.mrz("--no-send", "--room", "9")).code == 0
    sent = apoa("sync", "--json")
    assert (sent.code, sent.json["accepted"]) == (0, 1), sent.err
    status = apoa("status", "--json")
    assert (status.code, status.json["counts"]["accepted"]) == (0, 2)
    assert apoa("backup", "/srv/backup.apoa").code == 0
    assert "latihan" not in (apoa.volume / "apoa" / "melati" / "keys.json").read_text()  # the secret stays where it is
    private = [path for path in apoa.volume.rglob("*") if path.stat().st_mode & 0o077]
    assert private == []
    assert apoa("log", "--json").json["entries"][0]["who"] == "uid 12345"


@pytest.mark.slow
def test_a_new_password(apoa_in_a_container: ContainerCommand, authority: SandboxServer) -> None:
    """After a refused password and a new secret, `apoa login` tests the new one and lets sending go on."""
    apoa = apoa_in_a_container
    set_up(apoa, authority.base_url)
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    secret(apoa.secrets, "apoa-password", "salah\n")
    assert apoa("sync").code == 77
    assert apoa("login").code == 77
    secret(apoa.secrets, "apoa-password", "latihan\n")
    assert apoa("sync").code == 77
    said = apoa("login").ok()
    assert "accepts the password of /run/secrets/apoa-password" in said.out
    sent = apoa("sync", "--json")
    assert (sent.code, sent.json["accepted"]) == (0, 1), (sent.json, sent.err)


def test_a_home_that_is_not_named(apoa_in_a_container: ContainerCommand) -> None:
    """Without APOA_HOME there is no folder for the files, and the error says how to name one."""
    said = apoa_in_a_container("status", APOA_HOME="")
    assert said.code == 78
    assert "APOA_HOME" in said.err
