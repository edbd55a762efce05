"""The address of a shared outbox: `postgresql://user@host:port/database?options`, as PostgreSQL writes it.

Pure, and loads no driver, so that settings can be checked where the extra is not installed.
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg

SCHEMES = ("postgresql://", "postgres://")
"""How the address of a shared outbox begins."""

_OPTIONS = frozenset({"host", "port", "sslmode", "sslrootcert", "target_session_attrs"})
_ALLOWED = "host, port, sslmode, sslrootcert=/path/ca.crt, target_session_attrs=read-write"
_LOCAL_TLS = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_SECRETS = frozenset({"password", "passfile", "sslpassword", "sslkey"})
_PORT = "5432"
_LARGEST_PORT = 65535
_NAME = "outbox_address"

_ADVICE = msg(
    "Set outbox to the address that your IT admin gave you, like {example}", example="postgresql://user@host/database"
)


class Server(NamedTuple):
    """One server of an address: the name or the address of a host, or the folder of a socket; and the port."""

    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether it is on this computer: nothing that is sent to it goes over a network."""
        if self.host == "localhost" or self.host.startswith("/"):
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def text(self) -> str:
        """How an address names it."""
        host = quote(self.host, safe="") if self.host.startswith("/") else self.host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


class ServerAddress(NamedTuple):
    """The address of a shared outbox, checked. `tls` are the options of the driver for the encryption."""

    servers: tuple[Server, ...]
    user: str
    database: str
    tls: Mapping[str, str]

    @property
    def needs_password(self) -> bool:
        """Whether only the password tells the server from another program: no certificate, nor a socket of its own."""
        return self.tls.get("sslmode") != "verify-full" and not all(each.host.startswith("/") for each in self.servers)

    @property
    def place(self) -> str:
        """The address for messages. It has no secret, because none is allowed in an address."""
        servers = ",".join(server.text for server in self.servers)
        return f"postgresql://{quote(self.user, safe='')}@{servers}/{quote(self.database, safe='')}"


def is_server_address(text: str) -> bool:
    """Return whether this value of the setting is meant for a server, and not for a file."""
    return text.startswith(SCHEMES)


def parse_address(text: str) -> ServerAddress:
    """Return the address of a shared outbox. Raises `SettingsProblem`, whose message never contains the address.

    Over a network the connection must be encrypted, and the server's certificate and name must be checked
    (`sslmode=verify-full`): reports are sealed, but their ids and times are not, and a password is sent.
    """
    if not is_server_address(text) or not text.isascii() or not text.isprintable() or set(text) & set(" \\#"):
        raise _not_an_address()
    user, netloc, database, options = _split(text)
    _check_options(options)
    servers = _servers(options.get("host", netloc), options.get("port", ""))
    if not (user and database and servers) or ("host" in options and netloc):
        raise _not_an_address()
    return ServerAddress(servers, user, database, _tls(options, servers))


def _split(text: str) -> tuple[str, str, str, dict[str, str]]:
    """Return the user, the hosts with ports, the database and the options."""
    try:
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _not_an_address() from None
    account, _, netloc = parts.netloc.rpartition("@")
    user, colon, _password = account.partition(":")
    if colon:
        raise _has_secret()
    if len(dict(pairs)) != len(pairs):
        raise _not_an_address()
    return unquote(user), netloc, unquote(parts.path.removeprefix("/")), dict(pairs)


def _check_options(options: Mapping[str, str]) -> None:
    if options.keys() & _SECRETS:
        raise _has_secret()
    # Every report is written, so that a server that only reads is never the right one.
    # libpq's "system" is OpenSSL's defaults, and those are replaced by variables of the environment.
    is_system = options.get("sslrootcert") == "system"
    if is_system or options.keys() - _OPTIONS or options.get("target_session_attrs", "read-write") != "read-write":
        raise SettingsProblem(
            msg("The address of the shared outbox has an option that is not allowed."),
            msg("Allowed are: {options}", options=_ALLOWED),
            name=_NAME,
        )


def _servers(hosts: str, ports: str) -> tuple[Server, ...]:
    """Return the servers of `host1:port1,host2:port2`, or of hosts and ports that are given apart."""
    apart = ports.split(",") if ports else []
    found = []
    for number, each in enumerate(hosts.split(",")):
        host, port = _host_and_port(unquote(each))
        if apart:
            port = apart[number] if len(apart) > number and len(apart) > 1 else apart[0]
        if not host or not port.isdecimal() or not 0 < int(port) <= _LARGEST_PORT:
            raise _not_an_address()
        found.append(Server(host, int(port)))
    return tuple(found)


def _host_and_port(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":") or _PORT
    if text.startswith("/"):
        folder, colon, port = text.rpartition(":")
        return (folder, port) if colon and port.isdecimal() else (text, _PORT)
    host, _, port = text.partition(":")
    return host, port or _PORT


def _tls(options: Mapping[str, str], servers: tuple[Server, ...]) -> Mapping[str, str]:
    # Encryption by Kerberos would take the place of TLS, and would check no certificate.
    chosen = {"gssencmode": "disable"}
    if "sslrootcert" in options:
        chosen["sslrootcert"] = options["sslrootcert"]
    if all(server.is_local for server in servers):
        mode = options.get("sslmode", "prefer")
        if mode not in _LOCAL_TLS:
            raise _not_an_address()
        return {**chosen, "sslmode": mode}
    if options.get("sslmode", "verify-full") != "verify-full":
        raise SettingsProblem(
            msg("The connection to the shared outbox must be encrypted, and its server checked: sslmode=verify-full."),
            msg(
                "Remove sslmode from the address. If the server's certificate is from an issuer of your own, name the "
                "issuer's file: sslrootcert=/path/ca.crt"
            ),
            name=_NAME,
        )
    return {**chosen, "sslmode": "verify-full"}


def _not_an_address() -> SettingsProblem:
    return SettingsProblem(
        msg("The address of the shared outbox is not an address of PostgreSQL."), _ADVICE, name=_NAME
    )


def _has_secret() -> SettingsProblem:
    return SettingsProblem(
        msg("The address of the shared outbox must not contain a password: it is stored in the settings."),
        msg(
            "Remove it from the address. The password belongs in the keyring, or in the file that {name} names.",
            name="APOA_OUTBOX_PASSWORD_FILE",
        ),
        name=_NAME,
    )
