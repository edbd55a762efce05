"""The record of requests and answers, which people pass on."""

from collections.abc import Callable

import pytest
from sandbox_helpers import PASSWORD, USERNAME, Suite

from apoa_client.conformance.check import CheckResult
from apoa_client.conformance.exchange import _shown_body
from apoa_client.sandbox.server import SandboxServer


def everything(results: dict[str, CheckResult]) -> str:
    return repr([each.exchanges for each in results.values()])


def test_no_secret_is_recorded(
    suite: Suite, serve: Callable[..., SandboxServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the password nor a token, in the header or in the answer."""
    tokens = iter(f"geheim-{number}" for number in range(100))
    monkeypatch.setattr("apoa_client.sandbox.service.secrets.token_urlsafe", lambda _size: next(tokens))
    shown = everything(suite(serve().base_url))
    assert "POST /oauth/token" in shown
    assert "Basic ***" in shown
    assert "Bearer ***" in shown
    for member in ("id", "property"):  # the sandbox's id of the property is the username
        shown = shown.replace(f'"{member}": "{USERNAME}"', "")
    assert not {word for word in ("geheim", PASSWORD, USERNAME) if word in shown}


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (b'{"a": "\xc3\xa9"}', '{"a": "é"}'),
        (b"\xff\xd8\xff", "[binary: 3 bytes]"),
        (b'{"access_token":"se\\"cret", "b": 1}', '{"access_token":"***", "b": 1}'),
    ],
)
def test_bodies(body: bytes, shown: str) -> None:
    """A text as it is but for tokens, and the length of anything else."""
    assert _shown_body(body) == shown
