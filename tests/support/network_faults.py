"""Lines that are cut without a sign: a relay that holds back what it should pass on, and a computer that vanishes."""

import ctypes
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Flag, auto

_SO_ATTACH_FILTER = 26
_RETURN = 0x06
"""Linux's code for the end of a socket filter, with the number of bytes that are let through."""


def vanish(connection: int) -> None:
    """Let the socket with this descriptor receive nothing more, so that its computer does not even answer TCP."""
    nothing = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, 0))
    with socket.socket(fileno=socket.dup(connection)) as found:
        found.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(nothing)))


class Cut(Flag):
    """In which direction nothing is passed on."""

    TO_SERVER = auto()
    TO_CLIENT = auto()


class Relay:
    """Passes bytes between clients and a port here. While the line is cut, it keeps them and closes nothing."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._cut = Cut(0)
        self._planned: tuple[Callable[[], object], list[bytes]] | None = None
        self._changed = threading.Condition()
        self._is_over = False
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def waits(self) -> bool:
        """Whether what `call_at` waits for has not come yet."""
        return self._planned is not None

    def call_at(self, action: Callable[[], object], *texts: bytes) -> None:
        """Call this as soon as clients have sent these texts, one after the other: at once without any.

        The last text is not passed on before the call has ended.
        """
        self._planned = (action, [*texts])
        self._watch(b"")

    def cut(self, direction: Cut) -> None:
        """Pass on nothing more in this direction."""
        with self._changed:
            self._cut |= direction

    def reconnect(self) -> None:
        """Pass on what was kept, and everything that follows."""
        with self._changed:
            self._cut = Cut(0)
            self._changed.notify_all()

    def close(self) -> None:
        """End every connection."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _start(self, work: Callable[..., None], *values: object) -> None:
        self._threads.append(threading.Thread(target=work, args=values, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                self._sockets.append(client)
                self._start(self._connect, client)

    def _connect(self, client: socket.socket) -> None:
        self._wait(Cut.TO_SERVER | Cut.TO_CLIENT)
        try:
            server = socket.create_connection(self._server)
        except OSError:  # as the server itself refuses it
            client.close()
            return
        with self._changed:
            self._sockets.append(server)
            if self._is_over:
                return
        self._start(self._pass_on, server, client, Cut.TO_CLIENT)
        self._pass_on(client, server, Cut.TO_SERVER)

    def _pass_on(self, source: socket.socket, target: socket.socket, direction: Cut) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if direction is Cut.TO_SERVER:
                    self._watch(data)
                self._wait(direction)
                target.sendall(data)
        self._wait(direction)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _watch(self, data: bytes) -> None:
        if self._planned is None:
            return
        action, texts = self._planned
        while texts and (found := data.find(texts[0])) >= 0:
            data = data[found + len(texts.pop(0)) :]
        if not texts:
            self._planned = None
            action()

    def _wait(self, direction: Cut) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._cut & direction or self._is_over)


@contextmanager
def relay_to(port: int) -> Iterator[Relay]:
    """A relay, until the context is left."""
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.close()
