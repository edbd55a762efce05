"""The environment is above the files, and the settings for all users lie below each user's own."""

import os
import sys
from pathlib import Path

import platformdirs
import pytest

from apoa_client.errors import Exit, SettingsProblem
from apoa_client.permissions import UNSAFE, check_shared_file
from apoa_client.settings import reading
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import SiteFile, find_folders, find_site_file
from apoa_client.settings.reading import load, values_from
from apoa_client.settings.writer import save

KEY = "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU="
OWN = f'[property.bali]\npublic_key = "{KEY}"\n'
SITE = """\
language = "en"
default_property = "bali"

[defaults]
retention_days = 30
timezone = "Asia/Makassar"

[property.bali]
api_url = "https://authority.example/v1"
username = "melati"
timezone = "Asia/Jayapura"
"""


@pytest.fixture
def path(home: Path) -> Path:
    """The path of the user's settings file, in a folder that exists."""
    home.mkdir(0o700)
    return home / "config.toml"


@pytest.fixture
def site(tmp_path: Path) -> SiteFile:
    """The file for all users."""
    file = tmp_path / "site.toml"
    file.write_text(SITE, encoding="utf-8")
    return SiteFile(file, named=True)


def problem(path: Path, site: SiteFile) -> SettingsProblem:
    with pytest.raises(SettingsProblem) as caught:
        load(path, site)
    assert caught.value.exit_code is Exit.SETTINGS
    return caught.value


def test_the_nearer_value_applies(path: Path, site: SiteFile) -> None:
    """The user's table, then the user's defaults, then the table for all users, then their defaults."""
    path.write_text(OWN, encoding="utf-8")
    bali = load(path, site).properties["bali"]
    assert (bali.api_url, bali.username, bali.timezone) == ("https://authority.example/v1", "melati", "Asia/Jayapura")
    assert (bali.retention_days, bali.window_hours) == (30, 24)
    path.write_text(f"[defaults]\ntimezone = 'Asia/Jakarta'\nretention_days = 40\n{OWN}", encoding="utf-8")
    bali = load(path, site).properties["bali"]
    assert (bali.timezone, bali.retention_days) == ("Asia/Jakarta", 40)
    path.write_text(f"language = 'id'\n{OWN}timezone = 'Asia/Pontianak'\n", encoding="utf-8")
    config = load(path, site)
    assert config.properties["bali"].timezone == "Asia/Pontianak"
    assert (config.language, config.default_property) == ("id", "bali")


def test_only_the_user_own_properties_are_set_up(path: Path, site: SiteFile) -> None:
    """A property for all users has no key here: it is what the set-up begins with."""
    config = load(path, site)
    assert (config.properties, config.language, config.default_property) == ({}, "en", "bali")
    assert config.new_property("bali").api_url == "https://authority.example/v1"
    assert config.new_property("kuta") == PropertySettings("kuta", "", "", timezone="Asia/Makassar", retention_days=30)


def test_what_applies_by_itself_is_not_written(path: Path, site: SiteFile) -> None:
    """So that the administrator's later change applies; what differs is written, a value of the program's too."""
    bali = load(path, site).new_property("bali")._replace(public_key=KEY, retention_days=90)
    save(path, bali, site=site)
    text = path.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if " = " in line] == [f'public_key = "{KEY}"', "retention_days = 90"]
    assert load(path, site).properties["bali"] == bali


def test_a_later_change_writes_only_itself(path: Path, site: SiteFile) -> None:
    """Another process may have changed another setting meanwhile, which stays."""
    before = load(path, site).new_property("bali")._replace(public_key=KEY)
    save(path, before, site=site)
    save(path, before._replace(office="Denpasar"), before=before, site=site)
    save(path, before._replace(username="lain"), before=before, site=site)
    assert load(path, site).properties["bali"] == before._replace(office="Denpasar", username="lain")
    save(path, before, before=before._replace(username="lain"), site=site)
    assert "username" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("key", ["public_key", "index_key", "environment", "property_id"])
def test_the_program_own_settings_belong_to_one_computer(path: Path, site: SiteFile, key: str) -> None:
    """A key for all users would let its writer read every report."""
    site.path.write_text(f'[property.bali]\n{key} = ""\n', encoding="utf-8")
    error = problem(path, site)
    assert "Line 2" in error.message.render()
    assert error.advice is not None
    assert "only its own table in the user's file" in error.advice.render()


def test_a_mistake_names_the_file_for_all_users(path: Path, site: SiteFile) -> None:
    """With its line, also for a property that is not set up here."""
    site.path.write_text('[property.kuta]\nvault = "drawer"\n', encoding="utf-8")
    error = problem(path, site)
    assert error.advice is not None
    assert "Ask an administrator" in error.advice.render()
    said = error.message.render()
    assert said.startswith(f"Line 2 of the settings file {site.path} is not right: [property.kuta] vault drawer.")


def test_a_named_file_must_exist(path: Path, tmp_path: Path) -> None:
    """A container whose file was not mounted does not run without its settings; the platform's file may be missing."""
    missing = tmp_path / "missing.toml"
    assert "APOA_SITE_CONFIG" in problem(path, SiteFile(missing, named=True)).message.render()
    assert load(path, SiteFile(missing)).properties == {}


@pytest.mark.skipif(os.name == "nt", reason="no modes on Windows, where the access list says it")
def test_another_user_may_not_change_the_file(path: Path, site: SiteFile) -> None:
    """The error names the commands of an administrator, and how to go on meanwhile."""
    site.path.chmod(0o666)
    error = problem(path, site)
    assert error.name == UNSAFE
    assert error.advice is not None
    said = error.advice.render()
    assert f"sudo chown root {site.path}" in said
    assert f"sudo chmod go-w {site.path}" in said
    assert "APOA_SITE_CONFIG" in said


@pytest.mark.skipif(os.name == "nt", reason="no modes on Windows, where the access list says it")
def test_a_file_that_appears_after_the_check(path: Path, site: SiteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another user makes just before it is read is refused, too."""
    hidden = site.path.rename(site.path.with_suffix(".hidden"))
    hidden.chmod(0o666)

    def check(file: Path) -> None:
        check_shared_file(file)
        if hidden.exists():
            hidden.rename(site.path)

    monkeypatch.setattr(reading, "check_shared_file", check)
    assert problem(path, site).name == UNSAFE


@pytest.mark.skipif(os.name == "nt", reason="no modes on Windows, where the access list says it")
def test_a_folder_like_tmp(path: Path, site: SiteFile) -> None:
    """Others can put a file there as soon as the administrator's is taken away: it is not used."""
    folder = site.path.parent / "sticky"
    folder.mkdir()
    file = site.path.rename(folder / "site.toml")
    folder.chmod(0o1777)
    assert problem(path, SiteFile(file, named=True)).name == UNSAFE


@pytest.mark.skipif(os.name == "nt", reason="no modes on Windows, where the access list says it")
def test_a_missing_file_may_be_in_a_folder_of_others(tmp_path: Path) -> None:
    """On macOS administrators may write into the folder; a file that one of them puts there is checked itself."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    check_shared_file(shared / "config.toml")
    (shared / "config.toml").touch()
    with pytest.raises(SettingsProblem):
        check_shared_file(shared / "config.toml")


def test_the_advice_on_windows(path: Path, site: SiteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """All users keep the right to read, and the file belongs to the administrators."""
    fault = permissions_of_windows(site.path)
    monkeypatch.setattr("apoa_client.permissions.find_fault", lambda _path, **_levels: fault)
    monkeypatch.setattr("apoa_client.permissions._POSIX", False)
    advice = problem(path, site).advice
    assert advice is not None
    for words in ("/setowner *S-1-5-32-544", '"*S-1-5-32-545:RX"', '"*S-1-5-32-544:F"'):
        assert words in advice.render()


def permissions_of_windows(path: Path) -> object:
    from apoa_client.messages import msg
    from apoa_client.permissions import Fault

    return Fault(msg("Other users of this computer can change {path}, so it is not used.", path=str(path)), msg(""))


def test_the_variable_names_the_file(home: Path, tmp_path: Path) -> None:
    """With APOA_HOME too; empty, no file is read; a relative one is refused: cron has another working directory."""
    named = {"APOA_HOME": str(home), "APOA_SITE_CONFIG": str(tmp_path / "x.toml")}
    assert find_folders(named).site == SiteFile(tmp_path / "x.toml", named=True)
    assert find_folders({"APOA_HOME": str(home), "APOA_SITE_CONFIG": ""}).site is None
    for value in ("site.toml", "./site.toml"):
        with pytest.raises(SettingsProblem, match="APOA_SITE_CONFIG is not the full path"):
            find_site_file({"APOA_SITE_CONFIG": value})


class TestPlatformFolder:
    """Found without platformdirs, which every command would have to load."""

    @pytest.fixture(autouse=True)
    def _platform(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Undo what hides this computer's own file from the other tests."""
        monkeypatch.undo()

    def test_it_is_where_platformdirs_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """On this platform, in the usual environment."""
        monkeypatch.delenv("XDG_CONFIG_DIRS", raising=False)
        found = find_site_file(dict(os.environ))
        expected = Path(platformdirs.site_config_dir("apoa-client", appauthor=False)) / "config.toml"
        assert found is not None
        assert os.path.normcase(found.path) == os.path.normcase(expected)

    @pytest.mark.parametrize(
        ("platform", "environ", "expected"),
        [
            ("linux", {}, "/etc/xdg/apoa-client/config.toml"),
            ("darwin", {}, "/Library/Application Support/apoa-client/config.toml"),
            ("win32", {"PROGRAMDATA": "D:/Data"}, "D:/Data/apoa-client/config.toml"),
            ("win32", {}, "C:/ProgramData/apoa-client/config.toml"),
        ],
    )
    def test_each_platform(
        self, platform: str, environ: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Linux, macOS and Windows."""
        monkeypatch.setattr(sys, "platform", platform)
        found = find_site_file(environ)
        assert found is not None
        assert found.path.as_posix().replace("\\", "/") == expected

    @pytest.mark.skipif(sys.platform == "win32", reason="XDG's folders are POSIX'")
    def test_the_first_folder_of_xdg_that_has_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A desktop's session has more folders than cron; a relative one is left out, as the specification says."""
        monkeypatch.setattr(sys, "platform", "linux")
        folders = [tmp_path / "a", tmp_path / "b"]
        too_long = tmp_path / ("a" * 300)  # raises what a folder of another user does
        environ = {"XDG_CONFIG_DIRS": f"relative:{too_long}:{folders[0]}:{folders[1]}"}
        assert find_site_file(environ) == SiteFile(Path("/etc/xdg/apoa-client/config.toml"))
        (folders[1] / "apoa-client").mkdir(parents=True)
        (folders[1] / "apoa-client" / "config.toml").touch()
        assert find_site_file(environ) == SiteFile(folders[1] / "apoa-client" / "config.toml")


FOLDER = str(Path.cwd())
GIVEN = {
    "APOA_VAULT": "file",
    "APOA_CA_BUNDLE": FOLDER,
    "APOA_RETENTION_DAYS": "30",
    "APOA_TIMEZONE": "WITA",
    "APOA_NOTIFY": "off",
    "APOA_BACKUP_FOLDER": FOLDER,
    "APOA_BACKUP_KEEP": "3",
    "APOA_OUTBOX": "postgresql://melati@db.example/apoa",
}


def test_variables() -> None:
    """Each replaces its setting, an empty one none; nor does one of the program that is no setting."""
    numbers = {"APOA_RETENTION_DAYS": 30, "APOA_BACKUP_KEEP": 3, "APOA_TIMEZONE": "Asia/Makassar"}
    given = {name.removeprefix("APOA_").lower(): numbers.get(name, value) for name, value in GIVEN.items()}
    assert values_from(GIVEN) == given
    others = {"APOA_HOME": "/x", "APOA_API_URL": "https://x", "APOA_PUBLIC_KEY": KEY, "TIMEZONE": "x"}
    assert values_from({**dict.fromkeys(GIVEN, ""), **others}) == {}
    for locale in ("id", "en_US.UTF-8", "Indonesian_Indonesia"):
        assert values_from({"APOA_LANG": locale}) == {}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("APOA_RETENTION_DAYS", "ninety", "a number from 1 to 3650"),
        ("APOA_VAULT", "drawer", "keyring, file"),
        ("APOA_CA_BUNDLE", "ours.pem", "the full path"),
        ("APOA_OUTBOX", "postgresql://melati:rahasia@db.example/apoa", "without a password"),
        ("APOA_LANG", "fr", "id, en"),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    """Exit code 78; the value is not repeated, because a secret may have been put there."""
    with pytest.raises(SettingsProblem) as caught:
        values_from({name: value})
    assert caught.value.exit_code is Exit.SETTINGS
    said = caught.value.message.render()
    assert name in said
    assert allowed in said
    assert value not in said.replace(allowed, "")


def test_the_environment_is_above_the_files_and_is_not_written(home: Path) -> None:
    """A command that changes the file writes its change only: the next one without the variables is as before."""
    path = home / "config.toml"
    save(path, PropertySettings("bali", "training", KEY, retention_days=60))
    config = load(path, None, GIVEN)
    bali = config.properties["bali"]
    assert (bali.retention_days, bali.vault, bali.backup_keep) == (30, "file", 3)
    assert config.new_property("kuta").vault == "file"
    save(path, bali._replace(office="Denpasar"), before=bali)
    assert load(path).properties["bali"] == PropertySettings(
        "bali", "training", KEY, retention_days=60, office="Denpasar"
    )
