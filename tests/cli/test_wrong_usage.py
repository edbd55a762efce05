"""Wrong usage of each command: one error and what to do, before anything is asked, sent or written."""

import shlex

import pytest
from cli_helpers import LANGUAGES, NOWHERE, Apoa
from screens import Screens

SET_UP = "setup --non-interactive --property baru --vault file"
CALLS = f"""
check --photo q.jpg --mrz P<POL
check --photo q.jpg --photo x.jpg --surname X
checkout
checkout abc --room 7
checkout --all-due --room 7
config set timezone Mars
config set retention_days 0
config set notify yes
config set language fr
config set by_hand_order visa
config set office ''
config set password kuda
config set private_key abc
config set public_key abc
config set index_key ab
config set environment production
config set property_id x
config set delivery manual
config set vault keyring
contract test {NOWHERE} --username u --yes --json --html -
contract test {NOWHERE} --username u --yes --junit - --html -
export --codes
export --json --format csv
export -o no/folder.csv
info --name Melati
info --force
info law --poster -
info --json --poster -
list --in-house --history
log --report zzzz
log --since zzzz
log --accept --report 1
log --verify --since 2026-11-01
purge --guest zzzz
receipt
receipt x --html a --pdf b
receipt x --html a --json
receipt x --from 2026-11-24
receipt x --output d
receipt --all
receipt --all x --output d
receipt --all --html a --output d
receipt --all --output d --from entah
receipt --all --output d --from 2026-11-25 --to 2026-11-24
receipt --day 2026-11-24 2e8b11aa
receipt --day 2026-11-24 --html -
receipt --day 2026-11-24 --all --output x
receipt --day 2026-11-24 --json --pdf x.pdf
received x
report --photo page.jpg --mrz P<POL
report --photo page.jpg --input guest.json
report --photo 1.jpg --photo 2.jpg --surname OTHER
sandbox --fault hiccup
sandbox --port 70000
{SET_UP}
{SET_UP} --api-url {NOWHERE}
{SET_UP} --api-url {NOWHERE} --username u
{SET_UP} --api-url {NOWHERE} --username u --password-stdin
{SET_UP} --by-hand --training
{SET_UP} --by-hand --api-url https://example.org/v1
{SET_UP} --training --timezone Asia/Singapore
{SET_UP} --training --language de
{SET_UP} --vault drawer
{SET_UP} --api-url http://authority.example/v1
{SET_UP} --api-url https://u:rah4sia@authority.example/v1
{SET_UP} --api-url authority.example
{SET_UP} --api-url https://authority.example/v1?x=1
{SET_UP} --api-url https://apoa.imigrasi.go.id/
show x --photo a --json
stats --month 2026-13
stats --month november
stats --month 2026-12
sync --scheduled --by-hand
sync --scheduled --sheet x.html
sync --all --by-hand
--property melati sync --all
sync --wait 0
sync --wait -1
sync --wait inf
sync --follow --scheduled
sync --follow --wait 5
sync --follow --json
sync --follow --by-hand
sync --follow --sheet x.html
sync --page --all
sync --page --sheet -
"""
SECRETS = ("kuda", "rah4sia")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(away: Apoa, screens: Screens, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """Each is explained, no secret is repeated, and nothing changes."""
    monkeypatch.chdir(away.home.parent)
    before = {path: path.read_bytes() for path in away.home.rglob("*") if path.is_file()}
    for call in CALLS.strip().splitlines():
        said = screens(away, *shlex.split(call), lang=lang)
        assert said.code in {2, 77, 78}, said.all
        assert not [secret for secret in SECRETS if secret in said.all]
        assert "--json" in call or (said.out == "" and said.err)
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path.name for path in away.home.parent.iterdir()) == [away.home.name]
