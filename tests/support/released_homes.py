"""Homes as the program of each schema left them: settings, keys, outbox and training authority, one archive each.

Each has a report with a receipt, two that wait, and a draft. Schema 4 is that of release 0.1.0; those between it and
the present one were in no release. A new schema gets its archive from the program that has it:

    python tests/support/released_homes.py add

`MIXED` is of release 0.1.0 too: a property that practised and was then set up for reports by hand. In practice it sent
the check-in and the check-out of QUENTIN and the check-in of XIMENA, and saved OBADIAH. After the set-up it saved a
correction of XIMENA's room and a guest EVERETT, and recorded a typed number of a guest FLETCHER.
"""

import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from basics import FixedClock
from cli_helpers import OBADIAH, QUENTIN, XIMENA

from apoa_client.app.container import Container
from apoa_client.cli import main
from apoa_client.files import write_private
from apoa_client.outbox.sqlite.migrations import STEPS

FOLDER = Path(__file__).parents[1] / "journeys" / "released"
PROPERTY = "melati"
FILES = ("config.toml", *(f"{PROPERTY}/{name}" for name in ("keys.json", "outbox.db", "sandbox.db")))
MADE_AT = datetime(2026, 11, 26, 20, 56, tzinfo=UTC)
"""When the first was made. The clock of the later ones says the same."""
_DRAFT = "1\n"
MIXED = FOLDER / "schema-4-mixed.zip"


def archive_of(schema: int) -> Path:
    return FOLDER / f"schema-{schema}.zip"


def unpack(schema: int, home: Path) -> None:
    """Lay out the home of a schema, for its owner only."""
    unpack_file(archive_of(schema), home)


def unpack_file(path: Path, home: Path) -> None:
    """Lay out the home that an archive has, for its owner only."""
    with zipfile.ZipFile(path) as archive:
        for name in FILES:
            write_private(home / name, archive.read(name))


def pack(home: Path, schema: int) -> None:
    """Write the archive of a home."""
    with zipfile.ZipFile(archive_of(schema), "w", zipfile.ZIP_DEFLATED) as archive:
        for name in FILES:
            archive.writestr(zipfile.ZipInfo(name), (home / name).read_bytes(), zipfile.ZIP_DEFLATED)


def _add() -> int:
    clock = FixedClock(MADE_AT)
    with tempfile.TemporaryDirectory() as folder:
        environ = {"APOA_HOME": folder, "APOA_LANG": "en"}
        place = ["--property", PROPERTY, "--training", "--timezone", "WITA", "--vault", "file"]
        waiting = XIMENA.mrz("--no-send"), OBADIAH.mrz("--no-send", "--room", "9")
        for call in (["setup", "--non-interactive", *place], QUENTIN.mrz(), *waiting):
            code = main.run(call, environ, clock)
            if code:
                return code
        app = Container(environ, clock, PROPERTY)
        app.outbox.drafts.save(_DRAFT, clock.now())
        app.close()
        pack(Path(folder), max(STEPS))
    return 0


if __name__ == "__main__":
    sys.exit(_add() if sys.argv[1:] == ["add"] else __doc__)
