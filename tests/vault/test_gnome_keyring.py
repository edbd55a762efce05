"""The real Secret Service: a gnome-keyring on a session bus of the test's own.

Each test starts a bus and a daemon in an empty home, and runs a script there as a program of that session would.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from key_helpers import STARTED, UNLOCKED, needs_keyring, run_in_session

pytestmark = needs_keyring

PREAMBLE = """
import os, signal, time
from apoa_client.vault.errors import KeyringProblem
from apoa_client.vault import keyring_store
from apoa_client.vault.keyring_store import KeyringStore

ENVIRON = dict(os.environ)

def store(interactive=False, **environ):
    return KeyringStore("apoa-client/bali", interactive=interactive, environ={**ENVIRON, **environ})

def tried(call):
    start = time.monotonic()
    try:
        answer = call()
    except KeyringProblem as exc:
        answer = exc.name
    return [answer, time.monotonic() - start]
"""

NOTHING_ON_THE_BUS = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy>
</busconfig>
"""

Session = Callable[..., list[Any]]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Run a script in a desktop session of its own. Returns the values that it prints."""

    def run(script: str, *, start: str = UNLOCKED, config: str | None = None, display: str | None = None) -> list[Any]:
        environ = {} if display is None else {"DISPLAY": display}
        return run_in_session(tmp_path, PREAMBLE + script, start=start, config=config, environ=environ)

    return run


@pytest.fixture
def display() -> Iterator[str]:
    """A virtual screen."""
    name = f":{os.getpid() % 10000 + 100}"
    command = ["Xvfb", name, "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as screen:
        yield name
        screen.terminate()


def test_secrets_are_stored_read_and_deleted(session: Session) -> None:
    """One program stores a secret, the next one reads it, and plain `keyring` shows it."""
    printed = session(
        """
store().set("password", "rahasia")
store().set("password", "lain ß")
store().set("private-key", "k" * 44)
from keyring.backends.SecretService import Keyring
stock = Keyring().get_password("apoa-client/bali/password", "password")
both = [store().get("password"), store().get("private-key")]
store().delete("password")
store().delete("password")
output(stock, both, [store().get("password"), store().get("private-key")])
"""
    )
    assert printed == ["lain ß", ["lain ß", "k" * 44], [None, "k" * 44]]


def test_a_locked_keyring_fails_at_once(session: Session) -> None:
    """Without a terminal or without a display, every call fails before the time limit."""
    printed = session(
        """
store().set("password", "rahasia")
lock()
quiet, blind = store(DISPLAY=":0"), store(interactive=True)
calls = [lambda s=s, c=c: c(s) for s in (quiet, blind) for c in (
    lambda s: s.get("password"), lambda s: s.set("password", "x"), lambda s: s.delete("password"))]
output(*[tried(call) for call in calls])
"""
    )
    assert [answer for answer, _ in printed] == ["keyring_locked"] * 6
    assert all(seconds < 4.5 for _, seconds in printed)


def test_a_frozen_daemon(session: Session) -> None:
    """After SIGSTOP, the call ends at the time limit."""
    printed = session(
        """
store().set("password", "rahasia")
keyring_store.TIMEOUT_S = 1.0
with closing(secretstorage.dbus_init()) as bus:
    from jeepney import DBusAddress, new_method_call
    address = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    ask = new_method_call(address, "GetConnectionUnixProcessID", "s", ("org.freedesktop.secrets",))
    [daemon] = bus.send_and_get_reply(ask).body
os.kill(daemon, signal.SIGSTOP)
frozen = tried(lambda: store().get("password"))
os.kill(daemon, signal.SIGCONT)
output(frozen, store().get("password"))
"""
    )
    [[answer, seconds], afterwards] = printed
    assert answer == "keyring_hung"
    assert 0.9 < seconds < 10
    assert afterwards == "rahasia"


def test_a_keyring_that_was_never_set_up(session: Session) -> None:
    """It contains nothing, and storing raises an error with advice; no collection is created."""
    printed = session(
        """
from apoa_client.vault.secret_service import SecretService
keyring = SecretService(ENVIRON["DBUS_SESSION_BUS_ADDRESS"])
output(*[tried(call)[0] for call in (
    lambda: store().get("password"), lambda: store().set("password", "x"), lambda: store().delete("password"),
    lambda: keyring.set("x", "password", "x"))])
keyring.close()
""",
        start=STARTED,
    )
    assert printed == [None, "keyring_not_set_up", None, "keyring_not_set_up"]


def test_a_bus_without_a_keyring(session: Session) -> None:
    """No service has the name, and none can be started."""
    printed = session('output(tried(lambda: store().get("password"))[0])', start="", config=NOTHING_ON_THE_BUS)
    assert printed == ["keyring_missing"]


def test_an_empty_environment(session: Session) -> None:
    """As in cron: the bus is found at systemd's path."""
    printed = session(
        """
from pathlib import Path
store().set("password", "rahasia")
runtime = Path(os.environ["XDG_RUNTIME_DIR"])
(runtime / "7").mkdir()
target = ENVIRON["DBUS_SESSION_BUS_ADDRESS"].split("path=")[1].split(",")[0]
(runtime / "7" / "bus").symlink_to(target)
from apoa_client.vault.keyring_store import session_buses
[address] = session_buses({}, 7, runtime)
found = KeyringStore("apoa-client/bali", interactive=False, environ={"DBUS_SESSION_BUS_ADDRESS": address}, uid=7)
del os.environ["DBUS_SESSION_BUS_ADDRESS"]
output(found.get("password"))
"""
    )
    assert printed == ["rahasia"]


@pytest.mark.skipif(
    shutil.which("Xvfb") is None and not os.environ.get("APOA_REQUIRE_TOOLS"), reason="not installed: Xvfb"
)
def test_a_locked_keyring_with_a_display(session: Session, display: str) -> None:
    """The case in which plain `keyring` hangs: it fails at once without a terminal, and at the time limit with one."""
    printed = session(
        """
store().set("password", "rahasia")
lock()
keyring_store.PROMPT_TIMEOUT_S = 1.0
output(tried(lambda: store().get("password")), tried(lambda: store(interactive=True).get("password")))
""",
        display=display,
    )
    [[quiet, soon], [asked, later]] = printed
    assert quiet == "keyring_locked"
    assert soon < 4.5
    assert asked in {"keyring_hung", "keyring_locked"}
    assert later < 10
