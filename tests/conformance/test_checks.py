"""What the checks say about themselves, what they send, and the record of requests and answers."""

import secrets
from collections.abc import Callable
from io import BytesIO

import pytest
from sandbox_helpers import PASSWORD, USERNAME, Suite, now

from apoa_client.cli.documents.conformance_page import CHAPTERS
from apoa_client.conformance.check import Check, CheckResult
from apoa_client.conformance.checks import CHECKS, LAST, OPENING
from apoa_client.conformance.checks.receipts import PHOTO, _photo
from apoa_client.conformance.exchange import _shown_body
from apoa_client.conformance.samples import Samples
from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.sandbox.server import SandboxServer

ALL = (*OPENING, *CHECKS, LAST)


@pytest.mark.parametrize("check", ALL, ids=lambda each: each.id)
def test_its_paragraph_is_in_the_contract(check: Check) -> None:
    """A change of the contract that loses the paragraph is found here."""
    assert check.paragraph.text.startswith(check.paragraph.start)
    assert check.paragraph.text


def test_ids() -> None:
    """Each is used once, and its chapter has a heading on the page; the chapters come one after the other."""
    ids = [each.id for each in ALL]
    assert len(ids) == len(set(ids))
    chapters = [each.partition(".")[0] for each in ids]
    assert list(dict.fromkeys(chapters)) == list(CHAPTERS)
    assert chapters == sorted(chapters, key=list(CHAPTERS).index)


def test_good_reports_say_that_this_is_a_test() -> None:
    """By the guest's name; each has another document."""
    samples = Samples(now, secrets.token_bytes)
    first, full = samples.check_in(), samples.full_check_in()
    for each in (first, full):
        assert (each["guest"]["surname"], each["guest"]["given_names"]) == ("APOA", "TEST")
    assert first["guest"]["document"]["number"] != full["guest"]["document"]["number"]


@pytest.mark.parametrize("length", [len(PHOTO), len(PHOTO) + 10, MAX_PHOTO_BYTES, MAX_PHOTO_BYTES + 1])
def test_photos_are_photos(length: int) -> None:
    """Any program opens them, of each size, and they have no place and no other data of a camera."""
    image = pytest.importorskip("PIL.Image")
    photo = _photo(length)
    assert len(photo) == length
    with image.open(BytesIO(photo)) as opened:
        opened.load()
        assert (opened.size, opened.format) == ((8, 8), "JPEG")
        assert not opened.getexif()


def everything(results: dict[str, CheckResult]) -> str:
    return repr([each.exchanges for each in results.values()])


def test_no_secret_is_recorded(
    suite: Suite, serve: Callable[..., SandboxServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the password nor a token, in the header or in the answer."""
    tokens = iter(f"geheim-{number}" for number in range(100))
    monkeypatch.setattr("apoa_client.sandbox.service.secrets.token_urlsafe", lambda _size: next(tokens))
    shown = everything(suite(serve().base_url, {"session", "reports", "receipts"}))
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
