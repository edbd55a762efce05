"""`apoa config`: settings are shown with their origin, explained, and changed only as far as reports stay safe."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import LANGUAGES, NOWHERE, Apoa, Serve, spoken, typed_in
from screens import Screens

from apoa_client.errors import Exit
from apoa_client.settings.config import GENERAL, OF_A_PROPERTY

SITE = '[defaults]\nretention_days = 60\noffice = "Kanim Denpasar"\n'


@pytest.fixture
def practice(apoa: Apoa) -> Apoa:
    """The program with a property for training."""
    said = apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file")
    assert said.code == 0, said.err
    return apoa


def table(apoa: Apoa, name: str = "melati") -> dict[str, Any]:
    value: dict[str, Any] = tomllib.loads((apoa.home / "config.toml").read_text(encoding="utf-8"))["property"][name]
    return value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(configured: Apoa, screens: Screens, lang: str) -> None:
    """The settings, one in full, changes with what follows from them, and what is refused."""
    for words in (
        *(["explain"], ["explain", "by_hand_order"], ["explain", "vault"], ["explain", "vualt"]),
        *(["get", "retention_days"], ["get", "vualt"], ["lst"], ["set", "retention_days", "120"]),
        *(["set", "retention_days", "30"], ["set", "timezone", "Mars"], ["set", "api_url", NOWHERE]),
        *(["set", "api_url", "http://a.example/v1"], ["set", "api_url", "https://apoa.imigrasi.go.id"]),
        *(["set", "public_key", "abc"], ["set", "window_hours", "48"], ["unset", "retention_days", "--yes"]),
        *(["unset", "api_url"], ["set", "default_property", "kuta"], ["set", "password", "kuda"]),
    ):
        screens(configured, "config", *words, lang=lang)
    screens(configured, "config", "set", "retention_days", "30", keys=[""], lang=lang)
    screens(configured, "config", "set", "notify", "off", lang=lang, APOA_NOTIFY="on")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_origin_screens(practice: Apoa, screens: Screens, tmp_path: Path, lang: str) -> None:
    """Values for scripts; those of all properties, of all users and of variables; and one property that is wrong."""
    file, site = practice.home / "config.toml", tmp_path / "site.toml"

    def config(*lines: str) -> None:
        for line in lines:
            screens(practice, "config", *line.split(), lang=lang)

    config("get retention_days", "get Retention-Days", "get property.melati.vault", "get defaults.vault", "get office")
    config("get default_property", "get property.kuta.vault", "set property.kuta.vault file")
    config("set defaults.timezone wit", "get timezone", "set timezone wita", "get timezone", "get defaults.timezone")
    config("set retention_days 200", "unset retention_days")
    screens(practice, "config", "unset", "retention_days", lang=lang, APOA_RETENTION_DAYS="300")
    config("set defaults.retention_days 10", "set retention_days 100")
    site.write_text(SITE, encoding="utf-8")
    practice.environ["APOA_SITE_CONFIG"] = str(site)
    config("unset retention_days --yes", "unset retention_days")
    assert "retention_days" not in table(practice)
    practice("setup", "--non-interactive", "--property", "kuta", "--training", "--vault", "file")
    before, _heading, own = file.read_text(encoding="utf-8").partition("[property.kuta]")
    file.write_text(f'{before}[property.kuta]\nvualt = "file"{own}', encoding="utf-8")
    config("set notify off", "get property.kuta.vault", "set property.kuta.notify off")
    assert practice("config", "list", "--all", lang=lang).code == Exit.SETTINGS
    own = own.replace('api_url = "training"\n', "")
    file.write_text(f"{before}[property.kuta]{own}", encoding="utf-8")
    config("get property.kuta.vault", "set notify off", "unset api_url", "set defaults.api_url training")
    config("get property.kuta.vault")


class TestList:
    """`apoa config list`."""

    def test_every_setting_with_its_origin(self, practice: Apoa, tmp_path: Path) -> None:
        """The program's and the property's, in one form: from the environment, a line of a file, or by default."""
        (tmp_path / "site.toml").write_text(SITE, encoding="utf-8")
        practice.environ |= {"APOA_SITE_CONFIG": str(tmp_path / "site.toml"), "APOA_BACKUP_KEEP": "3"}
        found = practice("config", "list", "--json").json["settings"]
        names = [*GENERAL, *(f"property.melati.{name}" for name in OF_A_PROPERTY)]
        assert [each["key"] for each in found] == names
        by_key = {each["key"].rpartition(".")[2]: each for each in found}
        own = str(practice.home / "config.toml")
        shown = {key: tuple(by_key[key][part] for part in ("value", "source", "place", "line")) for key in by_key}
        assert shown["language"] == ("en", "environment", "APOA_LANG", None)
        assert shown["vault"][:3] == ("file", "user", own)
        lines = Path(own).read_text(encoding="utf-8").splitlines()
        assert lines[shown["vault"][3] - 1] == 'vault = "file"'
        assert shown["retention_days"] == (60, "site", str(tmp_path / "site.toml"), 2)
        assert shown["backup_keep"] == (3, "environment", "APOA_BACKUP_KEEP", None)
        assert shown["window_hours"] == (24, "default", None, None)
        assert shown["username"] == (None, "default", None, None)
        assert by_key["retention_days"]["allowed"] == {"least": 1, "most": 3650}
        assert by_key["vault"]["allowed"] == ["keyring", "file"]
        assert [key for key, each in by_key.items() if not each["settable"]] == [
            *("public_key", "index_key", "environment", "property_id", "delivery")
        ]

    def test_the_key_of_the_hash_is_shown_nowhere(self, practice: Apoa) -> None:
        """With it, the finder of a database could test whether a passport was here."""
        key = table(practice)["index_key"]
        calls = [["list"], ["list", "--json"], ["get", "index_key"], ["get", "index_key", "--json"]]
        calls += [["explain", "index_key"], ["explain", "index_key", "--json"]]
        for words in calls:
            assert key not in practice("config", *words).all
        assert practice("config", "get", "index_key").code == Exit.USAGE


class TestSet:
    """`apoa config set` and `unset`."""

    def test_old_and_new_value(self, practice: Apoa) -> None:
        """The file has the new value, and every command uses it; the document has the value before."""
        found = practice("config", "set", "retention_days", "120", "--json").json
        assert (found["before"], found["value"], found["source"], found["consequences"]) == (90, 120, "user", [])
        assert table(practice)["retention_days"] == 120
        again = practice("config", "set", "retention_days", "120")
        assert (again.code, again.out.count("120"), " 90" in again.out) == (0, 1, False)
        assert practice("purge", "--dry-run", "--json").json["retention_days"] == 120

    def test_certificates_are_read_first(self, practice: Apoa, tmp_path: Path) -> None:
        """A file that does not exist or has none is refused, before any report fails for it."""
        (tmp_path / "none.pem").write_text("no certificate", encoding="utf-8")
        for name in ("missing.pem", "none.pem"):
            said = practice("config", "set", "ca_bundle", str(tmp_path / name))
            assert (said.code, "cannot be read" in said.err) == (Exit.SETTINGS, True)


class TestAccount:
    """Changes of what a stored password is bound to."""

    def test_a_new_address_and_username(self, configured: Apoa, serve: Serve) -> None:
        """It says that the password is given again, and nothing is sent until it is."""
        configured.change_setting("environment", "production")
        configured.save()
        address = serve().base_url
        for key, value in (("api_url", address), ("username", "lain")):
            said = configured("config", "set", key, value)
            assert said.code == 0, said.err
            assert "Give it again with: apoa login" in said.err
            assert configured("sync").code == Exit.CREDENTIALS
        assert configured.states() == [("check_in", "queued")]

    def test_reports_without_a_decision(self, apoa: Apoa, serve: Serve) -> None:
        """The authority that has them would not be asked any more, and another one might get them twice."""
        server = serve("pending", environment="production")
        assert apoa.set_up(server.base_url).code == 0
        report = apoa.send()
        assert report["state"] == "pending"
        said = apoa("config", "set", "api_url", NOWHERE)
        assert said.code == Exit.USAGE
        assert "1 report on which it has not decided yet" in said.err

    def test_a_vault_that_has_the_key(self, configured: Apoa, keyring: dict[str, str]) -> None:
        """It is allowed once the private key is there, as after a move by hand."""
        assert configured("config", "set", "vault", "keyring").code == Exit.USAGE
        key = (configured.home / "melati" / "keys.json").read_text(encoding="utf-8")
        keyring["apoa-client/melati/private-key"] = json.loads(key)["private-key"]
        said = configured("config", "set", "vault", "keyring")
        assert (said.code, "apoa login" in said.err) == (0, True)


class TestPathAndExplain:
    """`apoa config path` and `apoa config explain`."""

    def test_the_files(self, practice: Apoa, tmp_path: Path) -> None:
        """The user's and that for all users, and which of them exist."""
        practice.environ["APOA_SITE_CONFIG"] = str(tmp_path / "site.toml")
        found = practice("config", "path", "--json").json["files"]
        assert found == [
            {"file": "user", "path": str(practice.home / "config.toml"), "exists": True},
            {"file": "site", "path": str(tmp_path / "site.toml"), "exists": False},
        ]
        said = practice("config", "path")
        assert str(practice.home / "config.toml") in said.out
        practice.environ["APOA_SITE_CONFIG"] = ""
        assert len(practice("config", "path", "--json").json["files"]) == 1

    @pytest.mark.parametrize("name", [*GENERAL, *OF_A_PROPERTY])
    def test_each_setting(self, practice: Apoa, name: str) -> None:
        """Its meaning, and how to set it, which works."""
        said = practice("config", "explain", name, lang="id")
        definition = {**GENERAL, **OF_A_PROPERTY}[name]
        assert (said.code, spoken("id", definition.meaning.template) in said.out) == (0, True)
        example = typed_in("id", f"apoa config set {name} ")
        assert (example in said.out) == (definition.set_instead is None)


def test_the_file_for_all_users_begins_a_set_up(apoa: Apoa, tmp_path: Path) -> None:
    """The set-up of a property of that file takes over what it says, and copies nothing of it."""
    site = tmp_path / "site.toml"
    site.write_text(f'{SITE}[property.melati]\napi_url = "training"\ntimezone = "Asia/Makassar"\n', encoding="utf-8")
    apoa.environ |= {"APOA_SITE_CONFIG": str(site), "APOA_VAULT": "file"}
    assert apoa("setup", "--non-interactive", "--property", "melati").code == 0
    assert sorted(table(apoa)) == ["environment", "index_key", "property_id", "public_key", "vault"]
    assert apoa("config", "get", "timezone").out == "Asia/Makassar\n"
    assert apoa("status").code == 0


def test_an_option_of_set_up_and_the_environment_disagree(apoa: Apoa) -> None:
    """The secrets would be stored in one vault and looked for in the other."""
    words = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault"]
    said = apoa(*words, "keyring", APOA_VAULT="file")
    assert (said.code, "APOA_VAULT says otherwise" in said.err) == (Exit.USAGE, True)
    assert apoa(*words, "file", APOA_VAULT="file").code == 0


@pytest.mark.parametrize("key", ["password", "kata-sandi", "property.melati.private_key", "passwort"])
def test_a_secret_typed_by_mistake(configured: Apoa, tmp_path: Path, key: str) -> None:
    """It is neither stored, nor repeated, nor logged; and the user learns where the shell may have kept it."""
    secret, log = "Rahasia-123", tmp_path / "log"
    said = configured("-vv", "--log-file", str(log), "config", "set", key, secret)
    assert said.code == 2
    assert key == "passwort" or "your shell's history" in said.err
    written = [path.read_bytes() for path in (log, *configured.home.rglob("*")) if path.is_file()]
    assert not any(secret.encode() in each for each in [*written, (said.out + said.err).encode()])
