"""`apoa log`: shows and verifies the audit trail."""

import sys
from datetime import timedelta

import pytest
from cli_helpers import DANGEROUS, LANGUAGES, QUENTIN, XIMENA, Apoa, Serve, assert_sanitized, spoken, time_in

from apoa_client.settings.folders import user_name

ENTRY_KEYS = ["n", "at", "who", "action", "report", "detail", "link"]


def actions(apoa: Apoa, *options: str) -> list[str]:
    result = apoa("log", "--json", *options)
    assert result.code == 0, result.err
    return [entry["action"] for entry in result.json["entries"]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_table(configured: Apoa, lang: str) -> None:
    """Shows the time in the property's zone, the user, the action and the report, but no data of the guest."""
    configured(*QUENTIN.mrz())
    [report] = configured.reports()
    result = configured("log", lang=lang)
    assert result.code == 0
    heads, set_up, saved, accepted = result.out.splitlines()
    assert heads.startswith(spoken(lang, "Time") + " (WIB)")
    assert spoken(lang, "set up") in set_up
    for line, words in ((saved, "saved"), (accepted, "accepted by the authority")):
        assert line.startswith(time_in(lang, f"24 {spoken(lang, 'Nov')} 2026 20:00 "))
        assert user_name() in line
        assert spoken(lang, words) in line
        assert report["short_id"] in line
    assert not any(word in result.all for word in QUENTIN.words)


def test_a_table_on_a_terminal(configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal shows the table too."""
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    assert "set up" in configured("log").out


def test_json_has_the_fixed_form(configured: Apoa) -> None:
    """`--json` prints one object per entry, in the order of the events."""
    configured(*QUENTIN.mrz())
    [report] = configured.reports()
    entries = configured("log", "--json").json["entries"]
    assert [list(entry) for entry in entries] == [ENTRY_KEYS] * 3
    assert [(entry["n"], entry["action"], entry["report"]) for entry in entries] == [
        (1, "set_up", None),
        (2, "saved", report["id"]),
        (3, "accepted", report["id"]),
    ]
    assert {entry["at"] for entry in entries} == {"2026-11-24T20:00:00+07:00"}
    assert {entry["who"] for entry in entries} == {user_name()}


def test_answers_of_the_authority_are_logged(apoa: Apoa, serve: Serve) -> None:
    """Logs each answer, and each failure by its class, without the text of the authority."""
    apoa.set_up(serve("500,defer=60,pending,reject").base_url)
    apoa.save(QUENTIN)
    for _time in range(4):
        apoa("sync")
        apoa.clock.forward(timedelta(minutes=2))
    apoa.save(XIMENA)
    apoa("sync")
    logged = [(entry["action"], entry["detail"]) for entry in apoa("log", "--json").json["entries"]]
    first = [("saved", None), ("queued", "unknown_outcome"), ("deferred", None), ("pending", None), ("accepted", None)]
    assert logged == [("set_up", None), *first, ("saved", None), ("rejected", None)]
    assert not any(word in apoa("log").out for word in QUENTIN.words)


def test_set_up_without_a_connection(away: Apoa) -> None:
    """The log says that the connection was not tested."""
    assert "connection not tested" in away("log").out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_login_logout_and_suspension_are_logged(apoa: Apoa, serve: Serve, lang: str) -> None:
    """Logs a stored and a removed password, and the start and end of a suspension."""
    server = serve()
    apoa.set_up(server.base_url)
    apoa.save()
    apoa("login", "--no-test", "--password-stdin", stdin="wrong\n")
    assert apoa("sync").code == 77
    apoa("login", "--password-stdin", stdin=f"{server.password}\n")
    apoa("logout")
    expected = ["logged_in", "sending_stopped", "logged_in", "sending_resumed", "logged_out"]
    assert [action for action in actions(apoa) if action in expected] == expected
    table = apoa("log", lang=lang).out
    for words in ("password stored", "sending stopped", "sending allowed again", "password removed"):
        assert spoken(lang, words) in table
    assert "wrong_password" in table


def test_shows_30_days_by_default(away: Apoa) -> None:
    """Shows 30 days; --since starts on a day of the property's zone, --report shows all entries of a report."""
    first = away.save(QUENTIN)
    away.clock.forward(timedelta(days=31))
    second = away.save(XIMENA)
    assert actions(away) == ["saved"]
    assert actions(away, "--since", "2026-11-24") == ["set_up", "saved", "saved"]
    assert actions(away, "--since", "25/11/2026") == ["saved"]
    for report in (first, second):
        for reference in (report["id"], report["short_id"], report["stay_id"]):
            result = away("log", "--report", reference, "--json")
            assert [entry["report"] for entry in result.json["entries"]] == [report["id"]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_entries_and_invalid_options(away: Apoa, lang: str) -> None:
    """An empty log is a sentence; an unknown report or an invalid day is a usage error."""
    assert away("log", "--since", "2027-01-01", lang=lang).out.strip() == spoken(lang, "No entries.")
    for option in ("--report", "--since"):
        result = away("log", option, "zzzz", lang=lang)
        assert (result.code, result.out) == (2, "")


def test_control_characters_are_sanitized(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control characters in a user's name or in a changed database do not reach the terminal."""
    monkeypatch.setattr("apoa_client.settings.folders.user_name", lambda: "".join(DANGEROUS) + "made")
    away.save()
    away.change_database("UPDATE audit SET action = 'x' || char(27), detail = char(27), report = char(27) WHERE n = 1")
    result = away("log")
    assert "made" in result.out
    assert_sanitized(result.out)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_damaged_entry(away: Apoa, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """Shows what can be read before it, then the error, with exit code 78; without anything before, only the error."""
    monkeypatch.setattr("apoa_client.outbox.sql.audit._BATCH", 1)
    away.save()
    away.change_database("UPDATE audit SET link = 'text' WHERE n = 2")
    result = away("log", "--json", lang=lang)
    assert (result.code, [entry["n"] for entry in result.json["entries"]]) == (78, [1])
    assert "outbox.db" in result.err
    away.change_database("UPDATE audit SET link = 'text'")
    result = away("log", "--json", lang=lang)
    assert (result.code, list(result.json)) == (78, ["error"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unchanged_log_is_verified(configured: Apoa, lang: str) -> None:
    """Exits with 0 and shows the number of entries and the link of the last one."""
    configured(*QUENTIN.mrz())
    link = configured("log", "--json").json["entries"][-1]["link"]
    result = configured("log", "--verify", lang=lang)
    assert result.code == 0
    assert spoken(lang, "The log is whole. Entries: {count}", count=3) in result.out
    assert link in result.out
    expected = {"whole": True, "entries": 3, "link": link, "wrong": None, "missing": False}
    reports = {"checked": 1, "with_key": True, "unauthenticated": 0, "doubts": []}
    assert configured("log", "--verify", "--json", lang=lang).json == {**expected, "reports": reports}


CHANGED = "Entry {number} of the log was changed, moved or inserted. Those before it are as they were written."
MISSING = "Entry {number} of the log is missing. Those before it are as they were written."


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("statement", "number", "sentence"),
    [
        ("UPDATE audit SET who = 'somebody else' WHERE n = 2", 2, CHANGED),
        ("DELETE FROM audit WHERE n = 2", 2, MISSING),
        ("DELETE FROM audit WHERE n = 3", 3, MISSING),
    ],
)
def test_a_changed_log_is_detected(configured: Apoa, lang: str, statement: str, number: int, sentence: str) -> None:
    """Exits with 78 and names the first changed or missing entry; reports can still be sent."""
    configured(*QUENTIN.mrz())
    configured.change_database(statement)
    result = configured("log", "--verify", lang=lang)
    assert result.code == 78
    assert spoken(lang, sentence, number=number) in result.err
    value = configured("log", "--verify", "--json", lang=lang)
    assert (value.code, value.json["whole"], value.json["wrong"]) == (78, False, number)
    assert value.json["missing"] is (sentence == MISSING)
    assert configured(*XIMENA.mrz()).code == 0
    assert configured("log", "--verify").code == 78
