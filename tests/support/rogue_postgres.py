"""A program that listens where a server of PostgreSQL is expected, and does not know the password of any login."""

import base64
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

_SSL_REQUEST = 80877103
_NONCE_LENGTH = 24


class Rogue:
    """What it was sent after the first message, which names the login, and the connections that were made to it."""

    def __init__(self, answer: str) -> None:
        self._answer = _ANSWERS[answer]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.received = b""
        self.connections = 0
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:  # closed
                return
            with client, suppress(OSError, struct.error):
                self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        self._client = client
        while struct.unpack("!i", _message(client)[:4])[0] == _SSL_REQUEST:
            client.sendall(b"N")
        self.connections += 1
        self._answer(client)
        while piece := client.recv(65536):
            self.received += piece

    def close(self) -> None:
        """Listen no longer, and end a connection that was believed."""
        for each in filter(None, (self._listener, self._client)):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@contextmanager
def rogue(answer: str) -> Iterator[Rogue]:
    """Listen, and answer a login with one of `ANSWERS`."""
    server = Rogue(answer)
    try:
        yield server
    finally:
        server.close()


def _message(client: socket.socket) -> bytes:
    """Read a message that is a length and its content."""
    (length,) = struct.unpack("!i", _exactly(client, 4))
    return _exactly(client, length - 4)


def _exactly(client: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = client.recv(count - len(found))
        if not piece:
            raise OSError
        found += piece
    return found


def _sent(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


def _asked(method: int, content: bytes = b"") -> bytes:
    return _sent(b"R", struct.pack("!i", method) + content)


def _no_password(client: socket.socket) -> None:
    """Accept the login, as a server that accepts changes."""
    values = {"server_version": "15.0", "in_hot_standby": "off", "default_transaction_read_only": "off"}
    status = b"".join(_sent(b"S", f"{name}\0{value}\0".encode()) for name, value in values.items())
    client.sendall(_asked(0) + status + _sent(b"K", bytes(8)) + _sent(b"Z", b"I"))


def _cleartext(client: socket.socket) -> None:
    client.sendall(_asked(3))


def _md5(client: socket.socket) -> None:
    client.sendall(_asked(5, b"salt"))


def _begin_scram(client: socket.socket) -> None:
    """Ask for a proof by SCRAM, and read it, which does not tell the password."""
    client.sendall(_asked(10, b"SCRAM-SHA-256\0\0"))
    _exactly(client, 1)
    nonce = _message(client)[-_NONCE_LENGTH:]
    salt = base64.b64encode(b"salt of a rogue!").decode()
    client.sendall(_asked(11, b"r=" + nonce + f"x,s={salt},i=4096".encode()))
    _exactly(client, 1)
    _message(client)


def _scram_without_end(client: socket.socket) -> None:
    _begin_scram(client)
    _no_password(client)


def _scram_with_false_proof(client: socket.socket) -> None:
    _begin_scram(client)
    client.sendall(_asked(12, b"v=" + base64.b64encode(bytes(32))))
    _no_password(client)


_ANSWERS: Mapping[str, Callable[[socket.socket], None]] = {
    "no password": _no_password,
    "cleartext": _cleartext,
    "md5": _md5,
    "scram without end": _scram_without_end,
    "scram with a false proof": _scram_with_false_proof,
}
ANSWERS = tuple(_ANSWERS)
