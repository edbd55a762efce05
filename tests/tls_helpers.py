"""The certificates of the tests, and answers of an authority for the two calls that need one over TLS."""

from pathlib import Path

CERTIFICATES = Path(__file__).parent / "authority" / "certificates"
CA = CERTIFICATES / "ca.pem"
TOKEN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    b'{"access_token":"abc","token_type":"Bearer","expires_in":3600}'
)
NO_SUCH = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"
    b'{"type":"about:blank","title":"Not Found","status":404}'
)
