"""Keeps the official names in ``states.tsv`` equal to those of pycountry, in English and Indonesian.

``python tests/support/state_names.py update`` writes the columns ``official:en`` and ``official:id``. The program
itself loads no library of countries. Names that another column has are left out, and so are names without a
translation.
"""

import gettext
import sys
from pathlib import Path

import pycountry

TABLE = Path(__file__).resolve().parents[2] / "apoa_client" / "passport" / "states.tsv"
_MISPRINTS = {"Repulik Finlandia": "Republik Finlandia", "Republik Demokrat Rakyat Algeria": "Republik Aljazair"}
_INDONESIAN = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["id"])


def official_names() -> dict[str, dict[str, str]]:
    """Return the official names by ICAO code and by language tag, where there are any."""
    names = {}
    for country in pycountry.countries:
        english = getattr(country, "official_name", None)
        if english is not None:
            translated = _INDONESIAN.gettext(english)
            code = "D" if country.alpha_3 == "DEU" else country.alpha_3
            names[code] = {"en": english, "id": _MISPRINTS.get(translated, translated)}
    return names


def updated() -> str:
    """Return the text of the table with the official names."""
    columns, *lines = (line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines())
    official = official_names()
    rows = ["\t".join(columns)]
    for line in lines:
        row = dict(zip(columns, line, strict=True))
        others = {row["name:en"], row["name:id"], *row["aliases"].split("|")}
        for language in ("en", "id"):
            name = official.get(row["code"], {}).get(language, "")
            row[f"official:{language}"] = name if name not in others else ""
            others.add(name)
        rows.append("\t".join(row[column] for column in columns))
    return "\n".join(rows) + "\n"


def main() -> None:
    """Write the table."""
    if sys.argv[1:] != ["update"]:
        sys.exit(__doc__)
    TABLE.write_text(updated(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
