"""HTML pages to print, from the templates beside this module, and the notice for the lobby. All values are escaped.

A page is one file without scripts or external resources, so that it prints the same in ten years and sends nothing.
jinja2 and segno are slow to load and are imported only here. The notice says why the property asks for passports and
how it treats the data, in seven languages: its sentences are in `templates/poster.toml`, one table per language. It
says who printed it, claims no more than the law says, and does not look like an official document.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache, partial
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from apoa_client.cli.terminal.language import N_, in_both_languages, in_language
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import day_text
from apoa_client.locale import LANGUAGES
from apoa_client.messages import time_message
from apoa_client.settings.config import PropertySettings

_TEMPLATES = Path(__file__).with_name("templates")


def render_page(template: str, **values: Any) -> str:  # noqa: ANN401  whatever the template shows
    """Return a template filled in.

    A template calls `in_both_languages(sentence)` or `in_language(language, sentence)` to translate. Raises
    `jinja2.UndefinedError` if a value is missing.
    """
    return _environment().get_template(template).render(**values)


def moment_in_both_languages(moment: datetime, zone: tzinfo) -> str:
    """Return an instant in the property's zone. The time stands once, as the first language writes it: 19.50 WIB."""
    local = moment.astimezone(zone)
    time = time_message(local).render(partial(in_language, LANGUAGES[0]))
    return f"{day_text(local, in_both_languages)} {time} {local.tzname()}"


def qr_code(text: str) -> str:
    """Return a QR code (ISO/IEC 18004) as inline SVG, with error correction M because paper is folded."""
    return str(segno.make(text, error="m", micro=False).svg_inline(scale=3, border=2, omitsize=True))


@cache
def _environment() -> Environment:
    """Return the environment, once per process: an inspection prints hundreds of pages from one template."""

    def finalize(value: object) -> object:
        """Return a value without characters that change the direction of a line or are invisible."""
        return sanitize(value) if isinstance(value, str) and not hasattr(value, "__html__") else value

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=finalize
    )
    environment.globals |= {"in_both_languages": in_both_languages, "in_language": in_language, "languages": LANGUAGES}
    return environment


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
