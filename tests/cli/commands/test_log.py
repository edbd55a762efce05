"""`apoa log`: who did what to which report when, and whether that is as it was written."""

import sys
from datetime import timedelta

import pytest
from cli_helpers import DANGEROUS, LANGUAGES, QUENTIN, XIMENA, Apoa, Serve, assert_sanitized, spoken

from apoa_client.settings.user import user_name

ENTRY_KEYS = ["n", "at", "who", "action", "report", "detail", "link"]


def actions(apoa: Apoa, *options: str) -> list[str]:
    said = apoa("log", "--json", *options)
    assert said.code == 0, said.err
    return [entry["action"] for entry in said.json["entries"]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_table_for_people(configured: Apoa, lang: str) -> None:
    """Time in the property's zone, who, what in words, which report; nothing of the guest."""
    configured(*QUENTIN.mrz())
    [report] = configured.reports()
    said = configured("log", lang=lang)
    assert said.code == 0
    heads, set_up, saved, accepted = said.out.splitlines()
    assert heads.split()[0] == spoken(lang, "Time")
    assert spoken(lang, "set up") in set_up
    for line, words in ((saved, "saved"), (accepted, "accepted by the authority")):
        assert line.startswith(f"24 {spoken(lang, 'Nov')} 2026 20:00 WIB")
        assert user_name() in line
        assert spoken(lang, words) in line
        assert report["short_id"] in line
    assert not any(word in said.all for word in QUENTIN.words)


def test_a_table_on_a_terminal(configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn there."""
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    assert "set up" in configured("log").out


def test_json_has_the_fixed_form(configured: Apoa) -> None:
    """An object an entry, in the order in which things happened."""
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


def test_what_the_authority_answered(apoa: Apoa, serve: Serve) -> None:
    """Each answer, and each failure by its class; the words of the authority are not in it."""
    apoa.set_up(serve("500,defer=60,pending,reject").base_url)
    apoa.save(QUENTIN)
    for _time in range(4):
        apoa("sync")
        apoa.clock.forward(timedelta(minutes=2))
    apoa.save(XIMENA)
    apoa("sync")
    told = [(entry["action"], entry["detail"]) for entry in apoa("log", "--json").json["entries"]]
    first = [("saved", None), ("queued", "unknown_outcome"), ("deferred", None), ("pending", None), ("accepted", None)]
    assert told == [("set_up", None), *first, ("saved", None), ("rejected", None)]
    assert not any(word in apoa("log").out for word in QUENTIN.words)


def test_set_up_without_a_line(away: Apoa) -> None:
    """That the connection was not tested is told."""
    assert "connection not tested" in away("log").out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_logging_in_and_out_and_stops(apoa: Apoa, serve: Serve, lang: str) -> None:
    """What was done to the property: its password, a refused one that stopped sending, and the end of that."""
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
    for words in ("password stored", "sending stopped", "sending resumed", "password removed"):
        assert spoken(lang, words) in table
    assert "wrong_password" in table


def test_the_last_month_unless_asked(away: Apoa) -> None:
    """By default 30 days; --since goes back further, in the property's days; --report through all time."""
    first = away.save(QUENTIN)
    away.clock.forward(timedelta(days=31))
    second = away.save(XIMENA)
    assert actions(away) == ["saved"]
    assert actions(away, "--since", "2026-11-24") == ["set_up", "saved", "saved"]
    assert actions(away, "--since", "25/11/2026") == ["saved"]
    for report in (first, second):
        for reference in (report["id"], report["short_id"], report["stay_id"]):
            said = away("log", "--report", reference, "--json")
            assert [entry["report"] for entry in said.json["entries"]] == [report["id"]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_and_nonsense(away: Apoa, lang: str) -> None:
    """No entries, in words; a report or a day that there is not, as a usage mistake."""
    assert away("log", "--since", "2027-01-01", lang=lang).out.strip() == spoken(lang, "No entries.")
    for option in ("--report", "--since"):
        said = away("log", option, "zzzz", lang=lang)
        assert (said.code, said.out) == (2, "")


def test_a_name_that_a_terminal_would_obey(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's name, or what a stranger wrote into the file, moves no cursor."""
    monkeypatch.setattr("apoa_client.settings.user.user_name", lambda: "".join(DANGEROUS) + "made")
    away.save()
    away.change_database("UPDATE audit SET action = 'x' || char(27), detail = char(27), report = char(27) WHERE n = 1")
    said = away("log")
    assert "made" in said.out
    assert_sanitized(said.out)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_whole_trail_verifies(configured: Apoa, lang: str) -> None:
    """Exit 0, how many entries, and the last one's fingerprint to note elsewhere."""
    configured(*QUENTIN.mrz())
    link = configured("log", "--json").json["entries"][-1]["link"]
    said = configured("log", "--verify", lang=lang)
    assert said.code == 0
    assert spoken(lang, "The log is whole. Entries: {count}", count=3) in said.out
    assert link in said.out
    expected = {"whole": True, "entries": 3, "link": link, "wrong": None, "missing": False}
    assert configured("log", "--verify", "--json", lang=lang).json == expected


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
def test_a_broken_trail_is_named(configured: Apoa, lang: str, statement: str, number: int, sentence: str) -> None:
    """Exit 78, and the first entry that was changed or cut out; reporting goes on all the same."""
    configured(*QUENTIN.mrz())
    configured.change_database(statement)
    said = configured("log", "--verify", lang=lang)
    assert said.code == 78
    assert spoken(lang, sentence, number=number) in said.err
    value = configured("log", "--verify", "--json", lang=lang)
    assert (value.code, value.json["whole"], value.json["wrong"]) == (78, False, number)
    assert value.json["missing"] is (sentence == MISSING)
    assert configured(*XIMENA.mrz()).code == 0
    assert configured("log", "--verify").code == 78
