"""What staff typed for one guest, and what it means: a parser for each type of field, and the reader of a `Draft`.

Those of dates and times are in `parse_dates`. The reader takes the typed value of a field, or else the value in the
MRZ. It collects all findings, so that staff correct a report at once, and not one error after the other.

Each parser of `PARSERS` raises `Unreadable` with a message that says how to correct the text.

Words that say that a value is not stated or not known are no data for the authority: an optional field with such a word
is empty, and a required one is missing (`without_not_stated`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from apoa_client.messages import Message, listed, msg
from apoa_client.passport import states
from apoa_client.passport.mrz import Mrz, plain_document_number, valid_document_number
from apoa_client.passport.names import transliterate
from apoa_client.passport.problems import CannotCompose
from apoa_client.report import parse_dates, permits, purposes
from apoa_client.report.fields import BY_NAME, NAMES, UNREADABLE, FieldType, FieldValue, as_typed, with_label
from apoa_client.report.findings import Finding, Unreadable
from apoa_client.report.kinds import Purpose
from apoa_client.report.model import room_name
from apoa_client.texts import fold, repr_with

MAX_TEXT_LENGTH = 100
MAX_NOTE_LENGTH = 500
MAX_TYPED_LENGTH = 1000
"""Of any field as it was typed, so that none takes long to compare or to parse."""
MAX_NIGHTS = 366
_CACHED = 1024
"""Texts that are parsed once: a table has the same ones in thousands of rows."""

_NOT_A_FIELD = frozenset({"document_type", "optional_data", "optional_data_2", "composite"})
"""Fields of an MRZ that are no field of a report: their problems are about the lines."""

_UNDECODED = "\N{REPLACEMENT CHARACTER}"
"""A character that replaces text in another encoding."""
_PUNCTUATION_OF_NAMES = frozenset(" '’`-.,")  # noqa: RUF001  the typographic apostrophe is what keyboards send
# Whole words, folded: "pria" is a man, "P" alone is perempuan, and "M/Male" is on some forms.
_SEXES = {
    **dict.fromkeys(("m", "l", "male", "lakilaki", "pria", "man", "boy", "laki", "laki2", "lk", "mmale"), "M"),
    **dict.fromkeys(("f", "p", "female", "perempuan", "wanita", "woman", "girl", "ffemale"), "F"),
    "x": "X",
}
_CHANGED_NIGHTS = r"(?ai)([+-])\s*(\d{1,3})\s*(?:malam|mlm|nights?)?"
_NIGHTS = r"(?ai)(\d{1,3})\s*(?:malam|mlm|nights?)?"


BIRTH_PLACE_NOT_STATED = "-"
"""What the contract has for a place of birth that the passport does not state."""

_SHORT_NAMES = frozenset({"surname", "given_names", "nationality"})
"""Fields in which a short word may be a name or a code: No and Null are surnames, NO is Norway."""
_WITH_DEFAULTS = frozenset({"check_in", "purpose", "issuing_state"})
"""Fields with a usual value. A user who does not know the value does not mean the usual one."""

_UNSPECIFIED_SEX = "<"
"""What the MRZ has for X (ICAO Doc 9303-3 §4.6): it is stated, and is no sign for a missing value."""

_PHRASE = (
    r"(?:tidak|tdk|tak|gak|gk|ga|g|nggak|ngga|enggak|engga|ndak|belum|blm|kurang)\s?"
    r"(?:ada|tahu|tau|ingat|inget|diketahui|tercantum|tertulis|disebut(?:kan)?|dinyatakan|punya|jelas|diisi)"
    r"(?: (?:di|pada|dalam) paspor(?:nya)?)?"
    r"|none|unknown|n/a|n\.a|no idea|(?:don'?t|do not) know"
    r"|not (?:known|stated|given|available|applicable)(?: (?:in|on)(?: the)? passport)?"
)
_UNREADABLE = (
    r"(?i)\?+|unknown|unreadable|not readable|illegible"
    r"|(?:tidak|tdk|tak|gak|ga|nggak|kurang)[ -](?:terbaca|jelas|diketahui|(?:bisa|dapat) dibaca)"
    r"(?: (?:di|pada) paspor)?"
)
_SHORT_WORDS = frozenset(
    {"no", "nil", "null", "na", "tidak", "tdk", "belum", "blm", "kosong", "nihil", "entah", "lupa"}
)
_ERROR = (
    r"#[¡¿]?[^\W\d_a-z][^\W_a-z]*(?:/0)?[!?]"  # in any language: #REF!, #BEZUG!, #¿NOMBRE?, #DIV/0!
    r"|##+"  # a column that is too narrow for its value
    r"|(?i:#(?:N/?A|NV|N/D|N/B|I/T|\u041d/\u0414|YOK|GETTING_DATA|NENÍ_K_DISPOZICI|HIÁNYZIK)"
    r"|(?:ERR|ERROR?|FEHLER|ERREUR|ERRO|FOUT|GALAT|KESALAHAN|CHYBA|HIBA|BŁĄD|ОШИБКА) ?: ?\d{3})"
)
UNCALCULATED = "#CALC!"
"""In place of the value of a formula that no program has calculated; Excel shows it for one without a result."""
_WITHOUT_RESULT = msg(
    "This formula has no result in the file. Open the file in Excel or LibreOffice, look at the cell, and save it "
    "there; or write the value in place of the formula."
)
_OF_SPREADSHEET = msg(
    "This is an error of the spreadsheet program, such as #N/A, and no value. Write the value in its place, or leave "
    "it empty if there is none."
)
_MAYBE_NAMIBIA = msg("NA may mean Namibia or not available. Write NAM for Namibia, or else the guest's country.")
_SIGNS = " .,;:!?()[]<>/_-\N{EN DASH}\N{EM DASH}"


def is_not_stated(name: str, text: str) -> bool:
    """Return whether a text says that a field, with a name of `report.fields`, has no known value.

    Signs without a letter or a digit say so, too; an empty text does not.
    """
    if name in _WITH_DEFAULTS or not text.strip() or (name, text.strip()) == ("sex", _UNSPECIFIED_SEX):
        return False
    if is_unreadable(name, text):
        return True
    words = " ".join(text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()).strip(_SIGNS)
    return not words or re.fullmatch(_PHRASE, words) is not None or (name not in _SHORT_NAMES and words in _SHORT_WORDS)


def is_unreadable(name: str, text: str) -> bool:
    """Return whether a text says that the passport's expiry cannot be read. A report may be without that date."""
    return name == "expiry_date" and re.fullmatch(_UNREADABLE, " ".join(text.split()).rstrip(".!")) is not None


@lru_cache(_CACHED)
def without_not_stated(name: str, text: str) -> str:
    """Return the text of a field, stripped; empty if it says that the value is not stated.

    A place of birth that is not stated is ``-``, because the contract requires one. An expiry that cannot be read is
    `UNREADABLE`; one that is left open is missing.
    """
    if not text or not is_not_stated(name, text):
        return text.strip()
    if is_unreadable(name, text):
        return UNREADABLE
    return BIRTH_PLACE_NOT_STATED if name == "birth_place" else ""


def is_spreadsheet_error(text: str) -> bool:
    """Return whether a spreadsheet program shows this where it has no value: ``#N/A``, ``#REF!``, ``Err:502``."""
    return ("#" in text or ":" in text) and re.fullmatch(_ERROR, text.strip()) is not None


def refuse_spreadsheet_error(text: str) -> None:
    """Raise `Unreadable` for an error of a spreadsheet program."""
    if is_spreadsheet_error(text):
        raise Unreadable("spreadsheet_error", _WITHOUT_RESULT if text.strip() == UNCALCULATED else _OF_SPREADSHEET)


def one_line(text: str, longest: int = MAX_TEXT_LENGTH) -> str:
    """Return the text with single spaces and composed accents (NFC). It may have no control characters."""
    folded = " ".join(unicodedata.normalize("NFC", text).split())
    if _UNDECODED in folded:
        raise Unreadable("bad_character", msg("it contains a letter that could not be read; type it again."))
    if not folded.isprintable() and any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in folded):
        hidden = msg("it contains invisible characters from an arrow key or from pasted text; type it again.")
        raise Unreadable("bad_character", hidden)
    return bounded(folded, longest)


def bounded(text: str, longest: int = MAX_TYPED_LENGTH) -> str:
    """Return the text. Raises `Unreadable` if it is too long."""
    if len(text) > longest:
        raise Unreadable("bad_length", msg("It is longer than {longest} characters.", longest=longest))
    return text


def person_name(text: str) -> str:
    """Return a name in capital Latin letters, as passports print it (ICAO Doc 9303-3 §6)."""
    name = one_line(text).upper()
    if name.isascii() and name.replace(" ", "").isalpha():  # as most are
        return name
    is_latin = {c: c.isalpha() and (c.isascii() or unicodedata.name(c, "").startswith("LATIN")) for c in name}
    wrong = [c for c in name if c not in _PUNCTUATION_OF_NAMES and not is_latin[c]]
    if wrong:
        raise Unreadable(
            "bad_character",
            msg(
                "A name cannot contain {characters}. Write it in Latin letters, as the passport does.",
                characters=", ".join(dict.fromkeys(wrong)),
            ),
        )
    if not any(c.isalpha() for c in name):
        raise Unreadable("bad_character", msg("A name has letters. Leave it empty if the passport has no such name."))
    return name


def sex(text: str) -> str:
    """Return M, F or X; L and P, which Indonesian forms have, and the words in both languages are read, too."""
    found = "X" if text.strip() == _UNSPECIFIED_SEX else _SEXES.get(fold(text))
    if found is None or "?" in text:  # "F?" is a doubt
        raise Unreadable("bad_character", msg("Write L (male), P (female) or X."))
    return found


def state(text: str) -> str:
    """Return the ICAO code of a state, from a code or from a name in English or Indonesian (Doc 9303-3 §5)."""
    found = states.find(bounded(text, MAX_TEXT_LENGTH))
    if found is not None:
        return found.code
    if fold(text) == states.NOT_AVAILABLE:
        raise Unreadable("unknown_state", _MAYBE_NAMIBIA, "NAM")
    near = states.close_matches(text)
    if not near:
        raise Unreadable(
            "unknown_state", msg("No country has this code or name. Look for the three letters in the passport.")
        )
    raise Unreadable(
        "unknown_state",
        msg(
            "No country has this code or name. Did you mean {states}?",
            states=", ".join(f"{s.names['id']} / {s.names['en']} ({s.code})" for s in near),
        ),
        near[0].code,
    )


def document_number(text: str) -> str:
    """Return a document number in capital letters and digits, without spaces and hyphens, as in the MRZ."""
    number = "".join(text.split())
    if not valid_document_number(number):  # before upper(), which makes two letters of ß
        raise Unreadable(
            "bad_character", msg("A passport number has only the letters A to Z and digits, at most 20 of them.")
        )
    return plain_document_number(number)


def nights(text: str, arrival: date) -> date:
    """Return the planned check-out, a number of nights after the day of arrival: ``2``, ``2 malam``."""
    match = re.fullmatch(_NIGHTS, text.strip())
    if match is None or not 1 <= int(match[1]) <= MAX_NIGHTS:
        raise Unreadable("bad_character", msg("give a number from 1 to {most}.", most=MAX_NIGHTS))
    return arrival + timedelta(days=int(match[1]))


def changed_nights(text: str, reported: int) -> str:
    """Return the number of nights that ``+1`` or ``-1`` makes of the reported number; other texts as they are."""
    match = re.fullmatch(_CHANGED_NIGHTS, text.strip())
    return str(reported + int(match[1] + match[2])) if match is not None else text


def room(text: str) -> str:
    """Return a room without words such as "kamar" in front of it."""
    return room_name(one_line(text))


def stay_permit(text: str) -> str:
    """Return the code of a visa or stay permit of the table; any other text as it was typed, because there are more."""
    line = one_line(text)
    permit = permits.find(line)
    return permit.code if permit is not None else line


def purpose(text: str) -> Purpose:
    """Return the purpose that a text means: a word in either language, or the beginning of one purpose only."""
    found = purposes.find(text)
    if found is not None:
        return found
    near = purposes.suggest(text)
    if near:
        likely = msg("There is no such purpose. Did you mean {words}?", words=_labels(near))
        raise Unreadable("bad_character", likely, near[0].value)
    raise Unreadable("bad_character", msg("Choose one of: {words}.", words=_labels(Purpose)))


def _labels(listed_purposes: Iterable[Purpose]) -> Message:
    return listed([purposes.PURPOSES[purpose].label for purpose in listed_purposes])


def reason(text: str) -> str:
    """Return the reason of a change; it must have words that say something: a sign or "unknown" says nothing."""
    words = one_line(text, MAX_NOTE_LENGTH)
    if not any(c.isalpha() for c in words) or is_not_stated("reason", words):
        raise Unreadable("bad_character", msg("Write the reason in words: one sentence for the authority."))
    return words


def email(text: str) -> str:
    """Return an e-mail address, after the checks that a form needs."""
    address = one_line(text)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        raise Unreadable("bad_character", msg("This is not an e-mail address. Leave it empty if the guest gave none."))
    return address


def phone(text: str) -> str:
    """Return a telephone number of digits, spaces and the usual signs."""
    number = one_line(text)
    if not re.fullmatch(r"\+?[0-9 ().-]{4,30}", number):
        raise Unreadable("bad_character", msg("This is not a telephone number. Leave it empty if the guest gave none."))
    return number


class Given(NamedTuple):
    """What the meaning of a text may depend on: the day, the time and its zone, and the day of arrival."""

    today: date
    zone: tzinfo = UTC
    now: datetime | None = None
    """Aware. Without it, a time must have its date."""
    arrival: date | None = None
    """Today by default."""


Parser: TypeAlias = Callable[[str, Given], FieldValue]


def _remembered(parse: Callable[[str], FieldValue]) -> Parser:
    """Return the parser of a field that has the same texts in thousands of rows of a table."""
    cached = lru_cache(_CACHED)(parse)
    return lambda text, _given: cached(text)


PARSERS: Mapping[FieldType, Parser] = {
    "name": lambda text, _given: person_name(text),
    "sex": _remembered(sex),
    "place": _remembered(lambda text: one_line(text).upper()),
    "birth_date": lambda text, given: parse_dates.partial_date(text, today=given.today),
    "state": _remembered(state),
    "number": lambda text, _given: document_number(text),
    "date": lambda text, given: parse_dates.full_date(text, today=given.today),
    "past_date": lambda text, given: parse_dates.past_date(text, today=given.today),
    "stay_date": lambda text, given: parse_dates.stay_date(text, today=given.today, near=given.arrival),
    "moment": lambda text, given: parse_dates.date_and_time(text, given.zone, now=given.now),
    "nights": lambda text, given: nights(text, given.arrival or given.today),
    "permit": _remembered(stay_permit),
    "purpose": _remembered(purpose),
    "room": _remembered(room),
    "phone": lambda text, _given: phone(text),
    "email": lambda text, _given: email(text),
    "text": lambda text, _given: one_line(text),
    "note": lambda text, _given: one_line(text, MAX_NOTE_LENGTH),
}


def parse(name: str, text: str, given: Given) -> FieldValue:
    """Return the value of the field with this name that a text means."""
    refuse_spreadsheet_error(text)
    if is_unreadable(name, text):
        return UNREADABLE
    return PARSERS[BY_NAME[name].type](bounded(text), given)


@repr_with()
class Draft(NamedTuple):
    """The data of one guest: typed texts by the names of `apoa_client.report.fields`, and an MRZ.

    `values` are fields that need no parser: those of the report that is corrected, or of a table's cells. A typed text
    replaces one, also an empty text. `document_type` is that of the report that is corrected.
    """

    typed: Mapping[str, str] = MappingProxyType({})
    mrz: Mrz | None = None
    values: Mapping[str, FieldValue] = MappingProxyType({})
    document_type: str = ""


class Reader:
    """Reads the fields of a draft and collects the findings about them."""

    def __init__(self, draft: Draft, given: Given) -> None:
        self.draft = draft
        self.given = given
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        self._typed = {name: without_not_stated(name, text) for name, text in draft.typed.items()}
        mrz, expiry = draft.mrz, self._typed.get("expiry_date", draft.values.get("expiry_date"))
        if expiry == UNREADABLE and mrz is not None and mrz.expiry_date and "expiry_date" not in mrz.failing:
            self._typed["expiry_date"] = ""  # the MRZ has the date that cannot be read

    def add_error(self, name: str, code: str, message: Message, suggestion: str | None = None) -> None:
        """Add an error on a field."""
        self.errors.append(Finding(BY_NAME[name].path, code, message, suggestion))

    def add_warning(self, name: str, code: str, message: Message, suggestion: str | None = None) -> None:
        """Add a warning on a field."""
        self.warnings.append(Finding(BY_NAME[name].path, code, message, suggestion))

    def typed(self, name: str) -> str:
        """Return a field as a user typed it, or would type it; empty where it has no value, or says "not stated"."""
        if name in self._typed or name not in self.draft.values:
            return self._typed.get(name, "")
        return as_typed(self.draft.values[name])

    def value(self, name: str) -> Any:  # noqa: ANN401  a `FieldValue`, of the field's type
        """Return the typed or known value of a field, or else the value in the MRZ. Warns where the two differ.

        None stands for a field without a value, or with a wrong one.
        """
        in_mrz: Any = (getattr(self.draft.mrz, name) or None) if self.draft.mrz and BY_NAME[name].in_mrz else None
        if in_mrz is not None and name == "document_number":
            in_mrz = plain_document_number(in_mrz)
        if not (self._typed[name] if name in self._typed else self.draft.values.get(name)):
            return in_mrz
        value = self._given_value(name)
        if value is not None and in_mrz is not None and not self._agrees(name, value, in_mrz):
            self.add_warning(
                name,
                "conflict",
                msg(
                    "{field}: you typed {typed}, the MRZ says {read}. What you typed is reported.",
                    field=BY_NAME[name].label,
                    typed=str(value),
                    read=str(in_mrz),
                ),
            )
        return value

    def _given_value(self, name: str) -> "FieldValue | None":
        if name not in self._typed:
            return self.draft.values[name]
        try:
            return parse(name, self._typed[name], self.given)
        except Unreadable as exc:
            self.add_error(name, exc.code, with_label(BY_NAME[name].label, exc.message), exc.suggestion)
            return None

    def require(self, name: str, value: object) -> None:
        """Add an error where a required field is None, unless the field has another error."""
        field = BY_NAME[name]
        if value is None and not any(finding.field == field.path for finding in self.errors):
            self.add_error(name, "missing", with_label(field.label, field.missing))

    def add_mrz_problems(self) -> None:
        """Add the problems of the MRZ, except those of fields that were typed."""
        mrz = self.draft.mrz
        for problem in mrz.problems if mrz is not None else ():
            names = ["mrz" if problem.field in _NOT_A_FIELD else problem.field]
            if problem.field == "names":
                # The name with a digit, which no name has; without any, the last name, which ends in a row of K.
                names = [name for name in NAMES if any(c.isdigit() for c in getattr(mrz, name))]
                names = names or [name for name in NAMES if getattr(mrz, name)][-1:]
            best = next((correction.value for correction in problem.corrections), None)
            suggestion = best if problem.field != "composite" and best != str(getattr(mrz, problem.field, "")) else None
            for name in names:
                if not self.typed(name):
                    self.add_error(name, problem.code, problem.message, suggestion)
        # A field that is wrong in the MRZ is not also missing.
        wrong = {finding.field for finding in self.errors if finding.code != "missing"}
        self.errors = [finding for finding in self.errors if finding.code != "missing" or finding.field not in wrong]

    def _agrees(self, name: str, typed: object, in_mrz: object) -> bool:
        if name not in NAMES:
            return same_value(typed, in_mrz)
        spellings = [str(typed)]
        with suppress(CannotCompose):  # the MRZ may write Ü as UE (Doc 9303-3 §6)
            spellings.append(transliterate(str(typed)))
        is_cut = self.draft.mrz is not None and self.draft.mrz.names_truncated
        short = str(in_mrz)
        return any(fold(full) == fold(short) or (is_cut and _is_cut_from(full, short)) for full in spellings)


def _is_cut_from(full: str, short: str) -> bool:
    """Return whether a name is another one cut off: the beginnings of its words, in order (Doc 9303-4 §4.2.3)."""
    words = iter([fold(word) for word in full.replace("-", " ").split()])
    return fold(full).startswith(fold(short)) or all(
        any(word.startswith(fold(beginning)) for word in words) for beginning in short.split()
    )


def same_value(typed: object, in_mrz: object) -> bool:
    """Return whether two values are equal without accents, apostrophes and hyphens, and with one code for Germany."""
    return typed == in_mrz or fold(states.canonical_code(str(typed))) == fold(states.canonical_code(str(in_mrz)))
