"""The notice for the lobby: why the property asks for passports and how it treats the data, in seven languages.

The sentences are in `templates/poster.toml`, one table per language. The notice says who printed it, claims no more
than the law says, and does not look like an official document.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from apoa_client.cli.documents.pages import render_page
from apoa_client.cli.terminal.language import N_, in_both_languages
from apoa_client.cli.views.labels import day_text
from apoa_client.settings.config import PropertySettings

_SENTENCES = Path(__file__).with_name("templates") / "poster.toml"
_TREATMENT = ("checked", "stored", "sent", "deleted", "also")
"""The sentences about a guest's data, in their order on the page."""
_TRAINING = N_("Training: not for the lobby. Nothing from this property reaches Immigration.")


# The forms of a noun after a whole number, the first that applies (Unicode CLDR, Language Plural Rules).
_PLURAL_FORMS: Mapping[str, Sequence[tuple[str, Callable[[int], bool]]]] = {
    "en": (("one", lambda n: n == 1),),
    "ru": (
        ("many", lambda n: n % 100 in range(11, 15)),
        ("one", lambda n: n % 10 == 1),
        ("few", lambda n: n % 10 in range(2, 5)),
        ("many", lambda _n: True),
    ),
    "ar": (
        ("one", lambda n: n == 1),
        ("two", lambda n: n == 2),  # noqa: PLR2004  the form is named for it
        ("few", lambda n: n % 100 in range(3, 11)),
        ("many", lambda n: n % 100 in range(11, 100)),
    ),
}


def poster(settings: PropertySettings, name: str, now: datetime) -> str:
    """Return the page with the property's `name` as its heading, for its current settings."""
    sections = []
    for language in languages():
        sent = language["by_hand" if settings.by_hand else "sent"]
        deleted = language["deleted"].format(days=days_text(language, settings.retention_days))
        texts = {**language, "sent": sent, "deleted": deleted}
        sections.append({**texts, "treatment": [texts[each] for each in _TREATMENT]})
    return render_page(
        "poster.html",
        name=name,
        address=settings.address,
        sections=sections,
        training=_TRAINING if settings.is_training else "",
        printed=day_text(now.astimezone(settings.zone), in_both_languages),
    )


@cache
def languages() -> tuple[Mapping[str, Any], ...]:
    """Return the sentences of each language, in the order of the page."""
    return tuple(tomllib.loads(_SENTENCES.read_text(encoding="utf-8"))["language"])


def days_text(language: Mapping[str, Any], days: int) -> str:
    """Return a number of days with the right plural form of the language."""
    forms = _PLURAL_FORMS.get(language["lang"], ())
    plural_form = next((form for form, applies in forms if applies(days)), "other")
    return str(language["days"][plural_form]).format(days=days)
