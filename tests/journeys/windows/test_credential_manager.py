"""The main job with the secrets in Windows' Credential Manager, through `apoa.exe`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import QUENTIN, XIMENA, Installed
from journeys.conftest import SANDBOX_PASSWORD
from journeys.windows.conftest import Credentials, windows_only
from page_helpers import read_page

from apoa_client.vault.store import PASSWORD, PRIVATE_KEY

pytestmark = [pytest.mark.keyring, windows_only]


def test_set_up_report_sync_receipt_backup_and_restore(
    apoa: Installed, sandbox: Callable[..., Any], credentials: Credentials, tmp_path: Path
) -> None:
    """No secret is in a file, and every command finds the secrets, on a second home of this user, too."""
    account = ["--api-url", sandbox().url, "--username", "latihan", "--password-stdin"]
    code, page, backup = (tmp_path / each for each in ("code.txt", "page.html", "apoa.db"))
    options = ["--non-interactive", "--property", credentials.property_name, "--recovery-file", str(code)]
    said = apoa("setup", *options, *account, stdin=f"{SANDBOX_PASSWORD}\n")
    assert said.code == 0, said.err
    assert credentials.store.get(PASSWORD) == SANDBOX_PASSWORD
    assert credentials.store.get(PRIVATE_KEY) is not None
    assert [path.name for path in apoa.home.rglob("keys.json")] == []
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    assert apoa("sync", "--json").json["accepted"] == 1
    assert apoa(*XIMENA.mrz()).code == 0
    assert QUENTIN.surname in apoa("list").out
    report = apoa.reports()[0]
    assert apoa("receipt", report["id"], "--html", str(page)).code == 0
    assert report["receipt"]["number"] in read_page(page.read_text(encoding="utf-8")).text
    assert apoa("backup", str(backup)).code == 0
    other = replace(apoa, environ={**apoa.environ, "APOA_HOME": str(tmp_path / "other")})
    assert other("restore", str(backup), "--json").json["needs"] == []
    assert {report["guest"]["surname"] for report in other.reports()} == {QUENTIN.surname, XIMENA.surname}
    assert other("log", "--verify").code == 0
