"""Whose certificates are trusted, and what to say of one that is not.

Trust is the operating system's own, because that is where an IT admin puts the certificate of an inspecting proxy; a
`ca_bundle` of the settings is added to it. Nothing here, and no setting, switches verification off.
"""

import hashlib
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from socket import create_connection
from typing import Any

import truststore

from apoa_client.errors import SettingsProblem, UntrustedCertificate
from apoa_client.messages import msg
from apoa_client.timeouts import call_with_timeout

# OpenSSL's X509_V_ERR_…, Windows' CERT_E_EXPIRED and CERT_E_CN_NO_MATCH, and macOS' errSecCertificateExpired and
# errSecHostNameMismatch: what `SSLCertVerificationError.verify_code` holds, by platform.
_OUT_OF_DATE = frozenset({9, 10, 0x800B0101, -67818})
_OTHER_NAME = frozenset({62, 64, 0x800B010F, -67602})
_LOOK_S = 5.0
_MAX_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself. `subject` and `issuer` are "?" where that could not be read."""

    sha256: str
    subject: str = "?"
    issuer: str = "?"


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """The system's trust, and that of the PEM file `ca_bundle`: `SettingsProblem` if it cannot be read."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_bundle is not None:
        try:
            context.load_verify_locations(cafile=ca_bundle)
        except OSError:  # ssl.SSLError is one too
            raise SettingsProblem(
                msg("The file of trusted certificates cannot be read: {path}", path=ca_bundle),
                msg("The setting ca_bundle must name a file with certificates in PEM form."),
            ) from None
    return context


def verification_failure(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The certificate failure inside of a library's error, if that is what it is."""
    return next((each for each in _inside(error) if isinstance(each, ssl.SSLCertVerificationError)), None)


def untrusted_certificate(failure: ssl.SSLCertVerificationError, host: str, port: int) -> UntrustedCertificate:
    """The error that names the certificate which `host` showed, as far as it can be had in a few seconds."""
    code = getattr(failure, "verify_code", None)
    if code in _OUT_OF_DATE:
        return UntrustedCertificate(
            msg("The certificate of {host} is out of date, or this computer's clock is wrong.", host=host),
            msg("Nothing was sent. Check this computer's date and time first; then tell the authority."),
        )
    if code in _OTHER_NAME:
        return UntrustedCertificate(
            msg("The certificate that was shown to us is not the one of {host}.", host=host),
            msg("Nothing was sent. Check the authority's address (api_url), and whether this network can be trusted."),
        )
    return _unknown_issuer(presented_certificate(host, port), host)


def presented_certificate(host: str, port: int) -> Certificate | None:
    """The certificate that `host` shows to whoever asks, or None. It is looked at, never trusted; nothing is sent."""
    try:
        return call_with_timeout(_LOOK_S, lambda: _look(host, port))
    except (OSError, ValueError):  # TimeoutError and ssl.SSLError are OSErrors
        return None


def _unknown_issuer(shown: Certificate | None, host: str) -> UntrustedCertificate:
    advice = msg(
        "Nothing was sent. Ask your IT admin. If the certificate is rightly there, put its issuer's certificate into a "
        "PEM file and name that file in the setting ca_bundle."
    )
    if shown is None:
        return UntrustedCertificate(msg("This computer does not trust the certificate of {host}.", host=host), advice)
    return UntrustedCertificate(
        msg(
            "This computer does not trust the certificate of {host}. It is for {subject}, issued by {issuer} "
            "(SHA-256 {fingerprint}).",
            host=host,
            subject=shown.subject,
            issuer=shown.issuer,
            fingerprint=shown.sha256,
        ),
        advice,
    )


def _look(host: str, port: int) -> Certificate:
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    with create_connection((host, port), timeout=_LOOK_S) as line, blind.wrap_socket(line, server_hostname=host) as tls:
        der = tls.getpeercert(binary_form=True) or b""
    fingerprint = hashlib.sha256(der).hexdigest()
    try:
        names = _names(host, port, der)
    except OSError:
        return Certificate(fingerprint)
    return Certificate(fingerprint, _common_name(names.get("subject", ())), _common_name(names.get("issuer", ())))


def _names(host: str, port: int, der: bytes) -> Mapping[str, Any]:
    # `ssl` decodes only a certificate that it verified, so we let it verify this one against itself.
    itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    itself.check_hostname = False
    itself.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    itself.load_verify_locations(cadata=der)
    with (
        create_connection((host, port), timeout=_LOOK_S) as line,
        itself.wrap_socket(line, server_hostname=host) as tls,
    ):
        return tls.getpeercert() or {}


def _common_name(name: Iterable[Iterable[tuple[str, str]]]) -> str:
    """The most telling part of a name as `ssl` decodes it: groups of pairs."""
    parts = {key: value for group in name for key, value in group}
    return str(parts.get("commonName") or parts.get("organizationName") or "?")


def _inside(error: BaseException) -> Iterator[BaseException]:
    """The error and those it wraps, in whichever of the usual ways."""
    waiting, seen = [error], 0
    while waiting and seen < _MAX_CHAIN:
        each, seen = waiting.pop(), seen + 1
        yield each
        wrapped = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        waiting.extend(inner for inner in wrapped if isinstance(inner, BaseException))
