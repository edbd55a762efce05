"""Properties for tests that do not use the command line."""

from pathlib import Path

from basics import FixedClock

from apoa_client.app.container import Container
from apoa_client.app.property_setup import PropertySetup
from apoa_client.settings.config import PropertySettings


def app_of(home: Path, clock: FixedClock, name: str = "", **environ: str) -> Container:
    return Container({"APOA_HOME": str(home), **environ}, clock, name)


def training(name: str = "melati") -> PropertySettings:
    return PropertySettings(name, "training", public_key="", vault="file")


def set_up(home: Path, clock: FixedClock, settings: PropertySettings) -> str:
    """Set up a property. Returns its public key."""
    app = app_of(home, clock)
    try:
        assert PropertySetup(app).set_up(settings, "") is None
    finally:
        app.close()
    return app_of(home, clock, settings.name).settings.public_key
