"""`apoa setup`, `apoa login` and `apoa logout`: a property is made, whole or not at all; the password is tested."""

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import LANGUAGES, NOWHERE, PASSWORD, QUENTIN, XIMENA, Apoa, Serve, spoken, typed_in

from apoa_client.vault.store import SecretStore

TRAINING = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file"]


def settings(apoa: Apoa, name: str = "melati") -> dict[str, Any]:
    value: dict[str, Any] = tomllib.loads((apoa.home / "config.toml").read_text())["property"][name]
    return value


def files(apoa: Apoa) -> list[str]:
    return sorted(str(path.relative_to(apoa.home)) for path in apoa.home.rglob("*") if path.is_file())


class Drawer(SecretStore):
    """A keyring in memory."""

    secrets: dict[str, str]
    place = "keyring"

    def __init__(self, service: str, **_options: object) -> None:
        self._service = service

    def get(self, name: str) -> str | None:
        return self.secrets.get(f"{self._service}/{name}")

    def set(self, name: str, value: str) -> None:
        self.secrets[f"{self._service}/{name}"] = value

    def delete(self, name: str) -> None:
        self.secrets.pop(f"{self._service}/{name}", None)


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A keyring that works, in place of the machine's; its secrets."""
    monkeypatch.setattr(Drawer, "secrets", {}, raising=False)
    monkeypatch.setattr("apoa_client.vault.keyring_store.KeyringStore", Drawer)
    return Drawer.secrets


class TestSetup:
    """Making a property."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_training_needs_nothing_else(self, apoa: Apoa, lang: str) -> None:
        """One command, and the main job works from end to end."""
        said = apoa(*TRAINING, lang=lang)
        assert said.code == 0, said.err
        assert said.out.splitlines() == [
            spoken(lang, "The property {name} is set up.", name="melati"),
            spoken(lang, "The connection works. Report a guest with: {command}", command=typed_in(lang, "apoa report")),
        ]
        assert apoa(*QUENTIN.mrz("--json")).json["state"] == "accepted"
        assert apoa("status", "--json").json["environment"] == "training"

    def test_training_remembers(self, apoa: Apoa) -> None:
        """The training authority's memory is a file: receipts go on counting from call to call."""
        apoa(*TRAINING)
        numbers = [apoa(*guest.mrz("--json")).json["receipt"]["number"] for guest in (QUENTIN, XIMENA)]
        assert len(set(numbers)) == 2

    def test_a_real_address_and_all_its_options(self, apoa: Apoa, serve: Serve) -> None:
        """Everything that was said stands in the settings, and no secret does."""
        server = serve(window_hours=12)
        more = ["--timezone", "wita", "--office", "Kanim Denpasar", "--address", "Jl. Melati 7", "--language", "id"]
        said = apoa.set_up(server.base_url + "/", *more)
        assert said.code == 0, said.err
        public_key, index_key = settings(apoa)["public_key"], settings(apoa)["index_key"]
        assert len(index_key) == 32
        assert settings(apoa) == {
            "api_url": server.base_url,
            "public_key": public_key,
            "index_key": index_key,
            "username": "wisma-melati",
            "timezone": "Asia/Makassar",
            "office": "Kanim Denpasar",
            "address": "Jl. Melati 7",
            "environment": "training",
            "vault": "file",
            "window_hours": 12,
        }
        text = (apoa.home / "config.toml").read_text()
        assert tomllib.loads(text)["language"] == "id"
        assert PASSWORD not in text
        assert PASSWORD not in said.all
        assert files(apoa) == ["config.toml", "melati/keys.json", "melati/outbox.db"]

    @pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
    def test_files_are_the_owners_alone(self, apoa: Apoa) -> None:
        """0600 and 0700, whatever the umask."""
        before = os.umask(0)
        try:
            apoa(*TRAINING)
        finally:
            os.umask(before)
        for path in [apoa.home, *apoa.home.rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_wrong_password_is_not_stored(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Exit 77, and nothing at all is left behind."""
        account = ["--api-url", serve().base_url, "--username", "wisma-melati", "--password-stdin"]
        said = apoa(
            "setup",
            "--non-interactive",
            "--property",
            "melati",
            *account,
            "--vault",
            "file",
            stdin="salah\n",
            lang=lang,
        )
        assert (said.code, said.out) == (77, "")
        assert spoken(lang, "The authority does not accept the username and password.") in said.err
        assert spoken(lang, "Nothing was changed. Check the username and the password.") in said.err
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_offline_is_set_up_all_the_same(self, apoa: Apoa, lang: str) -> None:
        """Exit 75: not tested yet, but reports can be saved."""
        said = apoa.set_up(NOWHERE, "--language", lang)
        assert said.code == 75
        del apoa.environ["APOA_LANG"]
        assert "melati" in said.out
        sentence = "The connection is not tested yet; reports can be saved already. Test it later with: apoa login"
        assert spoken("en", sentence) in said.err
        assert apoa.save()["state"] == "queued"
        assert spoken(lang, "waiting") in apoa("list").out

    def test_setting_up_again_keeps_the_key_pair(self, configured: Apoa, serve: Serve) -> None:
        """What is sealed can still be opened; what the second call leaves out stays as it was."""
        configured.save()
        before = settings(configured)
        other = serve()
        assert configured.set_up(other.base_url, "--office", "Kanim Denpasar").code == 0
        assert settings(configured) == {**before, "api_url": other.base_url, "office": "Kanim Denpasar"}
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert configured(*TRAINING[:5]).code == 0
        assert settings(configured)["api_url"] == "training"
        assert settings(configured)["office"] == "Kanim Denpasar"
        assert configured("sync", "--json").json["accepted"] == 1

    def test_secrets_move_from_file_to_keyring_and_back(self, configured: Apoa, keyring: dict[str, str]) -> None:
        """Another vault gets the private key that the property has, and opens what was sealed before."""
        configured.save()
        url = settings(configured)["api_url"]
        assert configured.set_up(url, "--vault", "keyring").code == 0
        assert sorted(keyring) == ["apoa-client/melati/password", "apoa-client/melati/private-key"]
        assert "vault" not in settings(configured)
        configured.delete_key()
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert configured.set_up(url, "--vault", "file").code == 0
        keyring.clear()
        assert configured("sync", "--json").json["accepted"] == 1

    def test_the_keyring_is_the_default(self, apoa: Apoa, serve: Serve, keyring: dict[str, str]) -> None:
        """No key file is made unless it was asked for."""
        account = ["--api-url", serve().base_url, "--username", "wisma-melati", "--password-stdin"]
        said = apoa("setup", "--non-interactive", "--property", "melati", *account, stdin=PASSWORD)
        assert said.code == 0, said.err
        assert keyring["apoa-client/melati/password"] == PASSWORD
        assert files(apoa) == ["config.toml", "melati/outbox.db"]

    def test_without_any_keyring_it_says_what_to_do(self, apoa: Apoa) -> None:
        """A server without a desktop: exit 77, the key file is offered, and nothing half made is left."""
        said = apoa("setup", "--non-interactive", "--property", "melati", "--training")
        assert said.code == 77
        assert "--vault file" in said.err
        assert "config.toml" not in files(apoa)
        assert apoa("status").code == 78

    def test_several_properties(self, apoa: Apoa) -> None:
        """The first one is the default; --property and APOA_PROPERTY choose, the option before the variable."""
        apoa.set_up(NOWHERE)
        apoa.set_up(NOWHERE, name="bali")
        assert apoa("status", "--json").json["property"] == "melati"
        assert apoa("--property", "bali", "status", "--json").json["property"] == "bali"
        assert apoa("status", "--json", APOA_PROPERTY="bali").json["property"] == "bali"
        both = apoa("--property", "melati", "status", "--json", APOA_PROPERTY="bali")
        assert both.json["property"] == "melati"
        unknown = apoa("--property", "lombok", "status")
        assert unknown.code == 78
        assert "melati, bali" in unknown.err
        assert settings(apoa)["public_key"] != settings(apoa, "bali")["public_key"]

    def test_a_keys_are_the_propertys_own(self, apoa: Apoa) -> None:
        """Setting up with the global --property does the same as with setup's own."""
        said = apoa("--property", "bali", "setup", "--non-interactive", "--training", "--vault", "file")
        assert said.code == 0, said.err
        assert (apoa.home / "bali" / "keys.json").exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("name", ["Melati", "../up", "", "con", "-x", "a" * 33, "mel\x1bati"])
    def test_names_that_no_folder_can_have(self, apoa: Apoa, name: str, lang: str) -> None:
        """A usage mistake, whatever the platform; nothing is made."""
        said = apoa("setup", "--non-interactive", "--property", name, "--training", "--vault", "file", lang=lang)
        assert said.code == 2
        sentence = "A property needs a short name of a-z, 0-9, - and _: {name} is not one."
        assert spoken(lang, sentence, name=repr(name)) in said.err
        assert not apoa.home.exists()

    @pytest.mark.parametrize(
        ("option", "value", "code"),
        [
            ("--timezone", "Asia/Singapore", 2),
            ("--vault", "drawer", 2),
            ("--language", "de", 2),
            ("--api-url", "http://authority.example/v1", 78),
            ("--api-url", "https://u:rahasia@authority.example/v1", 78),
            ("--api-url", "authority.example", 78),
            ("--api-url", "https://authority.example/v1?x=1", 78),
            ("--ca-bundle", "/nowhere/ca.pem", 78),
        ],
    )
    def test_answers_that_cannot_be(self, apoa: Apoa, option: str, value: str, code: int) -> None:
        """Each is explained; a password in an address is never repeated; nothing is made."""
        said = apoa.set_up(NOWHERE.replace("http:", "https:") if option == "--ca-bundle" else NOWHERE, option, value)
        assert said.code == code, said.all
        assert said.err
        assert "rahasia" not in said.all
        assert not apoa.home.exists()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ([], "Where are reports sent?"),
            (["--api-url", NOWHERE], "username"),
            (["--api-url", NOWHERE, "--username", "u"], "--password-stdin"),
            (["--api-url", NOWHERE, "--username", "u", "--password-stdin"], "No password came"),
        ],
    )
    def test_answers_that_are_missing(self, apoa: Apoa, arguments: list[str], words: str) -> None:
        """Without a terminal nothing is asked, and what is missing is named."""
        said = apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", *arguments)
        assert said.code == 2
        assert words in said.err
        assert not apoa.home.exists()

    def test_broken_settings_are_not_written_over(self, apoa: Apoa) -> None:
        """The file is named, and stays as it is."""
        apoa.home.mkdir()
        (apoa.home / "config.toml").write_text("language = [")
        said = apoa(*TRAINING)
        assert said.code == 78
        assert "config.toml" in said.err
        assert (apoa.home / "config.toml").read_text() == "language = ["


class TestSetupAtATerminal:
    """What the machine has to say meanwhile; the conversation itself is `test_interview`'s."""

    def test_the_authoritys_window_is_the_propertys(self, apoa: Apoa, serve: Serve) -> None:
        """However long it is: what set-up writes, every later command can read."""
        assert apoa.set_up(serve(window_hours=720).base_url).code == 0
        assert settings(apoa, "melati")["window_hours"] == 720
        saved = apoa.save()
        assert saved["due_at"] == "2026-12-24T20:00:00+07:00"

    @pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 77)])
    def test_without_a_keyring(self, apoa: Apoa, answer: str, code: int) -> None:
        """A computer that has none is offered a file; whoever declines has set up nothing."""
        said = apoa("setup", keys=["en", "kebun", "", "", "WIB", "practice", answer])
        assert said.code == code, said.all
        assert "Keep the secrets in a file" in said.err
        assert (apoa.home / "config.toml").exists() == (code == 0)
        assert (apoa.home / "kebun" / "keys.json").exists() == (code == 0)

    def test_non_interactive_asks_nothing(self, apoa: Apoa) -> None:
        """Even at a terminal."""
        assert apoa("setup", "--non-interactive", "--training", keys=[]).code == 2


class TestLogin:
    """The password, tested before it is stored."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_right_password_lifts_the_stop(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Refused once, sending stops and is not tried again; login sets it going."""
        apoa.set_up(serve("401*2").base_url)
        apoa.save()
        first = apoa("sync", "--json")
        assert (first.code, first.json["stopped"]) == (77, True)
        stopped = apoa("status", "--json").json["sending_stopped"]
        assert stopped == {"reason": "wrong_password", "since": "2026-11-24T20:00:00+07:00"}
        moment = f"24 {spoken(lang, 'Nov')} 2026 20:00 WIB"
        sentence = "SENDING HAS STOPPED since {since}: the authority refused the login."
        assert spoken(lang, sentence, since=moment) in apoa("status", lang=lang).out
        assert apoa("sync", lang=lang).code == 77
        said = apoa("login", "--password-stdin", stdin=PASSWORD + "\r\n", lang=lang)
        assert (said.code, said.out.strip()) == (0, spoken(lang, "The authority accepts the password. It is stored."))
        assert apoa("status", "--json").json["sending_stopped"] is None
        assert apoa("sync").code == 0

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_refused_password_is_not_stored(self, configured: Apoa, lang: str) -> None:
        """The old one stays, and goes on working."""
        said = configured("login", "--password-stdin", stdin="salah\n", lang=lang)
        assert (said.code, said.out) == (77, "")
        assert "salah" not in said.all
        assert spoken(lang, "Nothing was changed. Check the username and the password.") in said.err
        assert configured(*QUENTIN.mrz("--json")).json["state"] == "accepted"

    def test_another_username(self, apoa: Apoa, serve: Serve) -> None:
        """Tested with the password, and then kept in the settings."""
        server = serve(username="lain")
        given = ["--api-url", server.base_url, "--username", "lain", "--password-stdin"]
        apoa("setup", "--non-interactive", "--property", "melati", *given, "--vault", "file", stdin=PASSWORD)
        refused = apoa("login", "--username", "siapa", "--password-stdin", stdin=PASSWORD)
        assert refused.code == 77
        assert settings(apoa)["username"] == "lain"
        assert apoa("login", "--username", "siapa", "--password-stdin", "--no-test", stdin="x").code == 0
        assert settings(apoa)["username"] == "siapa"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_untested(self, away: Apoa, lang: str) -> None:
        """Offline, a test is refused its answer and nothing is stored; --no-test stores without one."""
        tested = away("login", "--password-stdin", stdin="baru\n", lang=lang)
        assert tested.code == 75
        keys = Path(away.home / "melati" / "keys.json")
        assert "baru" not in keys.read_text()
        said = away("login", "--password-stdin", "--no-test", stdin="baru\n", lang=lang)
        assert (said.code, said.out.strip()) == (0, spoken(lang, "The password is stored."))
        assert "baru" in keys.read_text()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_password_from_elsewhere_is_named(self, configured: Apoa, lang: str) -> None:
        """One that the environment gives is used before the stored one, and staff would wonder; it is not shown."""
        said = configured("login", "--password-stdin", stdin=PASSWORD, lang=lang, APOA_PASSWORD="usang")
        sentence = "But {place} gives a password too, and that one is used."
        assert (said.code, spoken(lang, sentence, place="APOA_PASSWORD") in said.err) == (0, True)
        assert "usang" not in said.all

    def test_at_a_terminal(self, configured: Apoa) -> None:
        """Asked unseen."""
        said = configured("login", keys=[PASSWORD])
        assert said.code == 0, said.err
        assert PASSWORD not in said.all

    def test_without_a_terminal(self, configured: Apoa) -> None:
        """A usage mistake that names the option."""
        said = configured("login")
        assert said.code == 2
        assert "--password-stdin" in said.err

    def test_training_needs_none(self, apoa: Apoa) -> None:
        """And says so, in place of asking."""
        apoa(*TRAINING)
        assert apoa("login").out == "A training property needs no password.\n"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_logout(self, configured: Apoa, lang: str) -> None:
        """The password goes, the key and the queue stay: a report is saved, sending is refused with the advice."""
        said = configured("logout", lang=lang)
        assert said.code == 0
        assert spoken(lang, "The password is removed. Reports are still saved; sending needs: apoa login") in said.out
        assert PASSWORD not in (configured.home / "melati" / "keys.json").read_text()
        saved = configured(*QUENTIN.mrz(), lang=lang)
        assert saved.code == 0
        sync = configured("sync", lang=lang)
        assert sync.code == 77
        assert spoken(lang, "Store it with: apoa login") in sync.err
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert configured("status", "--json").json["sending_stopped"] is None
        assert configured("sync", keys=[PASSWORD]).code == 0  # a person is asked

    def test_the_environment_gives_a_password_too(self, configured: Apoa, tmp_path: Path) -> None:
        """A container's file or variable is believed before what is stored."""
        configured("logout")
        configured.save()
        secret = tmp_path / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        assert configured("sync", APOA_PASSWORD_FILE=str(secret)).code == 0
        configured.save(XIMENA)
        assert configured("sync", APOA_PASSWORD=PASSWORD).code == 0
