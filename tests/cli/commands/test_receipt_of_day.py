"""`apoa receipt --day`: what the authority accepted on a day, against the reports here."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from authority_simulator import AuthoritySimulator
from cli_helpers import OBADIAH, QUENTIN, Apoa

from apoa_client.authority.client import HttpAuthority
from apoa_client.ports.authority import DailyReceipt
from apoa_client.report.kinds import Receipt

ARRIVED = "Everything that this computer reported on that day has arrived."
Change = Callable[[DailyReceipt], DailyReceipt]


@pytest.fixture
def altered(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """Let the authority answer another list."""
    ask = HttpAuthority.daily_receipt

    def alter(change: Change) -> None:
        def answer(self: HttpAuthority, day: date) -> DailyReceipt | None:
            daily = ask(self, day)
            return change(daily) if daily is not None else None

        monkeypatch.setattr(HttpAuthority, "daily_receipt", answer)

    return alter


def today(apoa: Apoa) -> str:
    return apoa.clock.now().date().isoformat()


def test_everything_arrived(configured: Apoa) -> None:
    """In the morning, both guests of the day before are in the list, with the numbers that are here."""
    day = today(configured)
    for guest in (QUENTIN, OBADIAH):
        configured.send(guest)
    assert "The day is not over" in configured("receipt", "--day", day).out
    configured.clock.forward(timedelta(days=1))
    result = configured("bukti", "--tanggal", day)
    assert (result.code, result.err, ARRIVED in result.out) == (0, "", True)
    value = configured("receipt", "--day", day, "--json").json
    assert (value["day"], value["property"], value["accepted"], value["confirmed"]) == (day, "wisma-melati", 2, 2)
    assert [value[each] for each in ("missing", "different", "waiting", "unknown")] == [[], [], [], []]


def test_missing_and_different(configured: Apoa, altered: Callable[[Change], None]) -> None:
    """A receipt that the authority does not know, or knows otherwise, is named: 65; one of another computer is not."""
    altered(lambda daily: daily._replace(receipts={"elsewhere": Receipt("STT-9", configured.clock.now())}))
    elsewhere = configured("receipt", "--day", today(configured), "--json")
    assert (elsewhere.code, elsewhere.json["unknown"]) == (0, ["elsewhere"])
    assert "1 report is there and not on this computer" in configured("receipt", "--day", today(configured)).out
    for guest in (QUENTIN, OBADIAH):
        configured.send(guest)
    [second, first] = configured.reports()
    other = {first["id"]: Receipt("STT-OTHER", configured.clock.now())}
    altered(lambda daily: daily._replace(receipts=other))
    result = configured("receipt", "--day", today(configured))
    assert (result.code, ARRIVED in result.out) == (65, False)
    assert f"missing there:\n  {second['short_id']}  {second['receipt']['number']}" in result.out
    assert f"number there:\n  {first['short_id']}  {first['receipt']['number']}" in result.out


def test_what_waits(configured: Apoa) -> None:
    """A report that was not sent keeps the day from being complete: 75."""
    report = configured.save()
    result = configured("receipt", "--day", today(configured))
    assert (result.code, ARRIVED in result.out) == (75, False)
    assert f"no receipt yet:\n  {report['short_id']}  waiting" in result.out


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_an_authority_without_them(configured: Apoa, monkeypatch: pytest.MonkeyPatch, more: list[str]) -> None:
    """It is said plainly, with what there is in place of it: 69."""
    meta = HttpAuthority.meta
    monkeypatch.setattr(HttpAuthority, "meta", lambda self: meta(self)._replace(daily_receipts=False))
    result = configured("receipt", "--day", today(configured), *more)
    assert result.code == 69
    if more:
        assert result.json["error"]["class"] == "no_daily_receipts"
    else:
        assert "no receipts for whole days" in result.err
        assert "apoa receipt --all --output DIR" in result.err


def test_pdf(configured: Apoa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The authority's own PDF is written, where it has one: the training authority has none."""
    file = tmp_path / "day.pdf"
    none = configured("receipt", "--day", today(configured), "--pdf", str(file))
    assert (none.code, file.exists()) == (69, False)
    pdf = AuthoritySimulator(daily_receipts=True).daily_receipt_pdf
    monkeypatch.setattr(HttpAuthority, "daily_receipt_pdf", lambda _self, day: pdf(day))
    assert configured("receipt", "--day", today(configured), "--pdf", str(file)).code == 0
    assert file.read_bytes().startswith(b"%PDF-")
