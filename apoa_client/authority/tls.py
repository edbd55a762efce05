"""Which TLS certificates are trusted, and the error for one that is not.

Trust is the operating system's own, because that is where an IT admin installs the certificate of an inspecting proxy;
the setting `ca_bundle` adds to it. Nothing here, and no setting, turns verification off, and no variable of the
environment adds trust: with a proxy of the environment, it would let another server receive the password.
"""

import hashlib
import ssl
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from socket import create_connection
from typing import Any, NamedTuple

import truststore

from apoa_client.errors import SettingsProblem, UntrustedCertificate
from apoa_client.messages import msg
from apoa_client.permissions import UNSAFE, find_fault
from apoa_client.processes import call_with_timeout

# OpenSSL's X509_V_ERR_…, Windows' CERT_E_EXPIRED and CERT_E_CN_NO_MATCH, and macOS' errSecCertificateExpired and
# errSecHostNameMismatch: the values of `SSLCertVerificationError.verify_code`, by platform.
_EXPIRED = frozenset({9, 10, 0x800B0101, -67818})
_OTHER_NAME = frozenset({62, 64, 0x800B010F, -67602})
_SYSTEM_FILES = (
    *("/etc/ssl/cert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/cert.pem"),
    *("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/ca-bundle.pem"),
)
"""Where Unix systems keep their trusted certificates, for a Python whose OpenSSL is not the system's."""
_FETCH_TIMEOUT_S = 5.0
_MAX_CHAIN = 20


class Certificate(NamedTuple):
    """What a certificate says. `subject` and `issuer` are "?", and `valid_until` is None, where they cannot be read."""

    sha256: str = ""
    subject: str = "?"
    issuer: str = "?"
    valid_until: datetime | None = None


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """A context with the system's trust and the PEM file `ca_bundle`.

    Raises `SettingsProblem` if the file cannot be read, has no full path, or another user can change it.
    """
    context = _system_context()
    if ca_bundle is not None:
        _check_bundle(Path(ca_bundle))
        try:
            context.load_verify_locations(cafile=ca_bundle)
        except OSError:  # ssl.SSLError is one too
            raise unreadable_certificates(ca_bundle) from None
    return context


def _system_context() -> ssl.SSLContext:
    if sys.platform in {"win32", "darwin"}:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # OpenSSL's own defaults, which truststore uses elsewhere, are replaced by SSL_CERT_FILE and SSL_CERT_DIR.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()
    context.load_verify_locations(capath=paths.openssl_capath)  # read when a certificate is looked up
    in_folder = any(Path(paths.openssl_capath).glob("????????.0"))
    for file in (paths.openssl_cafile, *(() if in_folder else _SYSTEM_FILES)):
        with suppress(OSError):  # it is not there, or has no certificate
            context.load_verify_locations(cafile=file)
            break
    return context


def unreadable_certificates(ca_bundle: str) -> SettingsProblem:
    """The error for a file of trusted certificates that cannot be read."""
    return SettingsProblem(
        msg("The file of trusted certificates cannot be read: {path}", path=ca_bundle),
        msg("The setting ca_bundle must name a file with certificates in PEM form, by its full path."),
    )


def _check_bundle(path: Path) -> None:
    if not path.is_absolute():  # it would be another file in another working directory, as under cron
        raise SettingsProblem(
            msg("The setting ca_bundle is not a full path: {path}", path=str(path)),
            msg("In the folder of that file, run: apoa login"),
        )
    if not path.is_file():  # reading a pipe or a device might never end
        raise unreadable_certificates(str(path))
    fault = find_fault(path)
    if fault is not None:  # who can write to it decides which servers are trusted
        raise SettingsProblem(*fault, name=UNSAFE)


def verification_failure(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The certificate error that a library's error wraps, however deep; None if there is no such error."""
    queue, seen = [error], 0
    while queue and seen < _MAX_CHAIN:
        each, seen = queue.pop(), seen + 1
        if isinstance(each, ssl.SSLCertVerificationError):
            return each
        wrapped = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        queue.extend(inner for inner in wrapped if isinstance(inner, BaseException))
    return None


def untrusted_certificate(failure: ssl.SSLCertVerificationError, host: str, port: int) -> UntrustedCertificate:
    """The error for a certificate that failed verification.

    Where the issuer is unknown, the certificate is fetched again, for at most a few seconds, to name it in the error.
    """
    code = getattr(failure, "verify_code", None)
    if code in _EXPIRED:
        return UntrustedCertificate(
            msg("The certificate of {host} is out of date, or this computer's clock is wrong.", host=host),
            msg("Nothing was sent. Check this computer's date and time first; then tell the authority."),
        )
    if code in _OTHER_NAME:
        return UntrustedCertificate(
            msg("The server's certificate is not for {host}.", host=host),
            msg("Nothing was sent. Check the authority's address (api_url), and whether this network can be trusted."),
        )
    message = msg("This computer does not trust the certificate of {host}.", host=host)
    presented = presented_certificate(host, port)
    if presented is not None:
        message = msg(
            "This computer does not trust the certificate of {host}. It is for {subject}, issued by {issuer} "
            "(SHA-256 {fingerprint}).",
            host=host,
            subject=presented.subject,
            issuer=presented.issuer,
            fingerprint=presented.sha256,
        )
    return UntrustedCertificate(
        message,
        msg(
            "Nothing was sent. Ask your IT admin. If the certificate is correct, put its issuer's certificate "
            "into a PEM file and name that file in the setting ca_bundle."
        ),
    )


def presented_certificate(host: str, port: int) -> Certificate | None:
    """The certificate that `host` presents, or None. It is only read, not trusted; no data is sent."""
    try:
        return call_with_timeout(_FETCH_TIMEOUT_S, lambda: _fetch_certificate(host, port))
    except (OSError, ValueError):  # TimeoutError and ssl.SSLError are OSErrors
        return None


def _fetch_certificate(host: str, port: int) -> Certificate:
    der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, port), timeout=_FETCH_TIMEOUT_S))
    fingerprint = hashlib.sha256(der).hexdigest()
    # `ssl` decodes only a certificate that it has verified, so let it verify this one against itself.
    itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    itself.check_hostname = False
    itself.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        itself.load_verify_locations(cadata=der)
        with (
            create_connection((host, port), timeout=_FETCH_TIMEOUT_S) as line,
            itself.wrap_socket(line, server_hostname=host) as tls,
        ):
            names: Mapping[str, Any] = tls.getpeercert() or {}
    except OSError:
        return Certificate(fingerprint)
    return decoded(names, fingerprint)


def decoded(names: Mapping[str, Any], sha256: str = "") -> Certificate:
    """Return what `getpeercert` says of a certificate."""
    subject, issuer = (_common_name(names.get(key, ())) for key in ("subject", "issuer"))
    valid_until = None
    with suppress(ValueError, OSError, OverflowError):  # Windows knows no time after the year 3000
        valid_until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(names.get("notAfter", ""))), UTC)
    return Certificate(sha256, subject, issuer, valid_until)


def _common_name(name: Iterable[Iterable[tuple[str, str]]]) -> str:
    """The common name, else the organization, of a name as `ssl` decodes it: groups of pairs."""
    parts = {key: value for group in name for key, value in group}
    return str(parts.get("commonName") or parts.get("organizationName") or "?")
