"""What a keyring costs: a guest's report while it is open, locked and frozen, and the fetch of a secret.

Run it as ``python tests/benchmarks/vault.py [ROUNDS]`` on Linux with gnome-keyring and dbus-run-session. Everything
happens in one desktop session of its own, with a training authority beside it, in interleaved rounds; the fetch is
timed beside `keyring.get_password`, each in an interpreter of its own. Medians and ratios are printed; nothing fails.
"""

import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keyring_helpers import MISSING, run_in_session

ROUNDS = 11

SCRIPT = """
import os, re, signal, subprocess, time
from jeepney import DBusAddress, new_method_call

BESIDE = os.path.dirname(sys.executable)
GUEST = ["--surname", "HARTLEY", "--given-names", "OLIVER", "--sex", "M", "--birth-date", "1985-09-12",
    "--nationality", "GBR", "--expiry-date", "2032-03-28", "--birth-place", "LEEDS", "--nights", "2"]
OURS = '''
import os
from apoa_client.vault.keyring_store import KeyringStore
assert KeyringStore("apoa-client/melati", interactive=False, environ=os.environ).get("private-key")
'''
STOCK = '''
import keyring
assert keyring.get_password("apoa-client/melati/private-key", "private-key")
'''

def run(*command, stdin="", codes=(0,)):
    begun = time.perf_counter()
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    assert done.returncode in codes, done.stderr
    return time.perf_counter() - begun

def apoa(*arguments, **more):
    return run(os.path.join(BESIDE, "apoa"), *arguments, **more)

def daemon():
    with closing(secretstorage.dbus_init()) as bus:
        address = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        ask = new_method_call(address, "GetConnectionUnixProcessID", "s", ("org.freedesktop.secrets",))
        return bus.send_and_get_reply(ask).body[0]

number = iter(range(1000000, 9999999))

def report(*more):
    return apoa("report", *GUEST, "--document-number", f"X{next(number)}", *more)

def both(name):
    told.setdefault(f"report --no-send, keyring {name}", []).append(report("--no-send"))
    told.setdefault(f"report, keyring {name}", []).append(report())

told = {}
server = subprocess.Popen([os.path.join(BESIDE, "apoa"), "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True)
url = re.search(r"http://\\S+/v1", server.stdout.readline())[0]
apoa("setup", "--non-interactive", "--property", "melati", "--api-url", url, "--username", "latihan",
    "--password-stdin", stdin="latihan\\n")
keyring_daemon = daemon()
for turn in range(ROUNDS + 1):
    both("open")
    told.setdefault("sync with nothing to send, keyring open", []).append(apoa("sync"))
    told.setdefault("private key, ours", []).append(run(sys.executable, "-c", OURS))
    told.setdefault("private key, keyring.get_password", []).append(run(sys.executable, "-c", STOCK))
os.kill(keyring_daemon, signal.SIGSTOP)
for turn in range(3):
    both("frozen")
os.kill(keyring_daemon, signal.SIGCONT)
lock()
for turn in range(ROUNDS + 1):
    both("locked")
server.terminate()
server.communicate()
tell({name: seconds[1:] for name, seconds in told.items()})
"""


def lines(seconds: Mapping[str, Sequence[float]]) -> list[str]:
    """Medians in milliseconds, with the ratio to the same call while the keyring is open, or to stock `keyring`."""
    shown = [f"{'':<44}{'ms':>8}{'ratio':>8}"]
    for name, values in seconds.items():
        before, _comma, keyring = name.rpartition(", keyring ")
        beside = f"{before}, keyring open" if keyring else "private key, keyring.get_password"
        base = statistics.median(seconds.get(beside, values))
        median = statistics.median(values)
        shown.append(f"{name:<44}{median * 1000:>8.0f}{median / base:>8.2f}")
    return shown


def main() -> None:
    """Measure in a session of its own, print."""
    if MISSING:
        sys.exit(f"not installed: {', '.join(MISSING)}")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-") as folder:
        script = f"import sys\nROUNDS = {rounds}\n" + SCRIPT
        [seconds] = run_in_session(Path(folder), script, environ={"APOA_HOME": f"{folder}/home"})
    sys.stdout.write("\n".join(lines(seconds)) + "\n")


if __name__ == "__main__":
    main()
