"""`apoa status --all`: each property in a row, also where several are in one shared outbox."""

from typing import Any

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa, Guest
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox, be_patient

from apoa_client.errors import Exit
from apoa_client.sandbox.server import SandboxServer


@pytest.fixture
def several(apoa: Apoa, authority: SandboxServer) -> Apoa:
    """The program with melati, kenanga, which has a name for guests, and anggrek, whose reports are typed by hand."""
    assert apoa.set_up(authority.base_url).code == 0
    assert apoa.set_up(authority.base_url, "--display-name", "Wisma Kenanga", name="kenanga").code == 0
    place = ["--property", "anggrek", "--vault", "file"]
    assert apoa("setup", "--non-interactive", *place, "--by-hand").code == 0
    return apoa


def rows(shown: str) -> list[list[str]]:
    """Return the words of each row."""
    return [line.split() for line in shown.splitlines()]


def test_a_row_for_each_property(several: Apoa) -> None:
    """What waits, was refused and is overdue; what waits is first, by its deadline."""
    several.save(QUENTIN)
    several("--property", "anggrek", *XIMENA.mrz("--no-send"))
    shown = several("status", "--all")
    assert (shown.code, shown.err) == (0, "")
    melati, anggrek, kenanga = rows(shown.out)[1:4]
    assert (melati[:4], kenanga[:6], anggrek[:4]) == (
        *(["melati", "1", "0", "0"], ["Wisma", "Kenanga", "(kenanga)", "0", "0", "0"]),
        ["anggrek", "1", "0", "0"],
    )


def test_one_that_cannot_be_read(several: Apoa) -> None:
    """Its error is on stderr below its name, its row says so and is the first, and the exit code is its."""
    (several.home / "kenanga" / "outbox.db").write_bytes(b"damaged" * 100)
    shown = several("status", "--all")
    assert shown.code == 78
    assert shown.err.splitlines()[0] == "Wisma Kenanga (kenanga)"
    assert ["cannot be read" in line for line in shown.out.splitlines()[1:4]] == [True, False, False]


CHAIN = (PROPERTY, "kenanga", "cempaka")
"""The properties of this computer that are in the shared outbox. A further one, anggrek, is in a file."""


@pytest.fixture
def chain(apoa: Apoa, authority: SandboxServer, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch) -> Apoa:
    """The program with three properties in one shared outbox, with one login, and one in a file of its own."""
    be_patient(monkeypatch)
    apoa.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    for name in (*CHAIN, "anggrek"):
        assert apoa.set_up(authority.base_url, name=name).code == 0
        if name in CHAIN:
            postgres_outbox.add_login(PROPERTY, name)
            assert apoa("--property", name, "config", "set", "outbox", postgres_outbox.address()).code == 0
    return apoa


def save(apoa: Apoa, name: str, guest: Guest) -> None:
    said = apoa("--property", name, *guest.mrz("--no-send"))
    assert said.code == 0, said.err


def documents(apoa: Apoa, *more: str) -> dict[str, Any]:
    """The document of each property by its name."""
    return {each["property"]: each for each in apoa("status", "--all", "--json", *more).json["properties"]}


def test_each_as_it_is_alone(chain: Apoa) -> None:
    """Every value in the document of each is that of the property's own status; monitoring has the numbers of each."""
    save(chain, "kenanga", QUENTIN)
    save(chain, "cempaka", XIMENA)
    save(chain, "anggrek", OBADIAH)
    assert chain("--property", "cempaka", "sync").code == 0
    said = chain("status", "--all", "--nagios")
    assert said.code == 0
    for name, waiting in (("melati", 0), ("kenanga", 1), ("cempaka", 0), ("anggrek", 1)):
        assert f" {name}_queued={waiting};" in said.out
    chain.clock.time = chain.clock.time.replace(day=28)
    alone = {name: chain("--property", name, "status", "--json").json for name in (*CHAIN, "anggrek")}
    assert documents(chain) == alone
    assert [alone[name]["overdue"] for name in (*CHAIN, "anggrek")] == [0, 1, 0, 1]
    assert chain("status", "--all", "--alarm").code == chain("status", "--all", "--alarm", "--json").code == 75


def test_a_server_that_is_away(chain: Apoa, postgres_outbox: SharedOutbox) -> None:
    """It is said once. What waits on this computer is shown for each, and the property in a file as usual."""
    save(chain, "anggrek", OBADIAH)
    postgres_outbox.cluster.kill()
    try:
        save(chain, "kenanga", QUENTIN)
        save(chain, "cempaka", XIMENA)
        shown = chain("status", "--all")
        together = documents(chain)
        monitored = chain("status", "--all", "--nagios")
        alone = chain("--property", "kenanga", "status", "--nagios")
    finally:
        postgres_outbox.cluster.start()
    assert alone.out.startswith("apoa CRITICAL - kenanga: ")
    assert shown.code == Exit.NOT_NOW
    assert shown.err.count("postgresql://melati@") == 1
    [_problem, _advice, only_here] = shown.err.splitlines()
    assert " 2 " in only_here
    row = {words[0]: words for words in rows(shown.out)[1:5]}
    assert [row[name][1] for name in ("kenanga", "cempaka", "anggrek")] == ["1", "1", "1"]
    assert {name: each.get("stored") for name, each in together.items()} == {
        **dict.fromkeys((PROPERTY, "anggrek")),
        **dict.fromkeys(("kenanga", "cempaka"), "here"),
    }
    assert together["melati"]["error"]["class"] == "outbox_server_unreachable"
    assert (monitored.code, monitored.out.count("postgresql://melati@")) == (2, 1)
    assert "anggrek_queued=1;" in monitored.out
