"""`apoa key`, and the recovery code that `apoa setup` makes: the code restores the key and is never leaked."""

import json
import os
import re
import stat
import tomllib
from datetime import date
from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, NOWHERE, PASSWORD, QUENTIN, XIMENA, Apoa, CallResult, Serve, spoken
from page_helpers import read_page

from apoa_client.cli.documents.recovery_sheet import RecoverySheet, sheet_html, sheet_text
from apoa_client.vault.key_file import KeyFileStore
from apoa_client.vault.keys import Keys
from apoa_client.vault.recovery import new_code, parse_code, seed_from_code
from apoa_client.vault.sealing import encode_key, key_pair_from_seed
from apoa_client.vault.store import PRIVATE_KEY

CODE, NEXT_CODE = new_code(), new_code()
PASSPHRASE = "kuda betul baterai"
WRONG = ("A" if CODE[0] != "A" else "B") + CODE[1:]
RIGHT = "That is right. The code is still visible in this window: close the window when you are done."
CODE_PATTERN = re.compile(r"\b(?:[0-9A-Z]{5}-){6}[0-9A-Z]{5}\b")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next codes are known to the test."""
    codes = [CODE, NEXT_CODE]
    monkeypatch.setattr("apoa_client.vault.recovery.new_code", lambda: codes.pop(0))


def at_a_terminal(apoa: Apoa, url: str, *keys: str, lang: str = "en") -> CallResult:
    """Set up a property against an authority; `keys` come after all that is asked before the code."""
    given = ["--property", "melati", "--api-url", url, "--username", "wisma-melati", "--vault", "file"]
    place = ["--address", "", "--office", "", "--timezone", "WIB", "--language", lang]
    return apoa("setup", *given, *place, keys=[PASSWORD, *keys], lang=lang)


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


@pytest.mark.usefixtures("known")
class TestSetupAtATerminal:
    """The code is shown once, and typed back."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_typed_back(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Shown group by group on stderr, and nowhere else; how it is typed does not matter."""
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
        """Nor is a move: three wrong codes may still be typed."""
        result = at_a_terminal(apoa, serve().base_url, "?", "<", ">", "x", "?", "x", CODE, lang=lang)
        assert spoken(lang, RIGHT) in result.err, result.all
        helped = "Type the seven groups as they are on the paper; small letters and spaces do not matter."
        assert result.err.count(spoken(lang, helped)) == 4

    def test_the_code_of_another_sheet(self, apoa: Apoa, serve: Serve) -> None:
        """Whole in itself, and still not this one."""
        result = at_a_terminal(apoa, serve().base_url, NEXT_CODE, CODE)
        assert re.search(r"Group \d of the recovery code is not right\.", result.err)
        assert RIGHT in result.err

    @pytest.mark.parametrize("typed", [[""], [WRONG] * 3, ["x", WRONG, ""], []])
    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_not_confirmed(self, apoa: Apoa, serve: Serve, typed: list[str], lang: str) -> None:
        """Three wrong ones, Enter alone, or Ctrl-C: the property is set up, and it says what is missing."""
        result = at_a_terminal(apoa, serve().base_url, *typed, lang=lang)
        assert result.code == 0, result.all
        sentence = "The recovery code was not confirmed, so do not rely on it. Make a new one: apoa key rotate"
        assert spoken(lang, sentence) in result.err
        assert spoken(lang, "The property {name} is set up.", name="melati") in result.out
        assert apoa("status").code == 0

    def test_setting_up_again_shows_none(self, apoa: Apoa, serve: Serve) -> None:
        """The key pair stays, and its code was shown before."""
        url = serve().base_url
        at_a_terminal(apoa, url, CODE)
        before = public_key(apoa)
        result = at_a_terminal(apoa, url)
        assert result.code == 0, result.all
        assert "recovery code" not in result.err
        assert public_key(apoa) == before

    def test_practice_shows_none(self, apoa: Apoa) -> None:
        """There is nothing to lose."""
        result = apoa("setup", "--vault", "file", keys=["en", "melati", "", "", "WIB", "practice"])
        assert (result.code, result.err.count("recovery")) == (0, 0)

    def test_a_file_in_place_of_the_screen(self, apoa: Apoa, serve: Serve, tmp_path: Path) -> None:
        """With --recovery-file the code is written to the file and not asked for."""
        given = ["--property", "melati", "--api-url", serve().base_url, "--username", "wisma-melati", "--vault", "file"]
        file = tmp_path / "code.txt"
        more = ["--timezone", "WIB", "--language", "en", "--recovery-file", str(file)]
        result = apoa("setup", *given, *more, keys=["", "", PASSWORD])
        assert result.code == 0, result.all
        assert code_in_file(file) == CODE
        assert CODE[:5] not in result.all


class TestSetupUnattended:
    """A file, or a remark that there is none."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_no_file(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Nothing is shown, and one remark says what to do; practice needs none."""
        result = apoa.set_up(serve().base_url, "--language", lang)
        assert result.code == 0
        result = apoa.set_up(serve().base_url, "--language", lang, name="bali")
        sentence = "There is no recovery code yet: if this computer is lost, nothing can open the saved reports."
        assert spoken("en", sentence) in result.err
        assert "apoa key rotate --recovery-file FILE" in result.err
        training = apoa("setup", "--non-interactive", "--property", "latihan", "--training", "--vault", "file")
        assert (training.code, training.err) == (0, "")
        real = apoa.set_up(serve().base_url, name="latihan")  # what was practice becomes real
        assert spoken("en", sentence) in real.err
        assert spoken("en", sentence) not in apoa.set_up(serve().base_url, name="latihan").err

    @pytest.mark.parametrize("name", ["code.txt", "sheet.html", "SHEET.HTM"])
    @pytest.mark.parametrize("training", [False, True])
    def test_a_file(self, apoa: Apoa, tmp_path: Path, name: str, training: bool) -> None:  # noqa: FBT001  a parameter
        """Its owner's alone; the code in it is the property's, and is nowhere else."""
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
    def test_a_file_is_never_overwritten(self, apoa: Apoa, tmp_path: Path, lang: str) -> None:
        """Refused, and no key is made."""
        file = tmp_path / "code.txt"
        file.write_text("mine")
        result = apoa.set_up(NOWHERE, "--recovery-file", str(file), "--language", lang)
        assert result.code == 2
        assert str(file) in result.err
        assert file.read_text() == "mine"
        assert not (apoa.home / "config.toml").exists()
        assert not (apoa.home / "melati" / "keys.json").exists()

    def test_a_file_that_cannot_be_written(self, apoa: Apoa, tmp_path: Path) -> None:
        """Refused before anything is stored."""
        result = apoa.set_up(NOWHERE, "--recovery-file", str(tmp_path / "nowhere" / "code.txt"))
        assert result.code == 77
        assert not (apoa.home / "melati" / "keys.json").exists()

    def test_a_key_that_was_not_kept_leaves_no_file(
        self, apoa: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """But one that was kept does: the next try takes that key up, and says that the file is there."""
        file = tmp_path / "code.txt"
        more = ["--recovery-file", str(file)]
        (apoa.home / "melati").mkdir(parents=True)
        (apoa.home / "melati" / "keys.json").symlink_to(tmp_path / "elsewhere")
        assert apoa.set_up(NOWHERE, *more).code == 77
        assert not file.exists()
        (apoa.home / "melati" / "keys.json").unlink()
        with monkeypatch.context() as patch:
            patch.setattr("apoa_client.settings.writer.save", None)
            assert apoa.set_up(NOWHERE, *more).code == 1
        assert file.exists()
        again = apoa.set_up(NOWHERE, *more)
        assert again.code == 75
        assert f"The recovery code is in {file}." in again.err
        assert public_key_of_code(code_in_file(file)) == public_key(apoa)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_file_for_a_property_that_has_its_key(self, away: Apoa, tmp_path: Path, lang: str) -> None:
        """None is written, and it says how there will be one."""
        result = away.set_up(NOWHERE, "--recovery-file", str(tmp_path / "code.txt"), "--language", lang)
        assert result.code == 75
        assert "apoa key rotate --recovery-file FILE" in result.err
        assert not (tmp_path / "code.txt").exists()


class TestSheet:
    """What is printed and put into the safe."""

    SHEET = RecoverySheet("melati", 'Jl. <b>Melati</b> & "7"', date(2026, 11, 24), "ab12-cd34", CODE)

    def test_it_stands_alone(self) -> None:
        """No script, nothing from elsewhere; both languages; the code in groups and in a line; strange text as text."""
        page = sheet_html(self.SHEET)
        reader = read_page(page)
        assert self.SHEET.address in reader.text
        assert CODE in reader.text
        assert all(f"<li>{group}</li>" in page for group in CODE.split("-"))
        self._assert_says_all(reader.text)

    def test_as_text(self) -> None:
        """The same, with the code on a line of its own."""
        text = sheet_text(self.SHEET)
        assert f"\n{CODE}\n" in text
        self._assert_says_all(text)
        assert "Address" not in sheet_text(self.SHEET._replace(address=""))

    def test_its_repr(self) -> None:
        """The repr does not contain the code."""
        assert CODE[:5] not in repr(self.SHEET)

    def _assert_says_all(self, text: str) -> None:
        for language in LANGUAGES:
            for sentence in (
                "Anyone who has this code and a copy of the data can read every report: names, passports, rooms.",
                "How: restore the backup there, then type the code at: apoa key recover",
            ):
                assert spoken(language, sentence) in text
        assert all(value in text for value in ("melati", "2026-11-24", "ab12-cd34"))


class TestRecover:
    """The private key comes back from the code."""

    @pytest.fixture
    def lost(self, apoa: Apoa, tmp_path: Path) -> Apoa:
        """A property with a report, whose key is gone; the sheet is there."""
        assert apoa.set_up(NOWHERE, "--recovery-file", str(tmp_path / "sheet.html")).code == 75
        apoa.save()
        apoa.delete_key()
        assert apoa.reports()[0]["sealed"]
        return apoa

    @pytest.fixture
    def code(self, lost: Apoa, tmp_path: Path) -> str:  # noqa: ARG002  which writes the sheet
        """The code of its sheet."""
        return code_in_file(tmp_path / "sheet.html")

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_from_the_sheets_file(self, lost: Apoa, tmp_path: Path, lang: str) -> None:
        """All is read again; what is missing besides is named."""
        result = lost("key", "recover", "--recovery-file", str(tmp_path / "sheet.html"), lang=lang)
        assert result.code == 0, result.err
        sentence = "The private key is restored, and saved reports can be read. If the password is missing: apoa login"
        assert spoken(lang, sentence) in result.out
        assert lost.reports()[0]["guest"]["surname"] == QUENTIN.surname

    @pytest.mark.parametrize("between", ["-", " ", ""])
    def test_from_standard_input(self, lost: Apoa, code: str, between: str) -> None:
        """Reads the code with hyphens, spaces or no separator."""
        typed = code.lower().replace("-", between)
        assert lost("key", "recover", "--code-stdin", stdin=typed + "\n").code == 0
        assert lost.reports()[0]["guest"]["surname"] == QUENTIN.surname

    def test_from_a_file_with_the_code_alone(self, lost: Apoa, code: str, tmp_path: Path) -> None:
        """Reads a file that holds only the typed code."""
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
        helped = "Type the seven groups as they are on the paper; small letters and spaces do not matter."
        assert result.err.count(spoken(lang, helped)) == 3

    def test_not_typed(self, lost: Apoa) -> None:
        """Enter alone, three wrong ones, no terminal, no code in a file, no file: each says so, and stores nothing."""
        assert lost("key", "recover", keys=[""]).code == 2
        assert lost("key", "recover", keys=["x"] * 3).code == 77
        no_terminal = lost("key", "recover")
        assert (no_terminal.code, "--code-stdin" in no_terminal.err) == (2, True)
        assert lost("key", "recover", "--code-stdin", stdin="").code == 77
        assert lost("key", "recover", "--recovery-file", str(lost.home / "config.toml")).code == 77
        assert lost("key", "recover", "--recovery-file", str(lost.home / "nothing")).code == 2
        assert not (lost.home / "melati" / "keys.json").exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_code_of_another_property(self, lost: Apoa, lang: str) -> None:
        """Refused; nothing is stored, and the code is not repeated."""
        result = lost("key", "recover", "--code-stdin", stdin=NEXT_CODE, lang=lang)
        assert result.code == 77
        assert spoken(lang, "This is the key of another property, or of an earlier key pair.") in result.err
        assert NEXT_CODE[:5] not in result.all
        assert not (lost.home / "melati" / "keys.json").exists()

    def test_into_another_vault(self, lost: Apoa, code: str) -> None:
        """The new computer has no keyring: the key goes into a file, and the settings say so."""
        config = lost.home / "config.toml"
        config.write_text(config.read_text().replace('vault = "file"\n', ""))
        refused = lost("key", "recover", "--code-stdin", stdin=code)
        assert refused.code == 77
        assert lost("key", "recover", "--vault", "file", "--code-stdin", stdin=code).code == 0
        assert 'vault = "file"' in config.read_text()
        assert lost.reports()[0]["guest"]["surname"] == QUENTIN.surname

    def test_a_key_from_outside_is_named(self, lost: Apoa, code: str) -> None:
        """A warning says that APOA_PRIVATE_KEY is tried first."""
        result = lost("key", "recover", "--code-stdin", stdin=code, APOA_PRIVATE_KEY="x")
        assert result.code == 0
        assert "But APOA_PRIVATE_KEY gives a private key too, and it is tried first." in result.err


class TestRotate:
    """Another key pair, with another code."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_unattended(self, configured: Apoa, tmp_path: Path, lang: str) -> None:
        """The code is in the file, every report is sealed again and read, and sending goes on."""
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

    @pytest.mark.usefixtures("known")
    def test_at_a_terminal(self, away: Apoa) -> None:
        """Nothing changes before the code was typed back."""
        away.save()
        before = public_key(away)
        refused = away("key", "rotate", keys=["x", ""])
        assert refused.code == 77
        assert "The recovery code was not confirmed." in refused.err
        assert public_key(away) == before
        assert keys(away).next() is None

    def test_typed_back(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then everything is sealed again."""
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

    def test_a_file_that_is_there(self, away: Apoa, tmp_path: Path) -> None:
        """An existing file is not overwritten, and nothing changes."""
        before = public_key(away)
        (tmp_path / "code.txt").write_text("mine")
        assert away("key", "rotate", "--recovery-file", str(tmp_path / "code.txt")).code == 2
        assert ((tmp_path / "code.txt").read_text(), public_key(away)) == ("mine", before)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_report_that_does_not_open(self, away: Apoa, tmp_path: Path, lang: str) -> None:
        """The report is named; nothing changes, and no file with a useless code is left."""
        import sqlite3  # behind the program's back

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
    def cut_off(self, away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apoa:
        """A property whose change of keys was interrupted, after its code was written."""
        away.save()
        with monkeypatch.context() as patch:

            def interrupted(*_args: object) -> int:
                raise KeyboardInterrupt

            patch.setattr("apoa_client.outbox.sqlite.reseal.SealedRecords.reseal", interrupted)
            result = away("key", "rotate", "--recovery-file", str(tmp_path / "first.txt"))
        assert result.code == 130
        assert "finish it with: apoa key rotate" in result.err
        assert keys(away).next() is not None
        assert away.reports()[0]["guest"]["surname"] == QUENTIN.surname
        return away

    def test_the_same_command_again(self, cut_off: Apoa, tmp_path: Path) -> None:
        """Finishes it: the code in the file is the key's."""
        file = tmp_path / "first.txt"
        result = cut_off("key", "rotate", "--recovery-file", str(file))
        assert result.code == 0, result.err
        assert result.out == "The interrupted change of keys is finished.\n"
        assert public_key(cut_off) == public_key_of_code(code_in_file(file))
        assert keys(cut_off).next() is None

    def test_another_file(self, cut_off: Apoa, tmp_path: Path) -> None:
        """Finishes it, and then makes another key, whose code is in that file."""
        file = tmp_path / "second.txt"
        assert cut_off("key", "rotate", "--recovery-file", str(file)).code == 0
        assert public_key(cut_off) == public_key_of_code(code_in_file(file))
        assert cut_off.reports()[0]["guest"]["surname"] == QUENTIN.surname

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_without_a_file(self, cut_off: Apoa, tmp_path: Path, lang: str) -> None:
        """Finishes it, and says which code is its."""
        result = cut_off("key", "rotate", lang=lang)
        assert result.code == 0
        sentence = "Its recovery code was shown or written before. If it is lost: apoa key rotate --recovery-file FILE"
        assert spoken(lang, sentence) in result.err
        assert public_key(cut_off) == public_key_of_code(code_in_file(tmp_path / "first.txt"))

    def test_at_a_terminal_with_the_code_on_paper(self, cut_off: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The code is asked for, because it is not stored; without it a new one is made."""
        monkeypatch.setattr("apoa_client.vault.recovery.new_code", lambda: CODE)
        result = cut_off("key", "rotate", keys=["n", CODE])
        assert result.code == 0, result.err
        assert public_key(cut_off) == public_key_of_code(CODE)

    def test_at_a_terminal_it_may_be_all(self, cut_off: Apoa) -> None:
        """With the paper at hand nothing more is to be done."""
        result = cut_off("key", "rotate", keys=["y"])
        assert (result.code, keys(cut_off).next()) == (0, None)

    def test_moving_the_vault_meanwhile(self, cut_off: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Setting up with another vault takes every key along."""
        kept: dict[str, str] = {}

        class Drawer:
            place = "keyring"

            def __init__(self, *_args: object, **_options: object) -> None: ...

            get, set = staticmethod(kept.get), staticmethod(kept.__setitem__)

            def delete(self, name: str) -> None:
                kept.pop(name, None)

        monkeypatch.setattr("apoa_client.vault.keyring_store.KeyringStore", Drawer)
        assert cut_off.set_up(NOWHERE, "--vault", "keyring").code == 75
        cut_off.delete_key()
        assert cut_off.reports()[0]["guest"]["surname"] == QUENTIN.surname
        assert cut_off("key", "rotate").code == 0
        assert cut_off.reports()[0]["guest"]["surname"] == QUENTIN.surname


class TestShow:
    """What key there is; never the key."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_it_can_be_had(self, away: Apoa, lang: str) -> None:
        """Fingerprint and place."""
        result = away("key", "show", lang=lang)
        assert result.code == 0
        assert spoken(lang, "It is available now, and it is the right one.") in result.out
        value = away("key", "show", "--json").json
        place = str(away.home / "melati" / "keys.json")
        shown = {"property": "melati", "fingerprint": value["fingerprint"], "place": place}
        assert value == {**shown, "available": True, "error": None, "change_unfinished": False}
        assert value["fingerprint"] in result.out
        secret = KeyFileStore(Path(place)).get(PRIVATE_KEY)
        assert secret
        assert secret not in result.all

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_missing_key(self, away: Apoa, lang: str) -> None:
        """Why, and the way back; exit 77 for scripts."""
        away.delete_key()
        result = away("key", "show", lang=lang)
        assert result.code == 77
        assert spoken(lang, "Restore it with the recovery code: apoa key recover") in result.err
        value = away("key", "show", "--json")
        assert (value.code, value.json["available"], value.json["error"]["class"]) == (77, False, "secret_missing")

    def test_from_the_environment(self, away: Apoa) -> None:
        """The output names APOA_PRIVATE_KEY as the source of the key."""
        secret = KeyFileStore(away.home / "melati" / "keys.json").get(PRIVATE_KEY)
        assert secret
        result = away("key", "show", APOA_PRIVATE_KEY=secret)
        assert (result.code, "APOA_PRIVATE_KEY" in result.out, secret in result.all) == (0, True, False)

    def test_a_change_that_was_cut_off(self, away: Apoa) -> None:
        """An interrupted change of keys is reported with the command that finishes it."""
        keys(away).begin_rotation(key_pair_from_seed(seed_from_code(CODE))[0])
        result = away("key", "show")
        assert "A change of keys was interrupted. All reports open; finish it with: apoa key rotate" in result.out
        assert away("key", "show", "--json").json["change_unfinished"]


class TestTransfer:
    """To a second computer."""

    @pytest.fixture
    def file(self, away: Apoa, tmp_path: Path) -> Path:
        """The key that the first computer exported; one report is saved there."""
        away.save()
        file = tmp_path / "melati.key"
        result = away("key", "export", str(file), "--passphrase-stdin", stdin=f"{PASSPHRASE}\n")
        assert result.code == 0, result.err
        assert PASSPHRASE not in result.all
        assert_private_file(file)
        return file

    @pytest.fixture
    def second(self, away: Apoa, file: Path, tmp_path: Path) -> Apoa:
        """Another computer, where the property was set up again, and a report was saved."""
        assert file.exists()
        other = Apoa({**away.environ, "APOA_HOME": str(tmp_path / "second")}, away.clock, away.capsys, away.monkeypatch)
        assert other.set_up(NOWHERE).code == 75
        other.save(XIMENA)
        return other

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_second_computer_has_another_key(self, away: Apoa, second: Apoa, file: Path, lang: str) -> None:
        """It takes the first one's, and what it had saved is sealed to that."""
        assert public_key(second) != public_key(away)
        result = second("key", "import", str(file), "--passphrase-stdin", stdin=PASSPHRASE, lang=lang)
        assert result.code == 0, result.err
        sentence = "Its own recovery code is not valid any more: keep the one of the other computer."
        assert spoken(lang, sentence) in result.err
        assert public_key(second) == public_key(away)
        assert second.reports()[0]["guest"]["surname"] == XIMENA.surname
        assert second("log", "--json").json["entries"][-1]["action"] == "key_imported"

    def test_the_key_is_only_missing(self, away: Apoa, file: Path) -> None:
        """As with the recovery code."""
        away.delete_key()
        result = away("key", "import", str(file), "--passphrase-stdin", stdin=PASSPHRASE)
        assert result.code == 0, result.err
        assert away.reports()[0]["guest"]["surname"] == QUENTIN.surname

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_wrong_passphrase(self, second: Apoa, file: Path, lang: str) -> None:
        """Nothing changes."""
        before = public_key(second)
        result = second("key", "import", str(file), "--passphrase-stdin", stdin="kuda salah", lang=lang)
        assert result.code == 77
        assert spoken(lang, "The passphrase does not open the file, or the file was changed.") in result.err
        assert "kuda" not in result.all
        assert public_key(second) == before

    def test_another_property(self, away: Apoa, file: Path) -> None:
        """Its key would make this one's recovery code useless: refused, and nothing changes."""
        away.set_up(NOWHERE, name="bali")
        result = away("--property", "bali", "key", "import", str(file), "--passphrase-stdin", stdin=PASSPHRASE)
        assert result.code == 65
        assert "melati" in result.err

    def test_what_is_no_key(self, away: Apoa, tmp_path: Path) -> None:
        """A missing file, another file, no passphrase or no terminal is an error."""
        (tmp_path / "other").write_text(json.dumps({"what": 1}))
        given = ["key", "import", str(tmp_path / "other")]
        assert away(*given, "--passphrase-stdin", stdin=PASSPHRASE).code == 65
        assert away(*given, "--passphrase-stdin", stdin="\n").code == 2
        assert away(*given).code == 2
        assert away("key", "import", str(tmp_path / "nothing"), "--passphrase-stdin", stdin=PASSPHRASE).code == 2

    def test_asked_at_a_terminal(self, away: Apoa, tmp_path: Path) -> None:
        """Twice where it is new, unseen; once where it is not."""
        file = tmp_path / "melati.key"
        assert away("key", "export", str(file), keys=[PASSPHRASE, "other", PASSPHRASE, PASSPHRASE]).code == 0
        result = away("key", "import", str(file), keys=[PASSPHRASE])
        assert result.code == 0, result.err
        assert PASSPHRASE not in result.all

    def test_a_short_passphrase_and_a_file_that_is_there(self, away: Apoa, tmp_path: Path) -> None:
        """Nothing is written, and nothing written over."""
        file = tmp_path / "melati.key"
        assert away("key", "export", str(file), "--passphrase-stdin", stdin="pendek").code == 2
        assert not file.exists()
        file.write_text("mine")
        assert away("key", "export", str(file), "--passphrase-stdin", stdin=PASSPHRASE).code == 2
        assert file.read_text() == "mine"

    def test_without_the_key(self, away: Apoa, tmp_path: Path) -> None:
        """Without the key, export fails before it asks for a passphrase."""
        away.delete_key()
        assert away("key", "export", str(tmp_path / "melati.key"), keys=[]).code == 77


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["show", "recover", "rotate", "export", "import"])
def test_every_sub_command_has_help_with_an_example(apoa: Apoa, name: str, lang: str) -> None:
    """Each subcommand has help with an example and is listed by `apoa key --help`."""
    result = apoa("key", name, "--help", lang=lang)
    assert (result.code, result.err) == (0, "")
    assert f"{spoken(lang, 'Example')}:\n  apoa key {name}" in result.out
    assert re.search(rf"^  {name}  +\S", apoa("key", "--help", lang=lang).out, re.MULTILINE)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unknown_sub_command(apoa: Apoa, lang: str) -> None:
    """Exit 2."""
    assert apoa("key", "nothing", lang=lang).code == 2
    assert apoa("key", lang=lang).code == 2
