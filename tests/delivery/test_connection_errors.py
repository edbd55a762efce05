"""No connection, untrusted certificates, batches too large or too slow, an expired token: over HTTP on loopback."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from basics import NOW, WINE
from delivery_helpers import Hotel
from delivery_wire import BACKOFF, ScriptedServer, client, problem, serving

from apoa_client.errors import Exit, Offline, UntrustedCertificate
from apoa_client.report.kinds import State


def test_no_connection(hotel: Hotel, wire: ScriptedServer, way: Callable[[ScriptedServer], str]) -> None:
    """An unknown name, a closed port, no TLS: offline, with a backoff, and nothing was sent."""
    url = way(wire)
    hotel.add(1)
    outcome = hotel.sync(connect=lambda: client(url))
    assert (type(outcome.error), outcome.exit_code, outcome.offline) == (Offline, Exit.NOT_NOW, True)
    assert (outcome.stopped, outcome.sent, outcome.left) == (False, 0, 1)
    entry = hotel.entry(1)
    assert (entry.state, entry.last_error, entry.attempts) == (State.QUEUED, "offline", 1)
    assert (entry.next_attempt_at, wire.sent) == (BACKOFF, [])
    assert hotel.outbox.summary(now=NOW, soon=NOW).last_contact_at is None
    assert hotel.sync(connect=wire.connect, keep_backoff=True).counts["accepted"] == 0
    assert hotel.sync(connect=wire.connect).counts["accepted"] == 1


def unknown_name(monkeypatch: pytest.MonkeyPatch) -> Callable[[ScriptedServer], str]:
    known = socket.getaddrinfo

    def look_up(host: str, *args: Any, **named: Any) -> Any:
        if host != "authority.example":
            return known(host, *args, **named)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return lambda _wire: "https://authority.example/v1"


def closed_port(_monkeypatch: pytest.MonkeyPatch) -> Callable[[ScriptedServer], str]:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    return lambda _wire: f"http://127.0.0.1:{port}/v1"


def no_tls(_monkeypatch: pytest.MonkeyPatch) -> Callable[[ScriptedServer], str]:
    return lambda wire: wire.url.replace("http:", "https:")


@pytest.fixture(params=[unknown_name, closed_port, no_tls])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[ScriptedServer], str]:
    """A way to be offline."""
    make: Callable[[pytest.MonkeyPatch], Callable[[ScriptedServer], str]] = request.param
    return make(monkeypatch)


@pytest.mark.skipif(WINE, reason="Wine judges certificates in its own way")
def test_untrusted_certificate(hotel: Hotel) -> None:
    """The error names the certificate and how to trust it; nothing is sent, and no attempt is counted."""
    hotel.add(1)
    with serving("server.pem") as wire:
        outcome = hotel.sync(connect=wire.connect)
    assert isinstance(outcome.error, UntrustedCertificate)
    assert (outcome.exit_code, outcome.offline, outcome.stopped, outcome.left) == (Exit.SETTINGS, False, False, 1)
    assert "Test CA of apoa-client" in outcome.error.message.render()
    assert outcome.error.advice is not None
    assert "ca_bundle" in outcome.error.advice.render()
    entry = hotel.entry(1)
    assert (wire.calls, entry.state, entry.attempts, entry.next_attempt_at) == ([], State.QUEUED, 0, None)


def test_one_expired_token_is_replaced(hotel: Hotel, wire: ScriptedServer) -> None:
    """After one 401 the client gets a fresh token and sends the same batch again."""
    wire.replacements["reports"].append(problem(401))
    hotel.add(1)
    assert hotel.sync(connect=wire.connect).exit_code is Exit.DONE
    assert wire.calls == ["token", "meta", "reports", "token", "reports"]
