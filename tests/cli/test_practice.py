"""Practice and reality share nothing: no file, report, duplicate, figure, receipt or call."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cli_helpers import (
    LANGUAGES,
    OBADIAH,
    PASSWORD,
    QUENTIN,
    XIMENA,
    Apoa,
    Serve,
    all_commands,
    raising,
    typed_in,
)
from screens import Screens

from apoa_client.cli.main import apoa as program
from apoa_client.cli.terminal.command_names import NOT_PRACTISED
from apoa_client.errors import Exit
from apoa_client.sandbox.server import SandboxServer

BY_HAND = ("setup", "--non-interactive", "--property", "melati", "--by-hand", "--vault", "file")
TRAINING = ("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file")


@pytest.fixture
def real(apoa: Apoa) -> Apoa:
    """The program with a property whose reports are typed by hand, and one guest."""
    assert apoa(*BY_HAND).code == 0
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    return apoa


def files_of(home: Path, *, practice: bool) -> dict[str, str]:
    """Return a digest of each file of practice, or of each other one."""
    practised = home / "_practice"
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.rglob("*")
        if path.is_file() and path.is_relative_to(practised) == practice
    }


NOTHING_TO_WRITE = {"check", "help", "contract test", "config path", "config explain", "config get", "completion"}
"""Commands that are not tried: they work on no property's files, or only read the settings."""

CALLS: dict[str, list[list[str]]] = {
    "report": [OBADIAH.mrz("--again", "--no-send")[1:]],
    "received": [[OBADIAH.surname, "STT-2026-1"]],
    "status": [[], ["--all"]],
    "list": [["--all"]],
    "show": [[OBADIAH.surname]],
    "amend": [[OBADIAH.surname, "--room", "8", "--reason", "moved", "--no-send"]],
    "checkout": [[OBADIAH.surname]],
    "fix": [[OBADIAH.surname, "--room", "9", "--yes"]],
    "receipt": [[OBADIAH.surname], ["--all", "--output", "{folder}/pages"]],
    "sync": [[], ["--all"], ["--by-hand", "--sheet", "{folder}/sheet.html"]],
    "import": [["{folder}/guests.csv", "--yes"]],
    "export": [["-o", "{folder}/reports.csv"], ["--all", "--personal", "-o", "{folder}/guests.csv", "--force"]],
    "stats": [[], ["--all"]],
    "log": [["--verify"], ["--accept"]],
    "login": [["--password-stdin"]],
    "logout": [[]],
    "config list": [[], ["--all"]],
    "config set": [["notify", "off"], ["language", "en"]],
    "config unset": [["notify"]],
    "doctor": [[], ["--report", "{folder}/support.txt"], ["--all", "--offline"]],
    "backup": [["{folder}/backup.apoa"], ["--all", "--to", "{folder}"]],
    "info": [["--poster", "{folder}/poster.html"]],
    "cancel": [[OBADIAH.surname, "--reason", "wrong"]],
    "purge": [["--yes"]],
    "key show": [[]],
    "key rotate": [["--recovery-file", "{folder}/code.html"]],
    "key export": [["{folder}/key.txt", "--passphrase-stdin"]],
    "key import": [["{folder}/key.txt", "--passphrase-stdin"]],
    "key recover": [["--code-stdin"]],
}
"""Calls of each command that may write, in an order in which each has something to do."""


def every_call(option: tuple[str, ...], folder: Path) -> Iterator[list[str]]:
    """Yield each of `CALLS`, with these global options."""
    folder.mkdir()
    headings = "surname,given names,sex,document number,nationality,birth date,expiry date,birth place,nights,check in"
    (folder / "guests.csv").write_text(
        f"{headings}\nDOE,JOHN,L,X1000001,GBR,1/2/1980,1/2/2031,LEEDS,2,24/11/2026 10:00\n"
    )
    for command, calls in CALLS.items():
        for arguments in calls:
            yield [*option, *command.split(), *(each.replace("{folder}", str(folder)) for each in arguments)]


def test_every_command_is_tried() -> None:
    """A new command is in `CALLS`, or it is known why not."""
    commands = {
        " ".join(path) for path, context in all_commands(program) if not isinstance(context.command, click.Group)
    }
    assert {each for each in commands if each.split()[0] not in NOT_PRACTISED} == CALLS.keys() | NOTHING_TO_WRITE


@pytest.mark.parametrize("practised", [True, False], ids=["practice", "reality"])
def test_no_trace_of_each_other(real: Apoa, tmp_path: Path, *, practised: bool) -> None:
    """No command of practice writes to a file of the real property, or shows one of its guests; nor the reverse."""
    assert real("--practice", *XIMENA.mrz()).code == 0
    others = QUENTIN if practised else XIMENA
    before = files_of(real.home, practice=not practised)
    assert before
    for call in every_call(("--practice",) * practised, tmp_path / "made"):
        said = real(*call, stdin="kuda betul baterai staples\n")
        assert said.code not in {Exit.BUG, Exit.USAGE}, (call, said.err)
        assert others.surname not in said.all, call
        assert files_of(real.home, practice=not practised) == before, call
    made = b"".join(path.read_bytes() for path in (tmp_path / "made").rglob("*.*") if path.is_file())
    assert others.surname.encode() not in made


def test_reality_after_practice(apoa: Apoa) -> None:
    """A real property begins empty where its name was practised with; what was practised stays in practice."""
    assert apoa(*TRAINING).code == 0
    assert apoa(*QUENTIN.mrz()).code == 0
    practised = apoa.reports()
    said = apoa(*BY_HAND)
    assert said.code == 0
    assert "apoa --practice list" in said.out
    assert apoa.reports() == []
    assert apoa("receipt", QUENTIN.surname).code == 2
    assert apoa("--practice", "list", "--all", "--json").json["reports"] == practised
    assert apoa("--practice", "receipt", QUENTIN.surname).code == 0
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    assert apoa("--practice", *XIMENA.mrz()).code == 0


def test_practice_takes_a_key_of_the_environment_with_it(apoa: Apoa) -> None:
    """Practice uses no secret of the environment, so the key must be in its own key file."""
    assert apoa(*TRAINING).code == 0
    assert apoa(*QUENTIN.mrz()).code == 0
    file = apoa.home / "melati" / "keys.json"
    given = {"APOA_PRIVATE_KEY": json.loads(file.read_text())["private-key"]}
    file.unlink()
    assert apoa(*BY_HAND, **given).code == 0
    assert apoa("--practice", "show", QUENTIN.surname, "--json", **given).json["guest"]["surname"] == QUENTIN.surname


def test_a_real_property_does_not_become_practice(real: Apoa, authority: SandboxServer) -> None:
    """Set-up refuses it, for the training authority in the program and for a server that trains; nothing changes."""
    before = files_of(real.home, practice=False)
    said = real(*TRAINING)
    assert said.code == 78
    assert "--practice" in said.err
    assert files_of(real.home, practice=False) == before
    assert real.set_up(authority.base_url).code == 78
    assert real("status", "--json").json["counts"]["queued"] == 1


def test_what_waits_for_a_server_does_not_become_practice(apoa: Apoa) -> None:
    """Nor where the server was never reached: it is not known then that it does not train."""
    assert apoa.set_up().code == 75
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    said = apoa(*TRAINING)
    assert said.code == 78
    assert "--practice" in said.err
    assert [report["state"] for report in apoa.reports()] == ["queued"]


def test_practice_that_is_there_stays_as_it_is(apoa: Apoa) -> None:
    """Practice of the same name in both homes: set-up is refused, and neither is changed."""
    for call in (TRAINING, BY_HAND):
        assert apoa(*call).code == 0
    shutil.rmtree(apoa.home / "melati")
    (apoa.home / "config.toml").unlink()
    assert apoa(*TRAINING).code == 0
    before = files_of(apoa.home, practice=True)
    said = apoa(*BY_HAND)
    assert said.code == 78
    assert "Move that folder away" in said.err
    assert files_of(apoa.home, practice=True) == before


@pytest.mark.parametrize(
    "step",
    [
        *("apoa_client.settings.writer.save", "pathlib.Path.rename", "apoa_client.app.property_setup.sync_folder"),
        "apoa_client.app.property_setup.remove_property",
    ],
)
def test_a_killed_move_goes_on(apoa: Apoa, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any step, set-up can be repeated: practice has its report then, and the real property none."""
    assert apoa(*TRAINING).code == 0
    assert apoa(*QUENTIN.mrz()).code == 0
    with monkeypatch.context() as patch:
        patch.setattr(step, raising(KeyboardInterrupt()))
        assert apoa(*BY_HAND).code == 130
    assert apoa(*BY_HAND).code == 0
    assert apoa.reports() == []
    assert len(apoa("--practice", "list", "--all", "--json").json["reports"]) == 1


def test_each_document_says_that_it_is_practice(real: Apoa) -> None:
    """Each JSON document of practice has `"environment": "training"`, and none of a real property by hand does."""
    for option, environment in (("--practice",), "training"), ((), None):
        assert real(*option, *XIMENA.mrz("--again", "--no-send")).code == 0
        for call in (["status"], ["list"], ["show", XIMENA.surname], ["stats"], ["sync"], ["log"], ["doctor"]):
            said = real(*option, *call, "--json")
            assert json.loads(said.out).get("environment") == environment, call
    missing = real("--practice", "show", "no-such-report", "--json")
    assert json.loads(missing.out)["environment"] == "training"


def test_a_document_about_all_is_practice_only_where_all_are(apoa: Apoa) -> None:
    """A practice property beside a real one does not make practice of its guests."""
    assert apoa(*TRAINING).code == 0
    assert apoa(*XIMENA.mrz()).code == 0
    assert apoa("setup", "--non-interactive", "--property", "kuta", "--by-hand", "--vault", "file").code == 0
    assert apoa("--property", "kuta", *QUENTIN.mrz("--no-send")).code == 0
    for call in (["export"], ["status"], ["stats"]):
        for option, environment in ((), None), (("--practice",), "training"):
            said = apoa(*option, *call, "--all", "--json")
            assert json.loads(said.out).get("environment") == environment, call
    found = apoa("--practice", "status", "--all", "--json").json["properties"]
    assert [(each["environment"], each["counts"]["queued"]) for each in found] == [("training", 0)] * 2
    assert "apoa --practice --property NAME status" in apoa("--practice", "status", "--all").out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(real: Apoa, screens: Screens, lang: str) -> None:
    """Each command of practice begins with the mark at a terminal, and each command to copy stays in that practice.

    The place of the option is shown where it stands behind the command, and a property that was named is not all.
    """
    option = typed_in(lang, "--practice")
    assert real(*BY_HAND[:2], "--property", "mawar", *BY_HAND[4:]).code == 0
    assert real("config", "set", "default_property", "melati").code == 0
    for chosen in ([option, "--property", "mawar"], [option], []):
        assert screens(real, *chosen, *XIMENA.mrz("--again", "--no-send"), lang=lang).code == 0
    for call in (["list"], ["status"], ["status", "--all"], ["status", "--all", "--tonight"]):
        assert screens(real, option, *call, keys=[], lang=lang).code == 0
    assert screens(real, "list", keys=[], lang=lang).code == 0
    for call in (["report", option], [option, "--property", "mawar", "status", "--all"]):
        assert screens(real, *call, lang=lang).code == 2


@pytest.mark.parametrize("command", sorted(NOT_PRACTISED))
def test_what_is_not_practised(real: Apoa, command: str) -> None:
    """A command that changes the computer itself is refused in practice."""
    said = real("--practice", command, *(["show"] if command in {"schedule", "outbox"} else []))
    assert said.code == 2
    assert not (real.home / "_practice").exists()


def test_uninstall_removes_practice(real: Apoa) -> None:
    """Practice is removed with its property, and with the program."""
    for option in (["--property", "melati"], []):
        real(*BY_HAND)
        assert real("--practice", *XIMENA.mrz()).code == 0
        assert real("--practice", "sync", "--scheduled").code == 0  # which writes a log
        assert real(*option, "uninstall", "--yes", "--force").code == 0
        assert not (real.home / "_practice" / "melati").exists()
        assert not (real.home / "melati").exists()
    assert not (real.home / "_practice").exists()


def test_practice_among_real_reports(configured: Apoa, tmp_path: Path) -> None:
    """A number of the training authority is no receipt, also where an earlier version let a property practise first."""
    configured.send(QUENTIN)
    configured.change_setting("environment", "production")
    said = configured("receipt", QUENTIN.surname)
    assert "Training only" in said.out
    page = tmp_path / "page.html"
    assert configured("receipt", QUENTIN.surname, "--html", str(page)).code == 0
    assert "Training only" in page.read_text()
    configured("receipt", "--all", "--output", str(tmp_path / "pages"))
    assert not list(tmp_path.glob("pages/LATIHAN*"))


def test_secrets_of_the_environment_are_not_used(real: Apoa, keyring: dict[str, str]) -> None:
    """Practice uses no secret, outbox or vault that the environment names for the real property."""
    given = {
        "APOA_PRIVATE_KEY": "AAAA",
        "APOA_PASSWORD": "x",
        "APOA_OUTBOX": "postgresql://desk@127.0.0.1/apoa",
        "APOA_VAULT": "keyring",
    }
    assert real("--practice", *XIMENA.mrz(), **given).code == 0
    assert keyring == {}


def test_practice_at_a_server_that_did_not_answer_set_up(apoa: Apoa, serve: Serve) -> None:
    """It is practice as any other: it was never real, so a real property of that name begins without its reports."""
    assert apoa.set_up(serve("meta:503", environment="training").base_url).code == 75
    apoa.send(QUENTIN)
    assert apoa("status", "--json").json["environment"] == "training"
    assert apoa(*BY_HAND).code == 0
    assert [each["action"] for each in apoa("log", "--json").json["entries"]] == ["set_up"]
    [report] = apoa("--practice", "list", "--all", "--json").json["reports"]
    assert report["guest"]["surname"] == QUENTIN.surname


def test_a_server_that_trains_takes_over_no_real_property(real: Apoa, authority: SandboxServer) -> None:
    """Set up while the line is down, for a server that turns out to train: log-in and sending refuse it (78)."""
    assert real.set_up().code == 75
    real.change_setting("api_url", authority.base_url)
    for call in (["login", "--no-test", "--password-stdin"], ["login", "--password-stdin"], ["sync"]):
        said = real(*call, stdin=f"{PASSWORD}\n")
        assert said.code == (0 if "--no-test" in call else 78), said.err
    assert [report["state"] for report in real.reports()] == ["queued"]
