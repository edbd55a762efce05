"""The stream of events that tells the page's browsers to load it again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import requests

from apoa_client.sandbox import event_streams
from apoa_client.sandbox.event_streams import MAX_STREAMS
from apoa_client.sandbox.server import SandboxServer

Json = dict[str, Any]
Make = Callable[..., SandboxServer]
Send = Callable[..., list[Json]]
Report = Callable[..., Json]


@contextmanager
def stream(server: SandboxServer) -> Iterator[requests.Response]:
    with requests.Session() as http:
        http.trust_env = False
        with http.get(f"{server.page_url}/events", stream=True, timeout=10) as answer:
            yield answer


def counts(answer: requests.Response) -> Iterator[int]:
    """The counts of the events, as they come."""
    for line in answer.iter_lines(chunk_size=1):
        if line.startswith(b"data: "):
            yield int(line.removeprefix(b"data: "))


def test_an_event_at_once_and_after_each_change(make_server: Make, send: Send, check_in: Report) -> None:
    """A browser that was away learns at once that it has missed something. No personal data is in the stream."""
    server = make_server()
    with stream(server) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        seen = counts(answer)
        assert next(seen) == 0
        send(server, check_in())
        assert next(seen) == 1
    with stream(server) as answer:
        assert next(counts(answer)) == 1


def test_comments_keep_a_silent_stream_open(make_server: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat is a comment, which a browser ignores."""
    monkeypatch.setattr(event_streams, "HEARTBEAT_S", 0.01)
    with stream(make_server()) as answer:
        lines = answer.iter_lines(chunk_size=1)
        assert b":" in (next(lines) for _ in range(10))


def test_the_number_of_streams_is_limited(make_server: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused; when a browser goes, the next heartbeats notice it, and there is room again."""
    monkeypatch.setattr(event_streams, "HEARTBEAT_S", 0.01)
    server = make_server()
    with ExitStack() as browsers:
        opened = [browsers.enter_context(stream(server)).status_code for _ in range(MAX_STREAMS + 1)]
    assert opened == [*[200] * MAX_STREAMS, 503]
    for _ in range(1000):
        with stream(server) as again:
            if again.status_code == 200:
                break
        threading.Event().wait(0.01)
    else:
        pytest.fail("no stream became free")


def test_asking_for_the_headers_takes_no_stream(make_server: Make, bare: requests.Session) -> None:
    """HEAD opens nothing."""
    server = make_server()
    for _ in range(MAX_STREAMS + 1):
        assert bare.head(f"{server.page_url}/events", timeout=20).status_code == 200


def test_stopping_ends_the_streams(make_server: Make) -> None:
    """The stream ends, no thread of the server is left, and a server that starts again goes on counting."""
    server = make_server()
    with stream(server) as answer:
        next(counts(answer))
        server.stop()
        assert list(counts(answer)) == []
    assert not [each for each in threading.enumerate() if each.name.startswith("apoa-sandbox")]
    server.start()
    with stream(server) as answer:
        assert next(counts(answer)) == 0
