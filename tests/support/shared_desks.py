"""Two desks of one property: installed commands with homes of their own, and one shared outbox."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cli_helpers import Installed
from journeys_helpers import assert_delivered_once, guest
from postgres_helpers import PASSWORD


class Desks(NamedTuple):
    """Two computers with the same settings and keys, and the database of their authority."""

    first: Installed
    second: Installed
    memory: Path

    def assert_all_sent_once(self, promised: Sequence[str]) -> None:
        """Both desks see every report, and the authority has each once."""
        assert self.first("sync", "--quiet").code == 0
        reports = self.first.reports()
        assert [report["id"] for report in self.second.reports()] == [report["id"] for report in reports]
        assert_delivered_once(reports, self.memory, promised)
        for desk in (self.first, self.second):
            assert desk("log", "--verify").code == 0


def two_desks(apoa: Installed, sandbox: Callable[..., Any], address: str, folder: Path) -> Desks:
    """Set up two desks with an outbox at this address, whose authority can be reached."""
    memory = folder / "authority.db"
    assert apoa.set_up(sandbox("", "--memory", str(memory)).url, "latihan").code == 0
    apoa.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    assert apoa("config", "set", "outbox", address).code == 0
    other = folder / "other"
    shutil.copytree(apoa.home, other)
    (other / "melati" / "outbox.db").unlink()
    return Desks(apoa, Installed(apoa.command, {**apoa.environ, "APOA_HOME": str(other)}), memory)


def save(desk: Installed, number: int) -> str:
    """Report a guest without sending. Returns the short id."""
    said = desk(*guest(number).mrz("--json", "--no-send")).ok()
    short_id: str = said.json["short_id"]
    return short_id
