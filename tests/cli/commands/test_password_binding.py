"""The stored password goes only where it was given for: not to the host of settings that another person changed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, NOWHERE, PASSWORD, QUENTIN, XIMENA, Apoa, Serve, spoken
from key_helpers import new_key_pair

from apoa_client.errors import Exit
from apoa_client.sandbox.server import SandboxServer
from apoa_client.vault.sealing import encode_key

STOPPED = 130
"""The exit code of a command that the user stopped."""
CERTIFICATES = Path(__file__).parents[2] / "authority" / "certificates"


def host_of(server: SandboxServer) -> str:
    return f"127.0.0.1:{server.port}"


@pytest.fixture
def logins(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that reach any authority."""
    received: list[str] = []
    original: Callable[..., bool] = SandboxServer.__init__.__globals__["Credentials"].match

    def match(self: object, username: str, password: str) -> bool:
        received.append(password)
        return original(self, username, password)

    monkeypatch.setattr("apoa_client.sandbox.service.Credentials.match", match)
    return received


@pytest.mark.parametrize("lang", LANGUAGES)
def test_another_address(
    configured: Apoa, authority: SandboxServer, serve: Serve, logins: list[str], lang: str
) -> None:
    """A sync stops with 77, names both hosts, and nothing reaches the new one; report saves and says the same."""
    other = serve()
    configured.change_setting("api_url", other.base_url)
    logins.clear()
    sentence = spoken(
        lang,
        "The stored password is for {bound}, but the settings now name {host}.",
        bound=host_of(authority),
        host=host_of(other),
    )
    saved = configured(*QUENTIN.mrz(), lang=lang)
    assert (saved.code, sentence in saved.all) == (Exit.DONE, True)
    stopped = configured("sync", lang=lang)
    assert (stopped.code, sentence in stopped.err) == (Exit.CREDENTIALS, True)
    assert "apoa login" in stopped.err or "apoa masuk" in stopped.err
    assert configured("sync", "--json").json["error"]["class"] == "settings_changed"
    assert logins == []
    assert configured.states() == [("check_in", "queued")]


def test_another_path_of_the_same_host(configured: Apoa, authority: SandboxServer, logins: list[str]) -> None:
    """The whole address counts, and the error names the setting."""
    configured.save()
    configured.change_setting("api_url", authority.base_url + "/elsewhere")
    logins.clear()
    stopped = configured("sync")
    assert (stopped.code, "api_url" in stopped.err, logins) == (Exit.CREDENTIALS, True, [])


@pytest.mark.parametrize("name", ["username", "ca_bundle"])
def test_another_setting(configured: Apoa, logins: list[str], tmp_path: Path, name: str) -> None:
    """Another account or other trusted certificates stop a sync, too; the content of the file counts, not its name."""
    configured.save()
    trusted = tmp_path / "trusted.pem"  # where no other user can change it, wherever the checkout is
    trusted.write_bytes((CERTIFICATES / "ca.pem").read_bytes())
    configured.change_setting(name, str(trusted) if name == "ca_bundle" else "lain")
    logins.clear()
    stopped = configured("sync")
    assert (stopped.code, name in stopped.err, logins) == (Exit.CREDENTIALS, True, [])
    if name == "ca_bundle":
        assert configured("login", "--password-stdin", stdin=PASSWORD).code == 0
        copy = tmp_path / "copy.pem"
        copy.write_bytes(trusted.read_bytes())
        configured.change_setting(name, str(copy))
        assert configured("sync").code == 0
        copy.unlink()
        configured.save(XIMENA)
        assert configured("sync").code == Exit.SETTINGS


@pytest.mark.parametrize("name", ["api_url", "public_key"])
def test_another_public_key(configured: Apoa, serve: Serve, logins: list[str], name: str) -> None:
    """A public key whose private key is not here stops a sync and a login; no password makes it right."""
    configured.save()
    configured.change_setting("public_key", encode_key(new_key_pair()[1]))
    if name == "api_url":
        configured.change_setting("api_url", serve().base_url)
    logins.clear()
    stopped = configured("sync", "--json")
    assert (stopped.code, stopped.json["error"]["class"]) == (Exit.CREDENTIALS, "public_key_changed")
    assert configured("login", "--password-stdin", stdin=PASSWORD).code == Exit.CREDENTIALS
    assert logins == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_login_confirms_a_change(
    configured: Apoa, authority: SandboxServer, serve: Serve, logins: list[str], lang: str
) -> None:
    """It names both hosts and asks; no password is asked for or sent without a yes. Then sync sends to the new host."""
    configured.save()
    other = serve()
    configured.change_setting("api_url", other.base_url)
    logins.clear()
    no = configured("login", keys=["", PASSWORD], lang=lang)
    assert host_of(authority) in no.err
    assert host_of(other) in no.err
    assert (no.code, logins) == (STOPPED, [])
    yes = configured("login", keys=["y", PASSWORD], lang=lang)
    assert (yes.code, logins) == (0, [PASSWORD])
    account = spoken(lang, "The password of {username} for {host}:", username="wisma-melati", host=host_of(other))
    assert account in yes.err
    assert configured("sync").code == 0
    assert configured.states() == [("check_in", "accepted")]


def test_login_unattended_says_what_changed(configured: Apoa, serve: Serve) -> None:
    """A password on standard input is stored for the new host, and the change is said."""
    other = serve()
    configured.change_setting("api_url", other.base_url)
    done = configured("login", "--password-stdin", stdin=PASSWORD)
    assert (done.code, host_of(other) in done.err) == (0, True)
    configured.save()
    assert configured("sync").code == 0


def test_training_by_a_changed_setting(configured: Apoa) -> None:
    """Reports of an authority's property do not go to the training authority, which would accept all of them."""
    configured.save()
    configured.change_setting("api_url", "training")
    stopped = configured("sync")
    assert (stopped.code, "apoa setup" in stopped.err) == (Exit.CREDENTIALS, True)
    assert configured.states() == [("check_in", "queued")]
    assert configured("setup", "--non-interactive", "--property", "melati", "--training").code == 0
    assert PASSWORD not in (configured.home / "melati" / "keys.json").read_text()
    assert configured("sync").code == 0


def test_training_without_a_vault(apoa: Apoa) -> None:
    """Training needs no vault: where it cannot be read, the run goes on to what needs it."""
    apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file")
    apoa.save()
    (apoa.home / "melati" / "keys.json").write_text("damaged")
    assert "settings" not in apoa("sync").err


def test_a_password_of_an_earlier_version(configured: Apoa, serve: Serve, logins: list[str]) -> None:
    """It has no binding: it is bound to the settings of the next sync that the authority accepts."""
    path = configured.home / "melati" / "keys.json"
    secrets = json.loads(path.read_text())
    del secrets["password-binding"]
    path.write_text(json.dumps(secrets))
    configured.save()
    assert configured("sync").code == 0
    assert "password-binding" in json.loads(path.read_text())
    configured.save(XIMENA)
    configured.change_setting("api_url", serve().base_url)
    logins.clear()
    assert (configured("sync").code, logins) == (Exit.CREDENTIALS, [])


def test_a_rotated_key(configured: Apoa) -> None:
    """A key rotation changes the public key, and the stored password works after it."""
    assert configured("key", "rotate", "--recovery-file", str(configured.home / "code.txt")).code == 0
    configured.save()
    assert configured("sync").code == 0


def test_setup_names_the_host(apoa: Apoa, authority: SandboxServer) -> None:
    """The question for the password names the account and the host."""
    account = ["--api-url", authority.base_url, "--username", "wisma-melati", "--vault", "file"]
    place = ["--property", "melati", "--display-name", "", "--address", "", "--office", "", "--timezone", "WIB"]
    done = apoa("setup", "--language", "en", *place, *account, keys=[PASSWORD, ""])
    assert f"The password of wisma-melati for {host_of(authority)}:" in done.err


def test_a_password_that_is_asked_for(away: Apoa) -> None:
    """A sync that asks for the password names the account and the host."""
    away.save()
    away("logout")
    assert f"The password of wisma-melati for {NOWHERE.split('/')[2]}:" in away("sync", keys=[PASSWORD]).err
