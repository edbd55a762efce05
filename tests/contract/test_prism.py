"""The client against every documented error, as a mock server of another project reads them in the contract."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from basics import FixedClock, raises_error

from apoa_client.app.container import Container
from apoa_client.authority.address import Timeouts
from apoa_client.authority.client import HttpAuthority
from apoa_client.cli.main import run
from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    CallRefused,
    TooLarge,
    UnknownOutcome,
    WrongPassword,
)
from apoa_client.report.model import from_json, to_json

pytestmark = pytest.mark.prism


@pytest.fixture
def prism(prism_url: str) -> Iterator[HttpAuthority]:
    """A client of Prism that has a token."""
    client = HttpAuthority(
        base_url=prism_url,
        username="melati",
        password=lambda: "rahasia",
        user_agent="apoa-client/0",
        timeouts=Timeouts(connect_s=5, read_s=5, total_s=10),
    )
    client.meta()
    yield client
    client.close()


def make_prism_answer(client: HttpAuthority, status: int) -> None:
    """Make Prism answer with `status`: it reads that from a header, which the client's methods cannot set."""
    client._transport._session.headers["Prefer"] = f"code={status}"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, CallRefused),
        (401, WrongPassword),
        (403, AccountSuspended),
        (413, TooLarge),
        (429, AuthorityBusy),
        (500, UnknownOutcome),
        (503, AuthorityBusy),
    ],
)
def test_each_documented_error(
    prism: HttpAuthority, examples: dict[str, list[dict[str, Any]]], status: int, error: type[ApoaError]
) -> None:
    """Each error of the contract is the class of error in its table."""
    report = from_json(_dumps(examples["check_in"][0]))
    make_prism_answer(prism, status)
    with pytest.raises(error) as caught:
        prism.submit([(report.id, to_json(report))])
    assert getattr(caught.value, "retry_after", None) == (30 if error is AuthorityBusy else None)


@pytest.mark.parametrize("status", [400, 404, 409, 413])
def test_each_documented_refusal_of_a_photo(
    prism: HttpAuthority,
    examples: dict[str, list[dict[str, Any]]],
    example_photo: bytes,
    status: int,
) -> None:
    """The same error with the same name, and the photo is not sent again as it is."""
    make_prism_answer(prism, status)
    with raises_error("photo_refused"):
        prism.send_photo(examples["check_in"][0]["id"], example_photo)


def test_documented_404(prism: HttpAuthority, examples: dict[str, list[dict[str, Any]]]) -> None:
    """The contract's 404 is "never received"."""
    make_prism_answer(prism, 404)
    assert prism.verdict(examples["check_in"][0]["id"]) is None


def test_documented_304(prism: HttpAuthority) -> None:
    """A code table has an ETag, and is not sent again to a client that has it."""
    table = prism.codes("stay_permits")
    assert table is not None
    assert table.etag is not None
    make_prism_answer(prism, 304)
    assert prism.codes("stay_permits", table.etag) is None


def test_set_up_sync_and_status(
    prism_url: str,
    examples: dict[str, list[dict[str, Any]]],
    home: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The commands set-up, sync and status work with a server that reads the contract alone.

    Prism answers with the contract's own example, so the queued report is that example's.

    """
    environ = {"APOA_HOME": str(home), "APOA_LANG": "en"}
    account = ["--api-url", prism_url, "--username", "melati", "--password-stdin", "--vault", "file"]
    monkeypatch.setattr("sys.stdin", io.StringIO("rahasia\n"))
    assert run(["setup", "--non-interactive", "--property", "melati", *account], environ, clock) == 0
    app = Container(environ, clock)
    report = from_json(_dumps(examples["check_in"][0]))
    app.outbox.add(report, due_at=clock.now())
    app.close()
    capsys.readouterr()
    assert run(["sync", "--json"], environ, clock) == 0
    assert json.loads(capsys.readouterr().out)["accepted"] == 1
    assert run(["status", "--json"], environ, clock) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["counts"]["accepted"] == 1
    assert status["environment"] == "training"


def _dumps(value: object) -> bytes:
    return json.dumps(value).encode()
