"""`apoa key`, and the recovery code that `apoa setup` makes: the code restores the key and is never leaked."""

import json
import os
import re
import stat
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
import pytest
from cli_helpers import LANGUAGES, NOWHERE, PASSWORD, QUENTIN, XIMENA, Apoa, Serve, raising, spoken
from page_helpers import read_page
from screens import Screens

from apoa_client.app.key_rotation import OLD_KEY_KEPT
from apoa_client.cli.documents.recovery_file import RecoverySheet, sheet_html, sheet_text
from apoa_client.vault.recovery import parse_code, seed_from_code
from apoa_client.vault.sealing import encode_key, key_pair_from_seed
from apoa_client.vault.store import PRIVATE_KEY, KeyFileStore, Keys

CODE = "WAVHW-CWX9D-YSVC2-BX8Z4-XVEKF-YM6SE-3KB7T"


NEXT_CODE = "FARS8-0F8B7-3Z1D2-RKB29-W9JYH-PYK8A-JZ9DB"


PASSPHRASE = "kuda betul baterai"


WRONG = ("A" if CODE[0] != "A" else "B") + CODE[1:]


def with_fixed_codes(apoa: Apoa) -> Apoa:
    """Replace the next two random codes with fixed ones."""
    codes = [CODE, NEXT_CODE]
    apoa.monkeypatch.setattr("apoa_client.vault.recovery.new_code", lambda: codes.pop(0))
    return apoa


@pytest.fixture
def coded(away: Apoa) -> Apoa:
    """A property whose next codes are fixed."""
    return with_fixed_codes(away)


def reminded(apoa: Apoa, command: Sequence[str]) -> bool:
    """Whether a command reminds of the recovery code."""
    with apoa.monkeypatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        return "The recovery code is not confirmed" in click.unstyle(apoa(*command, keys=[]).out)


def confirmed(apoa: Apoa) -> list[bool | None]:
    """What `status --json` and `key show --json` say."""
    return [apoa(*command, "--json").json["recovery_code_confirmed"] for command in (["status"], ["key", "show"])]


def public_key_of_code(code: str) -> str:
    return encode_key(key_pair_from_seed(seed_from_code(code))[1])


def keys(apoa: Apoa) -> Keys:
    return Keys(lambda: KeyFileStore(apoa.home / "melati" / "keys.json"))


def code_in_file(path: Path) -> str:
    found = re.search(r"\b(?:[0-9A-Z]{5}-){6}[0-9A-Z]{5}\b", path.read_text())
    assert found is not None
    return parse_code(found[0])


def assert_private_file(path: Path) -> None:
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(coded: Apoa, screens: Screens, lang: str) -> None:
    """What the administrator sees: a rotation with its code, the state of the key, its loss and recovery."""
    coded.save()
    screens(coded, "key", "rotate", keys=["?", "x", WRONG, "", "n", CODE], lang=lang)
    screens(coded, "key", "show", lang=lang)
    coded.delete_key()
    screens(coded, "key", "show", lang=lang)
    screens(coded, "key", "recover", "--code-stdin", stdin=NEXT_CODE, lang=lang)
    screens(coded, "key", "recover", keys=["?", WRONG, CODE], lang=lang)
    screens(coded, "key", "recover", keys=[CODE], lang=lang)
    screens(coded, "key", "rotate", keys=["", "y"], lang=lang)
    screens(coded, "key", "rotate", lang=lang)
    for name in ("show", "recover", "rotate", "export", "import"):
        assert screens(coded, "key", name, "--help", lang=lang).code == 0
    assert screens(coded, "key", lang=lang).code == 2


class TestSetupAtATerminal:
    """The code is shown once and must be typed to confirm it."""

    def test_second_setup_shows_no_code(self, apoa: Apoa, serve: Serve) -> None:
        """The code is shown on stderr alone, and typed in any form; a second setup keeps the key and shows none."""
        with_fixed_codes(apoa)
        account = ["--property", "melati", "--api-url", serve().base_url, "--username", "wisma-melati"]
        place = ["--display-name", "", "--address", "", "--office", "", "--timezone", "WIB", "--language", "en"]
        set_up = ["setup", *account, "--vault", "file", *place]
        first = apoa(*set_up, keys=[PASSWORD, CODE.lower().replace("-", " ")])
        assert (first.code, apoa.settings()["public_key"]) == (0, public_key_of_code(CODE)), first.all
        assert " ".join(CODE[:5]) in first.err
        assert not {CODE[:5], " ".join(CODE[:5])} & set(first.out.splitlines())
        second = apoa(*set_up, keys=[PASSWORD])
        assert (second.code, apoa.settings()["public_key"]) == (0, public_key_of_code(CODE)), second.all
        assert "recovery code" not in second.err

    @pytest.mark.parametrize(
        ("typed", "confirmed"),
        [([CODE[6:11], WRONG[30:], CODE[30:35].lower()], True), ([CODE[6:11], ""], False)],
    )
    def test_code_in_a_file(
        self, apoa: Apoa, serve: Serve, tmp_path: Path, typed: list[str], *, confirmed: bool
    ) -> None:
        """With --recovery-file the code is not shown, and two groups of the sheet confirm it; Enter leaves them."""
        with_fixed_codes(apoa)
        url = serve(environment="production").base_url
        account = ["--api-url", url, "--username", "wisma-melati", "--vault", "file"]
        file = tmp_path / "code.txt"
        more = ["--timezone", "WIB", "--language", "en", "--recovery-file", str(file)]
        result = apoa("setup", "--property", "melati", *account, *more, keys=["", "", "", PASSWORD, *typed])
        assert (result.code, code_in_file(file), CODE[:5] in result.all) == (0, CODE, False), result.all
        assert apoa("status", "--json").json["recovery_code_confirmed"] is confirmed
        assert ("apoa key recover" in result.err) is not confirmed


class TestSetupUnattended:
    """Without a terminal the code goes to a file, or a warning says that there is no code."""

    @pytest.mark.parametrize(("name", "training"), [("code.txt", False), ("SHEET.HTM", True)])
    def test_file_content(self, apoa: Apoa, tmp_path: Path, name: str, *, training: bool) -> None:
        """The private file has the code of the property, and neither the output nor the stored data has it."""
        file = tmp_path / name
        place = ["--property", "melati", "--vault", "file", "--recovery-file", str(file)]
        real = ["--api-url", NOWHERE, "--username", "u", "--password-stdin"]
        address = ["--training"] if training else real
        result = apoa("setup", "--non-interactive", *place, *address, stdin="pw\n")
        assert result.code == (0 if training else 75), result.all
        assert_private_file(file)
        assert public_key_of_code(code_in_file(file)) == apoa.settings()["public_key"]
        assert file.read_text().startswith("<!DOCTYPE" if "HT" in name.upper() else "apoa-client")
        group = code_in_file(file)[:5]
        assert group not in result.all
        assert all(group.encode() not in path.read_bytes() for path in apoa.home.rglob("*") if path.is_file())

    def test_file_that_cannot_be_written(self, apoa: Apoa, tmp_path: Path) -> None:
        """An existing file is not overwritten, and no key is made without its code."""
        (tmp_path / "code.txt").write_text("mine")
        for name, code in (("code.txt", 2), ("nowhere/code.txt", 77)):
            assert apoa.set_up(NOWHERE, "--recovery-file", str(tmp_path / name)).code == code
            assert [file for file in apoa.home.rglob("*") if file.name in {"config.toml", "keys.json"}] == []
        assert (tmp_path / "code.txt").read_text() == "mine"


def test_sheet() -> None:
    """Page and text have the code, the property and both languages; the page needs no other file and escapes values."""
    place = 'Jl. <b>Melati</b> & "7"'
    sheet = RecoverySheet("melati", place, "authority.example/v1", date(2026, 11, 24), "ab12-cd34", CODE)
    page, text = sheet_html(sheet), sheet_text(sheet)
    assert f"\n{CODE}\n" in text
    assert all(f"<li>{group}</li>" in page for group in CODE.split("-"))
    how = "How: restore the backup there with this code, then type the code again at: apoa key recover"
    for content in (read_page(page).text, text):
        for value in (sheet.address, "melati", "authority.example/v1", "2026-11-24", "ab12-cd34"):
            assert value in content
        assert all(spoken(language, how) in content for language in LANGUAGES)
    assert "Address" not in sheet_text(sheet._replace(address=""))
    assert CODE[:5] not in repr(sheet)


class TestRecover:
    """The recovery code restores the private key."""

    @pytest.fixture
    def lost(self, apoa: Apoa, tmp_path: Path) -> Apoa:
        """Return a property with one report and a recovery sheet, but without its private key."""
        assert apoa.set_up(NOWHERE, "--recovery-file", str(tmp_path / "sheet.html")).code == 75
        apoa.save()
        apoa.delete_key()
        assert apoa.reports()[0]["sealed"]
        return apoa

    def test_from_a_file(self, lost: Apoa, tmp_path: Path) -> None:
        """The file of the sheet, or one with the code alone in any form, restores the key."""
        sheet, alone = tmp_path / "sheet.html", tmp_path / "code.txt"
        alone.write_text(code_in_file(sheet).replace("-", "").lower() + "\n")
        for file in (sheet, alone):
            assert lost("key", "recover", "--recovery-file", str(file)).code == 0
            assert lost.reports()[0]["guest"]["surname"] == QUENTIN.surname
            lost.delete_key()

    def test_without_a_valid_code(self, lost: Apoa) -> None:
        """Without a valid code the command fails with the reason and stores nothing."""
        assert lost("key", "recover", keys=[""]).code == 2
        assert lost("key", "recover", keys=["x"] * 3).code == 77
        no_terminal = lost("key", "recover")
        assert (no_terminal.code, "--code-stdin" in no_terminal.err) == (2, True)
        assert lost("key", "recover", "--code-stdin", stdin="").code == 77
        assert lost("key", "recover", "--recovery-file", str(lost.home / "config.toml")).code == 77
        assert lost("key", "recover", "--recovery-file", str(lost.home / "nothing")).code == 2
        assert not (lost.home / "melati" / "keys.json").exists()

    def test_with_another_vault(self, lost: Apoa, tmp_path: Path) -> None:
        """With --vault file the key is stored in a file, and the settings are updated."""
        config, code = lost.home / "config.toml", code_in_file(tmp_path / "sheet.html")
        config.write_text(config.read_text().replace('vault = "file"\n', ""))
        refused = lost("key", "recover", "--code-stdin", stdin=code)
        assert refused.code == 77
        assert lost("key", "recover", "--vault", "file", "--code-stdin", stdin=code).code == 0
        assert 'vault = "file"' in config.read_text()
        assert lost.reports()[0]["guest"]["surname"] == QUENTIN.surname


class TestRotate:
    """A new key pair with a new code."""

    def test_with_a_file(self, configured: Apoa, tmp_path: Path) -> None:
        """The file has the new code, every report is sealed again, and reports can still be sent."""
        configured.save()
        configured.save(XIMENA)
        before = configured.settings()["public_key"]
        result = configured("key", "rotate", "--recovery-file", str(tmp_path / "code.txt"))
        assert result.code == 0, result.err
        code = code_in_file(tmp_path / "code.txt")
        assert public_key_of_code(code) == configured.settings()["public_key"] != before
        assert code[:5] not in result.all
        assert "2 " in result.out
        assert [report["guest"]["surname"] for report in configured.reports()] == [QUENTIN.surname, XIMENA.surname]
        assert configured("sync", "--json").json["accepted"] == 2
        configured.delete_key()
        assert configured("key", "recover", "--code-stdin", stdin=code).code == 0
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname

    def test_nothing_changes(self, coded: Apoa, tmp_path: Path) -> None:
        """Without a new code that is confirmed or written, the keys stay; a file is not overwritten."""
        coded.save()
        before, file = coded.settings()["public_key"], tmp_path / "code.txt"
        file.write_text("mine")
        assert coded("key", "rotate", keys=["x", ""]).code == 77
        assert coded("key", "rotate").code == coded("key", "rotate", "--recovery-file", str(file)).code == 2
        assert (file.read_text(), coded.settings()["public_key"], keys(coded).next()) == ("mine", before, None)

    @pytest.fixture
    def interrupted(self, coded: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apoa:
        """Return a property whose change of keys was interrupted after its code was written."""
        coded.save()
        with monkeypatch.context() as patch:
            patch.setattr("apoa_client.outbox.sql.reseal.SealedRecords.reseal", raising(KeyboardInterrupt()))
            result = coded("key", "rotate", "--recovery-file", str(tmp_path / "first.txt"))
        assert result.code == 130
        assert "finish it with: apoa key rotate" in result.err
        assert keys(coded).next() is not None
        assert coded.reports()[0]["guest"]["surname"] == QUENTIN.surname
        return coded

    @pytest.mark.parametrize("again", ["second.txt", "first.txt", None])
    def test_the_next_command_finishes_the_change(self, interrupted: Apoa, tmp_path: Path, again: str | None) -> None:
        """With the same file or none, which has the code of the key then; another file gets that of one more key."""
        options = ["--recovery-file", str(tmp_path / again)] if again else []
        assert interrupted("key", "rotate", *options).code == 0
        code = code_in_file(tmp_path / (again or "first.txt"))
        assert interrupted.settings()["public_key"] == public_key_of_code(code)
        assert keys(interrupted).next() is None
        assert interrupted.reports()[0]["guest"]["surname"] == QUENTIN.surname


class TestShow:
    """`apoa key show` describes the key and never prints it."""

    def test_available_key(self, away: Apoa) -> None:
        """The document has the fingerprint and the place of the key; no output has the private key."""
        value = away("key", "show", "--json").json
        place = str(away.home / "melati" / "keys.json")
        shown = {"property": "melati", "fingerprint": value["fingerprint"], "place": place, "old_key_kept": False}
        state = {"available": True, "error": None, "change_unfinished": False, "recovery_code_confirmed": False}
        assert value == {**shown, **state}
        secret = KeyFileStore(Path(place)).get(PRIVATE_KEY)
        assert secret
        result = away("key", "show", APOA_PRIVATE_KEY=secret)
        assert (result.code, "APOA_PRIVATE_KEY" in result.out, secret in result.all) == (0, True, False)
        assert secret not in away("key", "show").all

    def test_an_earlier_key(self, away: Apoa, tmp_path: Path) -> None:
        """A key that is kept for earlier records is named, by `key rotate` too, until nothing is sealed to it."""
        away.save()
        keys(away).add_old(key_pair_from_seed(seed_from_code(CODE))[0])
        assert OLD_KEY_KEPT.template in away("key", "show").out
        assert away("key", "show", "--json").json["old_key_kept"]
        with away.monkeypatch.context() as patch:
            patch.setattr("apoa_client.outbox.sql.reseal.SealedRecords.opens_all", lambda *_arguments: False)
            rotated = away("key", "rotate", "--recovery-file", str(tmp_path / "next.txt"))
            assert OLD_KEY_KEPT.template in rotated.err
        away("key", "rotate", "--recovery-file", str(tmp_path / "last.txt"))
        assert not away("key", "show", "--json").json["old_key_kept"]


def test_a_code_is_reminded_of_until_it_is_typed_back(coded: Apoa, tmp_path: Path) -> None:
    """`apoa`, `status` and `key show` remind of it; typing it back ends that, but not the code of an older key."""
    commands: tuple[list[str], ...] = ([], ["status"], ["key", "show"])
    assert all(reminded(coded, command) for command in commands)
    assert confirmed(coded) == [False, False]
    assert coded("key", "rotate", keys=[CODE]).code == 0
    assert not any(reminded(coded, command) for command in commands)
    assert confirmed(coded) == [True, True]
    assert "recovery code confirmed" in coded("log").out
    coded.save()
    with coded.monkeypatch.context() as patch:
        patch.setattr("apoa_client.outbox.sql.reseal.SealedRecords.reseal", lambda *_args: 0)
        assert coded("key", "rotate", "--recovery-file", str(tmp_path / "code.txt")).code == 0
    result = coded("key", "recover", keys=[CODE])
    assert (result.code, "This older key is kept too" in result.out) == (0, True), result.all
    assert confirmed(coded) == [False, False]


def test_a_key_on_a_second_computer(away: Apoa, tmp_path: Path) -> None:
    """It uses the imported key, and its saved reports are sealed again; another property refuses it by its name."""
    file = tmp_path / "melati.key"
    result = away("key", "export", str(file), "--passphrase-stdin", stdin=f"{PASSPHRASE}\n")
    assert (result.code, PASSPHRASE in result.all) == (0, False), result.err
    assert_private_file(file)
    bring = ["key", "import", str(file), "--passphrase-stdin"]
    away.set_up(NOWHERE, name="bali")
    refused = away("--property", "bali", *bring, stdin=PASSPHRASE)
    assert (refused.code, "melati" in refused.err) == (65, True)
    second = away.elsewhere(tmp_path / "second")
    assert second.set_up(NOWHERE).code == 75
    second.save(XIMENA)
    assert second.settings()["public_key"] != away.settings()["public_key"]
    result = second(*bring, stdin=PASSPHRASE)
    assert (result.code, result.err != "") == (0, True), result.err
    assert second.settings()["public_key"] == away.settings()["public_key"]
    assert second.reports()[0]["guest"]["surname"] == XIMENA.surname
    assert second("log", "--json").json["entries"][-1]["action"] == "key_imported"


def test_a_key_file_that_cannot_be_used(away: Apoa, tmp_path: Path) -> None:
    """A missing file, another file, no passphrase or no terminal is an error."""
    (tmp_path / "other").write_text(json.dumps({"what": 1}))
    arguments = ["key", "import", str(tmp_path / "other")]
    assert away(*arguments, "--passphrase-stdin", stdin=PASSPHRASE).code == 65
    assert away(*arguments, "--passphrase-stdin", stdin="\n").code == 2
    assert away(*arguments).code == 2
    assert away("key", "import", str(tmp_path / "nothing"), "--passphrase-stdin", stdin=PASSPHRASE).code == 2
