"""`apoa doctor --report`: what a person who helps needs, and nothing about guests and no secret."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from basics import PERSONAL
from cli_helpers import GUESTS, LANGUAGES, PASSWORD, QUENTIN, Apoa, spoken

from apoa_client.doctor.masking import HIDDEN, Mask, scheme_and_host, secret_values, shown_settings
from apoa_client.messages import Message, literal, msg
from apoa_client.sandbox.server import SandboxServer
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import user_name

LOG = "2026-11-24 20:00:00,123 INFO apoa_client.delivery.sync: sent 3\n"
PLACE = ("Jalan Mawar 12, Gianyar", "Wisma Rahasia Melati", "Kantor Imigrasi Denpasar", "wisma-melati")
SECRET_PROXY = "http://tamu:sandiproxy@proxy.invalid:3128"


@pytest.fixture
def report_of(apoa: Apoa, tmp_path: Path) -> Callable[..., str]:
    """Run `apoa doctor --report` and return the file's text."""

    def run(*arguments: str, **environ: str) -> str:
        file = tmp_path / "support.md"
        said = apoa("doctor", "--report", str(file), "--force", *arguments, **environ)
        assert f"The support file is written: {file}" in said.err
        return file.read_text(encoding="utf-8")

    return run


def test_nothing_personal_and_no_secret(
    apoa: Apoa, serve: Callable[..., SandboxServer], report_of: Callable[..., str], tmp_path: Path
) -> None:
    """Guests, rooms, phones, drafts, account, address, keys, recovery code and proxy's password are nowhere in it."""
    recovery = tmp_path / "recovery.txt"
    more = ["--display-name", PLACE[1], "--address", PLACE[0], "--office", PLACE[2], "--recovery-file", str(recovery)]
    assert apoa.set_up(serve("ok,reject*3").base_url, *more).code == 0
    for guest in GUESTS:
        apoa.send(guest, "--phone", "+62 812 3456 7890", "--email", "tamu@contoh.example")
    apoa("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
    apoa.change_database(f"UPDATE reports SET last_error = '{QUENTIN.name}' WHERE state = 'rejected'")  # noqa: S608
    logs = apoa.home / "logs"
    logs.mkdir(mode=0o700)
    (logs / "sync.log").write_text(f"{LOG}{QUENTIN.name}, kamar 7\nTraceback: {PASSWORD}\n")
    written = report_of(HTTPS_PROXY=SECRET_PROXY)
    keys = re.findall(r'"([A-Za-z0-9+/]{43}=)"', (apoa.home / "melati" / "keys.json").read_text())
    index_key = re.findall(r'index_key = "(\w+)"', (apoa.home / "config.toml").read_text())
    codes = re.findall(r"\b(?:[0-9A-Z]{4,8}-){2,}[0-9A-Z]{4,8}\b", recovery.read_text())
    assert keys
    assert index_key
    assert codes
    words = [word for guest in GUESTS for word in (*guest.words, guest.name)]
    secrets = [PASSWORD, "sandiproxy", "tamu", "3456 7890", "contoh.example", "/v1", *PLACE, *keys, *index_key, *codes]
    found = [word for word in (*words, *secrets, *PERSONAL) if word.casefold() in written.casefold()]
    assert found == []
    assert re.search(r"\b7\b", written.replace("schema 7", "")) is None or "kamar" not in written
    assert LOG.strip() in written
    assert "sent: 1" in written
    assert "refused: 2" in written


@pytest.mark.usefixtures("configured")
def test_it_says_what_is_in_it(report_of: Callable[..., str]) -> None:
    """At its top, and again on the screen; then the versions, the results, the settings and the counts."""
    written = report_of()
    assert written.splitlines()[2].startswith("This file has: versions of the programs")
    for title in ("Versions", "Results of the checks", "Settings", "Reports", "Log"):
        assert f"\n## {title}\n" in written
    assert "- username = set, not shown" in written
    assert "- timezone = Asia/Jakarta" in written
    assert re.search(r"^- requests: \d", written, re.MULTILINE)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_to_the_screen(configured: Apoa, lang: str) -> None:
    """With - it is the whole of standard output, in the reader's language."""
    said = configured("doctor", "--offline", "--report", "-", lang=lang)
    assert said.out.startswith(f"# {spoken(lang, 'Support file of apoa-client')}\n")
    assert spoken(lang, "READY: guests can be saved and reports sent.") not in said.out
    assert said.err == ""


def test_the_log_controls_no_terminal(configured: Apoa) -> None:
    """A line that another program wrote in our form is shown without what would change the screen."""
    (configured.home / "logs").mkdir(mode=0o700, exist_ok=True)
    (configured.home / "logs" / "sync.log").write_text(LOG.replace("sent", "\x1b[31m\u202esent"), encoding="utf-8")
    assert "?[31m?sent 3" in configured("doctor", "--offline", "--report", "-").out


@pytest.mark.skipif(sys.platform == "win32", reason="modes")
@pytest.mark.parametrize("mode", [0o666, 0o644])
def test_names_of_the_users_own_files(configured: Apoa, mode: int) -> None:
    """A file that a user put there may have a guest's name: the screen names it, the support file does not."""
    for name, is_named in ((f"melati/paspor {QUENTIN.name}.jpg", False), ("melati/sandbox.db-wal", True)):
        file = configured.home / name
        file.touch()
        file.chmod(mode)
        assert str(file) in configured("doctor", "--offline").out
        written = configured("doctor", "--offline", "--report", "-").out
        assert (file.name in written) is is_named
        file.unlink()


def test_json_and_a_file(configured: Apoa, tmp_path: Path) -> None:
    """Both are written, but not both to one stream."""
    assert configured("doctor", "--json", "--report", "-").code == 2
    said = configured("doctor", "--json", "--offline", "--report", str(tmp_path / "support.md"))
    assert said.json["healthy"]
    assert (tmp_path / "support.md").exists()


def test_every_property_has_its_part(configured: Apoa, authority: SandboxServer, report_of: Callable[..., str]) -> None:
    """The versions stand once, the results for each."""
    assert configured.set_up(authority.base_url, name="kenanga").code == 0
    written = report_of("--all", "--offline")
    assert written.count("## Versions") == 1
    assert written.count("## Results of the checks") == 2
    assert "- name = kenanga" in written


def test_without_settings(report_of: Callable[..., str]) -> None:
    """The results say why, and nothing else is known."""
    written = report_of()
    assert "Nothing is set up here yet." in written
    assert "## Settings" not in written


def test_a_wrong_setting_is_not_quoted(configured: Apoa, report_of: Callable[..., str]) -> None:
    """A password in the wrong place of the settings stays here."""
    file = configured.home / "config.toml"
    file.write_text(file.read_text() + 'vault = "kuda betul"\n'.replace("vault", "timezone2"))
    configured.change_setting("notify", "kuda betul")
    written = report_of()
    assert "kuda" not in written
    assert "Settings file: WRONG." in written


def test_a_setting_is_masked_unless_it_may_be_shown() -> None:
    """Every setting is there by its name, and what names the property or its account has no value."""
    settings = PropertySettings("melati", "https://u:p@apoa.example/v1?token=x", "k" * 44, "budi", address="Ubud")
    rows = {name: value.render() for name, value in shown_settings(settings, Mask({}, secret_values(settings)))}
    assert rows.keys() == set(PropertySettings._fields)
    assert (rows["api_url"], rows["outbox"]) == ("https://apoa.example", "sqlite")
    assert [name for name, value in rows.items() if value == "set, not shown"] == ["public_key", "username", "address"]


def test_values_in_messages() -> None:
    """Only those that may be shown are left; what a server wrote is not."""
    mask = Mask({"HOME": "/home/budi"}, ["wisma-melati"])
    values: dict[str, str | int | Message] = {
        "path": "/home/budi/x",
        "host": "h",
        "guest": "Anna",
        "count": 3,
        "detail": literal("Anna"),
    }
    part = msg("for {name}", name="WISMA-MELATI")
    message = msg("{path} {host} {detail} {guest} {count} {part}", part=part, **values)
    assert mask.message(message).render() == f"~/x h {HIDDEN} {HIDDEN} 3 for {HIDDEN}"
    user = user_name()  # as a whole word only
    assert Mask({}).text(f"/srv/{user}/x{user}y") == f"/srv/USER/x{user}y"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://user:secret@apoa.example:8443/secret/v1?key=secret#secret", "https://apoa.example:8443"),
        ("postgresql://desk:secret@db.example,db2.example/secret", "postgresql://db.example,db2.example"),
        ("training", "training"),
        ("sqlite", "sqlite"),
        ("", ""),
        ("https://[secret", HIDDEN),
        ("apoa.example/secret", HIDDEN),
    ],
)
def test_addresses(address: str, shown: str) -> None:
    """The scheme and the host alone: a path may hold a secret, as a username, a password and a query may."""
    assert scheme_and_host(address) == shown
