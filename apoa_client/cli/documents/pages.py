"""HTML pages to print, from the templates beside this module. All values are escaped.

A page is one file without scripts or external resources, so that it prints the same in ten years and sends nothing.
jinja2 and segno are slow to load and are imported only here.
"""

from datetime import datetime, tzinfo
from functools import cache, partial
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from apoa_client.cli.terminal.language import in_both_languages, in_language
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import day_text
from apoa_client.locale import LANGUAGES
from apoa_client.messages import time_message

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
