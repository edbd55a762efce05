"""Real connections that break in all ways: if nothing was sent it is offline, else the outcome is unknown."""

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from authority_helpers import Serve
from requests.auth import HTTPBasicAuth

from apoa_client.authority.address import Timeouts
from apoa_client.authority.http_errors import HttpResponse
from apoa_client.authority.transport import Call, Transport
from apoa_client.errors import ApoaError, NotTheAuthority, Offline, SettingsProblem, TimedOut, UnknownOutcome

HURRY = Timeouts(connect_s=1, read_s=0.15, total_s=2)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
HANG = b"hang"
GET = Call("GET", "/meta", HTTPBasicAuth("a", "b"), {})
POST = Call("POST", "/reports", HTTPBasicAuth("a", "b"), {}, b"{}")


def transport_to(
    url: str,
    timeouts: Timeouts = HURRY,
    monotonic: Callable[[], float] = lambda: 0.0,
    time_left: Callable[[], float] | None = None,
) -> Transport:
    return Transport(
        url, user_agent="apoa-client/0", timeouts=timeouts, time_left=time_left, ca_bundle=None, monotonic=monotonic
    )


def failure(url: str, call: Call, timeouts: Timeouts = HURRY) -> type[ApoaError]:
    transport = transport_to(url, timeouts)
    with pytest.raises(ApoaError) as caught:
        transport.exchange(call)
    transport.close()
    assert caught.value.__cause__ is None
    return type(caught.value)


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
def test_closed_port(call: Call) -> None:
    """A refused connection is offline, for a question and for a report."""
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    assert failure(f"http://localhost:{port}/v1", call) is Offline


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
def test_no_such_name(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    """A name that cannot be resolved is offline."""

    def unknown(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert failure("https://authority.example/v1", call) is Offline


@pytest.fixture
def stuck_lookup(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Makes the name lookup hang until the test is over."""
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        over.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "gave up")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    over.set()


@pytest.mark.usefixtures("stuck_lookup")
def test_a_stuck_lookup_is_limited_and_offline() -> None:
    """It takes no longer than the whole call may, and the report is known to be unsent."""
    assert failure("https://authority.example/v1", POST, Timeouts(1, 1, 0.1)) is Offline
    assert failure("https://authority.example/v1", GET, Timeouts(1, 1, 0.1)) is TimedOut


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
def test_connection_closed_without_an_answer(serve: Serve, call: Call) -> None:
    """The outcome is unknown, and the request is not repeated."""
    line = serve(b"")
    assert failure(line.url, call) is UnknownOutcome
    assert len(line.received) == 1


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("answer", [HANG, HEAD + HANG, HEAD + b"Content-Length: 9\r\n\r\n{" + HANG])
def test_silence(serve: Serve, call: Call, answer: bytes) -> None:
    """Silence before, in or after the head of an answer is a timeout after the read timeout."""
    assert failure(serve(answer).url, call) is TimedOut


def test_an_answer_that_never_ends(serve: Serve) -> None:
    """An answer that arrives slowly is given up after the total time, though no single read was long."""
    ticks = iter(range(0, 1000, 3))
    transport = transport_to(serve(HEAD + b"\r\n" + b"x" * 100).url, HURRY, lambda: float(next(ticks)))
    with pytest.raises(TimedOut):
        transport.exchange(POST)


def test_total_time_after_sending(serve: Serve) -> None:
    """When the total time is over and the body was sent, the outcome is unknown; the next call works."""
    line = serve(HANG, HEAD + b"\r\n{}")
    transport = transport_to(line.url, Timeouts(1, 5, 0.2))
    with pytest.raises(TimedOut):
        transport.exchange(POST)
    assert transport.exchange(GET).body == b"{}"
    transport.close()


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 90\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
def test_answer_that_is_cut_off(serve: Serve, answer: bytes) -> None:
    """An answer that ends too early, or is no HTTP, leaves the outcome unknown."""
    assert failure(serve(answer).url, POST) is UnknownOutcome


def test_size_is_limited(serve: Serve) -> None:
    """At most 1 MiB is read, whatever the stated length; exactly 1 MiB is accepted."""
    assert failure(serve(HEAD + b"\r\n" + b"x" * (1024 * 1024 + 1)).url, GET) is NotTheAuthority
    reply = transport_to(serve(HEAD + b"\r\n" + b"x" * 1024 * 1024).url).exchange(GET)
    assert len(reply.body) == 1024 * 1024


def test_a_compressed_answer_needs_little_memory(serve: Serve) -> None:
    """What would inflate to 16 MiB is given up at the limit of an answer, not inflated first."""
    url = serve(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(16 * 1024 * 1024))).url
    tracemalloc.start()
    try:
        assert failure(url, GET) is NotTheAuthority
        assert tracemalloc.get_traced_memory()[1] < 5 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "encoding",
    ["gzip\r\nContent-Encoding: gzip", "gzip, gzip", "gzip,gzip,gzip,gzip,gzip,gzip", "deflate", "br", "zstd", "x"],
)
def test_only_one_gzip_is_undone(serve: Serve, encoding: str) -> None:
    """An answer in another encoding, or in several, is refused before anything is inflated."""
    body = gzip.compress(gzip.compress(b"{}"))
    line = serve(HEAD + f"Content-Encoding: {encoding}\r\n\r\n".encode() + body)
    assert failure(line.url, GET) is NotTheAuthority
    assert line.received[0].headers["accept-encoding"] == "gzip"


def test_no_gzip_at_all(serve: Serve) -> None:
    """An answer that claims to be compressed and is not is not the authority's."""
    assert failure(serve(HEAD + b"Content-Encoding: gzip\r\n\r\nhello").url, GET) is NotTheAuthority


def test_compressed_answers_are_read(serve: Serve) -> None:
    """An answer may be compressed."""
    line = serve(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}"))
    assert transport_to(line.url).exchange(GET) == HttpResponse(
        200, {"content-type": "application/json", "connection": "close", "content-encoding": "gzip"}, b"{}"
    )


def test_redirects_are_not_followed(serve: Serve) -> None:
    """A redirect is returned, and credentials are sent to no other host."""
    line = serve(b"HTTP/1.1 302 Found\r\nLocation: /v1/elsewhere\r\nConnection: close\r\n\r\n", HEAD + b"\r\n{}")
    assert transport_to(line.url).exchange(GET).status == 302
    assert len(line.received) == 1


def test_no_cookies(serve: Serve) -> None:
    """Cookies are not stored: runs cannot be traced, and a portal's session is not kept."""
    line = serve(HEAD + b"Set-Cookie: a=b\r\n\r\n{}", HEAD + b"\r\n{}")
    transport = transport_to(line.url)
    transport.exchange(GET)
    transport.exchange(GET)
    assert "cookie" not in line.received[1].headers


def test_a_body_is_sent_unchanged(serve: Serve) -> None:
    """With its length, byte for byte, and with the program's name."""
    line = serve(HEAD + b"\r\n{}")
    transport_to(line.url).exchange(Call("POST", "/reports", HTTPBasicAuth("a", "b"), {"X-Y": "z"}, b'{"\xc3\xa9":1}'))
    (received,) = line.received
    assert (received.method, received.path, received.body) == ("POST", "/v1/reports", b'{"\xc3\xa9":1}')
    assert received.headers["user-agent"] == "apoa-client/0"
    assert received.headers["content-length"] == "8"
    assert received.headers["x-y"] == "z"


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
def test_proxy_of_the_environment(serve: Serve, monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    """A proxy is read from the environment; one that refuses means offline, because nothing was sent."""
    proxy = serve(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", f"http://localhost:{proxy.port}")
    assert failure("https://authority.example/v1", call) is Offline
    assert proxy.received[0].method == "CONNECT"


def test_no_proxy_for_loopback(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training works behind a hotel's proxy, which cannot reach this computer's own loopback."""
    monkeypatch.setenv("HTTP_PROXY", "http://localhost:1")
    assert transport_to(serve(HEAD + b"\r\n{}").url).exchange(GET).status == 200


@pytest.mark.parametrize("proxy", ["http://", "http://:::", "nonsense://localhost:1", "socks5://localhost:1"])
def test_unusable_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """A proxy with an invalid or unsupported address is a problem of the settings."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert failure("https://authority.example/v1", POST) is SettingsProblem
