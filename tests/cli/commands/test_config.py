"""`apoa config`: settings are shown with their origin, explained, and changed only as far as reports stay safe."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, NOWHERE, Apoa, readable_in, spoken, typed_in
from screens import Screens

from apoa_client.errors import Exit
from apoa_client.settings.config import GENERAL, OF_A_PROPERTY


@pytest.fixture
def practice(set_up_once: Callable[..., Apoa]) -> Apoa:
    """The program with a property for training."""
    return set_up_once("training", "--training")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(configured: Apoa, screens: Screens, lang: str) -> None:
    """The settings, one in full, changes with what follows from them, and what is refused."""
    for words in (
        *(["explain"], ["explain", "by_hand_order"], ["explain", "vault"], ["explain", "vualt"]),
        *(["get", "retention_days"], ["get", "vualt"], ["lst"], ["set", "retention_days", "120"]),
        *(["set", "retention_days", "30"], ["set", "timezone", "Mars"], ["set", "api_url", NOWHERE]),
        *(["set", "public_key", "abc"], ["set", "window_hours", "48"], ["unset", "retention_days", "--yes"]),
        *(["set", "vault", "keyring"], ["set", "default_property", "kuta"], ["set", "password", "kuda"]),
    ):
        screens(configured, "config", *words, lang=lang)
    screens(configured, "config", "set", "retention_days", "30", keys=[""], lang=lang)
    screens(configured, "config", "set", "notify", "off", lang=lang, APOA_NOTIFY="on")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_origin_screens(practice: Apoa, screens: Screens, lang: str) -> None:
    """Values for scripts; those of all properties and of variables; and one property that is wrong."""
    file = practice.home / "config.toml"

    def config(*lines: str) -> None:
        for line in lines:
            screens(practice, "config", *line.split(), lang=lang)

    config("get retention_days", "get Retention-Days", "get property.melati.vault", "get defaults.vault", "get office")
    config("get default_property", "get property.kuta.vault", "set property.kuta.office file")
    config("set timezone wita", "get timezone")
    config("set retention_days 200", "unset retention_days")
    screens(practice, "config", "unset", "retention_days", lang=lang, APOA_RETENTION_DAYS="300")
    config("unset retention_days")
    assert "retention_days" not in practice.settings()
    practice("setup", "--non-interactive", "--property", "kuta", "--training", "--vault", "file")
    before, _heading, own = file.read_text(encoding="utf-8").partition("[property.kuta]")
    file.write_text(f'{before}[property.kuta]\nvualt = "file"{own}', encoding="utf-8")
    config("set notify off", "get property.kuta.vault", "set property.kuta.notify off")
    assert practice("config", "list", "--all", lang=lang).code == Exit.SETTINGS
    own = own.replace('api_url = "training"\n', "")
    file.write_text(f"{before}[property.kuta]{own}", encoding="utf-8")
    config("get property.kuta.vault", "set notify off", "unset api_url")


class TestList:
    """`apoa config list`."""

    def test_every_setting_with_its_origin(self, practice: Apoa) -> None:
        """The program's and the property's, in one form: from the environment, a line of a file, or by default."""
        practice.environ |= {"APOA_BACKUP_KEEP": "3"}
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
        assert shown["backup_keep"] == (3, "environment", "APOA_BACKUP_KEEP", None)
        assert shown["window_hours"] == (24, "default", None, None)
        assert shown["username"] == (None, "default", None, None)
        assert by_key["retention_days"]["allowed"] == {"least": 1, "most": 3650}
        assert by_key["vault"]["allowed"] == ["keyring", "file"]
        assert [key for key, each in by_key.items() if not each["settable"]] == [
            *("api_url", "public_key", "index_key", "environment", "property_id", "vault", "delivery")
        ]

    def test_the_key_of_the_hash_is_shown_nowhere(self, practice: Apoa) -> None:
        """With it, the finder of a database could test whether a passport was here."""
        key = practice.settings()["index_key"]
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
        assert practice.settings()["retention_days"] == 120
        again = practice("config", "set", "retention_days", "120")
        assert (again.code, again.out.count("120"), " 90" in again.out) == (0, 1, False)
        assert practice("purge", "--dry-run", "--json").json["retention_days"] == 120

    def test_certificates_are_read_first(self, practice: Apoa, tmp_path: Path) -> None:
        """A file that does not exist or has none is refused, before any report fails for it."""
        (tmp_path / "none.pem").write_text("no certificate", encoding="utf-8")
        for name in ("missing.pem", "none.pem"):
            said = practice("config", "set", "ca_bundle", str(tmp_path / name))
            assert (said.code, "cannot be read" in said.err) == (Exit.SETTINGS, True)


def test_a_new_username(configured: Apoa) -> None:
    """It says that the password is given again, and nothing is sent until it is."""
    configured.save()
    said = configured("config", "set", "username", "lain")
    assert (said.code, "Give it again with: apoa login" in said.err) == (0, True)
    assert configured("sync").code == Exit.CREDENTIALS
    assert configured.states() == [("check_in", "queued")]


class TestPathAndExplain:
    """`apoa config path` and `apoa config explain`."""

    def test_the_file(self, practice: Apoa) -> None:
        """The user's, and whether it exists."""
        file = practice.home / "config.toml"
        found = practice("config", "path", "--json").json["files"]
        assert found == [{"file": "user", "path": str(file), "exists": True}]
        assert str(file) in practice("config", "path").out

    def test_each_setting(self, practice: Apoa) -> None:
        """Its meaning, and how to set it, which works."""
        for name, definition in (GENERAL | OF_A_PROPERTY).items():
            said = practice("config", "explain", name, lang="id")
            assert (said.code, spoken("id", definition.meaning.template) in said.out) == (0, True), name
            example = typed_in("id", f"apoa config set {name} ")
            assert (example in said.out) == (definition.set_instead is None), name


def test_an_option_of_set_up_and_the_environment_disagree(apoa: Apoa) -> None:
    """The secrets would be stored in one vault and looked for in the other."""
    words = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault"]
    said = apoa(*words, "keyring", APOA_VAULT="file")
    assert (said.code, "APOA_VAULT says otherwise" in said.err) == (Exit.USAGE, True)
    assert apoa(*words, "file", APOA_VAULT="file").code == 0


def test_a_secret_typed_by_mistake(practice: Apoa, tmp_path: Path) -> None:
    """It is neither stored, nor repeated, nor logged; and the user learns where the shell may have kept it."""
    secret, log = "Rahasia-123", tmp_path / "log"
    for key in ("password", "kata-sandi", "property.melati.private_key", "passwort"):
        said = practice("-vv", "--log-file", str(log), "config", "set", key, secret)
        assert (said.code, secret in said.all) == (2, False)
        assert key == "passwort" or "your shell's history" in said.err
    assert not readable_in(tmp_path, [secret])
