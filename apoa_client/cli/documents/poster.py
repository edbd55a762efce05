"""The lobby's notice: why a passport is asked for, and what becomes of its data, in seven languages on one page.

Its sentences are content, not the program's own speech: they stand in `templates/poster.toml`, one table a language.
It says who printed it, claims no more of the law than the law says, and looks like nobody's official document.
"""

import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from apoa_client.cli.documents.pages import render_page
from apoa_client.cli.terminal.language import N_, in_both_languages
from apoa_client.cli.views.labels import day_text
from apoa_client.settings.config import PropertySettings

_SENTENCES = Path(__file__).with_name("templates") / "poster.toml"
_TREATMENT = ("checked", "stored", "sent", "deleted", "only")
"""What becomes of a guest's data, in its order."""
_TRAINING = N_("Training: not for the lobby. Nothing from this property reaches Immigration.")


def poster(settings: PropertySettings, name: str, now: datetime) -> str:
    """The page, under the house's `name`, as its settings are at the time `now`."""
    return render_page(
        "poster.html",
        name=name,
        address=settings.address,
        sections=[_section(language, settings) for language in languages()],
        training=_TRAINING if settings.is_training else "",
        printed=day_text(now.astimezone(settings.zone), in_both_languages),
    )


@cache
def languages() -> tuple[Mapping[str, Any], ...]:
    """The sentences of each language, in the page's order."""
    return tuple(tomllib.loads(_SENTENCES.read_text(encoding="utf-8"))["language"])


def days_text(language: Mapping[str, Any], days: int) -> str:
    """So many days, as they stand in the language's sentence: in each case its own form of the word."""
    form = _FORMS.get(language["lang"], _only)(days)
    return str(language["days"][form]).format(days=days)


def _section(language: Mapping[str, Any], settings: PropertySettings) -> dict[str, Any]:
    told = {**language, "sent": language["by_hand" if settings.by_hand else "sent"]}
    told["deleted"] = language["deleted"].format(days=days_text(language, settings.retention_days))
    return {**told, "treatment": [told[sentence] for sentence in _TREATMENT]}


# The forms of a noun after a whole number (Unicode CLDR, Language Plural Rules).

_FEW, _TEENS, _HUNDRED_AND_FEW, _HUNDRED_AND_MANY = range(2, 5), range(11, 15), range(3, 11), range(11, 100)


def _only(_number: int) -> str:
    return "other"


def _english(number: int) -> str:
    return "one" if number == 1 else "other"


def _russian(number: int) -> str:
    if number % 100 in _TEENS:
        return "many"
    if number % 10 == 1:
        return "one"
    return "few" if number % 10 in _FEW else "many"


def _arabic(number: int) -> str:
    if number in _ARABIC_WORDS:
        return _ARABIC_WORDS[number]
    if number % 100 in _HUNDRED_AND_FEW:
        return "few"
    return "many" if number % 100 in _HUNDRED_AND_MANY else "other"


_ARABIC_WORDS = {1: "one", 2: "two"}
_FORMS: Mapping[str, Callable[[int], str]] = {"en": _english, "ru": _russian, "ar": _arabic}
