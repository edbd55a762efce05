"""The guest book of one computer becomes that of another one: `apoa export --personal`, then `apoa import` there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import LANGUAGES, NOWHERE, OBADIAH, QUENTIN, XIMENA, Apoa

from apoa_client.passport.dates import PartialDate
from apoa_client.report.rules import CHECK_DIGIT_NOTE


@pytest.fixture
def there(apoa: Apoa, tmp_path: Path) -> Apoa:
    """Another computer, with a property of its own and nothing in it."""
    other = replace(apoa, environ={**apoa.environ, "APOA_HOME": str(tmp_path / "there")})
    assert other.set_up(NOWHERE, name="kenanga").code == 75
    return other


@pytest.fixture
def here(away: Apoa) -> Apoa:
    """A guest book with everything that a row can hold."""
    page = ["--note", "=1+1; -2, +3\t@x", "--phone", "+62 812-3456", "--email", "q@example.org", "--purpose", "bisnis"]
    permit = ["--stay-permit", "C1", "--stay-permit-number", "-12/A", "--stay-until", "2026-12-20"]
    entry = ["--entry-date", "2026-11-19", "--room", "+9"]
    first = away.save(QUENTIN, "--check-in", "2026-11-20T15:04", *page, *permit, *entry)
    assert away("checkout", first["id"], "--at", "2026-11-22T09:31", "--no-send").code == 0
    accented = [f"--surname={'QUÍJANO'}", "--birth-place=-", "--check-in=2026-11-23T23:59"]
    assert away("amend", away.save(XIMENA, *accented)["id"], "--room", "Mawar 2", "--yes", "--no-send").code == 0
    young = replace(OBADIAH, given_names="", birth_date=PartialDate(1969), number="VB908")
    assert away(*young.typed("--no-send", "--check-in", "2026-11-24T00:00")).code == 0
    mistaken = away.save(replace(OBADIAH, number="VB1"), "--check-in", "2026-11-24T01:00")
    assert away("cancel", mistaken["id"], "--reason", "salah", "--yes", "--no-send").code == 0
    return away


def guest_book(apoa: Apoa) -> list[dict[str, Any]]:
    """Return guest, stay and check-out of each stay that was not cancelled."""
    said = apoa("export", "--personal", "--json")
    assert said.code == 0, said.err
    return [
        {name: row[name] for name in ("guest", "stay", "check_out", "stay_state")}
        for row in said.json["reports"]
        if row["stay_state"] in {"in_house", "checked_out"}
    ]


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_loss(here: Apoa, there: Apoa, tmp_path: Path, form: str, lang: str) -> None:
    """Guests, stays, permits, notes and check-outs are the same there, and a second import changes nothing."""
    file = str(tmp_path / f"guests.{form}")
    assert here("export", "--personal", "-o", file, lang=lang).code == 0
    said = there("import", file, "--no-send", "--json")
    assert said.code == 0, said.all
    value = said.json
    assert (value["rows"], value["saved"], value["checked_out"], value["skipped"]) == (4, 3, 1, 1)
    assert guest_book(there) == guest_book(here)
    again = there("import", file, "--no-send", "--json").json
    assert (again["unchanged"], again["skipped"], again["reports"]) == (3, 1, [])


def test_two_guests_with_one_name(away: Apoa, there: Apoa, tmp_path: Path) -> None:
    """Their passports tell them apart, on the same computer and on another one."""
    for number in ("VB1", "VB2"):
        away.save(replace(OBADIAH, number=number))
    file = str(tmp_path / "guests.csv")
    assert away("export", "--personal", "-o", file).code == 0
    for apoa, saved in ((away, 0), (there, 2), (there, 0)):
        said = apoa("import", file, "--no-send", "--json")
        assert (said.code, said.json["saved"], said.json["unchanged"]) == (0, saved, 2 - saved), said.all
    assert guest_book(there) == guest_book(away)


def test_the_same_computer(here: Apoa, tmp_path: Path) -> None:
    """Where the guests were reported already, nothing is reported again."""
    file = str(tmp_path / "guests.csv")
    before = here.reports()
    assert here("export", "--personal", "-o", file).code == 0
    said = here("import", file, "--no-send", "--json")
    assert (said.json["unchanged"], said.json["reports"]) == (3, []), said.all
    assert here.reports() == before


def test_an_accepted_check_digit(away: Apoa, there: Apoa, tmp_path: Path) -> None:
    """The report of a guest whose check digits are wrong has no MRZ and a note that says so, there too."""
    first, second = QUENTIN.lines
    wrong = second[:9] + str((int(second[9]) + 1) % 10) + second[10:]
    lines = [f"--mrz={first}", f"--mrz={wrong}", "--accept-check-digit"]
    said = away("report", *lines, "--birth-place", "X", "--nights", "1", "--stay-permit", "B1", "--no-send", "--yes")
    assert said.code == 0, said.all
    file = str(tmp_path / "guests.csv")
    assert away("export", "--personal", "-o", file).code == 0
    assert there("import", file, "--no-send").code == 0
    assert guest_book(there) == guest_book(away)
    assert guest_book(there)[0]["stay"]["note"] == CHECK_DIGIT_NOTE
