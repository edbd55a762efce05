"""`apoa list`, `apoa show` and `apoa receipt`: what is kept, by state, guest, room and day; one in full; its proof."""

import sys
from datetime import timedelta
from typing import Any

import pytest
from cli_helpers import GUESTS, LANGUAGES, OBADIAH, QUENTIN, REPORT_KEYS, XIMENA, Apoa, Serve, assert_form, spoken

SEALED: dict[str, Any] = {"guest": None, "stay": None, "errors": [], "warnings": []}


@pytest.fixture
def three(away: Apoa) -> Apoa:
    """Three guests, a day apart."""
    for number, guest in enumerate(GUESTS, start=1):
        away.save(guest, "--room", str(number))
        away.clock.forward(timedelta(days=1))
    return away


def names(apoa: Apoa, *options: str) -> list[str]:
    said = apoa("list", "--json", *options)
    assert said.code == 0, said.err
    return [report["guest"]["surname"] for report in said.json["reports"]]


def lose_the_key(apoa: Apoa) -> None:
    (apoa.home / "melati" / "keys.json").unlink()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_table_for_people(house: Apoa, lang: str) -> None:
    """One line a report under a line of headings, in columns, with no colour in a pipe."""
    house(*XIMENA.mrz())
    house.save(QUENTIN)
    said = house("list", lang=lang)
    heads, second, first = said.out.splitlines()
    assert heads.split()[:2] == ["ID", spoken(lang, "State")]
    assert spoken(lang, "waiting") in first
    assert QUENTIN.name in first
    assert f"25 {spoken(lang, 'Nov')} 2026 20:00 WIB" in first
    assert spoken(lang, "sent") in second
    assert house.reports()[0]["receipt"]["number"] in second
    assert first.index(QUENTIN.name) == second.index(XIMENA.name) == heads.index(spoken(lang, "Guest"))
    assert said.err == ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_empty_list(away: Apoa, lang: str) -> None:
    """Said in words to people, and as an empty list to scripts."""
    assert away("list", lang=lang).out.strip() == spoken(lang, "No reports.")
    assert away("list", "--json", lang=lang).json == {"reports": []}


def test_a_table_on_a_terminal(three: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn there, whole however narrow the terminal is, and takes no name for markup."""
    three.save(QUENTIN, "--surname", "O'BRIEN", "--room", "[red]9")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    said = three("list")
    assert said.code == 0
    assert all(guest.name in said.out for guest in GUESTS)
    assert "[red]9" in said.out


def test_each_element_has_the_form_of_a_report(three: Apoa) -> None:
    """As `report --json` printed it."""
    said = three("list", "--json")
    assert list(said.json) == ["reports"]
    for value in said.json["reports"]:
        assert_form(value, REPORT_KEYS)


def test_choosing(three: Apoa) -> None:
    """By state, day, guest (any part of the name, or the number, in any case) and room; together they narrow down."""
    assert names(three) == [guest.surname for guest in GUESTS]
    assert names(three, "--state", "accepted") == []
    assert names(three, "--state", "queued", "--state", "accepted") == [guest.surname for guest in GUESTS]
    assert names(three, "--guest", "quij") == [XIMENA.surname]
    assert names(three, "--guest", "obadiah van") == [OBADIAH.surname]
    assert names(three, "--guest", QUENTIN.number.lower()) == [QUENTIN.surname]
    assert names(three, "--room", "2") == [XIMENA.surname]
    assert names(three, "--room", "2", "--guest", "zyk") == []


def test_days(three: Apoa) -> None:
    """Without a choice: what is open, and the last 30 days; --since in the property's days; --all is all."""
    three.clock.forward(timedelta(days=40))
    assert names(three) == [guest.surname for guest in GUESTS]  # all still open
    with_since = three("list", "--since", "26/11/2026", "--json")
    assert len(with_since.json["reports"]) == 3  # open ones stay in sight
    assert len(names(three, "--all")) == 3


def test_the_past_is_listed_when_asked_for(house: Apoa) -> None:
    """A delivered report is out of the list after 30 days, unless --all or --since bring it back."""
    house(*QUENTIN.mrz())
    house.clock.forward(timedelta(days=31))
    assert names(house) == []
    assert names(house, "--all") == names(house, "--since", "2026-11-24") == [QUENTIN.surname]
    assert names(house, "--since", "2026-11-25") == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_day_that_is_none(away: Apoa, lang: str) -> None:
    """A usage mistake, explained."""
    said = away("list", "--since", "kemarin", lang=lang)
    assert said.code == 2
    sentence = "This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985."
    assert spoken(lang, sentence) in said.err


def test_a_state_that_is_none(away: Apoa) -> None:
    """The possible ones are named."""
    said = away("list", "--state", "gone")
    assert said.code == 2
    assert "withdrawn" in said.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_show(house: Apoa, lang: str) -> None:
    """Everything about one report, in APOA's order, with what became of it."""
    house(*QUENTIN.mrz("--note", "datang malam", "--phone", "+62 361 123"))
    [report] = house.reports()
    said = house("show", report["short_id"], lang=lang)
    assert said.code == 0
    number = report["receipt"]["number"]
    for words in (QUENTIN.surname, QUENTIN.birth_place, "datang malam", "+62 361 123", "(POL)", number):
        assert words in said.out
    assert spoken(lang, "Made: {moment}", moment=f"24 {spoken(lang, 'Nov')} 2026 20:00 WIB") in said.out
    assert spoken(lang, "Attempts to send: {count}", count=1) in said.out
    assert_form(house("show", report["id"], "--json", lang=lang).json, REPORT_KEYS)


def test_a_report_is_found_by_any_of_its_names(three: Apoa) -> None:
    """Full id, short id, the beginning of either, or the stay's id."""
    for report in three.reports():
        for reference in (
            report["id"],
            report["short_id"],
            report["short_id"][:6],
            report["stay_id"],
            f" {report['id']} ",
        ):
            assert three("show", reference, "--json").json == report
        assert three("receipt", report["short_id"], "--json").json["id"] == report["id"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("command", ["show", "receipt"])
def test_a_reference_that_means_several_or_none(three: Apoa, command: str, lang: str) -> None:
    """A usage mistake: the candidates are named, or where to look."""
    several = three(command, three.reports()[0]["id"][:3], lang=lang)
    assert (several.code, several.out) == (2, "")
    assert all(report["short_id"] in several.err for report in three.reports())
    none = three(command, "zzzz", lang=lang)
    assert none.code == 2
    assert spoken(lang, "There is no report {id}.", id="zzzz") in none.err
    as_json = three(command, "zzzz", "--json", lang=lang)
    assert (as_json.code, as_json.json["error"]["class"]) == (2, "usage_problem")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_receipt(house: Apoa, lang: str) -> None:
    """Its number, when and for what; in training, that it is none of Immigration's."""
    house(*QUENTIN.mrz())
    [report] = house.reports()
    said = house("bukti", report["short_id"], lang=lang)
    assert said.code == 0
    assert spoken(lang, "Receipt number: {number}", number=report["receipt"]["number"]) in said.out
    assert report["id"] in said.out
    assert spoken(lang, "Training: this is no receipt of Immigration's.") in said.out
    value = house("receipt", report["id"], "--json").json
    assert value == {"id": report["id"], "state": "accepted", "receipt": report["receipt"]}


def test_a_live_receipt_is_not_called_training(apoa: Apoa, serve: Serve) -> None:
    """The warning is for training alone."""
    apoa.set_up(serve(environment="production").base_url)
    apoa(*QUENTIN.mrz())
    said = apoa("receipt", apoa.reports()[0]["id"])
    assert "Receipt number" in said.out
    assert "raining" not in said.all


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_receipt_yet(away: Apoa, lang: str) -> None:
    """A queued report never shows a number."""
    report = away.save()
    said = away("receipt", report["short_id"], lang=lang)
    state = spoken(lang, "waiting")
    sentence = "Report {id} has no receipt yet: {state}."
    assert (said.code, said.out.strip()) == (0, spoken(lang, sentence, id=report["short_id"], state=state))
    assert away("receipt", report["short_id"], "--json").json["receipt"] is None


class TestWithoutTheKey:
    """The private key cannot be had: what needs none still works."""

    def test_lists_sealed(self, three: Apoa) -> None:
        """Exit 0, every report there with "sealed": true, and the advice once, on stderr."""
        lose_the_key(three)
        said = three("list", "--json")
        assert said.code == 0
        for value in said.json["reports"]:
            assert_form(value, {**REPORT_KEYS, "sealed": bool})
            assert value["sealed"] is True
            assert SEALED.items() <= value.items()
        assert said.err.count("apoa key recover") == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_shows_what_is_not_sealed(self, three: Apoa, lang: str) -> None:
        """In a table and in full: ids, states and times, and dashes for the guest."""
        report = three.reports()[0]
        lose_the_key(three)
        table = three("list", lang=lang)
        assert table.code == 0
        assert report["short_id"] in table.out
        assert not any(word in table.all for guest in GUESTS for word in guest.words)
        shown = three("show", report["short_id"], lang=lang)
        assert shown.code == 0
        assert spoken(lang, "Attempts to send: {count}", count=0) in shown.out
        assert spoken(lang, "The private key that opens saved reports was not found.") in shown.err

    def test_finds_no_guest(self, three: Apoa) -> None:
        """Whether a sealed report is of that guest or room nobody can say."""
        lose_the_key(three)
        assert three("list", "--guest", "zyk", "--json").json == {"reports": []}
        assert three("list", "--room", "1", "--json").json == {"reports": []}

    def test_reports_still(self, three: Apoa) -> None:
        """Saving needs no secret."""
        lose_the_key(three)
        assert three(*QUENTIN.mrz("--no-send")).code == 0

    def test_one_broken_seal_hides_no_other(self, three: Apoa) -> None:
        """A record that was swapped or changed is said to be broken; the others are listed as ever."""
        from apoa_client.vault.sealing import PropertySealer  # put out of order below

        first = three.reports()[0]["id"]
        honest = PropertySealer.open

        def tampered(sealer: PropertySealer, record_id: str, sealed: bytes) -> bytes:
            return honest(sealer, record_id, sealed[:-1] + bytes([sealed[-1] ^ 1]) if record_id == first else sealed)

        three.monkeypatch.setattr(PropertySealer, "open", tampered)
        said = three("list", "--json")
        assert said.code == 0
        assert [value.get("sealed", False) for value in said.json["reports"]] == [True, False, False]
        assert "not deleted" in said.err
