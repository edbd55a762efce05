"""The server that the guide for implementers shows: it conforms, and its tables are those of the contract's rules."""

import importlib.util
import json
import re
import secrets
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sandbox_helpers import PASSWORD, USERNAME, Suite, failed, now
from screens import RENEW

from apoa_client.authority.contract import FIELD_RULES, STAY_RULES, FieldRule, contract_text
from apoa_client.cli.guide import guides
from apoa_client.conformance.check import Result
from apoa_client.conformance.samples import Samples, by_rule

Json = dict[str, Any]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The code of the guide, beside the contract as JSON, with the clock of the suite."""
    (tmp_path / "openapi.json").write_text(contract_text("json"), encoding="utf-8")
    (tmp_path / "server.py").write_text(guides.reference_server(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCOUNTS", json.dumps({USERNAME: PASSWORD}))
    monkeypatch.setattr(sys, "argv", ["server.py", str(tmp_path / "reports.db")])
    found = importlib.util.spec_from_file_location("reference_server", tmp_path / "server.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    local = module.moment(now().isoformat())
    monkeypatch.setattr(module, "now", lambda: local)
    monkeypatch.setattr(module.Handler, "log_message", lambda *_values: None)
    return module


@pytest.fixture
def url(server: ModuleType) -> Iterator[str]:
    """Its base URL, while it runs."""
    with sqlite3.connect(sys.argv[1]) as database:
        database.executescript(server.TABLES)
    with server.ThreadingHTTPServer(("127.0.0.1", 0), server.Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/v1"
        listening.shutdown()
        thread.join()


@pytest.mark.slow
def test_it_passes_every_check(suite: Suite, url: str) -> None:
    """What it does not offer, and what needs a person, is skipped."""
    results = suite(url)
    assert failed(results) == set()
    assert sum(1 for each in results.values() if each.result is Result.PASSED) > 50


def test_it_is_small() -> None:
    """At most 250 lines, as the guide says, and no line is long."""
    lines = [line for line in guides.reference_server().splitlines() if line]
    assert len(lines) <= 250
    assert f"in {len(lines)} lines without the blank ones" in GUIDE.read_text(encoding="utf-8")
    assert max(map(len, lines)) <= 127


def test_its_states_are_those_of_the_contract(server: ModuleType) -> None:
    """But for a decision that comes later, which it never makes."""
    expected: dict[str, dict[str, str]] = {}
    for (kind, state), rule in STAY_RULES.items():
        if state not in {"pending", "refused"}:
            expected.setdefault(kind, {})[state] = rule.then if rule.accepted else f"!{rule.code}"
    assert expected == server.STAYS


@pytest.mark.parametrize("rule", FIELD_RULES, ids=lambda rule: f"{rule.field}-{rule.code}")
def test_it_finds_what_the_example_of_each_rule_breaks(server: ModuleType, rule: FieldRule) -> None:
    """Each refusal, and each warning but the one that needs the list of permits."""
    samples = Samples(now, lambda size: b"7" * size)
    good = samples.full_check_in() if rule.kind == "check_in" else samples.check_out(samples.id())
    assert server.check(good) == ([], [])
    errors, warnings = server.check(by_rule(rule, good))
    found = {(each["field"], each["code"]) for each in (errors if rule.severity == "refusal" else warnings)}
    assert ((rule.field, rule.code) in found) is (rule.field != "guest.stay_permit.code")
    assert bool(errors) is (rule.severity == "refusal")


@pytest.mark.parametrize("first", [True, False])
def test_a_stay_without_a_night_is_no_duplicate(server: ModuleType, *, first: bool) -> None:
    """Neither is another stay for its sake; two stays with a night in common are one."""
    make = Samples(now, secrets.token_bytes)
    long, short, other = make.check_in(), make.check_in(nights=0), make.check_in(nights=1)
    short["guest"] = other["guest"] = long["guest"]
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(server.TABLES)
        sent = [short, long, other] if first else [long, short, other]
        results = [server.receive(database, USERNAME, each, keep=True) for each in sent]
    assert [each["status"] for each in results] == ["accepted", "accepted", "duplicate"]


GUIDE = Path(guides.__file__).parent / "guides" / "contract.en.md"


def stay_table() -> str:
    """The table of stays as the guide has it."""
    states = dict.fromkeys(state for _kind, state in STAY_RULES)
    lines = [f"| | {' | '.join(states)} |", "|---" * (len(states) + 1) + "|"]
    for kind in dict.fromkeys(kind for kind, _state in STAY_RULES):
        rules = (STAY_RULES[kind, state] for state in states)
        cells = (rule.then if rule.accepted else f"`{rule.code or rule.status}`" for rule in rules)
        lines.append(f"| `{kind}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def field_table() -> str:
    """The table of rules for fields as the guide has it."""
    lines = [f"| {each.field} | `{each.code}` | {each.severity} | {each.rule} |" for each in FIELD_RULES]
    return "\n".join(["| field | code | | rule |", "|---|---|---|---|", *lines]) + "\n"


@pytest.mark.parametrize("table", [stay_table(), field_table()])
def test_the_guide_has_the_tables_of_the_contract(table: str) -> None:
    """With APOA_RENEW_SCREENS=1 this test writes them."""
    text = GUIDE.read_text(encoding="utf-8")
    first = re.escape(table.partition("\n")[0])
    if RENEW:
        text = re.sub(rf"^{first}\n(?:\|.*\n)*", lambda _old: table, text, flags=re.MULTILINE)
        GUIDE.write_text(text, encoding="utf-8")
    assert f"\n{table}\n" in text
