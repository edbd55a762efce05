"""`apoa contract test`: what it says before it starts, its results on the screen and in files, and its exit codes."""

import sqlite3
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cli_helpers import NOWHERE, PASSWORD, Apoa, CallResult, Serve
from page_helpers import read_page

from apoa_client.conformance import run
from apoa_client.conformance.checks import CHECKS, LAST, OPENING
from apoa_client.conformance.exchange import NoAnswer
from apoa_client.conformance.server import Server
from apoa_client.errors import ApoaError, Exit, Offline
from apoa_client.sandbox.server import SandboxServer
from apoa_client.sandbox.validation import Limits

Test = Callable[..., CallResult]


_LIMITS = Limits(max_batch=5, max_body_bytes=8 * 1024)


_ALL = {each.id for each in (*OPENING, *CHECKS, LAST)}
_FEW = {"idempotency.same_body", "restart.during_batch", "accounts.apart"}


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apoa_client.cli.commands.contract.time.sleep", lambda _seconds: None)


@pytest.fixture
def test_of(apoa: Apoa) -> Test:
    """Tests a server, unattended."""

    def test(server: SandboxServer, *more: str, password: str = PASSWORD, **environ: str) -> CallResult:
        account = ["--username", "wisma-melati", "--password-stdin", "--yes"]
        return apoa("contract", "test", server.base_url, *account, *more, stdin=f"{password}\n", **environ)

    return test


@pytest.fixture
def few_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the checks that need a restart or a second account, and one more, instead of all."""
    monkeypatch.setattr(run, "run_checks", partial(run.run_checks, checks=[each for each in CHECKS if each.id in _FEW]))


def test_a_server_that_does_not_conform(test_of: Test, serve: Serve, tmp_path: Path) -> None:
    """It exits 65. A failed check shows its reason, paragraph, request and answer, without secrets; JUnit has each."""
    file = tmp_path / "result.xml"
    said = test_of(serve("ok,reject", limits=_LIMITS), "--junit", str(file))
    assert said.code == Exit.DATA_REFUSED
    shown = said.out[said.out.index("FAILED reports.") :]
    for part in ("The contract says: ", "> POST /reports", "> Authorization: Bearer ***", "< HTTP 200", '"training"'):
        assert part in shown
    assert PASSWORD not in said.all + file.read_text("utf-8")
    suite = ET.fromstring(file.read_bytes()).find("testsuite")  # noqa: S314  our own
    assert suite is not None
    cases = suite.findall("testcase")
    assert {case.attrib["name"].partition(":")[0] for case in cases} == _ALL
    assert suite.attrib["tests"] == str(len(_ALL))
    [failure] = suite.iter("failure")
    assert suite.attrib["failures"] == "1"
    assert "POST /reports" in (failure.text or "")
    assert int(suite.attrib["skipped"]) == len(list(suite.iter("skipped")))


@pytest.mark.usefixtures("few_checks")
def test_html(test_of: Test, serve: Serve, tmp_path: Path) -> None:
    """One page that loads nothing and runs nothing, with the results as words and all that the server said escaped."""
    file = tmp_path / "result.html"
    server = serve("portal", limits=_LIMITS)
    assert test_of(server, "--html", str(file), lang="id").code == Exit.DATA_REFUSED
    content = file.read_text(encoding="utf-8")
    page = read_page(content.replace(server.base_url, ""))
    assert "<h1>Welcome" not in content
    assert "<h1>Welcome to our Wi-Fi</h1>" in page.text
    assert all(name in page.text for name in _FEW)
    assert "GAGAL" in page.text


def test_wrong_password(test_of: Test, serve: Serve) -> None:
    """It exits 77 after one attempt."""
    said = test_of(serve(), password="salah")
    assert (said.code, said.out) == (Exit.CREDENTIALS, "")


def test_no_server(apoa: Apoa) -> None:
    """It exits 75, and does not speak of reports that wait."""
    said = apoa("contract", "test", NOWHERE, "--username", "x", "--password-stdin", "--yes", stdin="x\n")
    assert (said.code, said.out) == (Exit.NOT_NOW, "")
    assert "queue" not in said.err


def test_not_confirmed(apoa: Apoa, serve: Serve) -> None:
    """Unattended it needs --yes; at a terminal the answer is no unless something else is typed."""
    server = serve()
    command = ["contract", "test", server.base_url, "--username", "wisma-melati"]
    assert apoa(*command, "--password-stdin", stdin=f"{PASSWORD}\n").code == Exit.USAGE
    assert apoa(*command, keys=[""]).code != Exit.DONE
    with closing(sqlite3.connect(str(server.storage))) as database:
        assert database.execute("SELECT count(*) FROM reports").fetchone() == (0,)


def restarting(
    server: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """What stops a server, starts it when the kit has noticed, and returns as a command that succeeds."""
    gone = threading.Event()
    begin = NoAnswer.__init__

    def begun(self: NoAnswer, error: ApoaError) -> None:
        begin(self, error)
        if isinstance(error, Offline):  # a call that was cut off says less
            gone.set()

    monkeypatch.setattr(NoAnswer, "__init__", begun)

    def restart(*_arguments: object, **_options: object) -> subprocess.CompletedProcess[bytes]:
        server.stop()
        assert gone.wait(30)
        server.start()
        return subprocess.CompletedProcess([], 0)

    return restart


@pytest.mark.usefixtures("few_checks")
def test_at_a_terminal(apoa: Apoa, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is asked for, and a person restarts the server."""
    server = serve(limits=_LIMITS)
    command = ["contract", "test", server.base_url, "--username", "wisma-melati"]
    monkeypatch.setattr("apoa_client.cli.commands.contract.ask_line", restarting(server, monkeypatch))
    said = apoa(*command, keys=["y", PASSWORD])
    assert said.code == Exit.DONE, said.all
    assert "passed restart.during_batch" in said.out


def test_a_command_restarts_the_server(test_of: Test, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unattended: it says first what it does and has a line for each check; the command goes to the system's shell."""
    server = serve(limits=_LIMITS)
    monkeypatch.setattr("apoa_client.cli.commands.contract.subprocess.run", restarting(server, monkeypatch))
    said = test_of(server, "--restart-command", "systemctl restart authority")
    assert said.code == Exit.DONE, said.all
    lines = said.out.splitlines()
    assert {line.split(" ")[1].rstrip(":") for line in lines[:-2]} == _ALL
    assert "passed restart.during_batch" in said.out
    assert lines[-1].startswith("The server conforms to the contract.")
    for words in ("APOA TEST", "No official APOA interface exists", "Restarting the server: systemctl restart"):
        assert words in said.err


@pytest.mark.usefixtures("few_checks")
def test_a_command_that_does_not_restart(test_of: Test, serve: Serve) -> None:
    """The check fails, and the others are made."""
    said = test_of(serve(limits=_LIMITS), "--restart-command", "exit 3", "--json")
    assert said.code == Exit.DATA_REFUSED
    checks = {each["id"]: each for each in said.json["checks"]}
    failed = checks["restart.during_batch"]
    assert (failed["result"], "exit code 3" in failed["reason"]) == ("failed", True)
    assert checks["idempotency.same_body"]["result"] == "passed"


@pytest.mark.usefixtures("few_checks")
def test_two_accounts(test_of: Test, serve: Serve) -> None:
    """The second password is the next line; an account of the same property tests nothing, which is a failure."""
    said = test_of(serve(limits=_LIMITS), "--username2", "wisma-melati", password=f"{PASSWORD}\n{PASSWORD}")
    assert said.code == Exit.DATA_REFUSED
    assert "The second account is of the same property, so nothing was tested." in said.out


def test_after_ctrl_c(test_of: Test, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reports that were accepted are cancelled."""
    cancelled: list[str] = []
    deliver = Server.deliver

    def interrupted(self: Server, *reports: dict[str, str]) -> list[dict[str, str]]:
        results = deliver(self, *reports)
        cancelled.extend(each["stay_id"] for each in reports if each["kind"] == "cancel")
        if len(self.receipts) >= 4 and not cancelled:
            raise KeyboardInterrupt
        return results

    monkeypatch.setattr(Server, "deliver", interrupted)
    said = test_of(serve(limits=_LIMITS))
    assert said.code == 130
    assert len(cancelled) >= 4
    assert said.out.splitlines()[-1].startswith("passed closing.cancelled")
