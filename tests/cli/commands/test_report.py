"""`apoa report`: a report from the MRZ or from typed fields is sent, or is queued."""

import re

import pytest
from cli_helpers import GUESTS, LANGUAGES, QUENTIN, REPORT_KEYS, XIMENA, Apoa, Serve, assert_form, spoken, time_in

from apoa_client.cli.views.findings import EMPTY_REPORT
from apoa_client.errors import Exit

WRONG_DIGIT = (
    QUENTIN.lines[0],
    QUENTIN.lines[1][:19] + str((int(QUENTIN.lines[1][19]) + 1) % 10) + QUENTIN.lines[1][20:],
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_is_saved_and_sent(configured: Apoa, lang: str) -> None:
    """Stdout has two lines: the short id of the saved report and the receipt number."""
    result = configured(*QUENTIN.mrz(), lang=lang)
    assert result.code == 0
    [report] = configured.reports()
    number = report["receipt"]["number"]
    assert result.out.splitlines() == [
        spoken(lang, "Saved: {name}, report {id}.", name=QUENTIN.name, id=report["short_id"]),
        spoken(lang, "Sent. Receipt number: {number}", number=number),
    ]
    assert result.err == ""
    assert report["state"] == "accepted"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_is_queued_with_its_deadline_when_offline(away: Apoa, lang: str) -> None:
    """A saved report exits with 0 and shows the deadline in the property's time zone and the next command."""
    result = away(*QUENTIN.mrz(), lang=lang)
    assert result.code == 0
    due = time_in(lang, f"25 {spoken(lang, 'Nov')} 2026 20:00 WIB")
    sentence = "In the queue, not sent yet. Due by {due}. Send what waits with: apoa sync"
    assert result.out.splitlines()[1] == spoken(lang, sentence, due=due)
    assert (
        spoken(lang, "The authority cannot be reached now ({host}). Is the internet down?", host="127.0.0.1")
        in result.err
    )
    [report] = away.reports()
    assert (report["state"], report["attempts"], report["last_error"]) == ("queued", 1, "offline")


def test_json_has_the_fixed_form(configured: Apoa) -> None:
    """The JSON has the fixed keys and types, whether the report is sent or not."""
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
    """Every option of a typed guest, with the words that staff use, is in the report."""
    result = away(
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
    assert result.code == 0, result.err
    value = result.json
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


def test_an_mrz_and_typed_fields_give_the_same_guest(away: Apoa) -> None:
    """A guest from the MRZ and a typed guest differ only in the MRZ itself."""
    from_mrz, typed = away.save()["guest"], away(*QUENTIN.typed("--no-send", "--json", "--again")).json["guest"]
    assert from_mrz["document"].pop("mrz") == list(QUENTIN.lines)
    assert typed["document"].pop("mrz") is None
    assert from_mrz == typed


def test_an_option_overrides_the_mrz_with_a_warning(away: Apoa) -> None:
    """A value given as an option replaces the value of the MRZ, and the report keeps a warning of the conflict."""
    result = away(*QUENTIN.mrz("--given-names", "Kwentin", "--no-send", "--json"))
    assert result.code == 0
    assert result.json["guest"]["given_names"] == "KWENTIN"
    [warning] = result.json["warnings"]
    assert (warning["field"], warning["code"]) == ("guest.given_names", "conflict")
    [kept] = away.reports()
    assert kept["warnings"] == result.json["warnings"]
    assert warning["message"] in result.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_dry_run_saves_nothing(away: Apoa, lang: str) -> None:
    """A dry run shows the whole report and saves nothing."""
    result = away(*QUENTIN.mrz("--dry-run"), lang=lang)
    assert result.code == 0
    assert result.out.strip() == spoken(lang, "Everything is in order. Nothing was saved (--dry-run).")
    assert QUENTIN.surname in result.err
    value = away(*QUENTIN.mrz("--dry-run", "--json"), lang=lang)
    assert_form(value.json, {**REPORT_KEYS, "online": dict})
    assert (value.json["id"], value.json["state"], value.json["kind"]) == (None, None, "check_in")
    assert value.json["guest"]["surname"] == QUENTIN.surname
    assert away.reports() == []


def test_a_dry_run_refuses_what_a_report_refuses(away: Apoa) -> None:
    """A dry run exits with 65 for an invalid report."""
    first, second = WRONG_DIGIT
    assert away("report", "--mrz", first, "--mrz", second, "--dry-run").code == 65


@pytest.mark.parametrize("joined", ["\n", "\r\n", "\n\n"])
def test_both_lines_come_from_standard_input(away: Apoa, joined: str) -> None:
    """`--mrz -` reads the two lines from standard input with any line ends."""
    arguments = ["report", "--mrz", "-", "--birth-place", "GDANSK", "--nights", "1", "--no-send", "--json"]
    result = away(*arguments, stdin=joined.join(QUENTIN.lines) + joined)
    assert result.code == 0, result.err
    assert result.json["guest"]["surname"] == QUENTIN.surname


def test_empty_standard_input_has_every_field_missing(away: Apoa) -> None:
    """With empty standard input every required field is an error, and nothing is asked."""
    result = away("report", "--mrz", "-", "--json", stdin="")
    assert result.code == 65
    assert {error["code"] for error in result.json["errors"]} == {"missing"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_refused_report_has_the_form_of_a_report(away: Apoa, lang: str) -> None:
    """Without a terminal all missing fields are listed at once; in JSON the report that was not saved has no id."""
    result = away("report", "--json", lang=lang)
    assert result.code == 65
    assert_form(result.json, REPORT_KEYS)
    assert {key: value for key, value in result.json.items() if key not in {"errors", "warnings"}} == EMPTY_REPORT
    assert len(result.json["errors"]) == 8
    plain = away("report", lang=lang)
    assert (plain.code, plain.out) == (65, "")
    assert all(error["message"] in plain.err for error in result.json["errors"])
    assert away.reports() == []


def test_a_suggestion_is_shown(away: Apoa) -> None:
    """The error about an unknown country suggests the most similar one."""
    result = away(*QUENTIN.typed("--nationality", "Polland"))
    assert result.code == 65
    assert "Perhaps: POL" in result.err


def test_an_accepted_check_digit_is_in_the_note(away: Apoa) -> None:
    """With `--accept-check-digit` a wrong check digit is accepted, the note says so, and the MRZ is not kept."""
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
    result = away("report", "--mrz", first, "--mrz", second, *options)
    assert result.code == 0, result.err
    assert result.json["guest"]["document"]["mrz"] is None
    assert result.json["stay"]["note"].startswith("Angka periksa MRZ")


def test_a_report_with_warnings_is_sent(configured: Apoa) -> None:
    """A late report with an expired passport is sent, and the warnings are on stderr and in `show`."""
    result = configured(*QUENTIN.typed("--expiry-date", "2026-01-01", "--check-in", "2026-11-22T12:00"))
    assert result.code == 0, result.err
    assert "Sent. Receipt number" in result.out
    assert "expired" in result.err
    assert "late" in result.err
    [report] = configured.reports()
    assert {warning["code"] for warning in report["warnings"]} == {"expired", "late"}
    assert "expired" in configured("show", report["short_id"]).out


UNACCOMPANIED_MINOR = (
    "The guest is under 18, and no adult is reported along with them for the same room and nights. Make sure that an "
    "adult is there; Indonesian parents, for example, are not reported."
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unaccompanied_minor_gives_a_warning(configured: Apoa, lang: str) -> None:
    """The report is sent, and the warning is on the screen, in JSON and in `show`."""
    result = configured(*QUENTIN.typed("--birth-date", "2015-03-01", "--expiry-date", "2026-11-25"), lang=lang)
    assert result.code == 0, result.err
    assert spoken(lang, UNACCOMPANIED_MINOR) in result.err
    [report] = configured.reports()
    assert report["receipt"] is not None
    assert [warning["code"] for warning in report["warnings"]] == ["child_alone", "expires_during_stay"]
    assert spoken(lang, UNACCOMPANIED_MINOR) in configured("show", report["short_id"], lang=lang).out


def test_a_duplicate_of_a_minor_has_both_findings(away: Apoa) -> None:
    """A refused duplicate also has the warning about an unaccompanied minor."""
    child = QUENTIN.typed("--birth-date", "2015-03-01", "--no-send", "--json")
    assert [warning["code"] for warning in away(*child).json["warnings"]] == ["child_alone"]
    again = away(*child)
    assert again.code == 65
    assert [warning["code"] for warning in again.json["warnings"]] == ["child_alone"]
    assert [error["code"] for error in again.json["errors"]] == ["duplicate"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_refusal_by_the_authority_is_shown(apoa: Apoa, serve: Serve, lang: str) -> None:
    """The screen and `show` have the refused state and the authority's message."""
    apoa.set_up(serve("reject").base_url)
    result = apoa(*QUENTIN.mrz(), lang=lang)
    assert result.code == Exit.DATA_REFUSED
    assert spoken(lang, "The authority refused this report:") in result.out
    [report] = apoa.reports()
    assert report["state"] == "rejected"
    assert report["errors"]
    assert report["errors"][0]["message"] in result.out
    shown = apoa("show", report["id"], lang=lang)
    assert report["errors"][0]["message"] in shown.out
    assert apoa("status", "--alarm").code == 75


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_pending_verdict_and_a_duplicate_are_shown(apoa: Apoa, serve: Serve, lang: str) -> None:
    """Neither a pending verdict nor a duplicate is shown as a receipt of this report."""
    apoa.set_up(serve("pending,duplicate").base_url)
    pending, duplicate = apoa(*QUENTIN.mrz(), lang=lang), apoa(*XIMENA.mrz(), lang=lang)
    assert spoken(lang, "Sent. The authority has not decided yet; the next apoa sync asks again.") in pending.out
    sentence = "This guest was already reported for that night; the number is that report's."
    assert spoken(lang, sentence) in duplicate.out
    assert [report["last_error"] for report in apoa.reports()] == [None, "duplicate"]


def test_verdicts_are_in_the_json(apoa: Apoa, serve: Serve) -> None:
    """The `errors` of the report are the authority's errors with its codes."""
    apoa.set_up(serve("reject").base_url)
    result = apoa(*QUENTIN.mrz("--json"))
    assert result.code == Exit.DATA_REFUSED
    assert_form(result.json, REPORT_KEYS)
    assert result.json["state"] == "rejected"
    assert result.json["errors"] == apoa.reports()[0]["errors"] != []


def test_quiet_does_not_show_that_the_authority_is_offline(away: Apoa) -> None:
    """With `-q` the report is queued and stderr is empty."""
    result = away("-q", *QUENTIN.mrz())
    assert (result.code, result.err) == (0, "")


def test_reports_of_several_guests_have_their_own_ids(away: Apoa) -> None:
    """Three guests give three queued reports with different report ids and stay ids."""
    for guest in GUESTS:
        away.save(guest)
    reports = away.reports()
    assert [report["guest"]["surname"] for report in reports] == [guest.surname for guest in GUESTS]
    assert len({report["id"] for report in reports}) == len({report["stay_id"] for report in reports}) == 3


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_indonesian_guest_needs_no_report(away: Apoa, lang: str) -> None:
    """An Indonesian guest is refused without the advice to correct the report."""
    result = away(*QUENTIN.typed("--nationality", "Indonesia", "--no-send"), lang=lang)
    assert result.code == 65
    assert spoken(lang, "Nothing was saved, and nothing needs to be saved.") in result.err
    assert spoken(lang, "Correct what is listed and run the command again.") not in result.err
    assert away.reports() == []
