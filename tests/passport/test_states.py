"""The table of states, compared with two independent ones."""

import pycountry
import pytest
import state_names
from babel import Locale

from apoa_client.passport.states import all_states, by_code, close_matches, find

NOT_ISO = {
    # Doc 9303-3 §5, parts B to E, and what ICAO keeps for old documents and for specimens.
    "D", "ANT", "EUE", "GBD", "GBN", "GBO", "GBP", "GBS", "IAO", "NTZ", "RKS", "UNA", "UNK", "UNO", "UTO", "XBA", "XCC",
    "XCE", "XCO", "XDC", "XEC", "XES", "XIM", "XMP", "XOM", "XPO", "XXA", "XXB", "XXC", "XXX",
}  # fmt: skip

RENAMED_BY_UNICODE = {"ATF", "BRN", "HMD", "SHN"}
"""Their names differ between releases of babel (2.18 and 2.19), so each may be one of the listed ones or ours."""

ENGLISH_ON_PURPOSE = {
    # Unicode's name, and ours: written out, or the name that passports and Indonesia's authorities use.
    "ATF": ("French Southern and Antarctic Lands", "French Southern Territories"),
    "BES": ("Caribbean Netherlands", "Bonaire, Sint Eustatius and Saba"),
    "BRN": ("Brunei", "Brunei Darussalam"),
    "COD": ("Congo - Kinshasa", "Democratic Republic of the Congo"),
    "COG": ("Congo - Brazzaville", "Republic of the Congo"),
    "CPV": ("Cape Verde", "Cabo Verde"),
    "HKG": ("Hong Kong SAR China", "Hong Kong"),
    "HMD": ("Heard & McDonald Islands", "Heard Island and McDonald Islands"),
    "MAC": ("Macao SAR China", "Macao"),
    "MMR": ("Myanmar (Burma)", "Myanmar"),
    "PSE": ("Palestinian Territories", "Palestine"),
    "SGS": ("South Georgia & South Sandwich Islands", "South Georgia and the South Sandwich Islands"),
    "SHN": ("St. Helena", "Saint Helena, Ascension and Tristan da Cunha"),
    "UMI": ("U.S. Outlying Islands", "United States Minor Outlying Islands"),
    "VCT": ("St. Vincent & Grenadines", "Saint Vincent and the Grenadines"),
    "VIR": ("U.S. Virgin Islands", "United States Virgin Islands"),
}

INDONESIAN_ON_PURPOSE = {
    "BES": ("Belanda Karibia", "Bonaire, Sint Eustatius, dan Saba"),
    "BRN": ("Brunei", "Brunei Darussalam"),
    "CIV": ("Côte d'Ivoire", "Pantai Gading"),
    "COD": ("Kongo - Kinshasa", "Republik Demokratik Kongo"),
    "COG": ("Kongo - Brazzaville", "Republik Kongo"),
    "HKG": ("Hong Kong DAK Tiongkok", "Hong Kong"),
    "MAC": ("Makau DAK Tiongkok", "Makau"),
    "MMR": ("Myanmar (Burma)", "Myanmar"),
    "NFK": ("Kepulauan Norfolk", "Pulau Norfolk"),
    "PSE": ("Wilayah Palestina", "Palestina"),
    "SGS": ("Georgia Selatan & Kep. Sandwich Selatan", "Georgia Selatan dan Kepulauan Sandwich Selatan"),
    "SHN": ("Saint Helena", "Saint Helena, Ascension, dan Tristan da Cunha"),
    "SWZ": ("eSwatini", "Eswatini"),
    "UMI": ("Kepulauan Terluar AS", "Kepulauan Terluar Amerika Serikat"),
}


def iso() -> dict[str, str]:
    """Return alpha-2 codes by alpha-3 codes, from pycountry."""
    return {country.alpha_3: country.alpha_2 for country in pycountry.countries}


def test_every_iso_code_is_there_and_every_other_is_icaos() -> None:
    """ISO 3166-1 and Doc 9303-3 §5, and nothing else."""
    assert {state.code for state in all_states()} == set(iso()) | NOT_ISO
    assert {state.code: state.alpha2 for state in all_states() if state.code not in NOT_ISO} == iso()
    assert {state.code: state.alpha2 for state in all_states() if state.code in NOT_ISO and state.alpha2} == {
        "D": "DE",
        "RKS": "XK",
    }


@pytest.mark.parametrize(("language", "on_purpose"), [("en", ENGLISH_ON_PURPOSE), ("id", INDONESIAN_ON_PURPOSE)])
def test_names_are_those_of_unicode_except_listed_ones(language: str, on_purpose: dict[str, tuple[str, str]]) -> None:
    """Each intended difference from babel's names is listed."""
    territories = Locale(language).territories
    names = [state.name(language) for state in all_states() if state.code != "DEU"]
    assert all(names)
    assert len(set(names)) == len(names)  # only Germany has two codes with one name
    differing = {}
    for code, alpha2 in iso().items():
        state = by_code(code)
        assert state is not None
        theirs, ours = territories[alpha2].replace("\u2019", "'"), state.name(language)
        if theirs.replace("&", "and").replace("St. ", "Saint ") != ours:
            differing[code] = (theirs, ours)
    assert differing.items() <= on_purpose.items()
    assert on_purpose.keys() - differing.keys() <= RENAMED_BY_UNICODE


def test_every_name_of_the_independent_lists_finds_its_state() -> None:
    """Also names that our table writes differently."""
    for country in pycountry.countries:
        code = "D" if country.alpha_3 == "DEU" else country.alpha_3
        names = [country.name, *(Locale(tag).territories[country.alpha_2] for tag in ("en", "id"))]
        for name in [*names, country.alpha_2]:
            if name in {"NA", "Congo"}:  # not available; either of two states
                continue
            found = find(name)
            expected = "USA" if name == "AS" else code
            assert found is not None
            assert found.code == expected
        assert find(country.alpha_3) == by_code(country.alpha_3)


WRITTEN = {
    "D": "D|d|DE|Germany|jerman", "DEU": "DEU", "GBR": "GBR|Inggris|UK", "USA": "Amerika Serikat|AS|usa|us",
    "KOR": "Korea Selatan|Korea|WNA Korea|Korsel", "PRK": "Korea Utara|DPRK", "NLD": "Belanda",
    "CHN": "Tiongkok|China|Cina", "FRA": "Perancis", "CIV": "Pantai Gading|cote d\u2019ivoire", "REU": "REUNION",
    "NAM": "NAM|Namibia|namibian", "TLS": "Timor-Leste|timor leste", "TTO": "Trinidad & Tobago", "RKS": "xk",
    "UNO": "PBB", "XXA": "stateless",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"), [(text, code) for code, texts in WRITTEN.items() for text in texts.split("|")]
)
def test_a_state_is_found_as_people_write_it(text: str, code: str) -> None:
    """By code, by the name in either language, and by common names."""
    found = find(text)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_official_name_finds_its_state(language: str) -> None:
    """As passports print it: "Republic of Singapore", "Republik Singapura"."""
    official = state_names.official_names()
    assert len(official) > 170
    found = {code: find(names[language]) for code, names in official.items()}
    assert {code for code, state in found.items() if state is None or state.code != code} == set()


DEMONYMS = {
    "AUS": "Australian|Aussie|orang Australia", "IND": "Indian|orang India",
    "JPN": "Japanese|orang Jepang|WN Jepang", "THA": "Thai|warga negara Thailand",
    "FRA": "French|Frenchman|orang Prancis|citizen of France", "CHN": "Chinese|Tionghoa", "SGP": "Singaporean",
    "MYS": "Malaysian", "GBR": "British|English|Scottish|Welsh|orang Inggris", "D": "German", "NLD": "Dutch",
    "RUS": "Russian", "USA": "American", "KOR": "Korean|South Korean|warga Korea",
    "PRK": "North Korean|WNA Korea Utara",
    "NZL": "New Zealander|Kiwi", "PHL": "Filipino|Filipina", "VNM": "Vietnamese", "CHE": "Swiss",
    "SWE": "Swedish|Swede", "DNK": "Danish|Dane", "NOR": "Norwegian", "FIN": "Finnish|Finn",
    "ESP": "Spanish|Spaniard", "PRT": "Portuguese", "POL": "Polish|Pole", "TUR": "Turkish|Turk", "GRC": "Greek",
    "CZE": "Czech", "UKR": "Ukrainian", "BEL": "Belgian", "ITA": "Italian", "IRL": "Irish", "CAN": "Canadian",
    "SAU": "Saudi|Saudi Arabian", "ARE": "Emirati", "IRN": "Iranian", "PAK": "Pakistani", "BGD": "Bangladeshi",
    "LKA": "Sri Lankan", "MMR": "Burmese", "KHM": "Cambodian|Khmer", "LAO": "Lao|Laotian", "TLS": "Timorese",
    "TWN": "Taiwanese", "HKG": "Hong Konger", "ZAF": "South African", "BRA": "Brazilian", "MEX": "Mexican",
    "ISR": "Israeli", "NER": "Nigerien", "NGA": "Nigerian", "IDN": "Indonesian|WNI",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"), [(text, code) for code, texts in DEMONYMS.items() for text in texts.split("|")]
)
def test_a_demonym_is_found(text: str, code: str) -> None:
    """In any case, and the only match that would be offered."""
    for written in (text, text.upper(), text.lower()):
        found = find(written)
        assert found is not None
        assert found.code == code
    assert code in [state.code for state in close_matches(text)] or text in {"WNI", "citizen of France"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Dominican", ["DMA", "DOM"]),
        ("Congo", ["COD", "COG"]),
        ("Congolese", ["COD", "COG"]),
        ("Virgin Islander", ["VGB", "VIR"]),
        ("French", ["FRA"]),
        ("Republic of Singapor", ["SGP"]),
        ("Republik Singapur", ["SGP"]),
        ("Austrlian", ["AUS", "AUT"]),
        ("Japanes", ["JPN"]),
        ("orang Jepan", ["JPN"]),
        ("aJpan", ["JPN"]),
        ("Republik", ["CZE", "COG", "KOR", "RKS"]),
        *((text, ["D"]) for text in ("germani", "Jermn")),  # Germany's two codes are one state
        *((text, [code]) for text, code in (("Ausralia", "AUS"), ("Korea", "KOR"), ("Swedn", "SWE"))),
        ("USB", ["USA", "SLB", "SRB", "UZB"]),
        *((text, []) for text in ("none", "unknown", "tidak ada", "tidak tahu", "Bali", "Jakarta", "London", "Smith")),
        *((text, []) for text in ("hotel", "paspor", "Bule", "", "qqqqqqqqqq")),
    ],
)
def test_what_is_offered(text: str, codes: list[str]) -> None:
    """The states of a demonym that several have, and otherwise only what is about as similar as the best match."""
    for limit in (5, 1):
        assert [state.code for state in close_matches(text, limit=limit)] == codes[:limit]
    assert [state.code for state in close_matches(text)] == codes[:3]


@pytest.mark.parametrize("text", ["", " ", "<<<", "QQQ", "Atlantis", "\ud800", "NA", "na", "N/A", "n.a.", "WN NA"])
def test_other_texts_find_no_state(text: str) -> None:
    """Nothing is guessed: NA says "not available", and Namibia is NAM. `by_code` is for MRZs."""
    assert find(text) is None
    assert [by_code(code) for code in (text, "d", "D<<")] == [None] * 3
