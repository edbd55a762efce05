"""The authority's code tables: `apoa sync` fetches them daily, and the desk uses them without the network."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from cli_helpers import DANGEROUS, QUENTIN, XIMENA, Apoa, Serve, assert_sanitized, spoken
from report_helpers import NOMAD, ON_ARRIVAL, table

from apoa_client.sandbox.server import SandboxServer

DAY = timedelta(days=1)


LISTED = {"stay_permits": table("stay_permits", ON_ARRIVAL, NOMAD)}


@pytest.fixture
def authority(serve: Serve) -> SandboxServer:
    """An authority with stay permits of its own."""
    return serve(tables=dict(LISTED))


def kept(apoa: Apoa, name: str = "melati") -> dict[str, list[str]]:
    """Return the codes of each table that is kept; no table if there is no file."""
    file = apoa.home / name / "codes.json"
    if not file.exists():
        return {}
    return {each["table"]: [row[0] for row in each["codes"]] for each in json.loads(file.read_text())["tables"]}


def warnings(apoa: Apoa, permit: str, **environ: str) -> list[str]:
    """Return the codes of the warnings about the stay permit of a report that is not saved."""
    value = apoa(*QUENTIN.mrz("--stay-permit", permit, "--dry-run", "--no-send", "--json"), **environ).json
    return [each["code"] for each in value["warnings"] if each["field"] == "guest.stay_permit.code"]


def change(authority: SandboxServer, *rows: dict[str, Any], version: str = "2") -> None:
    """Let the authority publish other stay permits."""
    authority.tables = {"stay_permits": table("stay_permits", *rows, version=version)}
    authority.stop()
    authority.start()


class TestFetching:
    """By `apoa sync`, when the reports have gone."""

    def test_a_run_that_sent_reports_fetches_one_table(self, configured: Apoa) -> None:
        """The user waits for no others: each later run fetches what is missing, all of it if nothing was sent."""
        for tables in (["stay_permits"], ["stay_permits", "purposes"]):
            configured.save(QUENTIN if len(tables) == 1 else XIMENA)
            assert configured("sync").code == 0
            assert list(kept(configured)) == tables
        configured("sync")
        assert list(kept(configured)) == ["stay_permits", "purposes"]

    def test_once_a_day(self, configured: Apoa, authority: SandboxServer) -> None:
        """All of them, also if no report waits, without a word; another run on the same day asks for nothing."""
        before = configured("sync")
        assert (before.code, "N7" in before.all, "tourism" in kept(configured)["purposes"]) == (0, False, True)
        change(authority, ON_ARRIVAL)
        configured.clock.time += DAY - timedelta(minutes=1)
        configured("sync")
        assert kept(configured)["stay_permits"] == ["B-1", "N7"]
        configured.clock.time += timedelta(minutes=1)
        configured("sync")
        assert kept(configured)["stay_permits"] == ["B-1"]

    def test_a_table_that_is_withdrawn_is_forgotten(self, configured: Apoa, authority: SandboxServer) -> None:
        """404: the built-in list applies again."""
        configured("sync")
        authority.tables = {"stay_permits": None}
        authority.stop()
        authority.start()
        configured.clock.time += DAY
        assert configured("sync").code == 0
        assert "stay_permits" not in kept(configured)
        assert warnings(configured, "E33G") == []

    def test_offline(self, configured: Apoa, authority: SandboxServer) -> None:
        """No error and no delay: what is kept is used, and the tables are asked for later."""
        configured("sync")
        authority.stop()
        configured.clock.time += 30 * DAY
        assert configured("sync").code == 0
        assert warnings(configured, "E33G") == ["unknown_code"]
        authority.start()
        change(authority, ON_ARRIVAL)
        configured.clock.time += timedelta(hours=1)
        configured("sync")
        assert kept(configured)["stay_permits"] == ["B-1"]

    @pytest.mark.parametrize("fault", ["500*3", "portal*3", "403"])
    def test_a_failure_fails_no_run(self, apoa: Apoa, serve: Serve, fault: str) -> None:
        """The reports are sent, and the exit code is theirs."""
        assert apoa.set_up(serve(f"codes:{fault}").base_url).code == 0
        apoa.save()
        said = apoa("sync")
        assert (said.code, said.err) == (0, "")
        assert apoa.reports()[0]["state"] == "accepted"

    def test_a_suspended_property_asks_nothing(self, apoa: Apoa, serve: Serve) -> None:
        """Nor does one that must wait: the calls would be refused."""
        assert apoa.set_up(serve("reports:429=600").base_url).code == 0
        apoa.save()
        assert apoa("sync").code == 75
        assert kept(apoa) == {}

    def test_each_property_has_the_tables_of_its_own_authority(self, configured: Apoa, serve: Serve) -> None:
        """They are in its own file."""
        other = serve(tables={"stay_permits": table("stay_permits", NOMAD)})
        assert configured.set_up(other.base_url, name="bali").code == 0
        configured("sync", "--all")
        assert (kept(configured)["stay_permits"], kept(configured, "bali")["stay_permits"]) == (["B-1", "N7"], ["N7"])
        assert warnings(configured, "B1", APOA_PROPERTY="bali") == ["unknown_code"]
        assert warnings(configured, "B1", APOA_PROPERTY="melati") == []


class TestAtTheDesk:
    """An unknown code is a warning, and an authority's own codes are offered and taken."""

    @pytest.fixture
    def listed(self, configured: Apoa, authority: SandboxServer) -> Apoa:
        """A property that has fetched the tables and is offline now."""
        assert configured("sync").code == 0
        authority.stop()
        return configured

    def test_an_unknown_permit_is_a_warning(self, listed: Apoa) -> None:
        """Of a report, which is saved, a correction, an import, and a check, which needs no property otherwise."""
        checked = listed("check", "--surname", "ZYKOWSKI", "--stay-permit", "E33G", "--json").json
        assert "unknown_code" in [each["code"] for each in checked["warnings"]]
        said = listed(*QUENTIN.mrz("--stay-permit", "E33G", "--no-send"))
        assert (said.code, "The authority's list does not have E33G for 24 Nov 2026." in said.err) == (0, True)
        [report] = listed.reports()
        assert [each["code"] for each in report["warnings"]] == ["unknown_code"]
        amended = listed("amend", report["id"], "--stay-permit", "E33F", "--no-send", "--json").json
        assert "unknown_code" in [each["code"] for each in amended["warnings"]]
        head = "Surname;Given names;Sex;Place of birth;DOB;Nationality;Passport number;Expiry date;Check-in;Nights;Visa"
        guest = "VANTERPOOL;OBADIAH;M;TORTOLA;1969-04-30;GBR;VB9081726;2032-03-28;2026-11-24;2;E33G"
        file = listed.home.parent / "tamu.csv"
        file.write_text(f"{head}\n{guest}\n")
        imported = listed("import", str(file), "--check", "--json").json
        assert "unknown_code" in [each["code"] for each in imported["warnings"]], imported

    def test_a_listed_code_is_not_questioned(self, listed: Apoa) -> None:
        """Although it is not in the built-in list; the card has no warning of it."""
        said = listed("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK", "n-7", "2", "7", ""])
        assert said.code == 0, said.all
        assert listed.reports()[0]["guest"]["stay_permit"]["code"] == "N7"
        assert listed.reports()[0]["warnings"] == []

    @pytest.mark.parametrize(
        ("lang", "name", "typed"),
        [("en", "Remote worker visa", "remote worker"), ("id", "Visa pekerja jarak jauh", "visa pekerja")],
    )
    def test_own_codes_are_offered(self, listed: Apoa, lang: str, name: str, typed: str) -> None:
        """In the help, by the name, and for a beginning; what is not listed is questioned once."""
        keys = [*QUENTIN.lines, "GDANSK", "?", "E33G", "E33G", "2", "7", "10", typed, "1", "17", "?", "", "b", "y"]
        said = listed("report", keys=keys, lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "In the authority's list, too: {codes}", codes=f"N7: {name}") in said.err
        question = "This permit is not in the authority's list. Type it again if it is correct."
        assert said.err.count(spoken(lang, question)) == 2
        assert f"N7: {name}" in said.err.rpartition(spoken(lang, question))[2]
        assert spoken(lang, "In the authority's list: {codes}", codes="") not in said.err  # the usual purposes alone

    def test_the_names_of_the_purposes(self, apoa: Apoa, serve: Serve) -> None:
        """Are the authority's, and are understood."""
        holiday = {**NOMAD, "code": "tourism", "id": "Pelesir", "en": "Pleasure"}
        foreign = {**NOMAD, "code": "pilgrimage", "en": "Pilgrimage"}
        assert apoa.set_up(serve(tables={"purposes": table("purposes", holiday, foreign)}).base_url).code == 0
        apoa("sync")
        said = apoa("report", keys=[*QUENTIN.lines, "GDANSK", "B1", "2", "7", "17", "?", "pleasure", "b", "y"])
        assert "In the authority's list: tourism: Pleasure\n" in said.err
        assert "Pilgrimage" not in said.err
        assert len(re.findall(r"17 Purpose of stay +tourism\n", said.err)) == 2


class TestAHostileTable:
    """Nothing of it reaches the terminal as it is, and what breaks the contract is not used."""

    def fetch(self, apoa: Apoa, serve: Serve, *rows: dict[str, Any]) -> None:
        assert apoa.set_up(serve(tables={"stay_permits": table("stay_permits", *rows)}).base_url).code == 0
        said = apoa("sync")
        assert (said.code, said.err) == (0, "")

    def test_control_characters(self, apoa: Apoa, serve: Serve) -> None:
        """In a code and in a name: in the help, as a choice and in a warning."""
        name = "".join(DANGEROUS)
        self.fetch(apoa, serve, {**NOMAD, "code": f"N7{name}", "en": f"Remote{name}worker"}, ON_ARRIVAL)
        keys = [*QUENTIN.lines, "GDANSK", "?", "remote", "1", "2", "7", "b", "y"]
        said = apoa("report", keys=keys)
        assert_sanitized(said.all.replace("\r\n", "\n"))
        assert "N7" in said.err
        assert_sanitized(apoa(*QUENTIN.mrz("--stay-permit", "N", "--dry-run", "--no-send")).all.replace("\r\n", "\n"))

    @pytest.mark.parametrize("rows", [10_001, 30_000])
    def test_a_huge_table(self, apoa: Apoa, serve: Serve, rows: int) -> None:
        """More rows, or more bytes, than the client reads."""
        self.fetch(apoa, serve, *[{**NOMAD, "code": f"N{number}"} for number in range(rows)])
        assert "stay_permits" not in kept(apoa)
