"""Properties that the tests of the program's parts make, without its command line."""

from pathlib import Path

from conftest import FixedClock

from apoa_client.app.container import App
from apoa_client.app.property_setup import Establishing
from apoa_client.settings.config import Property


def app_of(home: Path, clock: FixedClock, name: str = "") -> App:
    return App({"APOA_HOME": str(home)}, clock, name)


def training(name: str = "melati") -> Property:
    return Property(name, "training", public_key="", vault="file")


def set_up(home: Path, clock: FixedClock, house: Property) -> str:
    """Set up; the public key."""
    app = app_of(home, clock)
    try:
        assert Establishing(app).set_up(house, "") is None
    finally:
        app.close()
    return app_of(home, clock, house.name).house.public_key
