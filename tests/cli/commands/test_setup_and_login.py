"""`apoa setup`, `apoa login` and `apoa logout` change a property completely or not at all, and test passwords."""

import json
import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from authority_helpers import CA
from cli_helpers import LANGUAGES, PASSWORD, QUENTIN, XIMENA, Apoa, Serve
from key_helpers import new_key_pair
from screens import Screens

from apoa_client.errors import Exit
from apoa_client.sandbox.server import SandboxServer
from apoa_client.vault.sealing import encode_key

TRAINING = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file"]


def files(apoa: Apoa) -> list[str]:
    return sorted(path.relative_to(apoa.home).as_posix() for path in apoa.home.rglob("*") if path.is_file())


class TestSetup:
    """`apoa setup` creates or changes a property."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_screens(self, apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
        """A set-up for training, with a server and offline; a password that is refused, stored and removed."""
        screens(apoa, *TRAINING, lang=lang)
        screens(apoa, "login", lang=lang)
        server = serve("401*2")
        account = ["--property", "bali", "--api-url", server.base_url, "--username", "wisma-melati", "--vault", "file"]
        set_up = ["setup", "--non-interactive", *account, "--password-stdin"]
        screens(apoa, *set_up, stdin="salah", lang=lang)
        screens(apoa, *set_up, stdin=PASSWORD, lang=lang)
        screens(apoa, "setup", "--non-interactive", "--property", "Bali", "--training", lang=lang)
        screens(apoa, "setup", "--non-interactive", "--property", "con", "--training", lang=lang)
        bali = ["--property", "bali"]
        screens(apoa, *bali, "login", "--password-stdin", stdin="salah", lang=lang)
        screens(apoa, *bali, "login", "--password-stdin", "--no-test", stdin=PASSWORD, lang=lang)
        screens(apoa, *bali, "login", lang=lang, APOA_PASSWORD=PASSWORD)
        screens(apoa, *bali, "login", "--password-stdin", stdin=PASSWORD, lang=lang, APOA_PASSWORD="usang")
        screens(apoa, *bali, "login", lang=lang)
        screens(apoa, *bali, "logout", lang=lang)
        server.stop()
        screens(apoa, *bali, "login", "--password-stdin", stdin=PASSWORD, lang=lang)
        screens(apoa, *set_up, stdin=PASSWORD, lang=lang)

    def test_a_server_address_and_all_options(self, apoa: Apoa, serve: Serve) -> None:
        """The settings have the value of every option and no secret."""
        server = serve(window_hours=12)
        more = ["--timezone", "wita", "--office", "Kanim Denpasar", "--address", "Jl. Melati 7", "--language", "id"]
        result = apoa.set_up(server.base_url + "/", *more)
        assert result.code == 0, result.err
        public_key, index_key = apoa.settings()["public_key"], apoa.settings()["index_key"]
        assert len(index_key) == 32
        assert apoa.settings() == {
            "api_url": server.base_url,
            "public_key": public_key,
            "index_key": index_key,
            "username": "wisma-melati",
            "timezone": "Asia/Makassar",
            "office": "Kanim Denpasar",
            "address": "Jl. Melati 7",
            "environment": "training",
            "property_id": "wisma-melati",
            "vault": "file",
            "window_hours": 12,
        }
        text = (apoa.home / "config.toml").read_text()
        assert tomllib.loads(text)["language"] == "id"
        assert PASSWORD not in text
        assert PASSWORD not in result.all
        assert files(apoa) == ["config.lock", "config.toml", "melati/keys.json", "melati/keys.lock", "melati/outbox.db"]

    @pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
    def test_files_are_private(self, apoa: Apoa) -> None:
        """Files have mode 0600 and folders 0700 with any umask."""
        before = os.umask(0)
        try:
            apoa(*TRAINING)
        finally:
            os.umask(before)
        for path in [apoa.home, *apoa.home.rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    def test_setting_up_again_keeps_the_key_pair(self, configured: Apoa, serve: Serve) -> None:
        """Sealed reports can still be opened, and settings that the second call does not name are kept."""
        configured.save()
        before = configured.settings()
        other = serve()
        assert configured.set_up(other.base_url, "--office", "Kanim Denpasar").code == 0
        assert configured.settings() == {**before, "api_url": other.base_url, "office": "Kanim Denpasar"}
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert configured(*TRAINING[:5]).code == 0
        assert configured.settings()["api_url"] == "training"
        assert configured.settings()["office"] == "Kanim Denpasar"
        assert PASSWORD not in (configured.home / "melati" / "keys.json").read_text()
        assert configured("sync", "--json").json["accepted"] == 1

    def test_secrets_move_from_file_to_keyring_and_back(self, configured: Apoa, keyring: dict[str, str]) -> None:
        """Another vault gets the property's private key and opens reports sealed earlier."""
        configured.save()
        url = configured.settings()["api_url"]
        assert configured.set_up(url, "--vault", "keyring").code == 0
        names = ("password", "password-binding", "private-key")
        assert sorted(keyring) == [f"apoa-client/melati/{name}" for name in names]
        assert "vault" not in configured.settings()
        configured.delete_key()
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert configured.set_up(url, "--vault", "file").code == 0
        keyring.clear()
        assert configured("sync", "--json").json["accepted"] == 1

    def test_without_a_keyring_a_key_file_is_suggested(self, apoa: Apoa) -> None:
        """Without a keyring set-up exits with 77, suggests the key file and creates no property."""
        result = apoa("setup", "--non-interactive", "--property", "melati", "--training")
        assert result.code == 77
        assert "--vault file" in result.err
        assert "config.toml" not in files(apoa)
        assert apoa("status").code == 78


class TestLogin:
    """`apoa login` tests a password before it stores it."""

    def test_a_correct_password_ends_the_suspension(self, apoa: Apoa, serve: Serve) -> None:
        """A refused password suspends sending, and a login with a correct one ends the suspension; the log says so."""
        apoa.set_up(serve("401*2").base_url)
        apoa.save()
        first = apoa("sync", "--json")
        assert (first.code, first.json["stopped"]) == (77, True)
        stopped = apoa("status", "--json").json["sending_stopped"]
        assert stopped == {"reason": "wrong_password", "since": "2026-11-24T20:00:00+07:00"}
        assert apoa("sync").code == 77
        assert "SENDING HAS STOPPED" in apoa("status").out
        result = apoa("login", "--password-stdin", stdin=PASSWORD + "\r\n")
        assert result.code == 0
        assert apoa("status", "--json").json["sending_stopped"] is None
        assert apoa("sync").code == 0
        assert apoa("logout").code == 0
        actions = [entry["action"] for entry in apoa("log", "--json").json["entries"]]
        logged = ["sending_stopped", "logged_in", "sending_resumed", "logged_out"]
        assert [action for action in actions if action in logged] == logged
        assert "wrong_password" in apoa("log").out

    def test_another_username(self, apoa: Apoa, serve: Serve) -> None:
        """A username is tested with the password and then stored in the settings; what is refused is not stored."""
        server = serve(username="lain")
        given = ["--api-url", server.base_url, "--username", "lain", "--password-stdin"]
        apoa("setup", "--non-interactive", "--property", "melati", *given, "--vault", "file", stdin=PASSWORD)
        refused = apoa("login", "--username", "siapa", "--password-stdin", stdin=PASSWORD)
        assert refused.code == 77
        assert apoa.settings()["username"] == "lain"
        refused = apoa("login", "--password-stdin", stdin="salah\n")
        assert (refused.code, refused.out, "salah" in refused.err) == (77, "", False)
        assert apoa.send()["state"] == "accepted"
        assert apoa("login", "--username", "siapa", "--password-stdin", "--no-test", stdin="x").code == 0
        assert apoa.settings()["username"] == "siapa"

    def test_a_password_of_the_environment(self, configured: Apoa) -> None:
        """Without a terminal it is the one that is tested. It is not stored."""
        tested = configured("login", APOA_PASSWORD=PASSWORD)
        assert (tested.code, tested.err) == (0, "")
        assert configured("login", "--no-test", APOA_PASSWORD="usang").code == 0
        assert "usang" not in (configured.home / "melati" / "keys.json").read_text()
        assert configured("login", APOA_PASSWORD="usang").code == 77

    def test_logout(self, configured: Apoa) -> None:
        """Logout removes the password only: a report can be saved, and sending fails with advice."""
        assert configured("logout").code == 0
        assert PASSWORD not in (configured.home / "melati" / "keys.json").read_text()
        assert configured(*QUENTIN.mrz()).code == 0
        assert configured("sync").code == 77
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert configured("status", "--json").json["sending_stopped"] is None
        assert configured("sync", keys=[PASSWORD]).code == 0


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


def test_another_address(configured: Apoa, authority: SandboxServer, serve: Serve, logins: list[str]) -> None:
    """A sync stops with 77, names both hosts, and nothing reaches the new one, until a user confirms it at log-in.

    Unattended, a password on standard input is stored for the new host, and the change is said.
    """
    other = serve()
    configured.change_setting("api_url", other.base_url)
    logins.clear()
    sentence = f"The stored password is for {host_of(authority)}, but the settings now name {host_of(other)}."
    saved = configured(*QUENTIN.mrz())
    assert (saved.code, sentence in saved.all) == (Exit.DONE, True)
    stopped = configured("sync")
    assert (stopped.code, sentence in stopped.err) == (Exit.CREDENTIALS, True)
    assert "apoa login" in stopped.err
    assert configured("sync", "--json").json["error"]["class"] == "settings_changed"
    no = configured("login", keys=["", PASSWORD])
    assert host_of(authority) in no.err
    assert host_of(other) in no.err
    assert (no.code, logins, configured.states()) == (130, [], [("check_in", "queued")])
    yes = configured("login", keys=["y", PASSWORD])
    assert (yes.code, logins) == (0, [PASSWORD])
    assert f"The password of wisma-melati for {host_of(other)}:" in yes.err
    assert configured("sync").code == 0
    assert configured.states() == [("check_in", "accepted")]
    another = serve()
    configured.change_setting("api_url", another.base_url)
    done = configured("login", "--password-stdin", stdin=PASSWORD)
    assert (done.code, host_of(another) in done.err, configured("sync").code) == (0, True, 0)


def test_another_setting(configured: Apoa, logins: list[str], tmp_path: Path) -> None:
    """Another account or other trusted certificates stop a sync, too; the content of the file counts, not its name."""
    configured.save()
    trusted, copy = tmp_path / "trusted.pem", tmp_path / "copy.pem"  # where no other user can change them
    for file in (trusted, copy):
        file.write_bytes(CA.read_bytes())
    logins.clear()
    for name, value in (("username", "lain"), ("ca_bundle", str(trusted))):
        configured.change_setting(name, value)
        stopped = configured("sync")
        assert (stopped.code, name in stopped.err, logins) == (Exit.CREDENTIALS, True, [])
        configured.change_setting("username", "wisma-melati")
    assert configured("login", "--password-stdin", stdin=PASSWORD).code == 0
    configured.change_setting("ca_bundle", str(copy))
    assert configured("sync").code == 0
    copy.unlink()
    configured.save(XIMENA)
    assert configured("sync").code == Exit.SETTINGS


def test_another_public_key(configured: Apoa, serve: Serve, logins: list[str]) -> None:
    """A public key whose private key is not here stops a sync and a login; no password makes it right."""
    configured.save()
    configured.change_setting("public_key", encode_key(new_key_pair()[1]))
    configured.change_setting("api_url", serve().base_url)
    logins.clear()
    stopped = configured("sync", "--json")
    assert (stopped.code, stopped.json["error"]["class"]) == (Exit.CREDENTIALS, "public_key_changed")
    assert configured("login", "--password-stdin", stdin=PASSWORD).code == Exit.CREDENTIALS
    assert logins == []


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
