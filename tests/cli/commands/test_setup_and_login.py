"""`apoa setup`, `apoa login` and `apoa logout` change a property completely or not at all, and test passwords."""

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import LANGUAGES, NOWHERE, PASSWORD, QUENTIN, XIMENA, Apoa, Serve, spoken, time_in, typed_in

from apoa_client.errors import Exit

CA = Path(__file__).parents[2] / "authority" / "certificates" / "ca.pem"

TRAINING = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file"]


def settings(apoa: Apoa, name: str = "melati") -> dict[str, Any]:
    value: dict[str, Any] = tomllib.loads((apoa.home / "config.toml").read_text())["property"][name]
    return value


def files(apoa: Apoa) -> list[str]:
    return sorted(path.relative_to(apoa.home).as_posix() for path in apoa.home.rglob("*") if path.is_file())


class TestSetup:
    """`apoa setup` creates or changes a property."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_training_needs_no_other_option(self, apoa: Apoa, lang: str) -> None:
        """After one command a report of the training property is accepted."""
        result = apoa(*TRAINING, lang=lang)
        assert result.code == 0, result.err
        assert result.out.splitlines() == [
            spoken(lang, "The property {name} is set up.", name="melati"),
            spoken(lang, "The connection works. Report a guest with: {command}", command=typed_in(lang, "apoa report")),
        ]
        assert apoa(*QUENTIN.mrz("--json")).json["state"] == "accepted"
        assert apoa("status", "--json").json["environment"] == "training"

    def test_training_keeps_its_receipt_numbers(self, apoa: Apoa) -> None:
        """The training authority stores its data in a file, so that receipt numbers differ between calls."""
        apoa(*TRAINING)
        numbers = [apoa(*guest.mrz("--json")).json["receipt"]["number"] for guest in (QUENTIN, XIMENA)]
        assert len(set(numbers)) == 2

    def test_a_server_address_and_all_options(self, apoa: Apoa, serve: Serve) -> None:
        """The settings have the value of every option and no secret."""
        server = serve(window_hours=12)
        more = ["--timezone", "wita", "--office", "Kanim Denpasar", "--address", "Jl. Melati 7", "--language", "id"]
        result = apoa.set_up(server.base_url + "/", *more)
        assert result.code == 0, result.err
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

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_wrong_password_is_not_stored(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """A wrong password exits with 77 and leaves no file."""
        account = ["--api-url", serve().base_url, "--username", "wisma-melati", "--password-stdin"]
        result = apoa(
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
        assert (result.code, result.out) == (77, "")
        assert spoken(lang, "The authority does not accept the username and password.") in result.err
        assert spoken(lang, "Nothing was changed. Check the username and the password.") in result.err
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_set_up_offline(self, apoa: Apoa, lang: str) -> None:
        """Set-up without a connection exits with 75, and reports can be saved."""
        result = apoa.set_up(NOWHERE, "--language", lang)
        assert result.code == 75
        del apoa.environ["APOA_LANG"]
        assert "melati" in result.out
        sentence = "The connection is not tested yet; reports can be saved already. Test it later with: apoa login"
        assert spoken("en", sentence) in result.err
        assert apoa.save()["state"] == "queued"
        assert spoken(lang, "waiting") in apoa("list").out

    def test_setting_up_again_keeps_the_key_pair(self, configured: Apoa, serve: Serve) -> None:
        """Sealed reports can still be opened, and settings that the second call does not name are kept."""
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
        """Another vault gets the property's private key and opens reports sealed earlier."""
        configured.save()
        url = settings(configured)["api_url"]
        assert configured.set_up(url, "--vault", "keyring").code == 0
        names = ("password", "password-binding", "private-key")
        assert sorted(keyring) == [f"apoa-client/melati/{name}" for name in names]
        assert "vault" not in settings(configured)
        configured.delete_key()
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert configured.set_up(url, "--vault", "file").code == 0
        keyring.clear()
        assert configured("sync", "--json").json["accepted"] == 1

    def test_the_keyring_is_the_default(self, apoa: Apoa, serve: Serve, keyring: dict[str, str]) -> None:
        """Without `--vault file` the secrets are in the keyring and no key file is made."""
        account = ["--api-url", serve().base_url, "--username", "wisma-melati", "--password-stdin"]
        result = apoa("setup", "--non-interactive", "--property", "melati", *account, stdin=PASSWORD)
        assert result.code == 0, result.err
        assert keyring["apoa-client/melati/password"] == PASSWORD
        assert files(apoa) == ["config.lock", "config.toml", "melati/outbox.db"]

    def test_without_a_keyring_a_key_file_is_suggested(self, apoa: Apoa) -> None:
        """Without a keyring set-up exits with 77, suggests the key file and creates no property."""
        result = apoa("setup", "--non-interactive", "--property", "melati", "--training")
        assert result.code == 77
        assert "--vault file" in result.err
        assert "config.toml" not in files(apoa)
        assert apoa("status").code == 78

    def test_several_properties(self, apoa: Apoa) -> None:
        """The first property is the default; `--property` comes before `APOA_PROPERTY`."""
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

    def test_the_global_property_option(self, apoa: Apoa) -> None:
        """The global `--property` has the same effect as the option of `setup`."""
        result = apoa("--property", "bali", "setup", "--non-interactive", "--training", "--vault", "file")
        assert result.code == 0, result.err
        assert (apoa.home / "bali" / "keys.json").exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("name", ["Melati", "../up", "", "-x", "a" * 33, "mel\x1bati"])
    def test_invalid_property_names(self, apoa: Apoa, name: str, lang: str) -> None:
        """An invalid name is a usage error on every platform, and nothing is created."""
        result = apoa("setup", "--non-interactive", "--property", name, "--training", "--vault", "file", lang=lang)
        assert result.code == 2
        sentence = "A property needs a short name of a-z, 0-9, - and _: {name} is not one."
        assert spoken(lang, sentence, name=repr(name)) in result.err
        assert not apoa.home.exists()

    def test_a_name_that_windows_keeps_for_a_device(self, apoa: Apoa) -> None:
        """The error says so on every platform: the name has the form of a short name."""
        result = apoa("setup", "--non-interactive", "--training", "--property", "con")
        assert (result.code, apoa.home.exists()) == (2, False)
        assert "Windows keeps the name con for a device: no property can have it." in result.err

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
            ("--api-url", "https://apoa.imigrasi.go.id/", 2),
            ("--ca-bundle", "/nowhere/ca.pem", 78),
        ],
    )
    def test_invalid_option_values(self, apoa: Apoa, option: str, value: str, code: int) -> None:
        """Each invalid value is explained, a password in an address is not shown, and nothing is created."""
        result = apoa.set_up(NOWHERE.replace("http:", "https:") if option == "--ca-bundle" else NOWHERE, option, value)
        assert result.code == code, result.all
        assert result.err
        assert "rahasia" not in result.all
        assert not apoa.home.exists()

    @pytest.mark.parametrize(
        ("arguments", "words", "code"),
        [
            ([], "Where are reports sent?", Exit.USAGE),
            (["--api-url", NOWHERE], "username", Exit.USAGE),
            (["--api-url", NOWHERE, "--username", "u"], "--password-stdin", Exit.CREDENTIALS),
            (["--api-url", NOWHERE, "--username", "u", "--password-stdin"], "No password came", Exit.USAGE),
        ],
    )
    @pytest.mark.parametrize("keys", [None, [PASSWORD]], ids=["unattended", "at a terminal"])
    def test_missing_options(
        self, apoa: Apoa, arguments: list[str], words: str, code: int, keys: list[str] | None
    ) -> None:
        """With `--non-interactive` the error names the missing option, and nothing is asked, also at a terminal."""
        place = ["--property", "melati", "--vault", "file"]
        keys = None if "--password-stdin" in arguments else keys
        result = apoa("setup", "--non-interactive", *place, *arguments, keys=keys)
        assert (result.code, words in result.err) == (code, True)
        assert not apoa.home.exists()

    def test_a_bundle_is_stored_with_its_full_path(
        self, apoa: Apoa, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Cron and another window have another working directory. A log-in corrects an older setting."""
        (tmp_path / "ca.pem").write_bytes(CA.read_bytes())
        monkeypatch.chdir(tmp_path)
        assert apoa.set_up(serve().base_url, "--ca-bundle", "ca.pem").code == 0
        assert settings(apoa)["ca_bundle"] == str(tmp_path / "ca.pem")
        config = apoa.home / "config.toml"
        config.write_text(re.sub("ca_bundle = .*", 'ca_bundle = "ca.pem"', config.read_text(encoding="utf-8")))
        assert apoa("login", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
        assert settings(apoa)["ca_bundle"] == str(tmp_path / "ca.pem")

    def test_invalid_settings_are_not_overwritten(self, apoa: Apoa) -> None:
        """The error names the settings file, and the file does not change."""
        apoa.home.mkdir()
        (apoa.home / "config.toml").write_text("language = [")
        result = apoa(*TRAINING)
        assert result.code == 78
        assert "config.toml" in result.err
        assert (apoa.home / "config.toml").read_text() == "language = ["


class TestSetupAtATerminal:
    """Set-up at a terminal uses the authority and the keyring; other tests cover its questions."""

    def test_the_window_of_the_authority_is_stored(self, apoa: Apoa, serve: Serve) -> None:
        """A long reporting window is written to the settings and used by later commands."""
        assert apoa.set_up(serve(window_hours=720).base_url).code == 0
        assert settings(apoa, "melati")["window_hours"] == 720
        saved = apoa.save()
        assert saved["due_at"] == "2026-12-24T20:00:00+07:00"

    @pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 77)])
    def test_without_a_keyring(self, apoa: Apoa, answer: str, code: int) -> None:
        """Without a keyring the user is offered a key file; the answer no creates no property."""
        result = apoa("setup", keys=["en", "kebun", "", "", "", "WIB", "practice", answer])
        assert result.code == code, result.all
        assert "Keep the secrets in a file" in result.err
        assert (apoa.home / "config.toml").exists() == (code == 0)
        assert (apoa.home / "kebun" / "keys.json").exists() == (code == 0)

    def test_non_interactive_asks_nothing(self, apoa: Apoa) -> None:
        """`--non-interactive` asks nothing, also at a terminal."""
        assert apoa("setup", "--non-interactive", "--training", keys=[]).code == 2


class TestLogin:
    """`apoa login` tests a password before it stores it."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_correct_password_ends_the_suspension(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """A refused password suspends sending, and a login with a correct password ends the suspension."""
        apoa.set_up(serve("401*2").base_url)
        apoa.save()
        first = apoa("sync", "--json")
        assert (first.code, first.json["stopped"]) == (77, True)
        stopped = apoa("status", "--json").json["sending_stopped"]
        assert stopped == {"reason": "wrong_password", "since": "2026-11-24T20:00:00+07:00"}
        moment = time_in(lang, f"24 {spoken(lang, 'Nov')} 2026 20:00 WIB")
        sentence = "SENDING HAS STOPPED since {since}: the authority refused the login."
        assert spoken(lang, sentence, since=moment) in apoa("status", lang=lang).out
        assert apoa("sync", lang=lang).code == 77
        result = apoa("login", "--password-stdin", stdin=PASSWORD + "\r\n", lang=lang)
        assert result.code == 0
        assert result.out.splitlines() == [
            spoken(lang, "The authority accepts the password. It is stored."),
            spoken(lang, "Send what waits with: apoa sync"),
        ]
        assert apoa("status", "--json").json["sending_stopped"] is None
        assert apoa("sync").code == 0

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_refused_password_is_not_stored(self, configured: Apoa, lang: str) -> None:
        """After a refused password the old password is kept and works."""
        result = configured("login", "--password-stdin", stdin="salah\n", lang=lang)
        assert (result.code, result.out) == (77, "")
        assert "salah" not in result.all
        assert spoken(lang, "Nothing was changed. Check the username and the password.") in result.err
        assert configured(*QUENTIN.mrz("--json")).json["state"] == "accepted"

    def test_another_username(self, apoa: Apoa, serve: Serve) -> None:
        """A username is tested with the password and then stored in the settings."""
        server = serve(username="lain")
        given = ["--api-url", server.base_url, "--username", "lain", "--password-stdin"]
        apoa("setup", "--non-interactive", "--property", "melati", *given, "--vault", "file", stdin=PASSWORD)
        refused = apoa("login", "--username", "siapa", "--password-stdin", stdin=PASSWORD)
        assert refused.code == 77
        assert settings(apoa)["username"] == "lain"
        assert apoa("login", "--username", "siapa", "--password-stdin", "--no-test", stdin="x").code == 0
        assert settings(apoa)["username"] == "siapa"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_password_is_stored_untested_on_request(self, away: Apoa, lang: str) -> None:
        """Offline a password is not stored, unless `--no-test` is given."""
        tested = away("login", "--password-stdin", stdin="baru\n", lang=lang)
        assert tested.code == 75
        keys = Path(away.home / "melati" / "keys.json")
        assert "baru" not in keys.read_text()
        result = away("login", "--password-stdin", "--no-test", stdin="baru\n", lang=lang)
        assert (result.code, result.out.strip()) == (0, spoken(lang, "The password is stored."))
        assert "baru" in keys.read_text()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_password_of_the_environment(self, configured: Apoa, lang: str) -> None:
        """Without a terminal it is the one that is tested. It is not stored."""
        result = configured("login", lang=lang, APOA_PASSWORD=PASSWORD)
        sentence = "The authority accepts the password of {place}."
        assert (result.code, result.out.strip()) == (0, spoken(lang, sentence, place="APOA_PASSWORD"))
        assert result.err == ""
        untested = configured("login", "--no-test", lang=lang, APOA_PASSWORD="usang")
        assert (untested.code, untested.out.strip()) == (0, spoken(lang, "Sending is allowed again."))
        assert "usang" not in (configured.home / "melati" / "keys.json").read_text()
        refused = configured("login", lang=lang, APOA_PASSWORD="usang")
        assert refused.code == 77

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_password_of_the_environment_is_reported(self, configured: Apoa, lang: str) -> None:
        """The output says that the password of the environment is used instead, and does not show it."""
        result = configured("login", "--password-stdin", stdin=PASSWORD, lang=lang, APOA_PASSWORD="usang")
        sentence = "But {place} gives a password too, and that one is used."
        assert (result.code, spoken(lang, sentence, place="APOA_PASSWORD") in result.err) == (0, True)
        assert "usang" not in result.all

    def test_at_a_terminal(self, configured: Apoa) -> None:
        """The password is asked for and not shown."""
        result = configured("login", keys=[PASSWORD])
        assert result.code == 0, result.err
        assert PASSWORD not in result.all

    def test_without_a_terminal(self, configured: Apoa) -> None:
        """Without a terminal the password is missing, and the option to give it is named."""
        result = configured("login")
        assert result.code == Exit.CREDENTIALS
        assert "--password-stdin" in result.err

    def test_training_needs_no_password(self, apoa: Apoa) -> None:
        """A training property asks for no password and says so."""
        apoa(*TRAINING)
        assert apoa("login").out == apoa("logout").out == "A training property needs no password.\n"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_logout(self, configured: Apoa, lang: str) -> None:
        """Logout removes the password only: a report can be saved, and sending fails with advice."""
        result = configured("logout", lang=lang)
        assert result.code == 0
        assert spoken(lang, "The password is removed. Reports are still saved; sending needs: apoa login") in result.out
        assert PASSWORD not in (configured.home / "melati" / "keys.json").read_text()
        saved = configured(*QUENTIN.mrz(), lang=lang)
        assert saved.code == 0
        sync = configured("sync", lang=lang)
        assert sync.code == 77
        assert spoken(lang, "Store it with: apoa login") in sync.err
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert configured("status", "--json").json["sending_stopped"] is None
        assert configured("sync", keys=[PASSWORD]).code == 0  # the password is asked for

    def test_the_password_of_the_environment(self, configured: Apoa, tmp_path: Path) -> None:
        """A password from a file or a variable is used before the stored one."""
        configured("logout")
        configured.save()
        secret = tmp_path / "password"
        secret.write_text(PASSWORD + "\n", encoding="utf-8")
        secret.chmod(0o600)
        assert configured("sync", APOA_PASSWORD_FILE=str(secret)).code == 0
        configured.save(XIMENA)
        assert configured("sync", APOA_PASSWORD=PASSWORD).code == 0
