"""The training authority as a server on the loopback interface, which can be stopped and started again."""

import errno
import socket
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from apoa_client.errors import SettingsProblem
from apoa_client.loopback import HOST, LoopbackServer
from apoa_client.messages import msg
from apoa_client.sandbox.decisions import Decisions, Storage
from apoa_client.sandbox.faults import Faults
from apoa_client.sandbox.page import Page
from apoa_client.sandbox.service import Credentials, Service
from apoa_client.sandbox.validation import Limits
from apoa_client.settings.zones import ZONES


@dataclass
class SandboxServer:
    """A training authority for one property. `storage` is its file; None keeps what it received until it stops.

    Port 0 means any free port, which is then kept.

    `now` is timezone-aware; `timezone` is the property's, one of `ZONES`; `token_lifetime_s` is seconds; `faults` is a
    fault script. Raises `UsageProblem` for an invalid script; `start` raises `SettingsProblem` for a port that cannot
    be used, and `StorageProblem`.
    """

    storage: Path | None
    _: KW_ONLY
    port: int = 0
    username: str
    password: str = field(repr=False)
    faults: str = ""
    now: Callable[[], datetime]
    token_lifetime_s: int = 3600
    timezone: str = "Asia/Jakarta"
    window_hours: int = 24
    property_name: str = "Penginapan Latihan"
    property_office: str | None = None
    environment: str = "training"
    page: bool = True
    """Whether a page shows the received reports and turns faults on. Its address is secret: a browser asks for no
    password."""
    limits: Limits = field(default_factory=Limits)
    tables: Mapping[str, dict[str, Any] | None] = field(default_factory=dict)
    """Code tables in place of the built-in ones, by name; None for a table that this authority does not have."""

    def __post_init__(self) -> None:
        self._script = Faults(self.faults)
        self._page = Page(self.property_name, self.window_hours, self._script, is_shown=self.page)
        self._running: tuple[LoopbackServer, Service] | None = None

    @property
    def base_url(self) -> str:
        """The base URL of the contract's calls. With port 0 it is right only after `start`."""
        return f"http://{HOST}:{self.port}/v1"

    @property
    def page_url(self) -> str:
        """The URL of the page with the received reports, which cannot be guessed."""
        return f"http://{HOST}:{self.port}/received/{self._page.token}"

    def start(self) -> Self:
        """Listen. A server that was stopped listens on the same port again, with what is in its storage."""
        if self._running is None:
            listener = _listen(self.port)
            with listener:
                self.port = listener.getsockname()[1]
                service = self._service()
                self._running = LoopbackServer(service, listener, "apoa-sandbox"), service
        return self

    def stop(self) -> None:
        """Free the port and close all connections. When this returns, all threads of the server have ended."""
        running, self._running = self._running, None
        if running is not None:
            server, service = running
            service.stop()
            server.stop()
            service.decisions.storage.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _now(self) -> datetime:
        return self.now().astimezone(ZONES[self.timezone])

    def _service(self) -> Service:
        return Service(
            decisions=Decisions(Storage(self.storage), self._now, self.window_hours),
            credentials=Credentials(self.username, self.password, lifetime_s=self.token_lifetime_s, now=self.now),
            faults=self._script,
            limits=self.limits,
            page=self._page,
            now=self._now,
            about={
                "environment": self.environment,
                "timezone": self.timezone,
                "property": {"id": self.username, "name": self.property_name, "office": self.property_office},
            },
            tables=self.tables,
        )


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=128)
    except OSError as exc:
        message = msg("The training authority may not listen on port {port}.", port=port)
        if exc.errno == errno.EADDRINUSE:
            message = msg("Another program already uses port {port}.", port=port)
        advice = msg(
            "Choose another port, or stop the program that uses this one. Without a port, a free one is taken."
        )
        raise SettingsProblem(message, advice, name="port_unusable") from exc
