"""Certificates: trusted by the system or by `ca_bundle`, or nothing is sent."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apoa_client.authority import tls
from apoa_client.errors import Offline, SettingsProblem, UntrustedCertificate

CERTIFICATES = Path(__file__).parent / "certificates"
CA = str(CERTIFICATES / "ca.pem")
TOKEN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    b'{"access_token":"abc","token_type":"Bearer","expires_in":3600}'
)
NO_SUCH = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"
    b'{"type":"about:blank","title":"Not Found","status":404}'
)


def test_a_bundle_is_trusted(serve: Callable[..., Any], client_of: Callable[..., Any]) -> None:
    """What a CA of `ca_bundle` signed is trusted, beside the system's own trust."""
    line = serve(TOKEN, NO_SUCH, certificate="server.pem")
    assert client_of(line.url, ca_bundle=CA).verdict("x") is None
    assert [each.path for each in line.heard] == ["/v1/oauth/token", "/v1/reports/x"]


def test_an_unknown_issuer_is_named(serve: Callable[..., Any], client_of: Callable[..., Any]) -> None:
    """A certificate that nobody here trusts is named with its issuer and fingerprint, and nothing is sent."""
    line = serve(TOKEN, certificate="server.pem")
    with pytest.raises(UntrustedCertificate) as caught:
        client_of(line.url).meta()
    said = caught.value.message.render()
    assert "localhost" in said
    assert "Test CA of apoa-client" in said
    assert caught.value.advice is not None
    assert "ca_bundle" in caught.value.advice.render()
    assert line.heard == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_adds_no_trust(
    serve: Callable[..., Any], client_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Requests' own variables change nothing, even where they would be read for this host."""
    monkeypatch.setenv(variable, CA)
    client = client_of(serve(TOKEN, certificate="server.pem").url)
    client._transport._session.trust_env = True  # as it is for every host but this one
    with pytest.raises(UntrustedCertificate):
        client.meta()


def test_another_hosts_certificate(serve: Callable[..., Any], client_of: Callable[..., Any]) -> None:
    """A trusted certificate of another host is refused, and no bundle is offered as the way out."""
    line = serve(TOKEN, certificate="elsewhere.pem")
    with pytest.raises(UntrustedCertificate, match="not the one of") as caught:
        client_of(line.url, ca_bundle=CA).meta()
    assert caught.value.advice is not None
    assert "ca_bundle" not in caught.value.advice.render()
    assert line.heard == []


def test_an_expired_certificate(serve: Callable[..., Any], client_of: Callable[..., Any]) -> None:
    """A certificate out of date sends people to the clock first."""
    with pytest.raises(UntrustedCertificate, match="clock"):
        client_of(serve(TOKEN, certificate="expired.pem").url, ca_bundle=CA).meta()


def test_no_tls_at_all(serve: Callable[..., Any], client_of: Callable[..., Any]) -> None:
    """Where no TLS is spoken, the handshake fails and we are offline."""
    line = serve(b"")
    with pytest.raises(Offline):
        client_of(line.url.replace("http:", "https:")).meta()


@pytest.mark.parametrize("name", ["missing.pem", "empty.pem"])
def test_an_unusable_bundle(client_of: Callable[..., Any], tmp_path: Path, name: str) -> None:
    """A `ca_bundle` that is missing, or holds no certificate, is a matter of settings, known at once."""
    (tmp_path / "empty.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(SettingsProblem):
        client_of("https://authority.example/v1", ca_bundle=str(tmp_path / name))


def test_a_certificate_that_cannot_be_seen() -> None:
    """Where the certificate is not to be had, the host alone is named."""
    error = tls.untrusted_certificate(ssl.SSLCertVerificationError(1, "unknown"), "localhost", 1)
    assert error.message.render() == "This computer does not trust the certificate of localhost."


def test_an_expired_one_is_known_by_its_fingerprint(serve: Callable[..., Any]) -> None:
    """A certificate whose names cannot be read is known by its fingerprint alone."""
    shown = tls.presented_certificate("localhost", serve(b"", certificate="expired.pem").port)
    assert shown is not None
    assert (shown.subject, shown.issuer, len(shown.sha256)) == ("?", "?", 64)


def test_other_failures_are_not_of_certificates() -> None:
    """Only a certificate's failure is one, however deep it lies; a circle of errors does not trap the search."""
    inner, outer = ssl.SSLCertVerificationError(1, "x"), OSError("x")
    outer.__context__ = ValueError(inner)
    assert tls.verification_failure(outer) is inner
    circle = OSError("a")
    circle.args = (circle,)
    assert tls.verification_failure(circle) is None
