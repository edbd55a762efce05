"""Keeps ``openapi.json``, which the program reads, equal to ``openapi.yaml``, which people read and edit.

``python tests/support/contract_json.py update`` writes the JSON file from the YAML file. A test checks that they are
equal.
"""

import json
import sys
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "apoa_client" / "authority"
YAML = FOLDER / "openapi.yaml"
JSON = FOLDER / "openapi.json"


def converted() -> str:
    """The JSON text of the YAML file. Raises `TypeError` for a date without quotes, which JSON cannot express."""
    return json.dumps(yaml.safe_load(YAML.read_text(encoding="utf-8")), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the JSON file."""
    if sys.argv[1:] != ["update"]:
        sys.exit(__doc__)
    JSON.write_text(converted(), encoding="utf-8")


if __name__ == "__main__":
    main()
