"""`apoa backup FILE` and `apoa restore`, also of a backup that nothing proves until it is proved or confirmed."""

import json
from pathlib import Path

import pytest
from backup_helpers import signed
from cli_helpers import LANGUAGES, OBADIAH, PASSWORD, QUENTIN, XIMENA, Apoa
from screens import Screens

from apoa_client.sandbox.server import SandboxServer

UNPROVED = "Nothing proves who wrote this backup: only its open reports count."


class Computers:
    """One computer with a property, its recovery code and its backup, and an empty one."""

    def __init__(self, apoa: Apoa, url: str, folder: Path) -> None:
        self.old, self.url = apoa, url
        self.code, self.file = folder / "code.txt", folder / "apoa.db"
        assert apoa.set_up(url, "--recovery-file", str(self.code)).code == 0
        apoa.save(QUENTIN)
        assert apoa("sync").code == 0
        apoa.save(XIMENA)
        assert apoa("backup", str(self.file)).code == 0
        self.new = apoa.elsewhere(folder / "new")
        self.line = next(line for line in self.code.read_text().splitlines() if line.count("-") == 6)

    @property
    def fingerprint(self) -> str:
        found: str = self.old("key", "show", "--json").json["fingerprint"]
        return found

    @property
    def compared(self) -> tuple[str, ...]:
        """The options for what a user has compared."""
        return "--fingerprint", self.fingerprint, "--api-url", self.url


@pytest.fixture
def computers(apoa: Apoa, authority: SandboxServer, tmp_path: Path) -> Computers:
    return Computers(apoa, authority.base_url, tmp_path)


def test_a_backup_without_the_key_says_so(computers: Computers) -> None:
    """It is written all the same, and its restore says so."""
    file = computers.file.with_name("unproved.db")
    with computers.old.without_key():
        assert computers.old("backup", str(file), "--json").json["proved"] is False
    restored = computers.old("restore", str(file))
    assert (restored.code, UNPROVED in restored.err) == (0, True)
    assert computers.old("restore", str(computers.file)).err == ""


def test_unattended_without_proof(computers: Computers) -> None:
    """Exits with 2, says how to prove or confirm it, and creates nothing."""
    for options in ((), ("--fingerprint", computers.fingerprint), ("--api-url", computers.url)):
        result = computers.new("restore", str(computers.file), *options, "--json")
        assert (result.code, result.json["error"]["class"]) == (2, "backup_unproved")
        assert "--fingerprint FINGERPRINT --api-url URL" in result.json["error"]["advice"]
    assert not computers.new.home.exists()


def test_unattended_with_what_was_compared(computers: Computers) -> None:
    """The fingerprint and the address together; hyphens, case and a slash at the end make no difference."""
    options = "--fingerprint", computers.fingerprint.upper().replace("-", " "), "--api-url", f"{computers.url}/"
    result = computers.new("restore", str(computers.file), *options, "--json")
    assert (result.code, result.json["proved"], result.json["left_out"]) == (0, False, 1)
    assert [state for _kind, state in computers.new.states()] == ["queued"]


@pytest.mark.parametrize("option", ["--fingerprint", "--api-url"])
def test_what_was_compared_differs(computers: Computers, option: str) -> None:
    """Exits with 78 on every computer, proved or not, and changes nothing."""
    given = "0000-0000-0000-0000" if option == "--fingerprint" else "https://forger.example/v1"
    for apoa in (computers.new, computers.old):
        for more in ((), ("--dry-run",), ("--recovery-file", str(computers.code))):
            result = apoa("restore", str(computers.file), option, given, *more)
            assert result.code == 78
            assert (computers.fingerprint if option == "--fingerprint" else computers.url) in result.err
    assert not computers.new.home.exists()


def test_at_a_terminal(computers: Computers) -> None:
    """Address and fingerprint are shown. Only yes restores it; Enter alone does not."""
    refused = computers.new("restore", str(computers.file), keys=["", ""])
    assert (refused.code, computers.new.home.exists()) == (2, False)
    result = computers.new("restore", str(computers.file), keys=["", "y"])
    assert result.code == 0, result.err
    for said in (refused, result):
        assert all(each in said.err for each in (computers.url, computers.fingerprint))
    assert UNPROVED in result.err


def test_the_code_is_asked_for_at_a_terminal(computers: Computers) -> None:
    """Once, only if no key is here, and not by a dry run or with a fingerprint. The right one proves the backup."""
    for options in (("--dry-run",), computers.compared):
        result = computers.new("restore", str(computers.file), *options, keys=[])
        assert (result.code, "recovery code proves" in result.err) == (0, False)
    (computers.new.home / "config.toml").unlink()
    result = computers.new("restore", str(computers.file), keys=[computers.line])
    assert (result.code, UNPROVED in result.err) == (0, False), result.err
    assert result.err.count("recovery code proves") == 1
    assert computers.old("restore", str(computers.file), keys=[]).err == ""


def test_a_property_whose_reports_are_typed(manual: Apoa, tmp_path: Path) -> None:
    """It says so, before a forger's backup could stop all sending; what was typed is to be looked for in APOA."""
    saved = manual.save(QUENTIN)
    assert manual("received", saved["id"], "STT-1").code == 0
    file = tmp_path / "apoa.db"
    assert manual("backup", str(file)).code == 0
    new = manual.elsewhere(tmp_path / "new")
    result = new("restore", str(file), keys=["", "y"])
    assert "Address of the server: none, reports are typed into APOA by hand" in result.err
    assert "apoa login" not in result.err  # there is no password
    assert "1 report that the backup calls finished was not taken over.\nLook in APOA" in result.err
    assert new.states() == []


def test_the_run_counter_is_kept(computers: Computers) -> None:
    """A backup that nothing proves does not hide that an older copy of the outbox was put in its place."""
    signed(computers.file)
    assert computers.old("sync").code == 0
    keys = computers.old.home / "melati" / "keys.json"
    before = keys.read_bytes()
    assert computers.old("restore", str(computers.file)).code == 0
    assert keys.read_bytes() == before


@pytest.mark.parametrize("source", ["file", "stdin", "environment"])
def test_the_recovery_code_or_the_key_proves_it(computers: Computers, source: str) -> None:
    """Nothing is asked, and every state is believed."""
    environ, options = {}, ["--code-stdin"]
    if source == "file":
        options = ["--recovery-file", str(computers.code)]
    elif source == "environment":
        options, environ = [], {"APOA_PRIVATE_KEY_FILE": str(key_file(computers))}
    result = computers.new("restore", str(computers.file), "--json", *options, stdin=f"{computers.line}\n", **environ)
    assert result.code == 0, result.err
    assert (result.json["proved"], result.json["left_out"]) == (True, 0)
    assert [state for _kind, state in computers.new.states()] == ["accepted", "queued"]


def key_file(computers: Computers) -> Path:
    """A file with the private key alone."""
    file = computers.code.with_name("private-key")
    file.write_text(json.loads((computers.old.home / "melati" / "keys.json").read_text())["private-key"])
    file.chmod(0o600)
    return file


def test_the_right_code_of_a_backup_without_proof(computers: Computers) -> None:
    """One that was made without the key is no matter of the code: the error says so, and what confirms it."""
    signed(computers.file)
    code = "--recovery-file", str(computers.code)
    refused = computers.new("restore", str(computers.file), *code)
    assert (refused.code, "The recovery code is right, but nothing proves" in refused.err) == (2, True)
    assert computers.new("restore", str(computers.file), *code, *computers.compared).code == 0


def test_a_fresh_set_up_takes_the_backups_key_only_with_its_code(computers: Computers) -> None:
    """Without the code the key here is not replaced, whatever the user has compared."""
    assert computers.new.set_up(computers.url).code == 0
    before = (computers.new.home / "config.toml").read_text()
    result = computers.new("restore", str(computers.file), *computers.compared)
    assert (result.code, "--recovery-file" in result.err) == (78, True)
    assert (computers.new.home / "config.toml").read_text() == before
    assert computers.new("restore", str(computers.file), keys=[""]).code == 78
    assert computers.new("restore", str(computers.file), keys=[computers.line]).code == 0
    restored = computers.new("restore", str(computers.file), "--recovery-file", str(computers.code), "--json")
    assert (restored.code, restored.json["fingerprint"]) == (0, computers.fingerprint)


def test_the_key_of_the_guest_hash_is_not_in_the_backup(computers: Computers) -> None:
    """With it the finder could test any passport number. The new computer makes another one."""
    key = computers.old.settings()["index_key"]
    content = computers.file.read_bytes()
    assert not any(each in content for each in (key.encode(), bytes.fromhex(key)))
    restore_with_code(computers)
    assert len(computers.new.settings()["index_key"]) == len(key)
    assert computers.new.settings()["index_key"] != key


@pytest.mark.parametrize("command", ["recover", "sync"])
def test_a_guest_of_before_is_found_again(computers: Computers, command: str) -> None:
    """After the private key was recovered, or at the next sync that has it; reports saved before that count too."""
    restore_with_code(computers)
    assert computers.new(*OBADIAH.mrz("--no-send")).code == 0
    assert computers.new(*QUENTIN.mrz("--no-send")).code == 0  # nothing shows yet that it is a duplicate
    environ = {}
    if command == "recover":
        assert computers.new("key", "recover", "--recovery-file", str(computers.code)).code == 0
    else:
        environ = {"APOA_PRIVATE_KEY_FILE": str(key_file(computers)), "APOA_PASSWORD": PASSWORD}
        assert computers.new("sync", **environ).code == computers.new("sync", **environ).code == 0
        assert computers.new("log", "--verify", **environ).code == 0
    for guest in (QUENTIN, XIMENA, OBADIAH):
        said = computers.new(*guest.mrz("--no-send"), **environ)
        assert (said.code, "already reported" in said.err) == (65, True)


def restore_with_code(computers: Computers) -> None:
    result = computers.new("restore", str(computers.file), "--recovery-file", str(computers.code))
    assert result.code == 0, result.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(configured: Apoa, screens: Screens, tmp_path: Path, lang: str) -> None:
    """A backup into a file and into a folder, its restore here and on another computer, and what is refused."""
    configured.save(QUENTIN)
    file, folder = str(tmp_path / "apoa.db"), str(tmp_path / "none")
    screens(configured, "backup", file, lang=lang)
    screens(configured, "backup", file, lang=lang)
    screens(configured, "backup", "-", lang=lang)
    screens(configured, "backup", "--to", folder, lang=lang)
    screens(configured, "backup", "--keep", "3", lang=lang)
    screens(configured, "restore", file, "--dry-run", lang=lang)
    screens(configured, "restore", file, lang=lang)
    screens(configured, "restore", str(tmp_path / "nothing"), lang=lang)
    training = ["--property", "melati", "--training", "--vault", "file"]
    other = configured.elsewhere(tmp_path / "elsewhere")
    assert other("setup", "--non-interactive", *training).code == 0
    screens(other, "restore", file, lang=lang)
    screens(other, "backup", str(tmp_path / "training.db"), lang=lang)
