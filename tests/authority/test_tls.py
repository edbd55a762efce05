"""Certificates: trusted by the system or by `ca_bundle`, or nothing is sent."""

import os
import ssl
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from authority_helpers import CA, CA_HASH, NO_SUCH, TOKEN, MakeClient, Serve, proxy
from basics import WINE, raises_error, real_system

from apoa_client.authority import tls
from apoa_client.errors import SettingsProblem, UntrustedCertificate

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
    http_response = caught.value.message.render()
    assert "localhost" in http_response
    assert "Test CA of apoa-client" in http_response
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
    assert read.valid_until == datetime(2126, 11, 1, 0, 34, 33, tzinfo=UTC)


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
