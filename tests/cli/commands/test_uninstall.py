"""`apoa uninstall`: what is left on the computer, what would be lost, and its removal when a person asks twice."""

import os
import sys
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from cli_helpers import LANGUAGES, NOWHERE, PASSWORD, QUENTIN, XIMENA, Apoa, CallResult
from journeys_helpers import files_below, link_to_folder
from key_helpers import MemoryKeyring
from schedule_helpers import Crontab, Tools, use
from screens import Screens

from apoa_client.cli.terminal.input import confirm
from apoa_client.errors import Exit
from apoa_client.files import temporary_beside
from apoa_client.schedule.interface import ToolResult
from apoa_client.vault.store import NAMES


@pytest.fixture(autouse=True)
def crontab(monkeypatch: pytest.MonkeyPatch) -> Crontab:
    """The crontab of this test, which is the only scheduler."""
    crontab = Crontab("5 4 * * *  theirs\n")
    use(monkeypatch, Tools({"crontab": crontab}))
    return crontab


@pytest.fixture
def two(away: Apoa) -> Apoa:
    """A property whose authority cannot be reached, with a report that waits, and one for training."""
    training = ["setup", "--non-interactive", "--property", "latihan", "--training", "--vault", "file"]
    assert away(*training).code == 0
    assert away("--property", "latihan", *QUENTIN.mrz("--no-send")).code == 0
    away.save()
    return away


def places(said: CallResult, kind: str) -> list[str]:
    return [trace["place"] for trace in said.json["found"] if trace["kind"] == kind]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(two: Apoa, screens: Screens, lang: str) -> None:
    """What is left, what would be lost, what is refused, and the removal of one property and of all."""
    screens(two, "uninstall", "--dry-run", lang=lang)
    assert two("backup", str(two.home.parent / "a.apoa")).code == 0
    screens(two, "uninstall", "--yes", lang=lang)
    screens(two, "--property", "latihan", "uninstall", "--yes", lang=lang)
    screens(two, "uninstall", keys=["y", "MELATI"], lang=lang)
    screens(two, "uninstall", keys=["y", "melati"], lang=lang)
    screens(two, "uninstall", lang=lang)
    screens(two, "uninstall", "--force", lang=lang)


def test_yes_alone_loses_nothing(two: Apoa) -> None:
    """`--yes` is refused while something would be lost; with `--force` everything goes, and the folder too.

    So do unfinished files that a killed process left: one may contain a secret.
    """
    for path in (two.home / "config.toml", two.home / "melati" / "keys.json"):
        temporary_beside(path).write_text("secret")
    before = files_below(two.home)
    refused = two("uninstall", "--yes")
    assert refused.code == Exit.NOT_NOW
    assert "--yes and --force" in refused.err
    assert two("uninstall", "--yes", "--json").json["error"]["class"] == "would_be_lost"
    assert files_below(two.home) == before
    said = two("uninstall", "--yes", "--force", "--json")
    assert (said.code, said.json["removed"], len(places(said, "unfinished"))) == (0, True, 2)
    assert not two.home.exists()


def test_one_property(two: Apoa) -> None:
    """With `--property`, or APOA_PROPERTY, the other property and the rest of the settings stay."""
    assert two("--property", "latihan", "uninstall", "--yes").code == 0
    assert not (two.home / "latihan").exists()
    assert [each["state"] for each in two.reports()] == ["queued"]
    assert "latihan" not in (two.home / "config.toml").read_text()
    assert two("uninstall", "--yes", "--force", APOA_PROPERTY="melati").code == 0
    assert files_below(two.home) == {"config.toml", "config.lock"}
    assert two("uninstall", "--yes", "--json", APOA_PROPERTY="melati").json["error"]["class"] == "settings_problem"


def test_at_a_terminal(two: Apoa) -> None:
    """It asks twice: yes or no, which is no at Enter, and the name of each property."""
    before = files_below(two.home)
    for keys in ([""], ["y", "melati", "no"]):
        assert two("uninstall", keys=keys).code == 0
        assert files_below(two.home) == before
    assert two("uninstall", keys=["y", "melati", "latihan"]).code == 0
    assert not two.home.exists()


@pytest.mark.skipif(os.name != "posix", reason="on Windows, a link needs a right")
def test_links_are_kept(two: Apoa, tmp_path: Path) -> None:
    """A link with the name of one of our files is not ours, and what it leads to is never touched."""
    outside, link = tmp_path / "outside", two.home / "melati" / "sandbox.db"
    outside.write_text("theirs")
    link.symlink_to(outside)
    assert two("uninstall", "--yes", "--force").code == 0
    assert link.is_symlink()
    assert outside.read_text() == "theirs"


@pytest.mark.parametrize("name", ["logs", "melati"])
def test_a_linked_folder(two: Apoa, tmp_path: Path, name: str) -> None:
    """The link is listed and removed. What it leads to stays, also files with the names of our own."""
    outside, link = tmp_path / "outside", two.home / name
    link.mkdir(exist_ok=True)
    link.rename(outside)
    link_to_folder(link, outside)
    for each in ("sync.log", "outbox.db", "sandbox.db", "keys.json"):
        (outside / each).touch()
    before = files_below(outside)
    assert places(two("uninstall", "--dry-run", "--json"), "link") == [str(link)]
    said = two("uninstall", "--yes", "--force")
    assert said.code == 0, said.err
    assert not two.home.exists()
    assert files_below(outside) == before


def test_scripts_for_the_tab_key_are_named(two: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were written by the user, as the help of `apoa completion` says, and stay; a profile of PowerShell too."""
    script = tmp_path / ".zfunc" / "_apoa"
    script.parent.mkdir()
    script.write_text("")
    documents = tmp_path / "OneDrive" / "Dokumen"
    monkeypatch.setattr(platformdirs, "user_documents_path", lambda: documents)
    profiles = [documents / name / "Microsoft.PowerShell_profile.ps1" for name in ("WindowsPowerShell", "PowerShell")]
    for profile, encoding in zip(profiles, ("utf-16", "utf-8"), strict=True):
        profile.parent.mkdir(parents=True)
        profile.write_text("Set-Alias ll ls\n" + two("completion", "powershell").out, encoding=encoding)
    profiles[0].with_name("profile.ps1").write_text("Set-Alias ll ls\n")
    said = two("uninstall", "--yes", "--force", "--json", HOME=str(tmp_path))
    scripts = [each["place"] for each in said.json["kept"] if each["kind"] == "completion"]
    assert scripts == [str(each) for each in (script, *profiles)]
    assert all(Path(each).exists() for each in scripts)


@pytest.mark.parametrize("wrong", ['[property.melati]\ncolour = "red"', "[property.melati"])
def test_settings_that_are_wrong(two: Apoa, wrong: str) -> None:
    """Of one property, or of all: what would be lost is not known, and nothing is removed, also with `--force`."""
    config = two.home / "config.toml"
    config.write_text(config.read_text().replace("[property.melati]", wrong))
    before = files_below(two.home)
    assert two("uninstall", "--yes", "--force").code == Exit.SETTINGS
    assert files_below(two.home) == before


def test_logs(two: Apoa) -> None:
    """The logs are found, and other files beside them are kept."""
    logs = two.home / "logs"
    logs.mkdir(exist_ok=True)
    ours = ["melati.shown.json", "shown.json", "sync.log", "sync.log.1", "sync.log.lock"]
    others = ["a b.shown.json", "have-shown.json", "other.txt", "sync.log-2.txt", "sync.logbook"]
    for name in (*ours, *others):
        (logs / name).write_text("")
    temporary_beside(logs / "melati.shown.json").write_text("")
    said = two("uninstall", "--yes", "--force", "--json")
    assert [Path(place).name for place in places(said, "log")] == ours
    assert files_below(two.home) == {"logs", *(str(Path("logs", name)) for name in others)}


def test_what_the_settings_do_not_name(two: Apoa) -> None:
    """A folder with reports or keys is named and stays: another program's, or a property's whose settings are lost."""
    theirs = ["proyek/keys.json", "proyek/outbox.db", "surat/outbox.lock", "surat/outbox.db-wal"]
    for name in theirs:
        (two.home / name).parent.mkdir(exist_ok=True)
        (two.home / name).write_text('{"id": "x"}')
    (two.home / "config.toml").unlink()
    before = files_below(two.home)
    said = two("uninstall", "--dry-run", "--json")
    kept = {Path(each["place"]).name for each in said.json["kept"] if each["kind"] == "unnamed"}
    assert kept == {"melati", "latihan", "proyek"}
    two("uninstall", "--yes", "--force")
    assert {each for each in before if "/" in each and not each.startswith("logs")} <= files_below(two.home)


@pytest.mark.skipif(os.name == "nt", reason="the rights of POSIX")
def test_a_closed_folder(two: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that this user may not look into hides no other one, and neither does such a script of PowerShell."""
    (two.home / "closed").mkdir()
    monkeypatch.setitem(two.environ, "HOME", str(two.home.parent))
    profiles = two.home.parent / ".config" / "powershell"
    profiles.mkdir(parents=True)
    for name in ("profile.ps1", "x_profile.ps1"):
        (profiles / name).write_text(two("completion", "powershell").out)
    (two.home / "config.toml").unlink()
    status = os.stat

    def closed(path: str | Path, *args: Any, **options: Any) -> os.stat_result:
        if (two.home / "closed") in Path(path).parents or Path(path) == profiles / "profile.ps1":
            raise PermissionError
        return status(path, *args, **options)

    monkeypatch.setattr(os, "stat", closed)
    said = two("uninstall", "--dry-run", "--json")
    kept = {Path(each["place"]).name for each in said.json["kept"]}
    assert {"melati", "latihan", "x_profile.ps1"} <= kept


def test_a_missing_or_damaged_outbox(two: Apoa) -> None:
    """A missing one is no loss; a damaged one is, because what is in it is not known."""
    path = two.outbox_file
    path.write_bytes(b"\x00" * 4096)
    for undelivered, code in ((None, Exit.NOT_NOW), (0, Exit.DONE)):
        losses = {each["property"]: each for each in two("uninstall", "--dry-run", "--json").json["properties"]}
        assert losses["melati"]["undelivered"] == undelivered
        assert two("uninstall", "--yes").code == code
        path.unlink(missing_ok=True)


def test_while_reports_are_sent(two: Apoa) -> None:
    """Nothing is removed under a process that sends."""
    report = two.save(XIMENA)
    before = files_below(two.home)
    with two.sending(report["id"]):
        said = two("uninstall", "--yes", "--force")
    assert said.code == Exit.NOT_NOW
    assert "Reports of melati are being sent." in said.err
    assert before <= files_below(two.home)


def test_a_report_that_comes_meanwhile(two: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was saved while the user read the questions is not removed with the rest."""

    def save_first(question: str, *, default: bool) -> bool:
        assert two(*XIMENA.mrz("--no-send")).code == 0
        return confirm(question, default=default)

    monkeypatch.setattr("apoa_client.cli.commands.uninstall.confirm", save_first)
    said = two("uninstall", keys=["y", "melati", "latihan"])
    assert said.code == Exit.NOT_NOW
    assert "The reports changed meanwhile." in said.err
    assert len(two.reports()) == 2


def in_keyring(apoa: Apoa) -> None:
    account = ["--api-url", NOWHERE, "--username", "wisma", "--password-stdin", "--vault", "keyring"]
    said = apoa("setup", "--non-interactive", "--property", "melati", *account, stdin=f"{PASSWORD}\n")
    assert said.code == Exit.NOT_NOW, said.err


def test_entries_in_the_keyring(apoa: Apoa, keyring: dict[str, str]) -> None:
    """The property's entries are named, never shown, and removed; those of others stay."""
    in_keyring(apoa)
    keyring["other/password"] = "theirs"
    said = apoa("uninstall", "--yes", "--json")
    assert said.code == 0, said.err
    names = {place.removeprefix("apoa-client/melati/") for place in places(said, "keyring")}
    assert {"password", "private-key"} <= names <= set(NAMES)
    assert PASSWORD not in said.all
    assert keyring == {"other/password": "theirs"}


@pytest.mark.usefixtures("keyring")
def test_a_locked_keyring(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list says that the keyring could not be searched, and nothing is removed until it can."""
    in_keyring(apoa)
    monkeypatch.setattr(MemoryKeyring, "locked", True)
    shown = apoa("uninstall", "--dry-run")
    assert shown.code == 0
    assert "The keyring is locked." in shown.err
    before = files_below(apoa.home)
    said = apoa("uninstall", "--yes")
    assert said.code == Exit.CREDENTIALS
    assert files_below(apoa.home) == before


def test_a_file_that_cannot_be_removed(two: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it; what comes after it in the list stays, and another try goes on."""
    unlink = Path.unlink

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == "keys.json":
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        said = two("uninstall", "--yes", "--force")
    assert said.code == Exit.SETTINGS
    assert "keys.json" in said.err
    assert (two.home / "config.toml").exists()
    assert two("uninstall", "--yes", "--force").code == 0
    assert not two.home.exists()


@pytest.mark.skipif(sys.platform not in {"linux", "darwin"}, reason="cron is of POSIX")
def test_schedules(two: Apoa, crontab: Crontab) -> None:
    """The schedule of the home and those of properties go first; lines of others in the crontab stay."""
    theirs = crontab.text
    assert two("schedule", "install", "--kind", "cron").code == 0
    assert two("--property", "melati", "schedule", "install", "--kind", "cron").code == 0
    said = two("--property", "latihan", "uninstall", "--dry-run", "--json")
    assert places(said, "schedule") == []
    said = two("uninstall", "--yes", "--force", "--json")
    assert said.json["found"][0]["kind"] == "schedule"
    assert len(places(said, "schedule")) == 2
    assert crontab.text == theirs


@pytest.mark.skipif(sys.platform not in {"linux", "darwin"}, reason="cron is of POSIX")
def test_a_scheduler_that_does_not_answer(two: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is removed while a schedule may go on sending."""
    use(monkeypatch, Tools({"crontab": lambda _arguments, _text: ToolResult(1, "", "cannot open the spool")}))
    before = files_below(two.home)
    assert two("uninstall", "--dry-run").code == 0
    assert two("uninstall", "--yes", "--force").code == Exit.SETTINGS
    assert files_below(two.home) == before
