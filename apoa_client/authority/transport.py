"""One HTTP exchange, bounded in time and size, whose every failure is one of ours.

The one place that knows requests. Whether a failed request may have reached the authority decides between "offline" and
"outcome unknown", so the body itself tells when it began to leave.
"""

import io
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from apoa_client.authority.address import is_loopback
from apoa_client.authority.http_errors import HttpResponse
from apoa_client.authority.limits import MAX_ANSWER_BYTES, Timeouts
from apoa_client.authority.tls import tls_context, untrusted_certificate, verification_failure
from apoa_client.errors import ApoaError, NotTheAuthority, Offline, SettingsProblem, TimedOut, UnknownOutcome
from apoa_client.messages import msg
from apoa_client.timeouts import call_with_timeout

_HTTPS_PORT = 443
_ACCEPT = "application/json, application/problem+json"
_PIECE = 16 * 1024
_MISCONFIGURED = (
    requests.exceptions.InvalidURL,  # of the authority, or of a proxy
    requests.exceptions.InvalidSchema,  # a SOCKS proxy, for which no library is installed
    requests.exceptions.MissingSchema,
)
_NEVER_SENT = (requests.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.SSLError)


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `body` of None sends none."""

    method: str
    path: str
    auth: AuthBase = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


class Transport:
    """The line to one authority.

    `base_url` has been through `check_base_url`. Proxies come from the environment, save on the way to this very
    computer.
    """

    def __init__(
        self,
        base_url: str,
        *,
        user_agent: str,
        timeouts: Timeouts,
        ca_bundle: str | None,
        monotonic: Callable[[], float],
    ) -> None:
        parts = urlsplit(base_url)
        self._base_url = base_url
        self._host = parts.hostname or ""
        self._port = parts.port or _HTTPS_PORT
        self._user_agent = user_agent
        self._patience = timeouts
        self._monotonic = monotonic
        self._ca_bundle = ca_bundle
        self._session = self._new_session()

    def exchange(self, call: Call) -> HttpResponse:
        """Send `call` and return whatever answers. Raises only errors of `apoa_client.errors`."""
        body = _Body(call.body) if call.body is not None else None
        session, deadline = self._session, self._monotonic() + self._patience.total_s
        try:
            return call_with_timeout(self._patience.total_s, lambda: self._roundtrip(session, call, body, deadline))
        except TimeoutError:
            # The old session is left to whoever may still hang on it.
            self._session = self._new_session()
            raise self._late(body) from None
        except (requests.RequestException, OSError) as exc:
            raise self._failure(exc, body) from None

    def close(self) -> None:
        """Close what is open."""
        self._session.close()

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = not is_loopback(self._host)
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers = requests.structures.CaseInsensitiveDict(
            {"User-Agent": self._user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"}
        )
        # Its own context, too: one that hangs in a handshake holds the lock of truststore's.
        session.mount("https://", _Adapter(tls_context(self._ca_bundle)))
        return session

    def _roundtrip(self, session: requests.Session, call: Call, body: "_Body | None", deadline: float) -> HttpResponse:
        with session.request(
            call.method,
            self._base_url + call.path,
            headers=call.headers,
            data=body,
            auth=call.auth,
            timeout=(self._patience.connect_s, self._patience.read_s),
            allow_redirects=False,
            stream=True,
            verify=True,
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(response.status_code, headers, self._read(response, deadline))

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        pieces = bytearray()
        for piece in response.iter_content(_PIECE):
            pieces += piece
            if len(pieces) > MAX_ANSWER_BYTES:
                raise NotTheAuthority(msg("The answer was larger than any of the reporting contract."))
            if self._monotonic() > deadline:
                raise TimeoutError
        return bytes(pieces)

    def _failure(self, exc: Exception, body: "_Body | None") -> ApoaError:
        certificate = verification_failure(exc)
        if certificate is not None:
            return untrusted_certificate(certificate, self._host, self._port)
        if isinstance(exc, _MISCONFIGURED):
            return SettingsProblem(
                msg("The authority's address, or that of the proxy in between, cannot be used."),
                msg("Check the setting api_url, and HTTPS_PROXY in the environment."),
            )
        if isinstance(exc, requests.exceptions.ContentDecodingError):
            return NotTheAuthority(msg("The answer could not be unpacked."))
        if _never_sent(exc, body):
            return Offline(msg("The authority cannot be reached now ({host}). Is the internet down?", host=self._host))
        return self._late(body) if _is_timeout(exc) else _cut_off()

    def _late(self, body: "_Body | None") -> ApoaError:
        if body is not None and not body.begun:
            return Offline(
                msg("The authority could not be reached in time ({host}). Is the internet down?", host=self._host)
            )
        return TimedOut(msg("The authority did not answer in time, so we do not know what it received."))


class _Body(io.BytesIO):
    """A request's body that knows whether it began to leave: from then on the authority may have received it."""

    begun = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.begun = True
        return super().read(size)


class _Adapter(HTTPAdapter):
    """Connections that trust what `tls_context` trusts, and nothing that the environment or a caller says."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  requests' own signature
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401  requests' own signature
        return super().proxy_manager_for(proxy, ssl_context=self._context, proxy_ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, *_: object, **__: object) -> None:  # noqa: ANN401  requests' own signature
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = None


def _never_sent(exc: Exception, body: _Body | None) -> bool:
    """Whether the request cannot have reached the authority."""
    if body is not None:
        return not body.begun
    return isinstance(exc, _NEVER_SENT) or (bool(exc.args) and isinstance(exc.args[0], MaxRetryError))


def _is_timeout(exc: Exception) -> bool:
    # While an answer is read, requests hides the timeout inside of a ConnectionError.
    return isinstance(exc, requests.Timeout) or (bool(exc.args) and isinstance(exc.args[0], ReadTimeoutError))


def _cut_off() -> ApoaError:
    return UnknownOutcome(msg("The line broke before the answer came, so we do not know what the authority received."))
