"""`apoa schedule`: install, show and remove automatic sending."""

import os
import sys
from pathlib import Path

import pytest
from basics import NOW
from cli_helpers import LANGUAGES, Apoa
from schedule_helpers import PROGRAM, Crontab, Tools, UserManager, use
from screens import Screens

from apoa_client.app.container import Container
from apoa_client.cli import main
from apoa_client.schedule.interface import ToolResult

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="cron")


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch) -> Crontab:
    """The only scheduler is cron."""
    tab = Crontab("# mine\n")
    use(monkeypatch, Tools({"crontab": tab}))
    return tab


@pytest.fixture
def apoa(apoa: Apoa, tab: Crontab) -> Apoa:
    """The program with two training properties."""
    del tab
    for name in ("melati", "kebun"):
        assert apoa("setup", "--non-interactive", "--property", name, "--training", "--vault", "file").code == 0
    return apoa


REFUSED = (
    *("--every 45m", "--every 7m", "--every 0m", "--every 2d", "--every 15", "--every soon"),
    *("--follow --every 5m", "--follow", "--kind task", "--import drop", "--map unknown"),
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(
    apoa: Apoa, tab: Crontab, screens: Screens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    """What is refused, installed, changed and removed, for all properties and for one; doing it again is no error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zlib.crc32", lambda _home: 0)  # each home has another minute

    def schedule(line: str, *options: str, keys: list[str] | None = None) -> None:
        screens(apoa, *options, "schedule", *line.split(), keys=keys, lang=lang)

    schedule("show")
    for words in REFUSED:
        schedule(f"install {words}")
    schedule("install --import drop --map unknown", "--property", "kebun")
    assert tab.text == "# mine\n"
    assert apoa("config", "unset", "default_property").code == 0
    for words in ("install", "install", "install --every 1h", "show"):
        schedule(words, keys=[])
    schedule("install", "--property", "kebun")
    schedule("remove", "--property", "kebun")
    schedule("remove", keys=[])
    schedule("remove")
    assert tab.text == "# mine\n"
    use(monkeypatch, Tools())
    schedule("install")
    (apoa.home / "config.toml").unlink()
    for words in ("install", "show", "remove"):
        schedule(words)
    use(monkeypatch, Tools({"crontab": lambda _words, _text: ToolResult(1, "", "not allowed")}))
    schedule("show")


def test_print_changes_nothing(apoa: Apoa, tab: Crontab) -> None:
    """And prints the line that an installation writes, word for word."""
    printed = apoa("schedule", "install", "--print")
    assert (printed.code, tab.text) == (0, "# mine\n")
    value = apoa("schedule", "install", "--print", "--json").json
    assert list(value) == ["kind", "files", "lines", "commands"]
    apoa("schedule", "install")
    assert printed.out == f"{tab.text.splitlines()[1]}\n"
    assert value["lines"] == [tab.text.splitlines()[1]]


@pytest.mark.parametrize(
    ("kind", "shown"), [("systemd", "ExecStart="), ("cron", "# apoa-sync"), ("launchd", "<plist"), ("task", "<Task")]
)
def test_print_for_another_computer(apoa: Apoa, tab: Crontab, kind: str, shown: str) -> None:
    """What a kind would install is printed for each kind that this computer lacks, before a property is set up too."""
    (apoa.home / "config.toml").unlink()
    assert apoa("schedule", "install", "--kind", kind).code != 0
    printed = apoa("schedule", "install", "--print", "--kind", kind)
    assert (printed.code, shown in printed.out, tab.text) == (0, True, "# mine\n"), printed.all
    assert apoa("schedule", "install", "--print", "--kind", kind, "--json").json["kind"] == kind


def test_a_service(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown as such, and what it printed about its last run; it has no interval."""
    manager = UserManager()
    use(monkeypatch, Tools({"systemctl": manager}))
    apoa.environ["HOME"] = str(apoa.home)
    installed = apoa("schedule", "install", "--follow", "--json").json
    assert (installed["kind"], installed["every_s"], installed["follow"]) == ("systemd", None, True)
    manager.shown = "LastTriggerUSec=Thu 2026-11-26 20:15:00 UTC\n"
    shown = apoa("schedule", "show")
    assert "all the time, as a service" in shown.out
    assert shown.out.count("Last run") == 1
    assert "exit code" not in shown.out
    assert apoa("schedule", "install", "--json").json["follow"] is True
    assert apoa("schedule", "install", "--every", "1h", "--json").json["every_s"] == 3600


def test_backups(apoa: Apoa, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The folder is set for each property that the schedule serves; a missing one is a warning."""
    folder = tmp_path_factory.mktemp("stick")
    said = apoa("schedule", "install", "--backup", str(folder))
    assert f"A backup is written once a day into: {folder}" in said.out
    config = (apoa.home / "config.toml").read_text()
    assert config.count(f'backup_folder = "{folder}"') == 2
    said = apoa("--property", "kebun", "schedule", "install", "--backup", str(folder / "gone"))
    assert (said.code, "This folder is not there now." in said.err) == (0, True)
    assert (apoa.home / "config.toml").read_text().count(f'backup_folder = "{folder}"') == 1


def test_a_folder_of_tables(apoa: Apoa, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The folder and the mapping are set for one property, and stay as they are until they are named again."""
    folder = tmp_path_factory.mktemp("drop")
    mapping = folder / "columns.toml"
    mapping.write_text('[columns]\n"No" = "document_number"\n')
    install = ["--property", "kebun", "schedule", "install"]
    apoa(*install, "--import", str(folder), "--map", str(mapping))
    apoa(*install)
    config = (apoa.home / "config.toml").read_text()
    assert config.count(f'import_folder = "{folder}"') == config.count(f'import_map = "{mapping}"') == 1
    gone = apoa(*install, "--import", str(folder / "gone"))
    assert (gone.code, "This folder is not there now." in gone.err) == (0, True)
    config = (apoa.home / "config.toml").read_text()
    assert (f'''import_folder = "{folder / "gone"}"''' in config, "import_map" in config) == (True, False)


def test_runs_and_problems_are_shown(apoa: Apoa, tab: Crontab) -> None:
    """How the last run ended, and a schedule that is switched off or starts another program."""
    apoa("schedule", "install")
    assert "The program that the schedule starts is not there any more." in apoa("schedule", "show").err
    tab.text = tab.text.replace(f"'{PROGRAM}'", sys.executable)
    assert "The schedule starts another installation of apoa." in apoa("schedule", "show").err
    tab.text = tab.text.replace(sys.executable, f"{sys.executable} -m apoa_client")
    shown = apoa("schedule", "show")
    assert (shown.err, "Last run" in shown.out) == ("", False)
    for code, said in ((0, "without a problem"), (75, "something still waits"), (77, "exit code 77")):
        app = Container(apoa.environ, apoa.clock)
        app.outbox.record_scheduled_run(NOW, code)
        app.close()
        assert said in apoa("schedule", "show").out
    tab.text = tab.text.replace("\n", "\n#", 1)
    assert "The schedule is there, but switched off." in apoa("schedule", "show").err


def test_variables_of_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of Windows gives them as first arguments; elsewhere in the line they are no variables."""
    monkeypatch.setenv("APOA_HOME", "/before")
    taken = main._take_variables(["--set-variable", "APOA_HOME=C:\\a=b", "sync", "--set-variable"])
    assert taken == ["sync", "--set-variable"]

    assert os.environ["APOA_HOME"] == "C:\\a=b"


@pytest.mark.parametrize("given", ["APOA_PASSWORD=rahasia", "PATH=/tmp", "HTTPS_PROXY=http://u:rahasia@proxy", "X", ""])
def test_other_variables_are_refused(apoa: Apoa, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """A secret in the arguments, or a variable that no schedule has, is not taken, and its value is not repeated."""
    monkeypatch.setenv("APOA_LANG", "id")
    before = dict(os.environ)
    words = main._take_variables(["--set-variable", "APOA_LANG=en", "--set-variable", given, "sync"])
    assert dict(os.environ) == {**before, "APOA_LANG": "en"}
    said = apoa(*words)
    assert said.code == 2
    assert "rahasia" not in said.err
