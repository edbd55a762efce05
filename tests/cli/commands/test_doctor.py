"""`apoa doctor`: each check notices what it is for, and names what to do."""

import json
import re
import shutil
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from typing import NamedTuple

import pytest
from authority_helpers import CA, CERTIFICATES
from basics import WINE, FixedClock
from cli_helpers import LANGUAGES, PASSWORD, QUENTIN, XIMENA, Apoa, raising, spoken
from damage_helpers import file_size_limit, needs_size_limit
from key_helpers import new_key_pair
from schedule_helpers import PROGRAM, Crontab, Tools, use
from screens import Screens

from apoa_client.app import health_checks
from apoa_client.app.container import Container
from apoa_client.cli.views.health import CHECKS, GROUPS, RESULTS
from apoa_client.doctor.results import Group, Result
from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg
from apoa_client.sandbox.server import SandboxServer
from apoa_client.vault.sealing import encode_key


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    """The tools of the system that start programs: none, unless a test adds one."""
    return use(monkeypatch, Tools())


class Checked(NamedTuple):
    """One check of `doctor --json`."""

    result: str
    message: str
    advice: str | None


def doctor(apoa: Apoa, *arguments: str, code: int = 0, **environ: str) -> dict[str, Checked]:
    """Run `apoa doctor --json`, compare its exit code with its checks, and return these by their names."""
    said = apoa("doctor", "--json", *arguments, **environ)
    every = said.json["checks"]
    found = {each["name"]: Checked(each["result"], each["message"], each["advice"]) for each in every}
    failed = {name: check for name, check in found.items() if check.result == "failed"}
    assert said.code == code, failed
    assert (len(found), said.json["healthy"], bool(failed)) == (len(every), code == 0, code != 0)
    assert all(check.advice for check in found.values() if check.result in {"warning", "failed"})
    return found


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX's modes")


def write_first(apoa: Apoa, text: str) -> None:
    file = apoa.home / "config.toml"
    file.write_text(text + file.read_text())


def break_off_a_key_change(apoa: Apoa) -> None:
    file = apoa.home / "melati" / "keys.json"
    secrets = json.loads(file.read_text())
    file.write_text(json.dumps(secrets | {"private-key-next": secrets["private-key"]}))


def forge(apoa: Apoa) -> None:
    apoa.save(QUENTIN)
    apoa.change_database("UPDATE reports SET state = 'accepted'")


def let_others_write(apoa: Apoa) -> None:
    file = apoa.home / "melati" / "other.txt"
    file.write_text("")
    file.chmod(0o666)


HARMS: tuple[Callable[[Apoa], object], ...] = (
    lambda apoa: apoa.environ.update(APOA_PROPERTY="kenanga"),
    lambda apoa: write_first(apoa, 'vault = "cupboard"\n'),
    lambda apoa: apoa.outbox_file.write_bytes(b"no database" * 500),
    lambda apoa: apoa.outbox_file.unlink(),
    lambda apoa: apoa.change_database("PRAGMA user_version = 99"),
    forge,
    lambda apoa: apoa.environ.update(APOA_PRIVATE_KEY=encode_key(new_key_pair()[0])),
    lambda apoa: apoa.delete_key(),
    lambda apoa: apoa.change_setting("vault", "keyring"),
    break_off_a_key_change,
    lambda apoa: apoa.change_setting("environment", "production"),
    lambda apoa: apoa.change_setting("backup_folder", str(apoa.home.parent / "stick")),
    lambda apoa: (apoa.home / "melati" / "keys.json").chmod(0o644),
    let_others_write,
    lambda apoa: apoa.outbox_file.chmod(0o644),
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_harm_screens(configured: Apoa, screens: Screens, tmp_path: Path, lang: str) -> None:
    """Each harm is found by its check, which says what to do; nothing is tried that needs what is harmed."""
    size = shutil.disk_usage(configured.home)._replace(free=50 << 30)
    configured.monkeypatch.setattr(shutil, "disk_usage", lambda _folder: size)
    whole, environ = tmp_path / "whole", dict(configured.environ)
    shutil.copytree(configured.home, whole)
    for harm in HARMS:
        shutil.rmtree(configured.home)
        shutil.copytree(whole, configured.home)
        configured.environ = dict(environ)
        harm(configured)
        is_there = configured.outbox_file.exists()
        screens(configured, "doctor", lang=lang)
        assert configured.outbox_file.exists() == is_there


@needs_size_limit
def test_a_full_disk(configured: Apoa) -> None:
    """What is saved can be read, and no guest can be saved."""
    configured.save(QUENTIN)
    with file_size_limit(4096):
        found = doctor(configured, "--offline", code=78)
    assert (found["database"].result, found["saving"].result) == ("ok", "failed")
    assert found["waiting"].message == "1 report waits, none is overdue or refused."
    assert found["private_key"].message == "It opens the saved reports."


def test_what_training_does_not_need(configured: Apoa, clock: FixedClock, tmp_path: Path) -> None:
    """A recent backup, a code that was typed back, and a schedule; none in a container where the host has sent."""
    found = doctor(configured, "--offline")
    assert found["recovery_code"].result == found["schedule"].result == "skipped"
    configured.change_setting("environment", "production")
    found, make = doctor(configured, "--offline", container="podman"), "Make one: apoa backup FILE"
    assert found["backup"] == ("warning", "No backup is known.", make)
    assert found["recovery_code"].result == found["schedule"].result == "warning"
    assert configured("backup", str(tmp_path / "copy.db")).code == 0
    public_key = configured.settings()["public_key"]
    configured.change_database(f"INSERT INTO memo VALUES ('code_confirmed', '{public_key}')")  # noqa: S608  our own
    with closing(Container(configured.environ, clock)) as app:
        app.outbox.record_scheduled_run(clock.now(), 0)
    clock.forward(timedelta(hours=5))
    found = doctor(configured, "--offline", container="podman")
    assert found["backup"] == ("ok", "The last one is 5 hours old.", None)
    assert (found["recovery_code"].result, found["schedule"].result) == ("ok", "skipped")
    clock.forward(timedelta(days=8))
    found = doctor(configured, "--offline")
    assert found["backup"] == ("warning", "The last one is 8 days old.", make)
    assert found["schedule"].result == "warning"


@contextmanager
def handshakes(certificate: str) -> Iterator[str]:
    """A server on loopback that ends each connection after the TLS handshake. Yields its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / certificate, CERTIFICATES / "server_key.pem")
    with TCPServer(("127.0.0.1", 0), BaseRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"https://localhost:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(WINE, reason="Wine judges certificates in its own way")
@pytest.mark.parametrize(
    ("certificate", "result", "says"),
    [
        ("expired.pem", "failed", "is out of date, or this computer's clock is wrong."),
        ("elsewhere.pem", "failed", "The server's certificate is not for localhost."),
        ("server.pem", "ok", "This computer trusts it (issued by Test CA of apoa-client), for "),
    ],
)
def test_certificates(away: Apoa, tmp_path: Path, certificate: str, result: str, says: str) -> None:
    """One that is not trusted is a matter of this computer (78); behind a trusted one no authority answers (75)."""
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(CA.read_bytes())
    with handshakes(certificate) as address:
        away.change_setting("api_url", address)
        away.change_setting("ca_bundle", str(trusted))
        assert away("login", "--no-test", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
        found = doctor(away, code=75 if result == "ok" else 78)
    assert found["certificate"].result == result
    assert says in found["certificate"].message
    assert found["account"].result == ("failed" if result == "ok" else "skipped")


def test_variables_that_name_certificates(configured: Apoa) -> None:
    """They are not used, and one line says so where they are set."""
    assert "variables" not in doctor(configured)
    said = configured("doctor", "--offline", SSL_CERT_FILE="/srv/ca.pem", CURL_CA_BUNDLE="/srv/ca.pem")
    lines = [line for line in said.out.splitlines() if "SSL_CERT_FILE, CURL_CA_BUNDLE" in line]
    assert (said.code, len(lines), "ca_bundle" in lines[0]) == (0, 1, True)


def test_a_refused_password_is_not_tried_again(configured: Apoa) -> None:
    """The first run tries it and stops the sending; the next one makes no call."""
    configured.environ["APOA_PASSWORD"] = "another"
    first = doctor(configured, code=77)["account"]
    assert (first.result, "apoa login" in (first.advice or "")) == ("failed", True)
    second = doctor(configured, code=77)
    assert second["sending"].result == "failed"
    assert second["account"] == ("skipped", "No call is made while sending is stopped.", None)


def test_a_busy_authority_is_no_failure(apoa: Apoa, serve: Callable[..., SandboxServer]) -> None:
    """It asks to wait: reports are sent later."""
    apoa.set_up(serve("meta:ok,meta:503=60").base_url)
    assert doctor(apoa)["account"].result == "warning"


def test_a_wrong_clock(apoa: Apoa, serve: Callable[..., SandboxServer], clock: FixedClock) -> None:
    """Compared with the authority's answer; the command that sets it is named."""
    ahead = [timedelta()]
    apoa.set_up(serve(now=lambda: clock.now() + ahead[0]).base_url)
    for ahead[0], result, message, code in (
        (timedelta(seconds=90), "ok", "It agrees with the authority's.", 0),
        (timedelta(minutes=20), "warning", "It is 20 minutes behind the authority's.", 0),
        (timedelta(minutes=-20), "warning", "It is 20 minutes ahead of the authority's.", 0),
        (timedelta(days=365), "failed", "It is 365 days behind the authority's.", 78),
    ):
        found = doctor(apoa, code=code)["clock"]
        assert (found.result, found.message) == (result, message)
        assert (found.advice is None) is (result == "ok")
        assert doctor(apoa, "--offline", code=code)["clock"] == found


def test_an_authority_in_another_zone(apoa: Apoa, serve: Callable[..., SandboxServer]) -> None:
    """A day's receipts are not those of the hotel's day: doctor names both zones."""
    apoa.set_up(serve(timezone="Asia/Jayapura").base_url)
    found = doctor(apoa)["contract"]
    assert found.result == "warning"
    assert re.findall("WI[A-Z]+", found.message) == ["WIT", "WIB"]


def test_offline_asks_no_server(away: Apoa) -> None:
    """What needs the internet is skipped, and says why."""
    found = doctor(away, "--offline")
    assert {name for name, check in found.items() if "internet" in check.message} == {
        *("proxy", "name", "connection", "certificate", "account", "contract")
    }


def test_a_training_property(apoa: Apoa) -> None:
    """It has no line and no password; its own authority is asked."""
    apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file")
    found = doctor(apoa)
    assert found["account"].result == found["contract"].result == "ok"
    assert not {"proxy", "name", "connection", "certificate", "password", "backup"} & found.keys()


def test_a_property_by_hand(configured: Apoa) -> None:
    """No authority is asked, and the verdict says what is done with the reports."""
    configured.change_setting("delivery", "manual")
    found = doctor(configured)
    assert not {"account", "password", "name", "sending"} & found.keys()
    said = configured("doctor")
    assert "READY: guests can be saved, and typed into APOA." in said.out


@posix_only
def test_a_schedule_of_a_moved_installation(configured: Apoa, tools: Tools) -> None:
    """One of this program is good; one of a program that is gone is to be installed again, and so is another's."""
    crontab = Crontab()
    tools.answers["crontab"] = crontab
    said = configured("schedule", "install", "--kind", "cron", "--every", "15m")
    assert said.code == 0, said.err
    installed, correct = crontab.text, "Correct it with: apoa schedule install"
    for program, expected in (
        (f"'{PROGRAM}'", ("warning", "The program that the schedule starts is not there any more.", correct)),
        ("/bin/sh", ("warning", "The schedule starts another installation of apoa.", correct)),
        (f"{sys.executable} -m apoa_client", ("ok", "It starts this program every 15 minutes (cron).", None)),
    ):
        crontab.text = installed.replace(f"'{PROGRAM}'", program)
        found = doctor(configured, "--offline")
        assert found["schedule"] == expected
        assert found["last_run"].message == "The schedule is installed, but it has not run yet."


def test_a_scheduler_that_does_not_answer(configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports can be sent all the same."""
    for error in (SettingsProblem(msg("crontab refused: -"), msg("See: apoa help admin")), TimeoutError()):
        monkeypatch.setattr(health_checks, "find_schedule", raising(error))
        found = doctor(configured, "--offline")
        assert found["schedule"].result == "warning"
        assert found["last_run"].result == "skipped"


def test_an_automatic_run(configured: Apoa, clock: FixedClock) -> None:
    """Its time and its exit code; after a day without one it may have stopped."""
    assert configured("sync", "--scheduled").code == 0
    clock.forward(timedelta(minutes=20))
    found = doctor(configured, "--offline")
    assert found["last_run"] == ("ok", "It last ran 20 minutes ago (exit code 0).", None)
    clock.forward(timedelta(days=3))
    assert doctor(configured, "--offline")["last_run"].result == "warning"


@pytest.mark.parametrize(("free", "result", "code"), [(5, "failed", 78), (100, "warning", 0), (5000, "ok", 0)])
def test_free_space(configured: Apoa, monkeypatch: pytest.MonkeyPatch, free: int, result: str, code: int) -> None:
    """Of the disk with the reports."""
    size = shutil.disk_usage(configured.home)._replace(free=free << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: size)
    assert doctor(configured, "--offline", code=code)["disk"].result == result


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(away: Apoa, screens: Screens, authority: SandboxServer, clock: FixedClock, lang: str) -> None:
    """Ready and not ready, in short, in full and in plain lines; a note, two properties, and nothing set up."""
    size = shutil.disk_usage(away.home)._replace(free=50 << 30)
    away.monkeypatch.setattr(shutil, "disk_usage", lambda _folder: size)
    screens(away, "doctor", lang=lang)
    away.save(QUENTIN)
    away("report", "--no-send", keys=[*XIMENA.lines, "GDANSK"])
    clock.forward(timedelta(days=2))
    screens(away, "doctor", lang=lang)
    screens(away, "doctor", "--offline", lang=lang)
    assert away.set_up(authority.base_url, name="kenanga").code == 0
    screens(away, "--property", "kenanga", "doctor", lang=lang)
    screens(away, "doctor", "--all", lang=lang)
    away.outbox_file.write_bytes(b"no database" * 500)
    screens(away, "--plain", "doctor", "--offline", lang=lang)
    away.delete_key()
    screens(away, "-q", "doctor", keys=[], lang=lang)


def test_every_check_has_a_name_and_every_group_a_heading(configured: Apoa) -> None:
    """Whatever is found can be shown."""
    assert GROUPS.keys() == set(Group)
    assert RESULTS.keys() == set(Result)
    short, full = configured("doctor"), configured("-v", "doctor")
    for said in (short, full):
        assert "READY: guests can be saved and reports sent." in said.out
    found = doctor(configured)
    assert CHECKS.keys() - found.keys() == {"backup", "backup_folder", "variables"}  # only where there is one
    shown = [spoken("en", CHECKS[name]) for name in found]
    assert [name for name in shown if f"  {name} " not in full.out] == []
    assert [name for name in shown if f"  {name} " in short.out] == []


@posix_only
def test_one_cause_is_shown_once(configured: Apoa) -> None:
    """Two checks that find the same file open to other users show it, and its command, once."""
    (configured.home / "config.toml").chmod(0o666)
    said = configured("doctor", "--offline").out
    assert said.count("chmod go-w") == 1
    found = doctor(configured, "--offline", code=78)
    assert (found["settings"].result, found["permissions"].result) == ("failed", "failed")
