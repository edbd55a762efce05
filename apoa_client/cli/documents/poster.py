"""The notice for the lobby: why the property asks for passports and how it treats the data, in seven languages.

The sentences are in `templates/poster.toml`, one table per language. The notice says who printed it, claims no more
than the law says, and does not look like an official document.
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
"""The sentences about a guest's data, in their order on the page."""
_TRAINING = N_("Training: not for the lobby. Nothing from this property reaches Immigration.")


def poster(settings: PropertySettings, name: str, now: datetime) -> str:
    """Return the page with the property's `name` as its heading, for its current settings."""
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
    """Return the sentences of each language, in the order of the page."""
    return tuple(tomllib.loads(_SENTENCES.read_text(encoding="utf-8"))["language"])


def days_text(language: Mapping[str, Any], days: int) -> str:
    """Return a number of days with the right plural form of the language."""
    plural_form = _PLURAL_FORMS.get(language["lang"], _only)
    return str(language["days"][plural_form(days)]).format(days=days)


def _section(language: Mapping[str, Any], settings: PropertySettings) -> dict[str, Any]:
    texts = {**language, "sent": language["by_hand" if settings.by_hand else "sent"]}
    texts["deleted"] = language["deleted"].format(days=days_text(language, settings.retention_days))
    return {**texts, "treatment": [texts[name] for name in _TREATMENT]}


# The forms of a noun after a whole number (Unicode CLDR, Language Plural Rules).

_ONE_AND_TWO = {1: "one", 2: "two"}


def _only(_number: int) -> str:
    return "other"


def _english(number: int) -> str:
    return "one" if number == 1 else "other"


def _russian(number: int) -> str:
    if number % 100 in range(11, 15):
        return "many"
    if number % 10 == 1:
        return "one"
    return "few" if number % 10 in range(2, 5) else "many"


def _arabic(number: int) -> str:
    if number in _ONE_AND_TWO:
        return _ONE_AND_TWO[number]
    if number % 100 in range(3, 11):
        return "few"
    return "many" if number % 100 in range(11, 100) else "other"


_PLURAL_FORMS: Mapping[str, Callable[[int], str]] = {
    "en": _english,
    "ru": _russian,
    "ar": _arabic,
}
