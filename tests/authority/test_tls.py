"""Certificates: trusted by the system or by `ca_bundle`, or nothing is sent. Of the route, the broken part is named."""

import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from authority_helpers import CA, CA_HASH, NO_SUCH, TOKEN, MakeClient, Serve, proxy
from basics import WINE, raises_error, real_system

from apoa_client.authority import route as module
from apoa_client.authority import tls
from apoa_client.authority.route import Proxy, Route, connect, count_addresses, find_route, read_certificate
from apoa_client.errors import SettingsProblem, UntrustedCertificate

UNTIL = datetime(2126, 11, 1, 0, 34, 33, tzinfo=UTC)
windows_judges = pytest.mark.skipif(WINE, reason="Wine judges certificates in its own way")


def test_a_bundle_is_trusted(serve: Serve, make_client: MakeClient, ca: str) -> None:
    """A certificate of a CA in `ca_bundle` is trusted, besides the system's own trust."""
    line = serve(TOKEN, NO_SUCH, certificate="server.pem")
    assert make_client(line.url, ca_bundle=ca).verdict("x") is None
    assert [each.path for each in line.received] == ["/v1/oauth/token", "/v1/reports/x"]


@windows_judges
def test_an_unknown_issuer_is_named(serve: Serve, make_client: MakeClient) -> None:
    """The error has the certificate's subject, issuer and fingerprint, and nothing is sent."""
    line = serve(TOKEN, certificate="server.pem")
    with pytest.raises(UntrustedCertificate) as caught:
        make_client(line.url).meta()
    said = caught.value.message.render()
    assert "localhost" in said
    assert "Test CA of apoa-client" in said
    assert caught.value.advice is not None
    assert "ca_bundle" in caught.value.advice.render()
    assert line.received == []


@windows_judges
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_the_environment_adds_no_trust(
    serve: Serve, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """The environment variables of requests and OpenSSL change nothing, even if they would be read for this host."""
    (tmp_path / CA_HASH).write_bytes(CA.read_bytes())
    monkeypatch.setenv(variable, str(tmp_path if variable == "SSL_CERT_DIR" else CA))
    line = serve(TOKEN, certificate="server.pem")
    client = make_client(line.url)
    client._transport._session.trust_env = True  # as for hosts that are not loopback
    with pytest.raises(UntrustedCertificate):
        client.meta()
    assert line.received == []


@windows_judges
def test_a_man_in_the_middle(serve: Serve, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, ca: str) -> None:
    """Behind a proxy of the environment, a server with another CA gets nothing, except if `ca_bundle` has that CA."""
    line = serve(TOKEN, NO_SUCH, certificate="elsewhere.pem")
    with proxy() as (port, _heads):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("SSL_CERT_FILE", ca)
        url = f"https://elsewhere.example:{line.port}/v1"
        with pytest.raises(UntrustedCertificate):
            make_client(url).verdict("x")
        assert line.received == []
        assert make_client(url, ca_bundle=ca).verdict("x") is None
    assert b"rahasia" in line.received[0].body or "authorization" in line.received[0].headers


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="the system's own interface is asked there")
@pytest.mark.parametrize("place", ["file", "folder", "other"])
def test_the_certificates_of_the_system(
    serve: Serve, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    """The file and the folder of OpenSSL are trusted; the usual files of other systems only if it has neither."""
    file = tmp_path / ("certificates.pem" if place != "folder" else CA_HASH)
    file.write_bytes(CA.read_bytes())
    nowhere = tmp_path / "nowhere"
    openssl_file, openssl_folder = (
        str(file if place == "file" else nowhere),
        str(tmp_path if place == "folder" else nowhere),
    )
    paths = ssl.DefaultVerifyPaths("", "", "SSL_CERT_FILE", openssl_file, "SSL_CERT_DIR", openssl_folder)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    monkeypatch.setattr(tls, "_SYSTEM_FILES", (str(nowhere), str(file if place == "other" else nowhere)))
    assert make_client(serve(TOKEN, NO_SUCH, certificate="server.pem").url).verdict("x") is None


@pytest.mark.parametrize(("certificate", "words"), [("elsewhere.pem", "is not for"), ("expired.pem", "clock")])
def test_a_trusted_certificate_that_does_not_fit(
    serve: Serve, make_client: MakeClient, ca: str, certificate: str, words: str
) -> None:
    """One of another host is refused, and so is an expired one, where the clock is named; `ca_bundle` is no advice."""
    line = serve(TOKEN, certificate=certificate)
    with pytest.raises(UntrustedCertificate, match=words) as caught:
        make_client(line.url, ca_bundle=ca).meta()
    assert caught.value.advice is not None
    assert "ca_bundle" not in caught.value.advice.render()
    assert line.received == []


@pytest.mark.parametrize("certificate", ["server.pem", "expired.pem"])
def test_a_clock_that_is_years_behind(
    serve: Serve, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, certificate: str, ca: str
) -> None:
    """The HTTP library's own warning is not shown; whether the certificate is valid decides."""
    monkeypatch.setattr("urllib3.connection.RECENT_DATE", date.max)
    line = serve(TOKEN, NO_SUCH, certificate=certificate)
    client = make_client(line.url, ca_bundle=ca)
    if certificate == "expired.pem":
        with pytest.raises(UntrustedCertificate, match="clock"):
            client.verdict("x")
    else:
        assert client.verdict("x") is None


@pytest.mark.parametrize("name", ["missing.pem", "empty.pem", "pipe.pem", "relative"])
def test_an_unusable_bundle(make_client: MakeClient, tmp_path: Path, name: str) -> None:
    """It must be there with a certificate, at a full path; reading a pipe would wait for a writer without an end."""
    (tmp_path / "empty.pem").write_text("nothing", encoding="utf-8")
    if name == "pipe.pem":
        if not hasattr(os, "mkfifo"):
            pytest.skip("Windows has no pipes among its files")
        os.mkfifo(tmp_path / name)
    path = os.path.relpath(CA) if name == "relative" else str(tmp_path / name)
    with pytest.raises(SettingsProblem, match="is not a full path" if name == "relative" else "cannot be read"):
        make_client("https://authority.example/v1", ca_bundle=path)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_bundle_that_others_can_write(make_client: MakeClient, tmp_path: Path) -> None:
    """It is read only if no other user can add a certificate to it."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(CA.read_bytes())
    make_client("https://authority.example/v1", ca_bundle=str(bundle))
    bundle.chmod(0o666)
    with raises_error("unsafe_permissions"):
        make_client("https://authority.example/v1", ca_bundle=str(bundle))


def test_a_certificate_that_cannot_be_fetched() -> None:
    """The error names only the host."""
    error = tls.untrusted_certificate(ssl.SSLCertVerificationError(1, "unknown"), "localhost", 1)
    assert error.message.render() == "This computer does not trust the certificate of localhost."


def test_an_undecodable_certificate_has_its_fingerprint(serve: Serve) -> None:
    """The names of an expired certificate cannot be read, so the error has only the fingerprint."""
    shown = tls.presented_certificate("localhost", serve(b"", certificate="expired.pem").port)
    assert shown is not None
    assert (shown.subject, shown.issuer, len(shown.sha256)) == ("?", "?", 64)
    read = tls.presented_certificate("localhost", serve(b"", certificate="server.pem").port)
    assert read is not None
    assert read.valid_until == UNTIL


@pytest.mark.parametrize("error", [OSError, OverflowError, ValueError])
def test_a_time_that_the_system_does_not_know(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """As on Windows after the year 3000: the other parts are still known."""

    class Clock:
        @staticmethod
        def fromtimestamp(*_values: object) -> None:
            raise error

    monkeypatch.setattr(tls, "datetime", Clock)
    names = {"issuer": ((("commonName", "CA"),),), "notAfter": "Dec 31 23:59:59 9999 GMT"}
    assert tls.decoded(names, "ab") == tls.Certificate("ab", "?", "CA", None)


def test_other_failures_are_not_of_certificates() -> None:
    """Only a certificate's error is found, however deep it is wrapped; a cycle of errors ends the search."""
    inner, outer = ssl.SSLCertVerificationError(1, "x"), OSError("x")
    outer.__context__ = ValueError(inner)
    assert tls.verification_failure(outer) is inner
    circle = OSError("a")
    circle.args = (circle,)
    assert tls.verification_failure(circle) is None


NAME = "Test CA of apoa-client"


@real_system
@pytest.mark.skipif(sys.platform != "win32", reason="the store of Windows")
def test_what_an_administrator_trusts_is_trusted(serve: Serve, make_client: MakeClient) -> None:
    """A CA in the computer's store is trusted without a setting, and no longer once it is removed."""
    line = serve(TOKEN, NO_SUCH, certificate="server.pem")
    with pytest.raises(UntrustedCertificate):
        make_client(line.url).meta()
    subprocess.run(["certutil", "-addstore", "-f", "Root", str(CA)], check=True, capture_output=True)
    try:
        assert make_client(line.url).verdict("x") is None
    finally:
        subprocess.run(["certutil", "-delstore", "Root", NAME], check=True, capture_output=True)
    with pytest.raises(UntrustedCertificate):
        make_client(line.url).meta()


HOST = "apoa.example"


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
