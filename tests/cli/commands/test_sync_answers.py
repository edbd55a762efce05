"""`apoa sync` with answers of an authority that makes mistakes: what is named, and where."""

from collections.abc import Sequence

import pytest
from basics import NOW
from cli_helpers import LANGUAGES, XIMENA, Apoa, Serve, spoken

from apoa_client.authority.client import HttpAuthority
from apoa_client.ports.authority import Status, Verdict
from apoa_client.report.kinds import Receipt


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_receipt_number_for_several_guests(configured: Apoa, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """All are sent, and the number is named, because the authority made a mistake."""

    def submit(_authority: HttpAuthority, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        return [Verdict(each, Status.ACCEPTED, Receipt("STT-0000", NOW)) for each, _body in bodies]

    configured.save()
    configured.save(XIMENA)
    monkeypatch.setattr(HttpAuthority, "submit", submit)
    synced = configured("sync", "--quiet", lang=lang)
    assert (synced.code, synced.out) == (0, "")
    assert "STT-0000" in synced.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_whose_answer_cannot_be_read_is_named(apoa: Apoa, serve: Serve, lang: str) -> None:
    """By sync, status and show; status stays short."""
    assert apoa.set_up(serve("portal").base_url).code == 0
    report = apoa.save()
    synced = apoa("sync", lang=lang)
    assert synced.code == 75
    assert report["short_id"] in synced.err
    reason = spoken(lang, "the authority's answer cannot be read")
    assert reason in apoa("status", lang=lang).out
    assert reason in apoa("show", report["short_id"], lang=lang).out
    assert apoa("show", report["short_id"], "--json").json["last_error"] == "unreadable_answer"


def test_a_suspension_is_shown(apoa: Apoa, serve: Serve) -> None:
    """By the status, until a log-in ends it."""
    assert apoa.set_up(serve("401*2").base_url).code == 0
    apoa.save()
    assert apoa("sync", "--json").json["stopped"]
    assert apoa("status", "--json").json["sending_stopped"]["reason"] == "wrong_password"
    assert "SENDING HAS STOPPED" in apoa("status").out
