"""Reads the guide's texts from the files beside this module: TOML, and Markdown in `guides/`."""

import os
import tomllib
from collections.abc import Iterator
from typing import Any

from apoa_client.locale import SOURCE_LANGUAGE

# os.path: pathlib is slow to load.
_FOLDER = os.path.dirname(__file__)  # noqa: PTH120  see above


def read_content(name: str, language: str) -> dict[str, Any]:
    """Return the content of the file ``NAME.LANGUAGE.toml``, or of the English one for a language that has none."""
    path = os.path.join(_FOLDER, f"{name}.{language}.toml")  # noqa: PTH118  see above
    if not os.path.exists(path):  # noqa: PTH110  see above
        return read_content(name, SOURCE_LANGUAGE)
    with open(path, "rb") as file:  # noqa: PTH123  see above
        return tomllib.load(file)


def read_guides() -> Iterator[tuple[str, str]]:
    """Return the name and the text of each file in `guides/`, sorted by name."""
    folder = os.path.join(_FOLDER, "guides")  # noqa: PTH118  see above
    for name in sorted(os.listdir(folder)):  # noqa: PTH208  see above
        with open(os.path.join(folder, name), encoding="utf-8") as file:  # noqa: PTH118, PTH123  see above
            yield name, file.read()
