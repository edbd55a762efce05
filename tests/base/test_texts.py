"""Messages and errors: their translation, names, exit codes and advice; and texts that are decoded and compared."""

import codecs
import inspect
import json
from calendar import month_abbr
from datetime import date

import pytest
from forked_command import import_program
from hypothesis import given
from hypothesis import strategies as st

from apoa_client import errors
from apoa_client.delivery.plan import suspends_sending
from apoa_client.errors import ApoaError, AuthorityBusy, Exit, worst_exit
from apoa_client.messages import Message, day_message, foreign, from_json, listed, literal, month_name, msg, nmsg
from apoa_client.outbox.errors import ServerDiskFull
from apoa_client.texts import close_matches, decode_text, find_encoding, fold, similarity, without_accents

NAMES = st.sampled_from(["a", "b", "name"])
VALUES = st.recursive(
    st.text(max_size=20) | st.integers(),
    lambda inner: st.builds(lambda values: Message("{a}", values), st.dictionaries(NAMES, inner)),
    max_leaves=5,
)


def indonesian(sentence: str) -> str:
    return {"Good day, {name}.": "Selamat siang, {name}.", "guest": "tamu"}.get(sentence, sentence)


def indonesian_many(one: str, many: str, count: int) -> str:
    return f"[{one}|{many}|{count}]"


def test_a_message_and_its_values_are_translated() -> None:
    """A message inside a message is translated, too, and each item of a list. No value is.

    An authority's sentence is translated if it is known.
    """
    several = listed([msg("guest"), literal("Ann"), msg("guest")])
    assert several.render(indonesian) == "tamu, Ann, tamu"
    assert listed([msg("guest")]).render(indonesian) == "tamu"
    assert literal("guest {name}").render(indonesian) == "guest {name}"
    assert [foreign(text).render(indonesian, sanitize=str.upper) for text in ("guest", "{name}", "")] == [
        "TAMU",
        "{NAME}",
        "",
    ]
    assert msg("Good day, {name}.", name="{name} {0} {").render() == "Good day, {name} {0} {."
    assert msg("Good day, {name}.", name=msg("guest")).render(indonesian) == "Selamat siang, tamu."


@pytest.mark.parametrize(("count", "said"), [(0, "0 reports wait."), (1, "1 report waits."), (2, "2 reports wait.")])
def test_english_numbers(count: int, said: str) -> None:
    """One has the singular; every other number has the plural. The catalogue decides in other languages."""
    shown = nmsg("{count} report", "{count} reports", count).render(ngettext=indonesian_many)
    assert shown == f"[{count} report|{count} reports|{count}]"
    assert nmsg("{count} report waits.", "{count} reports wait.", count).render() == said


def test_values_are_sanitized_and_sentences_are_not() -> None:
    """At every depth. A logged message contains no value at all."""
    message = msg("{a} {b} {n}", a="\x1b[2J", b=literal("\x1b"), n=3)
    assert "[2J" not in f"{message}{message!r}"
    assert message.render(sanitize=lambda text: text.replace("\x1b", "?")) == "?[2J ? 3"


@given(st.text(max_size=20), st.dictionaries(NAMES, VALUES), st.none() | st.text(max_size=5), st.integers(0, 9))
def test_messages_are_stored_as_json(
    template: str, values: dict[str, str | int], plural: str | None, count: int
) -> None:
    """A stored message can be read later in another language."""
    message = Message(template, values, plural, count)
    assert from_json(json.loads(json.dumps(message.as_json()))) == message


def test_a_day_inside_a_sentence() -> None:
    """The month is put into the reader's language, also where the sentence was kept in between."""
    assert [month_name(date(2026, number, 1)).render() for number in range(1, 13)] == list(month_abbr)[1:]
    sentence = msg("until {day}", day=day_message(date(2026, 12, 2)))
    assert sentence.render() == "until 2 Dec 2026"
    words = {"until {day}": "sampai {day}", "Dec": "Des"}
    kept = from_json(sentence.as_json())
    assert kept.render(lambda english: words.get(english, english)) == "sampai 2 Des 2026"


TEXT = "kata sandi: rahasia ß\nMUÑOZ 李\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r\n").encode("utf-16"),
    ],
    ids=["UTF-8", "with a mark", "UTF-16", "big-endian", "Windows' lines", "PowerShell 5"],
)
def test_text_is_the_same_in_every_encoding(content: bytes) -> None:
    """The byte order mark is not part of the text, and line ends are the same."""
    assert decode_text(content) == TEXT


def test_no_encoding_is_guessed() -> None:
    """Other bytes are an error, or in the encoding that the caller expects; never those behind a mark."""
    content = "ß".encode("cp1252")
    assert find_encoding(content) is None
    with pytest.raises(UnicodeDecodeError):
        decode_text(content)
    assert decode_text(content, "cp1252") == "ß"
    for marked in (codecs.BOM_UTF16_LE + b"a", codecs.BOM_UTF8 + b"\xff"):
        with pytest.raises(UnicodeDecodeError):
            decode_text(marked, "cp1252")


@pytest.mark.parametrize(
    ("text", "other"),
    [("Müller", "MULLER"), ("Saint-Denis", "saint denis"), ("E-33 g", "e33g"), ("Straße", "STRASSE"), ("Ł", "ł")],
)
def test_equal_texts_fold_to_the_same(text: str, other: str) -> None:
    """Case, accents, spaces and punctuation do not matter; without accents alone, words can still be separated."""
    assert without_accents("Crème brûlée, Ø") == "creme brulee, ø"
    assert fold(text) == fold(other)


@given(st.text())
def test_folding_is_idempotent(text: str) -> None:
    """A folded text has only letters and digits, and does not change again."""
    folded = fold(text)
    assert fold(folded) == folded
    assert folded == "" or folded.isalnum()


def test_similarity_is_that_of_the_most_similar_word() -> None:
    """From 0 to 1. Close matches begin with the most similar word, and none is below the least similarity."""
    assert similarity("wisata", ["kerja", "wisata"]) == 1
    assert similarity("xyz", ["kerja", "wisata"]) == 0
    assert 0.6 < similarity("wistaa", ["kerja", "wisata"]) < 1
    assert close_matches("reprot", ["report", "receipt", "purge"], limit=1) == ["report"]
    assert close_matches("reprot", ["report", "receipt"], least=0.9) == []


CLASSES = [
    value
    for _name, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, ApoaError) and value is not ApoaError
]
CODES = {
    "usage_problem": 2,
    "data_refused": 65,
    "erased": 65,
    "settings_problem": 78,
    "storage_problem": 78,
    "credentials_problem": 77,
    "secret_missing": 77,
    "seal_broken": 78,
    "not_authentic": 78,
    "outbox_damaged": 78,
    "not_now": 75,
    "offline": 75,
    "not_the_authority": 75,
    "unknown_outcome": 75,
    "unreadable_answer": 75,
    "report_moved": 75,
    "timed_out": 75,
    "authority_busy": 75,
    "too_large": 75,
    "authority_refuses": 69,
    "call_refused": 69,
    "account_suspended": 69,
    "wrong_password": 77,
    "untrusted_certificate": 78,
}


def test_exit_codes_and_names() -> None:
    """Scripts rely on them: 0, 1, 2, 65, 69, 75, 77, 78."""
    assert {kind(msg("It.")).name: int(kind.exit_code) for kind in CLASSES} == CODES
    assert [int(code) for code in Exit] == [0, 1, 2, 65, 69, 75, 77, 78]
    assert ApoaError.exit_code is Exit.BUG


def test_each_class_declares_its_name() -> None:
    """A class that is renamed keeps its identifier, and no two classes share one."""
    import_program()
    kinds, found = [ApoaError], list[type[ApoaError]]()
    while kinds:
        found += kinds
        kinds = [
            below for kind in kinds for below in kind.__subclasses__() if below.__module__.startswith("apoa_client")
        ]
    assert [kind for kind in found if "name" not in vars(kind)] == []
    names = [kind.name for kind in found if kind is not ServerDiskFull]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", CLASSES)
def test_texts_contain_no_values(kind: type[ApoaError]) -> None:
    """An error's text may reach a log: it is the sentence without its values. Without advice, the class's stays."""
    assert kind(msg("It.")).advice is kind.advice
    error = kind(msg("The number {number} is odd.", number="X1234567"), msg("Write {number}.", number="X1234567"))
    assert "X1234567" not in f"{error} {error!r} {error.args} {error.message!r} {error.advice!r}"
    assert error.message.render() == "The number X1234567 is odd."


def test_errors_that_stop_sending_advise_a_log_in() -> None:
    """Sending stops after these two, and their advice says how to start again."""
    stopping = [kind for kind in CLASSES if suspends_sending(kind(msg("It.")))]
    assert {kind.__name__ for kind in stopping} == {"WrongPassword", "AccountSuspended"}
    for kind in stopping:
        assert kind.advice is not None
        assert "apoa login" in kind.advice.template


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        *(([], 0), ([0, 0], 0), ([0, 75], 75), ([75, 65, 0], 65), ([65, 69, 75], 69), ([69, 77], 77)),
        *(([77, 78], 78), ([78, 1], 1)),
    ],
)
def test_the_worst_exit_code(codes: list[int], worst: int) -> None:
    """Of work in several parts: a user must act on all but 75 and 0, and a bug is the worst."""
    assert worst_exit(codes) is worst_exit(reversed(codes)) is Exit(worst)
    assert worst_exit(list(Exit)) is Exit.BUG  # each code has its place
    assert (AuthorityBusy(msg("Busy."), retry_after=30).retry_after, AuthorityBusy(msg("Busy.")).retry_after) == (
        30,
        None,
    )
