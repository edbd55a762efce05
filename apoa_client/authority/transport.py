"""One HTTP exchange, limited in time and size. Every failure is raised as an error of `apoa_client.errors`.

The only module that uses requests. A failed request that may have reached the authority is `UnknownOutcome` and not
`Offline`, so the request body records whether any of it was read for sending.
"""

import io
import ssl
import warnings
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, ReadTimeoutError, SystemTimeWarning

from apoa_client.authority.address import MAX_ANSWER_BYTES, Timeouts, is_loopback
from apoa_client.authority.http_errors import HttpResponse
from apoa_client.authority.tls import tls_context, untrusted_certificate, verification_failure
from apoa_client.errors import ApoaError, NotTheAuthority, Offline, SettingsProblem, TimedOut, UnknownOutcome
from apoa_client.messages import msg
from apoa_client.processes import call_with_timeout
from apoa_client.texts import repr_with

_HTTPS_PORT = 443
_ACCEPT = "application/json, application/problem+json"
_GZIP = "gzip"
_CHUNK_BYTES = 16 * 1024
_SHORTEST_S = 0.1
"""A call may take so long even if no time is left, so that it fails with a time-out and not in an undefined state."""
_MISCONFIGURED = (
    requests.exceptions.InvalidURL,  # the address of the authority or of a proxy
    requests.exceptions.InvalidSchema,  # a SOCKS proxy, which needs a library that is not installed
    requests.exceptions.MissingSchema,
)
_NEVER_SENT = (requests.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.SSLError)


class Authorization(AuthBase):
    """Sets the header ``Authorization``; none if `value` is None.

    Used because requests' own reads ``.netrc`` and encodes as Latin-1.
    """

    def __init__(self, value: str | None) -> None:
        self._value = value

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header to a request."""
        if self._value is not None:
            r.headers["Authorization"] = self._value
        return r


@repr_with("method", "path", "extra_s")
class Call(NamedTuple):
    """One request. With a `body` of None it has no body. It may take `extra_s` longer than the time-outs say."""

    method: str
    path: str
    auth: AuthBase
    headers: dict[str, str]
    body: bytes | None = None
    extra_s: float = 0.0


class Transport:
    """The connection to one authority.

    `base_url` is one that `check_base_url` returned. Proxies come from the environment, except for a loopback address.
    """

    def __init__(
        self,
        base_url: str,
        *,
        user_agent: str,
        timeouts: Timeouts,
        time_left: Callable[[], float] | None,
        ca_bundle: str | None,
        monotonic: Callable[[], float],
    ) -> None:
        parts = urlsplit(base_url)
        self._base_url = base_url
        self._host = parts.hostname or ""
        self._port = parts.port or _HTTPS_PORT
        self._is_encrypted = parts.scheme == "https"
        self._user_agent = user_agent
        self._timeouts = timeouts
        self._time_left = time_left
        self._monotonic = monotonic
        self._ca_bundle = ca_bundle
        # A wrong clock is said in our own words: by `untrusted_certificate`, or when the authority's time is known.
        warnings.simplefilter("ignore", SystemTimeWarning)
        self._session = self._new_session()

    def exchange(self, call: Call) -> HttpResponse:
        """Send `call` and return the response, whatever its status. Raises only errors of `apoa_client.errors`."""
        body = _Body(call.body) if call.body is not None else None
        total_s = self._timeouts.total_s + call.extra_s
        if self._time_left is not None:
            total_s = min(total_s, max(self._time_left(), _SHORTEST_S))
        session, deadline = self._session, self._monotonic() + total_s
        try:
            return call_with_timeout(total_s, lambda: self._roundtrip(session, call, body, deadline))
        except TimeoutError:
            # The old session may still be in use by the thread that hangs.
            self._session = self._new_session()
            raise self._timeout_error(body) from None
        except (requests.RequestException, OSError) as exc:
            raise self._error(exc, body) from None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = not is_loopback(self._host)
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers = requests.structures.CaseInsensitiveDict(
            {"User-Agent": self._user_agent, "Accept": _ACCEPT, "Accept-Encoding": _GZIP}
        )
        del session.adapters["https://"]  # requests' own, which trusts what the environment names
        if self._is_encrypted:  # a training authority on this computer is not, and a context takes 20 ms
            # A new context for each session: a handshake that hangs keeps the lock of truststore's context.
            session.mount("https://", _Adapter(tls_context(self._ca_bundle)))
        return session

    def _roundtrip(self, session: requests.Session, call: Call, body: "_Body | None", deadline: float) -> HttpResponse:
        with session.request(
            call.method,
            self._base_url + call.path,
            headers=call.headers,
            data=body,
            auth=call.auth,
            timeout=(self._timeouts.connect_s, self._timeouts.read_s + call.extra_s),
            allow_redirects=False,
            stream=True,
            verify=True,
        ) as response:
            # Each further encoding multiplies what a small answer inflates to. A chunk is inflated only as it is read.
            if response.headers.get("Content-Encoding", _GZIP).lower() != _GZIP:
                raise NotTheAuthority(msg("The answer is encoded in a way that we did not ask for."))
            content = bytearray()
            for chunk in response.iter_content(_CHUNK_BYTES):
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    raise NotTheAuthority(msg("The answer was larger than the reporting contract allows."))
                if self._monotonic() > deadline:
                    raise TimeoutError
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(response.status_code, headers, bytes(content))

    def _error(self, exc: Exception, body: "_Body | None") -> ApoaError:
        certificate = verification_failure(exc)
        if certificate is not None:
            return untrusted_certificate(certificate, self._host, self._port)
        if isinstance(exc, _MISCONFIGURED):
            return SettingsProblem(
                msg("The address of the authority or of the proxy cannot be used."),
                msg("Check the setting api_url, and HTTPS_PROXY in the environment."),
            )
        if isinstance(exc, requests.exceptions.ContentDecodingError):
            return NotTheAuthority(msg("The answer could not be decompressed."))
        wrapped = exc.args[0] if exc.args else None
        never_sent = isinstance(exc, _NEVER_SENT) or isinstance(wrapped, MaxRetryError)
        if not body.begun if body is not None else never_sent:
            return Offline(msg("The authority cannot be reached now ({host}). Is the internet down?", host=self._host))
        # While an answer is read, requests wraps the timeout in a ConnectionError.
        if isinstance(exc, requests.Timeout) or isinstance(wrapped, ReadTimeoutError):
            return self._timeout_error(body)
        return UnknownOutcome(
            msg("The connection broke before the answer came, so we do not know what the authority received.")
        )

    def _timeout_error(self, body: "_Body | None") -> ApoaError:
        if body is not None and not body.begun:
            return Offline(
                msg("The authority could not be reached in time ({host}). Is the internet down?", host=self._host)
            )
        return TimedOut(msg("The authority did not answer in time, so we do not know what it received."))


class _Body(io.BytesIO):
    """A request body that records whether any of it was read: from then on the authority may have received it."""

    begun = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.begun = True
        return super().read(size)


class _Adapter(HTTPAdapter):
    """Connections that always verify with our own context, whatever the environment or the caller says."""

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
