"""The sheet for the safe: a recovery code on paper, in both languages, because years later somebody else reads it.

As HTML it is one file without scripts or anything from elsewhere, for a page of A5; as text it says the same.
"""

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import NamedTuple

from apoa_client.cli.language import N_, in_language
from apoa_client.texts import LANGUAGES

_TITLE = N_("Recovery code")
_ROWS = (N_("Property"), N_("Address"), N_("Made on"), N_("Fingerprint of the key"))
_SENTENCES = (
    N_("With this code the guests' reports that were saved with apoa-client can be read again, on a new computer too."),
    N_("How: restore the backup there, then type the code at: apoa key recover"),
    N_("Keep this sheet in the safe, not beside the computer. Do not photograph it, and do not send it by e-mail."),
    N_("Whoever has this code and a copy of the data can read every report: names, passports, rooms."),
    N_("There is no letter I, L, O or U in the code: what looks like one is the digit 1 or 0, or a V."),
    N_("After apoa key rotate there is another code. This one still opens backups from before."),
)


class Sheet(NamedTuple):
    """What stands on it. The code is as `apoa_client.vault.recovery.new_code` makes it."""

    property_name: str
    address: str
    made_on: date
    fingerprint: str
    code: str

    def __repr__(self) -> str:
        """Without the code."""
        return f"Sheet({self.property_name!r}, …)"

    @property
    def details(self) -> Sequence[tuple[str, str]]:
        """What the code belongs to: labels and values; no line for what is not known."""
        values = (self.property_name, self.address, self.made_on.isoformat(), self.fingerprint)
        return [(_both(label), value) for label, value in zip(_ROWS, values, strict=True) if value]


def as_text(sheet: Sheet) -> str:
    """The sheet as plain text; the code stands on a line of its own."""
    details = "".join(f"{label}: {value}\n" for label, value in sheet.details)
    sentences = "\n".join("".join(f"{line}\n" for line in _sentences(language)) for language in LANGUAGES)
    return f"apoa-client. {_both(_TITLE)}\n\n{details}\n{sheet.code}\n\n{sentences}"


def as_html(sheet: Sheet) -> str:
    """The sheet as one HTML file, to be printed."""
    rows = "".join(f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in sheet.details)
    groups = "".join(f"<li>{escape(group)}</li>" for group in sheet.code.split("-"))
    parts = "".join(_section(language) for language in LANGUAGES)
    title = escape(_both(_TITLE))
    return _PAGE.format(
        title=title, name=escape(sheet.property_name), rows=rows, groups=groups, code=escape(sheet.code), parts=parts
    )


def _section(language: str) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in _sentences(language))
    return f'<section lang="{language}"><h2>{escape(in_language(language, _TITLE))}</h2><ul>{items}</ul></section>'


def _sentences(language: str) -> list[str]:
    return [in_language(language, sentence) for sentence in _SENTENCES]


def _both(sentence: str) -> str:
    return " / ".join(dict.fromkeys(in_language(language, sentence) for language in LANGUAGES))


_PAGE = """<!DOCTYPE html>
<html lang="id">
<head>
<meta charset="utf-8">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}: {name}</title>
<style>
@page {{ size: A5; margin: 11mm; }}
* {{ box-sizing: border-box; }}
body {{ font: 9.5pt/1.35 sans-serif; color: #000; background: #fff; max-width: 128mm; margin: 0 auto; padding: 2mm 0; }}
h1 {{ font-size: 15pt; margin: 0 0 2mm; }}
h2 {{ font-size: 10.5pt; margin: 4mm 0 1mm; }}
table {{ border-collapse: collapse; }}
th {{ text-align: left; font-weight: normal; color: #444; padding: 0 4mm 0 0; vertical-align: top; }}
td {{ font-weight: bold; overflow-wrap: anywhere; }}
ol {{ list-style: none; counter-reset: group; display: flex; flex-wrap: wrap; gap: 2.5mm;
  padding: 0; margin: 5mm 0 2mm; }}
ol li {{ counter-increment: group; border: 0.4mm solid #000; border-radius: 1.5mm; padding: 0.5mm 2.5mm 1mm;
  font: bold 17pt/1.2 monospace; letter-spacing: 0.08em; }}
ol li::before {{ content: counter(group); display: block; font: 7.5pt/1.2 sans-serif; letter-spacing: 0; color: #444; }}
p {{ font: 8.5pt monospace; margin: 0; color: #444; }}
ul {{ margin: 0; padding-left: 4.5mm; }}
section, ol li {{ break-inside: avoid; }}
</style>
</head>
<body>
<h1>{title}</h1>
<table>{rows}</table>
<ol>{groups}</ol>
<p>{code}</p>
{parts}
</body>
</html>
"""
