"""Photos of travel documents, over real HTTP."""

import hashlib
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from sandbox_helpers import Json, LogIn, Make, Report, Send

from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.sandbox.server import SandboxServer

PHOTO = b"\xff\xd8\xff\xe0 SMITHSON JANE ANN \xff\xd9"


def put(
    http: requests.Session, server: SandboxServer, report: Json, photo: bytes = PHOTO, kind: str = "image/jpeg"
) -> requests.Response:
    url = f"{server.base_url}/reports/{report['id']}/photo"
    return http.put(url, data=photo, headers={"Content-Type": kind}, timeout=20)


def test_a_refused_photo_is_received_whole(make_server: Make, check_in: Report) -> None:
    """The answer comes when the last byte has come: a client that still sends would be cut off and not read it."""
    server = make_server()
    address = urlsplit(server.base_url)
    assert address.hostname is not None
    head = f"PUT {address.path}/reports/{check_in()['id']}/photo HTTP/1.1\r\nHost: {address.netloc}\r\n"
    head += f"Content-Type: image/jpeg\r\nContent-Length: {MAX_PHOTO_BYTES + 1}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port or 0), timeout=20) as connection:
        connection.sendall(head.encode() + b" " * MAX_PHOTO_BYTES)
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(20)
        connection.sendall(b" ")
        assert connection.recv(64).startswith(b"HTTP/1.1 401 ")


def test_photo_itself_is_not_kept(
    make_server: Make,
    send: Send,
    log_in: LogIn,
    check_in: Report,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The file has its hash and no byte of it; the log has the route and the status."""
    caplog.set_level("DEBUG", logger="apoa_client")
    server = make_server()
    report = check_in()
    send(server, report)
    assert put(log_in(server), server, report).status_code == 200
    server.stop()
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert hashlib.sha256(PHOTO).hexdigest().encode() in written
    assert b"SMITHSON" not in written
    assert "PUT photo 200" in caplog.messages
