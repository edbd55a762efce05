"""`apoa key`, and the recovery code that `apoa setup` makes: the code restores the key and is never leaked."""

import json
import os
import re
import stat
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
import pytest
from cli_helpers import LANGUAGES, NOWHERE, PASSWORD, QUENTIN, XIMENA, Apoa, CallResult, Serve, spoken, typed_in
from outbox_helpers import sealer
from page_helpers import read_page

from apoa_client.app.key_rotation import OLD_KEY_KEPT
from apoa_client.cli.documents.recovery_file import RecoverySheet, sheet_html, sheet_text
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.vault.keyring_store import KeyringStore
from apoa_client.vault.recovery import new_code, parse_code, seed_from_code
from apoa_client.vault.sealing import encode_key, key_pair_from_seed
from apoa_client.vault.secret_files import KeyFileStore
from apoa_client.vault.store import PRIVATE_KEY, Keys

CODE, NEXT_CODE = new_code(), new_code()
PASSPHRASE = "kuda betul baterai"
WRONG = ("A" if CODE[0] != "A" else "B") + CODE[1:]
REMINDER = (
    "The recovery code is not confirmed: if this computer breaks, nothing else opens the saved reports.",
    "Is it on paper? Type it back once: apoa key recover",
    "If not, make a new one: apoa key rotate",
)
RIGHT = "That is right. The code is still visible in this window: close the window when you are done."
CODE_PATTERN = re.compile(r"\b(?:[0-9A-Z]{5}-){6}[0-9A-Z]{5}\b")


@pytest.fixture
def fixed_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the random codes with two fixed codes."""
    codes = [CODE, NEXT_CODE]
    monkeypatch.setattr("apoa_client.vault.recovery.new_code", lambda: codes.pop(0))


def at_a_terminal(apoa: Apoa, url: str, *keys: str, lang: str = "en") -> CallResult:
    """Set up a property against an authority; `keys` answer the questions from the recovery code on."""
    arguments = ["--property", "melati", "--api-url", url, "--username", "wisma-melati", "--vault", "file"]
    place = ["--display-name", "", "--address", "", "--office", "", "--timezone", "WIB", "--language", lang]
    return apoa("setup", *arguments, *place, keys=[PASSWORD, *keys], lang=lang)


def reminded(apoa: Apoa, command: Sequence[str], lang: str = "en") -> bool:
    """Whether a command reminds of the recovery code."""
    with apoa.monkeypatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        shown = click.unstyle(apoa(*command, keys=[], lang=lang).out)
    said = [spoken(lang, sentence) in shown for sentence in REMINDER]
    assert len(set(said)) == 1
    return said[0]


def confirmed(apoa: Apoa) -> list[bool | None]:
    """What `status --json` and `key show --json` say."""
    return [apoa(*command, "--json").json["recovery_code_confirmed"] for command in (["status"], ["key", "show"])]


def public_key(apoa: Apoa) -> str:
    key: str = tomllib.loads((apoa.home / "config.toml").read_text())["property"]["melati"]["public_key"]
    return key


def public_key_of_code(code: str) -> str:
    return encode_key(key_pair_from_seed(seed_from_code(code))[1])


def keys(apoa: Apoa) -> Keys:
    return Keys(lambda: KeyFileStore(apoa.home / "melati" / "keys.json"))


def code_in_file(path: Path) -> str:
    found = CODE_PATTERN.search(path.read_text())
    assert found is not None
    return parse_code(found[0])


def assert_private_file(path: Path) -> None:
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("fixed_codes")
class TestSetupAtATerminal:
    """The code is shown once and must be typed to confirm it."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_typed_code_confirms_setup(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """The code is shown only on stderr, group by group, and may be typed in small letters with spaces."""
        result = at_a_terminal(apoa, serve().base_url, CODE.lower().replace("-", " "), lang=lang)
        assert result.code == 0, result.all
        for number, group in enumerate(CODE.split("-"), start=1):
            assert f"  {number}.  {' '.join(group)}\n" in result.err
        assert spoken(lang, RIGHT) in result.err
        assert (
            spoken(lang, "Write it down on paper now, and keep it in the safe. It is shown only this once.")
            in result.err
        )
        assert CODE[:5] not in result.out
        assert " ".join(CODE[:5]) not in result.out
        assert public_key(apoa) == public_key_of_code(CODE)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_wrong_group_is_named(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """The wrong group is named, and the code can be typed again."""
        result = at_a_terminal(apoa, serve().base_url, WRONG, CODE, lang=lang)
        assert spoken(lang, "Group {number} of the recovery code is not right.", number=1) in result.err
        assert spoken(lang, RIGHT) in result.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_help_does_not_count_as_an_attempt(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Help and navigation do not count as one of the three attempts."""
        result = at_a_terminal(apoa, serve().base_url, "?", "<", ">", "x", "?", "x", CODE, lang=lang)
        assert spoken(lang, RIGHT) in result.err, result.all
        help_text = "Type the seven groups as they are on the paper; small letters and spaces do not matter."
        assert result.err.count(spoken(lang, help_text)) == 4

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_one_enter_does_not_skip_it(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Enter asks whether the user is sure; no is the default, and costs no attempt."""
        result = at_a_terminal(apoa, serve().base_url, "", "", "x", "", "n", "x", CODE, lang=lang)
        sure = "Skip it? If this computer breaks, only the code on paper opens the saved reports."
        assert result.err.count(spoken(lang, sure)) == 2
        assert spoken(lang, RIGHT) in result.err

    def test_code_of_another_sheet(self, apoa: Apoa, serve: Serve) -> None:
        """A valid code of another property is rejected."""
        result = at_a_terminal(apoa, serve().base_url, NEXT_CODE, CODE)
        assert re.search(r"Group \d of the recovery code is not right\.", result.err)
        assert RIGHT in result.err

    @pytest.mark.parametrize("typed", [["", "y"], [WRONG] * 3, ["x", WRONG, "", "y"], []])
    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_code_not_confirmed(self, apoa: Apoa, serve: Serve, typed: list[str], lang: str) -> None:
        """Without a confirmed code the property is set up, and a warning names the commands for it."""
        result = at_a_terminal(apoa, serve().base_url, *typed, lang=lang)
        assert result.code == 0, result.all
        assert all(spoken(lang, sentence) in result.err for sentence in REMINDER)
        assert spoken(lang, "The property {name} is set up.", name="melati") in result.out
        assert apoa("status").code == 0

    def test_second_setup_shows_no_code(self, apoa: Apoa, serve: Serve) -> None:
        """A second setup keeps the key pair and shows no code."""
        url = serve().base_url
        at_a_terminal(apoa, url, CODE)
        before = public_key(apoa)
        result = at_a_terminal(apoa, url)
        assert result.code == 0, result.all
        assert "recovery code" not in result.err
        assert public_key(apoa) == before

    def test_practice_shows_no_code(self, apoa: Apoa) -> None:
        """A setup for practice shows no recovery code."""
        result = apoa("setup", "--vault", "file", keys=["en", "melati", "", "", "", "WIB", "practice"])
        assert (result.code, result.err.count("recovery")) == (0, 0)

    def test_code_in_a_file(self, apoa: Apoa, serve: Serve, tmp_path: Path) -> None:
        """With --recovery-file the code is written to the file and not asked for."""
        arguments = [
            "--property",
            "melati",
            "--api-url",
            serve().base_url,
            "--username",
            "wisma-melati",
            "--vault",
            "file",
        ]
        file = tmp_path / "code.txt"
        more = ["--timezone", "WIB", "--language", "en", "--recovery-file", str(file)]
        result = apoa("setup", *arguments, *more, keys=["", "", "", PASSWORD])
        assert result.code == 0, result.all
        assert code_in_file(file) == CODE
        assert CODE[:5] not in result.all


class TestSetupUnattended:
    """Without a terminal the code goes to a file, or a warning says that there is no code."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_without_a_file(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Without a file no code is shown, and a warning names the command; practice gives no warning."""
        result = apoa.set_up(serve().base_url, "--language", lang)
        assert result.code == 0
        result = apoa.set_up(serve().base_url, "--language", lang, name="bali")
        sentence = "There is no recovery code yet: if this computer is lost, nothing can open the saved reports."
        assert spoken("en", sentence) in result.err
        assert "apoa key rotate --recovery-file FILE" in result.err
        training = apoa("setup", "--non-interactive", "--property", "latihan", "--training", "--vault", "file")
        assert (training.code, training.err) == (0, "")
        real = apoa.set_up(serve().base_url, name="latihan")  # changes practice to real use
        assert spoken("en", sentence) in real.err
        assert spoken("en", sentence) not in apoa.set_up(serve().base_url, name="latihan").err

    @pytest.mark.parametrize("name", ["code.txt", "sheet.html", "SHEET.HTM"])
    @pytest.mark.parametrize("training", [False, True])
    def test_file_content(self, apoa: Apoa, tmp_path: Path, name: str, training: bool) -> None:  # noqa: FBT001  parametrized
        """The private file has the code of the property, and neither the output nor the stored data has it."""
        file = tmp_path / name
        place = ["--property", "melati", "--vault", "file", "--recovery-file", str(file)]
        real = ["--api-url", NOWHERE, "--username", "u", "--password-stdin"]
        address = ["--training"] if training else real
        result = apoa("setup", "--non-interactive", *place, *address, stdin="pw\n")
        assert result.code == (0 if training else 75), result.all
        assert_private_file(file)
        assert public_key_of_code(code_in_file(file)) == public_key(apoa)
        assert file.read_text().startswith("<!DOCTYPE" if "HT" in name.upper() else "apoa-client")
        group = code_in_file(file)[:5]
        assert group not in result.all
        assert all(group.encode() not in path.read_bytes() for path in apoa.home.rglob("*") if path.is_file())

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_existing_file_is_not_overwritten(self, apoa: Apoa, tmp_path: Path, lang: str) -> None:
        """An existing file is a usage error, and no key is made."""
        file = tmp_path / "code.txt"
        file.write_text("mine")
        result = apoa.set_up(NOWHERE, "--recovery-file", str(file), "--language", lang)
        assert result.code == 2
        assert str(file) in result.err
        assert file.read_text() == "mine"
        assert not (apoa.home / "config.toml").exists()
        assert not (apoa.home / "melati" / "keys.json").exists()

    def test_file_that_cannot_be_written(self, apoa: Apoa, tmp_path: Path) -> None:
        """A file that cannot be written is an error before any data is stored."""
        result = apoa.set_up(NOWHERE, "--recovery-file", str(tmp_path / "nowhere" / "code.txt"))
        assert result.code == 77
        assert not (apoa.home / "melati" / "keys.json").exists()

    def test_failed_setup_and_the_file(self, apoa: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The file exists only if its key was stored, and the next setup uses that key and names the file."""
        file = tmp_path / "code.txt"
        more = ["--recovery-file", str(file)]
        (apoa.home / "melati").mkdir(parents=True)
        (apoa.home / "melati" / "keys.json").mkdir()
        assert apoa.set_up(NOWHERE, *more).code == 77
        assert not file.exists()
        (apoa.home / "melati" / "keys.json").rmdir()
        with monkeypatch.context() as patch:
            patch.setattr("apoa_client.settings.writer.save", None)
            assert apoa.set_up(NOWHERE, *more).code == 1
        assert file.exists()
        again = apoa.set_up(NOWHERE, *more)
        assert again.code == 75
        assert f"The recovery code is in {file}." in again.err
        assert public_key_of_code(code_in_file(file)) == public_key(apoa)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_file_for_a_property_with_a_key(self, away: Apoa, tmp_path: Path, lang: str) -> None:
        """No file is written for a property with a key, and the output names the command for a new code."""
        result = away.set_up(NOWHERE, "--recovery-file", str(tmp_path / "code.txt"), "--language", lang)
        assert result.code == 75
        assert "apoa key rotate --recovery-file FILE" in result.err
        assert not (tmp_path / "code.txt").exists()


class TestSheet:
    """The recovery sheet that is printed."""

    SHEET = RecoverySheet(
        "melati", 'Jl. <b>Melati</b> & "7"', "authority.example/v1", date(2026, 11, 24), "ab12-cd34", CODE
    )

    def test_html_sheet(self) -> None:
        """The page needs no other file, has the code and both languages, and escapes HTML in values."""
        page = sheet_html(self.SHEET)
        reader = read_page(page)
        assert self.SHEET.address in reader.text
        assert CODE in reader.text
        assert all(f"<li>{group}</li>" in page for group in CODE.split("-"))
        self._assert_content(reader.text)

    def test_text_sheet(self) -> None:
        """The text sheet has the same content, with the code on its own line."""
        text = sheet_text(self.SHEET)
        assert f"\n{CODE}\n" in text
        self._assert_content(text)
        assert "Address" not in sheet_text(self.SHEET._replace(address=""))

    def test_repr_has_no_code(self) -> None:
        """The repr does not contain the code."""
        assert CODE[:5] not in repr(self.SHEET)

    def _assert_content(self, text: str) -> None:
        for language in LANGUAGES:
            for sentence in (
                "Anyone who has this code and a copy of the data can read every report: names, passports, rooms.",
                "How: restore the backup there with this code, then type the code again at: apoa key recover",
            ):
                assert spoken(language, sentence) in text
        assert all(value in text for value in ("melati", "authority.example/v1", "2026-11-24", "ab12-cd34"))


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

    @pytest.fixture
    def code(self, lost: Apoa, tmp_path: Path) -> str:  # noqa: ARG002  writes the sheet
        """Return the code on the recovery sheet."""
        return code_in_file(tmp_path / "sheet.html")

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_from_the_sheet_file(self, lost: Apoa, tmp_path: Path, lang: str) -> None:
        """The file of the sheet restores the key, and the output names the command for a missing password."""
        result = lost("key", "recover", "--recovery-file", str(tmp_path / "sheet.html"), lang=lang)
        assert result.code == 0, result.err
        sentence = "The private key is restored, and saved reports can be read. If the password is missing: apoa login"
        assert spoken(lang, sentence) in result.out
        assert lost.reports()[0]["guest"]["surname"] == QUENTIN.surname

    @pytest.mark.parametrize("between", ["-", " ", ""])
    def test_from_standard_input(self, lost: Apoa, code: str, between: str) -> None:
        """The code is read with hyphens, spaces or no separator."""
        typed = code.lower().replace("-", between)
        assert lost("key", "recover", "--code-stdin", stdin=typed + "\n").code == 0
        assert lost.reports()[0]["guest"]["surname"] == QUENTIN.surname

    def test_from_a_file_with_only_the_code(self, lost: Apoa, code: str, tmp_path: Path) -> None:
        """A file that holds only the typed code restores the key."""
        (tmp_path / "typed").write_text(code.replace("-", " ").lower() + "\n")
        assert lost("key", "recover", "--recovery-file", str(tmp_path / "typed")).code == 0

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_at_a_terminal(self, lost: Apoa, code: str, lang: str) -> None:
        """The typed code is hidden; a wrong group is named, and the question is repeated."""
        wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
        result = lost("key", "recover", keys=[wrong, code], lang=lang)
        assert result.code == 0, result.err
        assert spoken(lang, "Group {number} of the recovery code is not right.", number=7) in result.err
        assert code[:5] not in result.all
        again = lost("key", "recover", keys=[code], lang=lang)
        assert spoken(lang, "The code is right. The private key was here already.") in again.out

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_help_does_not_count_as_an_attempt(self, lost: Apoa, code: str, lang: str) -> None:
        """Help and navigation do not count as attempts."""
        result = lost("key", "recover", keys=["?", "<", ">", "x", "x", code], lang=lang)
        assert result.code == 0, result.err
        help_text = "Type the seven groups as they are on the paper; small letters and spaces do not matter."
        assert result.err.count(spoken(lang, help_text)) == 3

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

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_code_of_another_property(self, lost: Apoa, lang: str) -> None:
        """The code of another property is refused, is not printed, and stores nothing."""
        result = lost("key", "recover", "--code-stdin", stdin=NEXT_CODE, lang=lang)
        assert result.code == 77
        assert spoken(lang, "This is the key of another property, or of an earlier key pair.") in result.err
        assert NEXT_CODE[:5] not in result.all
        assert not (lost.home / "melati" / "keys.json").exists()

    def test_with_another_vault(self, lost: Apoa, code: str) -> None:
        """With --vault file the key is stored in a file, and the settings are updated."""
        config = lost.home / "config.toml"
        config.write_text(config.read_text().replace('vault = "file"\n', ""))
        refused = lost("key", "recover", "--code-stdin", stdin=code)
        assert refused.code == 77
        assert lost("key", "recover", "--vault", "file", "--code-stdin", stdin=code).code == 0
        assert 'vault = "file"' in config.read_text()
        assert lost.reports()[0]["guest"]["surname"] == QUENTIN.surname

    def test_key_in_the_environment(self, lost: Apoa, code: str) -> None:
        """A warning says that APOA_PRIVATE_KEY is tried first."""
        result = lost("key", "recover", "--code-stdin", stdin=code, APOA_PRIVATE_KEY="x")
        assert result.code == 0
        assert "But APOA_PRIVATE_KEY gives a private key too, and it is tried first." in result.err


class TestRotate:
    """A new key pair with a new code."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_with_a_file(self, configured: Apoa, tmp_path: Path, lang: str) -> None:
        """The file has the new code, every report is sealed again, and reports can still be sent."""
        configured.save()
        configured.save(XIMENA)
        before = public_key(configured)
        result = configured("key", "rotate", "--recovery-file", str(tmp_path / "code.txt"), lang=lang)
        assert result.code == 0, result.err
        code = code_in_file(tmp_path / "code.txt")
        assert public_key_of_code(code) == public_key(configured) != before
        assert code[:5] not in result.all
        assert "2 " in result.out
        assert [report["guest"]["surname"] for report in configured.reports()] == [QUENTIN.surname, XIMENA.surname]
        assert configured("sync", "--json").json["accepted"] == 2
        configured.delete_key()
        assert configured("key", "recover", "--code-stdin", stdin=code).code == 0
        assert configured.reports()[0]["guest"]["surname"] == QUENTIN.surname

    @pytest.mark.usefixtures("fixed_codes")
    def test_unconfirmed_code_changes_nothing(self, away: Apoa) -> None:
        """The keys do not change if the new code is not confirmed."""
        away.save()
        before = public_key(away)
        refused = away("key", "rotate", keys=["x", ""])
        assert refused.code == 77
        assert "The recovery code was not confirmed." in refused.err
        assert public_key(away) == before
        assert keys(away).next() is None

    def test_confirmed_code_changes_the_keys(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """A confirmed code seals every report again with the new key."""
        monkeypatch.setattr("apoa_client.vault.recovery.new_code", lambda: CODE)
        away.save()
        result = away("key", "rotate", keys=[CODE])
        assert result.code == 0, result.err
        assert "1 report was sealed again." in result.out
        assert public_key(away) == public_key_of_code(CODE)
        assert away.reports()[0]["guest"]["surname"] == QUENTIN.surname

    def test_rotate_needs_a_terminal_or_a_file(self, away: Apoa) -> None:
        """A usage error names the option; nothing changes."""
        before = public_key(away)
        result = away("key", "rotate")
        assert (result.code, "--recovery-file FILE" in result.err) == (2, True)
        assert public_key(away) == before

    def test_existing_file(self, away: Apoa, tmp_path: Path) -> None:
        """An existing file is not overwritten, and nothing changes."""
        before = public_key(away)
        (tmp_path / "code.txt").write_text("mine")
        assert away("key", "rotate", "--recovery-file", str(tmp_path / "code.txt")).code == 2
        assert ((tmp_path / "code.txt").read_text(), public_key(away)) == ("mine", before)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_unreadable_report(self, away: Apoa, tmp_path: Path, lang: str) -> None:
        """The report is named, no key changes, and no file with an unused code is left."""
        import sqlite3  # changes the stored data directly

        saved = away.save()
        before = public_key(away)
        with sqlite3.connect(away.home / "melati" / "outbox.db") as db:
            db.execute("UPDATE reports SET content = CAST(content || x'00' AS BLOB)")
        db.close()
        result = away("key", "rotate", "--recovery-file", str(tmp_path / "code.txt"), lang=lang)
        assert result.code == 78
        assert saved["id"] in result.err
        assert public_key(away) == before
        assert not (tmp_path / "code.txt").exists()

    @pytest.fixture
    def interrupted(self, away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apoa:
        """Return a property whose change of keys was interrupted after its code was written."""
        away.save()
        with monkeypatch.context() as patch:

            def interrupt(*_args: object) -> int:
                raise KeyboardInterrupt

            patch.setattr("apoa_client.outbox.sql.reseal.SealedRecords.reseal", interrupt)
            result = away("key", "rotate", "--recovery-file", str(tmp_path / "first.txt"))
        assert result.code == 130
        assert "finish it with: apoa key rotate" in result.err
        assert keys(away).next() is not None
        assert away.reports()[0]["guest"]["surname"] == QUENTIN.surname
        return away

    def test_same_command_finishes_the_change(self, interrupted: Apoa, tmp_path: Path) -> None:
        """The same command finishes the change, and the file has the code of the key."""
        file = tmp_path / "first.txt"
        result = interrupted("key", "rotate", "--recovery-file", str(file))
        assert result.code == 0, result.err
        assert result.out == "The interrupted change of keys is finished.\n"
        assert public_key(interrupted) == public_key_of_code(code_in_file(file))
        assert keys(interrupted).next() is None

    def test_another_file_makes_another_key(self, interrupted: Apoa, tmp_path: Path) -> None:
        """Another file finishes the change and then makes another key with its code in that file."""
        file = tmp_path / "second.txt"
        assert interrupted("key", "rotate", "--recovery-file", str(file)).code == 0
        assert public_key(interrupted) == public_key_of_code(code_in_file(file))
        assert interrupted.reports()[0]["guest"]["surname"] == QUENTIN.surname

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_finish_without_a_file(self, interrupted: Apoa, tmp_path: Path, lang: str) -> None:
        """Without a file the change is finished, and the output says where the code was given."""
        result = interrupted("key", "rotate", lang=lang)
        assert result.code == 0
        sentence = "Its recovery code was shown or written before. If it is lost: apoa key rotate --recovery-file FILE"
        assert spoken(lang, sentence) in result.err
        assert public_key(interrupted) == public_key_of_code(code_in_file(tmp_path / "first.txt"))

    def test_lost_code_makes_a_new_key(self, interrupted: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """At a terminal the answer that the code is lost makes a new key and a new code."""
        monkeypatch.setattr("apoa_client.vault.recovery.new_code", lambda: CODE)
        result = interrupted("key", "rotate", keys=["n", CODE])
        assert result.code == 0, result.err
        assert public_key(interrupted) == public_key_of_code(CODE)

    def test_available_code_finishes_the_change(self, interrupted: Apoa) -> None:
        """At a terminal the answer that the code is available finishes the change."""
        result = interrupted("key", "rotate", keys=["y"])
        assert (result.code, keys(interrupted).next()) == (0, None)

    def test_vault_change_moves_every_key(self, interrupted: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """A setup with another vault moves both keys of an unfinished change."""
        stored: dict[str, str] = {}

        class FakeKeyring:
            place = "keyring"

            def __init__(self, *_args: object, **_options: object) -> None: ...

            get, set = staticmethod(stored.get), staticmethod(stored.__setitem__)

            def delete(self, name: str) -> None:
                stored.pop(name, None)

        monkeypatch.setattr("apoa_client.vault.keyring_store.KeyringStore", FakeKeyring)
        assert interrupted.set_up(NOWHERE, "--vault", "keyring").code == 75
        interrupted.delete_key()
        assert interrupted.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert interrupted("key", "rotate").code == 0
        assert interrupted.reports()[0]["guest"]["surname"] == QUENTIN.surname


class TestShow:
    """`apoa key show` describes the key and never prints it."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_available_key(self, away: Apoa, lang: str) -> None:
        """The output has the fingerprint and the place of the key, but not the private key."""
        result = away("key", "show", lang=lang)
        assert result.code == 0
        assert spoken(lang, "It is available now, and it is the right one.") in result.out
        value = away("key", "show", "--json").json
        place = str(away.home / "melati" / "keys.json")
        shown = {"property": "melati", "fingerprint": value["fingerprint"], "place": place}
        state = {"available": True, "error": None, "change_unfinished": False, "recovery_code_confirmed": False}
        state["old_key_kept"] = False
        assert value == {**shown, **state}
        assert value["fingerprint"] in result.out
        secret = KeyFileStore(Path(place)).get(PRIVATE_KEY)
        assert secret
        assert secret not in result.all

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_missing_key(self, away: Apoa, lang: str) -> None:
        """A missing key exits with 77, and the output names the command that restores it."""
        away.delete_key()
        result = away("key", "show", lang=lang)
        assert result.code == 77
        assert spoken(lang, "Restore it with the recovery code: apoa key recover") in result.err
        value = away("key", "show", "--json")
        assert (value.code, value.json["available"], value.json["error"]["class"]) == (77, False, "secret_missing")

    def test_key_in_the_environment(self, away: Apoa) -> None:
        """The output names APOA_PRIVATE_KEY as the source of the key."""
        secret = KeyFileStore(away.home / "melati" / "keys.json").get(PRIVATE_KEY)
        assert secret
        result = away("key", "show", APOA_PRIVATE_KEY=secret)
        assert (result.code, "APOA_PRIVATE_KEY" in result.out, secret in result.all) == (0, True, False)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_earlier_key(self, away: Apoa, tmp_path: Path, lang: str) -> None:
        """A key that is kept for earlier records is named, by `key rotate` too, until nothing is sealed to it."""
        away.save()
        result = away("key", "rotate", "--recovery-file", str(tmp_path / "code.txt"), lang=lang)
        assert spoken(lang, "The old private key is deleted from this computer.") in result.out
        keys(away).add_old(key_pair_from_seed(seed_from_code(CODE))[0])
        sentence = spoken(lang, OLD_KEY_KEPT.template)
        assert sentence in away("key", "show", lang=lang).out
        assert away("key", "show", "--json").json["old_key_kept"]
        with away.monkeypatch.context() as patch:
            patch.setattr("apoa_client.outbox.sql.reseal.SealedRecords.opens_all", lambda *_arguments: False)
            assert sentence in away("key", "rotate", "--recovery-file", str(tmp_path / "next.txt"), lang=lang).err
        away("key", "rotate", "--recovery-file", str(tmp_path / "last.txt"))
        assert not away("key", "show", "--json").json["old_key_kept"]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_keyring_is_named(self, away: Apoa, lang: str) -> None:
        """The keyring is called so in the reader's language; JSON has its setting."""
        away.monkeypatch.setattr("apoa_client.vault.sources.PropertySecrets.place", KeyringStore.place)
        sentence = spoken(lang, "The private key is kept in: {place}", place=spoken(lang, "the keyring"))
        assert sentence in away("key", "show", lang=lang).out
        assert away("key", "show", "--json").json["place"] == "keyring"

    def test_interrupted_change(self, away: Apoa) -> None:
        """An interrupted change of keys is reported with the command that finishes it."""
        keys(away).begin_rotation(key_pair_from_seed(seed_from_code(CODE))[0])
        result = away("key", "show")
        assert "A change of keys was interrupted. All reports open; finish it with: apoa key rotate" in result.out
        assert away("key", "show", "--json").json["change_unfinished"]


class TestReminder:
    """Until the code of the present key was typed back once."""

    @pytest.fixture
    def away(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> Apoa:
        """A property whose next codes are fixed."""
        codes = [CODE, NEXT_CODE]
        monkeypatch.setattr("apoa_client.vault.recovery.new_code", lambda: codes.pop(0))
        return away

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_until_it_is_typed_back(self, away: Apoa, lang: str) -> None:
        """`apoa`, `status` and `key show` remind of it; typing it back ends that, and a new key begins it again."""
        for command in ([], ["status"], ["key", "show"]):
            assert reminded(away, command, lang)
        assert confirmed(away) == [False, False]
        result = away("key", "rotate", keys=[CODE])
        assert result.code == 0, result.err
        for command in ([], ["status"], ["key", "show"]):
            assert not reminded(away, command, lang)
        assert confirmed(away) == [True, True]
        assert spoken(lang, "The recovery code is confirmed: it was typed back.") in away("key", "show", lang=lang).out
        assert spoken(lang, "recovery code confirmed") in away("log", lang=lang).out

    def test_a_rotation_makes_it_unconfirmed(self, away: Apoa, tmp_path: Path) -> None:
        """With the new code only in a file; recovering the key that is here with it confirms it."""
        assert away("key", "rotate", keys=[CODE]).code == 0
        assert away("key", "rotate", "--recovery-file", str(tmp_path / "code.txt")).code == 0
        assert confirmed(away) == [False, False]
        assert away("key", "recover", keys=[CODE]).code == 77  # the code of the earlier key
        assert confirmed(away) == [False, False]
        assert away("key", "recover", keys=[NEXT_CODE]).code == 0
        assert confirmed(away) == [True, True]

    def test_recovering_an_older_key_does_not_confirm(self, away: Apoa, tmp_path: Path) -> None:
        """Its code opens only older reports."""
        assert away("key", "rotate", keys=[CODE]).code == 0
        away.save()
        with away.monkeypatch.context() as patch:
            patch.setattr("apoa_client.outbox.sql.reseal.SealedRecords.reseal", lambda *_args: 0)
            assert away("key", "rotate", "--recovery-file", str(tmp_path / "code.txt")).code == 0
        result = away("key", "recover", keys=[CODE])
        assert (result.code, "This older key is kept too" in result.out) == (0, True), result.all
        assert confirmed(away) == [False, False]

    @pytest.mark.usefixtures("fixed_codes")
    def test_set_up_at_a_terminal(self, apoa: Apoa, serve: Serve) -> None:
        """A code that was typed back there is confirmed, though the authority is for training."""
        url = serve().base_url
        at_a_terminal(apoa, url, CODE)
        with SqliteOutbox.open(apoa.home / "melati" / "outbox.db", sealer()) as outbox:
            now = apoa.clock.now()
            assert outbox.summary(now=now, soon=now).code_confirmed_for == public_key(apoa)

    def test_practice_is_not_reminded(self, apoa: Apoa, configured: Apoa) -> None:
        """Neither a training property nor one whose authority is for training."""
        assert confirmed(configured) == [None, None]
        assert not any(reminded(configured, command) for command in ([], ["status"], ["key", "show"]))
        assert apoa("setup", "--non-interactive", "--property", "latihan", "--training", "--vault", "file").code == 0
        assert apoa("--property", "latihan", "status", "--json").json["recovery_code_confirmed"] is None

    def test_damaged_metadata(self, away: Apoa) -> None:
        """Anything but a text counts as not confirmed."""
        away.change_database("INSERT INTO memo VALUES ('code_confirmed', 7)")
        assert confirmed(away) == [False, False]


class TestTransfer:
    """Export and import of the key for a second computer."""

    @pytest.fixture
    def file(self, away: Apoa, tmp_path: Path) -> Path:
        """Return the key file that the first computer exported; one report is saved there."""
        away.save()
        file = tmp_path / "melati.key"
        result = away("key", "export", str(file), "--passphrase-stdin", stdin=f"{PASSPHRASE}\n")
        assert result.code == 0, result.err
        assert PASSPHRASE not in result.all
        assert_private_file(file)
        return file

    @pytest.fixture
    def second(self, away: Apoa, file: Path, tmp_path: Path) -> Apoa:
        """Return a second computer with its own setup of the property and one report."""
        assert file.exists()
        other = Apoa({**away.environ, "APOA_HOME": str(tmp_path / "second")}, away.clock, away.capsys, away.monkeypatch)
        assert other.set_up(NOWHERE).code == 75
        other.save(XIMENA)
        return other

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_import_replaces_the_key(self, away: Apoa, second: Apoa, file: Path, lang: str) -> None:
        """The second computer uses the imported key, and its saved reports are sealed again with that key."""
        assert public_key(second) != public_key(away)
        result = second("key", "import", str(file), "--passphrase-stdin", stdin=PASSPHRASE, lang=lang)
        assert result.code == 0, result.err
        sentence = "Its own recovery code is not valid any more: keep the one of the other computer."
        assert spoken(lang, sentence) in result.err
        assert public_key(second) == public_key(away)
        assert second.reports()[0]["guest"]["surname"] == XIMENA.surname
        assert second("log", "--json").json["entries"][-1]["action"] == "key_imported"

    def test_import_restores_a_missing_key(self, away: Apoa, file: Path) -> None:
        """Import restores a missing key on the same computer."""
        away.delete_key()
        result = away("key", "import", str(file), "--passphrase-stdin", stdin=PASSPHRASE)
        assert result.code == 0, result.err
        assert away.reports()[0]["guest"]["surname"] == QUENTIN.surname

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_wrong_passphrase(self, second: Apoa, file: Path, lang: str) -> None:
        """A wrong passphrase exits with 77, is not printed, and changes nothing."""
        before = public_key(second)
        result = second("key", "import", str(file), "--passphrase-stdin", stdin="kuda salah", lang=lang)
        assert result.code == 77
        assert spoken(lang, "The passphrase does not open the file, or the file was changed.") in result.err
        assert "kuda" not in result.all
        assert public_key(second) == before

    def test_key_of_another_property(self, away: Apoa, file: Path) -> None:
        """The key of another property is refused, and the error names that property."""
        away.set_up(NOWHERE, name="bali")
        result = away("--property", "bali", "key", "import", str(file), "--passphrase-stdin", stdin=PASSPHRASE)
        assert result.code == 65
        assert "melati" in result.err

    def test_invalid_input(self, away: Apoa, tmp_path: Path) -> None:
        """A missing file, another file, no passphrase or no terminal is an error."""
        (tmp_path / "other").write_text(json.dumps({"what": 1}))
        arguments = ["key", "import", str(tmp_path / "other")]
        assert away(*arguments, "--passphrase-stdin", stdin=PASSPHRASE).code == 65
        assert away(*arguments, "--passphrase-stdin", stdin="\n").code == 2
        assert away(*arguments).code == 2
        assert away("key", "import", str(tmp_path / "nothing"), "--passphrase-stdin", stdin=PASSPHRASE).code == 2

    def test_passphrase_at_a_terminal(self, away: Apoa, tmp_path: Path) -> None:
        """Export asks for the passphrase twice, import asks once, and the passphrase is never shown."""
        file = tmp_path / "melati.key"
        assert away("key", "export", str(file), keys=[PASSPHRASE, "other", PASSPHRASE, PASSPHRASE]).code == 0
        result = away("key", "import", str(file), keys=[PASSPHRASE])
        assert result.code == 0, result.err
        assert PASSPHRASE not in result.all

    def test_short_passphrase_and_existing_file(self, away: Apoa, tmp_path: Path) -> None:
        """A short passphrase writes no file, and an existing file is not overwritten."""
        file = tmp_path / "melati.key"
        assert away("key", "export", str(file), "--passphrase-stdin", stdin="pendek").code == 2
        assert not file.exists()
        file.write_text("mine")
        assert away("key", "export", str(file), "--passphrase-stdin", stdin=PASSPHRASE).code == 2
        assert file.read_text() == "mine"

    def test_export_without_the_key(self, away: Apoa, tmp_path: Path) -> None:
        """Without the key, export fails before it asks for a passphrase."""
        away.delete_key()
        assert away("key", "export", str(tmp_path / "melati.key"), keys=[]).code == 77


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["show", "recover", "rotate", "export", "import"])
def test_every_subcommand_has_help_with_an_example(apoa: Apoa, name: str, lang: str) -> None:
    """Each subcommand has help with an example and is listed by `apoa key --help`."""
    result = apoa("key", name, "--help", lang=lang)
    assert (result.code, result.err) == (0, "")
    assert f"{spoken(lang, 'Example')}:\n  {typed_in(lang, f'apoa key {name}')}" in result.out
    shown = typed_in(lang, f"apoa key {name}").split()[-1]
    assert re.search(rf"^  {shown}  +\S", apoa("key", "--help", lang=lang).out, re.MULTILINE)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_unknown_subcommand(apoa: Apoa, lang: str) -> None:
    """An unknown or missing subcommand exits with 2."""
    assert apoa("key", "nothing", lang=lang).code == 2
    assert apoa("key", lang=lang).code == 2
