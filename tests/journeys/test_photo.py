"""A passport that is read from a photo, which arrives at the authority as evidence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli_helpers import QUENTIN, Installed
from passport_helpers import print_page
from PIL import Image, ImageChops, ImageStat

STAY = ("--birth-place", "GDANSK", "--nights", "2", "--room", "7", "--stay-permit", "B1", "--no-send")


def test_the_photo_arrives_with_the_report(apoa: Installed, sandbox: Callable[..., Any], tmp_path: Path) -> None:
    """Over real HTTP: the line breaks during the photo, and the next sync sends it; the evidence is the page."""
    authority = sandbox("photo:drop,photo:lost")
    assert apoa.set_up(authority.url, "latihan").code == 0
    assert apoa("config", "set", "keep_photos", "on").code == 0
    page = print_page(tmp_path / "page.jpg", QUENTIN.lines)
    reported = apoa("report", "--photo", str(page), *STAY, "--json").json
    broken = apoa("sync", "--json")
    assert (broken.code, broken.json["accepted"], broken.json["photos_sent"]) == (75, 1, 0)
    lost = apoa("sync", "--json")
    assert (lost.code, lost.json["photos_sent"]) == (75, 0)
    assert apoa("sync", "--json").json["photos_sent"] == 1
    file = tmp_path / "evidence.jpg"
    assert apoa("show", reported["short_id"], "--photo", str(file)).code == 0
    with Image.open(file) as copy, Image.open(page) as original:
        difference = ImageChops.difference(copy.convert("L"), original.convert("L"))
    assert sum(ImageStat.Stat(difference).mean) < 3
