"""The route to an authority, part by part: the proxy, the name, the connection, the certificate.

Each part fails with an error of its own, where a whole call says only that the authority cannot be reached. Calls may
hang and need a time limit. Nothing about guests and no password is sent.
"""

import socket
import ssl
from base64 import b64encode
from contextlib import closing
from http.client import HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment

from requests.utils import get_environ_proxies, select_proxy

from apoa_client.authority.address import check_base_url, is_loopback
from apoa_client.authority.tls import (
    Certificate,
    decoded,
    presented_certificate,
    tls_context,
    untrusted_certificate,
    verification_failure,
)
from apoa_client.errors import ApoaError, Offline, SettingsProblem
from apoa_client.messages import msg
from apoa_client.texts import repr_with

_HTTPS_PORT, _HTTP_PORT = 443, 80
_CONNECT_S = 3.0


@repr_with("host", "port", "from_environment", "is_plain")
class Proxy(NamedTuple):
    """A proxy. Its address never contains the username and password."""

    host: str
    port: int
    from_environment: bool
    """Whether a variable of the environment names it; otherwise it is the operating system's setting."""
    is_plain: bool = True
    """Whether the proxy itself is reached over HTTP, without TLS."""
    credentials: str = ""

    @property
    def address(self) -> str:
        """The host and port."""
        return f"{self.host}:{self.port}"


class Route(NamedTuple):
    """How an authority is reached."""

    host: str
    port: int
    uses_tls: bool
    proxy: Proxy | None

    @property
    def first_host(self) -> str:
        """The host that this computer connects to: the proxy's, if there is one."""
        return self.host if self.proxy is None else self.proxy.host

    @property
    def first_port(self) -> int:
        """The port that this computer connects to."""
        return self.port if self.proxy is None else self.proxy.port


def find_route(base_url: str) -> Route:
    """Return how the authority at `base_url` is reached, by the same rules as a call. Raises `SettingsProblem`."""
    url = check_base_url(base_url)
    parts = urlsplit(url)
    host = parts.hostname or ""
    uses_tls = parts.scheme == "https"
    port = parts.port or (_HTTPS_PORT if uses_tls else _HTTP_PORT)
    return Route(host, port, uses_tls, None if is_loopback(host) else _find_proxy(url))


def _find_proxy(url: str) -> Proxy | None:
    named = select_proxy(url, get_environ_proxies(url))
    if not named:
        return None
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if not parts.hostname:
        raise SettingsProblem(
            msg("The address of the proxy cannot be used."),
            msg("Correct HTTPS_PROXY in the environment, or the proxy in this computer's network settings."),
            name="proxy_unusable",
        )
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    from_environment = named in getproxies_environment().values()
    is_plain = parts.scheme == "http"
    return Proxy(parts.hostname, port or (_HTTP_PORT if is_plain else _HTTPS_PORT), from_environment, is_plain, user)


def count_addresses(host: str) -> int:
    """Return how many addresses a name has. Raises `Offline` if it is not found."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Offline(
            msg("The name {host} was not found.", host=host),
            msg("Is the internet down? Open any web page. If web pages open, ask your IT admin about the DNS server."),
            name="name_not_found",
        ) from None
    return len({each[4][0] for each in found})


def connect(route: Route) -> None:
    """Connect to the authority, or to the proxy, and close the connection again. Raises `Offline`."""
    try:
        socket.create_connection((route.first_host, route.first_port), timeout=_CONNECT_S).close()
    except OSError:
        host = f"{route.first_host}:{route.first_port}"
        raise Offline(
            msg("There is no connection to {host}.", host=host),
            msg("Is the internet down? If web pages open, ask your IT admin whether a firewall or the proxy refuses."),
            name="no_connection",
        ) from None


def read_certificate(route: Route, ca_bundle: str | None) -> Certificate:
    """Return the authority's certificate, after a handshake with the same trust as a call has.

    Raises `UntrustedCertificate`, `Offline`, or `SettingsProblem` for a `ca_bundle` that cannot be used.
    """
    context = tls_context(ca_bundle)
    try:
        with closing(_open(route, context)) as connection:
            connection.connect()
            line = connection.sock
            names = (line.getpeercert() or {}) if isinstance(line, ssl.SSLSocket) else {}
    except (OSError, HTTPException) as exc:
        raise _handshake_error(exc, route) from None
    if not names and route.proxy is None:  # Windows and macOS judge it themselves, and Python decodes nothing
        return presented_certificate(route.host, route.port) or Certificate()
    return decoded(names)


def _open(route: Route, context: ssl.SSLContext) -> HTTPSConnection:
    connection = HTTPSConnection(route.first_host, route.first_port, timeout=_CONNECT_S, context=context)
    if route.proxy is not None:
        credentials = route.proxy.credentials
        basic = b64encode(credentials.encode()).decode("ascii")
        headers = {"Proxy-Authorization": f"Basic {basic}"} if credentials else {}
        connection.set_tunnel(route.host, route.port, headers)
    return connection


def _handshake_error(exc: Exception, route: Route) -> ApoaError:
    failure = verification_failure(exc)
    if failure is not None:
        return untrusted_certificate(failure, route.host, route.port)
    if route.proxy is not None:
        return Offline(
            msg("The proxy {proxy} does not connect to {host}.", proxy=route.proxy.address, host=route.host),
            msg("Ask your IT admin to allow the connection in the proxy, and whether the proxy needs a password."),
            name="proxy_refuses",
        )
    return Offline(
        msg("The connection to {host} broke during the TLS handshake.", host=route.host),
        msg("Is the internet down? If web pages open, ask your IT admin whether a firewall or the proxy refuses."),
        name="handshake_broken",
    )
