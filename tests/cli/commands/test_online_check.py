"""What the authority would say: `apoa report --dry-run` and `apoa check --online`. Nothing is stored."""

from typing import Any

import pytest
from cli_helpers import LANGUAGES, NOWHERE, QUENTIN, XIMENA, Apoa, Serve, spoken

from apoa_client.cli.prompts import online_check
from apoa_client.sandbox import decisions
from apoa_client.sandbox.validation import Violation

PAGE = ["GDANSK", "B1", "2", "7"]
CHECK = ["check", *QUENTIN.mrz()[1:5], "--birth-place", "GDANSK", "--online"]
NOT_ASKED: dict[str, Any] = {"asked": False, "status": None, "errors": [], "warnings": [], "missing": [], "error": None}
ASKED = {**NOT_ASKED, "asked": True, "status": "accepted"}


def online(apoa: Apoa, *arguments: str) -> Any:
    """Return the member `online` of a command's JSON document."""
    return apoa(*arguments, "--json").json["online"]


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority with a rule that the client does not know."""
    rule = Violation("stay.room", "no_such_room", "There is no such room.")
    monkeypatch.setattr(decisions, "rule_violations", lambda *_report: (rule,))


class TestADryRun:
    """It asks the authority where it can be reached."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_report_that_would_be_accepted(self, configured: Apoa, lang: str) -> None:
        """One line says so. Nothing is saved, here and there."""
        said = configured(*QUENTIN.mrz("--dry-run"), lang=lang)
        assert said.code == 0
        assert spoken(lang, "The authority would accept this report.") in said.err
        assert spoken(lang, "Everything is in order. Nothing was saved (--dry-run).") in said.out
        assert configured.reports() == []
        assert configured.send(QUENTIN)["state"] == "accepted"
        assert configured.reports()[0]["last_error"] is None

    def test_in_json(self, configured: Apoa) -> None:
        """The status, and both lists of findings with the authority's codes."""
        assert online(configured, *QUENTIN.mrz("--dry-run")) == ASKED

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.usefixtures("strict")
    def test_a_report_that_would_be_refused(self, configured: Apoa, lang: str) -> None:
        """With the authority's words and codes; the exit code is that of a refused report."""
        said = configured(*QUENTIN.mrz("--dry-run"), lang=lang)
        value = online(configured, *QUENTIN.mrz("--dry-run"))
        assert (value["asked"], value["status"]) == (True, "rejected")
        assert [(each["field"], each["code"]) for each in value["errors"]] == [("stay.room", "no_such_room")]
        assert said.code == 65
        assert spoken(lang, "The authority would refuse this report:") in said.err
        assert "There is no such room. [no_such_room]" in said.err
        assert said.out.strip() == spoken(lang, "Nothing was saved (--dry-run).")

    def test_not_with_no_send(self, configured: Apoa) -> None:
        """Then there is no call."""
        assert online(configured, *QUENTIN.mrz("--dry-run", "--no-send")) is None

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_offline(self, away: Apoa, lang: str) -> None:
        """One quiet line, and no error."""
        said = away(*QUENTIN.mrz("--dry-run"), lang=lang)
        reason = spoken(lang, "The authority cannot be reached now ({host}). Is the internet down?", host="127.0.0.1")
        line = spoken(lang, "The authority was not asked: {reason}", reason=reason)
        assert (said.code, said.err.count(line)) == (0, 1)
        value = online(away, *QUENTIN.mrz("--dry-run"))
        assert (value["asked"], value["error"]["class"]) == (False, "offline")

    @pytest.mark.parametrize(
        ("faults", "error"),
        [
            ("reports:429=600", "authority_busy"),
            ("token:ok,token:401*2", "wrong_password"),
            ("reports:403", "account_suspended"),
        ],
    )
    def test_while_no_call_may_be_made(self, apoa: Apoa, serve: Serve, faults: str, error: str) -> None:
        """Suspended, or asked to wait: none is made, so that the account is not locked."""
        server = serve(faults)
        assert apoa.set_up(server.base_url).code == 0
        apoa.save()
        apoa("sync")
        server.stop()
        value = online(apoa, *XIMENA.mrz("--dry-run"))
        assert (value["asked"], value["error"]["class"]) == (False, error)

    @pytest.mark.parametrize("fault", ["500", "portal", "truncated", "403", "429=60"])
    def test_a_broken_answer(self, apoa: Apoa, serve: Serve, fault: str) -> None:
        """It is as if the line were down."""
        assert apoa.set_up(serve(f"meta:ok,meta:{fault}").base_url).code == 0
        said = apoa(*QUENTIN.mrz("--dry-run"))
        assert (said.code, said.err.count("The authority was not asked: ")) == (0, 1)

    def test_a_slow_authority(self, apoa: Apoa, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is not waited for longer than at a desk."""
        monkeypatch.setattr(online_check, "SEND_TIMEOUT_S", 0.2)
        assert apoa.set_up(serve("meta:ok,meta:slow=5").base_url).code == 0
        assert online(apoa, *QUENTIN.mrz("--dry-run"))["error"]["class"] == "timed_out"

    def test_in_training(self, apoa: Apoa) -> None:
        """The built-in authority answers."""
        assert apoa("setup", "--non-interactive", "--training", "--property", "melati", "--vault", "file").code == 0
        assert online(apoa, *QUENTIN.mrz("--dry-run")) == ASKED

    def test_after_the_review_card(self, configured: Apoa) -> None:
        """Of each guest of the group, with the name."""
        keys = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1", "", ""]
        said = configured("report", "--dry-run", keys=keys)
        assert said.code == 0, said.all
        assert said.err.count("The authority would accept this report.") == 2
        assert f"{XIMENA.name}\nThe authority would accept this report." in said.err
        assert configured.reports() == []


class TestACheckOnline:
    """`apoa check --online`: the document, as if the guest arrived now for one night."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_guest_whom_the_authority_would_take(self, configured: Apoa, lang: str) -> None:
        """One line says so below the document."""
        said = configured(*CHECK, lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "The authority would accept this report.") in said.out
        assert configured.reports() == []
        assert online(configured, *CHECK) == ASKED

    @pytest.mark.usefixtures("strict")
    def test_a_guest_whom_the_authority_would_refuse(self, configured: Apoa) -> None:
        """The document is valid, and the exit code is that of refused data."""
        said = configured(*CHECK, "--json")
        assert (said.code, said.json["valid"], said.json["online"]["status"]) == (65, True, "rejected")

    def test_missing_details_are_named(self, configured: Apoa) -> None:
        """A report needs the place of birth, which is not in the MRZ."""
        without = ["check", *QUENTIN.mrz()[1:5], "--online"]
        assert online(configured, *without) == {**NOT_ASKED, "missing": ["guest.birth_place"]}
        said = configured(*without)
        assert (said.code, "The authority was not asked: a report also needs: Place of birth." in said.out) == (0, True)

    def test_an_invalid_document_is_not_sent(self, configured: Apoa) -> None:
        """It is corrected first."""
        first, second = QUENTIN.lines
        wrong = ["--mrz", first, "--mrz", second.replace("ZX1234567", "ZX1234568")]
        said = configured("check", *wrong, "--birth-place", "GDANSK", "--online", "--json")
        assert (said.code, said.json["online"]) == (65, None)

    def test_several_documents(self, configured: Apoa) -> None:
        """Each has its answer."""
        lines = "\n\n".join("\n".join(guest.lines) for guest in (QUENTIN, XIMENA))
        found = configured("check", "--mrz", "-", "--online", "--json", stdin=lines).json["results"]
        assert [each["online"]["missing"] for each in found] == [["guest.birth_place"]] * 2
        assert configured("check", "--mrz", "-", "--online", stdin=lines).out.count("Place of birth") >= 2

    def test_offline_is_an_error_of_this_command(self, away: Apoa) -> None:
        """It was asked for; the document is checked all the same."""
        said = away(*CHECK)
        assert (said.code, QUENTIN.surname in said.out) == (75, True)
        assert "The authority was not asked: " in said.out

    def test_without_a_property(self, apoa: Apoa) -> None:
        """There is no authority to ask: set one up."""
        said = apoa(*CHECK)
        assert (said.code, "apoa setup" in said.err) == (78, True)

    def test_a_property_by_hand(self, apoa: Apoa) -> None:
        """Has no authority either."""
        by_hand = ["--by-hand", "--property", "melati", "--vault", "file"]
        assert apoa("setup", "--non-interactive", *by_hand).code == 0
        assert apoa(*CHECK).code == 78
        assert online(apoa, *QUENTIN.mrz("--dry-run")) is None

    def test_check_alone_makes_no_call(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not even to look up a name."""
        monkeypatch.setattr("socket.socket.connect", lambda *_call: pytest.fail("a call"))
        assert NOWHERE
        said = away(*CHECK[:-1], "--json")
        assert (said.code, "online" in said.json) == (0, False)
