"""Reads the guide's texts from the TOML files beside this module, one file per language."""

import os
import tomllib
from typing import Any


def read_content(name: str, language: str) -> dict[str, Any]:
    """Return the file ``NAME.LANGUAGE.toml``. Raises `FileNotFoundError` for a language that has none."""
    # os.path: pathlib is slow to load.
    path = os.path.join(os.path.dirname(__file__), f"{name}.{language}.toml")  # noqa: PTH118, PTH120  see above
    with open(path, "rb") as file:  # noqa: PTH123  see above
        return tomllib.load(file)
