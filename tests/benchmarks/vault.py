"""Measures the cost of a keyring: a report while it is open, locked and frozen, and reading a secret.

Run it as ``python tests/benchmarks/vault.py [ROUNDS] [--small]`` on Linux with gnome-keyring and dbus-run-session. All
runs in one separate desktop session with a training authority, in interleaved rounds. Reading a secret is timed beside
`keyring.get_password`, each in its own interpreter. It prints medians and ratios. No result fails for being slow, but
the exit status is 1, and no ratio is printed, where a command failed, a report was not saved, or one made with an open
keyring was not delivered. ``--small`` only checks that, in one round.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from key_helpers import MISSING, run_in_session

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

def run(*command, stdin=""):
    begun = time.perf_counter()
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
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
    seconds.setdefault(f"report --no-send, keyring {name}", []).append(report("--no-send"))
    seconds.setdefault(f"report, keyring {name}", []).append(report())

def states():
    command = [os.path.join(BESIDE, "apoa"), "list", "--all", "--json"]
    listed = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return [each["state"] for each in json.loads(listed.stdout)["reports"]]

seconds = {}
os.environ["APOA_SANDBOX_PASSWORD"] = "latihan"
server = subprocess.Popen([os.path.join(BESIDE, "apoa"), "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True)
url = re.search(r"http://\\S+/v1", server.stdout.readline())[0]
apoa("setup", "--non-interactive", "--property", "melati", "--api-url", url, "--username", "latihan",
    "--password-stdin", stdin="latihan\\n")
keyring_daemon = daemon()
for _ in range(ROUNDS + 1):
    both("open")
    seconds.setdefault("sync with nothing to send, keyring open", []).append(apoa("sync"))
    seconds.setdefault("private key, ours", []).append(run(sys.executable, "-c", OURS))
    seconds.setdefault("private key, keyring.get_password", []).append(run(sys.executable, "-c", STOCK))
delivered = states()
assert len(delivered) == 2 * (ROUNDS + 1) and set(delivered) == {"accepted"}, delivered
os.kill(keyring_daemon, signal.SIGSTOP)
for _ in range(3):
    both("frozen")
os.kill(keyring_daemon, signal.SIGCONT)
lock()
for _ in range(ROUNDS + 1):
    both("locked")
assert len(states()) == 2 * (2 * (ROUNDS + 1) + 3), states()
server.terminate()
server.communicate()
output({name: each[1:] for name, each in seconds.items()})
"""


def lines(seconds: Mapping[str, Sequence[float]]) -> list[str]:
    """Medians in milliseconds, with the ratio to the same call with an open keyring, or to stock `keyring`."""
    shown = [f"{'':<44}{'ms':>8}{'ratio':>8}"]
    for name, values in seconds.items():
        before, _comma, keyring = name.rpartition(", keyring ")
        beside = f"{before}, keyring open" if keyring else "private key, keyring.get_password"
        base = statistics.median(seconds.get(beside, values))
        median = statistics.median(values)
        shown.append(f"{name:<44}{median * 1000:>8.0f}{median / base:>8.2f}")
    return shown


def main() -> None:
    """Measure in a separate session, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=ROUNDS)
    parser.add_argument("--small", action="store_true", help="check in seconds that everything is measured")
    asked = parser.parse_args()
    if MISSING:
        sys.exit(f"not installed: {', '.join(MISSING)}")
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-") as folder:
        script = f"import sys\nROUNDS = {1 if asked.small else asked.rounds}\n" + SCRIPT
        [seconds] = run_in_session(Path(folder), script, environ={"APOA_HOME": f"{folder}/home"})
    if asked.small:
        sys.stdout.write(f"vault: {len(seconds)} actions measured\n")
    else:
        sys.stdout.write("\n".join(lines(seconds)) + "\n")


if __name__ == "__main__":
    main()
