"""The route, part by part: each part that is broken is named."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from authority_helpers import Serve, proxy
from basics import WINE, raises_error

from apoa_client.authority import route as module
from apoa_client.authority.route import Proxy, Route, connect, count_addresses, find_route, read_certificate
from apoa_client.errors import SettingsProblem, UntrustedCertificate

UNTIL = datetime(2126, 11, 1, 0, 34, 33, tzinfo=UTC)
HOST = "apoa.example"
windows_judges = pytest.mark.skipif(WINE, reason="Wine judges certificates in its own way")


def test_without_a_proxy() -> None:
    """The usual ports; this computer itself is never reached over a proxy. An address must be one that a call takes."""
    assert find_route(f"https://{HOST}/v1") == Route(HOST, 443, uses_tls=True, proxy=None)
    assert find_route("http://127.0.0.1:8080/v1") == Route("127.0.0.1", 8080, uses_tls=False, proxy=None)
    with pytest.raises(SettingsProblem):
        find_route(f"http://{HOST}/v1")


@pytest.mark.parametrize(
    ("named", "address", "is_plain"),
    [
        ("http://budi:rahasia%20sekali@proxy.example:3128", "proxy.example:3128", True),
        ("proxy.example:8080", "proxy.example:8080", True),
        ("http://proxy.example", "proxy.example:80", True),
        ("https://proxy.example", "proxy.example:443", False),
    ],
)
def test_a_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, named: str, address: str, *, is_plain: bool
) -> None:
    """Its address has no username and no password, and neither has its `repr`."""
    monkeypatch.setenv("HTTPS_PROXY", named)
    found = find_route(f"https://{HOST}/v1")
    assert found.proxy is not None
    assert (found.proxy.address, found.proxy.is_plain, found.proxy.from_environment) == (address, is_plain, True)
    assert (found.first_host, str(found.first_port)) == tuple(address.split(":"))
    assert "rahasia" not in repr(found)


def test_no_proxy_for_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY is observed, as in a call. A proxy of the system is distinguished from one of the environment."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", HOST)
    assert find_route(f"https://{HOST}/v1").proxy is None
    monkeypatch.setattr(module, "get_environ_proxies", lambda _url: {"https": "http://system.example:3128"})
    found = find_route(f"https://{HOST}/v1").proxy
    assert found is not None
    assert not found.from_environment


@pytest.mark.parametrize("named", ["http://:3128", "http://proxy.example:port", "http://[proxy"])
def test_a_proxy_that_is_no_address(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """The variable is to be corrected."""
    monkeypatch.setattr(module, "get_environ_proxies", lambda _url: {"https": named})
    with raises_error("proxy_unusable"):
        find_route(f"https://{HOST}/v1")


def test_names() -> None:
    """A name of this computer is found; one that cannot exist is not, and neither is one that is no name."""
    assert count_addresses("127.0.0.1") == 1
    for name in ("a" * 64 + ".invalid", "bad\u0000name"):
        with raises_error("name_not_found"):
            count_addresses(name)


def test_connections(serve: Serve) -> None:
    """To a server that listens, and to none."""
    server = serve()
    connect(Route("127.0.0.1", server.port, uses_tls=False, proxy=None))
    with raises_error("no_connection"):
        connect(Route("127.0.0.1", 9, uses_tls=False, proxy=None))
    with raises_error("no_connection"):
        connect(Route(HOST, 443, uses_tls=True, proxy=Proxy("127.0.0.1", 9, from_environment=True)))


@windows_judges
@pytest.mark.parametrize("decoded", [True, False])
def test_a_trusted_certificate(serve: Serve, ca: str, monkeypatch: pytest.MonkeyPatch, *, decoded: bool) -> None:
    """Its issuer, and its last day. Where Python decodes nothing, as on Windows and macOS, it is read once more."""
    if not decoded:
        monkeypatch.setattr(ssl.SSLSocket, "getpeercert", _without_names(ssl.SSLSocket.getpeercert))
    found = read_certificate(Route("localhost", serve(certificate="server.pem").port, uses_tls=True, proxy=None), ca)
    assert (found.issuer, found.valid_until) == ("Test CA of apoa-client", UNTIL)


def _without_names(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `getpeercert` that decodes nothing at its first call."""
    calls = 0

    def getpeercert(self: ssl.SSLSocket, binary_form: bool = False) -> Any:  # noqa: FBT001, FBT002  as in `ssl`
        nonlocal calls
        calls += 1
        return {} if calls == 1 else original(self, binary_form)

    return getpeercert


@windows_judges
@pytest.mark.parametrize("certificate", ["expired.pem", "elsewhere.pem"])
def test_a_certificate_that_is_not_trusted(serve: Serve, ca: str, certificate: str) -> None:
    """The same error as of a call."""
    server = serve(certificate=certificate)
    with pytest.raises(UntrustedCertificate):
        read_certificate(Route("localhost", server.port, uses_tls=True, proxy=None), ca)


def test_a_server_without_tls(serve: Serve) -> None:
    """The handshake breaks: 75, because another network may do that."""
    with raises_error("handshake_broken"):
        read_certificate(Route("localhost", serve(b"").port, uses_tls=True, proxy=None), None)


@windows_judges
def test_a_certificate_through_a_proxy(serve: Serve, ca: str) -> None:
    """The proxy gets its password, and the certificate is the authority's."""
    server = serve(certificate="server.pem")
    with proxy() as (port, heads):
        through = Proxy("127.0.0.1", port, from_environment=True, credentials="budi:rahasia")
        found = read_certificate(Route("localhost", server.port, uses_tls=True, proxy=through), ca)
    assert found.valid_until == UNTIL
    assert heads[0].startswith(f"CONNECT localhost:{server.port} ")
    assert "Basic YnVkaTpyYWhhc2lh" in heads[0]


def test_a_proxy_that_refuses(ca: str) -> None:
    """It is named, without its password."""
    with proxy(allowed=False) as (port, _heads), raises_error("proxy_refuses"):
        through = Proxy("127.0.0.1", port, from_environment=True, credentials="budi:rahasia")
        read_certificate(Route(HOST, 443, uses_tls=True, proxy=through), ca)
