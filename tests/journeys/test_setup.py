"""`apoa setup` in a real terminal of 60 and of 80 columns."""

import os

import pytest
from cli_helpers import LANGUAGES, QUENTIN, Installed, spoken
from journeys_helpers import in_each_language, in_each_width
from terminal_helpers import at_a_terminal

from apoa_client.sandbox.server import SandboxServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals here")
SETUP = ["setup", "--vault", "file"]


@in_each_width
@in_each_language
def test_with_a_server(apoa: Installed, authority: SandboxServer, lang: str, columns: int) -> None:
    """With help, a step back, a typing error and a refused account, set-up ends with a report that is sent."""
    language = "Bahasa / Language"
    name, address = spoken(lang, "Name of the property"), spoken(lang, "Address of the property (optional)")
    zone = spoken(lang, "Time zone")
    where, url = spoken(lang, "Where do reports go"), spoken(lang, "Address of the authority")
    username, password = spoken(lang, "Username"), spoken(lang, "Password")
    dialogue = [
        *((language, "?"), (language, lang), (name, "W. Melati"), (address, "Jl. Melati 7"), (zone, "<")),
        *((address, ""), (zone, "?"), (zone, "bali"), (where, "2"), (url, authority.base_url)),
        *((username, "latihan"), (password, "salah"), (username, ""), (password, "latihan")),
        *((spoken(lang, "Type it back from the paper"), ""), (spoken(lang, "(y = yes, Enter = no)"), "y")),
    ]
    other = next(each for each in LANGUAGES if each != lang)
    code, shown = at_a_terminal(apoa, SETUP, dialogue, other, size=(columns, 24))
    assert code == 0, shown
    assert f"{address} [Jl. Melati 7]: " in shown
    assert "salah" not in shown
    lines = shown.splitlines()
    assert all(len(line.rstrip()) < columns for line in lines if "*/10" not in line), shown
    assert spoken(lang, "The connection works.") in lines
    assert lines[-1] == spoken(lang, "Try it: {command}", command={"en": "apoa report", "id": "apoa lapor"}[lang])
    assert apoa(*QUENTIN.mrz("--json")).json["state"] == "accepted"


@in_each_language
def test_training_needs_enter_only(apoa: Installed, lang: str) -> None:
    """After the language, Enter alone sets up training, on one screen."""
    labels = ["Name of the property", "Address of the property (optional)", "Time zone", "Where do reports go"]
    questions = [spoken(lang, label) for label in labels]
    dialogue = [("Bahasa / Language", lang), *((question, "") for question in questions)]
    code, shown = at_a_terminal(apoa, SETUP, dialogue, lang)
    assert code == 0, shown
    assert shown.count("\n") < 24
    assert apoa(*QUENTIN.mrz("--json")).json["state"] == "accepted"


@in_each_language
def test_arrow_keys(apoa: Installed, lang: str) -> None:
    """They move the cursor, and leave no codes in an answer or on the screen."""
    dialogue = [("Bahasa / Language", lang), (spoken(lang, "Name of the property"), "melti\x1b[D\x1b[Da")]
    labels = ["Address of the property (optional)", "Time zone", "Where do reports go"]
    dialogue += [(spoken(lang, label), "") for label in labels]
    code, shown = at_a_terminal(apoa, SETUP, dialogue, lang)
    assert code == 0, shown
    assert "^[" not in shown
    assert (apoa.home / "melati").is_dir()


@in_each_language
def test_interrupted_set_up(apoa: Installed, lang: str) -> None:
    """Ctrl-D leaves no file, and the screen says how to start again."""
    dialogue = [("Bahasa / Language", lang), (spoken(lang, "Name of the property"), "\x04")]
    code, shown = at_a_terminal(apoa, SETUP, dialogue, lang)
    assert code == 130
    assert shown.splitlines()[-1] == spoken(lang, "Nothing was set up. Begin again at any time: apoa setup")
    assert not apoa.home.exists()
