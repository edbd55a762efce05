"""Sends requests to the server under test, and records each with what came back.

The record is for a report that people pass on, so it has neither the password nor a token.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from apoa_client.authority.http_errors import HttpResponse
from apoa_client.authority.transport import Authorization, Call, Transport
from apoa_client.errors import ApoaError
from apoa_client.messages import Message, msg

MAX_RECORDED_BYTES = 4_000
"""The most of a body that is recorded."""

_SHOWN_HEADERS = frozenset(
    {"allow", "content-encoding", "content-type", "date", "etag", "location", "retry-after", "www-authenticate"}
)
"""The headers of an answer that are recorded: those that the contract or a check reads."""
_MASK = "***"
_TOKEN = re.compile(rb'("access_token"\s*:\s*)"(?:[^"\\]|\\.)*"')


class _Ended(Exception):
    """A check ended early, for the reason in `message`. It returns when the server passes."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.template)
        self.message = message


class Failed(_Ended):
    """The server breaks the contract."""


class Skipped(_Ended):
    """The check cannot be done here."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request or an answer as it is shown: its first line, its headers, and the beginning of its body."""

    line: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, which took `seconds`; `problem` says why there is no answer."""

    request: Recorded
    answer: Recorded | None = None
    problem: Message | None = None
    seconds: float = 0.0


class NoAnswer(Failed):
    """No answer came that can be read. `error` says why."""

    def __init__(self, error: ApoaError) -> None:
        super().__init__(msg("No answer came: {problem}", problem=error.message))
        self.error = error


class Connection:
    """Sends requests through `transport`. Safe to use from several threads. `monotonic` returns seconds."""

    def __init__(self, transport: Transport, monotonic: Callable[[], float]) -> None:
        self._transport = transport
        self.monotonic = monotonic
        self._began = monotonic()
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []

    @property
    def age(self) -> timedelta:
        """How long ago the test began."""
        return timedelta(seconds=self.monotonic() - self._began)

    @property
    def count(self) -> int:
        """How many requests were sent so far."""
        return len(self._exchanges)

    def since(self, count: int) -> list[Exchange]:
        """Return the exchanges after the first `count`."""
        return self._exchanges[count:]

    def send(
        self,
        method: str,
        path: str,
        authorization: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes | None = None,
    ) -> HttpResponse:
        """Send one request and return its answer, whatever the status. Raises `NoAnswer`."""
        shown = dict(headers)
        if authorization is not None:
            shown["Authorization"] = f"{authorization.partition(' ')[0]} {_MASK}"
        request = Recorded(f"{method} {path}", shown, _shown_body(body or b"", headers.get("Content-Encoding", "")))
        begun = self.monotonic()
        try:
            response = self._transport.exchange(Call(method, path, Authorization(authorization), dict(headers), body))
        except ApoaError as exc:
            self._record(Exchange(request, problem=exc.message, seconds=self.monotonic() - begun))
            raise NoAnswer(exc) from None
        # requests has decompressed the body.
        headers = {name: value for name, value in response.headers.items() if name in _SHOWN_HEADERS}
        answer = Recorded(f"HTTP {response.status}", headers, _shown_body(response.body))
        self._record(Exchange(request, answer, seconds=self.monotonic() - begun))
        return response

    def _record(self, exchange: Exchange) -> None:
        with self._lock:
            self._exchanges.append(exchange)


def _shown_body(body: bytes, encoding: str = "") -> str:
    """Return the beginning of a body as text, without a token; the length of a body that is not text."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        encoding = encoding or "binary"
    if encoding:
        return f"[{encoding}: {len(body)} bytes]"
    beginning = _TOKEN.sub(rb'\1"***"', body)[:MAX_RECORDED_BYTES].decode("utf-8", "ignore")
    return beginning if len(body) <= MAX_RECORDED_BYTES else f"{beginning} … [{len(body)} bytes]"
