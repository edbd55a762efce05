"""`apoa report`: the main job, from the passport's two lines or typed, to the receipt or the queue."""

import re

import pytest
from cli_helpers import GUESTS, LANGUAGES, QUENTIN, REPORT_KEYS, XIMENA, Apoa, Serve, assert_form, spoken

from apoa_client.cli.views.findings import EMPTY_REPORT

WRONG_DIGIT = (
    QUENTIN.lines[0],
    QUENTIN.lines[1][:19] + str((int(QUENTIN.lines[1][19]) + 1) % 10) + QUENTIN.lines[1][20:],
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_is_saved_sent_and_receipted(configured: Apoa, lang: str) -> None:
    """Two lines on stdout: saved, under its short id; and the authority's receipt number."""
    said = configured(*QUENTIN.mrz(), lang=lang)
    assert said.code == 0
    [report] = configured.reports()
    number = report["receipt"]["number"]
    assert said.out.splitlines() == [
        spoken(lang, "Saved: {name}, report {id}.", name=QUENTIN.name, id=report["short_id"]),
        spoken(lang, "Sent. Receipt number: {number}", number=number),
    ]
    assert said.err == ""
    assert report["state"] == "accepted"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_an_authority_it_is_queued_with_its_deadline(away: Apoa, lang: str) -> None:
    """Saved is what counts: exit 0, the deadline in the property's zone, and what to do."""
    said = away(*QUENTIN.mrz(), lang=lang)
    assert said.code == 0
    due = f"25 {spoken(lang, 'Nov')} 2026 20:00 WIB"
    sentence = "In the queue, not sent yet. Due by {due}. Send what waits with: apoa sync"
    assert said.out.splitlines()[1] == spoken(lang, sentence, due=due)
    assert (
        spoken(lang, "The authority cannot be reached now ({host}). Is the internet down?", host="127.0.0.1")
        in said.err
    )
    [report] = away.reports()
    assert (report["state"], report["attempts"], report["last_error"]) == ("queued", 1, "offline")


def test_json_has_the_fixed_form(configured: Apoa) -> None:
    """Key for key and type for type, sent or not."""
    sent = configured(*QUENTIN.mrz("--json")).json
    waiting = configured(*XIMENA.mrz("--json", "--no-send")).json
    for value in (sent, waiting):
        assert_form(value, REPORT_KEYS)
    assert re.fullmatch(r"[0-9a-f-]{36}", sent["id"])
    assert sent["id"].endswith(sent["short_id"])
    assert sent["created_at"] == "2026-11-24T20:00:00+07:00"
    assert sent["due_at"] == "2026-11-25T20:00:00+07:00"
    assert list(sent["receipt"]) == ["number", "issued_at", "source"]
    assert (waiting["state"], waiting["receipt"], waiting["attempts"]) == ("queued", None, 0)
    assert sent["guest"]["document"]["mrz"] == list(QUENTIN.lines)
    assert sent["guest"]["stay_permit"] == {"code": "B1", "number": None, "valid_until": None, "entry_date": None}
    assert sent["stay"] == {
        "check_in": "2026-11-24T20:00:00+07:00",
        "planned_check_out": "2026-11-26",
        "room": "7",
        "purpose": "tourism",
        "note": None,
    }


def test_every_option_reaches_the_report(away: Apoa) -> None:
    """A guest typed field by field, in the words that staff use, with all that is optional."""
    said = away(
        *(
            "report",
            "--surname",
            "Muñoz",
            "--given-names",
            "Zoë",
            "--document-number",
            "ab 12-04976",
            "--sex",
            "perempuan",
        ),
        *(
            "--nationality",
            "Spanyol",
            "--issuing-state",
            "swe",
            "--birth-date",
            "29/02/1992",
            "--expiry-date",
            "30/03/2030",
        ),
        *(
            "--birth-place",
            "-",
            "--check-in",
            "2026-11-24T19:50",
            "--planned-check-out",
            "27/11/2026",
            "--room",
            "Melati 7",
        ),
        *("--purpose", "bisnis", "--stay-permit", "B1", "--stay-permit-number", "X9", "--stay-until", "2026-12-20"),
        *(
            "--entry-date",
            "2026-11-21",
            "--phone",
            "+34 91 1234567",
            "--email",
            "zoe@example.com",
            "--note",
            "datang malam",
        ),
        *("--yes", "--no-send", "--json"),
    )
    assert said.code == 0, said.err
    value = said.json
    assert value["guest"] == {
        "surname": "MUÑOZ",
        "given_names": "ZOË",
        "sex": "F",
        "birth_date": "1992-02-29",
        "birth_place": "-",
        "nationality": "ESP",
        "document": {
            "type": "P",
            "number": "AB1204976",
            "issuing_state": "SWE",
            "expiry_date": "2030-03-30",
            "mrz": None,
        },
        "stay_permit": {"code": "B1", "number": "X9", "valid_until": "2026-12-20", "entry_date": "2026-11-21"},
        "phone": "+34 91 1234567",
        "email": "zoe@example.com",
    }
    assert value["stay"] == {
        "check_in": "2026-11-24T19:50:00+07:00",
        "planned_check_out": "2026-11-27",
        "room": "Melati 7",
        "purpose": "business",
        "note": "datang malam",
    }
    assert [warning["code"] for warning in value["warnings"]] == ["implausible"]


def test_typed_and_read_make_the_same_guest(away: Apoa) -> None:
    """What the two lines say and what is typed differ in the lines alone."""
    read, typed = away.save()["guest"], away(*QUENTIN.typed("--no-send", "--json", "--again")).json["guest"]
    assert read["document"].pop("mrz") == list(QUENTIN.lines)
    assert typed["document"].pop("mrz") is None
    assert read == typed


def test_an_option_wins_over_the_lines_and_says_so(away: Apoa) -> None:
    """The person with the passport in hand knows better, and the conflict is on record."""
    said = away(*QUENTIN.mrz("--given-names", "Kwentin", "--no-send", "--json"))
    assert said.code == 0
    assert said.json["guest"]["given_names"] == "KWENTIN"
    [warning] = said.json["warnings"]
    assert (warning["field"], warning["code"]) == ("guest.given_names", "conflict")
    [kept] = away.reports()
    assert kept["warnings"] == said.json["warnings"]
    assert warning["message"] in said.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_saved_by_a_dry_run(away: Apoa, lang: str) -> None:
    """The whole report is shown, and nothing is kept."""
    said = away(*QUENTIN.mrz("--dry-run"), lang=lang)
    assert said.code == 0
    assert said.out.strip() == spoken(lang, "Everything is in order. Nothing was saved (--dry-run).")
    assert QUENTIN.surname in said.err
    value = away(*QUENTIN.mrz("--dry-run", "--json"), lang=lang)
    assert_form(value.json, REPORT_KEYS)
    assert (value.json["id"], value.json["state"], value.json["kind"]) == (None, None, "check_in")
    assert value.json["guest"]["surname"] == QUENTIN.surname
    assert away.reports() == []


def test_a_dry_run_refuses_what_a_report_refuses(away: Apoa) -> None:
    """Exit 65, as without --dry-run."""
    first, second = WRONG_DIGIT
    assert away("report", "--mrz", first, "--mrz", second, "--dry-run").code == 65


@pytest.mark.parametrize("joined", ["\n", "\r\n", "\n\n"])
def test_both_lines_come_from_standard_input(away: Apoa, joined: str) -> None:
    """`--mrz -` reads what a passport reader types, with whatever line ends it has."""
    arguments = ["report", "--mrz", "-", "--birth-place", "GDANSK", "--nights", "1", "--no-send", "--json"]
    said = away(*arguments, stdin=joined.join(QUENTIN.lines) + joined)
    assert said.code == 0, said.err
    assert said.json["guest"]["surname"] == QUENTIN.surname


def test_empty_standard_input_is_a_report_with_everything_missing(away: Apoa) -> None:
    """Nothing came: every field is named, and nothing is asked."""
    said = away("report", "--mrz", "-", "--json", stdin="")
    assert said.code == 65
    assert {error["code"] for error in said.json["errors"]} == {"missing"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_refusal_has_the_form_of_a_report(away: Apoa, lang: str) -> None:
    """Without a terminal, every missing field is named at once; in JSON the report that never was has no id."""
    said = away("report", "--json", lang=lang)
    assert said.code == 65
    assert_form(said.json, REPORT_KEYS)
    assert {key: value for key, value in said.json.items() if key not in {"errors", "warnings"}} == EMPTY_REPORT
    assert len(said.json["errors"]) == 8
    plain = away("report", lang=lang)
    assert (plain.code, plain.out) == (65, "")
    assert all(error["message"] in plain.err for error in said.json["errors"])
    assert away.reports() == []


def test_a_suggestion_is_shown(away: Apoa) -> None:
    """An unknown country's name comes with the one that was probably meant."""
    said = away(*QUENTIN.typed("--nationality", "Polland"))
    assert said.code == 65
    assert "Perhaps: POL" in said.err


def test_a_check_digit_can_be_overruled_and_the_note_says_so(away: Apoa) -> None:
    """--accept-check-digit: the person compared it with the page; the lines themselves are no evidence any more."""
    first, second = WRONG_DIGIT
    options = [
        "--birth-place",
        "X",
        "--nights",
        "1",
        "--stay-permit",
        "B1",
        "--no-send",
        "--json",
        "--accept-check-digit",
    ]
    said = away("report", "--mrz", first, "--mrz", second, *options)
    assert said.code == 0, said.err
    assert said.json["guest"]["document"]["mrz"] is None
    assert said.json["stay"]["note"].startswith("Angka periksa MRZ")


def test_warnings_are_shown_and_sent_all_the_same(configured: Apoa) -> None:
    """A late report and an expired passport: warned of on stderr, sent, and still there in `show`."""
    said = configured(*QUENTIN.typed("--expiry-date", "2026-01-01", "--check-in", "2026-11-22T12:00"))
    assert said.code == 0, said.err
    assert "Sent. Receipt number" in said.out
    assert "expired" in said.err
    assert "late" in said.err
    [report] = configured.reports()
    assert {warning["code"] for warning in report["warnings"]} == {"expired", "late"}
    assert "expired" in configured("show", report["short_id"]).out


UNACCOMPANIED_MINOR = (
    "The guest is under 18, and no adult is reported along with them for the same room and nights. Make sure that an "
    "adult is there; Indonesian parents, for example, are not reported."
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_child_alone_is_warned_of(configured: Apoa, lang: str) -> None:
    """On the screen, before what the register says, in JSON and in `show`; it is sent all the same."""
    said = configured(*QUENTIN.typed("--birth-date", "2015-03-01", "--expiry-date", "2026-11-25"), lang=lang)
    assert said.code == 0, said.err
    assert spoken(lang, UNACCOMPANIED_MINOR) in said.err
    [report] = configured.reports()
    assert report["receipt"] is not None
    assert [warning["code"] for warning in report["warnings"]] == ["child_alone", "expires_during_stay"]
    assert spoken(lang, UNACCOMPANIED_MINOR) in configured("show", report["short_id"], lang=lang).out


def test_a_child_who_is_reported_again_is_warned_of_too(away: Apoa) -> None:
    """The refusal names what else there is to know, as it does of everyone."""
    child = QUENTIN.typed("--birth-date", "2015-03-01", "--no-send", "--json")
    assert [warning["code"] for warning in away(*child).json["warnings"]] == ["child_alone"]
    again = away(*child)
    assert again.code == 65
    assert [warning["code"] for warning in again.json["warnings"]] == ["child_alone"]
    assert [error["code"] for error in again.json["errors"]] == ["duplicate"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_refusal_by_the_authority_is_told(apoa: Apoa, serve: Serve, lang: str) -> None:
    """Saved and refused: the state, and what the authority said about it, on the screen and in `show`."""
    apoa.set_up(serve("reject").base_url)
    said = apoa(*QUENTIN.mrz(), lang=lang)
    assert said.code == 0
    assert spoken(lang, "The authority refused this report:") in said.out
    [report] = apoa.reports()
    assert report["state"] == "rejected"
    assert report["errors"]
    assert report["errors"][0]["message"] in said.out
    shown = apoa("show", report["id"], lang=lang)
    assert report["errors"][0]["message"] in shown.out
    assert apoa("status", "--alarm").code == 75


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_pending_verdict_and_a_duplicate_are_told(apoa: Apoa, serve: Serve, lang: str) -> None:
    """Neither is mistaken for a receipt of this report."""
    apoa.set_up(serve("pending,duplicate").base_url)
    pending, duplicate = apoa(*QUENTIN.mrz(), lang=lang), apoa(*XIMENA.mrz(), lang=lang)
    assert spoken(lang, "Sent. The authority has not decided yet; the next apoa sync asks again.") in pending.out
    sentence = "This guest was already reported for that night; the number is that report's."
    assert spoken(lang, sentence) in duplicate.out
    assert [report["last_error"] for report in apoa.reports()] == [None, "duplicate"]


def test_verdicts_are_in_the_json(apoa: Apoa, serve: Serve) -> None:
    """The authority's violations stand in the report's own `errors`, with the authority's codes."""
    apoa.set_up(serve("reject").base_url)
    said = apoa(*QUENTIN.mrz("--json"))
    assert said.code == 0
    assert_form(said.json, REPORT_KEYS)
    assert said.json["state"] == "rejected"
    assert said.json["errors"] == apoa.reports()[0]["errors"] != []


def test_quiet_does_not_tell_that_the_line_is_down(away: Apoa) -> None:
    """`-q`: the report is queued, and the rest need nobody's attention."""
    said = away("-q", *QUENTIN.mrz())
    assert (said.code, said.err) == (0, "")


def test_a_report_waits_behind_none_of_another_guest(away: Apoa) -> None:
    """Three guests, three queued reports, three different ids."""
    for guest in GUESTS:
        away.save(guest)
    reports = away.reports()
    assert [report["guest"]["surname"] for report in reports] == [guest.surname for guest in GUESTS]
    assert len({report["id"] for report in reports}) == len({report["stay_id"] for report in reports}) == 3


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_indonesian_guest_is_no_mistake(away: Apoa, lang: str) -> None:
    """Refused, because there is nothing to report; and nobody is told to correct it."""
    said = away(*QUENTIN.typed("--nationality", "Indonesia", "--no-send"), lang=lang)
    assert said.code == 65
    assert spoken(lang, "Nothing was saved, and nothing needs to be saved.") in said.err
    assert spoken(lang, "Correct what is listed and run the command again.") not in said.err
    assert away.reports() == []
