"""Starting and stopping the server, what it logs, and the fault script as it is written and as a client sees it."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from basics import raises_error
from hypothesis import given
from hypothesis import strategies as st
from sandbox_helpers import Json, LogIn, Make, Report

from apoa_client.errors import Exit, StorageProblem, UsageProblem
from apoa_client.sandbox.faults import OK, Faults, Route, Step
from apoa_client.sandbox.server import SandboxServer


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_connection_that_ends_while_the_server_stops(make_server: Make) -> None:
    """Its thread has closed the socket, and not taken it off the list yet."""
    server = make_server()
    assert server._running is not None
    ended = threading.Thread(target=lambda: None)
    ended.start()
    closed = socket.socket()
    closed.close()
    server._running[0]._connections[closed] = ended
    server.stop()
    assert not listening(server.port)


def test_stop_and_start_again(make_server: Make, log_in: LogIn, bare: requests.Session, check_in: Report) -> None:
    """Stopped, it refuses connections at once; started, it has the same port, storage and script."""
    server = make_server(faults="ok,503")
    body = {"reports": [check_in()]}
    before = log_in(server).post(f"{server.base_url}/reports", json=body, timeout=20).json()
    port = server.port
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        bare.get(f"{server.base_url}/meta", timeout=20)
    assert server.start() is server.start()
    assert server.port == port
    assert bare.get(f"{server.base_url}/meta", timeout=20).status_code == 401
    assert log_in(server).post(f"{server.base_url}/reports", json=body, timeout=20).status_code == 503
    assert log_in(server).post(f"{server.base_url}/reports", json=body, timeout=20).json() == before


def test_listens_on_loopback_only(make_server: Make) -> None:
    """Other addresses of the machine are closed."""
    server = make_server()
    listener = server._running[0].socket if server._running is not None else None  # the socket is private
    assert listener is not None
    assert listener.getsockname()[0] == "127.0.0.1"


def test_stopping_leaves_no_thread_and_does_not_wait(make_server: Make, log_in: LogIn, check_in: Report) -> None:
    """The connections of a waiting and of an idle client are closed."""
    server = make_server(faults="slow=600")
    http = log_in(server)
    silent = socket.create_connection(("127.0.0.1", server.port))
    errors: list[Exception] = []
    waiting = threading.Event()

    def post() -> None:
        waiting.set()
        try:
            http.post(f"{server.base_url}/reports", json={"reports": [check_in()]}, timeout=60)
        except requests.ConnectionError as exc:
            errors.append(exc)

    thread = threading.Thread(target=post)
    thread.start()
    waiting.wait(timeout=20)
    wait_until(lambda: sum("sandbox-call" in each.name for each in threading.enumerate()) == 2)
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 5
    assert not [each for each in threading.enumerate() if each.name.startswith("apoa-sandbox")]
    thread.join(timeout=20)
    assert len(errors) == 1
    silent.close()


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


def test_ports_that_cannot_be_used(make_server: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settings problem with advice for one in use, and for one that needs more rights."""

    def refuse(*_args: object, **_options: object) -> socket.socket:
        raise PermissionError

    with raises_error("port_unusable") as caught:
        make_server(port=make_server().port)
    assert caught.value.exit_code is Exit.SETTINGS
    assert "already uses" in caught.value.message.render()
    monkeypatch.setattr(socket, "create_server", refuse)
    with raises_error("port_unusable") as caught:
        make_server(port=80)
    assert "may not listen" in caught.value.message.render()


def test_broken_storage_frees_the_port(make_server: Make, tmp_path: Path) -> None:
    """A server that cannot start because of its storage keeps nothing open."""
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "sandbox.db").write_bytes(b"no database" * 100)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(StorageProblem):
        make_server(port=port)
    assert not listening(port)


def test_log_has_only_route_and_status(
    make_server: Make,
    log_in: LogIn,
    check_in: Report,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """At debug level method, route and status; no body, no id, no token; nothing on the terminal."""
    caplog.set_level(logging.DEBUG, logger="apoa_client")
    caplog.set_level(logging.DEBUG, logger="werkzeug")
    server = make_server(faults="ok,drop")
    http = log_in(server)
    report = check_in()
    http.post(f"{server.base_url}/reports", json={"reports": [report]}, timeout=20)
    http.get(f"{server.base_url}/reports/{report['id']}", timeout=20)
    http.put(f"{server.base_url}/reports/{report['id']}/photo", data=b"SMITHSON", timeout=20)
    with pytest.raises(requests.ConnectionError):
        http.post(f"{server.base_url}/reports", json={"reports": [report]}, timeout=20)
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"NONSENSE\r\n\r\n")
        raw.recv(1000)
    server.stop()
    lines = [entry.getMessage() for entry in caplog.records if entry.name.startswith(("apoa_client", "werkzeug"))]
    assert lines == ["POST token 200", "POST reports 200", "GET result 200", "PUT photo 400"]
    assert capfd.readouterr() == ("", "")


def test_bug_is_a_500_without_data(
    make_server: Make,
    log_in: LogIn,
    check_in: Report,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After any internal error the client gets a problem, and the log has only the error's class."""

    def broken(*_args: object, **_options: object) -> None:
        raise KeyError(report["guest"]["surname"])

    report = check_in()
    server = make_server()
    http = log_in(server)
    monkeypatch.setattr("apoa_client.sandbox.decisions.rule_violations", broken)
    answer = http.post(f"{server.base_url}/reports", json={"reports": [report]}, timeout=20)
    assert answer.status_code == 500
    assert "KeyError" in caplog.text
    assert "SMITHSON" not in caplog.text + answer.text


def test_nothing_shows_the_password(make_server: Make) -> None:
    """Not even the server's own repr."""
    assert "rahasia" not in repr(make_server())


def drawn(script: str, route: Route = Route.REPORTS) -> list[Step]:
    faults = Faults(script)
    return list(iter(lambda: faults.next(route), OK))


def test_steps_are_used_up_in_their_order_by_route() -> None:
    """Each call uses one step; when none is left, calls work."""
    script = " 503=5, lost ,pending*2,token:401,meta:slow=0.5,result:pending,codes:portal,photo:409 "
    assert drawn(script) == [Step("503", 5), Step("lost"), Step("pending"), Step("pending")]
    assert drawn(script, Route.TOKEN) == [Step("401")]
    assert drawn(script, Route.META) == [Step("slow", 0.5)]
    assert drawn(script, Route.RESULT) == [Step("pending")]
    assert drawn(script, Route.CODES) == [Step("portal")]
    assert drawn(script, Route.PHOTO) == [Step("409")]
    assert drawn("") == []


@pytest.mark.parametrize(
    "step",
    [
        "explode", "404", "slow", "defer", "slow=", "slow=1.2.3", "defer=1.5", "429=x", "500=3", "drop=1", "lost*0",
        "lost*99999", "token:pending", "meta:short-list", "result:short-list", "codes:reject", "hotel:drop", "409",
        "photo:pending", "slow=99999", "Drop", "drop drop", "503=5=6", "*2", "token:", "reports:", "slow=..",
    ],
)  # fmt: skip
def test_unknown_steps_are_named_with_what_is_possible(step: str) -> None:
    """A mistyped script is a usage error with help."""
    with raises_error("bad_fault_script") as caught:
        Faults(f"drop,{step}")
    assert caught.value.exit_code is Exit.USAGE
    assert step in caught.value.message.render()
    assert caught.value.advice is not None
    advice = caught.value.advice.render()
    assert ", drop, " in advice
    assert "token:" in advice


@given(st.text(max_size=30))
def test_any_script_is_read_or_refused(script: str) -> None:
    """Any text is a valid script or raises `BadFaultScript`."""
    try:
        steps = drawn(script)
    except UsageProblem:
        return
    assert all(step.name for step in steps)


def post(http: requests.Session, server: SandboxServer, *reports: Json) -> requests.Response:
    return http.post(f"{server.base_url}/reports", json={"reports": reports}, timeout=20, allow_redirects=False)


def test_slow_answers_late_and_still_acquires(make_server: Make, log_in: LogIn, check_in: Report) -> None:
    """The answer comes after the requested seconds, and not before."""
    server = make_server(faults="slow=0.2")
    http = log_in(server)
    begin = time.monotonic()
    answer = post(http, server, check_in())
    assert time.monotonic() - begin >= 0.2
    assert answer.json()["results"][0]["status"] == "accepted"


def test_a_compressed_answer_is_broken_too(make_server: Make, log_in: LogIn) -> None:
    """A code table is long enough to be compressed, and is inflated before it is too large, cut off or empty.

    A 304 cannot be made huge, and stays as it is.
    """
    server = make_server(faults="codes:huge,codes:truncated,codes:empty,codes:ok,codes:huge")
    http = log_in(server)
    url = f"{server.base_url}/codes/stay_permits"
    huge, truncated, empty = (http.get(url, timeout=20) for _ in range(3))
    assert len(huge.content) > 1 << 20
    assert huge.json()["table"] == "stay_permits"
    with pytest.raises(requests.JSONDecodeError):
        truncated.json()
    assert empty.content == b""
    held = {"If-None-Match": http.get(url, timeout=20).headers["ETag"]}
    assert http.get(url, headers=held, timeout=20).status_code == 304
