"""The name field: primary and secondary identifier.

Source: ICAO Doc 9303-3 §4.6, and 9303-4 §4.2.2 and §4.2.3 (truncation).
"""

FILLER = "<"


def split_names(field: str) -> tuple[str, str]:
    """Surname and given names (primary and secondary identifier), with spaces between their parts.

    One of them may be empty: a single name stands in the primary identifier, and some states leave that one empty.
    Nothing is invented: what the transliteration took away (accents, apostrophes, hyphens) stays away.
    """
    primary, _, secondary = field.rstrip(FILLER).partition("<<")
    if "<<" in secondary or secondary[:1] == FILLER or primary[:1] == FILLER:
        return plain(primary), plain(secondary)
    return primary.replace(FILLER, " "), secondary.replace(FILLER, " ")


def plain(text: str) -> str:
    """Characters without fillers, a space where fillers stood between them."""
    bare = text.strip(FILLER)
    return bare if FILLER not in bare else " ".join(bare.replace(FILLER, " ").split())


def may_be_truncated(field: str) -> bool:
    """Whether names may have been cut: a letter stands in the field's last position (Doc 9303-4 §4.2.3)."""
    return not field.endswith(FILLER)
