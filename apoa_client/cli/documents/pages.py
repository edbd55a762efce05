"""Pages to print: HTML files of their own, from the templates beside this module, with everything in them escaped.

One file each, without scripts or anything from elsewhere, so that it prints the same in ten years and tells nobody.
jinja2 and segno are slow to load and live here alone.
"""

from functools import cache
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from apoa_client.cli.terminal.language import in_both_languages, in_language
from apoa_client.cli.terminal.output import sanitize
from apoa_client.locale import LANGUAGES

_TEMPLATES = Path(__file__).with_name("templates")


def render_page(template: str, **values: Any) -> str:  # noqa: ANN401  whatever the template shows
    """Return a template filled in.

    In it, `in_both_languages(sentence)` is a sentence in both languages, and `in_language` in one.

    Raises `jinja2.UndefinedError` where a value is missing: a page with a hole is never printed.
    """
    return _environment().get_template(template).render(**values)


def qr_code(text: str) -> str:
    """A QR code (ISO/IEC 18004) as SVG, to stand in a page as it is; error correction M, for paper that is folded."""
    return str(segno.make(text, error="m", micro=False).svg_inline(scale=3, border=2, omitsize=True))


@cache
def _environment() -> Environment:
    """One for all pages of a call: an inspection prints hundreds from one template."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=_finalize
    )
    environment.globals |= {"in_both_languages": in_both_languages, "in_language": in_language, "languages": LANGUAGES}
    return environment


def _finalize(value: object) -> object:
    """Whatever a template shows, without what would turn a line of print around, or hide in it."""
    return sanitize(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
