"""`apoa show`: the history of a stay, by any of its ids: every report, attempt and answer, in order."""

from datetime import timedelta
from typing import Any

import pytest
from cli_helpers import (
    DANGEROUS,
    GUESTS,
    LANGUAGES,
    QUENTIN,
    REPORT_KEYS,
    XIMENA,
    Apoa,
    Hostile,
    Serve,
    assert_form,
    assert_sanitized,
    listening,
    spoken,
    time_in,
    typed_in,
)

from apoa_client.settings.folders import user_name

STAY_KEYS = {**REPORT_KEYS, "story": list}
HISTORY_KEYS = {**{key: kind for key, kind in REPORT_KEYS.items() if key not in {"guest", "stay"}}, "events": list}
EVENT_KEYS = ["n", "at", "who", "action", "report", "detail", "link"]
MINUTES = timedelta(minutes=10)


def at(lang: str, day: int, time: str) -> str:
    return f"{day} {spoken(lang, 'Nov')} 2026 {time_in(lang, time)} WIB"


@pytest.fixture
def three(away: Apoa) -> Apoa:
    """A property with three queued reports."""
    for number, guest in enumerate(GUESTS, start=1):
        away.save(guest, "--room", str(number))
    return away


@pytest.fixture
def stay(configured: Apoa) -> dict[str, dict[str, Any]]:
    """The three sent reports of a guest who changes the room and leaves."""
    arrival = configured(*QUENTIN.mrz("--json")).json
    configured.clock.forward(MINUTES)
    moved = configured("amend", arrival["id"], "--room", "9", "--reason", "AC rusak", "--json").json
    configured.clock.forward(MINUTES)
    left = configured("checkout", arrival["id"], "--json").json
    return {"check_in": arrival, "amend": moved, "check_out": left}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_stay(configured: Apoa, stay: dict[str, Any], lang: str) -> None:
    """Shows the guest and whether they are in house, then each report with what it changed and the answer."""
    result = configured("show", stay["check_in"]["short_id"], lang=lang)
    assert (result.code, result.err) == (0, "")
    guest, *reports = result.out.split("\n\n")
    assert guest.splitlines()[:2] == [QUENTIN.name, spoken(lang, "Left on {moment}.", moment=at(lang, 24, "20:20"))]
    assert QUENTIN.birth_place in guest
    assert len(reports) == 3
    for number, (kind, words, time) in enumerate(
        (("check_in", "check-in", "20:00"), ("amend", "correction", "20:10"), ("check_out", "check-out", "20:20")), 1
    ):
        title, made, *rest = reports[number - 1].splitlines()
        assert title == f"{number}. {spoken(lang, words)} {stay[kind]['short_id']}: {spoken(lang, 'sent')}"
        assert spoken(lang, "Made: {moment}", moment=at(lang, 24, time)) + f" ({user_name()})" in made
        assert spoken(lang, "Attempts to send: {count}", count=1) in made
        assert f"   {at(lang, 24, time)}  {spoken(lang, 'accepted by the authority')}" in rest
        receipt = spoken(lang, "Receipt number: {number}", number=stay[kind]["receipt"]["number"])
        assert f"   {receipt}" in rest
    assert f"   {spoken(lang, 'Reason')}: AC rusak" in reports[1]
    assert f"   {spoken(lang, 'Room')}: 7 → 9\n" in reports[1]
    assert spoken(lang, "Left on {moment}.", moment=at(lang, 24, "20:20")) in reports[2]


@pytest.mark.parametrize("kind", ["check_in", "amend", "check_out"])
def test_any_id_shows_the_same_stay(configured: Apoa, stay: dict[str, Any], kind: str) -> None:
    """Full ids, short ids and the stay's id show the stay; in JSON the report with the id has its fixed form."""
    selected = stay[kind]
    shown = configured("show", stay["check_in"]["stay_id"]).out
    for reference in (selected["id"], selected["short_id"], f" {selected['short_id'][:7]} "):
        assert configured("show", reference).out == shown
        value = configured("show", reference, "--json").json
        assert_form(value, STAY_KEYS)
        assert {key: each for key, each in value.items() if key != "story"} == next(
            report for report in configured.reports() if report["id"] == selected["id"]
        )
    assert configured("show", selected["stay_id"], "--json").json["id"] == stay["check_in"]["id"]


def test_a_report_is_found_by_any_id(three: Apoa) -> None:
    """Accepts the full id, the short id, the beginning of either, and the stay's id."""
    for report in three.reports():
        short_id = report["short_id"]
        for reference in (report["id"], short_id, short_id[:6], report["stay_id"], f" {report['id']} "):
            shown = three("show", reference, "--json").json
            assert [item["id"] for item in shown.pop("story")] == [report["id"]]
            assert shown == report
        assert three("receipt", short_id, "--json").json["id"] == report["id"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("command", ["show", "receipt"])
def test_an_ambiguous_or_unknown_id(three: Apoa, command: str, lang: str) -> None:
    """A usage error that names the candidates, or the command that lists ids."""
    several = three(command, three.reports()[0]["id"][:3], lang=lang)
    assert (several.code, several.out) == (2, "")
    assert all(report["short_id"] in several.err for report in three.reports())
    none = three(command, "zzzz", lang=lang)
    assert none.code == 2
    assert spoken(lang, "No report has this ID, and no guest this name or room.") in none.err
    as_json = three(command, "zzzz", "--json", lang=lang)
    assert (as_json.code, as_json.json["error"]["class"]) == (2, "usage_problem")


def test_the_history_as_json(configured: Apoa, stay: dict[str, Any]) -> None:
    """Each report is without guest and stay, and has its events of the audit trail."""
    reports = configured("show", stay["amend"]["id"], "--json").json["story"]
    assert [item["id"] for item in reports] == [report["id"] for report in stay.values()]
    for item, report in zip(reports, stay.values(), strict=True):
        assert_form(item, HISTORY_KEYS)
        assert item["receipt"] == report["receipt"]
        assert [list(event) for event in item["events"]] == [EVENT_KEYS] * 2
        assert [event["action"] for event in item["events"]] == ["saved", "accepted"]
        assert {event["report"] for event in item["events"]} == {report["id"]}
        assert {event["at"] for event in item["events"]} == {report["created_at"]}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_attempts_and_answers(apoa: Apoa, serve: Serve, lang: str) -> None:
    """Attempts and answers are in order; equal ones in a row are one line with a count and the last time."""
    assert apoa.set_up(serve("500,500,500,defer=60,pending").base_url).code == 0
    report = apoa.save()
    for _time in range(5):
        apoa("sync")
        apoa.clock.forward(MINUTES)
    result = apoa("show", report["id"], lang=lang)
    failed = f"{spoken(lang, 'not delivered, waiting again')}: {spoken(lang, 'no usable answer')}"
    often = spoken(lang, "{what}; {count} times until {moment}", what=failed, count=3, moment=at(lang, 24, "20:20"))
    lines = [line.strip() for line in result.out.splitlines()]
    assert lines[-3:] == [
        f"{at(lang, 24, '20:00')}  {often}",
        f"{at(lang, 24, '20:30')}  {spoken(lang, 'deferred by the authority')}",
        f"{at(lang, 24, '20:40')}  {spoken(lang, 'received, decision later')}",
    ]
    assert spoken(lang, "Due by: {moment}", moment=at(lang, 25, "20:00")) in lines
    assert spoken(lang, "Attempts to send: {count}", count=5) in result.out
    events = apoa("show", report["id"], "--json").json["story"][0]["events"]
    assert len(events) == 6


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_refusal_and_its_correction(apoa: Apoa, serve: Serve, lang: str) -> None:
    """Shows the authority's message and who replaced the report; the correction comes after it."""
    assert apoa.set_up(serve("reject,ok").base_url).code == 0
    refused = apoa(*QUENTIN.mrz("--json")).json
    apoa.clock.forward(MINUTES)
    corrected = apoa("fix", refused["id"], "--room", "8", "--json").json
    result = apoa("show", refused["id"], lang=lang)
    _guest, first, second = result.out.split("\n\n")
    assert refused["short_id"] in first
    assert f"x {spoken(lang, 'The whole report')}: {refused['errors'][0]['message']}" in first
    assert f"{at(lang, 24, '20:10')}  {spoken(lang, 'replaced')} ({user_name()})" in first
    assert corrected["short_id"] in second
    assert f"{spoken(lang, 'Room')}: 7 → 8" in second
    assert [item["state"] for item in apoa("show", corrected["id"], "--json").json["story"]] == [
        "superseded",
        "accepted",
    ]


def test_warnings(away: Apoa) -> None:
    """Shows the warnings from when the report was saved."""
    report = away.save(QUENTIN, "--stay-permit", "")
    [warning] = report["warnings"]
    assert f"   ! {warning['message']}" in away("show", report["id"]).out.splitlines()


class TestInHouse:
    """The second line says whether the guest is in house, according to the reports."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_in_house(self, away: Apoa, lang: str) -> None:
        """Shows the planned day, and marks it once it has passed."""
        report = away.save()
        days = {"first": f"24 {spoken(lang, 'Nov')} 2026", "last": f"26 {spoken(lang, 'Nov')} 2026"}
        for forward, sentence in (
            (0, "In house since {first}, until {last}."),
            (2, "In house since {first}, until {last}."),
            (1, "In house since {first}. Planned to leave on {last}; no check-out yet."),
        ):
            away.clock.forward(timedelta(days=forward))
            assert away("show", report["id"], lang=lang).out.splitlines()[1] == spoken(lang, sentence, **days)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_cancelled_and_withdrawn(self, configured: Apoa, lang: str) -> None:
        """A cancelled and a withdrawn stay are shown as such."""
        cancelled = configured(*QUENTIN.mrz("--json")).json
        assert configured("cancel", cancelled["id"], "--reason", "salah tamu").code == 0
        result = configured("show", cancelled["id"], lang=lang).out
        assert result.splitlines()[1] == spoken(lang, "The stay was cancelled.")
        assert f"{spoken(lang, 'Reason')}: salah tamu" in result
        withdrawn = configured.save(XIMENA)
        assert configured("cancel", withdrawn["id"]).code == 0
        result = configured("show", withdrawn["id"], lang=lang).out
        assert result.splitlines()[1] == spoken(lang, "This stay was withdrawn.")
        assert XIMENA.birth_place in result
        assert f"{spoken(lang, 'withdrawn')} ({user_name()})" in result

    def test_reports_without_nights(self, away: Apoa) -> None:
        """A report of an older version has no nights: the guest is in house."""
        report = away.save()
        away.change_database("UPDATE reports SET first_night = NULL, last_morning = NULL")
        assert away("show", report["id"]).out.splitlines()[1] == "In house."


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_number_that_staff_typed_in(apoa: Apoa, lang: str) -> None:
    """Shows that the number was typed in, and by whom."""
    place = ["--non-interactive", "--property", "melati", "--vault", "file"]
    assert apoa("setup", *place, "--by-hand").code == 0
    report = apoa.save()
    assert apoa("received", report["id"], "STT-17").code == 0
    result = apoa("show", report["id"], lang=lang)
    assert f"{spoken(lang, 'receipt number typed in')} ({user_name()})" in result.out
    assert f"STT-17 ({spoken(lang, 'number typed in by staff')})" in result.out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_the_key(configured: Apoa, stay: dict[str, Any], lang: str) -> None:
    """Shows reports, states, times and receipts without guest data, and once how to get the key back."""
    configured.delete_key()
    result = configured("show", stay["amend"]["id"], lang=lang)
    assert result.code == 0
    assert result.err.count(typed_in(lang, "apoa key recover")) == 1
    lines = result.out.splitlines()
    assert lines[0] == stay["amend"]["short_id"]
    assert lines[1] == spoken(lang, "Left on {moment}.", moment=at(lang, 24, "20:20"))
    assert all(report["receipt"]["number"] in result.out for report in stay.values())
    assert spoken(lang, "accepted by the authority") in result.out
    assert not any(word in result.all for word in (*QUENTIN.words, "AC rusak", "→"))
    value = configured("show", stay["amend"]["id"], "--json").json
    assert (value["guest"], value["sealed"]) == (None, True)
    assert [(item["sealed"], len(item["events"])) for item in value["story"]] == [(True, 2)] * 3


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_erased_guest(configured: Apoa, stay: dict[str, Any], lang: str) -> None:
    """Shows when the data were erased, and the receipts."""
    configured.clock.forward(MINUTES)
    assert configured("purge", "--guest", stay["check_in"]["id"], "--yes").code == 0
    result = configured("show", stay["check_out"]["id"], lang=lang)
    assert (result.code, result.err) == (0, "")
    words = "The guest's data were erased on {moment}. The receipt is kept."
    assert result.out.count(spoken(lang, words, moment=at(lang, 24, "20:30"))) == 1
    assert all(report["receipt"]["number"] in result.out for report in stay.values())
    what, why = spoken(lang, "guest's data erased"), spoken(lang, "at the guest's request")
    assert result.out.count(f"{what}: {why} ({user_name()})") == 3
    assert not any(word in result.all for word in QUENTIN.words)


def test_a_trail_that_cannot_be_read(configured: Apoa, stay: dict[str, Any]) -> None:
    """An audit trail that cannot be read is an error; the reports are shown without it."""
    configured.change_database("UPDATE audit SET at = 'yesterday'")
    result = configured("show", stay["check_in"]["id"])
    assert result.code == 0
    assert str(configured.home / "melati" / "outbox.db") in result.err
    assert [line.split()[1] for line in result.out.splitlines() if line[:2] in {"1.", "2.", "3."}] == [
        "check-in",
        "correction",
        "check-out",
    ]
    assert spoken("en", "Made: {moment}", moment=at("en", 24, "20:10")) in result.out


def test_one_broken_seal(configured: Apoa, stay: dict[str, Any]) -> None:
    """A report whose seal is broken is an error; the others are shown in full."""
    configured.change_database("UPDATE reports SET content = zeroblob(200) WHERE kind = 'amend'")
    result = configured("show", stay["check_in"]["id"])
    assert result.code == 0
    assert "not deleted" in result.err
    assert result.out.count("Receipt number") == 3
    assert "AC rusak" not in result.out
    value = configured("show", stay["check_in"]["id"], "--json").json
    assert [item.get("sealed", False) for item in value["story"]] == [False, True, False]


def test_control_characters(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control characters from a server, a user's name or the file do not reach the terminal."""
    hostile_text = "".join(DANGEROUS) + "made"
    monkeypatch.setattr("apoa_client.settings.folders.user_name", lambda: hostile_text)
    found = [{"field": f"guest.{hostile_text}", "code": "x", "message": hostile_text}]
    with listening(Hostile(results={"status": "rejected", "errors": found, "warnings": found})) as url:
        assert apoa.set_up(url).code == 0
        report = apoa(*QUENTIN.mrz("--json")).json
    apoa.change_database("UPDATE audit SET action = 'x' || char(27), detail = char(27) WHERE action = 'rejected'")
    result = apoa("show", report["id"])
    assert "made" in result.out
    assert_sanitized(result.out)
